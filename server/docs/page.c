/* The page: what the interface is, its operations by tag in the order of the description, its schemas. */
#include "server/docs/docs.h"

#include "ledger/base/json.h"
#include "server/docs/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

__asm__(".pushsection .rodata\n"
        ".hidden docs_style\n"
        ".global docs_style\n"
        "docs_style:\n"
        ".incbin \"server/docs/page.css\"\n"
        ".byte 0\n"
        ".popsection\n");

extern const char docs_style[];

/* One operation of the document, with what stands around it. */
typedef struct operation {
    const char *path, *method; /* method in lower case */
    const json_t *object;
} operation;

typedef void (*operation_writer)(docs *d, const operation *op);

static bool has_tag(const json_t *object, const char *tag)
{
    const json_t *tags = json_object_get(object, "tags");
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const char *each = json_string_value(json_array_get(tags, i));
        if (each && strcmp(each, tag) == 0)
            return true;
    }
    return false;
}

static void each_operation(docs *d, const char *tag, operation_writer write)
{
    const char *path, *method;
    json_t *methods, *object;
    json_object_foreach(json_object_get(d->root, "paths"), path, methods)
    {
        json_object_foreach(methods, method, object)
        {
            if (has_tag(object, tag))
                write(d, &(operation){.path = path, .method = method, .object = object});
        }
    }
}

/* ---- navigation ---- */

static void link_to(docs *d, const operation *op)
{
    docs_html(d, "<li><a href=\"#");
    docs_text(d, docs_str(op->object, "operationId"));
    docs_html(d, "\">");
    docs_text(d, docs_str(op->object, "summary"));
    docs_html(d, "</a></li>\n");
}

static void navigation(docs *d)
{
    const json_t *tags = json_object_get(d->root, "tags");
    docs_html(d, "<nav>\n<a href=\"openapi.json\">openapi.json</a>\n");
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const char *tag = docs_str(json_array_get(tags, i), "name");
        docs_html(d, "<h2>");
        docs_text(d, tag);
        docs_html(d, "</h2>\n<ul>\n");
        if (tag)
            each_operation(d, tag, link_to);
        docs_html(d, "</ul>\n");
    }
    docs_html(d, "<h2>");
    docs_say(d, "schemas");
    docs_html(d, "</h2>\n<ul>\n");
    const char *name;
    json_t *schema;
    json_object_foreach(json_object_get(json_object_get(d->root, "components"), "schemas"), name, schema)
    {
        docs_html(d, "<li><a href=\"#schema-");
        docs_text(d, name);
        docs_html(d, "\">");
        docs_text(d, name);
        docs_html(d, "</a></li>\n");
    }
    docs_html(d, "</ul>\n</nav>\n");
}

/* ---- one operation ---- */

static void heading(docs *d, const operation *op)
{
    docs_html(d, "<article id=\"");
    docs_text(d, docs_str(op->object, "operationId"));
    docs_html(d, "\">\n<h3>");
    docs_text(d, docs_str(op->object, "summary"));
    docs_html(d, "</h3>\n<div class=\"path\"><span class=\"method ");
    docs_text(d, op->method);
    docs_html(d, "\">");
    for (const char *c = op->method; *c; c++)
        lg_buf_char(d->out, (char)toupper((unsigned char)*c));
    docs_html(d, "</span> <code>");
    docs_text(d, op->path);
    docs_html(d, "</code></div>\n");
    docs_description(d, op->object);
}

/* Who may call: what `security` says, in words. */
static void access(docs *d, const operation *op)
{
    const json_t *security = json_object_get(op->object, "security");
    bool open = json_array_size(security) == 0, token = false;
    for (size_t i = 0; i < json_array_size(security); i++) {
        const json_t *each = json_array_get(security, i);
        open |= json_object_size(each) == 0;
        token |= json_object_get(each, "bearer") != NULL;
    }
    docs_html(d, "<p><small>");
    if (!token)
        docs_say(d, json_object_get(op->object, "requestBody") ? LG_TEXT("Signed by the participant.")
                                                               : LG_TEXT("Public: no token needed."));
    else if (open && strcmp(op->method, "post") == 0)
        docs_say(d, "Signed by the participant, or with a bearer token where the registry keeps its key.");
    else
        docs_say(d, open ? LG_TEXT("With or without a bearer token.") : LG_TEXT("With a bearer token."));
    docs_html(d, "</small></p>\n");
}

static void parameters(docs *d, const operation *op)
{
    const json_t *list = json_object_get(op->object, "parameters");
    if (json_array_size(list) == 0)
        return;
    docs_table(d, LG_TEXT("Parameter"));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *parameter = docs_resolve(d, json_array_get(list, i));
        const json_t *schema = json_object_get(parameter, "schema");
        docs_html(d, "<tr><td><code>");
        docs_text(d, docs_str(parameter, "name"));
        docs_html(d, "</code> <small>");
        docs_text(d, docs_str(parameter, "in"));
        docs_html(d, "</small></td><td>");
        docs_kind(d, schema);
        docs_html(d, "</td><td>");
        docs_text(d, docs_str(parameter, "description"));
        docs_html(d, " ");
        docs_rules(d, schema);
        docs_html(d, "</td></tr>\n");
    }
    docs_html(d, "</tbody></table>\n");
}

/* A call with curl that can be pasted: $URL and $TOKEN are the reader's. */
static void call(docs *d, const operation *op, const json_t *schema)
{
    json_t *body = schema ? docs_example(d, schema) : NULL;
    char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    docs_html(d, "<pre>curl -s \"$URL");
    docs_text(d, op->path);
    docs_html(d, "\"");
    if (json_array_size(json_object_get(op->object, "security")) > 0)
        docs_html(d, " -H \"Authorization: Bearer $TOKEN\"");
    if (text) {
        docs_html(d, " \\\n     -H 'Content-Type: application/json' \\\n     --data '");
        docs_text(d, text);
        docs_html(d, "'");
    }
    docs_html(d, "</pre>\n");
    free(text);
    json_decref(body);
}

static void request_body(docs *d, const operation *op)
{
    const json_t *body = json_object_get(op->object, "requestBody"),
                 *content = json_object_get(body, "content");
    const json_t *schema = json_object_get(json_object_get(content, "application/json"), "schema");
    const char *type;
    json_t *media;
    if (!body) {
        call(d, op, NULL);
        return;
    }
    docs_heading(d, LG_TEXT("Body"));
    docs_description(d, body);
    docs_html(d, "<ul>\n");
    json_object_foreach((json_t *)content, type, media)
    {
        docs_html(d, "<li><code>");
        docs_text(d, type);
        docs_html(d, "</code>: ");
        docs_kind(d, json_object_get(media, "schema"));
        docs_html(d, "</li>\n");
    }
    docs_html(d, "</ul>\n");
    if (!schema)
        return;
    docs_members(d, docs_resolve(d, schema));
    call(d, op, schema);
}

static void one_answer(docs *d, const char *status, const json_t *answer)
{
    const char *type;
    json_t *media;
    docs_html(d, "<details><summary><strong>");
    docs_text(d, status);
    docs_html(d, "</strong> ");
    docs_text(d, docs_str(answer, "description"));
    docs_html(d, "</summary>\n");
    json_object_foreach(json_object_get(answer, "content"), type, media)
    {
        const json_t *schema = json_object_get(media, "schema");
        docs_html(d, "<p><code>");
        docs_text(d, type);
        docs_html(d, "</code>: ");
        docs_kind(d, schema);
        docs_html(d, "</p>\n");
        docs_members(d, schema);
        if (strcmp(type, "application/json") == 0)
            docs_example_box(d, schema);
    }
    docs_html(d, "</details>\n");
}

static void problems(docs *d, const json_t *list)
{
    if (json_array_size(list) == 0)
        return;
    docs_html(d, "<p>");
    docs_say(d, "Problems:");
    for (size_t i = 0; i < json_array_size(list); i++) {
        docs_html(d, " <a href=\"#schema-ProblemType\"><code>");
        docs_text(d, json_string_value(json_array_get(list, i)));
        docs_html(d, "</code></a>");
    }
    docs_html(d, "</p>\n");
}

static void answers(docs *d, const operation *op)
{
    const char *status;
    json_t *answer;
    docs_heading(d, LG_TEXT("Answers"));
    json_object_foreach(json_object_get(op->object, "responses"), status, answer)
        one_answer(d, status, docs_resolve(d, answer));
    problems(d, json_object_get(op->object, "x-problems"));
}

static void whole_operation(docs *d, const operation *op)
{
    heading(d, op);
    access(d, op);
    parameters(d, op);
    request_body(d, op);
    answers(d, op);
    docs_html(d, "</article>\n");
}

/* ---- the page ---- */

static void operations(docs *d)
{
    const json_t *tags = json_object_get(d->root, "tags");
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const json_t *tag = json_array_get(tags, i);
        const char *name = docs_str(tag, "name");
        docs_html(d, "<section>\n<h2>");
        docs_text(d, name);
        docs_html(d, "</h2>\n");
        docs_description(d, tag);
        if (name)
            each_operation(d, name, whole_operation);
        docs_html(d, "</section>\n");
    }
}

static void schemas(docs *d)
{
    const char *name;
    json_t *schema;
    docs_html(d, "<section>\n<h2>");
    docs_say(d, "schemas");
    docs_html(d, "</h2>\n");
    json_object_foreach(json_object_get(json_object_get(d->root, "components"), "schemas"), name, schema)
    {
        docs_html(d, "<article id=\"schema-");
        docs_text(d, name);
        docs_html(d, "\">\n<h3>");
        docs_text(d, name);
        docs_html(d, "</h3>\n");
        docs_description(d, schema);
        docs_html(d, "<p>");
        docs_kind(d, schema);
        docs_html(d, " ");
        if (!json_object_get(schema, "properties"))
            docs_rules(d, schema);
        docs_html(d, "</p>\n");
        docs_members(d, schema);
        docs_html(d, "</article>\n");
    }
    docs_html(d, "</section>\n");
}

static void introduction(docs *d)
{
    const json_t *info = json_object_get(d->root, "info");
    docs_html(d, "<h1>");
    docs_text(d, docs_str(info, "title"));
    docs_html(d, " <small>");
    docs_text(d, docs_str(info, "version"));
    docs_html(d, "</small></h1>\n<p><strong>");
    docs_text(d, docs_str(info, "summary"));
    docs_html(d, "</strong></p>\n");
    docs_description(d, info);
    docs_heading(d, LG_TEXT("Problems that any request may meet"));
    problems(d, json_object_get(d->root, "x-problems"));
}

lg_err docs_page(language in, lg_bytes openapi, lg_buf *out, lg_report *report)
{
    json_t *root;
    lg_err err = lg_json_load(openapi, &root, report);
    if (err)
        return err;
    docs d = {.in = in, .root = root, .out = out};
    docs_html(&d, "<!DOCTYPE html>\n<html lang=\"");
    docs_html(&d, language_tag(in));
    docs_html(&d, "\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    docs_text(&d, docs_str(json_object_get(root, "info"), "title"));
    docs_html(&d, " API</title>\n<style>\n");
    docs_html(&d, docs_style);
    docs_html(&d, "</style>\n</head>\n<body>\n");
    navigation(&d);
    docs_html(&d, "<main>\n");
    introduction(&d);
    operations(&d);
    schemas(&d);
    docs_html(&d, "</main>\n</body>\n</html>\n");
    json_decref(root);
    return LG_OK;
}
