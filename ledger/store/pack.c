#include "ledger/store/pack.h"

#include "ledger/base/text.h"
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
    VARINT_MAX = 10,
    MARK_BEGIN = 1, /* of base64url that was undone */
    MARK_END,
    MARK_RAW_16,
    MARK_RAW_32,
    MARK_RAW_64,
    EXPANSION_MAX = 128, /* letters that one byte of a frame may stand for: 86, encoded once more */
};

static struct {
    ZSTD_CDict *pack[KINDS];
    ZSTD_DDict *unpack[KINDS];
} dictionaries;

struct lg_packer {
    ZSTD_CCtx *pack[KINDS]; /* each made when it is first needed: readers never pack */
    ZSTD_DCtx *unpack;
    lg_arena *arena; /* of the text at hand */
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
    packer->arena = lg_arena_open();
    return packer;
}

void lg_packer_close(lg_packer *packer)
{
    if (!packer)
        return;
    for (size_t i = 1; i < KINDS; i++)
        ZSTD_freeCCtx(packer->pack[i]);
    ZSTD_freeDCtx(packer->unpack);
    lg_arena_close(packer->arena);
    free(packer);
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
} undone;

static void put(undone *out, const void *data, size_t len)
{
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

/* The next run of TOKEN_MIN letters or more from *at on, its end in *at; empty when there is none. Looks at
 * the last place where such a run would have to reach, and back from there: words are shorter. */
static lg_bytes next_token(lg_bytes text, size_t *at)
{
    size_t begin = *at;
    while (text.len - begin >= TOKEN_MIN) {
        size_t back = begin + TOKEN_MIN;
        while (back > begin && is_letter[text.data[back - 1]])
            back--;
        if (back > begin) {
            begin = back;
            continue;
        }
        size_t end = begin + TOKEN_MIN;
        while (end < text.len && is_letter[text.data[end]])
            end++;
        *at = end;
        return lg_bytes_of(text.data + begin, end - begin);
    }
    *at = text.len;
    return lg_bytes_of(text.data + begin, 0);
}

/* What salts, digests, keys and signatures are long; 0: none of these. */
static uint8_t raw_mark(size_t len)
{
    return len == 22 ? MARK_RAW_16 : len == 43 ? MARK_RAW_32 : len == 86 ? MARK_RAW_64 : 0;
}

static bool is_text(lg_bytes bytes)
{
    uint8_t all = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        const uint8_t c = bytes.data[i];
        if (c < ' ' && c != '\t' && c != '\n' && c != '\r')
            return false;
        all |= c;
    }
    return all < 0x80 || lg_text_is_utf8(bytes);
}

/* Text within text is undone once: the header of a JWS, and the key's name in it. */
static void undo(lg_arena *arena, lg_bytes text, bool inner, undone *out)
{
    size_t kept = 0, at = 0;
    for (lg_bytes token; (token = next_token(text, &at)).len > 0;) {
        const size_t begin = (size_t)(token.data - text.data);
        const uint8_t mark = raw_mark(token.len);
        lg_bytes bytes;
        if ((!mark && inner) || !lg_base64url_decode(arena, token, &bytes) || (!mark && !is_text(bytes)))
            continue;
        put(out, text.data + kept, begin - kept);
        kept = at;
        if (mark) {
            put_mark(out, mark);
            memcpy(out->raw + out->raw_len, bytes.data, bytes.len);
            out->raw_len += bytes.len;
        } else {
            put_mark(out, MARK_BEGIN);
            undo(arena, bytes, true, out);
            put_mark(out, MARK_END);
        }
    }
    put(out, text.data + kept, text.len - kept);
}

/* Eight bytes at a time: one below 8 is rare enough to look closer. */
static bool has_marks(lg_bytes text)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
    size_t i = 0;
    bool has = false;
    for (uint64_t eight; i + sizeof eight <= text.len && !has; i += sizeof eight) {
        memcpy(&eight, text.data + i, sizeof eight);
        has = (eight - ones * (MARK_RAW_64 + 1)) & ~eight & highs;
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

static size_t put_varint(uint8_t *out, size_t value)
{
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        out[len++] = (uint8_t)(value | 0x80);
    out[len++] = (uint8_t)value;
    return len;
}

static lg_bytes as_it_is(lg_packer *packer, lg_bytes text)
{
    uint8_t *out = lg_arena_alloc(packer->arena, text.len + 1);
    out[0] = AS_IT_IS;
    if (text.len)
        memcpy(out + 1, text.data, text.len);
    return lg_bytes_of(out, text.len + 1);
}

lg_bytes lg_pack(lg_packer *packer, lg_pack_kind kind, lg_bytes text)
{
    lg_arena_reset(packer->arena);
    if (text.len < PACK_MIN || text.len > text_max(kind) || has_marks(text))
        return as_it_is(packer, text);
    undone plain = {.text = lg_arena_alloc(packer->arena, text.len),
                    .raw = lg_arena_alloc(packer->arena, text.len)};
    undo(packer->arena, text, false, &plain);
    const size_t cap = ZSTD_compressBound(plain.text_len);
    uint8_t *out = lg_arena_alloc(packer->arena, 1 + 2 * VARINT_MAX + plain.raw_len + cap), *end = out;
    *end++ = (uint8_t)kind;
    end += put_varint(end, text.len);
    end += put_varint(end, plain.raw_len);
    memcpy(end, plain.raw, plain.raw_len);
    end += plain.raw_len;
    const size_t len = ZSTD_compress2(packing(packer, kind), end, cap, plain.text, plain.text_len);
    if (ZSTD_isError(len))
        lg_die("compression failed: %s", ZSTD_getErrorName(len));
    return lg_bytes_of(out, (size_t)(end - out) + len);
}

/* ---- unpacking ---- */

static bool take_varint(lg_bytes *rest, size_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 32 && rest->len > 0; shift += 7) {
        uint8_t byte = *rest->data;
        rest->data++, rest->len--;
        *value |= (size_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

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
    size_t text_len, raw_len;
    if (kind == AS_IT_IS) {
        *text = lg_arena_copy(arena, rest);
        return true;
    }
    if (kind >= KINDS || !take_varint(&rest, &text_len) || text_len > text_max(kind) ||
        !take_varint(&rest, &raw_len) || raw_len > rest.len)
        return false;
    raw = lg_bytes_of(rest.data, raw_len);
    rest = lg_bytes_of(rest.data + raw_len, rest.len - raw_len);
    const unsigned long long plain_len = ZSTD_getFrameContentSize(rest.data, rest.len);
    if (plain_len > text_len || text_len > plain_len * EXPANSION_MAX) /* unknown lengths are huge numbers */
        return false;
    uint8_t *data = lg_arena_alloc(packer->arena, plain_len);
    if (ZSTD_decompress_usingDDict(packer->unpack, data, plain_len, rest.data, rest.len,
                                   dictionaries.unpack[kind]) != plain_len)
        return false;
    lg_bytes plain = lg_bytes_of(data, plain_len);
    restored within = {.text = lg_arena_alloc(packer->arena, text_len), .cap = text_len};
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
    lg_arena_reset(packer->arena);
    return packed.len > 0 && unpack(packer, packed, arena, text) ? LG_OK : LG_CORRUPT;
}
