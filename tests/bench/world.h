/* The consortium that the load comes from, and what it has registered. */
#ifndef TESTS_BENCH_WORLD_H
#define TESTS_BENCH_WORLD_H

#include "ledger/base/buf.h"
#include "ledger/base/calendar.h"
#include "tests/bench/bench.h"
#include "tests/bench/party.h"

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
    STAGE_LEFT, /* as the generator left it: for reading only */
} world_stage;

typedef struct world_receivable {
    char id[37], claim[37];
    char deal[37];                   /* the lender's offer, then the financing */
    uint32_t supplier, core, lender; /* indexes of the parties */
    uint32_t holder, recipient;      /* suppliers: whose the claim is, and who is offered it */
    int64_t amount_minor;            /* what is owed on the claim */
    lg_day due;
    world_stage stage;
} world_receivable;

typedef struct world_size {
    size_t suppliers, cores, lenders, custodians;
} world_size;

typedef struct world {
    uint16_t port;
    uint64_t seed;
    char *origin, *dir;
    world_party operator, * parties;
    size_t party_count;
    world_party *suppliers, *cores, *lenders, *custodians; /* parts of parties */
    size_t supplier_count, core_count, lender_count, custodian_count;
    size_t lenders_asked;          /* requests go round so many of them */
    size_t requests;               /* made so far */
    world_receivable *receivables; /* in the order they were answered */
    size_t receivable_count, receivable_cap;
    uint32_t *registered; /* receivables of each supplier, those not kept here too */
    size_t kept;          /* so many receivables, the first, are a sample of all: those are read */
    uint64_t lives;       /* of the generator, which keeps the sample */
    uint64_t serial;      /* of invoices, jtis and bank references */
} world;

/* ---- setting up ---- */

/* What is done to each of `count` parties: its command, and where the id in the answer belongs (NULL: to
 * nothing). */
typedef struct world_step {
    const char *label;
    size_t count;
    world_act (*act)(world *w, lg_arena *arena, size_t index);
    char *(*id)(world *w, size_t index);
} world_step;
typedef void (*world_doer)(void *ctx, world *w, const world_step *step);

/* The parties of the registry in `dir`: those that the file beside it names, whatever the seed and size; else
 * new ones, introduced with the help of `doer`, and the file is written. */
void world_open(world *w, const char *dir, uint64_t seed, world_size size, world_doer doer, void *ctx);
/* Over HTTP; ctx is not used. */
void world_do_over_http(void *ctx, world *w, const world_step *step);
/* A token for the operator, of this run. */
void world_give_operator_token(world *w);
/* Keeps what a later run needs: parties and sample. in_use: acts are being done to the sample, and who opens
 * this file before it is saved again can only read it. */
void world_save(const world *w, bool in_use);
/* Numbers its commands from here on so that none was used in a ledger of so many entries. */
void world_number_behind(world *w, int64_t entries);
void world_close(world *w);

/* ---- commands ---- */

/* The signed JWS alone. */
const char *world_sign(world *w, lg_arena *arena, const world_act *act);
/* A whole HTTP request with the command, in the arena: signed, or, of a party in custody, plain with its
 * token. */
lg_bytes world_command(world *w, lg_arena *arena, world_act act);
/* The same without a body and signature; token NULL: none. */
lg_bytes world_get(const world *w, lg_buf *scratch, const char *token, const char *path);
/* One request on a connection of its own; ends the program unless accept takes the answer. */
void world_ask(world *w, const char *label, lg_bytes request, void *context,
               bool (*accept)(void *context, size_t index, const load_answer *answer));

/* ---- what is registered ---- */

typedef struct world_terms {
    int64_t amount_minor;
    lg_day issued, due;
} world_terms;
/* Of an invoice of today, never alike to an earlier one. */
world_terms world_next_terms(world *w);
/* The JSON of a new invoice from one to the other. */
lg_bytes world_invoice(world *w, lg_arena *arena, const world_party *supplier, const world_party *core,
                       const world_terms *terms);
/* A new row at STAGE_REGISTERED with what `like` says of parties and amount. */
void world_add_receivable(world *w, const char *id, const world_receivable *like);
/* Room for one more at the end, not counted yet. */
world_receivable *world_room(world *w);
/* How many, from the first, are chosen from for reading. */
size_t world_readable(const world *w);
size_t world_count(const world *w, world_stage stage);
const char *world_money(lg_arena *arena, int64_t minor);

#endif
