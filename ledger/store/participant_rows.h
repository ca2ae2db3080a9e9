/* Rows of participants, identifiers, keys, tokens, credit lines, exposures and policies. */
#ifndef LG_STORE_PARTICIPANT_ROWS_H
#define LG_STORE_PARTICIPANT_ROWS_H

#include "ledger/base/calendar.h"
#include "ledger/crypto/sign.h"
#include "ledger/registry/identifier.h"
#include "ledger/registry/money.h"
#include "ledger/store/db.h"

typedef enum {
    LG_ROLE_SUPPLIER,
    LG_ROLE_CORE_ENTERPRISE,
    LG_ROLE_LENDER,
    LG_ROLE_BANK,
    LG_ROLE_ISSUER,
    LG_ROLE_AUTHORITY,
    LG_ROLE_AUDITOR,
    LG_ROLE_WITNESS,
    LG_ROLE_OPERATOR,
    LG_ROLE_REVIEWER,
    LG_ROLE_COUNT,
} lg_role;
const char *lg_role_name(lg_role role);
bool lg_role_parse(const char *text, lg_role *out) LG_MUST_CHECK;
static inline bool lg_has_role(unsigned roles, lg_role role)
{
    return (roles >> role & 1u) != 0;
}

typedef enum {
    LG_SCOPE_READ,
    LG_SCOPE_SUBMIT,
    LG_SCOPE_CONFIRM,
    LG_SCOPE_FINANCE,
    LG_SCOPE_ADMIN,
    LG_SCOPE_COUNT,
} lg_scope;
const char *lg_scope_name(lg_scope scope);
bool lg_scope_parse(const char *text, lg_scope *out) LG_MUST_CHECK;

typedef struct lg_participant {
    lg_participant_no no;
    lg_participant_id id;
    const char *name, *country, *group; /* country and group may be NULL */
    unsigned roles;                     /* bit set of lg_role */
    bool suspended, stopped;
    const char *rating, *rating_agency; /* NULL: none */
    lg_time registered_at;
    int64_t last_seq;
} lg_participant;

/* All gets: LG_NOT_FOUND if absent; strings in the arena. */
lg_err lg_participant_get(lg_db *db, lg_participant_no no, lg_arena *arena,
                          lg_participant *out) LG_MUST_CHECK;
lg_err lg_participant_by_id(lg_db *db, lg_participant_id id, lg_arena *arena,
                            lg_participant *out) LG_MUST_CHECK;
/* May it not act for now? */
lg_err lg_participant_is_suspended(lg_db *db, lg_participant_no no, bool *out) LG_MUST_CHECK;
lg_err lg_participant_no_of(lg_db *db, lg_participant_id id, lg_participant_no *out) LG_MUST_CHECK;
lg_err lg_participant_id_of(lg_db *db, lg_participant_no no,
                            lg_participant_id *out) LG_MUST_CHECK; /* no 0 gives the nil id */
lg_err lg_participant_insert(lg_db *db, const lg_participant *row) LG_MUST_CHECK;
/* What may change: suspended, stopped, rating and its agency, last_seq. */
lg_err lg_participant_update(lg_db *db, const lg_participant *row) LG_MUST_CHECK;

typedef struct lg_participant_filter {
    int role;         /* lg_role or -1 */
    int suspended;    /* 0, 1 or -1 */
    const char *name; /* part of the name, or NULL */
    int64_t after_no; /* keyset cursor: 0 from the start */
    size_t limit;
} lg_participant_filter;
lg_err lg_participant_list(lg_db *db, const lg_participant_filter *filter, lg_arena *arena,
                           lg_participant **rows, size_t *count) LG_MUST_CHECK;

lg_err lg_identifier_insert(lg_db *db, lg_identifier identifier, lg_participant_no no) LG_MUST_CHECK;
lg_err lg_identifier_owner(lg_db *db, lg_identifier identifier, lg_participant_no *out) LG_MUST_CHECK;
lg_err lg_identifier_list(lg_db *db, lg_participant_no no, lg_arena *arena, lg_identifier **rows,
                          size_t *count) LG_MUST_CHECK;

typedef struct lg_key {
    lg_kid kid;
    int64_t key_no;
    lg_participant_no participant;
    lg_public_key public_key;
    bool custody;
    lg_time valid_from, valid_until, revoked_at; /* valid_until, revoked_at: 0 if open */
} lg_key;
lg_err lg_key_get(lg_db *db, const char *kid, lg_key *out) LG_MUST_CHECK;
lg_err lg_key_insert(lg_db *db, const lg_key *row) LG_MUST_CHECK;
lg_err lg_key_revoke(lg_db *db, const char *kid, lg_time at) LG_MUST_CHECK;
lg_err lg_key_list(lg_db *db, lg_participant_no no, lg_arena *arena, lg_key **rows,
                   size_t *count) LG_MUST_CHECK;

typedef struct lg_token {
    int64_t token_no;
    lg_token_id id;
    lg_participant_no participant;
    lg_hash token_sha256;
    unsigned scopes; /* bit set of lg_scope */
    const char *label;
    lg_time expires_at, revoked_at; /* revoked_at: 0 if not */
    int64_t issued_with_no;         /* token_no of the token that asked for it; 0: a key signed for it */
    int64_t line_no;                /* token_no of the first of its line, itself if a key signed for it */
    bool limited;                   /* token_limits say what it may commit */
} lg_token;
lg_err lg_token_by_hash(lg_db *db, const lg_hash *token_sha256, lg_arena *arena, lg_token *out) LG_MUST_CHECK;
lg_err lg_token_by_id(lg_db *db, lg_token_id id, lg_arena *arena, lg_token *out) LG_MUST_CHECK;
lg_err lg_token_insert(lg_db *db, const lg_token *row) LG_MUST_CHECK;
lg_err lg_token_revoke(lg_db *db, int64_t token_no, lg_time at) LG_MUST_CHECK;
lg_err lg_token_list(lg_db *db, lg_participant_no no, lg_arena *arena, lg_token **rows,
                     size_t *count) LG_MUST_CHECK;
lg_err lg_token_get(lg_db *db, int64_t token_no, lg_arena *arena, lg_token *out) LG_MUST_CHECK;

/* What a limited token may commit in one currency; in a currency without a row nothing. */
typedef struct lg_token_limit {
    lg_currency currency;
    int64_t limit_minor;
} lg_token_limit;
enum { LG_TOKEN_LIMITS_MAX = 32 /* of one token */ };
lg_err lg_token_limit_insert(lg_db *db, int64_t token_no, const lg_token_limit *row) LG_MUST_CHECK;
/* 0 if there is no row. */
lg_err lg_token_limit_get(lg_db *db, int64_t token_no, lg_currency currency,
                          int64_t *limit_minor) LG_MUST_CHECK;
/* By currency. */
lg_err lg_token_limit_list(lg_db *db, int64_t token_no, lg_arena *arena, lg_token_limit **rows,
                           size_t *count) LG_MUST_CHECK;

typedef struct lg_credit_line {
    lg_currency currency;
    int64_t limit_minor; /* -1: no limit, only used */
    int64_t used_minor;
} lg_credit_line;
/* limit_minor < 0 removes the line. */
lg_err lg_credit_line_set(lg_db *db, lg_participant_no no, lg_currency currency,
                          int64_t limit_minor) LG_MUST_CHECK;
lg_err lg_credit_line_get(lg_db *db, lg_participant_no no, lg_currency currency,
                          lg_credit_line *out) LG_MUST_CHECK; /* LG_OK even if no row */
lg_err lg_credit_line_list(lg_db *db, lg_participant_no no, lg_arena *arena, lg_credit_line **rows,
                           size_t *count) LG_MUST_CHECK;
/* What one debtor may owe in one currency, all receivables together, minor units; leaves room below 2^63. */
#define LG_EXPOSURE_MAX (LG_AMOUNT_MAX * 1000)
/* Adds change (may be negative) to what the debtor owes; LG_CORRUPT if it would leave 0 … LG_EXPOSURE_MAX. */
lg_err lg_exposure_change(lg_db *db, lg_participant_no no, lg_currency currency,
                          int64_t change_minor) LG_MUST_CHECK;

typedef struct lg_policy_row {
    int64_t version, set_seq;
    lg_time set_at;
    const char *body; /* JSON */
} lg_policy_row;
lg_err lg_policy_newest(lg_db *db, int64_t *version) LG_MUST_CHECK; /* its number alone */
lg_err lg_policy_get(lg_db *db, int64_t version, lg_arena *arena,
                     lg_policy_row *out) LG_MUST_CHECK; /* version 0: the newest */
lg_err lg_policy_insert(lg_db *db, const lg_policy_row *row) LG_MUST_CHECK;

#endif
