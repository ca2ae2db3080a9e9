/* A database in memory for the tests of the row files, with a few participants and entries; and a watch over
 * its connection: tearing down fails if any SELECT scanned a table or sorted. */
#ifndef ROWS_RIG_H
#define ROWS_RIG_H

#include "ledger/store/log_rows.h"
#include "ledger/store/participant_rows.h"
#include "ledger/store/party_rows.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARTIES = 4 };

typedef struct rig {
    lg_db *db;
    sqlite3 *handle; /* the connection behind db */
    lg_arena *arena;
    unsigned slow; /* statements that scanned or sorted */
    uint64_t random;
} rig;

static rig *opening; /* the rig whose connection SQLite is just making */

static inline int watch(unsigned what, void *ctx, void *statement, void *unused)
{
    rig *r = ctx;
    (void)what, (void)unused;
    const char *sql = sqlite3_sql(statement);
    int scanned = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
    int sorted = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_SORT, 1);
    if (strncmp(sql, "SELECT", 6) == 0 && (scanned || sorted)) {
        print_error("%d steps of a scan, %d sorts: %s\n", scanned, sorted, sql);
        r->slow++;
    }
    return 0;
}

static inline int catch_connection(sqlite3 *handle, const char **message,
                                   const struct sqlite3_api_routines *api)
{
    (void)message, (void)api;
    if (opening)
        opening->handle = handle;
    return SQLITE_OK;
}

#define OK(call)           assert_string_equal(lg_err_slug(call), lg_err_slug(LG_OK))
#define IS(call, expected) assert_string_equal(lg_err_slug(call), lg_err_slug(expected))

static inline lg_participant_no party(int64_t no)
{
    return (lg_participant_no){no};
}

static inline lg_currency money(const char *code)
{
    lg_currency out = {0};
    memcpy(out.code, code, 3);
    return out;
}

static inline int64_t pick(rig *r, int64_t below)
{
    r->random = r->random * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((r->random >> 33) % (uint64_t)below);
}

static inline lg_uuid uuid_of(uint8_t kind, int64_t no)
{
    lg_uuid id = {{kind, (uint8_t)(no >> 16), (uint8_t)(no >> 8), (uint8_t)no}};
    return id;
}

/* Participants 1 to 4 and the entries 0 to 63. */
static inline int set_up(void **state)
{
    rig *r = calloc(1, sizeof *r);
    r->arena = lg_arena_open();
    r->random = 7;
    opening = r;
    sqlite3_auto_extension((void (*)(void))catch_connection);
    OK(lg_db_open(NULL, LG_DB_SCRATCH, &r->db, NULL));
    sqlite3_cancel_auto_extension((void (*)(void))catch_connection);
    opening = NULL;
    assert_non_null(r->handle);
    sqlite3_trace_v2(r->handle, SQLITE_TRACE_PROFILE, watch, r);
    for (int64_t seq = 0; seq < 64; seq++) {
        lg_bytes body = lg_bytes_str(lg_arena_printf(r->arena, "{\"seq\":%d}", (int)seq));
        OK(lg_entry_insert(r->db, seq, body, seq % 2 ? "" : "YQ~Yg"));
    }
    for (int64_t no = 1; no <= PARTIES; no++) {
        lg_participant row = {.no = party(no),
                              .id = {uuid_of('p', no)},
                              .name = lg_arena_printf(r->arena, "Firma %c", (int)('A' + no - 1)),
                              .country = no == 1 ? "CN" : NULL,
                              .roles = 1u << (no % 3),
                              .registered_at = no * LG_TIME_PER_SECOND,
                              .last_seq = no};
        OK(lg_participant_insert(r->db, &row));
    }
    *state = r;
    return 0;
}

static inline int tear_down(void **state)
{
    rig *r = *state;
    unsigned slow = r->slow;
    lg_db_close(r->db);
    lg_arena_close(r->arena);
    free(r);
    return slow == 0 ? 0 : -1;
}

/* One statement past the row files, without the authorizer: only triggers and checks are left to refuse it.
 */
static inline void refuse(rig *r, const char *sql, const char *message)
{
    char *said = NULL;
    sqlite3_set_authorizer(r->handle, NULL, NULL);
    assert_int_not_equal(sqlite3_exec(r->handle, sql, NULL, NULL, &said), SQLITE_OK);
    assert_string_equal(said, message);
    sqlite3_free(said);
}

static inline void force(rig *r, const char *sql)
{
    sqlite3_set_authorizer(r->handle, NULL, NULL);
    assert_int_equal(sqlite3_exec(r->handle, sql, NULL, NULL, NULL), SQLITE_OK);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
