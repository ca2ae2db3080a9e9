#include "server/gateway/import_xml.h"

#include "ledger/base/text.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <pthread.h>
#include <string.h>

/* What a document of GW_XML_LEN_MAX bytes could still make libxml2 do at great cost: build a tree of a
 * million empty elements (some 120 bytes each), compare the attributes of one tag pair by pair, look prefixes
 * up in a long list. A text node may have 10 MB without XML_PARSE_HUGE, more than a whole document here. */
enum { NODES_MAX = 250000, TAG_LEN_MAX = 8192, NAMESPACES_IN_SCOPE_MAX = 128, DEPTH_MAX = 100 };

struct guard {
    lg_arena *arena;
    const char *refusal; /* why parsing was stopped */
    const char *first_error;
    int first_error_line;
    size_t nodes, in_scope;
    int depth;
    int declared[DEPTH_MAX + 1]; /* namespaces each open element declares */
};

static void guard_stop(xmlParserCtxt *parser, const char *refusal)
{
    struct guard *guard = parser->_private;
    if (!guard->refusal)
        guard->refusal = refusal;
    xmlStopParser(parser);
}

/* Comes before the first declaration of the DTD is read, so no entity is ever declared. */
static void on_doctype(void *data, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
    (void)name, (void)public_id, (void)system_id;
    guard_stop(data,
               "The document has a DOCTYPE declaration; an invoice needs none and the registry takes none.");
}

static void on_start(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int namespace_count, const xmlChar **namespaces, int attribute_count,
                     int defaulted_count, const xmlChar **attributes)
{
    xmlParserCtxt *parser = data;
    struct guard *guard = parser->_private;
    guard->nodes += 1 + (size_t)attribute_count + (size_t)namespace_count;
    guard->in_scope += (size_t)namespace_count;
    if (guard->depth >= DEPTH_MAX) {
        guard_stop(parser, "Elements are nested deeper than the registry reads.");
        return;
    }
    guard->declared[guard->depth++] = namespace_count;
    if (guard->nodes > NODES_MAX)
        guard_stop(parser, "The document has more elements and attributes than the registry reads.");
    else if (guard->in_scope > NAMESPACES_IN_SCOPE_MAX)
        guard_stop(parser, "The document declares more namespaces than the registry reads.");
    else
        xmlSAX2StartElementNs(data, name, prefix, uri, namespace_count, namespaces, attribute_count,
                              defaulted_count, attributes);
}

static void on_end(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct guard *guard = ((xmlParserCtxt *)data)->_private;
    if (guard->depth > 0)
        guard->in_scope -= (size_t)guard->declared[--guard->depth];
    xmlSAX2EndElementNs(data, name, prefix, uri);
}

/* The end of the comment, CDATA section or processing instruction that starts at `at`, or NULL if none starts
 * there. Not found means the end of the document: libxml2 will say what is wrong. */
static const uint8_t *skip_markup(const uint8_t *at, const uint8_t *end)
{
    static const char *const pairs[][2] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t len = strlen(pairs[i][0]);
        if ((size_t)(end - at) < len || memcmp(at, pairs[i][0], len) != 0)
            continue;
        const uint8_t *close = memmem(at + len, (size_t)(end - at) - len, pairs[i][1], strlen(pairs[i][1]));
        return close ? close + strlen(pairs[i][1]) : end;
    }
    return NULL;
}

/* libxml2 before 2.12 compares the attributes of a tag with each other before any handler sees them, so the
 * length of a tag is bounded beforehand. The text is UTF-8, so bytes are what they look like. */
static bool has_overlong_tag(lg_bytes document)
{
    const uint8_t *at = document.data, *end = document.data + document.len;
    while (at < end && (at = memchr(at, '<', (size_t)(end - at))) != NULL) {
        const uint8_t *behind = skip_markup(at, end);
        if (behind) {
            at = behind;
            continue;
        }
        const uint8_t *start = at;
        uint8_t quote = 0;
        for (; at < end && (quote || *at != '>'); at++) {
            if (at - start > TAG_LEN_MAX)
                return true;
            if (quote ? *at == quote : *at == '"' || *at == '\'')
                quote = quote ? 0 : *at;
        }
    }
    return false;
}

/* The first error is the one to tell: those behind it are mostly its consequences. */
static void on_error(void *data, xmlError *error)
{
    struct guard *guard = ((xmlParserCtxt *)data)->_private;
    if (guard->first_error || error->level < XML_ERR_ERROR)
        return;
    const char *message = lg_text_collapse(guard->arena, error->message ? error->message : "");
    bool is_fit = *message && lg_text_is_line(lg_bytes_str(message));
    guard->first_error =
        is_fit ? lg_text_clip(guard->arena, message, 200) : LG_TEXT("this is not well-formed XML");
    guard->first_error_line = error->line;
}

static lg_err refuse_xml(const struct guard *guard, lg_report *report)
{
    if (guard->refusal)
        return lg_fail(report, LG_MALFORMED_XML, "%s", guard->refusal);
    return lg_fail(report, LG_MALFORMED_XML, "Line %d: %s.", guard->first_error_line,
                   guard->first_error ? guard->first_error : LG_TEXT("this is not an XML document"));
}

static void start_libxml2(void)
{
    xmlInitParser();
}

/* On success *out is the caller's (xmlFreeDoc). */
static lg_err parse(lg_bytes document, xmlDoc **out, lg_report *report)
{
    static pthread_once_t started = PTHREAD_ONCE_INIT;
    pthread_once(&started, start_libxml2);

    lg_err err = LG_OK;
    struct guard guard = {.arena = report->arena};
    xmlParserCtxt *parser = xmlNewParserCtxt();
    if (!parser)
        lg_die("out of memory for an XML parser");
    parser->_private = &guard;
    parser->sax->serror = on_error;
    parser->sax->internalSubset = on_doctype;
    parser->sax->startElementNs = on_start;
    parser->sax->endElementNs = on_end;
    parser->sax->comment = NULL;
    parser->sax->processingInstruction = NULL;
    /* The encoding is given, so a declaration inside cannot choose another; NOERROR and NOWARNING keep
     * standard error silent. */
    xmlDoc *doc = xmlCtxtReadMemory(parser, (const char *)document.data, (int)document.len, NULL, "UTF-8",
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                        XML_PARSE_NOCDATA | XML_PARSE_COMPACT);
    if (!doc || guard.refusal || !parser->nsWellFormed || !xmlDocGetRootElement(doc)) {
        err = refuse_xml(&guard, report);
        xmlFreeDoc(doc);
    } else {
        *out = doc;
    }
    xmlFreeParserCtxt(parser);
    return err;
}

static bool is_root(const xmlNode *root, const char *uri, const char *name)
{
    return root->ns && xmlStrEqual(root->ns->href, (const xmlChar *)uri) &&
           xmlStrEqual(root->name, (const xmlChar *)name);
}

static lg_err refuse_root(const xmlNode *root, lg_report *report)
{
    const char *name = lg_text_clip(report->arena, (const char *)root->name, 80);
    const char *uri = root->ns && root->ns->href ? (const char *)root->ns->href : "";
    lg_fault_add(
        report, "unsupported_document_type", lg_arena_printf(report->arena, "/%s", name),
        "The root element is %s in namespace \"%s\"; the registry reads UBL 2.1 Invoice and CreditNote and "
        "UN/CEFACT CrossIndustryInvoice (D16B).",
        name, lg_text_clip(report->arena, lg_text_collapse(report->arena, uri), 120));
    return lg_fail(report, LG_NOT_A_RECEIVABLE, "%s", report->last->detail);
}

lg_err import_xml(lg_bytes document, gw_invoice *out, lg_report *report)
{
    *out = (gw_invoice){0};
    if (document.len > GW_XML_LEN_MAX)
        return lg_fail(report, LG_BODY_TOO_LARGE, "The XML document is larger than %d bytes.",
                       GW_XML_LEN_MAX);
    if (!lg_text_is_utf8(document))
        return lg_fail(report, LG_MALFORMED_XML, "The document is not UTF-8.");
    if (has_overlong_tag(document))
        return lg_fail(report, LG_MALFORMED_XML, "A tag is longer than %d bytes.", TAG_LEN_MAX);
    xmlDoc *doc = NULL;
    lg_err err = parse(document, &doc, report);
    if (err)
        return err;
    const xmlNode *root = xmlDocGetRootElement(doc);
    if (is_root(root, XML_NS_UBL_INVOICE, "Invoice") || is_root(root, XML_NS_UBL_CREDIT_NOTE, "CreditNote"))
        import_ubl(root, out, report);
    else if (is_root(root, XML_NS_CII, "CrossIndustryInvoice"))
        import_cii(root, out, report);
    else
        err = refuse_root(root, report);
    xmlFreeDoc(doc);
    return err;
}
