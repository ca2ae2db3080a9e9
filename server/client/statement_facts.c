#include "server/client/statement_facts.h"

#include "ledger/log/entry.h"
#include "ledger/registry/money.h"
#include "server/client/http.h"
#include "server/client/receipt.h"
#include "server/client/statement.h"

#include <inttypes.h>
#include <string.h>

/* The value of a fact; NULL if it is not among them. The caller's (json_decref). */
static json_t *fact_value(const checked_receipt *entry, const char *name)
{
    for (size_t i = 0; i < entry->fact_count; i++)
        if (strcmp(entry->facts[i].name, name) == 0)
            return json_loads(entry->facts[i].value, JSON_DECODE_ANY, NULL);
    return NULL;
}

static bool fact_number(const checked_receipt *entry, const char *name, int64_t *out)
{
    json_t *value = fact_value(entry, name);
    const bool found = json_is_integer(value);
    *out = json_integer_value(value);
    json_decref(value);
    return found;
}

/* The amount in the fact part_<n> that is of the claim: [claim, participant or null, amount]. */
static bool part_number(const checked_receipt *entry, const char *claim, int64_t *out)
{
    bool found = false;
    for (size_t i = 0; i < entry->fact_count && !found; i++) {
        if (strncmp(entry->facts[i].name, "part_", 5) != 0)
            continue;
        json_t *part = json_loads(entry->facts[i].value, 0, NULL);
        const char *of = json_string_value(json_array_get(part, 0));
        found = of && claim && strcmp(of, claim) == 0 && json_is_integer(json_array_get(part, 2));
        *out = json_integer_value(json_array_get(part, 2));
        json_decref(part);
    }
    return found;
}

/* What the entry itself says that this movement comes to; false if it says nothing of that. */
static bool stated_amount(const checked_receipt *entry, const json_t *movement, int64_t *out)
{
    const char *type = entry->entry.type, *account = json_string_value(json_object_get(movement, "account"));
    const bool of_claims = account && strncmp(account, "claims_", 7) == 0;
    const bool comes = json_integer_value(json_object_get(movement, "items")) > 0;
    const char *claim = json_string_value(json_object_get(movement, "claim"));
    if (strcmp(type, "receivable.registered") == 0)
        return fact_number(entry, "amount_minor", out);
    if (strcmp(type, "claim.accepted") == 0)
        return of_claims && fact_number(entry, "face_minor", out);
    if (strcmp(type, "claim.split") == 0 || strcmp(type, "claim.transfer_offered") == 0)
        return comes && part_number(entry, claim, out);
    const bool found = strcmp(type, "payment.recorded") == 0 ? of_claims && part_number(entry, claim, out)
                       : strcmp(type, "claim.diluted") == 0
                           ? of_claims && fact_number(entry, "amount_minor", out)
                           : false;
    *out = found ? -*out : 0;
    return found;
}

static client_exit movements_hold(client *c, const checked_receipt *entry, const json_t *item,
                                  facts_count *count)
{
    size_t i;
    json_t *movement;
    json_array_foreach(json_object_get(item, "movements"), i, movement)
    {
        int64_t stated, shown;
        lg_currency currency;
        const char *code = json_string_value(json_object_get(movement, "currency"));
        const char *amount = json_string_value(json_object_get(movement, "amount"));
        count->movements++;
        if (!stated_amount(entry, movement, &stated))
            continue;
        json_t *said = fact_value(entry, "currency");
        const bool same_currency =
            !said || (code && json_is_string(said) && strcmp(json_string_value(said), code) == 0);
        json_decref(said);
        if (!code || !amount || !same_currency || !lg_currency_parse(code, &currency) ||
            !client_minor_parse(amount, currency, &shown) || shown != stated)
            return client_fail(c, CLIENT_UNVERIFIED,
                               "The statement moves another amount by entry %" PRId64
                               " than the entry's facts say.",
                               entry->entry.seq);
        count->stated++;
    }
    return CLIENT_OK;
}

client_exit client_facts_hold(client *c, lg_arena *arena, const json_t *item, facts_count *count)
{
    json_t *shown = NULL;
    checked_receipt entry = {.signature_checked = false};
    const lg_bytes text = lg_bytes_str(json_string_value(json_object_get(item, "entry")));
    const int64_t seq = json_integer_value(json_object_get(item, "seq"));
    if (json_array_size(json_object_get(item, "movements")) == 0)
        return CLIENT_OK;
    client_exit code = client_get_json(c, arena, lg_arena_printf(arena, "/v1/entries/%" PRId64, seq), &shown);
    if (code == CLIENT_OK && lg_entry_parse(arena, text, &entry.entry, &c->report) != LG_OK)
        code = client_fail_report(c, CLIENT_UNVERIFIED, "The entry is not one of a ledger");
    if (code == CLIENT_OK)
        code = client_disclosures_check(c, arena, json_object_get(shown, "disclosures"), &entry);
    if (code == CLIENT_OK)
        code = movements_hold(c, &entry, item, count);
    json_decref(shown);
    return code;
}
