#include "ledger/registry/interest.h"

#include <string.h>

static const char *const kind_names[LG_FINANCING_KIND_COUNT] = {[LG_SALE] = "sale", [LG_PLEDGE] = "pledge"};

const char *lg_financing_kind_name(lg_financing_kind kind)
{
    return (unsigned)kind < LG_FINANCING_KIND_COUNT ? kind_names[kind] : "unknown";
}

bool lg_financing_kind_parse(const char *text, lg_financing_kind *out)
{
    for (int i = 0; text && i < LG_FINANCING_KIND_COUNT; i++) {
        if (strcmp(kind_names[i], text) == 0) {
            *out = (lg_financing_kind)i;
            return true;
        }
    }
    return false;
}

/* Products of an amount (53 bits), a rate (20) and days (up to 31) need more than 64 bits. */
__extension__ typedef __int128 wide;

static int64_t divide_half_even(wide numerator, wide denominator)
{
    wide whole = numerator / denominator, rest = numerator % denominator;
    if (2 * rest > denominator || (2 * rest == denominator && whole % 2 == 1))
        whole++;
    return whole > LG_AMOUNT_MAX ? -1 : (int64_t)whole;
}

int64_t lg_part_floor(int64_t amount_minor, int64_t rate_ppm)
{
    return (int64_t)((wide)amount_minor * rate_ppm / LG_PPM);
}

int64_t lg_interest(int64_t amount_minor, int64_t annual_rate_ppm, int64_t days, int64_t day_count)
{
    if (days <= 0)
        return 0;
    return divide_half_even((wide)amount_minor * annual_rate_ppm * days, (wide)LG_PPM * day_count);
}

bool lg_price_terms(const lg_terms *terms, const lg_fee *fee, lg_day today, lg_priced *claims, size_t count,
                    lg_price *out)
{
    *out = (lg_price){0};
    for (size_t i = 0; i < count; i++) {
        lg_priced *claim = &claims[i];
        claim->advance_minor = lg_part_floor(claim->outstanding_minor, terms->advance_rate_ppm);
        int64_t interest = lg_interest(claim->advance_minor, terms->annual_rate_ppm,
                                       (int64_t)claim->due_day - today, terms->day_count);
        if (interest < 0 || !lg_amount_add(out->advance_minor, claim->advance_minor, &out->advance_minor) ||
            !lg_amount_add(out->interest_minor, interest, &out->interest_minor))
            return false;
    }
    int64_t share = divide_half_even((wide)out->advance_minor * fee->rate_ppm, LG_PPM);
    if (share < 0 || !lg_amount_add(fee->fixed_minor, share, &out->fee_minor))
        return false;
    return lg_amount_sub(out->advance_minor, out->interest_minor, &out->net_minor) &&
           lg_amount_sub(out->net_minor, out->fee_minor, &out->net_minor) && out->net_minor > 0;
}
