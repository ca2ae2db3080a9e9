#include "ledger/base/buf.h"
#include "ledger/crypto/encoding.h"
#include "ledger/log/line.h"
#include "ledger/log/note.h"

#include <inttypes.h>

static const char FIRST_LINE[] = "c2sp.org/tlog-proof@v1";

char *lg_tlog_proof_format(lg_arena *arena, int64_t index, const lg_proof *proof,
                           const char *signed_checkpoint)
{
    lg_buf text = {0};
    lg_buf_printf(&text, "%s\nindex %" PRId64 "\n", FIRST_LINE, index);
    for (unsigned i = 0; i < proof->count; i++) {
        char base64[(LG_HASH_LEN + 2) / 3 * 4 + 1];
        size_t len = lg_base64_write(base64, proof->hashes[i].b, LG_HASH_LEN);
        lg_buf_add(&text, base64, len);
        lg_buf_char(&text, '\n');
    }
    lg_buf_char(&text, '\n');
    lg_buf_str(&text, signed_checkpoint);
    char *out = lg_arena_strndup(arena, text.data, text.len);
    lg_buf_clear(&text);
    return out;
}

/* The lines up to and with the index. Other logs may put an "extra" line first; it is not authenticated, so
 * it is skipped. */
static bool read_index(lg_arena *arena, lg_bytes *rest, int64_t *index)
{
    lg_bytes line, extra;
    if (!lg_prefix_take(rest, FIRST_LINE) || !lg_prefix_take(rest, "\n") || !lg_line_take(rest, &line))
        return false;
    if (lg_prefix_take(&line, "extra ") &&
        (!lg_base64_decode(arena, line, &extra) || !lg_line_take(rest, &line)))
        return false;
    return lg_prefix_take(&line, "index ") && lg_decimal_parse(line, index);
}

lg_err lg_tlog_proof_parse(lg_arena *arena, lg_bytes text, lg_tlog_proof *out, lg_report *report)
{
    lg_tlog_proof parsed = {0};
    lg_bytes line;
    if (text.len > 2 * LG_NOTE_MAX)
        return lg_fail(report, LG_NOTE_INVALID, "The proof is longer than %d bytes.", 2 * LG_NOTE_MAX);
    if (!read_index(arena, &text, &parsed.index))
        return lg_fail(report, LG_NOTE_INVALID, "This is not a tlog-proof, or its index is malformed.");
    for (;;) {
        if (!lg_line_take(&text, &line))
            return lg_fail(report, LG_NOTE_INVALID, "The proof ends before its checkpoint.");
        if (line.len == 0)
            break;
        if (parsed.proof.count == LG_PROOF_MAX)
            return lg_fail(report, LG_NOTE_INVALID, "The proof has more than %d hashes.", LG_PROOF_MAX);
        if (!lg_hash_parse_base64(arena, line, &parsed.proof.hashes[parsed.proof.count]))
            return lg_fail(report, LG_NOTE_INVALID, "Hash %u of the proof is malformed.",
                           parsed.proof.count + 1);
        parsed.proof.count++;
    }
    if (text.len == 0 || text.len > LG_NOTE_MAX)
        return lg_fail(report, LG_NOTE_INVALID, "The proof's checkpoint is missing or too long.");
    parsed.checkpoint = lg_arena_copy(arena, text);
    *out = parsed;
    return LG_OK;
}
