/* Schemas (JSON Schema 2020-12, as OpenAPI 3.1 uses it) in the words of a table. */
#include "server/docs/internal.h"

#include <stdlib.h>
#include <string.h>

static const char SCHEMAS[] = "#/components/schemas/";

/* The name behind "#/components/schemas/"; NULL if the schema is no reference to one. */
static const char *name_of(const json_t *schema)
{
    const char *ref = docs_str(schema, "$ref");
    return ref && strncmp(ref, SCHEMAS, strlen(SCHEMAS)) == 0 ? ref + strlen(SCHEMAS) : NULL;
}

const json_t *docs_resolve(const docs *d, const json_t *schema)
{
    const char *ref = docs_str(schema, "$ref");
    if (!ref || strncmp(ref, "#/components/", strlen("#/components/")) != 0)
        return schema;
    const char *group = ref + strlen("#/components/"), *name = strchr(group, '/');
    const json_t *components = json_object_get(d->root, "components");
    return name ? json_object_get(json_object_getn(components, group, (size_t)(name - group)), name + 1)
                : NULL;
}

static void alternatives(docs *d, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i)
            docs_say(d, " or ");
        docs_kind(d, json_array_get(list, i));
    }
}

void docs_kind(docs *d, const json_t *schema)
{
    const char *name = name_of(schema);
    const json_t *type = json_object_get(schema, "type"), *items = json_object_get(schema, "items");
    const json_t *any = json_object_get(schema, "anyOf");
    if (!any)
        any = json_object_get(schema, "oneOf");
    if (name) {
        docs_html(d, "<a href=\"#schema-");
        docs_text(d, name);
        docs_html(d, "\">");
        docs_text(d, name);
        docs_html(d, "</a>");
    } else if (any) {
        alternatives(d, any);
    } else if (items) {
        docs_say(d, "array of ");
        docs_kind(d, items);
    } else if (json_is_array(type)) {
        for (size_t i = 0; i < json_array_size(type); i++) {
            if (i)
                docs_say(d, " or ");
            docs_text(d, json_string_value(json_array_get(type, i)));
        }
    } else {
        docs_text(d, json_string_value(type));
    }
}

static void code(docs *d, const json_t *value)
{
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
    docs_html(d, "<code>");
    docs_text(d, text ? text : json_string_value(value));
    docs_html(d, "</code>");
    free(text);
}

static void rule(docs *d, const char *words, const json_t *value)
{
    if (!value)
        return;
    docs_html(d, "<span class=\"rule\">");
    docs_say(d, words);
    docs_html(d, " ");
    code(d, value);
    docs_html(d, "</span> ");
}

void docs_rules(docs *d, const json_t *schema)
{
    static const struct {
        const char *keyword, *words;
    } rules[] = {
        {"const", LG_TEXT("always")},
        {"default", LG_TEXT("default")},
        {"minimum", LG_TEXT("at least")},
        {"maximum", LG_TEXT("at most")},
        {"minLength", LG_TEXT("characters from")},
        {"maxLength", LG_TEXT("characters up to")},
        {"minItems", LG_TEXT("items from")},
        {"maxItems", LG_TEXT("items up to")},
        {"pattern", LG_TEXT("pattern")},
    };
    const json_t *values = json_object_get(schema, "enum");
    if (values) {
        docs_html(d, "<span class=\"rule\">");
        docs_say(d, "one of");
        for (size_t i = 0; i < json_array_size(values); i++) {
            docs_html(d, " ");
            code(d, json_array_get(values, i));
        }
        docs_html(d, "</span> ");
    }
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        rule(d, rules[i].words, json_object_get(schema, rules[i].keyword));
    rule(d, LG_TEXT("such as"), json_array_get(json_object_get(schema, "examples"), 0));
}

static bool is_required(const json_t *object, const char *name)
{
    const json_t *required = json_object_get(object, "required");
    for (size_t i = 0; i < json_array_size(required); i++) {
        const char *each = json_string_value(json_array_get(required, i));
        if (each && strcmp(each, name) == 0)
            return true;
    }
    return false;
}

/* The unnamed objects whose members are told with a schema's own: itself, the items of a list, its
 * alternatives. */
typedef struct inner {
    const json_t *objects[8];
    size_t count;
} inner;

static void find_inner(const json_t *schema, inner *found)
{
    static const char *const alternatives_of[] = {"anyOf", "oneOf"};
    const json_t *items = json_object_get(schema, "items");
    if (json_object_get(schema, "properties") &&
        found->count < sizeof found->objects / sizeof *found->objects)
        found->objects[found->count++] = schema;
    if (items)
        find_inner(items, found);
    for (size_t i = 0; i < sizeof alternatives_of / sizeof *alternatives_of; i++) {
        const json_t *list = json_object_get(schema, alternatives_of[i]);
        for (size_t k = 0; k < json_array_size(list); k++)
            find_inner(json_array_get(list, k), found);
    }
}

static void rows(docs *d, const json_t *object, const char *prefix);

static void row(docs *d, const json_t *object, const char *prefix, const char *name, const json_t *member)
{
    docs_html(d, "<tr><td><code>");
    docs_text(d, prefix);
    docs_text(d, name);
    docs_html(d, "</code>");
    if (!is_required(object, name)) {
        docs_html(d, " <small>");
        docs_say(d, "optional");
        docs_html(d, "</small>");
    }
    docs_html(d, "</td><td>");
    docs_kind(d, member);
    docs_html(d, "</td><td>");
    docs_text(d, docs_str(member, "description"));
    docs_html(d, " ");
    docs_rules(d, member);
    docs_html(d, "</td></tr>\n");
    inner within = {0};
    find_inner(member, &within);
    for (size_t i = 0; i < within.count; i++) {
        lg_buf path = {0};
        lg_buf_printf(&path, "%s%s%s.", prefix, name, json_object_get(member, "items") ? "[]" : "");
        rows(d, within.objects[i], path.data);
        lg_buf_clear(&path);
    }
}

static void rows(docs *d, const json_t *object, const char *prefix)
{
    const char *name;
    json_t *member;
    json_object_foreach(json_object_get(object, "properties"), name, member)
        row(d, object, prefix, name, member);
}

void docs_members(docs *d, const json_t *schema)
{
    inner within = {0};
    find_inner(schema, &within);
    for (size_t i = 0; i < within.count; i++) {
        if (json_object_size(json_object_get(within.objects[i], "properties")) == 0)
            continue;
        docs_table(d, LG_TEXT("Member"));
        rows(d, within.objects[i], "");
        docs_html(d, "</tbody></table>\n");
    }
}
