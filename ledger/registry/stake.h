/* What an act puts at stake: the money its event commits the signer to, or disposes of. */
#ifndef LG_REGISTRY_STAKE_H
#define LG_REGISTRY_STAKE_H

#include "ledger/registry/internal.h"

typedef struct lg_stake {
    lg_currency currency;
    int64_t amount_minor; /* 0: nothing */
    const char *pointer;  /* the member of the payload that says it; "": the thing that the path names does */
} lg_stake;

/* Before the event is projected. The table in ledger/README.md says the same for people. */
lg_err lg_stake_of(lg_act *act, const lg_event *event, lg_stake *out) LG_MUST_CHECK;

#endif
