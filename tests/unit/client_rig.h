/* A client to test with: what client_main sets up, without a command line. */
#ifndef TESTS_CLIENT_RIG_H
#define TESTS_CLIENT_RIG_H

#include "ledger/crypto/secret.h"
#include "server/client/client.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline client new_client(const char *command)
{
    int words;
    char *copy = strdup(command), *blank = strchr(copy, ' ');
    char *argv[2] = {copy, blank ? blank + 1 : NULL};
    if (blank)
        *blank = '\0';
    client c = {.arena = lg_arena_open(), .attempts = 1, .timeout_s = 1};
    lg_report_init(&c.report, c.arena);
    c.command = client_command_find(blank ? 2 : 1, argv, &words);
    assert_non_null(c.command);
    free(copy);
    return c;
}

static inline void end_client(client *c)
{
    json_decref(c->problem);
    json_decref(c->names);
    lg_arena_close(c->arena);
}

static inline int set_up(void **state)
{
    (void)state;
    return lg_crypto_init() == LG_OK ? 0 : -1;
}

#endif
