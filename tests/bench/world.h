/* The consortium that the load comes from: suppliers, core enterprises and lenders with keys and tokens, and
 * what they have registered. */
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

/* How far a receivable has come; each scenario of acts takes those of one stage to another. */
typedef enum {
    STAGE_NONE,       /* not registered yet */
    STAGE_REGISTERED, /* by its supplier */
    STAGE_CONFIRMED,  /* there is a claim, the supplier's and free */
    STAGE_SPLIT,
    STAGE_OFFERED, /* to the next supplier */
    STAGE_TRANSFERRED,
    STAGE_REQUESTED, /* a lender's program made an offer */
    STAGE_ACCEPTED,  /* the lender is instructed */
    STAGE_DISBURSED,
    STAGE_PAID,
    STAGE_BUSY, /* somebody is at it */
} world_stage;

typedef struct world_receivable {
    char id[37], claim[37];
    char deal[37];                   /* the lender's offer, then the financing */
    uint32_t supplier, core, lender; /* indexes of the parties */
    int64_t amount_minor;
    world_stage stage;
} world_receivable;

typedef struct world {
    uint16_t port;
    uint64_t seed;
    const char *origin;
    lg_signing_key *operator_key;
    world_party *suppliers, *cores, *lenders; /* each lender has an open program that fits all claims */
    size_t supplier_count, core_count, lender_count;
    size_t lenders_asked;          /* requests go round so many of them */
    world_receivable *receivables; /* in the order they were answered */
    size_t receivable_count, receivable_cap;
    uint64_t serial; /* of invoices, jtis and bank references */
} world;

/* Registers the parties at the running registry in `dir`, issues a token to each and opens the programs. */
void world_open(world *w, const char *dir, uint16_t port, uint64_t seed, size_t suppliers, size_t cores,
                size_t lenders);
void world_close(world *w);

/* A whole HTTP request with a command signed by `key`, in the arena. */
lg_bytes world_command(world *w, lg_arena *arena, const lg_signing_key *key, const char *path,
                       lg_bytes payload);
/* The same without a body and signature; token NULL: none. */
lg_bytes world_get(const world *w, lg_buf *scratch, const char *token, const char *path);
/* The signed JWS alone. */
const char *world_sign(world *w, lg_arena *arena, const lg_signing_key *key, const char *path,
                       lg_bytes payload);
/* One request on a connection of its own; ends the program unless accept takes the answer. */
void world_ask(world *w, const char *label, lg_bytes request, void *context,
               bool (*accept)(void *context, size_t index, const load_answer *answer));

/* The JSON of a new invoice from one to the other, never alike to an earlier one. */
lg_bytes world_invoice(world *w, lg_arena *arena, const world_party *supplier, const world_party *core,
                       int64_t *amount_minor);
/* A new row at STAGE_REGISTERED with what `like` says of parties and amount. */
void world_add_receivable(world *w, const char *id, const world_receivable *like);
size_t world_count(const world *w, world_stage stage);
const char *world_money(lg_arena *arena, int64_t minor);

#endif
