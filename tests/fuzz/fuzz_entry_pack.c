/* What a database has of an entry, which whoever can write the file may have written. */
#include "ledger/store/entry_pack.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static bool same(lg_bytes a, lg_bytes b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* What is unpacked is within its bounds, and an entry that was not kept as it is has that one form. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    lg_arena *arena = fuzz_arena();
    lg_bytes body, again;
    lg_entry entry;
    uint8_t packed[LG_ENTRY_PACKED_MAX];
    if (lg_entry_unpack(arena, lg_bytes_of(data, len), &body) != LG_OK)
        return 0;
    FUZZ_HOLDS(body.len <= LG_ENTRY_MAX && body.data[body.len] == '\0');
    const bool is_kept = same(lg_bytes_of(data + 1, len - 1), body);
    const bool is_entry = lg_entry_parse(arena, body, &entry, NULL) == LG_OK;
    FUZZ_HOLDS(is_kept || is_entry);
    if (!is_entry || entry.seq == 0)
        return 0;
    const size_t packed_len = lg_entry_pack(&entry, packed);
    FUZZ_HOLDS(packed_len > 0 && packed_len <= sizeof packed);
    FUZZ_HOLDS(is_kept || same(lg_bytes_of(packed, packed_len), lg_bytes_of(data, len)));
    FUZZ_HOLDS(lg_entry_unpack(arena, lg_bytes_of(packed, packed_len), &again) == LG_OK && same(again, body));
    return 0;
}
