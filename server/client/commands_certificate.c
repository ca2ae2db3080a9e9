/* What a claim came from and became, and what the registry certifies of it as of a time. */
#include "server/client/commands.h"
#include "server/client/describe.h"
#include "server/client/http.h"
#include "server/client/listing.h"
#include "server/client/pages.h"
#include "server/client/receipt.h"

#include <stdlib.h>
#include <string.h>

/* The items by the id of their parent, the root's under "". */
static json_t *by_parent(const json_t *items)
{
    json_t *groups = json_object(), *item;
    size_t i;
    json_array_foreach(items, i, item)
    {
        const char *parent = json_string_value(json_object_get(item, "parent"));
        json_t *group = json_object_get(groups, parent ? parent : "");
        if (!group) {
            group = json_array();
            json_object_set_new(groups, parent ? parent : "", group);
        }
        json_array_append(group, item);
    }
    return groups;
}

/* Appends what was divided from `parent`, each with its depth and what was divided from it. Ids that name
 * each other as parents end at the limits. */
static void branch_add(const json_t *groups, const char *parent, int depth, size_t most, json_t *ordered)
{
    enum { DEPTH_MAX = 10000 };
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(groups, parent), i, item)
    {
        const char *id = json_string_value(json_object_get(item, "id"));
        if (!id || depth > DEPTH_MAX || json_array_size(ordered) >= most)
            return;
        json_t *copy = json_copy(item);
        json_object_set_new(copy, "depth", json_integer(depth));
        json_array_append_new(ordered, copy);
        branch_add(groups, id, depth + 1, most, ordered);
    }
}

client_exit command_lineage(client *c)
{
    enum { PAGE = 1000, MOST = 100000 }; /* claims */
    json_t *answer = NULL;
    const char *path =
        lg_arena_printf(c->arena, "%s/lineage", client_path(c, "/v1/claims/", c->args.operands[0]));
    client_exit code = client_get_pages(c, path, PAGE, MOST, &answer);
    if (code == CLIENT_OK && c->json) {
        client_print_json(answer);
    } else if (code == CLIENT_OK) {
        const json_t *items = json_object_get(answer, "items");
        json_t *groups = by_parent(items), *ordered = json_array();
        branch_add(groups, "", 0, json_array_size(items), ordered);
        client_listing_print(c, "lineage", ordered, "");
        if (json_is_string(json_object_get(answer, "next_cursor")))
            client_say(c, STYLE_YELLOW, "Only the first %d claims of this family are shown.", MOST);
        json_decref(ordered);
        json_decref(groups);
    }
    json_decref(answer);
    return code;
}

/* Every entry against its proof, by computing. */
static client_exit entries_check(client *c, const json_t *certificate)
{
    lg_verifier verifier;
    receipt_terms terms = {.origin = c->config.origin};
    checked_certificate checked;
    if (c->config.vkey) {
        if (lg_vkey_parse(c->arena, c->config.vkey, &verifier, &c->report) != LG_OK)
            return client_fail_report(c, CLIENT_USAGE, client_text(c, "The verifier key cannot be read"));
        terms.verifier = &verifier;
    }
    return client_certificate_check(c, c->arena, certificate, &terms, &checked);
}

static client_exit certificate_keep(client *c, const json_t *answer)
{
    const char *path = client_option_value(c, "out");
    if (!path)
        return CLIENT_OK;
    char *text = json_dumps(answer, JSON_INDENT(2));
    if (!text)
        lg_die("out of memory");
    client_exit code =
        client_file_write(c, path, 0600, lg_bytes_str(lg_arena_printf(c->arena, "%s\n", text)));
    free(text);
    return code;
}

static void certificate_print(client *c, const json_t *certificate)
{
    size_t entries = json_array_size(json_object_get(certificate, "entries"));
    client_say(c, STYLE_BOLD, "certificate as of %s, ledger of %s entries",
               client_or_dash(client_field(c->arena, certificate, "as_of")),
               client_or_dash(client_field(c->arena, certificate, "size")));
    client_print_summary(c, "claim", json_object_get(certificate, "claim"));
    client_listing_print(c, "interests", json_object_get(certificate, "interests"), "  ");
    json_int_t omitted = json_integer_value(json_object_get(certificate, "entries_omitted"));
    client_say(c, STYLE_DIM, "  %zu entries, each checked against its proof", entries);
    if (omitted > 0)
        client_say(c, STYLE_DIM, "  %lld older ones are in the claim's history", (long long)omitted);
    if (!c->config.vkey)
        client_say(c, STYLE_YELLOW, "  The checkpoint's signature was not checked: give --vkey.");
}

client_exit command_certificate(client *c)
{
    json_t *answer = NULL;
    const char *at = client_option_value(c, "at");
    const char *path =
        lg_arena_printf(c->arena, "%s/certificate%s%s", client_path(c, "/v1/claims/", c->args.operands[0]),
                        at ? "?at=" : "", at ? client_url_escape(c->arena, at) : "");
    client_exit code = client_get_json(c, c->arena, path, &answer);
    const json_t *inner = json_object_get(answer, "certificate");
    const json_t *certificate = inner ? inner : answer;
    if (code == CLIENT_OK)
        code = entries_check(c, certificate);
    if (code == CLIENT_OK)
        code = certificate_keep(c, answer);
    if (code == CLIENT_OK && c->json)
        client_print_json(answer);
    else if (code == CLIENT_OK)
        certificate_print(c, certificate);
    json_decref(answer);
    return code;
}
