/* `prove`: an entry with its proof, fetched from a registry or checked from a file. */
#include "ledger/base/calendar.h"
#include "ledger/base/uuid.h"
#include "ledger/crypto/encoding.h"
#include "server/client/commands.h"
#include "server/client/describe.h"
#include "server/client/http.h"
#include "server/client/receipt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PROOF_FILE_MAX = 4 << 20 }; /* bytes */

static json_t *checked_value(client *c, const checked_receipt *r)
{
    json_t *value = json_object(), *facts = json_object();
    json_object_set_new(value, "ok", json_true());
    json_object_set_new(value, "seq", json_integer(r->entry.seq));
    json_object_set_new(value, "type", json_string(r->entry.type));
    json_object_set_new(value, "at", json_string(lg_time_format(r->entry.at).s));
    json_object_set_new(value, "leaf",
                        json_string(lg_hex_encode(c->arena, lg_bytes_of(r->leaf.b, LG_HASH_LEN))));
    json_object_set_new(value, "origin", json_string(r->checkpoint.origin));
    json_object_set_new(value, "size", json_integer(r->checkpoint.size));
    json_object_set_new(value, "signature_checked", json_boolean(r->signature_checked));
    for (size_t i = 0; i < r->fact_count; i++)
        json_object_set_new(facts, r->facts[i].name, json_loads(r->facts[i].value, JSON_DECODE_ANY, NULL));
    json_object_set_new(value, "facts", facts);
    return value;
}

static void checked_json(client *c, const checked_receipt *r)
{
    json_t *value = checked_value(c, r);
    client_print_json(value);
    json_decref(value);
}

static void checked_print(client *c, const checked_receipt *r)
{
    client_say(c, STYLE_GREEN, "proven: entry %lld is in the ledger %s (%lld entries)",
               (long long)r->entry.seq, r->checkpoint.origin, (long long)r->checkpoint.size);
    client_say(c, STYLE_PLAIN, "  type  %s", r->entry.type);
    client_say(c, STYLE_PLAIN, "  at    %s", lg_time_format(r->entry.at).s);
    client_say(c, STYLE_PLAIN, "  leaf  %s", lg_hex_encode(c->arena, lg_bytes_of(r->leaf.b, LG_HASH_LEN)));
    for (size_t i = 0; i < r->fact_count; i++)
        client_say(c, STYLE_PLAIN, "  fact  %s = %s", r->facts[i].name, r->facts[i].value);
    if (!r->signature_checked)
        client_say(c, STYLE_YELLOW, "  The checkpoint's signature was not checked: give --vkey.");
}

static void certificate_report(client *c, const json_t *certificate, const checked_certificate *checked)
{
    const checked_receipt *last = &checked->entries[checked->count - 1];
    if (c->json) {
        json_t *value = json_object(), *entries = json_array();
        for (size_t i = 0; i < checked->count; i++)
            json_array_append_new(entries, checked_value(c, &checked->entries[i]));
        json_object_set_new(value, "ok", json_true());
        json_object_set_new(value, "entries", entries);
        client_print_json(value);
        json_decref(value);
        return;
    }
    if (checked->count == 1)
        client_say(c, STYLE_GREEN, "proven: the certificate's entry is in the ledger %s (%lld entries)",
                   last->checkpoint.origin, (long long)last->checkpoint.size);
    else
        client_say(c, STYLE_GREEN,
                   "proven: the certificate's %zu entries are in the ledger %s (%lld entries)",
                   checked->count, last->checkpoint.origin, (long long)last->checkpoint.size);
    for (size_t i = 0; i < checked->count; i++)
        client_say(c, STYLE_PLAIN, "  %lld  %s  %s", (long long)checked->entries[i].entry.seq,
                   lg_time_format(checked->entries[i].entry.at).s, checked->entries[i].entry.type);
    client_say(c, STYLE_DIM, "  What it says of the claim as of %s is the registry's statement.",
               client_or_dash(client_field(c->arena, certificate, "as_of")));
}

/* A certificate without the entry that made the claim's state proves nothing of it. */
static client_exit certificate_prove(client *c, const json_t *certificate, const receipt_terms *terms)
{
    checked_certificate checked;
    if (client_option_given(c, "entry"))
        return client_fail(c, CLIENT_USAGE,
                           "--entry goes with a receipt or a proof, not with a certificate.");
    client_exit code = client_certificate_check(c, c->arena, certificate, terms, &checked);
    if (code == CLIENT_OK && !checked.whole)
        code = client_fail(c, CLIENT_UNVERIFIED, "The certificate lacks the entry that its proof is of.");
    if (code == CLIENT_OK)
        certificate_report(c, certificate, &checked);
    return code;
}

static client_exit terms_read(client *c, lg_verifier *verifier, receipt_terms *terms)
{
    *terms = (receipt_terms){.origin = c->config.origin};
    if (!c->config.vkey)
        return CLIENT_OK;
    if (lg_vkey_parse(c->arena, c->config.vkey, verifier, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_USAGE, "--vkey");
    terms->verifier = verifier;
    return CLIENT_OK;
}

static void receipt_report(client *c, const checked_receipt *checked)
{
    if (c->json)
        checked_json(c, checked);
    else
        checked_print(c, checked);
}

static client_exit receipt_prove(client *c, const json_t *receipt, const char *entry_path, lg_bytes entry,
                                 const receipt_terms *terms)
{
    checked_receipt checked;
    client_exit code = client_receipt_check(c, c->arena, receipt, terms, &checked);
    if (code == CLIENT_OK && entry_path) {
        lg_hash leaf = lg_leaf_hash(entry);
        if (!lg_hash_equal(&leaf, &checked.leaf))
            code = client_fail(c, CLIENT_UNVERIFIED, "The receipt is of another entry than %s.", entry_path);
    }
    if (code == CLIENT_OK)
        receipt_report(c, &checked);
    return code;
}

/* The member of that name, or the value itself. */
static const json_t *inner_of(const json_t *value, const char *name)
{
    const json_t *inner = json_object_get(value, name);
    return json_is_object(inner) ? inner : value;
}

/* A receipt, a certificate, an answer that holds one, or a bare tlog-proof with the entry beside it. */
static client_exit file_check(client *c, const char *path, const receipt_terms *terms)
{
    lg_bytes text, entry = {0};
    json_t *value = NULL;
    checked_receipt checked;
    const char *entry_path = client_option_value(c, "entry");
    client_exit code = client_file_read(c, c->arena, path, PROOF_FILE_MAX, &text);
    if (code == CLIENT_OK && entry_path)
        code = client_file_read(c, c->arena, entry_path, LG_ENTRY_MAX, &entry);
    if (code != CLIENT_OK)
        return code;
    if (text.len && text.data[0] == '{') {
        bool readable = lg_json_load(text, &value, &c->report) == LG_OK;
        const json_t *receipt = inner_of(value, "receipt"), *certificate = inner_of(value, "certificate");
        if (readable &&
            (json_is_string(json_object_get(receipt, "entry")) || json_object_get(receipt, "proof")) &&
            !json_object_get(receipt, "entries"))
            code = receipt_prove(c, receipt, entry_path, entry, terms);
        else if (readable && json_is_array(json_object_get(certificate, "entries")) &&
                 json_object_get(certificate, "checkpoint"))
            code = certificate_prove(c, certificate, terms);
        else
            code =
                client_fail(c, CLIENT_USAGE,
                            "This is not a receipt, a certificate, or an answer that holds one: %s.", path);
        json_decref(value);
        return code;
    }
    if (!entry_path)
        return client_fail(c, CLIENT_USAGE, "A bare proof needs --entry FILE with the entry's exact bytes.");
    code = client_proof_check(c, c->arena, entry, text, terms, &checked);
    if (code == CLIENT_OK)
        receipt_report(c, &checked);
    return code;
}

/* The number that was given, or that of the latest entry of a receivable or claim. */
static client_exit seq_find(client *c, const char *what, int64_t *seq)
{
    static const char *const places[] = {"/v1/receivables/", "/v1/claims/"};
    static const char *const words[] = {"receivable", "claim"};
    lg_uuid id;
    client_exit code = CLIENT_REFUSED;
    if (client_number_parse(what, 0, INT64_MAX, seq))
        return CLIENT_OK;
    if (!lg_uuid_parse(what, &id))
        return client_fail(c, CLIENT_USAGE, "\"%s\" is neither an entry's number nor an id.", what);
    for (size_t i = 0; i < 2 && code == CLIENT_REFUSED; i++) {
        json_t *answer = NULL;
        json_decref(c->problem);
        c->problem = NULL;
        c->message = NULL;
        c->hint = NULL;
        code = client_get_json(c, c->arena, client_path(c, places[i], what), &answer);
        const json_t *inner = json_object_get(answer, words[i]);
        const json_t *number = json_object_get(inner ? inner : answer, "seq");
        *seq = json_integer_value(number);
        if (code == CLIENT_OK && !json_is_integer(number))
            code = client_fail(c, CLIENT_UNREACHABLE, "The answer names no entry.");
        json_decref(answer);
    }
    return code;
}

/* The receipt {"seq","leaf","entry","disclosures"?,"proof"} from two public resources. */
static client_exit receipt_fetch(client *c, int64_t seq, json_t **out)
{
    const char *path = lg_arena_printf(c->arena, "/v1/entries/%" PRId64, seq);
    client_request request = {
        .path = lg_arena_printf(c->arena, "%s/proof", path), .max = PROOF_FILE_MAX, .token = c->config.token};
    client_response response;
    json_t *entry = NULL;
    static const char *const members[] = {"seq", "leaf", "entry", "disclosures"};
    client_exit code = client_get_json(c, c->arena, path, &entry);
    if (code == CLIENT_OK)
        code = client_http_send(c, c->arena, &request, &response);
    if (code == CLIENT_OK && response.status != 200)
        code = client_refused(c, &response);
    if (code == CLIENT_OK) {
        *out = json_object();
        for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
            json_t *value = json_object_get(entry, members[i]);
            if (value && !json_is_null(value))
                json_object_set(*out, members[i], value);
        }
        json_object_set_new(*out, "proof", json_stringn((const char *)response.body.data, response.body.len));
    }
    json_decref(entry);
    return code;
}

static client_exit receipt_write(client *c, const json_t *receipt)
{
    const char *path = client_option_value(c, "out");
    if (!path)
        return CLIENT_OK;
    if (client_option_given(c, "bare"))
        return client_file_write(c, path, 0644,
                                 lg_bytes_str(json_string_value(json_object_get(receipt, "proof"))));
    char *text = json_dumps(receipt, JSON_INDENT(2));
    if (!text)
        lg_die("out of memory");
    client_exit code =
        client_file_write(c, path, 0600, lg_bytes_str(lg_arena_printf(c->arena, "%s\n", text)));
    free(text);
    return code;
}

client_exit command_prove(client *c)
{
    int64_t seq;
    lg_verifier verifier;
    receipt_terms terms;
    checked_receipt checked = {0};
    json_t *receipt = NULL;
    const char *file = client_option_value(c, "check");
    if (!file == !c->args.operand_count)
        return client_fail(c, CLIENT_USAGE, "prove needs either an entry's number or id, or --check FILE.");
    if (file && !c->config.vkey)
        return client_fail(c, CLIENT_USAGE, "prove --check needs --vkey: the log's verifier key.");
    client_exit code = terms_read(c, &verifier, &terms);
    if (code == CLIENT_OK && file) {
        code = file_check(c, file, &terms);
    } else if (code == CLIENT_OK) {
        code = seq_find(c, c->args.operands[0], &seq);
        if (code == CLIENT_OK)
            code = receipt_fetch(c, seq, &receipt);
        if (code == CLIENT_OK)
            code = client_receipt_check(c, c->arena, receipt, &terms, &checked);
        if (code == CLIENT_OK && checked.entry.seq != seq)
            code = client_fail(c, CLIENT_UNVERIFIED, "The registry answered with entry %lld.",
                               (long long)checked.entry.seq);
        if (code == CLIENT_OK)
            code = receipt_write(c, receipt);
        if (code == CLIENT_OK)
            receipt_report(c, &checked);
    }
    json_decref(receipt);
    return code;
}
