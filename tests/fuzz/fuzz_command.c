/* The payload of a command other than a submission: the first byte is its type, the rest JSON. */
#include "ledger/base/json.h"
#include "ledger/registry/registry.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    lg_arena *arena = fuzz_arena();
    fuzz_input input = {data, len};
    lg_command command = {.type = (lg_command_type)(fuzz_byte(&input) % LG_CMD_COUNT)};
    lg_report report;
    json_t *payload = NULL;
    lg_report_init(&report, arena);
    command.payload = lg_bytes_of(input.at, input.left);
    lg_err err = lg_json_load(command.payload, &payload, &report);
    if (!err)
        err = lg_command_decode(payload, &command, &report);
    json_decref(payload);
    if (err)
        fuzz_refusal_is_sound(&report, err);
    return 0;
}
