/* Does an event say what the signed command asked? For the audit: an operator who records another act than
 * the one that was signed, or other facts, is found out here; whether the act was possible at all, and what
 * else had to become of it, is decided anew (match_decide.c). */
#include "ledger/registry/internal.h"

#include "ledger/base/text.h"

#include <string.h>

/* The events a command of each type may cause. */
enum { CAUSED_MAX = 4 };
static const struct caused {
    size_t count;
    lg_event_type types[CAUSED_MAX];
} caused[LG_CMD_COUNT] = {
    [LG_CMD_GENESIS] = {1, {LG_EV_GENESIS}},
    [LG_CMD_PARTICIPANT_REGISTER] = {1, {LG_EV_PARTICIPANT_REGISTERED}},
    [LG_CMD_PARTICIPANT_SUSPEND] = {1, {LG_EV_PARTICIPANT_STATUS_CHANGED}},
    [LG_CMD_PARTICIPANT_ACTIVATE] = {1, {LG_EV_PARTICIPANT_STATUS_CHANGED}},
    [LG_CMD_DEBTOR_STOP] = {1, {LG_EV_PARTICIPANT_STOP_CHANGED}},
    [LG_CMD_DEBTOR_CLEAR] = {1, {LG_EV_PARTICIPANT_STOP_CHANGED}},
    [LG_CMD_CREDIT_LINE_SET] = {1, {LG_EV_CREDIT_LINE_SET}},
    [LG_CMD_KEY_ADD] = {1, {LG_EV_KEY_ADDED}},
    [LG_CMD_KEY_REVOKE] = {1, {LG_EV_KEY_REVOKED}},
    [LG_CMD_TOKEN_ISSUE] = {1, {LG_EV_TOKEN_ISSUED}},
    [LG_CMD_TOKEN_REVOKE] = {1, {LG_EV_TOKEN_REVOKED}},
    [LG_CMD_POLICY_SET] = {1, {LG_EV_POLICY_SET}},
    [LG_CMD_SUBMIT] = {4,
                       {LG_EV_RECEIVABLE_REGISTERED, LG_EV_RECEIVABLE_HELD, LG_EV_RECEIVABLE_REJECTED,
                        LG_EV_CLAIM_ACCEPTED}},
    [LG_CMD_CONFIRM] = {3, {LG_EV_CLAIM_ACCEPTED, LG_EV_APPROVAL_ASKED, LG_EV_APPROVAL_GIVEN}},
    [LG_CMD_ACCEPT] = {3, {LG_EV_CLAIM_ACCEPTED, LG_EV_APPROVAL_ASKED, LG_EV_APPROVAL_GIVEN}},
    [LG_CMD_DECLINE] = {1, {LG_EV_RECEIVABLE_DECLINED}},
    [LG_CMD_WITHDRAW] = {1, {LG_EV_RECEIVABLE_WITHDRAWN}},
    [LG_CMD_LAPSE] = {2, {LG_EV_RECEIVABLE_EXPIRED, LG_EV_CLAIM_ACCEPTED}},
    [LG_CMD_REVIEW_APPROVE] = {1, {LG_EV_REVIEW_APPROVED}},
    [LG_CMD_REVIEW_REJECT] = {1, {LG_EV_REVIEW_REJECTED}},
    [LG_CMD_VERIFY] = {1, {LG_EV_REVIEW_VERIFIED}},
    [LG_CMD_PARTICIPANT_RATE] = {1, {LG_EV_PARTICIPANT_RATED}},
    [LG_CMD_CLAIM_SPLIT] = {2, {LG_EV_CLAIM_SPLIT, LG_EV_WATCH_RAISED}},
    [LG_CMD_CLAIM_TRANSFER] = {2, {LG_EV_CLAIM_TRANSFER_OFFERED, LG_EV_WATCH_RAISED}},
    [LG_CMD_TRANSFER_ACCEPT] = {1, {LG_EV_CLAIM_TRANSFERRED}},
    [LG_CMD_TRANSFER_DECLINE] = {1, {LG_EV_CLAIM_TRANSFER_DECLINED}},
    [LG_CMD_TRANSFER_CANCEL] = {1, {LG_EV_CLAIM_TRANSFER_CANCELLED}},
    [LG_CMD_TRANSFER_LAPSE] = {1, {LG_EV_CLAIM_TRANSFER_LAPSED}},
    [LG_CMD_CLAIM_ACKNOWLEDGE] = {1, {LG_EV_CLAIM_ACKNOWLEDGED}},
    [LG_CMD_CLAIM_DISPUTE] = {1, {LG_EV_CLAIM_DISPUTED}},
    [LG_CMD_CLAIM_RESOLVE] = {1, {LG_EV_CLAIM_DISPUTE_RESOLVED}},
    [LG_CMD_CLAIM_FREEZE] = {1, {LG_EV_CLAIM_FROZEN}},
    [LG_CMD_CLAIM_UNFREEZE] = {1, {LG_EV_CLAIM_UNFROZEN}},
    [LG_CMD_CLAIM_AGE] = {3, {LG_EV_CLAIM_DUE, LG_EV_CLAIM_OVERDUE, LG_EV_CLAIM_DEFAULTED}},
    [LG_CMD_CLAIM_WRITE_OFF] = {1, {LG_EV_CLAIM_WRITTEN_OFF}},
    [LG_CMD_GRANT_MAKE] = {1, {LG_EV_GRANT_MADE}},
    [LG_CMD_GRANT_REVOKE] = {1, {LG_EV_GRANT_REVOKED}},
    [LG_CMD_INVOICE_CHECK] = {1, {LG_EV_INVOICE_CHECKED}},
    [LG_CMD_PROGRAM_OPEN] = {1, {LG_EV_PROGRAM_OPENED}},
    [LG_CMD_PROGRAM_CLOSE] = {1, {LG_EV_PROGRAM_CLOSED}},
    [LG_CMD_FINANCING_REQUEST] = {2, {LG_EV_FINANCING_REQUESTED, LG_EV_OFFER_MADE}},
    [LG_CMD_REQUEST_WITHDRAW] = {1, {LG_EV_REQUEST_WITHDRAWN}},
    [LG_CMD_REQUEST_LAPSE] = {1, {LG_EV_REQUEST_LAPSED}},
    [LG_CMD_OFFER_MAKE] = {1, {LG_EV_OFFER_MADE}},
    [LG_CMD_OFFER_WITHDRAW] = {1, {LG_EV_OFFER_WITHDRAWN}},
    [LG_CMD_OFFER_ACCEPT] = {1, {LG_EV_FINANCING_ACCEPTED}},
    [LG_CMD_FINANCING_DISBURSE] = {1, {LG_EV_FINANCING_DISBURSED}},
    [LG_CMD_FINANCING_CANCEL] = {1, {LG_EV_FINANCING_CANCELLED}},
    [LG_CMD_FINANCING_LAPSE] = {1, {LG_EV_FINANCING_LAPSED}},
    [LG_CMD_FINANCING_REGISTER] = {1, {LG_EV_FINANCING_REGISTERED}},
    [LG_CMD_FINANCING_RELEASE] = {1, {LG_EV_FINANCING_RELEASED}},
    [LG_CMD_FINANCING_RECOURSE] = {1, {LG_EV_FINANCING_RECOURSE}},
    [LG_CMD_FINANCING_REPURCHASE] = {1, {LG_EV_FINANCING_REPURCHASED}},
    [LG_CMD_PAYMENT_RECORD] = {1, {LG_EV_PAYMENT_RECORDED}},
    [LG_CMD_PAYMENT_REVERSE] = {1, {LG_EV_PAYMENT_REVERSED}},
    [LG_CMD_PROPOSAL_MAKE] = {3, {LG_EV_PROPOSAL_MADE, LG_EV_CLAIM_DILUTED, LG_EV_CLAIM_VOIDED}},
    [LG_CMD_PROPOSAL_ACCEPT] = {3, {LG_EV_PROPOSAL_ACCEPTED, LG_EV_CLAIM_DILUTED, LG_EV_CLAIM_VOIDED}},
    [LG_CMD_PROPOSAL_DECLINE] = {1, {LG_EV_PROPOSAL_DECLINED}},
    [LG_CMD_WEBHOOK_REGISTER] = {1, {LG_EV_WEBHOOK_REGISTERED}},
    [LG_CMD_WEBHOOK_ROTATE] = {1, {LG_EV_WEBHOOK_ROTATED}},
    [LG_CMD_WEBHOOK_REMOVE] = {1, {LG_EV_WEBHOOK_REMOVED}},
    [LG_CMD_FOUR_EYES_SET] = {3, {LG_EV_FOUR_EYES_SET, LG_EV_APPROVAL_ASKED, LG_EV_APPROVAL_GIVEN}},
    [LG_CMD_APPROVAL_WITHDRAW] = {1, {LG_EV_APPROVAL_WITHDRAWN}},
};

/* How a claim that this command accepts came to be; NULL: it accepts none. */
static const char *origin_of(const lg_command *command)
{
    switch ((int)command->type) {
    case LG_CMD_SUBMIT:
        return command->signer_count == 2 ? "both_signed" : NULL;
    case LG_CMD_CONFIRM:
        return "confirmed";
    case LG_CMD_ACCEPT:
        return "accepted";
    case LG_CMD_LAPSE:
        return "tacit";
    }
    return NULL;
}

static bool may_cause(const lg_command *command, const lg_event *event)
{
    const struct caused *events = &caused[command->type];
    bool known = false;
    for (size_t i = 0; i < events->count; i++)
        known = known || events->types[i] == event->type;
    if (known && event->type == LG_EV_CLAIM_ACCEPTED)
        return event->origin && lg_text_equal(event->origin, origin_of(command));
    if (known && event->type == LG_EV_PARTICIPANT_STATUS_CHANGED)
        return event->suspended == (command->type == LG_CMD_PARTICIPANT_SUSPEND);
    if (known && event->type == LG_EV_PARTICIPANT_STOP_CHANGED)
        return event->stopped == (command->type == LG_CMD_DEBTOR_STOP);
    return known;
}

static bool same_key(const lg_command *c, const lg_event *e)
{
    if (c->custody) /* the registry made the key */
        return e->key_in_custody;
    return !e->key_in_custody && memcmp(c->public_key.b, e->public_key.b, sizeof c->public_key.b) == 0;
}

/* What the path names: the thing acted on. */
static bool same_subject(const lg_command *c, const lg_event *e)
{
    if (lg_uuid_is_nil(c->subject))
        return true;
    if (e->type == LG_EV_TOKEN_REVOKED)
        return lg_uuid_equal(c->subject, e->token_id);
    return lg_uuid_equal(c->subject, lg_uuid_is_nil(e->receivable_id) ? e->participant_id : e->receivable_id);
}

static const char *match_registration(lg_arena *arena, const lg_command *c, const lg_event *e)
{
    if (!lg_text_equal(c->name, e->name) || !lg_text_equal(c->country, e->country) ||
        !lg_text_equal(c->group, e->group))
        return "the participant's name, country or group is not what was signed";
    if (strcmp(lg_roles_json(arena, c->roles), e->roles) != 0)
        return "the participant's roles are not what was signed";
    if (strcmp(lg_identifiers_json(arena, c->identifiers, c->identifier_count), e->identifiers) != 0)
        return "the participant's identifiers are not what was signed";
    return same_key(c, e) ? NULL : "the participant's key is not the one that was signed";
}

static bool same_limits(lg_arena *arena, const lg_command *c, const lg_event *e)
{
    return lg_text_equal(c->limited ? lg_limits_json(arena, c->limits, c->limit_count) : NULL,
                         e->amount_limits);
}

static const char *match_members(lg_arena *arena, const lg_command *c, const lg_event *e)
{
    if (!lg_text_equal(c->reason, e->reason) || !lg_text_equal(c->note, e->note))
        return "reason or note is not what was signed";
    if (e->type == LG_EV_PARTICIPANT_REGISTERED)
        return match_registration(arena, c, e);
    if (e->type == LG_EV_KEY_ADDED)
        return same_key(c, e) && c->valid_until == e->valid_until &&
                       (!c->valid_from || c->valid_from == e->valid_from)
                   ? NULL
                   : "the key or its validity is not what was signed";
    if (e->type == LG_EV_KEY_REVOKED)
        return lg_text_equal(c->kid, e->kid) ? NULL : "the revoked key is not the one that was signed";
    if (e->type == LG_EV_CREDIT_LINE_SET)
        return lg_currency_equal(c->currency, e->currency) && c->limit_minor == e->limit_minor
                   ? NULL
                   : "the credit line is not what was signed";
    if (e->type == LG_EV_TOKEN_ISSUED)
        return lg_uuid_equal(c->participant.uuid, e->participant_id) &&
                       strcmp(lg_scopes_json(arena, c->scopes), e->scopes) == 0 &&
                       c->expires_at == e->expires_at && lg_text_equal(c->label, e->label) &&
                       same_limits(arena, c, e) && lg_uuid_equal(c->token.uuid, e->issued_with)
                   ? NULL
                   : "the token is not what was signed";
    if (e->type == LG_EV_PARTICIPANT_RATED)
        return lg_text_equal(c->rating, e->rating) && lg_text_equal(c->agency, e->agency)
                   ? NULL
                   : "the rating is not what was signed";
    if (e->type == LG_EV_REVIEW_VERIFIED)
        return lg_text_equal(lg_verifier_answer_name(c->answer), e->answer) &&
                       lg_text_equal(c->reference, e->reference) && c->answered_at == e->answered_at
                   ? NULL
                   : "the verifier's answer is not what was signed";
    if (e->type == LG_EV_POLICY_SET)
        return strcmp(lg_policy_format(arena, &c->policy), e->policy) == 0
                   ? NULL
                   : "the policy is not what was signed";
    return NULL;
}

/* A confirmed amount: as signed, or the whole when none was. */
static const char *match_claim(lg_db *db, lg_arena *arena, const lg_command *c, const lg_event *e)
{
    lg_receivable row;
    if (lg_receivable_by_id(db, (lg_receivable_id){e->receivable_id}, arena, &row) != LG_OK)
        return "the receivable does not exist";
    int64_t amount = row.amount_minor;
    if (c->amount_text && lg_amount_parse(c->amount_text, row.currency, &amount) != LG_AMOUNT_OK)
        return "the signed amount cannot be read";
    return amount == e->face_minor ? NULL : "face_minor is not the amount that was signed";
}

static const char *match_party(lg_db *db, lg_arena *arena, const lg_command *c, const lg_party_ref *ref,
                               const lg_uuid *recorded)
{
    lg_party party;
    if (lg_party_resolve(db, arena, ref, c->signers, c->signer_count, &party) != LG_OK)
        return "a party cannot be looked up";
    lg_uuid found = party.found ? party.row.id.uuid : (lg_uuid){{0}};
    return lg_uuid_equal(found, *recorded) ? NULL : "a party is not the one the signed document names";
}

static const char *match_documents(lg_arena *arena, const lg_submission *s, const lg_event *e)
{
    const char *documents = lg_documents_json(arena, s);
    return lg_text_equal(documents, e->documents) ? NULL : "documents are not those of the signed document";
}

/* Who submitted it, as whom. */
static const char *match_submitter(const lg_command *c, const lg_event *e)
{
    const lg_signer *first = &c->signers[0];
    bool seller = lg_uuid_equal(first->id.uuid, e->creditor_id),
         buyer = lg_uuid_equal(first->id.uuid, e->debtor_id);
    if (!lg_signer_has(first, LG_ROLE_SUPPLIER) && !lg_signer_has(first, LG_ROLE_CORE_ENTERPRISE))
        return "who signed is neither a supplier nor a core_enterprise";
    if (!lg_uuid_equal(e->submitter_id, first->id.uuid) ||
        strcmp(e->submitted_by, buyer && !seller ? "debtor" : "creditor") != 0)
        return "the submitter is not who signed";
    if (e->type != LG_EV_RECEIVABLE_REJECTED && !seller && !buyer)
        return "who signed is neither the invoice's seller nor its buyer";
    if (c->signer_count > 1 && !lg_uuid_equal(c->signers[1].id.uuid, seller ? e->debtor_id : e->creditor_id))
        return "who signed are not the invoice's seller and buyer";
    return NULL;
}

/* Where the policy asks for it, nothing gets past the external verifier, and it has the time that the policy
 * gives. */
static const char *match_verifier(const lg_trial *trial, const lg_policy *policy, const lg_event *e)
{
    lg_participant seller = {0};
    bool asked = false;
    if (e->type != LG_EV_RECEIVABLE_REJECTED) {
        if (lg_participant_by_id(trial->db, (lg_participant_id){e->creditor_id}, trial->arena, &seller) !=
            LG_OK)
            return "the seller cannot be looked up";
        asked = lg_verifier_is_asked(&policy->verifier, e->currency, e->gross_minor, seller.country);
    }
    if (asked && e->type != LG_EV_RECEIVABLE_HELD)
        return "the policy wants the external verifier asked first";
    if (e->verify_by != (asked ? trial->at + policy->verifier.within_seconds * LG_TIME_PER_SECOND : 0))
        return "verify_by is not what the policy says";
    return NULL;
}

/* The review is of the policy of that time, and what was done is what it came to. */
static const char *match_review(const lg_trial *trial, const lg_event *e)
{
    static const lg_review_outcome outcomes[] = {LG_OUTCOME_PASS, LG_OUTCOME_WARN, LG_OUTCOME_HOLD,
                                                 LG_OUTCOME_REJECT};
    lg_policy policy;
    lg_event_type follows = LG_EV_COUNT;
    if (lg_trial_policy(trial, &policy) != LG_OK || policy.version != e->policy_version)
        return "policy_version is not that of the policy of then";
    if (e->confirm_by != trial->at + policy.confirm_within_days * LG_TIME_PER_DAY)
        return "confirm_by is not what the policy says";
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        if (strcmp(lg_review_outcome_name(outcomes[i]), e->review_outcome) != 0)
            continue;
        follows = outcomes[i] == LG_OUTCOME_REJECT    ? LG_EV_RECEIVABLE_REJECTED
                  : outcomes[i] == LG_OUTCOME_HOLD    ? LG_EV_RECEIVABLE_HELD
                  : trial->command->signer_count == 2 ? LG_EV_CLAIM_ACCEPTED
                                                      : LG_EV_RECEIVABLE_REGISTERED;
    }
    return follows == e->type ? match_verifier(trial, &policy, e)
                              : "the event is not what the review's outcome leads to";
}

const char *lg_submission_contradiction(const lg_trial *trial, const lg_submission *s, const lg_event *e)
{
    lg_db *db = trial->db;
    lg_arena *arena = trial->arena;
    const lg_command *command = trial->command;
    const char *complaint = NULL;
    lg_hash digest = lg_sha256(command->payload);
    if (!lg_hash_equal(&digest, &e->document_sha256))
        return "document_sha256 is not the digest of the signed payload";
    if (strcmp(lg_invoice_format_name(s->format), e->format) != 0)
        return "format is not that of the signed document";
    if (strcmp(s->number, e->invoice_number) != 0)
        return "invoice_number is not what the signed document says";
    if (s->issue_day != e->issue_day || s->due_day != e->due_day)
        return "a date is not what the signed document says";
    if (!lg_currency_equal(s->currency, e->currency) || s->gross_minor != e->gross_minor ||
        s->amount_minor != e->amount_minor)
        return "an amount is not what the signed document says";
    if (!lg_text_equal(s->part, e->part) || !lg_text_equal(s->order_reference, e->order_reference) ||
        !lg_text_equal(s->contract_reference, e->contract_reference) || !lg_text_equal(s->note, e->note))
        return "part, a reference or the note is not what the signed document says";
    if (!lg_text_equal(lg_payee_name(s), e->payee))
        return "the payee is not the one the signed document names";
    if (e->type == LG_EV_CLAIM_ACCEPTED && e->face_minor != e->amount_minor)
        return "face_minor is not the amount that was signed";
    complaint = match_party(db, arena, command, &s->seller, &e->creditor_id);
    if (!complaint)
        complaint = match_party(db, arena, command, &s->buyer, &e->debtor_id);
    if (!complaint)
        complaint = match_documents(arena, s, e);
    if (!complaint)
        complaint = match_submitter(command, e);
    return complaint ? complaint : match_review(trial, e);
}

static const char *match_webhook(const lg_command *c, const lg_event *e)
{
    if (e->type != LG_EV_WEBHOOK_REGISTERED)
        return lg_uuid_equal(e->webhook_id, c->subject) ? NULL
                                                        : "another webhook was changed than was signed";
    return lg_text_equal(e->url, c->url_to_call) && lg_text_equal(e->events, c->events) &&
                   lg_text_equal(e->description, c->description)
               ? NULL
               : "the webhook is not what was signed";
}

/* Of four eyes. That the second half belongs to the first is decided anew, with the act it lets through. */
static const char *match_custody(const lg_command *c, const lg_event *e)
{
    if (e->type == LG_EV_APPROVAL_GIVEN)
        return NULL;
    if (!lg_text_equal(c->note, e->note))
        return "the note is not what was signed";
    if (e->type == LG_EV_APPROVAL_WITHDRAWN)
        return lg_uuid_equal(c->subject, e->approval_id) ? NULL
                                                         : "another approval was withdrawn than was signed";
    if (!same_subject(c, e))
        return "the event is about another thing than the command's path names";
    if (c->type != LG_CMD_FOUR_EYES_SET)
        return NULL;
    return lg_currency_equal(c->currency, e->currency) && c->limit_minor == e->limit_minor
               ? NULL
               : "the four-eyes amount is not what was signed";
}

static bool is_approval(const lg_event *event)
{
    return event->type == LG_EV_APPROVAL_ASKED || event->type == LG_EV_APPROVAL_GIVEN;
}

/* Events of the first way in, and of participants. */
static const char *match_administration(lg_db *db, lg_arena *arena, const lg_command *command,
                                        const lg_event *event)
{
    if (is_approval(event))
        return match_custody(command, event);
    if (!same_subject(command, event))
        return "the event is about another thing than the command's path names";
    if (command->type == LG_CMD_SUBMIT)
        return NULL; /* lg_submission_contradiction has the rest */
    const char *complaint = match_members(arena, command, event);
    if (!complaint && event->type == LG_EV_CLAIM_ACCEPTED)
        complaint = match_claim(db, arena, command, event);
    return complaint;
}

static const char *match_aggregate(lg_db *db, lg_arena *arena, const lg_command *command,
                                   const lg_event *event)
{
    switch (lg_command_aggregate(command->type)) {
    case LG_OF_CLAIM:
    case LG_OF_DISCLOSURE:
        return lg_match_claim_event(db, arena, command, event);
    case LG_OF_FINANCING:
        return lg_match_financing_event(db, arena, command, event);
    case LG_OF_PAYMENT:
        return lg_match_payment_event(db, arena, command, event);
    case LG_OF_WEBHOOK:
        return match_webhook(command, event);
    case LG_OF_CUSTODY:
        return match_custody(command, event);
    case LG_OF_PARTICIPANT:
    case LG_OF_RECEIVABLE:
        break;
    }
    return match_administration(db, arena, command, event);
}

const char *lg_match_event(lg_db *db, lg_arena *arena, const lg_command *command, const lg_event *event)
{
    if (!may_cause(command, event))
        return "the event is not what a command of this kind does";
    return match_aggregate(db, arena, command, event);
}

const char *lg_command_contradiction(lg_trial *trial, const lg_event *event, size_t row)
{
    const lg_command *command = trial->command;
    if (row > 0 && row < trial->projected) /* it was decided likewise */
        return trial->complaints[row] ? trial->complaints[row] : trial->refusal;
    if (!may_cause(command, event))
        return "the event is not what a command of this kind does";
    const char *complaint = match_aggregate(trial->db, trial->arena, command, event);
    if (command->type == LG_CMD_SUBMIT)
        return complaint ? complaint : lg_trial_of_token(trial, event);
    /* Also when there is a complaint already: the entries after the first are held against it. */
    const char *verdict = lg_trial_contradiction(trial, event, row);
    return complaint ? complaint : verdict;
}
