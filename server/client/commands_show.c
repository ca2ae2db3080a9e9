/* `show`: one thing, and its history. */
#include "server/client/commands.h"
#include "server/client/describe.h"
#include "server/client/http.h"
#include "server/client/pages.h"

#include <string.h>

/* What a thing is called in answers and where it is read. */
static const struct {
    const char *word, *path;
} things[] = {
    {"receivable", "/v1/receivables/"},
    {"claim", "/v1/claims/"},
    {"review", "/v1/reviews/"},
    {"participant", "/v1/participants/"},
    {"entry", "/v1/entries/"},
    {"policy", "/v1/policy"},
    {"grant", "/v1/grants/"},
    {"program", "/v1/programs/"},
    {"request", "/v1/financing_requests/"},
    {"offer", "/v1/offers/"},
    {"financing", "/v1/financings/"},
    {"payment", "/v1/payments/"},
    {"proposal", "/v1/proposals/"},
    {"approval", "/v1/approvals/"},
    {"webhook", "/v1/webhooks/"},
};

enum { HISTORY_PAGE = 200, HISTORY_DEFAULT = 1000, HISTORY_MOST = 1000000 }; /* entries */

/* Each entry in a line, and the facts that are disclosed to us below it. */
static void history_print(client *c, const json_t *history)
{
    enum { FACT_WIDTH_MAX = 160 }; /* bytes; longer ones (the gateway's findings) are in `show receivable` */
    size_t i;
    json_t *item, *value;
    const char *name;
    json_array_foreach(json_object_get(history, "items"), i, item)
    {
        client_say(c, STYLE_BOLD, "entry %s  %s  %s", client_field(c->arena, item, "seq"),
                   client_field(c->arena, item, "type"), client_field(c->arena, item, "at"));
        json_object_foreach(json_object_get(item, "facts"), name, value)
        {
            const char *text = client_field(c->arena, json_object_get(item, "facts"), name);
            if (text)
                client_say(c, STYLE_PLAIN, "  %-20s %s", name, strlen(text) > FACT_WIDTH_MAX ? "…" : text);
        }
    }
    if (json_is_string(json_object_get(history, "next_cursor")))
        client_say(c, STYLE_DIM,
                   "… more: --limit says how many entries to show, --order desc shows the newest");
}

static client_exit history_get(client *c, const char *path, json_t **out)
{
    int64_t most = HISTORY_DEFAULT;
    const char *order = client_option_value(c, "order");
    client_exit code = client_option_number(c, "limit", 1, HISTORY_MOST, &most);
    if (code != CLIENT_OK)
        return code;
    path = lg_arena_printf(c->arena, "%s/history", path);
    if (order)
        path = client_path_with(c->arena, path, "order", order);
    return client_get_pages(c, path, HISTORY_PAGE, most, out);
}

/* "show claim", "participant show", "policy show": the word that is not "show" names the thing. */
static const char *word_of(client *c)
{
    const char *name = c->command->name, *blank = strchr(name, ' ');
    const char *word =
        strncmp(name, "show", 4) == 0 ? blank + 1 : lg_arena_strndup(c->arena, name, (size_t)(blank - name));
    return strcmp(word, "finance") == 0 ? "financing" : word;
}

client_exit command_show(client *c)
{
    const char *name = c->command->name, *word = word_of(c);
    const char *path = NULL, *version = client_option_value(c, "version");
    json_t *answer = NULL, *history = NULL;
    for (size_t i = 0; i < sizeof things / sizeof *things; i++)
        if (strcmp(things[i].word, word) == 0)
            path = things[i].path;
    if (!path)
        lg_die("%s shows nothing", name);
    if (c->args.operand_count)
        path = client_path(c, path, c->args.operands[0]);
    else if (version)
        path = client_path(c, "/v1/policy/", version);
    client_exit code = client_get_json(c, c->arena, path, &answer);
    if (code == CLIENT_OK && client_option_given(c, "history"))
        code = history_get(c, path, &history);
    if (code == CLIENT_OK && c->json) {
        if (history) {
            json_object_set(answer, "history", json_object_get(history, "items"));
            json_object_set(answer, "history_next_cursor", json_object_get(history, "next_cursor"));
        }
        client_print_json(answer);
    } else if (code == CLIENT_OK) {
        const json_t *inner = json_object_get(answer, word);
        const json_t *thing = json_is_object(inner) ? inner : answer;
        if (client_summary_known(word))
            client_print_summary(c, word, thing);
        client_print_members(c, thing, 0);
        if (history)
            history_print(c, history);
    }
    json_decref(answer);
    json_decref(history);
    return code;
}
