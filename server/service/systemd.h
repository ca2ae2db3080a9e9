/* The service manager: sockets it opened for us, and what it is told (sd_listen_fds(3), sd_notify(3)).
 * Without systemd all of this does nothing. */
#ifndef SERVICE_SYSTEMD_H
#define SERVICE_SYSTEMD_H

#include "server/http/http.h"

/* The listening sockets that were passed to us. FileDescriptorName= "http" or "https" says what is spoken
 * there; under any other name it is https if `tls`. */
lg_err systemd_sockets(http_inherited *out, size_t max, size_t *count, bool tls,
                       lg_report *report) LG_MUST_CHECK;
/* Lines like "READY=1". */
void systemd_notify(const char *fmt, ...) LG_PRINTF(1, 2);
/* Milliseconds within which WATCHDOG=1 must come; 0: nobody waits for it. */
unsigned systemd_watchdog_ms(void);

#endif
