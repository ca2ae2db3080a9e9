/* The policy: the gateway's thresholds, versioned, changed only by a signed operator command that is itself a
 * ledger entry. */
#ifndef LG_REGISTRY_POLICY_H
#define LG_REGISTRY_POLICY_H

#include "ledger/base/json.h"
#include "ledger/registry/money.h"
#include "ledger/registry/policy_verifier.h"
#include "ledger/store/receivable_rows.h"

enum { LG_POLICY_CURRENCIES_MAX = 64 };

typedef enum { LG_AFTER_DEADLINE_EXPIRE, LG_AFTER_DEADLINE_ACCEPT } lg_after_deadline;
typedef enum { LG_PAYMENT_REFUSE, LG_PAYMENT_RECORD } lg_payment_rule;

typedef struct lg_policy {
    int64_t version;
    int64_t tenor_warn_days, tenor_max_days; /* issue to due date */
    int64_t default_tenor_days;              /* supplies a missing due date; 0: none */
    int64_t confirm_within_days;             /* the other side's deadline */
    lg_after_deadline after_deadline;        /* what silence means */
    lg_review_outcome past_due;              /* registering after the due date: warn, hold or reject */
    bool confirm_past_due;                   /* may a receivable be confirmed after its due date */
    int64_t documents_required;
    int64_t similar_within_days; /* how near two issue dates make two alike sales suspicious */
    lg_review_outcome payee_redirected;
    lg_currency currencies[LG_POLICY_CURRENCIES_MAX]; /* allowed ones; none listed: all */
    size_t currency_count;
    lg_verifier_policy verifier;

    int64_t transfer_respond_days; /* a recipient's deadline unless the holder names another */
    int64_t hop_max;               /* transfers since the root */
    int64_t split_parts_max;       /* of one split */
    int64_t split_claims_max;      /* live claims under one root */
    int64_t split_watch_claims;    /* more of them raise a watch */
    int64_t grace_days;            /* from the due date until it is overdue */
    int64_t default_after_days;    /* from then until it is defaulted */
    lg_payment_rule early_payment; /* before the due date */
    lg_payment_rule overpayment;   /* of more than is owed; recorded, the excess is noted */
    int64_t request_valid_days;    /* of a financing request that names no end */
    int64_t proposal_days;         /* for all to sign a credit note or a void */
    int64_t checks_per_day;        /* questions of one lender */
} lg_policy;

lg_policy lg_policy_default(void);
/* Canonical JSON of all fields but the version. */
char *lg_policy_format(lg_arena *arena, const lg_policy *policy);
/* Every field but external_verifier is required; LG_INVALID_FIELDS with a fault for each broken rule. Leaves
 * out->version alone. */
lg_err lg_policy_decode(const json_t *object, const char *pointer, lg_policy *out,
                        lg_report *report) LG_MUST_CHECK;
/* The stored policy; version 0: the newest. */
lg_err lg_policy_load(lg_db *db, int64_t version, lg_arena *arena, lg_policy *out) LG_MUST_CHECK;

#endif
