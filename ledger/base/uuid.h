/* UUIDs, version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random bits, so that ids grow
 * with time.
 *
 * Ids of different things are different types: mixing them up does not compile. A row number (`_no`) is made
 * of the ledger entry that created the thing and the thing's place in it (lg_row_no); it is the store's key
 * and never leaves the registry as an identity. */
#ifndef LG_BASE_UUID_H
#define LG_BASE_UUID_H

#include "ledger/base/error.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lg_uuid {
    uint8_t b[16];
} lg_uuid;
typedef struct lg_uuid_text {
    char s[37]; /* 36 characters, lower case, and NUL */
} lg_uuid_text;

typedef struct lg_participant_id {
    lg_uuid uuid;
} lg_participant_id;
typedef struct lg_receivable_id {
    lg_uuid uuid;
} lg_receivable_id;
typedef struct lg_claim_id {
    lg_uuid uuid;
} lg_claim_id;
typedef struct lg_token_id {
    lg_uuid uuid;
} lg_token_id;

typedef struct lg_grant_id {
    lg_uuid uuid;
} lg_grant_id;
typedef struct lg_program_id {
    lg_uuid uuid;
} lg_program_id;
typedef struct lg_request_id {
    lg_uuid uuid;
} lg_request_id;
typedef struct lg_offer_id {
    lg_uuid uuid;
} lg_offer_id;
typedef struct lg_financing_id {
    lg_uuid uuid;
} lg_financing_id;
typedef struct lg_payment_id {
    lg_uuid uuid;
} lg_payment_id;
typedef struct lg_proposal_id {
    lg_uuid uuid;
} lg_proposal_id;
typedef struct lg_webhook_id {
    lg_uuid uuid;
} lg_webhook_id;
typedef struct lg_approval_id {
    lg_uuid uuid;
} lg_approval_id;

typedef struct lg_participant_no {
    int64_t v; /* 0: none */
} lg_participant_no;
typedef struct lg_receivable_no {
    int64_t v; /* 0: none */
} lg_receivable_no;
typedef struct lg_claim_no {
    int64_t v; /* 0: none */
} lg_claim_no;
typedef struct lg_grant_no {
    int64_t v; /* 0: none */
} lg_grant_no;
typedef struct lg_program_no {
    int64_t v; /* 0: none */
} lg_program_no;
typedef struct lg_request_no {
    int64_t v; /* 0: none */
} lg_request_no;
typedef struct lg_offer_no {
    int64_t v; /* 0: none */
} lg_offer_no;
typedef struct lg_financing_no {
    int64_t v; /* 0: none */
} lg_financing_no;
typedef struct lg_payment_no {
    int64_t v; /* 0: none */
} lg_payment_no;
typedef struct lg_proposal_no {
    int64_t v; /* 0: none */
} lg_proposal_no;
typedef struct lg_webhook_no {
    int64_t v; /* 0: none */
} lg_webhook_no;
typedef struct lg_approval_no {
    int64_t v; /* 0: none */
} lg_approval_no;

/* One entry may create several things: a row number is 128 * seq + index. Index 0 is the entry's main thing;
 * claims count from 1. */
enum { LG_ROW_INDEX_MAX = 127 };
static inline int64_t lg_row_no(int64_t seq, int index)
{
    return seq * (LG_ROW_INDEX_MAX + 1) + index;
}
static inline int64_t lg_row_seq(int64_t no)
{
    return no / (LG_ROW_INDEX_MAX + 1);
}
static inline int lg_row_index(int64_t no)
{
    return (int)(no % (LG_ROW_INDEX_MAX + 1));
}

/* A new id; ids made by one process sort in the order they were made. Thread-safe. */
lg_uuid lg_uuid_new(void);
lg_uuid_text lg_uuid_format(lg_uuid id);
/* The 36-character form, hexadecimal digits in either case, any version. */
bool lg_uuid_parse(const char *text, lg_uuid *out) LG_MUST_CHECK;
bool lg_uuid_equal(lg_uuid a, lg_uuid b);
bool lg_uuid_is_nil(lg_uuid id);

#endif
