#include "ledger/registry/registry.h"

#include "ledger/base/buf.h"
#include "ledger/base/text.h"

/* Keys of an index are 63 bits of a keyed hash; 0 is kept for "none". */
static int64_t index_key(const uint8_t *hash_key, const char *tag, const lg_bytes *fields, size_t count)
{
    uint8_t hash[LG_KEYED_LEN];
    uint64_t key = 0;
    lg_keyed_hash(hash_key, tag, fields, count, hash);
    for (int i = 0; i < 8; i++)
        key = key << 8 | hash[i];
    key &= INT64_MAX;
    return key ? (int64_t)key : 1;
}

lg_fingerprint lg_fingerprint_make(const uint8_t *hash_key, lg_arena *arena, lg_participant_id seller,
                                   lg_participant_id buyer, const char *number, lg_day issue_day,
                                   lg_currency currency, int64_t gross_minor)
{
    const lg_int_text gross_text = lg_int_format(gross_minor);
    const lg_day_text day_text = lg_day_format(issue_day);
    const lg_bytes seller_id = lg_bytes_of(seller.uuid.b, sizeof seller.uuid.b);
    const lg_bytes currency_code = lg_bytes_str(currency.code);
    const lg_bytes gross = lg_bytes_str(gross_text.s);
    const char *collapsed = lg_text_collapse(arena, number);
    const lg_bytes exact[] = {seller_id, lg_bytes_str(collapsed), lg_bytes_str(day_text.s), currency_code,
                              gross};
    /* Of what is in `exact`: the same invoice has the same number key, by which its fingerprint is found. */
    const lg_bytes alike_number[] = {seller_id, lg_bytes_str(lg_text_skeleton(arena, collapsed))};
    const lg_bytes alike_sale[] = {seller_id, lg_bytes_of(buyer.uuid.b, sizeof buyer.uuid.b), currency_code,
                                   gross};
    lg_fingerprint fingerprint;
    lg_keyed_hash(hash_key, "invoice", exact, sizeof exact / sizeof *exact, fingerprint.exact);
    fingerprint.number_key =
        index_key(hash_key, "number", alike_number, sizeof alike_number / sizeof *alike_number);
    fingerprint.similar_key = index_key(hash_key, "sale", alike_sale, sizeof alike_sale / sizeof *alike_sale);
    return fingerprint;
}
