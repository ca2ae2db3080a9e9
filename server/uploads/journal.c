#include "server/uploads/journal.h"

#include "ledger/base/file.h"
#include "ledger/base/json.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A tally is found by looking back from the end. Rows' lines are shorter than this, and tallies much. */
enum { LOOK_BACK = 256 * 1024 };
static const char TALLY[] = "{\"tally\":", HEAD[] = "{\"upload\":", ROW[] = "{\"row\":";

struct upload_journal_reader {
    FILE *file;
    int64_t end; /* of what is whole */
    int64_t at;
    char *line; /* getline's */
    size_t line_cap;
    char *tally; /* the last one's text; malloc'ed */
};

struct upload_journal {
    lg_arena *arena;
    char *path;
    int fd;
    lg_buf pending;
    upload_journal_tally tally;
    lg_hash sum;                   /* of the lines before the tally */
    upload_journal_reader *before; /* what there was when it was opened; NULL: nothing */
    int64_t before_row;            /* of the line read last from it */
};

static char *path_of(lg_arena *arena, const char *dir, lg_uuid owner, const char *key)
{
    return lg_arena_printf(arena, "%s/uploads/%s/%s.ndjson", dir, lg_uuid_format(owner).s, key);
}

/* ---- reading ---- */

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The last whole tally in `tail`; *end is behind it. */
static char *last_tally(const char *tail, size_t len, size_t *end)
{
    const char *stop = tail + len;
    for (;;) {
        const char *line_end = stop > tail ? memrchr(tail, '\n', (size_t)(stop - tail)) : NULL;
        if (!line_end)
            return NULL;
        const char *start = memrchr(tail, '\n', (size_t)(line_end - tail));
        start = start ? start + 1 : tail;
        if (starts_with(start, TALLY)) {
            *end = (size_t)(line_end - tail) + 1;
            return strndup(start, (size_t)(line_end - start));
        }
        stop = line_end;
    }
}

static lg_err find_tally(upload_journal_reader *r)
{
    struct stat st;
    lg_err err = LG_CORRUPT;
    if (fstat(fileno(r->file), &st) != 0)
        return LG_IO;
    int64_t from = st.st_size > LOOK_BACK ? st.st_size - LOOK_BACK : 0;
    size_t end = 0, len = (size_t)(st.st_size - from);
    char *tail = malloc(len + 1);
    if (!tail)
        lg_die("out of memory");
    ssize_t got = pread(fileno(r->file), tail, len, from);
    if (got >= 0) {
        tail[got] = '\0';
        r->tally = last_tally(tail, (size_t)got, &end);
        r->end = from + (int64_t)end;
        err = r->tally ? LG_OK : LG_CORRUPT;
    }
    free(tail);
    return err;
}

static lg_err read_path(const char *path, upload_journal_reader **out)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? LG_NOT_FOUND : LG_IO;
    upload_journal_reader *r = calloc(1, sizeof *r);
    if (!r)
        lg_die("out of memory");
    r->file = file;
    lg_err err = find_tally(r);
    if (err)
        upload_journal_reader_close(r);
    else
        *out = r;
    return err;
}

lg_err upload_journal_read(const char *dir, lg_uuid owner, const char *key, upload_journal_reader **out)
{
    lg_arena *arena = lg_arena_open();
    lg_err err = read_path(path_of(arena, dir, owner, key), out);
    lg_arena_close(arena);
    return err == LG_CORRUPT ? LG_NOT_FOUND : err; /* begun, and torn before anything was done */
}

void upload_journal_reader_close(upload_journal_reader *r)
{
    if (!r)
        return;
    fclose(r->file);
    free(r->line);
    free(r->tally);
    free(r);
}

upload_journal_tally upload_journal_reader_tally(const upload_journal_reader *r, lg_arena *arena)
{
    upload_journal_tally t = {.content_type = ""};
    json_t *root = json_loads(r->tally, 0, NULL), *tally = json_object_get(root, "tally");
    const json_t *problem = json_object_get(tally, "problem");
    t.state = (upload_journal_state)json_integer_value(json_object_get(tally, "state"));
    t.started_at = json_integer_value(json_object_get(tally, "started_at"));
    t.at = json_integer_value(json_object_get(tally, "at"));
    t.rows = json_integer_value(json_object_get(tally, "rows"));
    t.accepted = json_integer_value(json_object_get(tally, "accepted"));
    t.held = json_integer_value(json_object_get(tally, "held"));
    t.refused = json_integer_value(json_object_get(tally, "refused"));
    const char *type = json_string_value(json_object_get(tally, "content_type"));
    if (type)
        t.content_type = lg_arena_strdup(arena, type);
    char *text = problem ? json_dumps(problem, JSON_COMPACT) : NULL;
    t.problem = text ? lg_arena_strdup(arena, text) : NULL;
    free(text);
    json_decref(root);
    return t;
}

bool upload_journal_reader_seek(upload_journal_reader *r, int64_t place)
{
    char before;
    if (place < 0 || place > r->end ||
        (place > 0 && (pread(fileno(r->file), &before, 1, place - 1) != 1 || before != '\n')))
        return false;
    r->at = place;
    return fseeko(r->file, place, SEEK_SET) == 0;
}

int64_t upload_journal_reader_place(const upload_journal_reader *r)
{
    return r->at;
}

const char *upload_journal_reader_next(upload_journal_reader *r)
{
    while (r->at < r->end) {
        ssize_t len = getline(&r->line, &r->line_cap, r->file);
        if (len <= 0)
            return NULL;
        r->at += len;
        if (!starts_with(r->line, ROW))
            continue;
        r->line[len - 1] = '\0';
        return r->line;
    }
    return NULL;
}

/* ---- is all of it there? ---- */

/* Each line, without its end, is hashed with the sum of those before it. */
static void add_to_sum(lg_hash *sum, const char *line, size_t len)
{
    *sum = lg_sha256_cat(lg_bytes_of(sum->b, LG_HASH_LEN), lg_bytes_of(line, len), lg_bytes_str(""));
}

static bool says_sum(const char *tally, const lg_hash *sum)
{
    static const char name[] = "\"sum\":\"";
    const char *said = strstr(tally, name);
    lg_hash read;
    return said &&
           lg_hex_decode(
               lg_bytes_of(said + sizeof name - 1, strnlen(said + sizeof name - 1, 2 * LG_HASH_LEN)), read.b,
               LG_HASH_LEN) &&
           lg_hash_equal(&read, sum);
}

/* What was written last may have reached the disk without what was written before it. */
static bool is_whole(upload_journal_reader *r, lg_hash *sum)
{
    bool whole = true;
    *sum = (lg_hash){{0}};
    for (int64_t at = 0; at < r->end && whole;) {
        const ssize_t len = getline(&r->line, &r->line_cap, r->file);
        if (len <= 0)
            return false;
        at += len;
        if (starts_with(r->line, TALLY))
            whole = says_sum(r->line, sum);
        else
            add_to_sum(sum, r->line, (size_t)len - 1);
    }
    return whole && upload_journal_reader_seek(r, 0);
}

/* ---- writing ---- */

static lg_err make_folder(const char *path, lg_report *report)
{
    if (mkdir(path, 0700) == 0)
        return lg_file_sync_parent(path, report);
    if (errno == EEXIST)
        return LG_OK;
    return lg_file_fail(report, errno, "make the folder", path);
}

/* The oldest journals make room for a new one. */
static void keep_few(lg_arena *arena, const char *folder)
{
    for (;;) {
        struct dirent *entry;
        struct stat st;
        size_t count = 0;
        const char *oldest = NULL;
        struct timespec oldest_at = {0};
        DIR *dir = opendir(folder);
        if (!dir)
            return;
        while ((entry = readdir(dir))) {
            const char *path = lg_arena_printf(arena, "%s/%s", folder, entry->d_name);
            if (entry->d_name[0] == '.' || stat(path, &st) != 0)
                continue;
            count++;
            if (!oldest || st.st_mtim.tv_sec < oldest_at.tv_sec ||
                (st.st_mtim.tv_sec == oldest_at.tv_sec && st.st_mtim.tv_nsec < oldest_at.tv_nsec)) {
                oldest = path;
                oldest_at = st.st_mtim;
            }
        }
        closedir(dir);
        if (count < JOURNALS_KEPT || unlink(oldest) != 0)
            return;
    }
}

static lg_err begin_new(upload_journal *j, const char *folder, const char *key, const char *content_type,
                        lg_report *report)
{
    keep_few(j->arena, folder);
    j->fd = open(j->path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (j->fd < 0)
        return lg_file_fail(report, errno, "make", j->path);
    lg_err err = lg_file_sync_parent(j->path, report);
    if (err)
        return err;
    j->tally = (upload_journal_tally){.started_at = lg_now(),
                                      .content_type = lg_arena_strdup(j->arena, content_type)};
    lg_buf_str(&j->pending, HEAD);
    lg_buf_char(&j->pending, '{');
    lg_json_put_str(&j->pending, "key", key);
    lg_buf_str(&j->pending, "}}");
    add_to_sum(&j->sum, j->pending.data, j->pending.len);
    lg_buf_char(&j->pending, '\n');
    return upload_journal_write(j, JOURNAL_UNDER_WAY, NULL);
}

static lg_err go_on(upload_journal *j, lg_report *report)
{
    j->tally = upload_journal_reader_tally(j->before, j->arena);
    j->fd = open(j->path, O_RDWR | O_APPEND | O_CLOEXEC);
    if (j->fd < 0 || ftruncate(j->fd, j->before->end) != 0)
        return lg_file_fail(report, errno, "write", j->path);
    return LG_OK;
}

lg_err upload_journal_open(const char *dir, lg_uuid owner, const char *key, const char *content_type,
                           upload_journal **out, lg_report *report)
{
    upload_journal *j = calloc(1, sizeof *j);
    if (!j)
        lg_die("out of memory");
    j->arena = lg_arena_open();
    j->fd = -1;
    j->path = path_of(j->arena, dir, owner, key);
    const char *all = lg_arena_printf(j->arena, "%s/uploads", dir);
    const char *folder = lg_arena_printf(j->arena, "%s/%s", all, lg_uuid_format(owner).s);
    lg_err err = make_folder(all, report);
    if (!err)
        err = make_folder(folder, report);
    if (!err) {
        err = read_path(j->path, &j->before);
        if (!err && !is_whole(j->before, &j->sum)) {
            upload_journal_reader_close(j->before);
            j->before = NULL;
            j->sum = (lg_hash){{0}};
            err = LG_CORRUPT;
        }
        if (err == LG_NOT_FOUND || err == LG_CORRUPT)
            err = begin_new(j, folder, key, content_type, report);
        else if (!err)
            err = go_on(j, report);
    }
    if (err)
        upload_journal_close(j);
    else
        *out = j;
    return err;
}

void upload_journal_close(upload_journal *j)
{
    if (!j)
        return;
    if (j->fd >= 0)
        close(j->fd);
    upload_journal_reader_close(j->before);
    lg_buf_clear(&j->pending);
    lg_arena_close(j->arena);
    free(j);
}

upload_journal_tally *upload_journal_tally_of(upload_journal *j)
{
    return &j->tally;
}

bool upload_journal_row_was(upload_journal *j, int64_t number, const char *digest)
{
    const char *line = NULL;
    while (j->before && j->before_row < number && (line = upload_journal_reader_next(j->before)))
        j->before_row = strtoll(line + sizeof ROW - 1, NULL, 10);
    const char *text = line && j->before_row == number ? strstr(line, "\"sha256\":\"") : NULL;
    return text && strncmp(text + sizeof "\"sha256\":\"" - 1, digest, JOURNAL_DIGEST_LEN) == 0;
}

void upload_journal_add(upload_journal *j, const lg_buf *line, int status)
{
    lg_buf_add(&j->pending, line->data, line->len);
    add_to_sum(&j->sum, line->data, line->len);
    lg_buf_char(&j->pending, '\n');
    j->tally.rows++;
    if (status >= 400)
        j->tally.refused++;
    else if (status == 202)
        j->tally.held++;
    else
        j->tally.accepted++;
}

static void put_tally(upload_journal *j)
{
    const upload_journal_tally *t = &j->tally;
    lg_buf *out = &j->pending;
    char sum[2 * LG_HASH_LEN + 1];
    lg_hex_write(sum, j->sum.b, LG_HASH_LEN);
    lg_buf_str(out, TALLY);
    lg_buf_char(out, '{');
    lg_json_put_int(out, "state", t->state);
    lg_json_put_int(out, "rows", t->rows);
    lg_json_put_int(out, "accepted", t->accepted);
    lg_json_put_int(out, "held", t->held);
    lg_json_put_int(out, "refused", t->refused);
    lg_json_put_int(out, "started_at", t->started_at);
    lg_json_put_int(out, "at", t->at);
    lg_json_put_str(out, "sum", sum);
    lg_json_put_str(out, "content_type", t->content_type);
    if (t->problem)
        lg_json_put_raw(out, "problem", t->problem);
    lg_buf_str(out, "}}\n");
}

/* Whatever was written is no longer pending, also when the disk is full in the middle: a later write goes on
 * right behind it.
 */
static lg_err write_pending(upload_journal *j)
{
    lg_buf *pending = &j->pending;
    while (pending->len > 0) {
        ssize_t len = write(j->fd, pending->data, pending->len);
        if (len < 0 && errno != EINTR)
            return lg_file_fail(NULL, errno, "write", j->path);
        pending->len -= len > 0 ? (size_t)len : 0;
        memmove(pending->data, pending->data + (len > 0 ? len : 0), pending->len);
    }
    return LG_OK;
}

lg_err upload_journal_write(upload_journal *j, upload_journal_state state, const char *problem)
{
    j->tally.state = state;
    j->tally.problem = problem;
    j->tally.at = lg_now();
    put_tally(j);
    return write_pending(j);
}

lg_err upload_journal_sync(upload_journal *j)
{
    return fdatasync(j->fd) == 0 ? LG_OK : lg_file_fail(NULL, errno, "sync", j->path);
}
