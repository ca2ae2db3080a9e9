/* Why a run fails, and what it tells meanwhile: noted where it is understood, shown by whoever runs it. */
#include "server/client/client.h"

const char *client_text(const client *c, const char *english)
{
    return language_text(c->language, english);
}

const char *client_word(const client *c, const char *context, const char *english)
{
    return language_word(c->language, context, english);
}

client_exit client_fail(client *c, client_exit code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (!c->message)
        c->message = lg_arena_vprintf(c->arena, client_text(c, fmt), args);
    va_end(args);
    return code;
}

client_exit client_fail_report(client *c, client_exit code, const char *what)
{
    const char *why = language_sentence(c->language, c->arena,
                                        c->report.detail ? c->report.detail : lg_err_title(c->report.err));
    return what ? client_fail(c, code, "%s: %s", what, why) : client_fail(c, code, "%s", why);
}

void client_warn(client *c, const char *fmt, ...)
{
    va_list args;
    if (!c->warn)
        return;
    va_start(args, fmt);
    c->warn(c, lg_arena_vprintf(c->arena, client_text(c, fmt), args));
    va_end(args);
}
