/* `prove`: an entry with its proof, fetched from a registry or checked from a file. */
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

static void checked_json(client *c, const checked_receipt *r)
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

/* A receipt, an answer that holds one, or a bare tlog-proof with the entry beside it. */
static client_exit file_check(client *c, const char *path, const receipt_terms *terms, checked_receipt *out)
{
    lg_bytes text, entry;
    json_t *value = NULL;
    const char *entry_path = client_option_value(c, "entry");
    client_exit code = client_file_read(c, c->arena, path, PROOF_FILE_MAX, &text);
    if (code == CLIENT_OK && entry_path)
        code = client_file_read(c, c->arena, entry_path, LG_ENTRY_MAX, &entry);
    if (code != CLIENT_OK)
        return code;
    if (text.len && text.data[0] == '{') {
        if (lg_json_load(text, &value, &c->report) != LG_OK)
            return client_fail_report(c, CLIENT_UNVERIFIED, "The file is neither a receipt nor a proof");
        const json_t *receipt = json_object_get(value, "receipt");
        code = client_receipt_check(c, c->arena, json_is_object(receipt) ? receipt : value, terms, out);
        if (code == CLIENT_OK && entry_path) {
            lg_hash leaf = lg_leaf_hash(entry);
            if (!lg_hash_equal(&leaf, &out->leaf))
                code =
                    client_fail(c, CLIENT_UNVERIFIED, "The receipt is of another entry than %s.", entry_path);
        }
        json_decref(value);
        return code;
    }
    if (!entry_path)
        return client_fail(c, CLIENT_USAGE, "A bare proof needs --entry FILE with the entry's exact bytes.");
    return client_proof_check(c, c->arena, entry, text, terms, out);
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
        code = file_check(c, file, &terms, &checked);
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
    }
    if (code == CLIENT_OK && c->json)
        checked_json(c, &checked);
    else if (code == CLIENT_OK)
        checked_print(c, &checked);
    json_decref(receipt);
    return code;
}
