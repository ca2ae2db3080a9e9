/* A ledger in a temporary folder, and entries to put on it. */
#ifndef LEDGER_RIG_H
#define LEDGER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/crypto/secret.h"
#include "ledger/store/ledger.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ORIGIN             "ledger.example.com/unit"
#define OK(call)           assert_string_equal(lg_err_slug(call), lg_err_slug(LG_OK))
#define IS(call, expected) assert_string_equal(lg_err_slug(call), lg_err_slug(expected))

typedef struct ledger_rig {
    char dir[64], head[80], database[80];
    lg_arena *arena;
    lg_report report;
    lg_ledger *ledger;
} ledger_rig;

static inline lg_signing_key *log_key(void)
{
    static const uint8_t seed[LG_SEED_LEN] = {42};
    return lg_signing_key_from_seed(seed);
}

static inline lg_err reopen(ledger_rig *r)
{
    lg_ledger_close(r->ledger);
    r->ledger = NULL;
    lg_report_init(&r->report, r->arena);
    return lg_ledger_open(r->dir, ORIGIN, log_key(), &r->ledger, &r->report);
}

static inline int set_up(void **state)
{
    ledger_rig *r = calloc(1, sizeof *r);
    OK(lg_crypto_init());
    r->arena = lg_arena_open();
    strcpy(r->dir, "/tmp/tallystick-ledger-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    snprintf(r->head, sizeof r->head, "%s/head", r->dir);
    snprintf(r->database, sizeof r->database, "%s/ledger.db", r->dir);
    OK(lg_head_create(r->head, ORIGIN, NULL));
    OK(reopen(r));
    *state = r;
    return 0;
}

static inline int tear_down(void **state)
{
    static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm", "head"};
    ledger_rig *r = *state;
    lg_ledger_close(r->ledger);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(lg_arena_printf(r->arena, "%s/%s", r->dir, names[i]));
    int failed = rmdir(r->dir);
    lg_arena_close(r->arena);
    free(r);
    return failed;
}

/* Appends inside the open transaction an entry of one fact. */
static inline lg_err append_to(lg_ledger *ledger, lg_arena *arena, lg_entry_row *out)
{
    lg_entry_row row;
    const lg_hash req = lg_sha256(lg_bytes_str("request"));
    const lg_fact fact = {"n", lg_arena_printf(arena, "%d", (int)lg_ledger_next_seq(ledger))};
    return lg_ledger_append(ledger, arena, lg_ledger_next_seq(ledger) == 0 ? "genesis" : "policy.set",
                            lg_ledger_clock(ledger), &req, &fact, 1, out ? out : &row);
}

static inline void commit_some(ledger_rig *r, int count)
{
    OK(lg_ledger_begin(r->ledger));
    for (int i = 0; i < count; i++)
        OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_ledger_commit(r->ledger));
}

/* The chain and the tree computed anew from the stored entries, against what the ledger published. */
static inline void assert_whole(ledger_rig *r, int64_t size)
{
    lg_published *published = lg_ledger_published(r->ledger);
    lg_hash prev = {{0}}, root;
    lg_edge *edge;
    assert_int_equal(published->size, size);
    assert_int_equal(lg_ledger_next_seq(r->ledger), size);
    OK(lg_edge_open(lg_node_read, lg_ledger_db(r->ledger), 0, &edge));
    for (int64_t seq = 0; seq < size; seq++) {
        lg_entry_row row;
        lg_entry entry;
        OK(lg_entry_get(lg_ledger_db(r->ledger), seq, r->arena, &row));
        OK(lg_entry_parse(r->arena, row.body, &entry, &r->report));
        assert_int_equal(entry.seq, seq);
        assert_memory_equal(entry.prev.b, prev.b, LG_HASH_LEN);
        prev = lg_leaf_hash(row.body);
        lg_edge_append(edge, &prev, NULL);
    }
    OK(lg_edge_root(edge, &root));
    assert_memory_equal(root.b, published->root.b, LG_HASH_LEN);
    lg_edge_close(edge);
    OK(lg_tree_root(lg_node_read, lg_ledger_db(r->ledger), size, &root));
    assert_memory_equal(root.b, published->root.b, LG_HASH_LEN);
    lg_checkpoint head;
    OK(lg_head_peek(r->head, r->arena, &head, NULL));
    assert_int_equal(head.size, size);
    assert_memory_equal(head.root.b, root.b, LG_HASH_LEN);
    lg_published_drop(published);
}

/* Copies of files, for pulling the plug and for restoring backups. */
typedef struct copy {
    char *data;
    size_t len;
} copy;

static inline copy file_copy(ledger_rig *r, const char *path)
{
    int fd = open(path, O_RDONLY);
    off_t len = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    copy out = {lg_arena_alloc(r->arena, (size_t)len + 1), (size_t)len};
    if (fd >= 0) {
        assert_int_equal(pread(fd, out.data, out.len, 0), len);
        close(fd);
    }
    return out;
}

static inline void file_restore(const char *path, copy from)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(pwrite(fd, from.data, from.len, 0), (ssize_t)from.len);
    assert_int_equal(ftruncate(fd, (off_t)from.len), 0);
    close(fd);
}

/* Past every guard, with the ledger closed or not. */
static inline void force(ledger_rig *r, const char *sql)
{
    sqlite3 *handle;
    char *said = NULL;
    assert_int_equal(sqlite3_open(r->database, &handle), SQLITE_OK);
    if (sqlite3_exec(handle, sql, NULL, NULL, &said) != SQLITE_OK)
        fail_msg("%s: %s", sql, said);
    sqlite3_close(handle);
}

#endif
