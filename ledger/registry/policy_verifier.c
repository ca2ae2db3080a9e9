#include "ledger/registry/policy_verifier.h"

#include <ctype.h>
#include <string.h>

enum { WITHIN_SECONDS_MAX = 30 * 86400 };

static const char *const mode_names[] = {
    [LG_VERIFIER_UNSAID] = NULL,
    [LG_VERIFIER_OFF] = "off",
    [LG_VERIFIER_ADVISORY] = "advisory",
    [LG_VERIFIER_REQUIRED] = "required",
};

/* ---- asking ---- */

static bool amount_counts(const lg_verifier_policy *policy, lg_currency currency, int64_t gross_minor)
{
    for (size_t i = 0; i < policy->currency_count; i++)
        if (lg_currency_equal(policy->currencies[i].currency, currency))
            return gross_minor >= policy->currencies[i].from_minor;
    return policy->currency_count == 0;
}

static bool country_counts(const lg_verifier_policy *policy, const char *country)
{
    for (size_t i = 0; i < policy->country_count; i++)
        if (!country || strcmp(policy->countries[i], country) == 0)
            return true;
    return policy->country_count == 0;
}

bool lg_verifier_is_asked(const lg_verifier_policy *policy, lg_currency currency, int64_t gross_minor,
                          const char *seller_country)
{
    bool on = policy->mode == LG_VERIFIER_ADVISORY || policy->mode == LG_VERIFIER_REQUIRED;
    return on && amount_counts(policy, currency, gross_minor) && country_counts(policy, seller_country);
}

/* ---- text ---- */

void lg_verifier_policy_put(lg_buf *buf, const lg_verifier_policy *policy)
{
    if (policy->mode == LG_VERIFIER_UNSAID)
        return;
    lg_json_key(buf, "external_verifier");
    lg_json_open(buf);
    lg_json_key(buf, "countries");
    lg_json_list(buf);
    for (size_t i = 0; i < policy->country_count; i++)
        lg_json_str(buf, policy->countries[i]);
    lg_json_end(buf);
    lg_json_key(buf, "currencies");
    lg_json_list(buf);
    for (size_t i = 0; i < policy->currency_count; i++) {
        const lg_currency currency = policy->currencies[i].currency;
        lg_json_open(buf);
        lg_json_put_str(buf, "currency", currency.code);
        lg_json_put_str(buf, "from", lg_amount_format(policy->currencies[i].from_minor, currency).s);
        lg_json_close(buf);
    }
    lg_json_end(buf);
    lg_json_put_str(buf, "mode", mode_names[policy->mode]);
    lg_json_put_int(buf, "within_seconds", policy->within_seconds);
    lg_json_close(buf);
}

static void decode_mode(lg_decoder *decoder, lg_verifier_mode *out)
{
    const char *text = lg_decode_str(decoder, "mode", true, 16);
    for (int mode = LG_VERIFIER_OFF; text && mode <= LG_VERIFIER_REQUIRED; mode++)
        if (strcmp(text, mode_names[mode]) == 0)
            *out = (lg_verifier_mode)mode;
    if (text && *out == LG_VERIFIER_UNSAID)
        lg_fault_add(decoder->report, "unknown_value", lg_decode_pointer(decoder, "mode"),
                     "mode must be off, advisory or required.");
}

/* An optional list; NULL if it is absent or none. */
static const json_t *decode_list(lg_decoder *decoder, const char *name, size_t max)
{
    const json_t *list = lg_decode_value(decoder, name, false);
    if (!list || (json_is_array(list) && json_array_size(list) <= max))
        return list;
    lg_fault_add(decoder->report, "not_a_list", lg_decode_pointer(decoder, name),
                 "%s must be a list of at most %zu.", name, max);
    return NULL;
}

static void decode_currency_from(lg_decoder *parent, const json_t *item, size_t i, lg_verifier_policy *out)
{
    const char *pointer =
        lg_arena_printf(parent->report->arena, "%s/%zu", lg_decode_pointer(parent, "currencies"), i);
    lg_decoder d = lg_decode_object(item, pointer, parent->report);
    const char *code = lg_decode_str(&d, "currency", true, 8), *from = lg_decode_str(&d, "from", true, 32);
    lg_currency currency;
    int64_t minor = 0;
    lg_decode_finish(&d);
    if (!code || !from)
        return;
    if (!lg_currency_parse(code, &currency)) {
        lg_fault_add(d.report, "unknown_currency", lg_decode_pointer(&d, "currency"),
                     "currency must be an ISO 4217 code.");
        return;
    }
    if (lg_amount_parse(from, currency, &minor) != LG_AMOUNT_OK)
        lg_fault_add(d.report, "malformed_amount", lg_decode_pointer(&d, "from"),
                     "from must be a decimal string with exactly %d decimals.", lg_currency_scale(currency));
    for (size_t k = 0; k < out->currency_count; k++)
        if (lg_currency_equal(out->currencies[k].currency, currency))
            lg_fault_add(d.report, "duplicate", pointer, "%s is in the list already.", code);
    out->currencies[out->currency_count].currency = currency;
    out->currencies[out->currency_count++].from_minor = minor;
}

static void decode_country(lg_decoder *d, const json_t *item, size_t i, lg_verifier_policy *out)
{
    const char *text = json_string_value(item);
    if (!text || strlen(text) != 2 || !isupper((unsigned char)text[0]) || !isupper((unsigned char)text[1])) {
        lg_fault_add(d->report, "malformed_country",
                     lg_arena_printf(d->report->arena, "%s/%zu", lg_decode_pointer(d, "countries"), i),
                     "countries[%zu] must be two capital letters (ISO 3166-1).", i);
        return;
    }
    memcpy(out->countries[out->country_count++], text, 3);
}

void lg_verifier_policy_decode(lg_decoder *decoder, lg_verifier_policy *out)
{
    const json_t *value = lg_decode_value(decoder, "external_verifier", false), *item;
    size_t i;
    *out = (lg_verifier_policy){.mode = LG_VERIFIER_UNSAID};
    if (!value)
        return;
    lg_decoder d = lg_decode_object(value, lg_decode_pointer(decoder, "external_verifier"), decoder->report);
    decode_mode(&d, &out->mode);
    lg_decode_int(&d, "within_seconds", true, 1, WITHIN_SECONDS_MAX, &out->within_seconds);
    const json_t *currencies = decode_list(&d, "currencies", LG_VERIFIER_CURRENCIES_MAX);
    json_array_foreach(currencies, i, item) decode_currency_from(&d, item, i, out);
    const json_t *countries = decode_list(&d, "countries", LG_VERIFIER_COUNTRIES_MAX);
    json_array_foreach(countries, i, item) decode_country(&d, item, i, out);
    lg_decode_finish(&d);
}
