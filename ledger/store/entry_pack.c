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

/* What is left. */
static bool take_type(lg_bytes rest, char type[LG_ENTRY_TYPE_MAX + 1])
{
    if (rest.len > LG_ENTRY_TYPE_MAX || memchr(rest.data, '\0', rest.len))
        return false;
    memcpy(type, rest.data, rest.len);
    type[rest.len] = '\0';
    return true;
}

static bool unpack_members(lg_arena *arena, lg_bytes rest, lg_bytes *body)
{
    char type[LG_ENTRY_TYPE_MAX + 1];
    uint8_t count;
    uint64_t at, seq;
    lg_entry entry = {.type = type};
    if (!take_copy(&rest, &count, sizeof count))
        return false;
    entry.digest_count = count;
    entry.digests = (const lg_hash *)take(&rest, count * sizeof *entry.digests); /* nothing but bytes */
    if (!entry.digests || !take_copy(&rest, &at, sizeof at) ||
        !take_copy(&rest, entry.prev.b, sizeof entry.prev.b) ||
        !take_copy(&rest, entry.req.b, sizeof entry.req.b) || !lg_varint_take(&rest, &seq) || seq == 0 ||
        seq > LG_SEQ_MAX || !take_type(rest, type))
        return false;
    entry.at = (int64_t)be64toh(at);
    entry.seq = (int64_t)seq;
    return lg_entry_encode(arena, &entry, body) == LG_OK;
}

lg_err lg_entry_unpack(lg_arena *arena, lg_bytes packed, lg_bytes *body)
{
    if (packed.len == 0)
        return LG_CORRUPT;
    const lg_bytes rest = lg_bytes_of(packed.data + 1, packed.len - 1);
    if (*packed.data == MEMBERS)
        return unpack_members(arena, rest, body) ? LG_OK : LG_CORRUPT;
    if (*packed.data != AS_IT_IS || rest.len > LG_ENTRY_MAX)
        return LG_CORRUPT;
    *body = lg_arena_copy(arena, rest);
    return LG_OK;
}
