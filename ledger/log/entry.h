/* One line of the ledger, and the disclosures that hold its facts.
 *
 * An entry is the exact bytes of a JCS object (RFC 8785); a fact of the event appears in it only as a salted
 * digest in `_sd` (RFC 9901 section 4.2.4): b64url(SHA-256(ASCII(b64url('["<salt>", "<name>", <value>]')))).
 * The base64url string is the disclosure and is kept apart, so that erasing it leaves every hash, proof and
 * signature valid. */
#ifndef LG_LOG_ENTRY_H
#define LG_LOG_ENTRY_H

#include "ledger/base/calendar.h"
#include "ledger/crypto/hash.h"

enum {
    LG_ENTRY_MAX = 65535,     /* bytes, so that u16be can frame it */
    LG_SALT_LEN = 16,         /* bytes: 128 bits */
    LG_ENTRY_FACTS_MAX = 128, /* disclosures an entry may carry */
    LG_ENTRY_TYPE_MAX = 64,   /* bytes of its type */
    LG_ENTRY_VERSION = 1,
};
#define LG_SEQ_MAX ((INT64_C(1) << 53) - 1)

/* One fact before it is salted: `value` is JSON text. */
typedef struct lg_fact {
    const char *name;
    const char *value;
} lg_fact;

/* The public members of an entry. `digests` are in the order of their texts, and unique. */
typedef struct lg_entry {
    int64_t seq;
    lg_time at;
    lg_hash prev; /* leaf hash of entry seq - 1; zeros for entry 0 */
    lg_hash req;  /* SHA-256 of the signed command's exact bytes */
    const char *type;
    const char *origin; /* entry 0 only: the log's name */
    const char *vkey;   /* entry 0 only: the log's verifier key */
    const lg_hash *digests;
    size_t digest_count;
} lg_entry;
bool lg_entry_has_digest(const lg_entry *entry, const lg_hash *digest);

/* The disclosure of one fact under a given salt (exactly as in RFC 9901: elements separated by ", "). */
char *lg_disclosure_make(lg_arena *arena, const uint8_t salt[LG_SALT_LEN], const char *name,
                         const char *value);
lg_hash lg_disclosure_digest(lg_bytes disclosure);
/* A digest as entries have it. */
typedef struct lg_digest_text {
    char s[44]; /* base64url, and NUL */
} lg_digest_text;
lg_digest_text lg_digest_format(const lg_hash *digest);
/* Reads a disclosure made by anyone: strict JSON array of salt (≥ 22 base64url characters), name, value. The
 * value comes back as compact JSON text. LG_CORRUPT if it is not one. */
lg_err lg_disclosure_parse(lg_arena *arena, lg_bytes disclosure, lg_fact *out,
                           lg_report *report) LG_MUST_CHECK;

/* Facts as they are disclosed, in their order. */
typedef struct lg_disclosures {
    size_t count;
    char *joined;           /* the disclosures, joined by '~' (no trailing one) */
    const lg_hash *digests; /* in an entry's order */
    /* What the disclosures encode, and the salts at the beginning of each, LG_SALT_LEN bytes apart. */
    const lg_bytes *arrays;
    const uint8_t *salts;
} lg_disclosures;
/* Salts facts with fresh randomness; all of it in the arena. */
lg_disclosures lg_disclose_facts(lg_arena *arena, const lg_fact *facts, size_t fact_count);

/* The entry's exact bytes, in the arena. LG_INTERNAL if it would exceed LG_ENTRY_MAX or a member is outside
 * its bounds. Entries are stored as their members (store/entry_pack.h), so what these once encoded to is what
 * they encode to for ever: whoever wants other bytes needs another version, and another way to pack it. */
lg_err lg_entry_encode(lg_arena *arena, const lg_entry *entry, lg_bytes *out) LG_MUST_CHECK;
/* The reverse; LG_CORRUPT unless encoding the result gives the very same bytes. */
lg_err lg_entry_parse(lg_arena *arena, lg_bytes bytes, lg_entry *out, lg_report *report) LG_MUST_CHECK;
/* SHA-256(0x00 ‖ entry), RFC 9162 section 2.1.1. */
lg_hash lg_leaf_hash(lg_bytes entry);

#endif
