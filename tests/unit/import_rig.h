/* What the tests of the importers share: files, and one way through importer and form check. */
#ifndef TEST_IMPORT_RIG_H
#define TEST_IMPORT_RIG_H

#include "ledger/base/buf.h"
#include "server/gateway/invoice.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct import_rig {
    lg_arena *arena;
    lg_report report;
    gw_invoice invoice;
    lg_submission submission;
} import_rig;

static inline int rig_open(void **state)
{
    static import_rig rig; /* large; tests run one by one */
    rig = (import_rig){.arena = lg_arena_open()};
    lg_report_init(&rig.report, rig.arena);
    *state = &rig;
    return 0;
}

static inline int rig_close(void **state)
{
    import_rig *rig = *state;
    lg_arena_close(rig->arena);
    return 0;
}

static inline void rig_reset(import_rig *rig)
{
    lg_arena_reset(rig->arena);
    lg_report_init(&rig->report, rig->arena);
}

/* The bytes of a file; data is NULL if there is none. */
static inline lg_bytes rig_read(import_rig *rig, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return (lg_bytes){0};
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long len = ftell(file);
    assert_true(len >= 0);
    rewind(file);
    char *data = lg_arena_alloc(rig->arena, (size_t)len + 1);
    assert_int_equal(fread(data, 1, (size_t)len, file), len);
    fclose(file);
    return lg_bytes_of(data, (size_t)len);
}

static inline lg_bytes rig_example(import_rig *rig, const char *name)
{
    lg_bytes bytes = rig_read(rig, lg_arena_printf(rig->arena, "examples/invoices/%s", name));
    if (!bytes.data)
        fail_msg("examples/invoices/%s: %s (tests run from the top of the checkout)", name, strerror(errno));
    return bytes;
}

static inline lg_err rig_xml(import_rig *rig, lg_bytes document, int default_tenor_days)
{
    lg_err err = import_xml(document, &rig->invoice, &rig->report);
    return err ? err
               : invoice_to_submission(&rig->invoice, default_tenor_days, &rig->submission, &rig->report);
}

static inline lg_err rig_json(import_rig *rig, lg_bytes text)
{
    json_t *payload = NULL;
    lg_err err = lg_json_load(text, &payload, &rig->report);
    if (err)
        return err;
    err = import_json(payload, &rig->invoice, &rig->report);
    json_decref(payload);
    return err ? err : invoice_to_submission(&rig->invoice, 0, &rig->submission, &rig->report);
}

/* The codes of all faults, in order, with blanks between. */
static inline const char *rig_codes(import_rig *rig)
{
    const char *codes = "";
    for (const lg_fault *fault = rig->report.first; fault; fault = fault->next)
        codes = lg_arena_printf(rig->arena, "%s%s%s", codes, *codes ? " " : "", fault->code);
    return codes;
}

static inline void rig_print_faults(const import_rig *rig)
{
    for (const lg_fault *fault = rig->report.first; fault; fault = fault->next)
        print_error("  %s at %s: %s\n", fault->code, fault->pointer, fault->detail);
}

#endif
