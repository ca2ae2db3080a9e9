/* The consortium that the load comes from: suppliers and core enterprises with keys and tokens, and what they
 * have registered. */
#ifndef TESTS_BENCH_WORLD_H
#define TESTS_BENCH_WORLD_H

#include "ledger/base/buf.h"
#include "ledger/crypto/sign.h"
#include "tests/bench/bench.h"

typedef struct world_party {
    lg_signing_key *key;
    char id[37];
    char token[48];
    char lei[21];
    char name[64];
} world_party;

typedef struct world_receivable {
    char id[37];
    uint32_t supplier, core; /* indexes of the parties */
    bool confirmed;
} world_receivable;

typedef struct world {
    uint16_t port;
    uint64_t seed;
    const char *origin;
    lg_signing_key *operator_key;
    world_party *suppliers, *cores;
    size_t supplier_count, core_count;
    world_receivable *receivables; /* in the order they were answered */
    size_t receivable_count, receivable_cap;
    size_t first_unconfirmed; /* all before it are confirmed */
    uint64_t serial;          /* of invoices and jtis */
} world;

/* Registers the parties at the running registry in `dir` and issues a token to each. */
void world_open(world *w, const char *dir, uint16_t port, uint64_t seed, size_t suppliers, size_t cores);
void world_close(world *w);

/* A whole HTTP request with a command signed by `key`, in the arena. */
lg_bytes world_command(world *w, lg_arena *arena, const lg_signing_key *key, const char *path,
                       lg_bytes payload);
/* The signed JWS alone. */
const char *world_sign(world *w, lg_arena *arena, const lg_signing_key *key, const char *path,
                       lg_bytes payload);
/* The JSON of a new invoice from one to the other, never alike to an earlier one. */
lg_bytes world_invoice(world *w, lg_arena *arena, const world_party *supplier, const world_party *core);
void world_add_receivable(world *w, const char *id, uint32_t supplier, uint32_t core);

#endif
