/* `tallystick serve`, `init`, and `audit`, as the command line calls them. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "ledger/base/arena.h"

#include <stdbool.h>

/* Makes a new registry in `dir` (created if absent, must be empty): keys, head file, database, genesis, the
 * operator as first participant, policy version 1. Fails with LG_ALREADY_EXISTS rather than touch a registry.
 * On success *summary_json (arena) is
 * {"origin","vkey","operator","operator_kid","operator_key":path}. */
lg_err server_init(const char *dir, const char *origin, lg_arena *arena, char **summary_json,
                   lg_report *report) LG_MUST_CHECK;

/* An option as it was typed; names no setting of service/config.h: passed over. */
typedef struct server_flag {
    const char *name, *value; /* value NULL: a switch */
} server_flag;

typedef struct server_options {
    const char *config_file;  /* NULL: DIR/server.json, if there is one */
    const server_flag *flags; /* these win over the file */
    size_t flag_count;
} server_options;

/* Serves until SIGTERM or SIGINT; prints "listening on http://ADDR:PORT" on standard output when ready, a
 * line for each address. A setting that is refused: see config_load. */
lg_err server_serve(const char *dir, const server_options *options, lg_report *report) LG_MUST_CHECK;
/* Whether serve would take these settings; starts nothing. */
lg_err server_check_config(const char *dir, const server_options *options, lg_report *report) LG_MUST_CHECK;

typedef struct server_audit_request {
    const char *dir;
    const char
        *state; /* folder that remembers what earlier audits saw, so that this one goes on from there; NULL */
    bool anew;  /* audit everything all the same, and begin the state anew */
    /* Called with what was done so far and the whole; for a progress line. May be NULL. */
    void (*progress)(void *ctx, int64_t done, int64_t total);
    void *ctx;
} server_audit_request;

/* Checks everything from inside: entries, chain, tree, disclosures, commands and their signatures, every
 * projection rebuilt and compared, the uniqueness index, invariants, the head. *report_json (arena):
 * {"entries":n,"commands":n,"tables":{name:rows…}, "findings":[{"table","key","detail"}…],"ok":bool}, and
 * when it went on from an earlier audit "audited_before":n, "not_looked_at_again":[sentence…]. LG_CORRUPT if
 * there is any finding. */
lg_err server_audit(const server_audit_request *request, lg_arena *arena, char **report_json,
                    lg_report *report) LG_MUST_CHECK;

#endif
