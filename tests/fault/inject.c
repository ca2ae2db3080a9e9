/* Counts calls and lets the Nth fail. The linker leads the program's own calls here (--wrap); SQLite's come
 * through vfs.c. */
#include "tests/fault/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static fault_plan idle;
fault_plan *plan = &idle;

static const struct {
    fault_call call;
    const char *name, *text;
} faults[] = {
#define FAULT(enumerator, call, name, text) [enumerator] = {call, name, text},
    FAULTS(FAULT)
#undef FAULT
};

fault_call fault_call_of(fault_kind kind)
{
    return faults[kind].call;
}

const char *fault_name(fault_kind kind)
{
    return faults[kind].name;
}

const char *fault_text(fault_kind kind)
{
    return faults[kind].text;
}

bool fault_ends(fault_kind kind)
{
    return kind == FAULT_WRITE_KILLED || kind == FAULT_WRITE_POWER || kind == FAULT_SYNC_POWER ||
           kind == FAULT_SYNC_MIXED;
}

bool fault_is_none(fault_kind kind)
{
    return kind == FAULT_INTERRUPTED;
}

/* ---- what was written and not synced ---- */

enum { UNDO_MAX = 20000 };
static struct undo {
    char *path, *old;
    int64_t offset, old_size;
    size_t len;
    bool doomed; /* its sync failed: the kernel forgets that it ever was to be written */
} undos[UNDO_MAX];
static size_t undo_count;
static pthread_mutex_t undo_lock = PTHREAD_MUTEX_INITIALIZER;

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *old, size_t len);
char *__real_strdup(const char *text);
ssize_t __real_pread(int fd, void *out, size_t len, off_t at);
ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __real_read(int fd, void *out, size_t len);
ssize_t __real_write(int fd, const void *data, size_t len);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __real_mkostemp(char *path, int flags);

static bool needs_undo(void)
{
    return atomic_load(&plan->armed) &&
           (fault_call_of(plan->kind) == CALL_SYNC || plan->kind == FAULT_WRITE_POWER);
}

static void forget_undos(void)
{
    for (size_t i = 0; i < undo_count; i++) {
        free(undos[i].path);
        free(undos[i].old);
    }
    undo_count = 0;
}

void fault_note_write(const char *path, int64_t offset, size_t len)
{
    if (!needs_undo())
        return;
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0 || undo_count == UNDO_MAX)
        abort();
    struct undo undo = {.path = __real_strdup(path),
                        .old = __real_malloc(len + 1),
                        .offset = offset,
                        .old_size = info.st_size,
                        .len = len};
    ssize_t old = __real_pread(fd, undo.old, len, offset);
    close(fd);
    if (old >= 0 && (size_t)old < len)
        memset(undo.old + old, 0, len - (size_t)old);
    pthread_mutex_lock(&undo_lock);
    for (size_t i = 0; i < undo_count; i++) /* written anew: a later sync may keep it */
        if (undos[i].doomed && undos[i].offset == offset && strcmp(undos[i].path, path) == 0)
            undos[i].doomed = false;
    undos[undo_count++] = undo;
    pthread_mutex_unlock(&undo_lock);
}

void fault_note_sync(const char *path, bool failed)
{
    if (!needs_undo())
        return;
    size_t kept = 0;
    pthread_mutex_lock(&undo_lock);
    for (size_t i = 0; i < undo_count; i++) {
        if (strcmp(undos[i].path, path) == 0 && !failed && !undos[i].doomed) {
            free(undos[i].path);
            free(undos[i].old);
            continue;
        }
        if (failed && strcmp(undos[i].path, path) == 0)
            undos[i].doomed = true;
        undos[kept++] = undos[i];
    }
    undo_count = kept;
    pthread_mutex_unlock(&undo_lock);
}

static void take_back(const struct undo *undo)
{
    int fd = open(undo->path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return; /* deleted meanwhile */
    if (__real_pwrite(fd, undo->old, undo->len, undo->offset) < 0 || ftruncate(fd, undo->old_size) != 0)
        _exit(70);
    close(fd);
}

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

void fault_lose_doomed(void)
{
    for (size_t i = undo_count; i-- > 0;)
        if (undos[i].doomed)
            take_back(&undos[i]);
}

void fault_maybe_end(void)
{
    if (!fault_ends(plan->kind))
        return;
    atomic_store(&plan->armed, false);
    if (plan->kind != FAULT_WRITE_KILLED)
        for (size_t i = undo_count; i-- > 0;)
            if (plan->kind != FAULT_SYNC_MIXED || mix((uint64_t)plan->nth * 1000 + i) & 1)
                take_back(&undos[i]);
    kill(getpid(), SIGKILL);
}

/* ---- which call ---- */

void fault_arm(fault_kind kind, long nth)
{
    plan->kind = kind;
    plan->nth = nth;
    for (size_t i = 0; i < CALLS; i++)
        atomic_store(&plan->seen[i], 0);
    atomic_store(&plan->struck, false);
    forget_undos();
    atomic_store(&plan->armed, true);
}

void fault_disarm(void)
{
    atomic_store(&plan->armed, false);
}

bool fault_strikes(fault_call call)
{
    if (!atomic_load_explicit(&plan->armed, memory_order_acquire))
        return false;
    long n = atomic_fetch_add(&plan->seen[call], 1) + 1;
    bool stays = plan->kind == FAULT_FULL_STAYS || plan->kind == FAULT_SQLITE_MEMORY_STAYS;
    if (faults[plan->kind].call != call || (n != plan->nth && !(stays && n > plan->nth)))
        return false;
    atomic_store(&plan->struck, true);
    return true;
}

void fault_flip(void *data, size_t len)
{
    if (len == 0)
        return;
    uint64_t bit = mix((uint64_t)plan->nth * 7919 + len) % (len * 8);
    ((uint8_t *)data)[bit / 8] ^= (uint8_t)(1u << (bit % 8));
}

/* ---- files of our own ---- */

static const char *path_of(int fd, char path[512])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, 511);
    if (len < 0)
        return "";
    path[len] = '\0';
    return path;
}

static bool is_file(int fd)
{
    struct stat info;
    return atomic_load(&plan->armed) && fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

static bool is_interrupted(int fd)
{
    if (!is_file(fd) || !fault_strikes(CALL_OWN))
        return false;
    errno = EINTR;
    return true;
}

/* How much of a write that fails is written; its errno. */
static size_t failing_write(size_t len, int *error)
{
    *error = plan->kind == FAULT_FULL || plan->kind == FAULT_FULL_STAYS || plan->kind == FAULT_SHORT_WRITE
                 ? ENOSPC
                 : EIO;
    switch ((int)plan->kind) {
    case FAULT_SHORT_WRITE:
    case FAULT_TORN_WRITE:
    case FAULT_WRITE_KILLED:
    case FAULT_WRITE_POWER:
        return len / 2;
    case FAULT_LATE_EIO:
        return len;
    }
    return 0;
}

/* at < 0: where the file stands. */
static ssize_t write_or_fail(int fd, const void *data, size_t len, off_t at)
{
    char path[512];
    if (is_interrupted(fd))
        return -1;
    if (is_file(fd))
        fault_note_write(path_of(fd, path), at < 0 ? lseek(fd, 0, SEEK_CUR) : at, len);
    if (is_file(fd) && fault_strikes(CALL_WRITE)) {
        int error;
        size_t part = failing_write(len, &error);
        ssize_t written = at < 0 ? __real_write(fd, data, part) : __real_pwrite(fd, data, part, at);
        fault_maybe_end();
        if (plan->kind == FAULT_SHORT_WRITE && written > 0)
            return written; /* the next one fails, where there is one */
        errno = error;
        return -1;
    }
    return at < 0 ? __real_write(fd, data, len) : __real_pwrite(fd, data, len, at);
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at)
{
    return write_or_fail(fd, data, len, at);
}

ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
    return write_or_fail(fd, data, len, -1);
}

static ssize_t read_or_fail(int fd, void *out, size_t len, off_t at)
{
    if (is_interrupted(fd))
        return -1;
    bool strikes = is_file(fd) && fault_strikes(CALL_READ);
    if (strikes && plan->kind == FAULT_READ_EIO) {
        errno = EIO;
        return -1;
    }
    if (strikes && plan->kind == FAULT_SHORT_READ)
        return 0; /* the file ends here, it seems */
    ssize_t n = at < 0 ? __real_read(fd, out, len) : __real_pread(fd, out, len, at);
    if (strikes && n > 0)
        fault_flip(out, (size_t)n);
    return n;
}

ssize_t __wrap_pread(int fd, void *out, size_t len, off_t at);
ssize_t __wrap_pread(int fd, void *out, size_t len, off_t at)
{
    return read_or_fail(fd, out, len, at);
}

ssize_t __wrap_read(int fd, void *out, size_t len);
ssize_t __wrap_read(int fd, void *out, size_t len)
{
    return read_or_fail(fd, out, len, -1);
}

/* What _FORTIFY_SOURCE makes of them. */
ssize_t __wrap___pread_chk(int fd, void *out, size_t len, off_t at, size_t room);
ssize_t __wrap___pread_chk(int fd, void *out, size_t len, off_t at, size_t room)
{
    return len > room ? (abort(), -1) : read_or_fail(fd, out, len, at);
}

ssize_t __wrap___read_chk(int fd, void *out, size_t len, size_t room);
ssize_t __wrap___read_chk(int fd, void *out, size_t len, size_t room)
{
    return len > room ? (abort(), -1) : read_or_fail(fd, out, len, -1);
}

/* 0: go on and sync. */
static int failing_sync(int fd)
{
    char path[512];
    if (!atomic_load(&plan->armed))
        return 0;
    path_of(fd, path);
    if (!fault_strikes(CALL_SYNC)) {
        fault_note_sync(path, false);
        return 0;
    }
    fault_maybe_end();
    if (plan->kind != FAULT_SYNC_FULL)
        fault_note_sync(path, true);
    return plan->kind == FAULT_SYNC_IGNORED ? 0 : plan->kind == FAULT_SYNC_FULL ? ENOSPC : EIO;
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    errno = failing_sync(fd);
    return errno ? -1 : __real_fsync(fd);
}

int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
    errno = failing_sync(fd);
    return errno ? -1 : __real_fdatasync(fd);
}

int __wrap_mkostemp(char *path, int flags);
int __wrap_mkostemp(char *path, int flags)
{
    if (fault_strikes(CALL_OPEN)) {
        errno = EMFILE;
        return -1;
    }
    return __real_mkostemp(path, flags);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, unsigned mode);
int __wrap_open(const char *path, int flags, unsigned mode)
{
    if (fault_strikes(CALL_OPEN)) {
        errno = EMFILE;
        return -1;
    }
    return __real_open(path, flags, mode);
}

/* ---- memory of our own, which jansson's is (lg_json_init) ---- */

void *__wrap_malloc(size_t len);
void *__wrap_malloc(size_t len)
{
    return fault_strikes(CALL_MEMORY) ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len);
void *__wrap_calloc(size_t count, size_t len)
{
    return fault_strikes(CALL_MEMORY) ? NULL : __real_calloc(count, len);
}

void *__wrap_realloc(void *old, size_t len);
void *__wrap_realloc(void *old, size_t len)
{
    return fault_strikes(CALL_MEMORY) ? NULL : __real_realloc(old, len);
}

char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
    return fault_strikes(CALL_MEMORY) ? NULL : __real_strdup(text);
}

/* ---- time and chance ---- */

static lg_time story_time;
static atomic_ullong random_count;
static uint64_t random_seed;
static atomic_uint uuid_count;

void fault_set_time(lg_time now)
{
    story_time = now;
}

void fault_restart_random(uint64_t seed)
{
    random_seed = seed;
    atomic_store(&random_count, 0);
    atomic_store(&uuid_count, 0);
}

/* A batch that is applied once more meets the same chance, and the same statement that fails. */
static long statements_at_begin, rows_at_begin;
static unsigned long long random_at_begin;
static unsigned uuid_at_begin;
lg_err __real_lg_ledger_begin(lg_ledger *ledger);
lg_err __wrap_lg_ledger_begin(lg_ledger *ledger);
lg_err __wrap_lg_ledger_begin(lg_ledger *ledger)
{
    statements_at_begin = atomic_load(&plan->seen[CALL_STATEMENT]);
    rows_at_begin = atomic_load(&plan->seen[CALL_ROW]);
    random_at_begin = atomic_load(&random_count);
    uuid_at_begin = atomic_load(&uuid_count);
    return __real_lg_ledger_begin(ledger);
}

lg_err __real_lg_ledger_begin_anew(lg_ledger *ledger);
lg_err __wrap_lg_ledger_begin_anew(lg_ledger *ledger);
lg_err __wrap_lg_ledger_begin_anew(lg_ledger *ledger)
{
    atomic_store(&plan->seen[CALL_STATEMENT], statements_at_begin);
    atomic_store(&plan->seen[CALL_ROW], rows_at_begin);
    atomic_store(&random_count, random_at_begin);
    atomic_store(&uuid_count, uuid_at_begin);
    return __real_lg_ledger_begin_anew(ledger);
}

lg_time __real_lg_now(void);
lg_time __wrap_lg_now(void);
lg_time __wrap_lg_now(void)
{
    return story_time ? story_time : __real_lg_now();
}

void __wrap_lg_random(void *out, size_t len);
void __wrap_lg_random(void *out, size_t len)
{
    uint8_t *at = out;
    while (len > 0) {
        uint64_t word = mix(random_seed ^ mix(atomic_fetch_add(&random_count, 1)));
        size_t part = len < sizeof word ? len : sizeof word;
        memcpy(at, &word, part);
        at += part;
        len -= part;
    }
}

lg_uuid __wrap_lg_uuid_new(void);
lg_uuid __wrap_lg_uuid_new(void)
{
    lg_uuid id;
    uint64_t ms = (uint64_t)story_time / 1000;
    unsigned n = atomic_fetch_add(&uuid_count, 1);
    __wrap_lg_random(id.b, sizeof id.b);
    for (int i = 0; i < 6; i++)
        id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.b[6] = (uint8_t)(0x70 | ((n >> 8) & 0x0f));
    id.b[7] = (uint8_t)n;
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
    return id;
}

/* No story calls anyone. */
bool __wrap_webhooks_private_ok(const webhooks *w);
bool __wrap_webhooks_private_ok(const webhooks *w)
{
    (void)w;
    return true;
}
