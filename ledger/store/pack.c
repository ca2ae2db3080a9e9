#include "ledger/store/pack.h"

#include "ledger/base/text.h"
#include "ledger/base/varint.h"
#include "ledger/crypto/encoding.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* The assembler takes the dictionaries in as they are (as schema.c does the migrations). */
#define EMBED(symbol, path)                                                                                  \
    __asm__(".section .rodata\n" #symbol ":\n.incbin \"" path "\"\n" #symbol "_end:\n.previous\n");          \
    extern const char symbol[] __attribute__((visibility("hidden")));                                        \
    extern const char symbol##_end[] __attribute__((visibility("hidden")))

EMBED(lg_pack_dictionary_1, "ledger/store/pack_1.dict");
EMBED(lg_pack_dictionary_2, "ledger/store/pack_2.dict");

enum {
    AS_IT_IS = 0,
    KINDS = 3,      /* the numbers of lg_pack_kind, and 0 */
    LEVEL = 1,      /* level 3 makes commands 2 % smaller and takes half as long again */
    TOKEN_MIN = 16, /* letters; shorter ones gain nothing */
    PACK_MIN = 64,  /* bytes; so do shorter texts */
    MARK_BEGIN = 1, /* of base64url that was undone */
    MARK_END,
    MARK_RAW_16,
    MARK_RAW_32,
    MARK_RAW_64,
    EXPANSION_MAX = 128, /* letters that one byte of a frame may stand for: 86, encoded once more */
    ROOM_MIN = 64 * 1024,
    ROOM_KEPT_MAX = 1024 * 1024,
};

static struct {
    ZSTD_CDict *pack[KINDS];
    ZSTD_DDict *unpack[KINDS];
} dictionaries;

struct lg_packer {
    ZSTD_CCtx *pack[KINDS]; /* each made when it is first needed: readers never pack */
    ZSTD_DCtx *unpack;
    uint8_t *room; /* of the text at hand */
    size_t room_len;
};

static void load_dictionaries(void)
{
    const struct {
        const char *begin, *end;
    } files[KINDS] = {
        [LG_PACK_COMMAND] = {lg_pack_dictionary_1, lg_pack_dictionary_1_end},
        [LG_PACK_DISCLOSURES] = {lg_pack_dictionary_2, lg_pack_dictionary_2_end},
    };
    for (size_t i = 1; i < KINDS; i++) {
        size_t len = (size_t)(files[i].end - files[i].begin);
        dictionaries.pack[i] = ZSTD_createCDict(files[i].begin, len, LEVEL);
        dictionaries.unpack[i] = ZSTD_createDDict(files[i].begin, len);
        if (!dictionaries.pack[i] || !dictionaries.unpack[i])
            lg_die("a dictionary cannot be loaded");
    }
}

lg_packer *lg_packer_open(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_dictionaries);
    lg_packer *packer = calloc(1, sizeof *packer);
    if (!packer)
        lg_die("out of memory");
    return packer;
}

void lg_packer_close(lg_packer *packer)
{
    if (!packer)
        return;
    for (size_t i = 1; i < KINDS; i++)
        ZSTD_freeCCtx(packer->pack[i]);
    ZSTD_freeDCtx(packer->unpack);
    free(packer->room);
    free(packer);
}

/* So many bytes, of whatever content; large ones are let go with the next text. */
static uint8_t *room_of(lg_packer *packer, size_t len)
{
    if (packer->room_len < len || packer->room_len > ROOM_KEPT_MAX) {
        packer->room_len = len > ROOM_MIN ? len : ROOM_MIN;
        free(packer->room);
        packer->room = malloc(packer->room_len);
        if (!packer->room)
            lg_die("out of memory (%zu bytes)", packer->room_len);
    }
    return packer->room;
}

/* The kind's context; the frame need not say which dictionary it was made with. */
static ZSTD_CCtx *packing(lg_packer *packer, lg_pack_kind kind)
{
    ZSTD_CCtx *context = packer->pack[kind];
    if (context)
        return context;
    context = packer->pack[kind] = ZSTD_createCCtx();
    if (!context || ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_dictIDFlag, 0)) ||
        ZSTD_isError(ZSTD_CCtx_refCDict(context, dictionaries.pack[kind])))
        lg_die("no compression context");
    return context;
}

/* ---- undoing base64url ---- */

typedef struct undone {
    uint8_t *text, *raw;
    size_t text_len, raw_len;
    uint8_t *room[2]; /* for what a run of letters is decoded into: of the text, and of text within */
} undone;

static void put(undone *out, const void *data, size_t len)
{
    if (len > 0)
        memcpy(out->text + out->text_len, data, len);
    out->text_len += len;
}

static void put_mark(undone *out, uint8_t mark)
{
    out->text[out->text_len++] = mark;
}

/* Letters of base64url. */
static const bool is_letter[256] = {
    ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true, ['_'] = true};

/* Where the next run of TOKEN_MIN letters or more begins, from `at` on; the text's end if there is none.
 * Looks at the last place where such a run would have to reach, and back from there: words are shorter. */
static size_t next_token(lg_bytes text, size_t at)
{
    while (text.len - at >= TOKEN_MIN) {
        size_t back = at + TOKEN_MIN;
        while (back > at && is_letter[text.data[back - 1]])
            back--;
        if (back == at)
            return at;
        at = back;
    }
    return text.len;
}

/* What salts, digests, keys and signatures are long; 0: none of these. */
static uint8_t raw_mark(size_t len)
{
    return len == 22 ? MARK_RAW_16 : len == 43 ? MARK_RAW_32 : len == 86 ? MARK_RAW_64 : 0;
}

static const uint64_t each_byte = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);

/* Eight bytes at a time: one below `limit`, 128 at most, is rare enough to look closer. */
static bool has_below(uint64_t eight, uint8_t limit)
{
    return (eight - each_byte * limit) & ~eight & highs;
}

static bool is_control(uint8_t c)
{
    return c < ' ' && c != '\t' && c != '\n' && c != '\r';
}

static bool is_text(lg_bytes bytes)
{
    uint64_t all = 0;
    size_t i = 0;
    for (uint64_t eight; i + sizeof eight <= bytes.len; i += sizeof eight) {
        memcpy(&eight, bytes.data + i, sizeof eight);
        all |= eight;
        for (size_t k = 0; k < sizeof eight && has_below(eight, ' '); k++)
            if (is_control(bytes.data[i + k]))
                return false;
    }
    for (; i < bytes.len; i++) {
        all |= bytes.data[i];
        if (is_control(bytes.data[i]))
            return false;
    }
    return !(all & highs) || lg_text_is_utf8(bytes);
}

/* Text within text is undone once: the header of a JWS, and the key's name in it. */
static void undo(undone *out, lg_bytes text, bool inner)
{
    uint8_t *const room = out->room[inner];
    size_t kept = 0, next;
    for (size_t at = next_token(text, 0); at < text.len; at = next_token(text, next)) {
        size_t len;
        next = at + lg_base64url_decode_run(lg_bytes_of(text.data + at, text.len - at), room, &len);
        const uint8_t mark = raw_mark(next - at);
        const lg_bytes bytes = lg_bytes_of(room, len);
        if (len == 0 || (!mark && (inner || !is_text(bytes))))
            continue;
        put(out, text.data + kept, at - kept);
        kept = next;
        if (mark) {
            put_mark(out, mark);
            memcpy(out->raw + out->raw_len, bytes.data, bytes.len);
            out->raw_len += bytes.len;
        } else {
            put_mark(out, MARK_BEGIN);
            undo(out, bytes, true);
            put_mark(out, MARK_END);
        }
    }
    put(out, text.data + kept, text.len - kept);
}

static bool has_marks(lg_bytes text)
{
    size_t i = 0;
    bool has = false;
    for (uint64_t eight; i + sizeof eight <= text.len && !has; i += sizeof eight) {
        memcpy(&eight, text.data + i, sizeof eight);
        has = has_below(eight, MARK_RAW_64 + 1);
    }
    for (i = has ? 0 : i, has = false; i < text.len && !has; i++)
        has = (uint8_t)(text.data[i] - MARK_BEGIN) <= MARK_RAW_64 - MARK_BEGIN;
    return has;
}

static size_t text_max(lg_pack_kind kind)
{
    return kind == LG_PACK_DISCLOSURES ? LG_PACKED_DISCLOSURES_MAX : LG_PACKED_TEXT_MAX;
}

/* ---- packing ---- */

static void put_bytes(uint8_t **end, lg_bytes bytes)
{
    if (bytes.len)
        memcpy(*end, bytes.data, bytes.len);
    *end += bytes.len;
}

static lg_bytes as_it_is(lg_packer *packer, lg_bytes text, lg_bytes more)
{
    uint8_t *out = room_of(packer, 1 + text.len + more.len), *end = out;
    *end++ = AS_IT_IS;
    put_bytes(&end, text);
    put_bytes(&end, more);
    return lg_bytes_of(out, (size_t)(end - out));
}

/* A text of `len` in the packer's room. What is packed takes the place of what is decoded on the way. */
static undone undoing(lg_packer *packer, size_t len)
{
    uint8_t *room = room_of(packer, 3 * len + 1 + 2 * LG_VARINT_MAX + ZSTD_compressBound(len));
    return (undone){.text = room, .raw = room + len, .room = {room + 2 * len, room + 3 * len}};
}

static lg_bytes compress(lg_packer *packer, lg_pack_kind kind, const undone *plain, size_t len)
{
    uint8_t *out = plain->room[0], *end = out;
    *end++ = (uint8_t)kind;
    end += lg_varint_put(end, len);
    end += lg_varint_put(end, plain->raw_len);
    put_bytes(&end, lg_bytes_of(plain->raw, plain->raw_len));
    const size_t frame_len = ZSTD_compress2(packing(packer, kind), end, ZSTD_compressBound(plain->text_len),
                                            plain->text, plain->text_len);
    if (ZSTD_isError(frame_len))
        lg_die("compression failed: %s", ZSTD_getErrorName(frame_len));
    return lg_bytes_of(out, (size_t)(end - out) + frame_len);
}

static bool is_packed(lg_pack_kind kind, size_t len)
{
    return len >= PACK_MIN && len <= text_max(kind);
}

/* A text in two parts. */
static lg_bytes pack(lg_packer *packer, lg_pack_kind kind, lg_bytes text, lg_bytes more)
{
    const size_t len = text.len + more.len;
    if (!is_packed(kind, len) || has_marks(text) || has_marks(more))
        return as_it_is(packer, text, more);
    undone plain = undoing(packer, len);
    undo(&plain, text, false);
    undo(&plain, more, false);
    return compress(packer, kind, &plain, len);
}

lg_bytes lg_pack(lg_packer *packer, lg_pack_kind kind, lg_bytes text)
{
    return pack(packer, kind, text, lg_bytes_of(NULL, 0));
}

lg_bytes lg_pack_command(lg_packer *packer, lg_bytes jws, lg_bytes answer)
{
    return pack(packer, LG_PACK_COMMAND, jws, answer);
}

static bool any_has_marks(const lg_bytes *texts, size_t count)
{
    bool has = false;
    for (size_t i = 0; i < count && !has; i++)
        has = has_marks(texts[i]);
    return has;
}

lg_bytes lg_pack_disclosures(lg_packer *packer, const lg_disclosures *d)
{
    enum { BEFORE_SALT = 2 /* [" */, SALT = 22 /* letters */ };
    const lg_bytes joined = lg_bytes_str(d->joined);
    if (!is_packed(LG_PACK_DISCLOSURES, joined.len) || any_has_marks(d->arrays, d->count))
        return lg_pack(packer, LG_PACK_DISCLOSURES, joined);
    undone plain = undoing(packer, joined.len);
    for (size_t i = 0; i < d->count; i++) {
        const lg_bytes array = d->arrays[i];
        if (i > 0)
            put(&plain, "~", 1);
        put_mark(&plain, MARK_BEGIN);
        put(&plain, array.data, BEFORE_SALT);
        put_mark(&plain, MARK_RAW_16);
        put(&plain, array.data + BEFORE_SALT + SALT, array.len - BEFORE_SALT - SALT);
        put_mark(&plain, MARK_END);
    }
    plain.raw_len = d->count * LG_SALT_LEN;
    memcpy(plain.raw, d->salts, plain.raw_len);
    return compress(packer, LG_PACK_DISCLOSURES, &plain, joined.len);
}

/* ---- unpacking ---- */

/* Where text is restored to, never beyond `cap`; and where text within it is, before it is encoded. */
typedef struct restored {
    char *text;
    size_t len, cap;
    struct restored *within; /* NULL: this is within */
} restored;

static bool restore(restored *out, const void *data, size_t len)
{
    if (len > out->cap - out->len)
        return false;
    memcpy(out->text + out->len, data, len);
    out->len += len;
    return true;
}

static bool restore_base64url(restored *out, const void *data, size_t len)
{
    if ((len * 4 + 2) / 3 > out->cap - out->len)
        return false;
    out->len += lg_base64url_write(out->text + out->len, data, len);
    return true;
}

static bool restore_raw(restored *out, uint8_t mark, lg_bytes *raw)
{
    const size_t len = mark == MARK_RAW_16 ? 16 : mark == MARK_RAW_32 ? 32 : 64;
    if (len > raw->len || !restore_base64url(out, raw->data, len))
        return false;
    raw->data += len, raw->len -= len;
    return true;
}

/* Bytes before the next mark. */
static size_t unmarked(lg_bytes plain)
{
    size_t len = 0;
    while (len < plain.len && (uint8_t)(plain.data[len] - MARK_BEGIN) > MARK_RAW_64 - MARK_BEGIN)
        len++;
    return len;
}

/* Everything up to the end; of text within, up to the MARK_END that closes it. */
static bool redo(lg_bytes *plain, lg_bytes *raw, restored *out)
{
    while (plain->len > 0) {
        const size_t len = unmarked(*plain);
        if (len > 0 && !restore(out, plain->data, len))
            return false;
        plain->data += len, plain->len -= len;
        if (plain->len == 0)
            break;
        const uint8_t mark = *plain->data;
        plain->data++, plain->len--;
        if (mark == MARK_END)
            return !out->within;
        if (mark != MARK_BEGIN) {
            if (!restore_raw(out, mark, raw))
                return false;
            continue;
        }
        if (!out->within)
            return false;
        out->within->len = 0;
        if (!redo(plain, raw, out->within) || !restore_base64url(out, out->within->text, out->within->len))
            return false;
    }
    return out->within;
}

static bool unpack(lg_packer *packer, lg_bytes packed, lg_arena *arena, lg_bytes *text)
{
    const uint8_t kind = *packed.data;
    lg_bytes rest = lg_bytes_of(packed.data + 1, packed.len - 1), raw;
    uint64_t text_len, raw_len;
    if (kind == AS_IT_IS) {
        *text = lg_arena_copy(arena, rest);
        return true;
    }
    if (kind >= KINDS || !lg_varint_take(&rest, &text_len) || text_len > text_max(kind) ||
        !lg_varint_take(&rest, &raw_len) || raw_len > rest.len)
        return false;
    raw = lg_bytes_of(rest.data, raw_len);
    rest = lg_bytes_of(rest.data + raw_len, rest.len - raw_len);
    const unsigned long long plain_len = ZSTD_getFrameContentSize(rest.data, rest.len);
    if (plain_len > text_len || text_len > plain_len * EXPANSION_MAX) /* unknown lengths are huge numbers */
        return false;
    uint8_t *data = room_of(packer, plain_len + text_len + 1);
    if (ZSTD_decompress_usingDDict(packer->unpack, data, plain_len, rest.data, rest.len,
                                   dictionaries.unpack[kind]) != plain_len)
        return false;
    lg_bytes plain = lg_bytes_of(data, plain_len);
    restored within = {.text = (char *)data + plain_len, .cap = text_len};
    restored out = {.text = lg_arena_alloc(arena, text_len + 1), .cap = text_len, .within = &within};
    if (!redo(&plain, &raw, &out) || raw.len > 0 || out.len < text_len)
        return false;
    *text = lg_bytes_of(out.text, text_len);
    return true;
}

lg_err lg_unpack(lg_packer *packer, lg_bytes packed, lg_arena *arena, lg_bytes *text)
{
    if (!packer->unpack && !(packer->unpack = ZSTD_createDCtx()))
        lg_die("out of memory");
    return packed.len > 0 && unpack(packer, packed, arena, text) ? LG_OK : LG_CORRUPT;
}

size_t lg_unpacked_len(lg_bytes packed)
{
    uint64_t len = 0;
    if (packed.len == 0 || *packed.data == AS_IT_IS)
        return packed.len;
    lg_bytes rest = lg_bytes_of(packed.data + 1, packed.len - 1);
    return lg_varint_take(&rest, &len) ? len : 0;
}
