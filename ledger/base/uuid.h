/* UUIDs, version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random bits, so that ids grow
 * with time.
 *
 * Ids of different things are different types: mixing them up does not compile. A row number (`_no`) is the
 * sequence number of the ledger entry that created the thing; it is the store's key and never leaves the
 * registry as an identity. */
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

typedef struct lg_participant_no {
    int64_t v; /* 0: none */
} lg_participant_no;
typedef struct lg_receivable_no {
    int64_t v; /* 0: none */
} lg_receivable_no;
typedef struct lg_claim_no {
    int64_t v; /* 0: none */
} lg_claim_no;

/* A new id; ids made by one process sort in the order they were made. Thread-safe. */
lg_uuid lg_uuid_new(void);
lg_uuid_text lg_uuid_format(lg_uuid id);
/* The 36-character form, hexadecimal digits in either case, any version. */
bool lg_uuid_parse(const char *text, lg_uuid *out) LG_MUST_CHECK;
bool lg_uuid_equal(lg_uuid a, lg_uuid b);
bool lg_uuid_is_nil(lg_uuid id);

#endif
