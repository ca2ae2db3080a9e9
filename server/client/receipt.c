#include "server/client/receipt.h"

#include "ledger/crypto/encoding.h"

#include <string.h>

/* The checkpoint a proof carries: verified against the terms' key if there is one, else only read. */
static client_exit checkpoint_open(client *c, lg_arena *arena, lg_bytes note, const receipt_terms *terms,
                                   checked_receipt *out)
{
    const char *text;
    lg_note opened;
    if (terms->verifier) {
        if (lg_note_open(arena, note, terms->verifier, 1, &opened, &c->report) != LG_OK)
            return client_fail_report(
                c, CLIENT_UNVERIFIED,
                client_text(c, "The checkpoint in the proof is not signed by that key"));
        text = opened.text;
        out->signature_checked = true;
    } else {
        const uint8_t *end = memmem(note.data, note.len, "\n\n", 2);
        if (!end)
            return client_fail(c, CLIENT_UNVERIFIED, "The proof's checkpoint is not a signed note.");
        text = lg_arena_strndup(arena, note.data, (size_t)(end - note.data) + 1);
    }
    if (lg_checkpoint_parse(arena, text, &out->checkpoint, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_UNVERIFIED,
                                  client_text(c, "The proof's checkpoint cannot be read"));
    const char *origin = terms->verifier ? terms->verifier->name : terms->origin;
    if (origin && strcmp(out->checkpoint.origin, origin) != 0)
        return client_fail(c, CLIENT_UNVERIFIED,
                           "The proof's checkpoint is of the log \"%s\", not of \"%s\".",
                           out->checkpoint.origin, origin);
    return CLIENT_OK;
}

client_exit client_proof_check(client *c, lg_arena *arena, lg_bytes entry, lg_bytes proof,
                               const receipt_terms *terms, checked_receipt *out)
{
    lg_tlog_proof parsed;
    *out = (checked_receipt){0};
    if (lg_tlog_proof_parse(arena, proof, &parsed, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_UNVERIFIED, client_text(c, "The proof cannot be read"));
    client_exit code = checkpoint_open(c, arena, parsed.checkpoint, terms, out);
    if (code != CLIENT_OK)
        return code;
    if (lg_entry_parse(arena, entry, &out->entry, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_UNVERIFIED, client_text(c, "The entry is not one of a ledger"));
    out->leaf = lg_leaf_hash(entry);
    if (out->entry.seq != parsed.index)
        return client_fail(c, CLIENT_UNVERIFIED,
                           "The proof is of entry %lld, but the entry says that it is %lld.",
                           (long long)parsed.index, (long long)out->entry.seq);
    if (lg_verify_inclusion(&out->leaf, parsed.index, out->checkpoint.size, &out->checkpoint.root,
                            parsed.proof.hashes, parsed.proof.count) != LG_OK)
        return client_fail(c, CLIENT_UNVERIFIED,
                           "The proof does not lead from entry %lld to the checkpoint's root: the entry or "
                           "the proof was changed.",
                           (long long)parsed.index);
    if (terms->req && !lg_hash_equal(terms->req, &out->entry.req))
        return client_fail(c, CLIENT_UNVERIFIED,
                           "Entry %lld names another command than the one that was sent.",
                           (long long)parsed.index);
    return CLIENT_OK;
}

/* Each disclosure must be one whose digest the entry holds. */
client_exit client_disclosures_check(client *c, lg_arena *arena, const json_t *list, checked_receipt *out)
{
    size_t i;
    json_t *value;
    out->facts = lg_arena_array(arena, json_array_size(list) + 1, sizeof *out->facts);
    json_array_foreach(list, i, value)
    {
        lg_bytes text = lg_bytes_of(json_string_value(value), json_string_length(value));
        const lg_hash digest = lg_disclosure_digest(text);
        if (!json_is_string(value) || !lg_entry_has_digest(&out->entry, &digest))
            return client_fail(c, CLIENT_UNVERIFIED, "Disclosure %zu does not belong to entry %lld.", i + 1,
                               (long long)out->entry.seq);
        if (lg_disclosure_parse(arena, text, &out->facts[out->fact_count++], &c->report) != LG_OK)
            return client_fail_report(c, CLIENT_UNVERIFIED, client_text(c, "A disclosure cannot be read"));
    }
    return CLIENT_OK;
}

client_exit client_receipt_check(client *c, lg_arena *arena, const json_t *receipt,
                                 const receipt_terms *terms, checked_receipt *out)
{
    const json_t *seq = json_object_get(receipt, "seq");
    const char *leaf = json_string_value(json_object_get(receipt, "leaf"));
    const json_t *entry = json_object_get(receipt, "entry"), *proof = json_object_get(receipt, "proof");
    char hex[2 * LG_HASH_LEN + 1];
    if (!json_is_string(entry) || !json_is_string(proof))
        return client_fail(c, CLIENT_UNVERIFIED, "The receipt lacks its entry or its proof.");
    client_exit code =
        client_proof_check(c, arena, lg_bytes_of(json_string_value(entry), json_string_length(entry)),
                           lg_bytes_of(json_string_value(proof), json_string_length(proof)), terms, out);
    if (code != CLIENT_OK)
        return code;
    lg_hex_write(hex, out->leaf.b, sizeof out->leaf.b);
    if ((leaf && strcmp(leaf, hex) != 0) || (seq && json_integer_value(seq) != out->entry.seq))
        return client_fail(c, CLIENT_UNVERIFIED, "The receipt's leaf or seq is not that of its entry.");
    return client_disclosures_check(c, arena, json_object_get(receipt, "disclosures"), out);
}

/* The certificate's own proof is of the last entry that changed the claim; it can be held against that entry
 * if the reader may see it. */
static client_exit own_proof_check(client *c, lg_arena *arena, const json_t *certificate,
                                   const json_t *receipt, const receipt_terms *terms, bool *held)
{
    lg_tlog_proof parsed;
    checked_receipt checked;
    const json_t *checkpoint = json_object_get(certificate, "checkpoint");
    const char *proof = json_string_value(json_object_get(certificate, "proof"));
    const char *entry = json_string_value(json_object_get(receipt, "entry"));
    json_int_t seq = json_integer_value(json_object_get(receipt, "seq"));
    if (!proof || !entry || lg_tlog_proof_parse(arena, lg_bytes_str(proof), &parsed, NULL) != LG_OK ||
        parsed.index != seq)
        return CLIENT_OK;
    *held = true;
    size_t len = json_string_length(checkpoint);
    if (json_is_string(checkpoint) &&
        (len != parsed.checkpoint.len ||
         memcmp(json_string_value(checkpoint), parsed.checkpoint.data, len) != 0))
        return client_fail(c, CLIENT_UNVERIFIED, "The certificate's checkpoint is not that of its proof.");
    return client_proof_check(c, arena, lg_bytes_str(entry), lg_bytes_str(proof), terms, &checked);
}

client_exit client_certificate_check(client *c, lg_arena *arena, const json_t *certificate,
                                     const receipt_terms *terms, checked_certificate *out)
{
    const json_t *entries = json_object_get(certificate, "entries");
    client_exit code = CLIENT_OK;
    size_t i;
    json_t *receipt;
    *out = (checked_certificate){
        .entries = lg_arena_array(arena, json_array_size(entries) + 1, sizeof *out->entries)};
    json_array_foreach(entries, i, receipt)
    {
        code = client_receipt_check(c, arena, receipt, terms, &out->entries[out->count++]);
        if (code == CLIENT_OK)
            code = own_proof_check(c, arena, certificate, receipt, terms, &out->whole);
        if (code != CLIENT_OK)
            break;
    }
    return code;
}
