/* What the files of registry/ share with each other and with nobody else. */
#ifndef LG_REGISTRY_INTERNAL_H
#define LG_REGISTRY_INTERNAL_H

#include "ledger/registry/registry.h"

/* One act being done inside the writer's transaction. */
typedef struct lg_act {
    lg_registry *registry;
    lg_ledger *ledger;
    lg_db *db;
    lg_arena *arena;
    const lg_command *command;
    lg_time now; /* the time its entry will carry */
    lg_result *result;
    lg_report *report; /* result's own */
} lg_act;

const uint8_t *lg_registry_hash_key(const lg_registry *registry);
const uint8_t *lg_registry_master_key(const lg_registry *registry);
const char *lg_registry_dir(const lg_registry *registry);
lg_render_fn lg_registry_render(const lg_registry *registry);
/* The current policy inside the writer's transaction. */
lg_err lg_act_policy(lg_act *act, lg_policy *out) LG_MUST_CHECK;
/* A transaction set a policy: if it is undone, another may come to bear the same version. Writer's thread. */
void lg_registry_forget_policy(lg_registry *registry);

/* Fills `by`, `countersigned_by` and `custody` from the command's signers, appends the entry and projects it;
 * result->entry is set. */
lg_err lg_act_record(lg_act *act, lg_event *event) LG_MUST_CHECK;

bool lg_signer_has(const lg_signer *signer, lg_role role);
/* LG_NOT_PERMITTED unless the first signer has the role. */
lg_err lg_require_role(lg_act *act, lg_role role) LG_MUST_CHECK;

lg_err lg_command_recheck_signers(lg_db *db, lg_arena *arena, const lg_command *command, lg_time now,
                                  lg_report *report) LG_MUST_CHECK;

/* What a command type does; each records one event. */
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

/* parties.c: who a submission's party is, from the directory. */
lg_err lg_party_resolve(lg_db *db, lg_arena *arena, const lg_party_ref *ref, const lg_signer *signers,
                        size_t signer_count, lg_party *out) LG_MUST_CHECK;

/* Names of a bit set as a JSON array, and back. */
char *lg_roles_json(lg_arena *arena, unsigned roles);
char *lg_scopes_json(lg_arena *arena, unsigned scopes);
char *lg_identifiers_json(lg_arena *arena, const lg_identifier *identifiers,
                          size_t count); /* [[scheme, value], …] */
/* receivable.c: facts of a submission as they go on the ledger; NULL when there is none. */
char *lg_documents_json(lg_arena *arena, const lg_submission *submission);
const char *lg_payee_name(const lg_submission *submission);

/* apply_receivable.c */
lg_err lg_apply_receivable_event(const lg_apply *apply, const lg_event *event,
                                 lg_result *result) LG_MUST_CHECK;
/* apply_participant.c */
lg_err lg_apply_participant_event(const lg_apply *apply, const lg_event *event,
                                  lg_result *result) LG_MUST_CHECK;

#endif
