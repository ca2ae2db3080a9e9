/* How much of an entry's facts a party to it may read. */
#ifndef LG_REGISTRY_SHARE_H
#define LG_REGISTRY_SHARE_H

#include "ledger/base/uuid.h"

#include <stdbool.h>
#include <stdint.h>

/* A share k from 1 to LG_SHARE_PARTS_MAX is that of the k-th part of what was divided: every fact but those
 * of the other parts. LG_SHARE_ALONE + k is that part and nothing beside it. */
enum {
    LG_SHARE_ALL = 0,
    LG_SHARE_PARTS_MAX = LG_ROW_INDEX_MAX,
    LG_SHARE_ALONE = LG_SHARE_PARTS_MAX + 1,
    LG_SHARE_TITLE = -1,  /* what a later holder needs to prove its title: no invoice, nobody else's terms */
    LG_SHARE_REQUEST = -2 /* which financing request it is about, and its currency: for the lenders asked, and
                             for a seller whose financing ends or revives with the entry */
};

bool lg_share_is_known(int64_t share);

/* What a party to an entry may read of it: whatever one of its shares shows. All zero: nothing, it is no
 * party. */
typedef struct lg_shares {
    bool all, common, title, request; /* common: the facts that are of no part */
    uint64_t parts[2];                /* bit k: part k */
} lg_shares;

lg_shares lg_shares_of(int share); /* a known one alone */
/* Adds a known share. True if the set shows more now than before. */
bool lg_shares_add(lg_shares *shares, int share);
bool lg_shares_are_none(const lg_shares *shares);
/* Is the fact of this name shown? */
bool lg_shares_show(const lg_shares *shares, const char *fact_name);

#endif
