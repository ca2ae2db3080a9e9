/* What an advance on claims costs: exact integer arithmetic, so that lender, holder and auditor find the same
 * amounts. */
#ifndef LG_REGISTRY_INTEREST_H
#define LG_REGISTRY_INTEREST_H

#include "ledger/base/calendar.h"
#include "ledger/registry/money.h"

#define LG_PPM INT64_C(1000000)

typedef enum { LG_SALE, LG_PLEDGE, LG_FINANCING_KIND_COUNT } lg_financing_kind;
const char *lg_financing_kind_name(lg_financing_kind kind);
bool lg_financing_kind_parse(const char *text, lg_financing_kind *out) LG_MUST_CHECK;

/* What a lender asks. */
typedef struct lg_terms {
    lg_financing_kind kind;
    bool recourse;
    int64_t advance_rate_ppm;        /* of what is outstanding */
    int64_t annual_rate_ppm;         /* of the advance */
    int64_t day_count;               /* days of a year: 360 or 365 */
    int64_t disburse_within_minutes; /* from acceptance */
} lg_terms;
typedef struct lg_fee {
    int64_t fixed_minor;
    int64_t rate_ppm; /* of the advance */
} lg_fee;

/* One of the claims an advance is made on. */
typedef struct lg_priced {
    int64_t outstanding_minor;
    lg_day due_day;
    int64_t advance_minor; /* set by lg_price_terms */
} lg_priced;

typedef struct lg_price {
    int64_t advance_minor, interest_minor, fee_minor, net_minor;
} lg_price;

/* amount · rate / 1,000,000, rounded down. The amount is not negative, the rate not above LG_PPM. */
int64_t lg_part_floor(int64_t amount_minor, int64_t rate_ppm);
/* amount · rate · days / (1,000,000 · day_count), half to even; days below 0 count as 0. -1 if it exceeds
 * LG_AMOUNT_MAX. */
int64_t lg_interest(int64_t amount_minor, int64_t annual_rate_ppm, int64_t days, int64_t day_count);
/* Each claim's advance and the sums of all, for an offer made on `today`. False if nothing would be paid out
 * (net below 1), or an amount is beyond LG_AMOUNT_MAX. */
bool lg_price_terms(const lg_terms *terms, const lg_fee *fee, lg_day today, lg_priced *claims, size_t count,
                    lg_price *out) LG_MUST_CHECK;

#endif
