/* Receipts and certificates as a malicious server may send them: JSON of any kind, in which @E, @P, @D and @L
 * stand for an honest entry, its proof, a disclosure of it and its leaf, so that a search finds its way past
 * the signature. What is accepted must be an entry of the log. */
#include "ledger/base/buf.h"
#include "server/client/receipt.h"
#include "tests/fuzz/honest_log.h"

#include <string.h>

enum { SEQ = 258 };

static void put_piece(lg_buf *text, char which, lg_arena *arena, honest_log *log)
{
    lg_proof proof;
    const char *piece;
    char hex[2 * LG_HASH_LEN + 1];
    lg_hash leaf = log->nodes[0][SEQ];
    switch (which) {
    case 'E':
        lg_json_quote(text, (const char *)log->entries[SEQ].data, log->entries[SEQ].len);
        break;
    case 'P':
        FUZZ_HOLDS(lg_tree_prove_inclusion(honest_read, log, SEQ, HONEST_SIZE, &proof) == LG_OK);
        piece =
            lg_tlog_proof_format(arena, SEQ, &proof, lg_arena_strndup(arena, log->note.data, log->note.len));
        lg_json_quote(text, piece, strlen(piece));
        break;
    case 'D':
        lg_json_quote(text, log->disclosures[SEQ], strcspn(log->disclosures[SEQ], "~"));
        break;
    case 'L':
        lg_hex_write(hex, leaf.b, sizeof leaf.b);
        lg_json_quote(text, hex, 2 * LG_HASH_LEN);
        break;
    default:
        lg_buf_char(text, '@');
        lg_buf_char(text, which);
    }
}

static lg_bytes expand(lg_buf *text, lg_arena *arena, honest_log *log, const uint8_t *data, size_t len)
{
    unsigned pieces = 0;
    text->len = 0;
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '@' && i + 1 < len && pieces++ < 16)
            put_piece(text, (char)data[++i], arena, log);
        else
            lg_buf_char(text, (char)data[i]);
    }
    return lg_bytes_of(text->data, text->len);
}

static void holds(const honest_log *log, const checked_receipt *receipt)
{
    FUZZ_HOLDS(receipt->signature_checked && receipt->entry.seq >= 0 && receipt->entry.seq < HONEST_SIZE);
    FUZZ_HOLDS(lg_hash_equal(&receipt->leaf, &log->nodes[0][receipt->entry.seq]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static lg_buf text;
    honest_log *log = honest_open();
    lg_arena *arena = fuzz_arena();
    client c = {.arena = arena};
    const receipt_terms terms = {.verifier = &log->verifier};
    checked_receipt receipt;
    checked_certificate certificate;
    json_t *value = NULL;
    lg_report_init(&c.report, arena);
    if (lg_json_load(expand(&text, arena, log, data, len), &value, &c.report) != LG_OK) {
        json_decref(value);
        return 0;
    }
    if (client_receipt_check(&c, arena, value, &terms, &receipt) == CLIENT_OK)
        holds(log, &receipt);
    if (client_certificate_check(&c, arena, value, &terms, &certificate) == CLIENT_OK)
        for (size_t i = 0; i < certificate.count; i++)
            holds(log, &certificate.entries[i]);
    json_decref(value);
    return 0;
}
