#include "ledger/log/head.h"

#include "ledger/base/file.h"
#include "ledger/crypto/encoding.h"
#include "ledger/log/entry.h"
#include "ledger/log/line.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A slot is text, padded with blanks and a last LF:
 *
 *   tallystick head v1
 *   generation <n>
 *   origin <name>
 *   size <n>
 *   root <64 hex>
 *   sha256 <64 hex: of all lines before this one>
 *
 * The slot of generation g is the one numbered g mod 2, so that a write never touches the newest. The slots
 * lie a page apart, so that a disk which tears a whole 4096-byte sector spoils only the one being written. */
enum {
    SLOT_LEN = 512,
    SLOT_DISTANCE = 4096,
    FILE_LEN = SLOT_DISTANCE + SLOT_LEN,
};

typedef struct slot {
    int64_t generation;
    int64_t size;
    lg_hash root;
    char origin[LG_ORIGIN_MAX + 1];
} slot;

struct lg_head {
    int fd;
    bool broken; /* a write or sync failed: what is on disk is not known */
    slot newest;
};

static void slot_format(const slot *s, char out[SLOT_LEN])
{
    char text[SLOT_LEN + 1], hex[2 * LG_HASH_LEN + 1];
    lg_hex_write(hex, s->root.b, LG_HASH_LEN);
    int len = snprintf(text, sizeof text,
                       "tallystick head v1\ngeneration %" PRId64 "\norigin %s\nsize %" PRId64 "\nroot %s\n",
                       s->generation, s->origin, s->size, hex);
    lg_hash hash = lg_sha256(lg_bytes_of(text, (size_t)len));
    lg_hex_write(hex, hash.b, LG_HASH_LEN);
    len += snprintf(text + len, sizeof text - (size_t)len, "sha256 %s\n", hex);
    memset(out, ' ', SLOT_LEN);
    memcpy(out, text, (size_t)len);
    out[SLOT_LEN - 1] = '\n';
}

/* Takes "<key> <value>\n" off the front. */
static bool take_member(lg_bytes *rest, const char *key, lg_bytes *value)
{
    return lg_prefix_take(rest, key) && lg_prefix_take(rest, " ") && lg_line_take(rest, value);
}

/* Whole means: writing what was read gives the very same bytes, the hash among them. */
static bool slot_parse(const char in[SLOT_LEN], int64_t number, slot *out)
{
    char again[SLOT_LEN];
    lg_bytes rest = lg_bytes_of(in, SLOT_LEN), generation, origin, size, root;
    if (!lg_prefix_take(&rest, "tallystick head v1\n") || !take_member(&rest, "generation", &generation) ||
        !take_member(&rest, "origin", &origin) || !take_member(&rest, "size", &size) ||
        !take_member(&rest, "root", &root) || !lg_decimal_parse(generation, &out->generation) ||
        !lg_decimal_parse(size, &out->size) || !lg_hex_decode(root, out->root.b, LG_HASH_LEN) ||
        origin.len > LG_ORIGIN_MAX)
        return false;
    memcpy(out->origin, origin.data, origin.len);
    out->origin[origin.len] = '\0';
    if (!lg_key_name_is_valid(out->origin) || out->generation % 2 != number)
        return false;
    slot_format(out, again);
    return memcmp(in, again, SLOT_LEN) == 0;
}

/* The newest whole slot of the file. LG_IO, or LG_CORRUPT if there is none. */
static lg_err read_newest(int fd, slot *out)
{
    char bytes[FILE_LEN];
    size_t len = 0;
    while (len < FILE_LEN) {
        ssize_t n = pread(fd, bytes + len, FILE_LEN - len, (off_t)len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return LG_IO;
        if (n == 0)
            return LG_CORRUPT;
        len += (size_t)n;
    }
    slot even, odd;
    bool even_whole = slot_parse(bytes, 0, &even), odd_whole = slot_parse(bytes + SLOT_DISTANCE, 1, &odd);
    if (!even_whole && !odd_whole)
        return LG_CORRUPT;
    *out = even_whole && (!odd_whole || even.generation > odd.generation) ? even : odd;
    return LG_OK;
}

lg_err lg_head_create(const char *path, const char *origin, lg_report *report)
{
    if (!lg_key_name_is_valid(origin))
        return lg_fail(report, LG_INTERNAL, "The origin is not a key name.");
    char bytes[FILE_LEN] = {0};
    slot empty = {.generation = 0, .size = 0, .root = lg_sha256(lg_bytes_of(NULL, 0))};
    memcpy(empty.origin, origin, strlen(origin) + 1);
    /* Both slots from the start: later writes then change neither the file's length nor its blocks. */
    slot_format(&empty, bytes);
    empty.generation = 1;
    slot_format(&empty, bytes + SLOT_DISTANCE);
    return lg_file_create(path, lg_bytes_of(bytes, sizeof bytes), 0600, report);
}

static lg_err open_file(const char *path, int flags, int *fd, lg_report *report)
{
    *fd = open(path, flags | O_CLOEXEC);
    if (*fd >= 0)
        return LG_OK;
    if (errno == ENOENT)
        return lg_fail(
            report, LG_NOT_FOUND,
            "There is no head file %s. Bring it back; an older one of this ledger will do while the "
            "database is the newest.",
            path);
    return lg_file_fail(report, errno, "open", path);
}

static lg_err read_or_explain(int fd, const char *path, slot *out, lg_report *report)
{
    lg_err err = read_newest(fd, out);
    if (err == LG_CORRUPT)
        return lg_fail(report, err,
                       "No slot of the head file %s is whole. Bring back a whole one; an older one of this "
                       "ledger will do while the database is the newest.",
                       path);
    return err == LG_OK ? LG_OK : lg_fail(report, err, "Cannot read the head file %s.", path);
}

lg_err lg_head_open(const char *path, lg_head **out, lg_report *report)
{
    int fd;
    slot newest;
    lg_err err = open_file(path, O_RDWR, &fd, report);
    if (err != LG_OK)
        return err;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        err = errno == EWOULDBLOCK
                  ? lg_fail(report, LG_BUSY, "Another process has the head file %s open.", path)
                  : lg_file_fail(report, errno, "lock", path);
    if (err == LG_OK)
        err = read_or_explain(fd, path, &newest, report);
    if (err != LG_OK) {
        close(fd);
        return err;
    }
    lg_head *head = calloc(1, sizeof *head);
    if (!head)
        lg_die("out of memory");
    *head = (lg_head){.fd = fd, .newest = newest};
    *out = head;
    return LG_OK;
}

lg_err lg_head_peek(const char *path, lg_arena *arena, lg_checkpoint *out, lg_report *report)
{
    int fd;
    slot newest;
    lg_err err = open_file(path, O_RDONLY, &fd, report);
    if (err != LG_OK)
        return err;
    err = read_or_explain(fd, path, &newest, report);
    close(fd);
    if (err == LG_OK)
        *out = (lg_checkpoint){lg_arena_strdup(arena, newest.origin), newest.size, newest.root};
    return err;
}

void lg_head_close(lg_head *head)
{
    if (!head)
        return;
    close(head->fd); /* and with it the lock */
    free(head);
}

lg_checkpoint lg_head_get(const lg_head *head)
{
    return (lg_checkpoint){head->newest.origin, head->newest.size, head->newest.root};
}

static bool slot_holds(const slot *s, const lg_checkpoint *checkpoint)
{
    return s->size == checkpoint->size && lg_hash_equal(&s->root, &checkpoint->root) &&
           strcmp(s->origin, checkpoint->origin) == 0;
}

/* A ledger only grows: the head of the same origin with more entries, or the very same head. */
static bool may_follow(const lg_checkpoint *next, const slot *s)
{
    return strcmp(next->origin, s->origin) == 0 && (next->size > s->size || slot_holds(s, next));
}

/* false if any of it failed. */
static bool write_slot(int fd, const slot *s)
{
    char bytes[SLOT_LEN];
    off_t at = s->generation % 2 ? SLOT_DISTANCE : 0;
    slot_format(s, bytes);
    for (size_t done = 0; done < SLOT_LEN;) {
        ssize_t n = pwrite(fd, bytes + done, SLOT_LEN - done, at + (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return fdatasync(fd) == 0;
}

/* A file that was deleted, or replaced by a rename, can be written for ever; the next start would know
 * nothing of it. */
static bool has_name(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && status.st_nlink > 0;
}

lg_err lg_head_swap(lg_head *head, const lg_checkpoint *expected, const lg_checkpoint *next)
{
    slot newest;
    if (head->broken)
        return LG_IO;
    lg_err err = read_newest(head->fd, &newest);
    if (err != LG_OK)
        return err;
    if (newest.generation != head->newest.generation || !slot_holds(&newest, expected))
        return LG_HEAD_MISMATCH;
    if (!may_follow(next, &newest) || next->size > LG_SEQ_MAX || newest.generation == LG_SEQ_MAX)
        return LG_INTERNAL;
    newest.generation++;
    newest.size = next->size;
    newest.root = next->root;
    if (!write_slot(head->fd, &newest) || !has_name(head->fd)) {
        head->broken = true;
        return LG_IO;
    }
    head->newest = newest;
    return LG_OK;
}
