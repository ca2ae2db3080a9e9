/* The payloads of commands on programs, requests, offers and financings. */
#include "ledger/registry/financing.h"

enum { AMOUNT_TEXT_MAX = 32 };

static const char *member(const lg_decoder *d, const char *name)
{
    return lg_decode_pointer(d, name);
}

/* A list of different UUIDs, as values of `size` bytes that hold nothing else (lg_claim_id, …). */
static void *decode_ids(lg_decoder *d, const char *name, bool required, size_t min, size_t max, size_t *count)
{
    const json_t *list = lg_decode_value(d, name, required), *item;
    size_t i;
    *count = 0;
    if (!list)
        return NULL;
    if (!json_is_array(list) || json_array_size(list) < min || json_array_size(list) > max) {
        lg_fault_add(d->report, "not_a_list", member(d, name), "%s must be a list of %zu to %zu ids.", name,
                     min, max);
        return NULL;
    }
    lg_uuid *ids = lg_arena_array(d->report->arena, json_array_size(list) + 1, sizeof *ids);
    json_array_foreach(list, i, item)
    {
        const char *pointer = lg_arena_printf(d->report->arena, "%s/%zu", member(d, name), i);
        bool again = false;
        if (!json_is_string(item) || !lg_uuid_parse(json_string_value(item), &ids[*count])) {
            lg_fault_add(d->report, "malformed_id", pointer, "%s[%zu] must be a UUID.", name, i);
            continue;
        }
        for (size_t k = 0; k < *count; k++)
            again = again || lg_uuid_equal(ids[k], ids[*count]);
        if (again)
            lg_fault_add(d->report, "duplicate", pointer, "%s[%zu] is in the list already.", name, i);
        ++*count;
    }
    return ids;
}

static bool decode_amount(lg_decoder *d, const char *name, bool required, const lg_currency *currency,
                          int64_t min, int64_t *out)
{
    const char *text = lg_decode_str(d, name, required, AMOUNT_TEXT_MAX);
    if (!text || !currency)
        return false;
    if (lg_amount_parse(text, *currency, out) != LG_AMOUNT_OK)
        lg_fault_add(d->report, "malformed_amount", member(d, name),
                     "%s must be a decimal string with exactly %d decimals.", name,
                     lg_currency_scale(*currency));
    else if (*out < min)
        lg_fault_add(d->report, "out_of_range", member(d, name), "%s must be above zero.", name);
    else
        return true;
    return false;
}

static bool decode_kind(lg_decoder *d, bool required, lg_financing_kind *out)
{
    const char *text = lg_decode_str(d, "kind", required, 16);
    if (!text)
        return false;
    if (!lg_financing_kind_parse(text, out)) {
        lg_fault_add(d->report, "unknown_value", member(d, "kind"), "kind must be sale or pledge.");
        return false;
    }
    return true;
}

/* What programs and offers have in common. */
static void decode_terms(lg_decoder *d, lg_financing_payload *out)
{
    lg_terms *terms = &out->terms;
    decode_kind(d, true, &terms->kind);
    lg_decode_bool(d, "recourse", true, &terms->recourse);
    lg_decode_int(d, "advance_rate_ppm", true, 1, LG_PPM, &terms->advance_rate_ppm);
    lg_decode_int(d, "annual_rate_ppm", true, 0, LG_PPM, &terms->annual_rate_ppm);
    lg_decode_int(d, "fee_rate_ppm", false, 0, LG_PPM, &out->fee.rate_ppm);
    if (lg_decode_int(d, "day_count", true, 1, INT32_MAX, &terms->day_count) && terms->day_count != 360 &&
        terms->day_count != 365)
        lg_fault_add(d->report, "out_of_range", member(d, "day_count"), "day_count must be 360 or 365.");
}

static void decode_program(lg_decoder *d, lg_command *c, lg_financing_payload *out)
{
    c->name = lg_decode_str(d, "name", true, LG_NAME_MAX);
    const lg_currency *currency = lg_decode_currency(d, "currency", true, &c->currency) ? &c->currency : NULL;
    out->debtors = decode_ids(d, "debtors", true, 0, LG_PROGRAM_DEBTORS_MAX, &out->debtor_count);
    decode_terms(d, out);
    decode_amount(d, "fee_amount", false, currency, 0, &out->fee.fixed_minor);
    lg_decode_int(d, "tenor_min_days", false, 0, LG_TENOR_DAYS_MAX, &out->tenor_min_days);
    if (lg_decode_int(d, "tenor_max_days", true, 0, LG_TENOR_DAYS_MAX, &out->tenor_max_days) &&
        out->tenor_max_days < out->tenor_min_days)
        lg_fault_add(d->report, "out_of_range", member(d, "tenor_max_days"),
                     "tenor_max_days must not be below tenor_min_days.");
    bool has_min = decode_amount(d, "amount_min", true, currency, 0, &out->amount_min_minor);
    if (decode_amount(d, "amount_max", true, currency, 1, &out->amount_max_minor) && has_min &&
        out->amount_max_minor < out->amount_min_minor)
        lg_fault_add(d->report, "out_of_range", member(d, "amount_max"),
                     "amount_max must not be below amount_min.");
    decode_amount(d, "total_limit", true, currency, 1, &out->total_limit_minor);
    decode_amount(d, "debtor_limit", false, currency, 1, &out->debtor_limit_minor);
    lg_decode_time(d, "valid_until", true, &c->valid_until);
    out->offer_valid_minutes = out->terms.disburse_within_minutes = LG_OFFER_MINUTES_DEFAULT;
    lg_decode_int(d, "offer_valid_minutes", false, 1, LG_OFFER_MINUTES_MAX, &out->offer_valid_minutes);
    lg_decode_int(d, "disburse_within_minutes", false, 1, LG_OFFER_MINUTES_MAX,
                  &out->terms.disburse_within_minutes);
}

static void decode_request(lg_decoder *d, lg_command *c, lg_financing_payload *out)
{
    lg_financing_kind kind;
    bool recourse;
    out->claims = decode_ids(d, "claims", true, 1, LG_REQUEST_CLAIMS_MAX, &out->claim_count);
    out->lenders = decode_ids(d, "lenders", false, 1, LG_REQUEST_LENDERS_MAX, &out->lender_count);
    out->kind = decode_kind(d, false, &kind) ? (int)kind : LG_EITHER;
    out->recourse = lg_decode_bool(d, "recourse", false, &recourse) ? recourse : LG_EITHER;
    out->pay_to = lg_decode_str(d, "pay_to", true, LG_NAME_MAX);
    out->fields = lg_decode_fields(d, "fields");
    lg_decode_time(d, "valid_until", false, &c->valid_until);
    c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
}

static void decode_offer(lg_decoder *d, lg_command *c, lg_financing_payload *out)
{
    lg_decode_uuid(d, "request", true, &out->request.uuid);
    decode_terms(d, out);
    out->fee_text = lg_decode_str(d, "fee_amount", false, AMOUNT_TEXT_MAX);
    lg_decode_time(d, "valid_until", true, &c->valid_until);
    lg_decode_int(d, "disburse_within_minutes", true, 1, LG_OFFER_MINUTES_MAX,
                  &out->terms.disburse_within_minutes);
}

void lg_decode_financing_command(lg_decoder *d, lg_command *c)
{
    lg_financing_payload *out = lg_arena_alloc(d->report->arena, sizeof *out);
    c->financing = out;
    switch ((int)c->type) {
    case LG_CMD_PROGRAM_OPEN:
        decode_program(d, c, out);
        break;
    case LG_CMD_FINANCING_REQUEST:
        decode_request(d, c, out);
        break;
    case LG_CMD_OFFER_MAKE:
        decode_offer(d, c, out);
        break;
    case LG_CMD_FINANCING_DISBURSE:
        out->bank_reference = lg_decode_str(d, "bank_reference", true, LG_BANK_REFERENCE_MAX);
        out->registration_number = lg_decode_str(d, "registration_number", false, LG_BANK_REFERENCE_MAX);
        break;
    case LG_CMD_FINANCING_REGISTER:
        out->registration_number = lg_decode_str(d, "registration_number", true, LG_BANK_REFERENCE_MAX);
        break;
    case LG_CMD_FINANCING_RECOURSE:
        c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
        break;
    case LG_CMD_FINANCING_REPURCHASE:
        out->bank_reference = lg_decode_str(d, "bank_reference", true, LG_BANK_REFERENCE_MAX);
        break;
    }
}
