/* What a registry holds, as a digest of each table, and copies of its folder. */
#include "tests/fault/fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uint64_t state_digest(uint64_t digest, const void *data, size_t len)
{
    const uint8_t *at = data;
    for (; len >= 8; len -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        digest = (digest ^ word) * 0x9e3779b97f4a7c15;
        digest ^= digest >> 29;
    }
    for (; len > 0; len--)
        digest = (digest ^ *at++) * 0x100000001b3;
    return digest;
}

static uint64_t digest_row(uint64_t digest, sqlite3_stmt *row)
{
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        int type = sqlite3_column_type(row, i);
        digest = state_digest(digest, &type, sizeof type);
        if (type == SQLITE_INTEGER) {
            sqlite3_int64 value = sqlite3_column_int64(row, i);
            digest = state_digest(digest, &value, sizeof value);
        } else if (type != SQLITE_NULL) {
            int len = sqlite3_column_bytes(row, i);
            digest = state_digest(digest, &len, sizeof len);
            digest = state_digest(digest, sqlite3_column_blob(row, i), (size_t)len);
        }
    }
    return digest;
}

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "fault: %s: %s\n", what, strerror(errno));
    exit(70);
}

static void read_table(sqlite3 *db, const char *name, state *out)
{
    char sql[160];
    sqlite3_stmt *rows;
    bool right = strcmp(name, "writer") == 0;
    snprintf(sql, sizeof sql, "SELECT %s FROM %s", right ? "seq, hash" : "*", name);
    must(sqlite3_prepare_v2(db, sql, -1, &rows, NULL) == SQLITE_OK && out->count < STATE_TABLES_MAX, sql);
    uint64_t digest = STATE_DIGEST_START;
    long count = 0;
    while (sqlite3_step(rows) == SQLITE_ROW) {
        digest = digest_row(digest, rows);
        count++;
    }
    if (sqlite3_finalize(rows) != SQLITE_OK)
        digest = 0;
    snprintf(out->tables[out->count].name, sizeof out->tables->name, "%s", name);
    out->tables[out->count].rows = count;
    out->tables[out->count++].digest = digest;
}

void state_read(const char *dir, state *out)
{
    char path[512];
    sqlite3 *db;
    sqlite3_stmt *names;
    memset(out, 0, sizeof *out);
    snprintf(path, sizeof path, "%s/ledger.db", dir);
    must(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK, path);
    must(sqlite3_prepare_v2(
             db,
             "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
             -1, &names, NULL) == SQLITE_OK,
         path);
    while (sqlite3_step(names) == SQLITE_ROW)
        read_table(db, (const char *)sqlite3_column_text(names, 0), out);
    sqlite3_finalize(names);
    sqlite3_close(db);
}

const char *state_difference(const state *a, const state *b)
{
    if (a->count != b->count)
        return "the list of tables";
    for (size_t i = 0; i < a->count; i++)
        if (a->tables[i].digest != b->tables[i].digest)
            return a->tables[i].name;
    return NULL;
}

/* ---- folders ---- */

static void copy_file(const char *from, const char *to)
{
    static char data[1 << 16];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(in >= 0 && out >= 0, from);
    for (ssize_t n; (n = read(in, data, sizeof data)) > 0;)
        must(write(out, data, (size_t)n) == n, to);
    close(in);
    close(out);
}

void folder_copy(const char *from, const char *to)
{
    char source[512], target[512];
    struct stat info;
    DIR *folder = opendir(from);
    must(folder && (mkdir(to, 0700) == 0 || errno == EEXIST), from);
    for (struct dirent *item; (item = readdir(folder));) {
        size_t len = strlen(item->d_name);
        if (item->d_name[0] == '.' || (len > 4 && strcmp(item->d_name + len - 4, "-shm") == 0))
            continue;
        snprintf(source, sizeof source, "%s/%s", from, item->d_name);
        snprintf(target, sizeof target, "%s/%s", to, item->d_name);
        must(stat(source, &info) == 0, source);
        if (S_ISDIR(info.st_mode))
            folder_copy(source, target);
        else
            copy_file(source, target);
    }
    closedir(folder);
}

void folder_remove(const char *dir)
{
    char path[512];
    struct stat info;
    DIR *folder = opendir(dir);
    if (!folder)
        return;
    for (struct dirent *item; (item = readdir(folder));) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, item->d_name);
        if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode))
            folder_remove(path);
        else
            unlink(path);
    }
    closedir(folder);
    rmdir(dir);
}
