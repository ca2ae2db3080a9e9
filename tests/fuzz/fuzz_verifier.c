/* `tallystick verify` fed by a malicious server. The input bends answers of a log that is otherwise honest:
 * which answer, how, and with what. A history that was bent must never be accepted. */
#include "ledger/base/buf.h"
#include "server/client/verify.h"
#include "tests/fuzz/honest_log.h"

#include <string.h>

typedef struct liar {
    const honest_log *log;
    fuzz_input input;
    unsigned turn, bend_at; /* the answer that is bent, counted from the first */
    bool bent;              /* something that is used was bent */
    lg_buf body;
} liar;

/* False: there is nothing of that name. */
static bool serve_tile(liar *l, const char *path)
{
    int level;
    int64_t n;
    unsigned width;
    FUZZ_HOLDS(lg_tile_path_parse(path, &level, &n, &width));
    if (n * LG_TILE_WIDTH + width > (level > 0 ? 1 : HONEST_SIZE))
        return false;
    for (unsigned i = 0; i < width; i++) {
        int64_t at = n * LG_TILE_WIDTH + i;
        if (level >= 0) {
            lg_buf_add(&l->body, l->log->nodes[level][at].b, LG_HASH_LEN);
            continue;
        }
        lg_buf_char(&l->body, (char)(l->log->entries[at].len >> 8));
        lg_buf_char(&l->body, (char)(l->log->entries[at].len & 0xff));
        lg_buf_add(&l->body, l->log->entries[at].data, l->log->entries[at].len);
    }
    return true;
}

/* Changes the answer, so that it is another one for certain. */
static lg_bytes bend(liar *l, lg_arena *arena, lg_bytes honest, size_t max)
{
    fuzz_input *input = &l->input;
    uint8_t *copy = lg_arena_alloc(arena, honest.len + 65536);
    size_t len = honest.len;
    memcpy(copy, honest.data, len);
    switch (fuzz_byte(input) % 5) {
    case 0: /* bits */
        for (unsigned i = 0, count = 1 + fuzz_byte(input) % 8; i < count && len; i++)
            copy[fuzz_number(input) % len] ^= (uint8_t)fuzz_byte(input);
        break;
    case 1: /* cut short */
        len = fuzz_number(input) % (len + 1);
        break;
    case 2: /* longer */
        memcpy(copy + len, input->at, input->left < 65536 ? input->left : 65536);
        len += input->left < 65536 ? input->left : 65536;
        break;
    case 3: /* a piece of the input in the middle */
        if (len > 0 && input->left > 2) {
            size_t at = fuzz_number(input) % len, piece = input->left < len - at ? input->left : len - at;
            memcpy(copy + at, input->at, piece);
        }
        break;
    case 4: /* something else altogether */
        len = input->left < 65536 ? input->left : 65536;
        memcpy(copy, input->at, len);
        break;
    }
    len = len < max ? len : max;
    l->bent = len != honest.len || memcmp(copy, honest.data, len) != 0;
    return lg_bytes_of(copy, len);
}

static client_exit fetch(void *ctx, lg_arena *arena, const char *path, size_t max, lg_bytes *out,
                         bool *absent)
{
    liar *l = ctx;
    l->body.len = 0;
    if (strcmp(path, "/checkpoint") == 0)
        lg_buf_add(&l->body, l->log->note.data, l->log->note.len);
    else
        *absent = !serve_tile(l, path + strlen("/tile/"));
    FUZZ_HOLDS(l->body.len <= max);
    *out = lg_arena_copy(arena, lg_bytes_of(l->body.data, l->body.len));
    if (l->turn++ == l->bend_at) {
        if (*absent || fuzz_byte(&l->input) % 16 == 0)
            *absent = l->bent = true;
        else
            *out = bend(l, arena, *out, max);
    }
    return CLIENT_OK;
}

/* Signatures of others may be added to a checkpoint: that is no lie. */
static bool is_same_text(lg_bytes note, lg_bytes honest)
{
    const uint8_t *end = memmem(honest.data, honest.len, "\n\n", 2);
    size_t text = (size_t)(end - honest.data) + 2;
    return note.len >= text && memcmp(note.data, honest.data, text) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static liar l;
    lg_arena *arena = fuzz_arena();
    l = (liar){.log = honest_open(), .input = {data, len}, .body = l.body};
    l.bend_at = fuzz_byte(&l.input) % 8;
    client c = {.arena = arena};
    lg_report_init(&c.report, arena);
    const verify_terms terms = {.verifier = &l.log->verifier, .remembered = l.log->note_seen};
    verify_report report = {0};
    client_exit code = client_verify_log(&c, fetch, &l, &terms, &report);
    FUZZ_HOLDS(code == CLIENT_OK || c.message);
    FUZZ_HOLDS(code == CLIENT_OK || code == CLIENT_UNVERIFIED ||
               (code == CLIENT_UNREACHABLE && l.bend_at == 0));
    if (code == CLIENT_OK && l.bent)
        FUZZ_HOLDS(l.bend_at == 0 && is_same_text(report.note, l.log->note));
    FUZZ_HOLDS(l.bent || code == CLIENT_OK);
    return 0;
}
