/* The columns in which people see lists. */
#include "server/client/listing.h"

#include "ledger/base/calendar.h"
#include "server/client/describe.h"

#include <string.h>

enum { INDENT_MAX = 12 }; /* levels of a tree */

static const client_listing kinds[] = {
    {"receivables",
     "/v1/receivables",
     {{"ID", "id", 0},
      {"LIFE", "life", CELL_STATE},
      {"INVOICE", "invoice.number", 0},
      {">AMOUNT", "amount", 0},
      {"CUR", "currency", 0},
      {"DUE", "due_date", 0},
      {"CREDITOR", "creditor", CELL_NAME},
      {"DEBTOR", "debtor", CELL_NAME}}},
    {"claims",
     "/v1/claims",
     {{"ID", "id", 0},
      {"LIFE", "life", CELL_STATE},
      {"ENCUMBRANCE", "encumbrance", CELL_STATE},
      {"LOCKS", "locks", CELL_LIST},
      {">OUTSTANDING", "outstanding_amount", 0},
      {"CUR", "currency", 0},
      {"DUE", "due_date", 0},
      {"HOLDER", "holder", CELL_NAME},
      {"DEBTOR", "debtor", CELL_NAME},
      {">HOP", "hop", 0}}},
    {"children",
     NULL,
     {{"CLAIM", "id", 0},
      {">AMOUNT", "outstanding_amount", 0},
      {"CUR", "currency", 0},
      {"ENCUMBRANCE", "encumbrance", CELL_STATE},
      {"HOLDER", "holder", CELL_NAME},
      {"OFFERED TO", "offered_to", CELL_NAME}}},
    {"totals",
     "/v1/claims/totals",
     {{"CUR", "currency", 0},
      {">CLAIMS", "count", 0},
      {">FACE", "face_amount", 0},
      {">OUTSTANDING", "outstanding_amount", 0}}},
    {"grants",
     "/v1/grants",
     {{"ID", "id", 0},
      {"STATUS", "status", CELL_STATE},
      {"CLAIM", "claim", 0},
      {"BY", "grantor", CELL_NAME},
      {"TO", "participant", CELL_NAME},
      {"FIELDS", "fields", CELL_LIST},
      {"UNTIL", "valid_until", CELL_TIME}}},
    {"programs",
     "/v1/programs",
     {{"ID", "id", 0},
      {"STATUS", "status", CELL_STATE},
      {"NAME", "name", 0},
      {"LENDER", "lender", CELL_NAME},
      {"KIND", "kind", 0},
      {"RECOURSE", "recourse", CELL_YES_NO},
      {">ADVANCE", "advance_rate_ppm", CELL_RATE},
      {">A YEAR", "annual_rate_ppm", CELL_RATE},
      {">LIMIT", "total_limit", 0},
      {">DRAWN", "drawn_amount", 0},
      {"CUR", "currency", 0},
      {"UNTIL", "valid_until", CELL_TIME}}},
    {"requests",
     "/v1/financing_requests",
     {{"ID", "id", 0},
      {"STATUS", "status", CELL_STATE},
      {"HOLDER", "holder", CELL_NAME},
      {">CLAIMS", "claims", CELL_COUNT},
      {">TOTAL", "total_amount", 0},
      {"CUR", "currency", 0},
      {"KIND", "kind", 0},
      {">OFFERS", "offers", CELL_COUNT},
      {"UNTIL", "valid_until", CELL_TIME}}},
    {"offers",
     "/v1/offers",
     {{"ID", "id", 0},
      {"STATUS", "status", CELL_STATE},
      {"LENDER", "lender", CELL_NAME},
      {"KIND", "kind", 0},
      {"RECOURSE", "recourse", CELL_YES_NO},
      {">ADVANCE", "advance_amount", 0},
      {">INTEREST", "interest_amount", 0},
      {">FEE", "fee_amount", 0},
      {">NET", "net_amount", 0},
      {"CUR", "currency", 0},
      {">A YEAR", "annual_rate_ppm", CELL_RATE},
      {"UNTIL", "valid_until", CELL_TIME}}},
    {"financings",
     "/v1/financings",
     {{"ID", "id", 0},
      {"STATUS", "status", CELL_STATE},
      {"LENDER", "lender", CELL_NAME},
      {"SELLER", "seller", CELL_NAME},
      {"KIND", "kind", 0},
      {"RECOURSE", "recourse", CELL_YES_NO},
      {">ADVANCE", "advance_amount", 0},
      {">NET", "net_amount", 0},
      {"CUR", "currency", 0},
      {"DISBURSE BY", "instruction.disburse_by", CELL_TIME},
      {"BANK REFERENCE", "bank_reference", 0}}},
    {"payments",
     "/v1/payments",
     {{"ID", "id", 0},
      {"STATUS", "status", CELL_STATE},
      {">AMOUNT", "amount", 0},
      {">EXCESS", "excess_amount", 0},
      {"CUR", "currency", 0},
      {"PAID ON", "paid_on", 0},
      {"DEBTOR", "debtor", CELL_NAME},
      {"BANK REFERENCE", "bank_reference", 0}}},
    {"proposals",
     "/v1/proposals",
     {{"ID", "id", 0},
      {"STATUS", "status", CELL_STATE},
      {"KIND", "kind", 0},
      {"CLAIM", "claim", 0},
      {">AMOUNT", "amount", 0},
      {"CUR", "currency", 0},
      {"BY", "proposed_by", CELL_NAME},
      {"UNTIL", "expires_at", CELL_TIME}}},
    {"approvals",
     "/v1/approvals",
     {{"ID", "id", 0},
      {"STATUS", "status", CELL_STATE},
      {"KIND", "kind", 0},
      {"RECEIVABLE", "receivable", 0},
      {">AMOUNT", "amount", 0},
      {"CUR", "currency", 0},
      {"SAID BY", "first.label", 0},
      {"AND BY", "second.label", 0},
      {"UNTIL", "expires_at", CELL_TIME}}},
    {"webhooks",
     "/v1/webhooks",
     {{"ID", "id", 0},
      {"STATUS", "status", CELL_STATE},
      {"URL", "url", 0},
      {"EVENTS", "events", CELL_LIST},
      {">PENDING", "pending", 0},
      {"DESCRIPTION", "description", 0}}},
    {"deliveries",
     "/v1/webhooks/%/deliveries",
     {{">SEQ", "seq", 0},
      {"TYPE", "type", 0},
      {"STATE", "state", CELL_STATE},
      {">ATTEMPTS", "attempts", 0},
      {">HTTP", "last_status", 0},
      {"ERROR", "last_error", 0},
      {"DELIVERED", "delivered_at", CELL_TIME},
      {"NEXT ATTEMPT", "next_attempt_at", CELL_TIME}}},
    {"lineage",
     NULL,
     {{"CLAIM", "id", CELL_TREE},
      {"LIFE", "life", CELL_STATE},
      {">HOP", "hop", 0},
      {"HOLDER", "holder", CELL_NAME},
      {">FACE", "face_amount", 0},
      {">OUTSTANDING", "outstanding_amount", 0}}},
    {"shares",
     NULL,
     {{"CLAIM", "claim", 0},
      {"HOLDER", "holder", CELL_NAME},
      {"PAID TO", "payee", CELL_NAME},
      {">AMOUNT", "amount", 0}}},
    {"signers", NULL, {{"SIGNER", "participant", CELL_NAME}, {"SIGNED AT", "signed_at", CELL_TIME}}},
    {"interests",
     NULL,
     {{">RANK", "rank", 0},
      {"INTEREST", "kind", 0},
      {"PARTICIPANT", "participant", CELL_NAME},
      {"SINCE", "since", CELL_TIME},
      {">ENTRY", "seq", 0},
      {"DEBTOR NOTIFIED", "notified_at", CELL_TIME}}},
    {"reviews",
     "/v1/reviews",
     {{"ID", "id", 0},
      {"LIFE", "life", CELL_STATE},
      {"OUTCOME", "review.outcome", CELL_STATE},
      {"VERIFIER", "review.verification.state", 0},
      {"ANSWER", "review.verification.answer", 0},
      {"INVOICE", "invoice.number", 0},
      {">AMOUNT", "amount", 0},
      {"CUR", "currency", 0},
      {"FINDINGS", "review.checks", CELL_FINDINGS}}},
    {"participants",
     "/v1/participants",
     {{"ID", "id", 0},
      {"NAME", "name", 0},
      {"ROLES", "roles", CELL_LIST},
      {"STATUS", "status", CELL_STATE},
      {"RATING", "rating.rating", 0}}},
    {"entries",
     "/v1/entries",
     {{">SEQ", "seq", 0}, {"TYPE", "type", 0}, {"AT", "at", CELL_TIME}, {"LEAF", "leaf", CELL_SHORT}}},
    {"tokens",
     "/v1/tokens",
     {{"ID", "id", 0},
      {"LABEL", "label", 0},
      {"SCOPES", "scopes", CELL_LIST},
      {"PARTICIPANT", "participant", CELL_NAME},
      {"EXPIRES", "expires_at", CELL_TIME},
      {"REVOKED", "revoked_at", CELL_TIME}}},
};

const client_listing *client_listing_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    lg_die("there are no columns for %s", name);
}

/* Strings of a list, or the codes of the checks that did not pass, joined. */
static const char *joined(const client *c, lg_arena *arena, const json_t *list, bool findings)
{
    lg_buf text = {0};
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *outcome = json_string_value(json_object_get(item, "outcome"));
        const char *word =
            findings ? json_string_value(json_object_get(item, "code")) : json_string_value(item);
        if (!word || (findings && outcome && strcmp(outcome, "pass") == 0))
            continue;
        lg_buf_printf(&text, "%s%s", text.len ? " " : "", findings ? word : client_word(c, "state", word));
    }
    char *copy = text.len ? lg_arena_strndup(arena, text.data, text.len) : NULL;
    lg_buf_clear(&text);
    return copy;
}

static const json_t *value_at(const json_t *object, const char *path)
{
    const char *dot = strchr(path, '.');
    char first[32];
    if (!dot)
        return json_object_get(object, path);
    snprintf(first, sizeof first, "%.*s", (int)(dot - path), path);
    return value_at(json_object_get(object, first), dot + 1);
}

/* An RFC 3339 time in UTC without its fraction; what is none stays as it is. */
static const char *to_the_second(lg_arena *arena, const char *text)
{
    lg_time time;
    const char *dot = strchr(text, '.');
    return dot && lg_time_parse(text, &time) ? lg_arena_printf(arena, "%.*sZ", (int)(dot - text), text)
                                             : text;
}

static const char *cell_text(client *c, lg_arena *arena, const listing_column *column, const json_t *item)
{
    const json_t *value = value_at(item, column->field);
    const char *text = client_field(arena, item, column->field);
    int64_t depth;
    switch (column->form) {
    case CELL_LIST:
    case CELL_FINDINGS:
        return joined(c, arena, value, column->form == CELL_FINDINGS);
    case CELL_NAME:
        return client_participant_name(c, text);
    case CELL_SHORT:
        return text ? lg_arena_printf(arena, "%.16s…", text) : NULL;
    case CELL_RATE:
        return json_is_integer(value) ? client_percent(arena, json_integer_value(value)) : text;
    case CELL_YES_NO:
        return json_is_true(value)    ? client_word(c, "answer", "yes")
               : json_is_false(value) ? client_word(c, "answer", "no")
                                      : text;
    case CELL_COUNT:
        return json_is_array(value) ? lg_arena_printf(arena, "%zu", json_array_size(value)) : NULL;
    case CELL_TREE:
        depth = json_integer_value(json_object_get(item, "depth"));
        return text ? lg_arena_printf(arena, "%*s%s", (int)(2 * (depth < INDENT_MAX ? depth : INDENT_MAX)),
                                      "", text)
                    : NULL;
    case CELL_TIME:
        return text ? to_the_second(arena, text) : NULL;
    case CELL_TEXT:
    case CELL_STATE:
        return text;
    }
    lg_die("a cell of no form");
}

client_table client_listing_start(const client *c, lg_arena *arena, const client_listing *listing)
{
    const char *titles[TABLE_COLUMNS_MAX];
    size_t columns = 0;
    for (; listing->columns[columns].title; columns++)
        titles[columns] = client_text(c, listing->columns[columns].title);
    return client_table_start(arena, titles, columns);
}

void client_listing_row(client *c, client_table *table, const client_listing *listing, const json_t *item)
{
    client_table_row(table);
    for (const listing_column *column = listing->columns; column->title; column++) {
        const char *text = cell_text(c, table->arena, column, item);
        if (text && column->form == CELL_STATE)
            client_table_cell(table, client_word(c, "state", text), client_style_of(text));
        else
            client_table_cell(table, text, STYLE_PLAIN);
    }
}

void client_listing_print(client *c, const char *name, const json_t *items, const char *indent)
{
    const client_listing *listing = client_listing_find(name);
    client_table table = client_listing_start(c, c->arena, listing);
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) client_listing_row(c, &table, listing, item);
    if (json_array_size(items))
        client_table_print(&table, c->colour, indent);
}
