/* Entries and disclosures as a tile or a receipt brings them. The first byte says which. */
#include "ledger/log/entry.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void read_entry(lg_arena *arena, lg_bytes bytes)
{
    lg_entry entry;
    lg_bytes again;
    if (lg_entry_parse(arena, bytes, &entry, NULL) != LG_OK)
        return;
    FUZZ_HOLDS(entry.seq >= 0 && entry.seq <= LG_SEQ_MAX && entry.digest_count <= LG_ENTRY_FACTS_MAX);
    FUZZ_HOLDS(lg_entry_encode(arena, &entry, &again) == LG_OK);
    FUZZ_HOLDS(again.len == bytes.len && memcmp(again.data, bytes.data, bytes.len) == 0);
}

static void read_disclosure(lg_arena *arena, lg_bytes bytes)
{
    lg_fact fact;
    if (lg_disclosure_parse(arena, bytes, &fact, NULL) == LG_OK)
        FUZZ_HOLDS(lg_text_is_utf8(lg_bytes_str(fact.name)) && lg_text_is_utf8(lg_bytes_str(fact.value)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    lg_arena *arena = fuzz_arena();
    fuzz_input input = {data, len};
    if (fuzz_byte(&input) % 2)
        read_disclosure(arena, lg_bytes_of(input.at, input.left));
    else
        read_entry(arena, lg_bytes_of(input.at, input.left));
    return 0;
}
