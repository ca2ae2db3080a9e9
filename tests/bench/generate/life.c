#include "tests/bench/generate/life.h"

#include "ledger/registry/financing.h"
#include "ledger/store/financing_rows.h"
#include "ledger/store/payment_rows.h"
#include "tests/bench/command.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOPS_MAX = 8, /* the policy allows 10 */
    SPLITS_MAX = 4,
    OWED_MIN_MINOR = 10000,   /* less is not divided any more */
    AMOUNT_STEP_MINOR = 10,   /* see world_next_terms */
    AMOUNT_MIN_STEPS = 50000, /* 5,000.00, and as many decades above it: */
    AMOUNT_DECADES = 4,
    PERMILLE = 1000,
};

static const double ZIPF_DEBTORS = 1.0, ZIPF_SUPPLIERS = 1.0;

struct life_chances {
    double *cores, *suppliers; /* sums of weights up to and including each rank */
    size_t core_count, supplier_count;
};

const char *life_step_name(life_step step)
{
    static const char *const names[] = {"register",     "confirm",    "decline", "split",  "offer",
                                        "offer a part", "take",       "request", "accept", "disburse",
                                        "pay",          "pay a part", "over"};
    return names[step];
}

/* ---- chance ---- */

static double *zipf(size_t count, double exponent)
{
    double *sums = calloc(count, sizeof *sums), sum = 0;
    if (!sums)
        bench_fail("out of memory");
    for (size_t i = 0; i < count; i++)
        sums[i] = sum += 1 / pow((double)(i + 1), exponent);
    return sums;
}

life_chances *life_chances_open(const world *w)
{
    life_chances *chances = calloc(1, sizeof *chances);
    if (!chances)
        bench_fail("out of memory");
    *chances = (life_chances){.cores = zipf(w->core_count, ZIPF_DEBTORS),
                              .suppliers = zipf(w->supplier_count, ZIPF_SUPPLIERS),
                              .core_count = w->core_count,
                              .supplier_count = w->supplier_count};
    return chances;
}

void life_chances_close(life_chances *chances)
{
    free(chances->cores);
    free(chances->suppliers);
    free(chances);
}

/* Even in [0, 1). */
static double fraction(uint64_t *random)
{
    return (double)(bench_next(random) >> 11) * 0x1p-53;
}

static uint64_t below(uint64_t *random, uint64_t n)
{
    return bench_next(random) % n;
}

static size_t draw(const double *sums, size_t count, uint64_t *random)
{
    double at = fraction(random) * sums[count - 1];
    size_t low = 0, high = count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sums[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Each of the steps has a share of a thousand; what is left of the thousand: over. */
typedef struct chance {
    life_step step;
    unsigned permille;
} chance;

static life_step choose(const chance *chances, size_t count, uint64_t *random)
{
    uint64_t at = below(random, PERMILLE);
    for (size_t i = 0; i < count; i++) {
        if (at < chances[i].permille)
            return chances[i].step;
        at -= chances[i].permille;
    }
    return LIFE_OVER;
}
#define CHOOSE(table, random) choose(table, sizeof(table) / sizeof *(table), random)

/* ---- what is next ---- */

static life_step next_when_free(const life *l, uint64_t *random)
{
    static const chance free_chances[] = {{LIFE_SPLIT, 110},   {LIFE_OFFER, 130}, {LIFE_OFFER_PART, 110},
                                          {LIFE_REQUEST, 230}, {LIFE_PAY, 170},   {LIFE_PAY_PART, 60}};
    life_step step = CHOOSE(free_chances, random);
    bool divides = step == LIFE_SPLIT || step == LIFE_OFFER_PART || step == LIFE_PAY_PART;
    bool moves = step == LIFE_OFFER || step == LIFE_OFFER_PART;
    if ((divides && l->r.amount_minor < OWED_MIN_MINOR) || (moves && l->hops >= HOPS_MAX) ||
        (step != LIFE_PAY_PART && divides && l->splits >= SPLITS_MAX))
        return LIFE_OVER;
    return step;
}

static void begin(life *l, const life_chances *chances, uint64_t *random)
{
    *l = (life){0};
    size_t core = draw(chances->cores, chances->core_count, random);
    /* Not every debtor has the same main suppliers. */
    size_t rank = draw(chances->suppliers, chances->supplier_count, random);
    l->r.core = (uint32_t)core;
    l->r.supplier = l->r.holder = (uint32_t)((rank + core % 3 * 7) % chances->supplier_count);
}

life_step life_next(life *l, const life_chances *chances, uint64_t *random)
{
    static const chance registered[] = {{LIFE_CONFIRM, 950}, {LIFE_DECLINE, 20}};
    static const chance offered[] = {{LIFE_TAKE, 940}}, requested[] = {{LIFE_ACCEPT, 900}};
    static const chance accepted[] = {{LIFE_DISBURSE, 960}};
    static const chance disbursed[] = {{LIFE_PAY, 450}, {LIFE_PAY_PART, 120}};
    switch (l->r.stage) {
    case STAGE_NONE:
        begin(l, chances, random);
        return LIFE_REGISTER;
    case STAGE_REGISTERED:
        return CHOOSE(registered, random);
    case STAGE_CONFIRMED:
    case STAGE_SPLIT:
    case STAGE_TRANSFERRED:
        return next_when_free(l, random);
    case STAGE_OFFERED:
        return CHOOSE(offered, random);
    case STAGE_REQUESTED:
        return CHOOSE(requested, random);
    case STAGE_ACCEPTED:
        return CHOOSE(accepted, random);
    case STAGE_DISBURSED:
        return l->r.amount_minor < OWED_MIN_MINOR ? LIFE_PAY : CHOOSE(disbursed, random);
    case STAGE_PAID:
    case STAGE_BUSY:
    case STAGE_LEFT:
        break;
    }
    return LIFE_OVER;
}

/* ---- how it is done ---- */

/* Amounts are even in their logarithm. Invoices were issued at any time within their tenor and fall due from
 * tomorrow on; a few fell due yesterday and can be registered but not confirmed, a few fall due today. */
static world_terms terms(uint64_t *random)
{
    static const int tenors[] = {30, 45, 60, 60, 90, 90, 90, 120, 180, 180};
    const int tenor = tenors[below(random, sizeof tenors / sizeof *tenors)];
    const lg_day today = lg_day_of(lg_now());
    const uint64_t rare = below(random, PERMILLE);
    const int left = rare == 0 ? -1 : rare == 1 ? 0 : 1 + (int)below(random, (uint64_t)tenor - 1);
    const double scale = pow(10, fraction(random) * AMOUNT_DECADES);
    return (world_terms){.amount_minor = (int64_t)(AMOUNT_MIN_STEPS * scale) * AMOUNT_STEP_MINOR,
                         .issued = today + left - tenor,
                         .due = today + left};
}

/* A third to two thirds of what is owed. */
static int64_t some_of(const life *l, uint64_t *random)
{
    int64_t third = l->r.amount_minor / 3;
    return third + (int64_t)below(random, (uint64_t)third);
}

world_act life_act(life *l, world *w, lg_arena *arena, uint64_t *random)
{
    world_terms invoice;
    switch (l->step) {
    case LIFE_REGISTER:
        invoice = terms(random);
        return command_register_on(w, arena, &l->r, &w->suppliers[l->r.supplier], &invoice);
    case LIFE_CONFIRM:
        return command_confirm(w, arena, &l->r);
    case LIFE_DECLINE:
        return command_decline(w, arena, &l->r);
    case LIFE_SPLIT:
        return command_split(w, arena, &l->r);
    case LIFE_OFFER:
    case LIFE_OFFER_PART:
        l->r.recipient = (uint32_t)((l->r.holder + 1 + below(random, 16)) % w->supplier_count);
        return l->step == LIFE_OFFER ? command_transfer(w, arena, &l->r)
                                     : command_transfer_part(w, arena, &l->r, some_of(l, random));
    case LIFE_TAKE:
        return command_take(w, arena, &l->r);
    case LIFE_REQUEST:
        return command_request(w, arena, &l->r);
    case LIFE_ACCEPT:
        return command_accept(w, arena, &l->r);
    case LIFE_DISBURSE:
        return command_disburse(w, arena, &l->r);
    case LIFE_PAY:
        return command_pay(w, arena, &l->r);
    case LIFE_PAY_PART:
        return command_pay_part(w, arena, &l->r, some_of(l, random));
    case LIFE_OVER:
        break;
    }
    bench_fail("a life that is over does nothing");
}

/* ---- what came of it ---- */

static void put_id(char out[37], lg_uuid id)
{
    memcpy(out, lg_uuid_format(id).s, sizeof(lg_uuid_text));
}

static void follow(life *l, const lg_claim *claim)
{
    put_id(l->r.claim, claim->id.uuid);
    l->r.amount_minor = claim->outstanding_minor;
}

/* Of the claims that a split opened any, of those of a transfer the one that was offered. */
static bool follow_part(life *l, const lg_result *result, uint64_t *random)
{
    if (result->claim_count == 0)
        return false;
    size_t at = below(random, result->claim_count);
    for (size_t i = 0; i < result->claim_count && l->step == LIFE_OFFER_PART; i++)
        if (result->claims[i].encumbrance == LG_OFFERED)
            at = i;
    follow(l, &result->claims[at]);
    l->splits++;
    return true;
}

/* What is paid on one claim of a split is shared out among all of them: how much of it this one got is not in
 * the result. */
static bool took_payment(life *l, const lg_result *result)
{
    if (l->step == LIFE_PAY || l->splits > 0 || !result->payment) {
        l->r.stage = STAGE_PAID;
        return false;
    }
    l->r.amount_minor -= result->payment->amount_minor;
    return true;
}

bool life_took(life *l, const lg_result *result, uint64_t *random)
{
    switch (l->step) {
    case LIFE_REGISTER:
        put_id(l->r.id, result->receivable.id.uuid);
        l->r.stage = STAGE_REGISTERED;
        return result->receivable.life == LG_LIFE_REGISTERED;
    case LIFE_CONFIRM:
        follow(l, &result->claim);
        l->r.stage = STAGE_CONFIRMED;
        return true;
    case LIFE_SPLIT:
        l->r.stage = STAGE_SPLIT;
        return follow_part(l, result, random);
    case LIFE_OFFER:
        l->r.stage = STAGE_OFFERED;
        return true;
    case LIFE_OFFER_PART:
        l->r.stage = STAGE_OFFERED;
        return follow_part(l, result, random);
    case LIFE_TAKE:
        l->r.holder = l->r.recipient;
        l->hops++;
        l->r.stage = STAGE_TRANSFERRED;
        return true;
    case LIFE_REQUEST:
        l->r.stage = STAGE_REQUESTED;
        if (result->offer_count > 0)
            put_id(l->r.deal, result->offers[0].id.uuid);
        return result->offer_count > 0;
    case LIFE_ACCEPT:
        l->r.stage = STAGE_ACCEPTED;
        if (result->financing)
            put_id(l->r.deal, result->financing->id.uuid);
        return result->financing != NULL;
    case LIFE_DISBURSE:
        l->r.stage = STAGE_DISBURSED;
        return true;
    case LIFE_PAY:
    case LIFE_PAY_PART:
        return took_payment(l, result);
    case LIFE_DECLINE:
    case LIFE_OVER:
        break;
    }
    return false;
}
