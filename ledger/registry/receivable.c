/* Submitting receivables, and what the two sides (or time) do with them: each command checks the state and
 * records one event. */
#include "ledger/registry/internal.h"

#include "ledger/base/buf.h"
#include "ledger/crypto/encoding.h"

#include <string.h>

/* ---- submitting ---- */

typedef struct submit {
    const lg_submission *submission;
    lg_party seller, buyer;
    bool signer_is_seller, signer_is_buyer, both_signed;
    lg_fingerprint fingerprint;
    lg_policy policy;
    lg_review review;
} submit;

char *lg_documents_json(lg_arena *arena, const lg_submission *s)
{
    lg_buf buf = {0};
    if (s->document_count == 0)
        return NULL;
    lg_json_list(&buf);
    for (size_t i = 0; i < s->document_count; i++) {
        lg_json_open(&buf);
        lg_json_put_str(&buf, "kind", lg_document_kind_name(s->documents[i].kind));
        if (s->documents[i].name)
            lg_json_put_str(&buf, "name", s->documents[i].name);
        lg_json_put_str(&buf, "sha256",
                        lg_hex_encode(arena, lg_bytes_of(s->documents[i].sha256.b, LG_HASH_LEN)));
        lg_json_close(&buf);
    }
    lg_json_end(&buf);
    char *text = lg_arena_strndup(arena, buf.data, buf.len);
    lg_buf_clear(&buf);
    return text;
}

const char *lg_payee_name(const lg_submission *s)
{
    if (!s->has_payee)
        return NULL;
    return s->payee.name ? s->payee.name : "unnamed";
}

/* The results as they go on the ledger: a passed check is its code alone, any other an object that says why.
 */
static char *checks_json(lg_arena *arena, const lg_review *review)
{
    lg_buf buf = {0};
    lg_json_list(&buf);
    for (size_t i = 0; i < review->count; i++) {
        const lg_check_result *r = &review->results[i];
        if (r->outcome == LG_OUTCOME_PASS) {
            lg_json_str(&buf, r->code);
            continue;
        }
        lg_json_open(&buf);
        lg_json_put_str(&buf, "code", r->code);
        lg_json_put_str(&buf, "outcome", lg_review_outcome_name(r->outcome));
        lg_json_put_str(&buf, "pointer", r->pointer);
        lg_json_put_str(&buf, "detail", r->detail);
        lg_json_close(&buf);
    }
    lg_json_end(&buf);
    char *text = lg_arena_strndup(arena, buf.data, buf.len);
    lg_buf_clear(&buf);
    return text;
}

/* Who is who, seen from the signers. */
static lg_err find_parties(lg_act *act, submit *s)
{
    const lg_command *c = act->command;
    lg_err err = lg_party_resolve(act->db, act->arena, &s->submission->seller, c->signers, c->signer_count,
                                  &s->seller);
    if (!err)
        err = lg_party_resolve(act->db, act->arena, &s->submission->buyer, c->signers, c->signer_count,
                               &s->buyer);
    if (err)
        return err;
    int64_t first = c->signers[0].no.v, second = c->signer_count > 1 ? c->signers[1].no.v : 0;
    int64_t seller = s->seller.found ? s->seller.row.no.v : -1,
            buyer = s->buyer.found ? s->buyer.row.no.v : -1;
    s->signer_is_seller = first == seller;
    s->signer_is_buyer = first == buyer;
    s->both_signed = second && ((first == seller && second == buyer) || (first == buyer && second == seller));
    if (second && !s->both_signed)
        return lg_fail(act->report, LG_NOT_PERMITTED,
                       "Two signed, but they are not this invoice's seller and buyer.");
    if (s->seller.found && s->buyer.found)
        s->fingerprint =
            lg_fingerprint_make(lg_registry_hash_key(act->registry), act->arena, s->seller.row.id,
                                s->buyer.row.id, s->submission->number, s->submission->issue_day,
                                s->submission->currency, s->submission->gross_minor);
    return LG_OK;
}

static lg_review_input review_input(const lg_act *act, const submit *s)
{
    return (lg_review_input){
        .submission = s->submission,
        .policy = &s->policy,
        .today = lg_day_of(act->now),
        .db = act->db,
        .seller = &s->seller,
        .buyer = &s->buyer,
        .signer_is_seller = s->signer_is_seller || s->both_signed,
        .signer_is_buyer = s->signer_is_buyer || s->both_signed,
        .fingerprint = s->seller.found && s->buyer.found ? &s->fingerprint : NULL,
    };
}

/* The checks that needed no transaction were made on the HTTP thread; if the policy changed since, all are
 * made again here. */
static lg_err judge(lg_act *act, size_t index, submit *s)
{
    const lg_review *early = &act->command->early_reviews[index];
    const lg_submission *in = s->submission;
    lg_err err = lg_act_policy(act, &s->policy);
    if (err)
        return err;
    /* What the document was read into rests on the policy too (missing due dates, which rows of a file can be
     * read at all), and must follow from the one that the review will name. */
    bool same_policy = early->policy_version == s->policy.version;
    if (!same_policy &&
        (act->command->rows ||
         (in->due_day_by_policy && (int64_t)in->due_day - in->issue_day != s->policy.default_tenor_days)))
        return lg_fail(act->report, LG_BUSY, "The policy changed while this was under way; send it again.");
    if (same_policy)
        s->review = *early;
    s->review.policy_version = s->policy.version;
    lg_review_input input = review_input(act, s);
    return lg_registry_review(act->registry)(&input, act->arena, &s->review);
}

static lg_event submission_event(lg_act *act, const submit *s)
{
    const lg_submission *in = s->submission;
    bool by_debtor = s->signer_is_buyer && !s->signer_is_seller;
    return (lg_event){
        .receivable_id = lg_uuid_new(),
        .submitted_by = by_debtor ? "debtor" : "creditor",
        .submitter_id = act->command->signers[0].id.uuid,
        .creditor_id = s->seller.found ? s->seller.row.id.uuid : (lg_uuid){{0}},
        .debtor_id = s->buyer.found ? s->buyer.row.id.uuid : (lg_uuid){{0}},
        .format = lg_invoice_format_name(in->format),
        .invoice_number = in->number,
        .issue_day = in->issue_day,
        .due_day = in->due_day,
        .currency = in->currency,
        .gross_minor = in->gross_minor,
        .amount_minor = in->amount_minor,
        .part = in->part,
        .order_reference = in->order_reference,
        .contract_reference = in->contract_reference,
        .payee = lg_payee_name(in),
        .note = in->note,
        .document_sha256 = lg_sha256(act->command->payload),
        .documents = lg_documents_json(act->arena, in),
        .confirm_by = act->now + s->policy.confirm_within_days * LG_TIME_PER_DAY,
        .policy_version = s->review.policy_version,
        .review_outcome = lg_review_outcome_name(s->review.outcome),
        .checks = checks_json(act->arena, &s->review),
    };
}

lg_err lg_report_rejection(lg_act *act, const lg_review *review)
{
    for (size_t i = 0; i < review->count; i++)
        if (review->results[i].outcome == LG_OUTCOME_REJECT)
            lg_fault_add(act->report, review->results[i].code, review->results[i].pointer, "%s",
                         review->results[i].detail);
    const lg_fault *first = act->report->first;
    return lg_fail(act->report, LG_GATEWAY_REJECTED, "%s",
                   first ? first->detail : LG_TEXT("The gateway rejected it."));
}

static bool waits_for_verifier(const lg_review *review)
{
    bool waits = false;
    for (size_t i = 0; i < review->count; i++)
        waits = waits || strcmp(review->results[i].code, LG_CHECK_VERIFIER) == 0;
    return waits;
}

lg_err lg_do_submit(lg_act *act, size_t index)
{
    const lg_signer *signer = &act->command->signers[0];
    if (!lg_signer_has(signer, LG_ROLE_SUPPLIER) && !lg_signer_has(signer, LG_ROLE_CORE_ENTERPRISE))
        return lg_fail(act->report, LG_NOT_PERMITTED,
                       "Submitting needs the role supplier or core_enterprise.");
    submit s = {.submission = &act->command->submissions[index]};
    lg_err err = find_parties(act, &s);
    if (!err)
        err = judge(act, index, &s);
    if (err)
        return err;
    lg_event event = submission_event(act, &s);
    if (s.seller.found && s.buyer.found) {
        lg_fingerprint *made = lg_arena_alloc(act->arena, sizeof *made);
        *made = s.fingerprint;
        act->fingerprint = made;
    }
    switch (s.review.outcome) {
    case LG_OUTCOME_PASS:
    case LG_OUTCOME_WARN:
        event.type = LG_EV_RECEIVABLE_REGISTERED;
        if (s.both_signed) {
            event.type = LG_EV_CLAIM_ACCEPTED;
            event.claim_id = lg_uuid_new();
            event.origin = "both_signed";
            event.face_minor = event.amount_minor;
        }
        break;
    case LG_OUTCOME_HOLD:
        event.type = LG_EV_RECEIVABLE_HELD;
        if (waits_for_verifier(&s.review))
            event.verify_by = act->now + s.policy.verifier.within_seconds * LG_TIME_PER_SECOND;
        break;
    case LG_OUTCOME_REJECT:
    case LG_OUTCOME_COUNT:
        event.type = LG_EV_RECEIVABLE_REJECTED;
        break;
    }
    err = lg_submission_allowed(act, &event);
    if (!err)
        err = lg_act_record(act, &event);
    act->fingerprint = NULL;
    if (!err && event.type == LG_EV_RECEIVABLE_REJECTED)
        err = lg_report_rejection(act, &s.review);
    return err;
}

/* ---- acting on a registered receivable ---- */

lg_err lg_receivable_subject(lg_act *act, lg_receivable *out)
{
    lg_err err = lg_receivable_by_id(act->db, (lg_receivable_id){act->command->subject}, act->arena, out);
    const lg_signer *signer = &act->command->signers[0];
    bool staff = lg_signer_has(signer, LG_ROLE_OPERATOR) || lg_signer_has(signer, LG_ROLE_REVIEWER);
    if (err == LG_NOT_FOUND || (!err && !staff && !lg_receivable_visible(out, signer->no)))
        return lg_fail(act->report, LG_NOT_FOUND, "No receivable of yours has this id.");
    if (!err) {
        lg_receivable *read = lg_arena_alloc(act->arena, sizeof *read);
        *read = *out;
        act->receivable = read;
    }
    return err;
}

lg_err lg_require_life(lg_act *act, const lg_receivable *row, lg_receivable_life life)
{
    if (row->life == life)
        return LG_OK;
    return lg_fail(act->report, LG_WRONG_STATE, "The receivable is %s; this needs it to be %s.",
                   lg_receivable_life_name(row->life), lg_receivable_life_name(life));
}

/* The side that did not submit, and whose signature makes a claim of it. */
static lg_err require_other_side(lg_act *act, const lg_receivable *row)
{
    int64_t other = row->by_debtor ? row->creditor.v : row->debtor.v;
    if (act->command->signers[0].no.v == other)
        return LG_OK;
    return lg_fail(act->report, LG_NOT_PERMITTED,
                   row->by_debtor ? LG_TEXT("Only the creditor may do this: the debtor submitted it.")
                                  : LG_TEXT("Only the debtor may do this: the creditor submitted it."));
}

static lg_err confirmed_amount(lg_act *act, const lg_receivable *row, int64_t *out)
{
    const char *text = act->command->amount_text;
    *out = row->amount_minor;
    if (!text)
        return LG_OK;
    int scale = lg_currency_scale(row->currency);
    switch (lg_amount_parse(text, row->currency, out)) {
    case LG_AMOUNT_OK:
        break;
    case LG_AMOUNT_WRONG_SCALE:
        lg_fault_add(act->report, "wrong_scale", "/amount", "amount must have exactly %d decimals for %s.",
                     scale, row->currency.code);
        return lg_fail(act->report, LG_INVALID_FIELDS, "amount breaks a rule.");
    case LG_AMOUNT_TOO_LARGE:
        return lg_fail(act->report, LG_AMOUNT_OUT_OF_RANGE, "amount is larger than any amount here can be.");
    case LG_AMOUNT_MALFORMED:
    case LG_AMOUNT_NEGATIVE:
        lg_fault_add(act->report, "malformed_amount", "/amount",
                     "amount must be a decimal number without a sign, such as 1234.56.");
        return lg_fail(act->report, LG_INVALID_FIELDS, "amount breaks a rule.");
    }
    if (*out < 1 || *out > row->amount_minor)
        return lg_fail(act->report, LG_AMOUNT_OUT_OF_RANGE,
                       "amount must be above zero and at most the registered %s %s.",
                       lg_amount_format(row->amount_minor, row->currency).s, row->currency.code);
    return LG_OK;
}

/* After the deadline silence has spoken, even while the entry that says so is still to come. */
static lg_err check_deadline(lg_act *act, const lg_receivable *row)
{
    if (row->life != LG_LIFE_REGISTERED || act->now <= row->confirm_by)
        return LG_OK;
    return lg_fail(act->report, LG_PAST_DEADLINE, "The deadline was %s.", lg_time_format(row->confirm_by).s);
}

static lg_err check_time(lg_act *act, const lg_receivable *row)
{
    lg_policy policy;
    lg_err err = check_deadline(act, row);
    if (!err)
        err = lg_act_policy(act, &policy);
    if (err)
        return err;
    if (!policy.confirm_past_due && lg_day_of(act->now) > row->due_day)
        return lg_fail(act->report, LG_PAST_MATURITY,
                       "It fell due on %s; the policy (version %lld) does not let it be confirmed later.",
                       lg_day_format(row->due_day).s, (long long)policy.version);
    return LG_OK;
}

static lg_err accept_claim(lg_act *act, const lg_receivable *row, const char *origin, int64_t face_minor)
{
    lg_event event = {
        .type = LG_EV_CLAIM_ACCEPTED,
        .receivable_id = row->id.uuid,
        .claim_id = lg_uuid_new(),
        .origin = origin,
        .face_minor = face_minor,
        .note = act->command->note,
    };
    return lg_act_record(act, &event);
}

lg_err lg_do_confirm(lg_act *act)
{
    lg_receivable row;
    lg_approval half;
    bool accept = act->command->type == LG_CMD_ACCEPT, go;
    int64_t amount = 0;
    lg_err err = lg_receivable_subject(act, &row);
    if (!err)
        err = require_other_side(act, &row);
    if (!err)
        err = lg_require_life(act, &row, LG_LIFE_REGISTERED);
    if (!err && accept != row.by_debtor)
        err = lg_fail(
            act->report, LG_WRONG_STATE, "%s",
            row.by_debtor
                ? LG_TEXT("A payable its debtor submitted is accepted by the creditor, not confirmed.")
                : LG_TEXT("A receivable its creditor submitted is confirmed by the debtor, not accepted."));
    if (!err)
        err = check_time(act, &row);
    if (!err)
        err = confirmed_amount(act, &row, &amount);
    const lg_approval_terms terms = {
        .kind = accept ? LG_APPROVAL_ACCEPT : LG_APPROVAL_CONFIRM,
        .receivable_id = row.id.uuid,
        .receivable = row.no,
        .currency = row.currency,
        .amount_minor = amount,
        .until = row.confirm_by,
    };
    if (!err)
        err = lg_four_eyes_pass(act, &terms, &half, &go);
    if (err || !go)
        return err;
    err = accept_claim(act, &row, accept ? "accepted" : "confirmed", amount);
    return err ? err : lg_four_eyes_give(act, &half);
}

static lg_err end(lg_act *act, const lg_receivable *row, lg_event_type type)
{
    lg_event event = {
        .type = type,
        .receivable_id = row->id.uuid,
        .reason = act->command->reason,
        .note = act->command->note,
    };
    return lg_act_record(act, &event);
}

lg_err lg_do_decline(lg_act *act)
{
    lg_receivable row;
    lg_err err = lg_receivable_subject(act, &row);
    if (!err)
        err = require_other_side(act, &row);
    /* A held payable keeps its creditor from registering the invoice itself, so it can be refused before any
     * review. */
    if (!err && !(row.life == LG_LIFE_HELD && row.by_debtor))
        err = lg_require_life(act, &row, LG_LIFE_REGISTERED);
    if (!err)
        err = check_deadline(act, &row);
    return err ? err : end(act, &row, LG_EV_RECEIVABLE_DECLINED);
}

lg_err lg_do_withdraw(lg_act *act)
{
    lg_receivable row;
    lg_err err = lg_receivable_subject(act, &row);
    if (err)
        return err;
    if (row.submitter.v != act->command->signers[0].no.v)
        return lg_fail(act->report, LG_NOT_PERMITTED, "Only who submitted it may withdraw it.");
    if (row.life != LG_LIFE_HELD)
        err = lg_require_life(act, &row, LG_LIFE_REGISTERED);
    if (!err)
        err = check_deadline(act, &row);
    return err ? err : end(act, &row, LG_EV_RECEIVABLE_WITHDRAWN);
}

lg_err lg_do_lapse(lg_act *act)
{
    lg_receivable row;
    lg_policy policy;
    lg_err err = lg_require_role(act, LG_ROLE_OPERATOR);
    if (!err)
        err = lg_receivable_subject(act, &row);
    if (!err)
        err = lg_require_life(act, &row, LG_LIFE_REGISTERED);
    if (!err)
        err = lg_policy_load(act->db, row.terms_version, act->arena, &policy);
    if (err)
        return err;
    if (act->now <= row.confirm_by)
        return lg_fail(act->report, LG_NOT_YET_DUE, "The deadline is %s.", lg_time_format(row.confirm_by).s);
    /* What silence means was told to both sides by the policy it was registered under. */
    if (policy.after_deadline == LG_AFTER_DEADLINE_ACCEPT)
        return accept_claim(act, &row, "tacit", row.amount_minor);
    return end(act, &row, LG_EV_RECEIVABLE_EXPIRED);
}
