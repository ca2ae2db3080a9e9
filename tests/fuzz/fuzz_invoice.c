/* The JSON payload of a submission. */
#include "tests/fuzz/invoice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    lg_report report;
    gw_invoice invoice = {0};
    json_t *payload = NULL;
    lg_report_init(&report, fuzz_arena());
    lg_err err = lg_json_load(lg_bytes_of(data, len), &payload, &report);
    if (!err)
        err = import_json(payload, &invoice, &report);
    json_decref(payload);
    if (err)
        fuzz_refusal_is_sound(&report, err);
    else
        fuzz_judge(&invoice, &report);
    return 0;
}
