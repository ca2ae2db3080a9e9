/* Examples made of the examples that the schemas' values have. */
#include "server/docs/internal.h"

#include <stdlib.h>

enum { DEPTH_MAX = 12 }; /* schemas may refer to each other in a circle */

static json_t *example(const docs *d, const json_t *schema, int depth);

static json_t *object_example(const docs *d, const json_t *properties, int depth)
{
    json_t *object = json_object();
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)properties, name, member)
    {
        json_t *value = example(d, member, depth);
        if (value)
            json_object_set_new(object, name, value);
    }
    return object;
}

static json_t *list_example(const docs *d, const json_t *items, int depth)
{
    json_t *list = json_array(), *one = example(d, items, depth);
    if (one)
        json_array_append_new(list, one);
    return list;
}

static json_t *example(const docs *d, const json_t *schema, int depth)
{
    schema = docs_resolve(d, schema);
    const json_t *given = json_array_get(json_object_get(schema, "examples"), 0);
    if (!given)
        given = json_object_get(schema, "const");
    if (!given)
        given = json_object_get(schema, "default");
    if (!given)
        given = json_array_get(json_object_get(schema, "enum"), 0);
    if (given)
        return json_deep_copy(given);
    if (depth >= DEPTH_MAX)
        return NULL;
    const json_t *any = json_object_get(schema, "anyOf"), *one = json_object_get(schema, "oneOf");
    const json_t *properties = json_object_get(schema, "properties"),
                 *items = json_object_get(schema, "items");
    if (properties)
        return object_example(d, properties, depth + 1);
    if (any || one)
        return example(d, json_array_get(any ? any : one, 0), depth + 1);
    if (items)
        return list_example(d, items, depth + 1);
    const char *type = docs_str(schema, "type");
    if (type && type[0] == 'b') /* boolean */
        return json_true();
    return type && type[0] == 'o' ? json_object() : NULL;
}

json_t *docs_example(const docs *d, const json_t *schema)
{
    return example(d, schema, 0);
}

void docs_example_box(docs *d, const json_t *schema)
{
    json_t *value = docs_example(d, schema);
    char *text = value ? json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY) : NULL;
    if (text) {
        docs_html(d, "<pre>");
        docs_text(d, text);
        docs_html(d, "</pre>\n");
    }
    free(text);
    json_decref(value);
}
