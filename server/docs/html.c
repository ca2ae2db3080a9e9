#include "server/docs/internal.h"

#include <string.h>

void docs_html(docs *d, const char *html)
{
    lg_buf_str(d->out, html);
}

void docs_say(docs *d, const char *words)
{
    docs_text(d, language_text(d->in, words));
}

void docs_heading(docs *d, const char *words)
{
    docs_html(d, "<h4>");
    docs_say(d, words);
    docs_html(d, "</h4>\n");
}

void docs_table(docs *d, const char *first)
{
    const char *const heads[] = {first, LG_TEXT("Kind"), LG_TEXT("Meaning")};
    docs_html(d, "<table><thead><tr>");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        docs_html(d, "<th>");
        docs_say(d, heads[i]);
        docs_html(d, "</th>");
    }
    docs_html(d, "</tr></thead><tbody>\n");
}

void docs_text(docs *d, const char *text)
{
    static const char special[] = "<>&\"";
    while (text && *text) {
        size_t plain = strcspn(text, special);
        lg_buf_add(d->out, text, plain);
        text += plain;
        switch (*text) {
        case '<':
            lg_buf_str(d->out, "&lt;");
            break;
        case '>':
            lg_buf_str(d->out, "&gt;");
            break;
        case '&':
            lg_buf_str(d->out, "&amp;");
            break;
        case '"':
            lg_buf_str(d->out, "&quot;");
            break;
        case '\0':
            return;
        }
        text++;
    }
}

const char *docs_str(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

void docs_description(docs *d, const json_t *element)
{
    const char *text = docs_str(element, "description");
    if (!text)
        return;
    docs_html(d, "<p>");
    docs_text(d, text);
    docs_html(d, "</p>\n");
}
