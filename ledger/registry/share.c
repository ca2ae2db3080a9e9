#include "ledger/registry/share.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static bool is_among(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool is_of_title(const char *name)
{
    static const char *const names[] = {"receivable_id", "claim_id", "origin",      "face_minor",
                                        "currency",      "due_date", "creditor_id", "debtor_id"};
    return is_among(names, sizeof names / sizeof *names, name);
}

static bool is_of_request(const char *name)
{
    static const char *const names[] = {"request_id", "currency"};
    return is_among(names, sizeof names / sizeof *names, name);
}

/* The number in part_<number>; 0: the fact is of no part. */
static long part_of(const char *name)
{
    static const char prefix[] = "part_";
    const size_t len = sizeof prefix - 1;
    if (strncmp(name, prefix, len) != 0 || !name[len] || name[len + strspn(name + len, "0123456789")])
        return 0;
    return strtol(name + len, NULL, 10);
}

bool lg_share_is_known(int64_t share)
{
    return (share >= LG_SHARE_REQUEST && share <= LG_SHARE_PARTS_MAX) ||
           (share > LG_SHARE_ALONE && share <= LG_SHARE_ALONE + LG_SHARE_PARTS_MAX);
}

lg_shares lg_shares_of(int share)
{
    lg_shares set = {0};
    lg_shares_add(&set, share);
    return set;
}

static bool raise(bool *flag)
{
    bool was = *flag;
    *flag = true;
    return !was;
}

bool lg_shares_add(lg_shares *shares, int share)
{
    if (shares->all)
        return false;
    if (share == LG_SHARE_ALL)
        return raise(&shares->all);
    /* The facts of title and request are of no part. */
    if (share == LG_SHARE_TITLE)
        return !shares->common && raise(&shares->title);
    if (share == LG_SHARE_REQUEST)
        return !shares->common && raise(&shares->request);
    const int part = share > LG_SHARE_ALONE ? share - LG_SHARE_ALONE : share;
    if (part < 1 || part >= 64 * (int)(sizeof shares->parts / sizeof *shares->parts))
        return false; /* no share that this program writes (lg_share_is_known) */
    const uint64_t bit = UINT64_C(1) << part % 64;
    bool more = !(shares->parts[part / 64] & bit);
    shares->parts[part / 64] |= bit;
    if (share < LG_SHARE_ALONE && raise(&shares->common))
        more = true;
    return more;
}

bool lg_shares_are_none(const lg_shares *shares)
{
    return !shares->all && !shares->common && !shares->title && !shares->request && !shares->parts[0] &&
           !shares->parts[1];
}

bool lg_shares_show(const lg_shares *shares, const char *fact_name)
{
    if (shares->all)
        return true;
    long part = part_of(fact_name);
    if (part > 0)
        return part <= LG_SHARE_PARTS_MAX && shares->parts[part / 64] >> part % 64 & 1u;
    return shares->common || (shares->title && is_of_title(fact_name)) ||
           (shares->request && is_of_request(fact_name));
}
