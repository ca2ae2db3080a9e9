#include "ledger/base/text.h"
#include "ledger/crypto/encoding.h"
#include "ledger/log/line.h"
#include "ledger/log/note.h"

#include <inttypes.h>
#include <string.h>

char *lg_checkpoint_text(lg_arena *arena, const lg_checkpoint *checkpoint)
{
    char root[(LG_HASH_LEN + 2) / 3 * 4 + 1];
    lg_base64_write(root, checkpoint->root.b, LG_HASH_LEN);
    return lg_arena_printf(arena, "%s\n%" PRId64 "\n%s\n", checkpoint->origin, checkpoint->size, root);
}

lg_err lg_checkpoint_parse(lg_arena *arena, const char *text, lg_checkpoint *out, lg_report *report)
{
    lg_checkpoint checkpoint;
    lg_bytes rest = lg_bytes_str(text), line;
    if (!lg_line_take(&rest, &line) || line.len == 0 || line.len > LG_ORIGIN_MAX || !lg_text_is_line(line))
        return lg_fail(report, LG_NOTE_INVALID, "The checkpoint's origin is malformed.");
    checkpoint.origin = lg_arena_strndup(arena, line.data, line.len);
    if (!lg_line_take(&rest, &line) || !lg_decimal_parse(line, &checkpoint.size))
        return lg_fail(report, LG_NOTE_INVALID, "The checkpoint's size is malformed.");
    if (!lg_line_take(&rest, &line) || !lg_hash_parse_base64(arena, line, &checkpoint.root))
        return lg_fail(report, LG_NOTE_INVALID, "The checkpoint's root is malformed.");
    while (rest.len > 0)
        if (!lg_line_take(&rest, &line) || line.len == 0)
            return lg_fail(report, LG_NOTE_INVALID, "An extension line of the checkpoint is malformed.");
    *out = checkpoint;
    return LG_OK;
}
