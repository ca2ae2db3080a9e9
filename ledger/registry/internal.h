/* What the files of registry/ share with each other and with nobody else. */
#ifndef LG_REGISTRY_INTERNAL_H
#define LG_REGISTRY_INTERNAL_H

#include "ledger/base/json.h"
#include "ledger/registry/registry.h"
#include "ledger/store/approval_rows.h"
#include "ledger/store/party_rows.h"

/* One act being done inside the writer's transaction. */
typedef struct lg_act {
    lg_registry *registry;
    lg_ledger *ledger;
    lg_db *db;
    lg_arena *arena;
    const lg_command *command;
    const lg_token *token; /* it was given with in custody; NULL: the signer's own key signed */
    lg_time now;           /* the time its entry will carry */
    lg_outcome *outcome;   /* of the whole command; its entries gather here */
    lg_result *result;
    lg_report *report; /* result's own */
    lg_trial *trial;   /* the audit decides anew: what the act records gathers here, not in the ledger */
    const lg_receivable *receivable;   /* as read for the act, and not changed since; NULL: none was */
    const lg_fingerprint *fingerprint; /* of the invoice submitted; NULL: not made */
} lg_act;

const uint8_t *lg_registry_hash_key(const lg_registry *registry);
const uint8_t *lg_registry_master_key(const lg_registry *registry);
const char *lg_registry_dir(const lg_registry *registry);
lg_render_fn lg_registry_render(const lg_registry *registry);
/* The current policy inside the writer's transaction. */
lg_err lg_act_policy(lg_act *act, lg_policy *out) LG_MUST_CHECK;
/* A transaction set a policy: if it is undone, another may come to bear the same version. Writer's thread. */
void lg_registry_forget_policy(lg_registry *registry);

/* Fills `by`, `countersigned_by` and `custody` from the command's signers, appends the entry and projects it.
 * An act may record several; the first is result->entry. */
lg_err lg_act_record(lg_act *act, lg_event *event) LG_MUST_CHECK;

bool lg_signer_has(const lg_signer *signer, lg_role role);
/* LG_NOT_PERMITTED unless the first signer has the role. */
lg_err lg_require_role(lg_act *act, lg_role role) LG_MUST_CHECK;

lg_err lg_command_recheck_signers(lg_db *db, lg_arena *arena, const lg_command *command, lg_time now,
                                  lg_report *report) LG_MUST_CHECK;

/* token.c. act->token, if the command was given with one: it must be the signer's, and good for the command
 * at act->now. */
lg_err lg_require_token(lg_act *act) LG_MUST_CHECK;
/* LG_TOKEN_LIMIT if the event, which is to be recorded, puts more at stake than the act's token may. */
lg_err lg_require_within_token(lg_act *act, const lg_event *event) LG_MUST_CHECK;
/* LG_WIDER_THAN_ISSUER if the token that the command issues would give more than the act's own. */
lg_err lg_require_narrower(lg_act *act) LG_MUST_CHECK;

/* four_eyes.c. What a second token must say before it takes effect. */
typedef struct lg_approval_terms {
    lg_approval_kind kind;
    lg_uuid receivable_id; /* nil: the setting itself */
    lg_receivable_no receivable;
    lg_currency currency;
    int64_t amount_minor; /* LG_ABSENT: the setting is lifted */
    lg_time until;        /* the first half holds no longer than that; 0: as long as any */
} lg_approval_terms;
/* Does the act say what a second token must say too? *go: it may be done now, and *half is the first half
 * that it completes, to be closed with lg_four_eyes_give (no 0: there is none). Else the first half was
 * recorded, and that is all. With a key of one's own it always goes. */
lg_err lg_four_eyes_pass(lg_act *act, const lg_approval_terms *terms, lg_approval *half,
                         bool *go) LG_MUST_CHECK;
lg_err lg_four_eyes_give(lg_act *act, const lg_approval *half) LG_MUST_CHECK;
/* May custody sign the submission that the event, which is to be recorded, tells of? LG_TOKEN_LIMIT, or
 * LG_FOUR_EYES for a payable above the amount from which two must confirm: it would be a confirmation by one.
 */
lg_err lg_submission_allowed(lg_act *act, const lg_event *event) LG_MUST_CHECK;
lg_err lg_do_custody_act(lg_act *act) LG_MUST_CHECK;

/* What a command type does: each checks the state and records what happens. */
lg_err lg_do_participant_register(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_participant_status(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_debtor_stop(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_credit_line(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_key_add(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_key_revoke(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_token_issue(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_token_revoke(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_policy_set(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_submit(lg_act *act, size_t index) LG_MUST_CHECK;
lg_err lg_do_confirm(lg_act *act) LG_MUST_CHECK; /* confirm and accept */
lg_err lg_do_decline(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_withdraw(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_lapse(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_review_approve(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_review_reject(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_verify(lg_act *act) LG_MUST_CHECK;

/* receivable.c: the receivable the path names, if the signer may see it at all. */
lg_err lg_receivable_subject(lg_act *act, lg_receivable *out) LG_MUST_CHECK;
lg_err lg_require_life(lg_act *act, const lg_receivable *row, lg_receivable_life life) LG_MUST_CHECK;
/* Every check that failed becomes an error of the problem. */
lg_err lg_report_rejection(lg_act *act, const lg_review *review) LG_MUST_CHECK;

lg_err lg_do_participant_rate(lg_act *act) LG_MUST_CHECK;
/* Any command but a submission: the act of its type. */
lg_err lg_do_command(lg_act *act) LG_MUST_CHECK;
/* One act per command type; each file of an aggregate knows its own. */
lg_err lg_do_claim_act(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_disclosure_act(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_financing_act(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_payment_act(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_webhook_act(lg_act *act) LG_MUST_CHECK;

/* Members of payloads, as lg_decode_str and its kin (base/json.h). Codes: malformed_id, malformed_time,
 * out_of_range, unknown_currency, unknown_value. */
bool lg_decode_uuid(lg_decoder *decoder, const char *name, bool required, lg_uuid *out);
void lg_decode_time(lg_decoder *decoder, const char *name, bool required, lg_time *out);
bool lg_decode_currency(lg_decoder *decoder, const char *name, bool required, lg_currency *out);
const char *
lg_decode_reason(lg_decoder *decoder); /* "reason": why a receivable is refused or a claim disputed */
unsigned lg_decode_fields(lg_decoder *decoder, const char *name); /* of lg_claim_field; absent: all */

/* The payloads of an aggregate's commands (decode_*.c). */
void lg_decode_claim_command(lg_decoder *decoder, lg_command *command);
void lg_decode_financing_command(lg_decoder *decoder, lg_command *command);
void lg_decode_payment_command(lg_decoder *decoder, lg_command *command);

/* For the audit (match.c): how the event contradicts what the aggregate's command asked; NULL if it does not.
 */
const char *lg_match_claim_event(lg_db *db, lg_arena *arena, const lg_command *command,
                                 const lg_event *event);
const char *lg_match_financing_event(lg_db *db, lg_arena *arena, const lg_command *command,
                                     const lg_event *event);
const char *lg_match_payment_event(lg_db *db, lg_arena *arena, const lg_command *command,
                                   const lg_event *event);

/* match.c: how the event contradicts what the command asked, apart from what the acts decide. */
const char *lg_match_event(lg_db *db, lg_arena *arena, const lg_command *command, const lg_event *event);
/* match_decide.c: the event joins the trial's, and is projected, so that the act can go on. */
lg_err lg_trial_record(lg_act *act, const lg_event *event) LG_MUST_CHECK;
/* The policy in force before the entry at hand. */
lg_err lg_trial_policy(const lg_trial *trial, lg_policy *out) LG_MUST_CHECK;
/* Of a submission, which is not decided again: did its token let it be? */
const char *lg_trial_of_token(lg_trial *trial, const lg_event *event);
/* What the acts make of the command, against what was recorded as its entry `row`. */
const char *lg_trial_contradiction(lg_trial *trial, const lg_event *event, size_t row);

/* parties.c: who a submission's party is, from the directory. */
lg_err lg_party_resolve(lg_db *db, lg_arena *arena, const lg_party_ref *ref, const lg_signer *signers,
                        size_t signer_count, lg_party *out) LG_MUST_CHECK;

/* Names of a bit set as a JSON array, and back. */
char *lg_roles_json(lg_arena *arena, unsigned roles);
char *lg_scopes_json(lg_arena *arena, unsigned scopes);
char *lg_limits_json(lg_arena *arena, const lg_token_limit *limits,
                     size_t count); /* {currency: minor units} */
char *lg_identifiers_json(lg_arena *arena, const lg_identifier *identifiers,
                          size_t count); /* [[scheme, value], …] */
/* receivable.c: facts of a submission as they go on the ledger; NULL when there is none. */
char *lg_documents_json(lg_arena *arena, const lg_submission *submission);
const char *lg_payee_name(const lg_submission *submission);

/* apply_receivable.c: the number of a participant an event names; 0 for nil, LG_CORRUPT if there is none. */
lg_err lg_apply_number_of(const lg_apply *apply, const lg_uuid *id, lg_participant_no *out) LG_MUST_CHECK;
lg_err lg_apply_receivable_event(const lg_apply *apply, const lg_event *event,
                                 lg_result *result) LG_MUST_CHECK;
/* apply_claim.c, apply_disclosure.c, apply_financing.c, apply_payment.c, webhook_act.c, apply_four_eyes.c */
lg_err lg_apply_claim_event(const lg_apply *apply, const lg_event *event, lg_result *result) LG_MUST_CHECK;
lg_err lg_apply_disclosure_event(const lg_apply *apply, const lg_event *event,
                                 lg_result *result) LG_MUST_CHECK;
lg_err lg_apply_financing_event(const lg_apply *apply, const lg_event *event,
                                lg_result *result) LG_MUST_CHECK;
lg_err lg_apply_payment_event(const lg_apply *apply, const lg_event *event, lg_result *result) LG_MUST_CHECK;
lg_err lg_apply_webhook_event(const lg_apply *apply, const lg_event *event, lg_result *result) LG_MUST_CHECK;
lg_err lg_apply_custody_event(const lg_apply *apply, const lg_event *event, lg_result *result) LG_MUST_CHECK;
/* apply_participant.c */
lg_err lg_apply_participant_event(const lg_apply *apply, const lg_event *event,
                                  lg_result *result) LG_MUST_CHECK;

#endif
