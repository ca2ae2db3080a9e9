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
    size_t len = (size_t)(strchrnul(*at, '~') - *at);
    *out = lg_bytes_of(*at, len);
    *at += len + ((*at)[len] == '~');
    return true;
}

/* All of them, unread: they are the signer's own. */
static void put_disclosures(lg_buf *buf, const char *joined)
{
    lg_bytes one;
    lg_json_key(buf, "disclosures");
    lg_json_list(buf);
    while (next_disclosure(&joined, &one))
        lg_json_strn(buf, (const char *)one.data, one.len);
    lg_json_end(buf);
}

/* Member "disclosures": those that the shares show. Their names and values join the open object `facts`,
 * unless it is NULL. */
static lg_err put_shown(lg_buf *buf, lg_buf *facts, lg_arena *arena, const char *joined,
                        const lg_shares *shares)
{
    lg_bytes one;
    lg_err err = LG_OK;
    lg_json_key(buf, "disclosures");
    lg_json_list(buf);
    while (err == LG_OK && next_disclosure(&joined, &one)) {
        lg_fact fact;
        err = lg_disclosure_parse(arena, one, &fact, NULL);
        if (err != LG_OK || !lg_shares_show(shares, fact.name))
            continue;
        lg_json_strn(buf, (const char *)one.data, one.len);
        if (facts)
            lg_json_put_raw(facts, fact.name, fact.value);
    }
    lg_json_end(buf);
    return err;
}

lg_err json_put_shared(lg_buf *buf, lg_arena *arena, const char *joined, const lg_shares *shares)
{
    lg_buf facts = {0};
    lg_json_open(&facts);
    lg_err err = put_shown(buf, &facts, arena, joined, shares);
    lg_json_close(&facts);
    lg_json_put_raw(buf, "facts", facts.data);
    lg_buf_clear(&facts);
    return err;
}

/* The exact text and the leaf hash over it. */
static void put_entry(lg_buf *buf, const lg_entry_row *row)
{
    char leaf[2 * LG_HASH_LEN + 1];
    const lg_hash hash = row->leaf ? *row->leaf : lg_leaf_hash(row->body);
    lg_hex_write(leaf, hash.b, LG_HASH_LEN);
    lg_json_key(buf, "entry");
    lg_json_strn(buf, (const char *)row->body.data, row->body.len);
    lg_json_put_str(buf, "leaf", leaf);
}

lg_err json_entry(lg_buf *buf, lg_arena *arena, const lg_entry_row *row, const lg_shares *shares)
{
    lg_entry entry;
    lg_err err = lg_entry_parse(arena, row->body, &entry, NULL);
    if (err != LG_OK)
        return err;
    lg_json_open(buf);
    lg_json_put_int(buf, "seq", row->seq);
    lg_json_put_str(buf, "type", entry.type);
    lg_json_put_str(buf, "at", lg_time_format(entry.at).s);
    put_entry(buf, row);
    if (!lg_shares_are_none(shares))
        err = json_put_shared(buf, arena, row->disclosures, shares);
    lg_json_close(buf);
    return err;
}

lg_err json_receipt(lg_buf *buf, lg_arena *arena, const lg_entry_row *row, const lg_proof *proof,
                    const char *note)
{
    lg_json_open(buf);
    lg_json_put_int(buf, "seq", row->seq);
    put_entry(buf, row);
    put_disclosures(buf, row->disclosures);
    lg_json_put_str(buf, "proof", lg_tlog_proof_format(arena, row->seq, proof, note));
    lg_json_close(buf);
    return LG_OK;
}

lg_err json_receipt_shared(lg_buf *buf, lg_arena *arena, const lg_entry_row *row, const lg_shares *shares,
                           const lg_proof *proof, const char *note)
{
    lg_json_open(buf);
    lg_json_put_int(buf, "seq", row->seq);
    put_entry(buf, row);
    lg_err err = put_shown(buf, NULL, arena, row->disclosures, shares);
    lg_json_put_str(buf, "proof", lg_tlog_proof_format(arena, row->seq, proof, note));
    lg_json_close(buf);
    return err;
}
