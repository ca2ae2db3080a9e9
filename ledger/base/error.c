#include "ledger/base/error.h"

#include "ledger/base/arena.h"

#include <stdarg.h>

enum { MAX_FAULTS_KEPT = 100 };

static const struct {
    lg_error_kind kind;
    const char *slug;
    const char *title;
} errors[] = {
#define ROW(name, kind, slug, title) [name] = {LG_KIND_##kind, slug, title},
    LG_ERRORS(ROW)
#undef ROW
};

static lg_err known(lg_err err)
{
    return (unsigned)err < LG_ERROR_COUNT ? err : LG_INTERNAL;
}

lg_error_kind lg_err_kind(lg_err err)
{
    return errors[known(err)].kind;
}

const char *lg_err_slug(lg_err err)
{
    return errors[known(err)].slug;
}

const char *lg_err_title(lg_err err)
{
    return errors[known(err)].title;
}

void lg_report_init(lg_report *report, struct lg_arena *arena)
{
    *report = (lg_report){.arena = arena};
}

lg_err lg_fail(lg_report *report, lg_err err, const char *fmt, ...)
{
    if (report) {
        va_list args;
        va_start(args, fmt);
        report->err = err;
        report->detail = lg_arena_vprintf(report->arena, fmt, args);
        va_end(args);
    }
    return err;
}

void lg_fault_add(lg_report *report, const char *code, const char *pointer, const char *fmt, ...)
{
    if (++report->fault_count > MAX_FAULTS_KEPT)
        return;
    lg_fault *fault = lg_arena_alloc(report->arena, sizeof *fault);
    va_list args;
    va_start(args, fmt);
    *fault = (lg_fault){
        .code = lg_arena_strdup(report->arena, code),
        .pointer = lg_arena_strdup(report->arena, pointer),
        .detail = lg_arena_vprintf(report->arena, fmt, args),
    };
    va_end(args);
    if (report->last)
        report->last->next = fault;
    else
        report->first = fault;
    report->last = fault;
}
