/* Reading a parsed XML document: what the UBL and the CII importer share. */
#ifndef GW_IMPORT_XML_H
#define GW_IMPORT_XML_H

#include "server/gateway/invoice.h"

#include <libxml/tree.h>

/* A namespace prefix as our paths write it ("cbc"), whatever prefix the document uses. */
typedef struct xml_prefix {
    const char *prefix, *uri;
} xml_prefix;

/* A place in the document: an element and its path from the root, such as /Invoice/cac:PayeeParty. */
typedef struct xml_place {
    const xmlNode *node; /* NULL: not there */
    const char *path;
    const xml_prefix *prefixes; /* ends with a NULL prefix */
    int repeat;                 /* how many of its name stood before it, as xml_next counts */
    lg_report *report;
} xml_place;

/* The first element at `steps` below ("cac:PartyName/cbc:Name"); steps are tried in every branch, not only
 * the first. */
xml_place xml_find(xml_place from, const char *steps);
/* The same for what may occur only once: another occurrence is a fault ("repeated"), since two readers of the
 * document could understand it differently. */
xml_place xml_only(xml_place from, const char *steps);
/* The next sibling element of the same name. More than XML_REPEATS_MAX are a fault ("too_many") and not read.
 */
enum { XML_REPEATS_MAX = 200 };
xml_place xml_next(xml_place place);

/* The element's text, collapsed; NULL if absent or empty. In the report's arena. */
const char *xml_text(xml_place place);
const char *xml_attribute(xml_place place, const char *name);
gw_field xml_field_of(xml_place place);
/* The text of xml_only. */
gw_field xml_field(xml_place from, const char *steps);
/* The text of xml_only, money: a currencyID attribute other than `currency` is a fault ("currency_mismatch").
 */
gw_field xml_money(xml_place from, const char *steps, const char *currency);
/* Free text at `steps`, the first if there are several, cut to `max_len` bytes: for text that only informs.
 */
gw_field xml_remark(xml_place from, const char *steps, size_t max_len);

/* Keeps `date` in *latest if it is later; a text that is no date wins for good, so that the form check names
 * it. */
void xml_keep_latest(gw_field *latest, gw_field date);

/* Adds an identifier to the party unless it is empty or there already. */
void xml_add_identifier(gw_party *party, lg_scheme scheme, gw_field value);
/* Adds the ISO 6523 identifier schemes the registry knows: 0199 (LEI), 0088 (GLN). False for any other
 * scheme. */
bool xml_add_iso6523(gw_party *party, xml_place place);

/* `root` is the document element. */
void import_ubl(const xmlNode *root, gw_invoice *out, lg_report *report);
void import_cii(const xmlNode *root, gw_invoice *out, lg_report *report);

#define XML_NS_UBL_INVOICE     "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
#define XML_NS_UBL_CREDIT_NOTE "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"
#define XML_NS_CII             "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"

#endif
