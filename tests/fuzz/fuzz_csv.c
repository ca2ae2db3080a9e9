/* A CSV file of invoices. */
#include "tests/fuzz/invoice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    lg_report report;
    gw_invoice *rows;
    int *lines;
    size_t count;
    lg_arena *arena = fuzz_arena();
    lg_report_init(&report, arena);
    lg_err err = import_csv(lg_bytes_of(data, len), &rows, &lines, &count, &report);
    if (err) {
        fuzz_refusal_is_sound(&report, err);
        return 0;
    }
    FUZZ_HOLDS(count <= GW_CSV_ROWS_MAX);
    for (size_t i = 0; i < count; i++) {
        FUZZ_HOLDS(lines[i] > (i ? lines[i - 1] : 1));
        lg_report_init(&report, arena);
        fuzz_judge(&rows[i], &report);
    }
    return 0;
}
