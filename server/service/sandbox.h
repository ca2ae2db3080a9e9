/* What the server takes from itself before it opens anything of strangers: other users' rights, other
 * folders, and system calls that it never makes. So whoever should find a fault in a parser is left with a
 * process that can read and write this registry and speak over the network, as it must, and nothing else. In
 * threads' life before any other thread exists: all inherit it. */
#ifndef SERVICE_SANDBOX_H
#define SERVICE_SANDBOX_H

#include "server/base/log.h"
#include "server/service/config.h"

/* Becomes that user, with its groups and none of root's rights (capabilities). Only root can: LG_BAD_REQUEST
 * otherwise, or if there is no such user. NULL: stays who it is. */
lg_err sandbox_become(const char *user, lg_report *report) LG_MUST_CHECK;

typedef struct sandbox {
    bool wanted;   /* by the settings, and this build can */
    long landlock; /* the kernel's version of it; 0: it has none */
    bool seccomp;
} sandbox;

/* Leaves files to be written only below `dir`, files to be read only there, in the folders that the settings
 * name, and in the system's (Landlock, Linux 5.13); allows only the system calls that a server makes, no
 * program to be started, no process to be traced (seccomp). What the kernel does not have is left out, and
 * *out says so; an error is one of ours. */
lg_err sandbox_enter(const char *dir, const server_config *config, sandbox *out,
                     lg_report *report) LG_MUST_CHECK;
/* Says it in the log, which has a thread and so cannot be opened before. */
void sandbox_tell(const sandbox *state, logger *log);

#endif
