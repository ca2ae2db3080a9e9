/* The registry: commands in, events out. It decides, under the writer's transaction, what a signed command
 * does; the event it makes of it is appended to the ledger and projected into tables. It knows no HTTP and no
 * document formats: the gateway is handed in as a function. */
#ifndef LG_REGISTRY_REGISTRY_H
#define LG_REGISTRY_REGISTRY_H

#include "ledger/base/buf.h"
#include "ledger/registry/event.h"
#include "ledger/registry/jws.h"
#include "ledger/registry/policy.h"
#include "ledger/store/claim_rows.h"
#include "ledger/store/ledger.h"
#include "ledger/store/verification_rows.h"
#include "ledger/store/webhook_rows.h"

typedef struct lg_registry lg_registry;

/* X(enumerator, aggregate, the scope a token needs to have custody sign it). Genesis never comes over HTTP.
 */
#define LG_COMMANDS(X)                                                                                       \
    X(LG_CMD_GENESIS, LG_OF_PARTICIPANT, LG_SCOPE_ADMIN)                                                     \
    X(LG_CMD_PARTICIPANT_REGISTER, LG_OF_PARTICIPANT, LG_SCOPE_ADMIN)                                        \
    X(LG_CMD_PARTICIPANT_SUSPEND, LG_OF_PARTICIPANT, LG_SCOPE_ADMIN)                                         \
    X(LG_CMD_PARTICIPANT_ACTIVATE, LG_OF_PARTICIPANT, LG_SCOPE_ADMIN)                                        \
    X(LG_CMD_DEBTOR_STOP, LG_OF_PARTICIPANT, LG_SCOPE_ADMIN)                                                 \
    X(LG_CMD_DEBTOR_CLEAR, LG_OF_PARTICIPANT, LG_SCOPE_ADMIN)                                                \
    X(LG_CMD_CREDIT_LINE_SET, LG_OF_PARTICIPANT, LG_SCOPE_ADMIN)                                             \
    X(LG_CMD_KEY_ADD, LG_OF_PARTICIPANT, LG_SCOPE_ADMIN)                                                     \
    X(LG_CMD_KEY_REVOKE, LG_OF_PARTICIPANT, LG_SCOPE_ADMIN)                                                  \
    X(LG_CMD_TOKEN_ISSUE, LG_OF_PARTICIPANT, LG_SCOPE_ADMIN)                                                 \
    X(LG_CMD_TOKEN_REVOKE, LG_OF_PARTICIPANT, LG_SCOPE_ADMIN)                                                \
    X(LG_CMD_POLICY_SET, LG_OF_PARTICIPANT, LG_SCOPE_ADMIN)                                                  \
    X(LG_CMD_PARTICIPANT_RATE, LG_OF_PARTICIPANT, LG_SCOPE_ADMIN)                                            \
    X(LG_CMD_SUBMIT, LG_OF_RECEIVABLE, LG_SCOPE_SUBMIT)                                                      \
    X(LG_CMD_CONFIRM, LG_OF_RECEIVABLE, LG_SCOPE_CONFIRM)                                                    \
    X(LG_CMD_ACCEPT, LG_OF_RECEIVABLE, LG_SCOPE_CONFIRM)                                                     \
    X(LG_CMD_DECLINE, LG_OF_RECEIVABLE, LG_SCOPE_CONFIRM)                                                    \
    X(LG_CMD_WITHDRAW, LG_OF_RECEIVABLE, LG_SCOPE_SUBMIT)                                                    \
    X(LG_CMD_LAPSE, LG_OF_RECEIVABLE, LG_SCOPE_ADMIN)                                                        \
    X(LG_CMD_REVIEW_APPROVE, LG_OF_RECEIVABLE, LG_SCOPE_ADMIN)                                               \
    X(LG_CMD_REVIEW_REJECT, LG_OF_RECEIVABLE, LG_SCOPE_ADMIN)                                                \
    X(LG_CMD_VERIFY, LG_OF_RECEIVABLE, LG_SCOPE_ADMIN)                                                       \
    X(LG_CMD_CLAIM_SPLIT, LG_OF_CLAIM, LG_SCOPE_SUBMIT)                                                      \
    X(LG_CMD_CLAIM_TRANSFER, LG_OF_CLAIM, LG_SCOPE_SUBMIT)                                                   \
    X(LG_CMD_TRANSFER_ACCEPT, LG_OF_CLAIM, LG_SCOPE_SUBMIT)                                                  \
    X(LG_CMD_TRANSFER_DECLINE, LG_OF_CLAIM, LG_SCOPE_SUBMIT)                                                 \
    X(LG_CMD_TRANSFER_CANCEL, LG_OF_CLAIM, LG_SCOPE_SUBMIT)                                                  \
    X(LG_CMD_TRANSFER_LAPSE, LG_OF_CLAIM, LG_SCOPE_ADMIN)                                                    \
    X(LG_CMD_CLAIM_ACKNOWLEDGE, LG_OF_CLAIM, LG_SCOPE_CONFIRM)                                               \
    X(LG_CMD_CLAIM_DISPUTE, LG_OF_CLAIM, LG_SCOPE_SUBMIT)                                                    \
    X(LG_CMD_CLAIM_RESOLVE, LG_OF_CLAIM, LG_SCOPE_SUBMIT)                                                    \
    X(LG_CMD_CLAIM_FREEZE, LG_OF_CLAIM, LG_SCOPE_ADMIN)                                                      \
    X(LG_CMD_CLAIM_UNFREEZE, LG_OF_CLAIM, LG_SCOPE_ADMIN)                                                    \
    X(LG_CMD_CLAIM_AGE, LG_OF_CLAIM, LG_SCOPE_ADMIN)                                                         \
    X(LG_CMD_CLAIM_WRITE_OFF, LG_OF_CLAIM, LG_SCOPE_ADMIN)                                                   \
    X(LG_CMD_GRANT_MAKE, LG_OF_DISCLOSURE, LG_SCOPE_SUBMIT)                                                  \
    X(LG_CMD_GRANT_REVOKE, LG_OF_DISCLOSURE, LG_SCOPE_SUBMIT)                                                \
    X(LG_CMD_INVOICE_CHECK, LG_OF_DISCLOSURE, LG_SCOPE_FINANCE)                                              \
    X(LG_CMD_PROGRAM_OPEN, LG_OF_FINANCING, LG_SCOPE_FINANCE)                                                \
    X(LG_CMD_PROGRAM_CLOSE, LG_OF_FINANCING, LG_SCOPE_FINANCE)                                               \
    X(LG_CMD_FINANCING_REQUEST, LG_OF_FINANCING, LG_SCOPE_FINANCE)                                           \
    X(LG_CMD_REQUEST_WITHDRAW, LG_OF_FINANCING, LG_SCOPE_FINANCE)                                            \
    X(LG_CMD_REQUEST_LAPSE, LG_OF_FINANCING, LG_SCOPE_ADMIN)                                                 \
    X(LG_CMD_OFFER_MAKE, LG_OF_FINANCING, LG_SCOPE_FINANCE)                                                  \
    X(LG_CMD_OFFER_WITHDRAW, LG_OF_FINANCING, LG_SCOPE_FINANCE)                                              \
    X(LG_CMD_OFFER_ACCEPT, LG_OF_FINANCING, LG_SCOPE_FINANCE)                                                \
    X(LG_CMD_FINANCING_DISBURSE, LG_OF_FINANCING, LG_SCOPE_FINANCE)                                          \
    X(LG_CMD_FINANCING_CANCEL, LG_OF_FINANCING, LG_SCOPE_FINANCE)                                            \
    X(LG_CMD_FINANCING_LAPSE, LG_OF_FINANCING, LG_SCOPE_ADMIN)                                               \
    X(LG_CMD_FINANCING_REGISTER, LG_OF_FINANCING, LG_SCOPE_FINANCE)                                          \
    X(LG_CMD_FINANCING_RELEASE, LG_OF_FINANCING, LG_SCOPE_FINANCE)                                           \
    X(LG_CMD_FINANCING_RECOURSE, LG_OF_FINANCING, LG_SCOPE_FINANCE)                                          \
    X(LG_CMD_FINANCING_REPURCHASE, LG_OF_FINANCING, LG_SCOPE_FINANCE)                                        \
    X(LG_CMD_PAYMENT_RECORD, LG_OF_PAYMENT, LG_SCOPE_CONFIRM)                                                \
    X(LG_CMD_PAYMENT_REVERSE, LG_OF_PAYMENT, LG_SCOPE_CONFIRM)                                               \
    X(LG_CMD_PROPOSAL_MAKE, LG_OF_PAYMENT, LG_SCOPE_SUBMIT)                                                  \
    X(LG_CMD_PROPOSAL_ACCEPT, LG_OF_PAYMENT, LG_SCOPE_SUBMIT)                                                \
    X(LG_CMD_PROPOSAL_DECLINE, LG_OF_PAYMENT, LG_SCOPE_SUBMIT)                                               \
    X(LG_CMD_WEBHOOK_REGISTER, LG_OF_WEBHOOK, LG_SCOPE_ADMIN)                                                \
    X(LG_CMD_WEBHOOK_ROTATE, LG_OF_WEBHOOK, LG_SCOPE_ADMIN)                                                  \
    X(LG_CMD_WEBHOOK_REMOVE, LG_OF_WEBHOOK, LG_SCOPE_ADMIN)                                                  \
    X(LG_CMD_FOUR_EYES_SET, LG_OF_CUSTODY, LG_SCOPE_ADMIN)                                                   \
    X(LG_CMD_APPROVAL_WITHDRAW, LG_OF_CUSTODY, LG_SCOPE_CONFIRM)

#define LG_COMMAND_ENUM_(enumerator, aggregate, scope) enumerator,
typedef enum { LG_COMMANDS(LG_COMMAND_ENUM_) LG_CMD_COUNT } lg_command_type;
#undef LG_COMMAND_ENUM_

lg_aggregate lg_command_aggregate(lg_command_type type);
lg_scope lg_command_scope(lg_command_type type);

typedef struct lg_signer {
    lg_participant_no no;
    lg_participant_id id;
    unsigned roles;
    lg_kid kid;
    bool custody;
} lg_signer;

/* ---- reviews: what the gateway says of a submission ---- */

enum { LG_CHECKS_MAX = 32 };
/* The code of the check that waits for the external verifier: the only one that another than a reviewer
 * resolves. */
#define LG_CHECK_VERIFIER "external_verifier"

typedef struct lg_check_result {
    const char *code;
    lg_review_outcome outcome;
    const char *pointer; /* "" unless a field is to blame */
    const char *detail;  /* NULL when it passed */
} lg_check_result;

typedef struct lg_review {
    int64_t policy_version;
    lg_review_outcome outcome; /* the worst of the results */
    lg_check_result results[LG_CHECKS_MAX];
    size_t count;
} lg_review;

/* A party of a submission as the directory knows it. */
typedef struct lg_party {
    bool found, ambiguous; /* ambiguous: its identifiers belong to several participants */
    lg_participant row;    /* when found */
    const char
        *doubt; /* when found: an identifier of the document that the directory knows otherwise; NULL: none */
} lg_party;

typedef struct lg_review_input {
    const lg_submission *submission;
    const lg_policy *policy;
    lg_day today;
    bool on_approval; /* a reviewer approves what was held: only checks on present state are asked */
    /* The following exist only inside the writer's transaction; db is NULL outside it. */
    lg_db *db;
    const lg_party *seller, *buyer;
    bool signer_is_seller, signer_is_buyer;
    const lg_fingerprint *fingerprint; /* NULL unless both parties are known */
    lg_receivable_no except;           /* the held receivable itself, on approval */
} lg_review_input;

/* The gateway's judgement: appends a result for each check that can be judged from `input` (db or not) to
 * review, in order, and sets review->outcome. Details live in `arena`. */
typedef lg_err (*lg_review_fn)(const lg_review_input *input, lg_arena *arena, lg_review *review);

/* ---- commands ---- */

typedef struct lg_command {
    lg_command_type type;
    lg_bytes jws; /* exact bytes received */
    lg_hash req;  /* their SHA-256 */
    const char *jti, *url;
    lg_time issued_at, issued_last; /* iat: the oldest and the newest of the signatures */
    lg_signer signers[LG_JWS_SIGNATURES_MAX];
    size_t signer_count;
    lg_token_id token; /* in custody: what it was given with; nil: the signer's own key signed */
    lg_bytes payload;
    lg_uuid subject; /* the id in the path; nil if none */
    const char *kid; /* the kid in the path */

    /* Decoded payload; which members count depends on the type (decode.c). Borrowed from the request's arena.
     */
    const char *name, *country, *group;
    unsigned roles;
    lg_identifier identifiers[LG_IDENTIFIERS_MAX];
    size_t identifier_count;
    bool custody; /* register: the registry shall keep the key */
    lg_public_key public_key;
    lg_time valid_from, valid_until;
    const char *reason, *note;
    lg_currency currency;
    int64_t limit_minor;     /* credit line, four eyes: LG_ABSENT: none */
    int64_t amount_minor;    /* confirm: LG_ABSENT means the whole */
    const char *amount_text; /* confirm: as sent; its scale is judged against the receivable's currency */
    lg_participant_id participant; /* token: whose */
    lg_hash token_sha256;
    unsigned scopes;
    const char *label;
    lg_time expires_at;
    bool limited; /* token: `limits` say what it may commit; false: there is no limit */
    lg_token_limit limits[LG_TOKEN_LIMITS_MAX];
    size_t limit_count;
    lg_approval_id approval; /* confirm, accept: the first half that is meant; nil: whichever waits */
    lg_policy policy;
    int64_t base_version;
    lg_submission *submissions;   /* submit: one, or a CSV's rows */
    lg_report *submission_faults; /* per row: err != LG_OK when the row could not be read */
    lg_review *early_reviews;     /* per row: the checks that needed no transaction */
    int *rows;                    /* CSV line numbers, NULL for a single submission */
    size_t submission_count;

    lg_verifier_answer answer;                    /* verify */
    const char *reference;                        /* verify */
    lg_time answered_at;                          /* verify; 0: not said */
    const char *rating, *agency;                  /* rating NULL: removed */
    const char *url_to_call, *description;        /* webhook */
    const char *events;                           /* webhook: JSON array */
    const struct lg_claim_payload *claim;         /* claim.h */
    const struct lg_financing_payload *financing; /* financing.h */
    const struct lg_payment_payload *payment;     /* payment.h */
} lg_command;

/* What became of one act (one row of a CSV, or the whole command). */
typedef struct lg_result {
    lg_err err; /* LG_GATEWAY_REJECTED goes with an entry; any other error without */
    lg_report report;
    int row; /* CSV line, 0 otherwise */
    bool has_entry;
    lg_entry_row entry; /* the act's first, which its receipt shows */
    bool has_participant, has_token, has_policy, has_receivable, has_claim;
    lg_participant participant;
    lg_token token;
    lg_policy_row policy;
    lg_receivable receivable;
    lg_claim claim;
    lg_claim *claims; /* those a split or transfer opened */
    size_t claim_count;
    bool has_children; /* the answer lists them, be they none */
    bool has_grant, has_check, has_webhook;
    lg_grant grant;
    bool check_registered, check_financed;
    lg_time checked_at;
    lg_webhook webhook;
    struct lg_program *program; /* NULL: none; likewise the others */
    struct lg_request *request;
    struct lg_offer *offers; /* with request: those made at once; else the one */
    size_t offer_count;
    struct lg_financing *financing;
    struct lg_payment *payment;
    struct lg_proposal *proposal;
    struct lg_approval *approval;
} lg_result;

typedef struct lg_outcome {
    lg_result *results;
    size_t count;
    lg_entry_row *entries; /* all that the command appended, in order */
    size_t entry_count, entry_cap;
    bool replayed; /* the jti was used by the same bytes before: `stored` is the answer */
    lg_command_row stored;
    lg_buf answer; /* as stored; receipts are objects with only "seq" (lg_command_row.answer). Owned; clear
                      it. */
    int status;
} lg_outcome;

/* Writes the answer that is stored with the command, before it commits: *status and JSON text. Receipts as
 * {"seq":n}. */
typedef lg_err (*lg_render_fn)(lg_db *db, lg_arena *arena, const lg_command *command,
                               const lg_outcome *outcome, int *status, lg_buf *answer);

typedef struct lg_registry_config {
    const char *dir; /* of the registry: keys/ is read from there */
    const char *origin;
    lg_review_fn review;
    lg_render_fn render;
} lg_registry_config;

lg_err lg_registry_open(const lg_registry_config *config, lg_registry **out, lg_report *report) LG_MUST_CHECK;
void lg_registry_close(lg_registry *registry);
const char *lg_registry_origin(const lg_registry *registry);
lg_review_fn lg_registry_review(const lg_registry *registry);

/* From the bytes of a JWS to who signed it: shape, alg, aud, url (NULL: its own word is taken), kid,
 * signature, key validity. Any thread with its reader. Fills jws, req, jti, url, issued_at, signers and
 * payload of *out; the parsed JWS comes back for cty and `submission`. */
lg_err lg_command_authenticate(const lg_registry *registry, lg_db *db, lg_arena *arena, lg_bytes bytes,
                               const char *url, lg_command *out, lg_jws *jws,
                               lg_report *report) LG_MUST_CHECK;
/* The stored answer, if this very command was accepted before: LG_OK and *out; LG_NOT_FOUND if its jti is
 * new; LG_JTI_REUSED. */
lg_err lg_command_find_stored(lg_db *db, lg_arena *arena, const lg_command *command, lg_command_row *out,
                              lg_report *report) LG_MUST_CHECK;
/* May this token be used at that time (LG_TOKEN_REVOKED, LG_TOKEN_EXPIRED), and for what needs the scope
 * (LG_SCOPE_MISSING)? */
lg_err lg_token_check_time(const lg_token *token, lg_time now, lg_report *report) LG_MUST_CHECK;
lg_err lg_token_check_scope(const lg_token *token, lg_scope scope, lg_report *report) LG_MUST_CHECK;
/* iat within the window around now. */
lg_err lg_command_check_age(const lg_command *command, lg_report *report) LG_MUST_CHECK;
/* The payload of every command but submit, as typed members. `object` is the parsed JSON payload. */
lg_err lg_command_decode(const json_t *object, lg_command *command, lg_report *report) LG_MUST_CHECK;

/* Applies the command inside the writer's open savepoint: idempotency, signers, state, event, entry,
 * projections, stored answer. An error leaves the caller to undo the savepoint. */
lg_err lg_command_apply(lg_registry *registry, lg_ledger *ledger, lg_arena *arena, const lg_command *command,
                        lg_outcome *out, lg_report *report) LG_MUST_CHECK;

/* The current policy as this snapshot sees it; cached by version. Any thread. */
lg_err lg_registry_policy(lg_registry *registry, lg_db *db, lg_policy *out) LG_MUST_CHECK;

/* ---- for the audit (match*.c): NULL, or a sentence that says how an entry contradicts its command ---- */

/* A registry that has nothing but what deciding takes: the rules, and keys/hash.key of `dir`. */
lg_err lg_registry_open_to_judge(const char *dir, lg_review_fn review, lg_registry **out,
                                 lg_report *report) LG_MUST_CHECK;

/* A command that the ledger has entries of. The acts decide it once more, on the state it met and at the time
 * its entries bear: an operator who records what they refuse, or otherwise than they do, is found out. As
 * long as what they decide is what was recorded, that is projected as they go, and stays: nothing is done
 * twice. From where they part, the acts go on beside, and leave the state as it was there. */
typedef struct lg_trial {
    lg_registry *registry;
    lg_db *db;                 /* the state before the entry at hand */
    lg_arena *arena;           /* lives as long as the trial */
    const lg_command *command; /* type, subject and kid are set, its payload is decoded */
    int64_t seq;               /* of its first entry */
    size_t entry_count;
    lg_time at;                /* of its entries */
    const lg_event **recorded; /* its entries' events from the first, as far as they are known */
    size_t recorded_count;     /* 0: nothing is projected */
    lg_result *result;         /* of the act; what is projected leaves its rows here */
    /* Of what was recorded, so many of the first were decided likewise and are projected; failed: projecting
     * the next one did. */
    size_t projected;
    lg_err failed;
    const char *
        *complaints;  /* of those projected behind the first: how they contradict the command, or NULL */
    lg_event *events; /* what the acts make of it, once its first entry was asked about */
    size_t count, cap;
    const char *refusal; /* why they make nothing of it; NULL: they do */
    bool beside;         /* the acts decide otherwise than was recorded, under a savepoint */
} lg_trial;

/* Is the event what had to be recorded as the command's entry `row` (from 0)? Asked row by row, each before
 * it is projected, if it is not already. A submission's facts are left to lg_submission_contradiction. */
const char *lg_command_contradiction(lg_trial *trial, const lg_event *event, size_t row);
const char *lg_submission_contradiction(const lg_trial *trial, const lg_submission *submission,
                                        const lg_event *event);

/* ---- making and acting as the operator ---- */

/* A new registry in `dir`: keys/, head, ledger.db with genesis, the operator, policy 1. */
lg_err lg_registry_create(const char *dir, const char *origin, lg_arena *arena,
                          lg_participant_id *operator_id, lg_report *report) LG_MUST_CHECK;
/* A command signed with the operator's own key (keys/operator.jwk), as time makes them: jti fresh, iat now.
 */
char *lg_registry_sign_as_operator(const lg_registry *registry, lg_arena *arena, const char *url,
                                   const char *payload);

/* ---- custody: keys the registry keeps for participants that cannot ---- */

/* A fresh key, sealed under keys/master.key into keys/custody/<kid>; durable when this returns. */
lg_err lg_custody_create(const lg_registry *registry, lg_public_key *out, lg_report *report) LG_MUST_CHECK;
/* The command as a JWS signed with a custody key of `participant` that is valid now. LG_NOT_PERMITTED if it
 * has none. header.jti NULL: fresh. */
lg_err lg_custody_sign(const lg_registry *registry, lg_db *db, lg_arena *arena, lg_participant_no participant,
                       const lg_jws_header *header, lg_bytes payload, char **out_jws,
                       lg_report *report) LG_MUST_CHECK;

/* ---- projections ---- */

typedef struct lg_apply {
    lg_db *db;
    lg_arena *arena;
    const uint8_t *hash_key; /* of fingerprints, LG_HASH_KEY_LEN */
    int64_t seq;
    lg_time at;
    lg_bytes payload;                  /* of the command, for what never enters an entry (a token's hash) */
    const lg_receivable *receivable;   /* as it is before the event, for who has read it; NULL */
    const lg_fingerprint *fingerprint; /* of the invoice that the event brings, for who has made it; NULL */
    struct lg_moves *moves;            /* of positions (movement.h); lg_event_apply's own */
} lg_apply;
/* Writes what the event means into the projections. The same function serves the writer and the audit's
 * rebuild. Several events of one act may share the result: each adds what it made. */
lg_err lg_event_apply(const lg_apply *apply, const lg_event *event, lg_result *result) LG_MUST_CHECK;

/* ---- fingerprints ---- */
/* Keyed hashes of one invoice: equal however it arrived. Seller and buyer by participant. */
lg_fingerprint lg_fingerprint_make(const uint8_t *hash_key, lg_arena *arena, lg_participant_id seller,
                                   lg_participant_id buyer, const char *number, lg_day issue_day,
                                   lg_currency currency, int64_t gross_minor);

#endif
