#include "server/service/systemd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

lg_err systemd_sockets(http_inherited *out, size_t max, size_t *count, bool tls, lg_report *report)
{
    char **names = NULL;
    int passed = sd_listen_fds_with_names(1, &names);
    *count = 0;
    if (passed < 0)
        return lg_fail(report, LG_IO, "The sockets that were passed cannot be taken: %s.", strerror(-passed));
    lg_err err = LG_OK;
    if ((size_t)passed > max)
        err = lg_fail(report, LG_BAD_REQUEST, "%d sockets were passed, more than %zu.", passed, max);
    for (int i = 0; i < passed && !err; i++) {
        bool secure = strcmp(names[i], "https") == 0 || (tls && strcmp(names[i], "http") != 0);
        out[(*count)++] = (http_inherited){.fd = SD_LISTEN_FDS_START + i, .tls = secure};
    }
    for (int i = 0; i < passed; i++)
        free(names[i]);
    free(names);
    return err;
}

void systemd_notify(const char *fmt, ...)
{
    char state[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(state, sizeof state, fmt, args);
    va_end(args);
    /* Nobody to tell, or nobody who listens: the service goes on. */
    (void)sd_notify(0, state);
}

unsigned systemd_watchdog_ms(void)
{
    uint64_t period_us = 0;
    if (sd_watchdog_enabled(0, &period_us) <= 0)
        return 0;
    uint64_t period_ms = period_us / 1000;
    return period_ms == 0 ? 1 : period_ms > 3600000 ? 3600000 : (unsigned)period_ms;
}
