#include "server/client/invoice_file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Whether the first `within` bytes hold the word, in any case. */
static bool holds(const char *text, size_t len, size_t within, const char *word)
{
    size_t word_len = strlen(word);
    for (size_t i = 0; i + word_len <= len && i < within; i++)
        if (strncasecmp(text + i, word, word_len) == 0)
            return true;
    return false;
}

invoice_format client_invoice_detect(lg_bytes content)
{
    enum { ROOT_WITHIN = 8192 }; /* bytes; comments may stand before the root element */
    const char *text = (const char *)content.data;
    size_t len = content.len;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3, len -= 3;
    while (len && strchr(" \t\r\n", *text))
        text++, len--;
    if (len == 0)
        return INVOICE_UNKNOWN;
    if (*text == '{')
        return INVOICE_JSON;
    if (*text == '<') {
        if (holds(text, len, ROOT_WITHIN, "CrossIndustryInvoice"))
            return INVOICE_CII;
        return holds(text, len, ROOT_WITHIN, "oasis:names:specification:ubl") ? INVOICE_UBL : INVOICE_XML;
    }
    const char *line_end = memchr(text, '\n', len);
    size_t line = line_end ? (size_t)(line_end - text) : len;
    bool separated = memchr(text, ',', line) || memchr(text, ';', line);
    return separated && holds(text, line, line, "number") ? INVOICE_CSV : INVOICE_UNKNOWN;
}

const char *client_invoice_format_name(invoice_format format)
{
    switch (format) {
    case INVOICE_JSON:
        return "json";
    case INVOICE_UBL:
        return "ubl";
    case INVOICE_CII:
        return "cii";
    case INVOICE_XML:
        return "xml";
    case INVOICE_CSV:
        return "csv";
    case INVOICE_UNKNOWN:
        break;
    }
    return "unknown";
}

static bool is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* KIND=FILE or KIND=SHA256 */
static client_exit document_add(client *c, json_t *list, const char *text)
{
    const char *equals = strchr(text, '=');
    char digest[65];
    if (!equals || equals == text || !equals[1])
        return client_fail(c, CLIENT_USAGE, "--document must be KIND=FILE or KIND=SHA256, not \"%s\".", text);
    const char *value = equals + 1;
    bool given = is_sha256(value) && access(value, F_OK) != 0;
    client_exit code = given ? CLIENT_OK : client_file_digest(c, value, digest);
    if (code != CLIENT_OK)
        return code;
    json_t *document = json_object();
    json_object_set_new(document, "kind", json_stringn(text, (size_t)(equals - text)));
    json_object_set_new(document, "sha256", json_string(given ? value : digest));
    const char *slash = strrchr(value, '/');
    if (!given)
        json_object_set_new(document, "name", json_string(slash ? slash + 1 : value));
    json_array_append_new(list, document);
    return CLIENT_OK;
}

client_exit client_invoice_terms(client *c, invoice_terms *out, json_t **documents)
{
    *out = (invoice_terms){.seller = client_option_value(c, "seller"),
                           .buyer = client_option_value(c, "debtor"),
                           .amount = client_option_value(c, "amount"),
                           .due_date = client_option_value(c, "due-date"),
                           .part = client_option_value(c, "part")};
    *documents = NULL;
    for (size_t i = 0; i < c->args.option_count; i++) {
        if (strcmp(c->args.options[i].name, "document") != 0)
            continue;
        if (!*documents)
            *documents = json_array();
        client_exit code = document_add(c, *documents, c->args.options[i].value);
        if (code != CLIENT_OK)
            return code;
    }
    out->documents = *documents;
    return CLIENT_OK;
}

static void set_string(json_t *object, const char *name, const char *value)
{
    if (value)
        json_object_set_new(object, name, json_string(value));
}

static bool any_term(const invoice_terms *t)
{
    return t->seller || t->buyer || t->amount || t->due_date || t->part || t->documents;
}

/* Sets invoice[side].participant, keeping what else the file says of that side. */
static void party_set(json_t *invoice, const char *side, const char *id)
{
    json_t *party = json_object_get(invoice, side);
    if (!id)
        return;
    if (!json_is_object(party)) {
        json_object_set_new(invoice, side, json_object());
        party = json_object_get(invoice, side);
    }
    set_string(party, "participant", id);
}

static lg_bytes dumped(lg_arena *arena, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    if (!text)
        lg_die("out of memory");
    lg_bytes copy = lg_arena_copy(arena, lg_bytes_str(text));
    free(text);
    return copy;
}

static client_exit json_act(client *c, lg_arena *arena, lg_bytes content, const invoice_terms *terms,
                            client_act *out)
{
    json_t *file = NULL;
    if (content.len >= 3 && memcmp(content.data, "\xef\xbb\xbf", 3) == 0)
        content.data += 3, content.len -= 3; /* editors write it, RFC 8259 section 8.1 forbids it */
    if (lg_json_load(content, &file, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_LOCAL, client_text(c, "not JSON"));
    bool whole = json_object_get(file, "invoice") != NULL;
    out->payload = content;
    if (whole && !any_term(terms)) {
        json_decref(file);
        return CLIENT_OK;
    }
    json_t *payload = whole ? json_incref(file) : json_object();
    if (!whole)
        json_object_set(payload, "invoice", file);
    json_t *invoice = json_object_get(payload, "invoice");
    if (json_is_object(invoice)) {
        party_set(invoice, "seller", terms->seller);
        party_set(invoice, "buyer", terms->buyer);
        set_string(invoice, "due_date", terms->due_date);
    }
    set_string(payload, "amount", terms->amount);
    set_string(payload, "part", terms->part);
    json_t *documents = json_object_get(payload, "documents");
    if (terms->documents && json_is_array(documents))
        json_array_extend(documents, (json_t *)(uintptr_t)terms->documents);
    else if (terms->documents)
        json_object_set(payload, "documents", (json_t *)(uintptr_t)terms->documents);
    out->payload = dumped(arena, payload);
    json_decref(payload);
    json_decref(file);
    return CLIENT_OK;
}

client_exit client_invoice_act(client *c, lg_arena *arena, lg_bytes content, invoice_format format,
                               const invoice_terms *terms, client_act *out)
{
    *out = (client_act){.path = "/v1/receivables", .payload = content};
    if (format == INVOICE_UNKNOWN)
        return client_fail(c, CLIENT_LOCAL, "neither JSON, XML nor a CSV table with a column \"number\"");
    if (format == INVOICE_JSON)
        return json_act(c, arena, content, terms, out);
    if (format == INVOICE_CSV && (terms->amount || terms->due_date || terms->part))
        return client_fail(
            c, CLIENT_USAGE,
            "--amount, --due-date and --part do not go with a CSV file: each row has its own.");
    out->cty = format == INVOICE_CSV ? "text/csv" : "application/xml";
    if (!any_term(terms))
        return CLIENT_OK;
    json_t *header = json_object();
    set_string(header, "seller", terms->seller);
    set_string(header, "buyer", terms->buyer);
    set_string(header, "amount", terms->amount);
    set_string(header, "due_date", terms->due_date);
    set_string(header, "part", terms->part);
    if (terms->documents)
        json_object_set(header, "documents", (json_t *)(uintptr_t)terms->documents);
    out->submission = (const char *)dumped(arena, header).data;
    json_decref(header);
    return CLIENT_OK;
}
