/* Ledger entries and receipts as JSON. */
#include "server/api/api.h"

#include "ledger/crypto/encoding.h"
#include "ledger/log/note.h"

#include <string.h>

/* The next of the disclosures joined by '~'; false at the end. */
static bool next_disclosure(const char **at, lg_bytes *out)
{
    if (!**at)
        return false;
    size_t len = strcspn(*at, "~");
    *out = lg_bytes_of(*at, len);
    *at += len + ((*at)[len] == '~');
    return true;
}

static void put_disclosures(lg_buf *buf, const char *joined)
{
    lg_bytes one;
    lg_json_key(buf, "disclosures");
    lg_json_list(buf);
    while (next_disclosure(&joined, &one))
        lg_json_strn(buf, (const char *)one.data, one.len);
    lg_json_end(buf);
}

static lg_err put_facts(lg_buf *buf, lg_arena *arena, const char *joined)
{
    lg_bytes one;
    lg_err err = LG_OK;
    lg_json_key(buf, "facts");
    lg_json_open(buf);
    while (err == LG_OK && next_disclosure(&joined, &one)) {
        lg_fact fact;
        err = lg_disclosure_parse(arena, one, &fact, NULL);
        if (err == LG_OK)
            lg_json_put_raw(buf, fact.name, fact.value);
    }
    lg_json_close(buf);
    return err;
}

/* The exact text and the leaf hash over it. */
static void put_entry(lg_buf *buf, lg_bytes body)
{
    char leaf[2 * LG_HASH_LEN + 1];
    lg_hash hash = lg_leaf_hash(body);
    lg_hex_write(leaf, hash.b, LG_HASH_LEN);
    lg_json_key(buf, "entry");
    lg_json_strn(buf, (const char *)body.data, body.len);
    lg_json_put_str(buf, "leaf", leaf);
}

lg_err json_entry(lg_buf *buf, lg_arena *arena, const lg_entry_row *row, bool with_disclosures)
{
    lg_entry entry;
    lg_err err = lg_entry_parse(arena, row->body, &entry, NULL);
    if (err != LG_OK)
        return err;
    lg_json_open(buf);
    lg_json_put_int(buf, "seq", row->seq);
    lg_json_put_str(buf, "type", entry.type);
    lg_json_put_str(buf, "at", lg_time_format(entry.at).s);
    put_entry(buf, row->body);
    if (with_disclosures) {
        put_disclosures(buf, row->disclosures);
        err = put_facts(buf, arena, row->disclosures);
    }
    lg_json_close(buf);
    return err;
}

lg_err json_receipt(lg_buf *buf, lg_arena *arena, const lg_entry_row *row, const lg_proof *proof,
                    const char *note)
{
    lg_json_open(buf);
    lg_json_put_int(buf, "seq", row->seq);
    put_entry(buf, row->body);
    put_disclosures(buf, row->disclosures);
    lg_json_put_str(buf, "proof", lg_tlog_proof_format(arena, row->seq, proof, note));
    lg_json_close(buf);
    return LG_OK;
}
