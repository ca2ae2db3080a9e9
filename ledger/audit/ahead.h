/* What can be said of entries and their commands without any state, said by threads of their own, ahead of
 * the one that has the state, and by that one when it would have to wait: rows read, hashed and taken apart,
 * disclosures held against digests, signatures verified. They read what never changes, each on a connection
 * of its own. */
#ifndef LG_AUDIT_AHEAD_H
#define LG_AUDIT_AHEAD_H

#include "ledger/audit/audit.h"

/* A sentence about an entry's disclosures. */
typedef struct lg_ahead_fault {
    const char *detail;
    struct lg_ahead_fault *next;
} lg_ahead_fault;

typedef struct lg_ahead_command {
    lg_command_row row;
    lg_hash req;           /* of its bytes */
    const char *malformed; /* why its bytes are no signed command; NULL: they are one */
    lg_jws jws;
    const char *unfit; /* what is wrong with alg, aud or url; NULL: nothing */
    struct {
        lg_public_key key; /* the one that hashes to the signature's kid */
        bool tried, good;  /* tried: there was one to verify it with */
    } signatures[LG_JWS_SIGNATURES_MAX];
    int64_t indexed; /* where its jti leads to; -1: nowhere */
    void *prepared;  /* what lg_audit_config.prepare made of it */
} lg_ahead_command;

typedef struct lg_ahead_entry {
    int64_t seq; /* its place */
    lg_hash leaf;
    const char *malformed; /* why its bytes are no entry; NULL: they are one */
    lg_entry entry;
    lg_ahead_fault *faults; /* of its disclosures */
    size_t fact_count;
    const char *undecoded;     /* why its facts are no event; NULL: they are one */
    lg_event *event;           /* NULL: see above */
    lg_ahead_command *command; /* that begins here; NULL: none */
} lg_ahead_entry;

/* Entries from..until-1 of which `count` are there. Everything in it lives in its arena. */
typedef struct lg_ahead_chunk {
    struct lg_ahead *home;
    lg_arena *arena;
    int64_t from, until;
    lg_ahead_entry *entries;
    size_t count;
    lg_err err;
    struct lg_ahead_chunk *next; /* in a list of whoever took it */
} lg_ahead_chunk;

typedef struct lg_ahead lg_ahead;

/* Reads entries from..until-1 on one thread for each of the connections but the first, with which
 * lg_ahead_take reads. They stay the caller's, but must not be used before lg_ahead_close; from then on with
 * a small cache. */
lg_err lg_ahead_open(const lg_audit_config *config, lg_db *const *connections, size_t count, int64_t from,
                     int64_t until, lg_ahead **out) LG_MUST_CHECK;
/* The next chunk in order, the caller's to give back; NULL when there are no more. Rather than wait for it,
 * it reads another one: so all cores are busy, whichever of the two takes longer, reading or going through.
 */
lg_ahead_chunk *lg_ahead_take(lg_ahead *ahead);
void lg_ahead_give_back(lg_ahead_chunk *chunk); /* and those behind it in its list */
/* The command that begins at an entry of the chunk, into the arena, on the caller's thread and connection, if
 * there was no room to read it ahead. */
lg_err lg_ahead_read_late(lg_ahead_chunk *chunk, lg_db *db, lg_arena *arena,
                          lg_ahead_entry *entry) LG_MUST_CHECK;
void lg_ahead_close(lg_ahead *ahead);

#endif
