/* What holds of every invoice, however it was read. */
#ifndef TESTS_FUZZ_INVOICE_H
#define TESTS_FUZZ_INVOICE_H

#include "server/gateway/invoice.h"
#include "tests/fuzz/fuzz.h"

static inline void fuzz_judge(const gw_invoice *invoice, lg_report *report)
{
    static lg_submission submission;
    lg_err err = invoice_to_submission(invoice, 0, &submission, report);
    if (err) {
        fuzz_refusal_is_sound(report, err);
        return;
    }
    FUZZ_HOLDS(report->fault_count == 0 && submission.number && *submission.number);
    FUZZ_HOLDS(submission.gross_minor > 0 && submission.gross_minor <= LG_AMOUNT_MAX);
    FUZZ_HOLDS(submission.amount_minor > 0 && submission.amount_minor <= submission.payable_minor);
    FUZZ_HOLDS(submission.payable_minor <= LG_AMOUNT_MAX);
}

/* An XML document, UBL or CII. */
static inline int fuzz_xml(const uint8_t *data, size_t len)
{
    lg_report report;
    gw_invoice invoice = {0};
    lg_report_init(&report, fuzz_arena());
    lg_err err = import_xml(lg_bytes_of(data, len), &invoice, &report);
    if (err)
        fuzz_refusal_is_sound(&report, err);
    else
        fuzz_judge(&invoice, &report);
    return 0;
}

#endif
