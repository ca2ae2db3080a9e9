/* A small log in memory as an honest server would serve it, made once: the key is fixed and public, entries
 * carry two disclosures each. Targets bend what it serves. */
#ifndef TESTS_FUZZ_HONEST_LOG_H
#define TESTS_FUZZ_HONEST_LOG_H

#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"
#include "ledger/log/entry.h"
#include "ledger/log/note.h"
#include "tests/fuzz/fuzz.h"

#define HONEST_ORIGIN "ledger.example.com/fuzz"
enum { HONEST_SIZE = 259, HONEST_SEEN = 257 };

typedef struct honest_log {
    lg_arena *arena;
    lg_verifier verifier;
    lg_bytes entries[HONEST_SIZE];
    const char *disclosures[HONEST_SIZE]; /* joined by '~' */
    lg_hash nodes[2][HONEST_SIZE];        /* level 0 and 1 */
    lg_checkpoint head;
    lg_bytes note, note_seen; /* of HONEST_SIZE and HONEST_SEEN entries */
} honest_log;

static inline lg_err honest_read(void *ctx, unsigned level, int64_t first, unsigned count, lg_hash *out)
{
    const honest_log *log = ctx;
    for (unsigned i = 0; i < count; i++)
        out[i] = log->nodes[level][first + i];
    return LG_OK;
}

static inline lg_bytes honest_note(honest_log *log, const lg_signing_key *key, int64_t size)
{
    lg_checkpoint head = {.origin = HONEST_ORIGIN, .size = size};
    FUZZ_HOLDS(lg_tree_root(honest_read, log, size, &head.root) == LG_OK);
    log->head = head;
    const char *text = lg_checkpoint_text(log->arena, &head);
    return lg_bytes_str(lg_note_join(log->arena, text, lg_note_sign(log->arena, text, HONEST_ORIGIN, key)));
}

static inline void honest_entry(honest_log *log, lg_edge *edge, int64_t seq)
{
    lg_hash command = lg_sha256(lg_bytes_of(&seq, sizeof seq));
    const lg_fact facts[] = {{"receivable_id", "\"01a22071-3a16-7009-a43f-6c4ddd45c0da\""},
                             {"gross_minor", "1029774"}};
    lg_entry entry = {.seq = seq,
                      .at = INT64_C(1790000000000000) + seq,
                      .req = command,
                      .type = seq ? "receivable.registered" : "genesis",
                      .digest_count = 2};
    const lg_disclosures disclosures = lg_disclose_facts(log->arena, facts, 2);
    entry.digests = disclosures.digests;
    log->disclosures[seq] = disclosures.joined;
    if (seq == 0) {
        entry.origin = HONEST_ORIGIN;
        entry.vkey = lg_vkey_format(log->arena, &log->verifier);
    } else {
        entry.prev = log->nodes[0][seq - 1];
    }
    FUZZ_HOLDS(lg_entry_encode(log->arena, &entry, &log->entries[seq]) == LG_OK);
    lg_hash leaf = lg_leaf_hash(log->entries[seq]);
    lg_new_node made[LG_TILE_LEVELS + 1];
    unsigned count = lg_edge_append(edge, &leaf, made);
    for (unsigned i = 0; i < count; i++)
        log->nodes[made[i].level][made[i].n] = made[i].hash;
}

static inline honest_log *honest_open(void)
{
    static honest_log log;
    static const uint8_t seed[LG_SEED_LEN] = {7};
    if (log.arena)
        return &log;
    FUZZ_HOLDS(lg_crypto_init() == LG_OK);
    lg_signing_key *key = lg_signing_key_from_seed(seed);
    lg_public_key public_key = lg_signing_key_public(key);
    lg_edge *edge;
    log.arena = lg_arena_open();
    log.verifier = lg_verifier_make(log.arena, HONEST_ORIGIN, LG_KEY_ED25519, &public_key);
    FUZZ_HOLDS(lg_edge_open(honest_read, &log, 0, &edge) == LG_OK);
    for (int64_t seq = 0; seq < HONEST_SIZE; seq++)
        honest_entry(&log, edge, seq);
    lg_edge_close(edge);
    log.note_seen = honest_note(&log, key, HONEST_SEEN);
    log.note = honest_note(&log, key, HONEST_SIZE);
    lg_signing_key_close(key);
    return &log;
}

#endif
