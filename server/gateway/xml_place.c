#include "server/gateway/import_xml.h"

#include "ledger/base/text.h"

#include <string.h>

/* Whether `node` is the element that one step ("cbc:ID", `len` characters) names. */
static bool is_step(const xmlNode *node, const xml_prefix *prefixes, const char *step, size_t len)
{
    const char *colon = memchr(step, ':', len);
    if (node->type != XML_ELEMENT_NODE || !colon || !node->ns || !node->ns->href)
        return false;
    size_t prefix_len = (size_t)(colon - step), name_len = len - prefix_len - 1;
    if (strlen((const char *)node->name) != name_len || memcmp(node->name, colon + 1, name_len) != 0)
        return false;
    for (; prefixes->prefix; prefixes++)
        if (strlen(prefixes->prefix) == prefix_len && memcmp(prefixes->prefix, step, prefix_len) == 0)
            return strcmp((const char *)node->ns->href, prefixes->uri) == 0;
    return false;
}

/* Calls for every element at `steps` below `node`, in document order: returns the first and counts all. */
static const xmlNode *walk(const xmlNode *node, const xml_prefix *prefixes, const char *steps, size_t *count)
{
    const xmlNode *first = NULL;
    size_t len = strcspn(steps, "/");
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (!is_step(child, prefixes, steps, len))
            continue;
        if (!steps[len])
            ++*count;
        const xmlNode *found = steps[len] ? walk(child, prefixes, steps + len + 1, count) : child;
        if (!first)
            first = found;
    }
    return first;
}

static xml_place find_counted(xml_place from, const char *steps, size_t *count)
{
    *count = 0;
    xml_place place = from;
    place.repeat = 0;
    place.node = from.node ? walk(from.node, from.prefixes, steps, count) : NULL;
    place.path = lg_arena_printf(from.report->arena, "%s/%s", from.path, steps);
    return place;
}

xml_place xml_find(xml_place from, const char *steps)
{
    size_t count;
    return find_counted(from, steps, &count);
}

xml_place xml_next(xml_place place)
{
    const xmlNode *node = place.node ? place.node->next : NULL;
    while (node && !(node->type == XML_ELEMENT_NODE && xmlStrEqual(node->name, place.node->name) &&
                     node->ns && place.node->ns && xmlStrEqual(node->ns->href, place.node->ns->href)))
        node = node->next;
    if (node && ++place.repeat >= XML_REPEATS_MAX) {
        lg_fault_add(place.report, "too_many", place.path, "%s must occur at most %d times.", place.path,
                     XML_REPEATS_MAX);
        node = NULL;
    }
    place.node = node;
    return place;
}

const char *xml_text(xml_place place)
{
    if (!place.node)
        return NULL;
    xmlChar *content = xmlNodeGetContent(place.node);
    char *text = content ? lg_text_collapse(place.report->arena, (const char *)content) : NULL;
    xmlFree(content);
    return text && *text ? text : NULL;
}

const char *xml_attribute(xml_place place, const char *name)
{
    if (!place.node)
        return NULL;
    xmlChar *value = xmlGetNoNsProp(place.node, (const xmlChar *)name);
    char *text = value ? lg_text_collapse(place.report->arena, (const char *)value) : NULL;
    xmlFree(value);
    return text && *text ? text : NULL;
}

gw_field xml_field_of(xml_place place)
{
    return (gw_field){.text = xml_text(place), .pointer = place.path};
}

xml_place xml_only(xml_place from, const char *steps)
{
    size_t count;
    xml_place place = find_counted(from, steps, &count);
    if (count > 1)
        lg_fault_add(place.report, "repeated", place.path, "%s occurs %zu times; it must occur once.",
                     place.path, count);
    return place;
}

gw_field xml_field(xml_place from, const char *steps)
{
    return xml_field_of(xml_only(from, steps));
}

gw_field xml_money(xml_place from, const char *steps, const char *currency)
{
    xml_place place = xml_only(from, steps);
    const char *stated = xml_attribute(place, "currencyID");
    if (stated && currency && strcmp(stated, currency) != 0)
        lg_fault_add(place.report, "currency_mismatch", place.path,
                     "%s has currencyID %s, but the document's currency is %s.", place.path,
                     lg_text_clip(place.report->arena, stated, 20),
                     lg_text_clip(place.report->arena, currency, 20));
    return xml_field_of(place);
}

gw_field xml_remark(xml_place from, const char *steps, size_t max_len)
{
    gw_field field = xml_field_of(xml_find(from, steps));
    if (field.text)
        field.text = lg_text_clip(from.report->arena, field.text, max_len);
    return field;
}

void xml_keep_latest(gw_field *latest, gw_field date)
{
    lg_day day, kept;
    if (!date.text)
        return;
    if (!latest->text)
        *latest = date;
    else if (lg_day_parse(latest->text, &kept) && (!lg_day_parse(date.text, &day) || day > kept))
        *latest = date;
}

void xml_add_identifier(gw_party *party, lg_scheme scheme, gw_field value)
{
    if (!value.text || party->identifier_count == GW_IDENTIFIERS_MAX)
        return;
    for (size_t i = 0; i < party->identifier_count; i++)
        if (party->identifiers[i].scheme == scheme &&
            strcmp(party->identifiers[i].value.text, value.text) == 0)
            return;
    party->identifiers[party->identifier_count++] = (gw_identifier){.scheme = scheme, .value = value};
}

bool xml_add_iso6523(gw_party *party, xml_place place)
{
    const char *scheme = xml_attribute(place, "schemeID");
    if (lg_text_equal(scheme, "0199"))
        xml_add_identifier(party, LG_SCHEME_LEI, xml_field_of(place));
    else if (lg_text_equal(scheme, "0088"))
        xml_add_identifier(party, LG_SCHEME_GLN, xml_field_of(place));
    else
        return false;
    return true;
}
