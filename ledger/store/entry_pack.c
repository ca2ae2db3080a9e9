#include "ledger/store/entry_pack.h"

#include "ledger/base/varint.h"

#include <endian.h>
#include <string.h>

enum { AS_IT_IS = 0, MEMBERS = 1 };
_Static_assert(LG_ENTRY_FACTS_MAX <= UINT8_MAX, "their count is a byte");
_Static_assert(2 + LG_ENTRY_FACTS_MAX * LG_HASH_LEN + 8 + 2 * LG_HASH_LEN + LG_VARINT_MAX +
                       LG_ENTRY_TYPE_MAX <=
                   LG_ENTRY_PACKED_MAX,
               "the largest has room");

static void put(uint8_t **end, const void *data, size_t len)
{
    if (len > 0)
        memcpy(*end, data, len);
    *end += len;
}

size_t lg_entry_pack(const lg_entry *entry, uint8_t out[LG_ENTRY_PACKED_MAX])
{
    const uint64_t at = htobe64((uint64_t)entry->at);
    uint8_t *end = out;
    if (entry->seq == 0)
        return 0;
    *end++ = MEMBERS;
    *end++ = (uint8_t)entry->digest_count;
    put(&end, entry->digests, entry->digest_count * sizeof *entry->digests);
    put(&end, &at, sizeof at);
    put(&end, entry->prev.b, sizeof entry->prev.b);
    put(&end, entry->req.b, sizeof entry->req.b);
    end += lg_varint_put(end, (uint64_t)entry->seq);
    put(&end, entry->type, strlen(entry->type));
    return (size_t)(end - out);
}

void lg_entry_keep(lg_buf *packed, lg_bytes body)
{
    lg_buf_char(packed, AS_IT_IS);
    lg_buf_add(packed, body.data, body.len);
}

/* Takes so many bytes off the front; NULL if they are not there. */
static const uint8_t *take(lg_bytes *rest, size_t len)
{
    const uint8_t *taken = rest->data;
    if (len > rest->len)
        return NULL;
    rest->data += len, rest->len -= len;
    return taken;
}

static bool take_copy(lg_bytes *rest, void *out, size_t len)
{
    const uint8_t *taken = take(rest, len);
    if (taken)
        memcpy(out, taken, len);
    return taken;
}

static bool take_digests(lg_bytes *rest, lg_arena *arena, lg_entry *entry)
{
    uint8_t count;
    if (!take_copy(rest, &count, sizeof count))
        return false;
    const size_t len = count * sizeof *entry->digests;
    const uint8_t *taken = take(rest, len);
    if (!taken)
        return false;
    entry->digest_count = count;
    entry->digests =
        (const lg_hash *)lg_arena_copy(arena, lg_bytes_of(taken, len)).data; /* nothing but bytes */
    return true;
}

/* What is left. */
static bool take_type(lg_bytes rest, lg_arena *arena, lg_entry *entry)
{
    if (rest.len > LG_ENTRY_TYPE_MAX || memchr(rest.data, '\0', rest.len))
        return false;
    entry->type = lg_arena_strndup(arena, rest.data, rest.len);
    return true;
}

static bool take_members(lg_bytes rest, lg_arena *arena, lg_entry *entry)
{
    uint64_t at, seq;
    *entry = (lg_entry){0};
    if (!take_digests(&rest, arena, entry) || !take_copy(&rest, &at, sizeof at) ||
        !take_copy(&rest, entry->prev.b, sizeof entry->prev.b) ||
        !take_copy(&rest, entry->req.b, sizeof entry->req.b) || !lg_varint_take(&rest, &seq) || seq == 0 ||
        seq > LG_SEQ_MAX)
        return false;
    entry->at = (int64_t)be64toh(at);
    entry->seq = (int64_t)seq;
    return take_type(rest, arena, entry);
}

lg_err lg_entry_unpack_members(lg_arena *arena, lg_bytes packed, lg_bytes *body, const lg_entry **members)
{
    *members = NULL;
    if (packed.len == 0)
        return LG_CORRUPT;
    const lg_bytes rest = lg_bytes_of(packed.data + 1, packed.len - 1);
    if (*packed.data == MEMBERS) {
        lg_entry *entry = lg_arena_alloc(arena, sizeof *entry);
        if (!take_members(rest, arena, entry) || lg_entry_encode(arena, entry, body) != LG_OK)
            return LG_CORRUPT;
        *members = entry;
        return LG_OK;
    }
    if (*packed.data != AS_IT_IS || rest.len > LG_ENTRY_MAX)
        return LG_CORRUPT;
    *body = lg_arena_copy(arena, rest);
    return LG_OK;
}

lg_err lg_entry_unpack(lg_arena *arena, lg_bytes packed, lg_bytes *body)
{
    const lg_entry *members;
    return lg_entry_unpack_members(arena, packed, body, &members);
}
