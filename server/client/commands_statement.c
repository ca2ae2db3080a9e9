/* `statement`: one day as the accounts need it. */
#include "server/client/export.h"
#include "server/client/http.h"
#include "server/client/pages.h"
#include "server/client/statement.h"
#include "server/client/table.h"

#include <inttypes.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

static const char *number_text(client *c, const json_t *object, const char *member)
{
    return lg_arena_printf(c->arena, "%" PRId64,
                           (int64_t)json_integer_value(json_object_get(object, member)));
}

/* A line: what, how many and how much came, went, and are there now. NULL: blank. */
static void row(client *c, client_table *table, const char *account, const char *currency, const char *what,
                const json_t *in, const json_t *out, const json_t *balance, client_style style)
{
    const json_t *const cells[] = {in, out, balance};
    client_table_row(table);
    client_table_cell(table, account, STYLE_BOLD);
    client_table_cell(table, currency, STYLE_PLAIN);
    client_table_cell(table, what, style);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        client_table_cell(table, cells[i] ? number_text(c, cells[i], "items") : "", STYLE_PLAIN);
        client_table_cell(table, cells[i] ? text_of(cells[i], "amount") : "", style);
    }
}

static void positions_print(client *c, const json_t *statement)
{
    static const char *const titles[] = {"account", "cur",  "",       ">items",   ">in",
                                         ">items",  ">out", ">items", ">position"};
    size_t i, k;
    json_t *position, *kind;
    client_table table = client_table_start(c->arena, titles, sizeof titles / sizeof *titles);
    json_array_foreach(json_object_get(statement, "positions"), i, position)
    {
        row(c, &table, text_of(position, "account"), text_of(position, "currency"), "opening", NULL, NULL,
            json_object_get(position, "opening"), STYLE_DIM);
        json_array_foreach(json_object_get(position, "movements"), k, kind)
            row(c, &table, "", "", text_of(kind, "type"), json_object_get(kind, "in"),
                json_object_get(kind, "out"), NULL, STYLE_PLAIN);
        row(c, &table, "", "", "closing", NULL, NULL, json_object_get(position, "closing"), STYLE_BOLD);
    }
    client_table_print(&table, c->colour, "");
    if (i == 0)
        client_say(c, STYLE_DIM, "no position has moved yet");
}

static client_exit entry_print(void *ctx, lg_arena *arena, const json_t *entry)
{
    client *c = ctx;
    size_t i;
    json_t *movement;
    (void)arena;
    client_say(c, STYLE_PLAIN, "%8s  %s  %s  %s", number_text(c, entry, "seq"), text_of(entry, "at"),
               text_of(entry, "type"), text_of(entry, "subject") ? text_of(entry, "subject") : "");
    json_array_foreach(json_object_get(entry, "movements"), i, movement)
    {
        const char *invoice = text_of(movement, "invoice_number");
        client_say(c, STYLE_DIM, "          %s %s %s%s%s", text_of(movement, "account"),
                   text_of(movement, "amount"), text_of(movement, "currency"), invoice ? ", invoice " : "",
                   invoice ? client_clean(c->arena, invoice) : "");
    }
    return CLIENT_OK;
}

static client_exit entry_keep(void *ctx, lg_arena *arena, const json_t *entry)
{
    (void)arena;
    return json_array_append(ctx, (json_t *)entry) == 0 ? CLIENT_OK : CLIENT_LOCAL;
}

static client_exit statement_print(client *c, json_t *statement)
{
    lg_verifier verifier;
    bool has_verifier, entries = client_option_given(c, "entries"), facts = client_option_given(c, "facts");
    facts_count count = {0};
    json_t *kept = c->json && entries ? json_array() : NULL;
    client_exit code = client_statement_verifier(c, &verifier, &has_verifier);
    if (code == CLIENT_OK && !c->json) {
        client_say(c, STYLE_BOLD, "statement of %s, UTC%s%s", text_of(statement, "date"),
                   text_of(statement, "utc_offset"),
                   json_is_true(json_object_get(statement, "final")) ? "" : ", not over yet");
        positions_print(c, statement);
    }
    if (code == CLIENT_OK)
        code = client_statement_walk(c, statement, has_verifier ? &verifier : NULL, facts ? &count : NULL,
                                     !entries  ? NULL
                                     : c->json ? entry_keep
                                               : entry_print,
                                     c->json ? (void *)kept : (void *)c);
    if (code == CLIENT_OK && c->json) {
        json_object_set_new(statement, "verified", json_boolean(has_verifier));
        if (facts)
            json_object_set_new(statement, "facts",
                                json_pack("{s:I,s:I}", "movements", (json_int_t)count.movements, "stated",
                                          (json_int_t)count.stated));
        if (kept)
            json_object_set(statement, "items", kept);
        client_print_json(statement);
    } else if (code == CLIENT_OK) {
        const json_t *checkpoint = json_object_get(statement, "checkpoint");
        client_say(c, has_verifier ? STYLE_GREEN : STYLE_DIM,
                   has_verifier ? "verified: %s entries, in the ledger of %s entries signed as root %s"
                                : "added up: %s entries; ledger of %s entries, root %s (not verified)",
                   number_text(c, json_object_get(statement, "entries"), "count"),
                   number_text(c, checkpoint, "size"), text_of(checkpoint, "root"));
        if (facts)
            client_say(
                c, STYLE_DIM,
                "%" PRId64 " of %" PRId64
                " amounts are stated by their entries' facts; the others carry on what was there before",
                count.stated, count.movements);
    }
    json_decref(kept);
    return code;
}

client_exit command_statement(client *c)
{
    json_t *statement = NULL;
    const char *date = c->args.operands[0], *offset = client_option_value(c, "utc-offset");
    if (client_option_given(c, "csv")) {
        const char *path =
            lg_arena_printf(c->arena, "/v1/statements/%s/statement.csv", client_url_escape(c->arena, date));
        return client_export(c, offset ? client_path_with(c->arena, path, "utc_offset", offset) : path,
                             client_option_value(c, "csv"));
    }
    client_exit code = client_statement_get(c, date, offset, &statement);
    if (code == CLIENT_OK)
        code = statement_print(c, statement);
    json_decref(statement);
    return code;
}
