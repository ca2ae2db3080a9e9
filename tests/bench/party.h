/* Those the load comes from: suppliers, core enterprises, lenders, and suppliers whose keys the registry
 * keeps. Keys and tokens follow from a seed, so that a registry of the generator's can be used later: ids and
 * a sample of what was registered are kept in a file beside it. */
#ifndef TESTS_BENCH_PARTY_H
#define TESTS_BENCH_PARTY_H

#include "ledger/base/arena.h"
#include "ledger/crypto/sign.h"

#include <stdbool.h>

typedef enum { PARTY_SUPPLIER, PARTY_CORE, PARTY_LENDER, PARTY_CUSTODIAN, PARTY_KINDS } party_kind;

typedef struct world_party {
    lg_signing_key *key; /* NULL: in the registry's custody */
    party_kind kind;
    unsigned number; /* among all, from 1; 0: the operator */
    char id[37];
    char token[48];
    char lei[21];
    char name[64];
} world_party;

/* A command before it is signed. */
typedef struct world_act {
    const world_party *by;
    const char *path;
    lg_bytes payload;
} world_act;

/* Key, token, identifier and name of party `number`, the `nth` of its kind (from 0). */
void party_make(world_party *party, party_kind kind, uint64_t seed, size_t nth, unsigned number);

void party_make_token(world_party *party, uint64_t seed, uint64_t number);

/* How each comes to be, signed by the operator; the answer has the party's id. */
world_act party_introduce(lg_arena *arena, const world_party *operator, const world_party * party);
world_act party_give_token(lg_arena *arena, const world_party *operator, const world_party * party);
/* A lender's: it fits every claim there will be, and buys it without recourse. */
world_act party_open_program(lg_arena *arena, const world_party *lender);

#endif
