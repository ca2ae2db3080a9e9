/* A VFS over SQLite's own (sqlite.org/vfs.html) that adds the sums of pages.h. The header's byte 20 tells how
 * many bytes of a page SQLite leaves alone (sqlite.org/fileformat.html, 1.3.4); where it says eight, they are
 * a sum. */
#include "ledger/store/pages.h"

#include "ledger/base/arena.h"
#include "ledger/store/wal_gather.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    SUM_LEN = 8,
    HEADER_LEN = 100,
    RESERVED_AT = 20,
    PAGE_MIN = 512,
    PAGE_MAX = 65536,
};

/* What the frames of one WAL hold: a sum each, 0 where nobody knows. Shared by the connections of this
 * process. */
typedef struct wal {
    struct wal *next;
    char *path;
    int refs;
    pthread_rwlock_t lock;
    uint64_t *sums;
    size_t count;
} wal;

typedef struct page_file {
    sqlite3_file base;
    bool is_database, summed, trusting;
    wal *wal;           /* of a WAL */
    lg_gather gathered; /* its writes */
    sqlite3_file *real;
} page_file;

static sqlite3_vfs *real_vfs, shim;
static wal *wals;
static pthread_mutex_t wals_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- sums ---- */

static inline uint64_t word_at(const uint8_t *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

/* Each step is one-to-one in its word, so a change within one word never goes unseen; four lanes, and each in
 * a register, for speed. `len` is a multiple of 8. */
static uint64_t sum_of(const uint8_t *data, size_t len, uint64_t number)
{
    static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t a = number + 1, b = UINT64_C(0xbf58476d1ce4e5b9), c = UINT64_C(0x94d049bb133111eb), d = odd;
    size_t at = 0;
    for (; at + 32 <= len; at += 32) {
        a = (a ^ word_at(data + at)) * odd;
        b = (b ^ word_at(data + at + 8)) * odd;
        c = (c ^ word_at(data + at + 16)) * odd;
        d = (d ^ word_at(data + at + 24)) * odd;
    }
    for (; at < len; at += 8)
        a = (a ^ word_at(data + at)) * odd;
    a = (a << 17 | a >> 47) ^ b;
    a = (a << 17 | a >> 47) ^ c;
    return (a << 17 | a >> 47) ^ d;
}

static bool is_page(sqlite3_int64 at, int len)
{
    return len >= PAGE_MIN && len <= PAGE_MAX && (len & (len - 1)) == 0 && at % len == 0;
}

static void note_header(page_file *f, const void *data, int len, sqlite3_int64 at)
{
    if (f->is_database && at == 0 && len >= HEADER_LEN && memcmp(data, "SQLite format 3", 16) == 0)
        f->summed = ((const uint8_t *)data)[RESERVED_AT] == SUM_LEN;
}

static uint64_t page_sum(const void *page, int len, sqlite3_int64 at)
{
    return sum_of(page, (size_t)len - SUM_LEN, (uint64_t)(at / len));
}

static bool page_is_whole(const void *page, int len, sqlite3_int64 at)
{
    uint64_t stored, sum = page_sum(page, len, at);
    memcpy(&stored, (const uint8_t *)page + len - SUM_LEN, SUM_LEN);
    return stored == sum;
}

/* ---- a WAL's frames ---- */

static wal *wal_take(const char *path)
{
    pthread_mutex_lock(&wals_lock);
    wal *w = wals;
    while (w && strcmp(w->path, path) != 0)
        w = w->next;
    if (!w) {
        w = calloc(1, sizeof *w);
        if (!w || !(w->path = strdup(path)))
            lg_die("out of memory");
        pthread_rwlock_init(&w->lock, NULL);
        w->next = wals;
        wals = w;
    }
    w->refs++;
    pthread_mutex_unlock(&wals_lock);
    return w;
}

static void wal_give(wal *w)
{
    pthread_mutex_lock(&wals_lock);
    if (--w->refs == 0) {
        wal **link = &wals;
        while (*link != w)
            link = &(*link)->next;
        *link = w->next;
        pthread_rwlock_destroy(&w->lock);
        free(w->path);
        free(w->sums);
        free(w);
    }
    pthread_mutex_unlock(&wals_lock);
}

/* The frame whose page of `len` bytes lies at this place; -1: that is none. */
static int64_t frame_at(sqlite3_int64 at, int len)
{
    const sqlite3_int64 behind = at - LG_WAL_HEADER_LEN - LG_FRAME_HEADER_LEN,
                        frame = len + LG_FRAME_HEADER_LEN;
    return is_page(0, len) && behind >= 0 && behind % frame == 0 ? behind / frame : -1;
}

static void wal_note(wal *w, int64_t frame, const void *page, int len)
{
    const uint64_t sum = sum_of(page, (size_t)len, 0);
    pthread_rwlock_wrlock(&w->lock);
    if ((size_t)frame >= w->count) {
        size_t count = 2 * (size_t)frame + 1024;
        w->sums = reallocarray(w->sums, count, sizeof *w->sums);
        if (!w->sums)
            lg_die("out of memory");
        memset(w->sums + w->count, 0, (count - w->count) * sizeof *w->sums);
        w->count = count;
    }
    w->sums[frame] = sum ? sum : 1;
    pthread_rwlock_unlock(&w->lock);
}

static bool wal_knows_otherwise(wal *w, int64_t frame, const void *page, int len)
{
    pthread_rwlock_rdlock(&w->lock);
    const uint64_t known = (size_t)frame < w->count ? w->sums[frame] : 0;
    pthread_rwlock_unlock(&w->lock);
    if (!known)
        return false;
    const uint64_t sum = sum_of(page, (size_t)len, 0);
    return known != (sum ? sum : 1);
}

/* Opening, SQLite reads frames with their headers, and takes none whose own sum is wrong. */
static void wal_note_recovered(wal *w, const void *data, int len, sqlite3_int64 at)
{
    const int page = len - LG_FRAME_HEADER_LEN;
    if (page > 0 && frame_at(at + LG_FRAME_HEADER_LEN, page) >= 0)
        wal_note(w, frame_at(at + LG_FRAME_HEADER_LEN, page), (const uint8_t *)data + LG_FRAME_HEADER_LEN,
                 page);
}

/* ---- the calls ---- */

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((page_file *)f)->real;
}

/* Before anything but a write is done with it. Only a WAL has what to write: a database is synced by a thread
 * of its own. */
static int flushed(sqlite3_file *f)
{
    return ((page_file *)f)->wal ? lg_gather_flush(&((page_file *)f)->gathered, real_of(f)) : SQLITE_OK;
}

static int close_file(sqlite3_file *f)
{
    if (((page_file *)f)->wal) {
        wal_give(((page_file *)f)->wal);
        lg_gather_close(&((page_file *)f)->gathered);
    }
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int read_file(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
    page_file *f = (page_file *)file;
    int code = flushed(file);
    if (code == SQLITE_OK)
        code = f->real->pMethods->xRead(f->real, out, len, at);
    if (f->wal && code == SQLITE_OK) {
        const int64_t frame = frame_at(at, len);
        if (frame >= 0 && wal_knows_otherwise(f->wal, frame, out, len))
            return SQLITE_IOERR_DATA;
        if (frame < 0)
            wal_note_recovered(f->wal, out, len, at);
    }
    if (f->is_database && code == SQLITE_OK)
        note_header(f, out, len, at);
    /* A file that ends within its pages lost its tail. (SQLite itself would take what is missing for zeros.)
     */
    if (f->summed && !f->trusting && is_page(at, len) &&
        (code == SQLITE_IOERR_SHORT_READ || (code == SQLITE_OK && !page_is_whole(out, len, at))))
        return SQLITE_IOERR_DATA;
    return code;
}

static int write_file(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    page_file *f = (page_file *)file;
    note_header(f, data, len, at);
    if (f->summed && is_page(at, len)) {
        static _Thread_local uint8_t page[PAGE_MAX];
        const uint64_t sum = page_sum(data, len, at);
        memcpy(page, data, (size_t)len - SUM_LEN);
        memcpy(page + len - SUM_LEN, &sum, SUM_LEN);
        return f->real->pMethods->xWrite(f->real, page, len, at);
    }
    if (f->wal && frame_at(at, len) >= 0)
        wal_note(f->wal, frame_at(at, len), data, len);
    if (f->wal)
        return lg_gather_write(&f->gathered, f->real, data, len, at);
    return f->real->pMethods->xWrite(f->real, data, len, at);
}

static int truncate_file(sqlite3_file *f, sqlite3_int64 size)
{
    const int code = flushed(f);
    return code == SQLITE_OK ? real_of(f)->pMethods->xTruncate(real_of(f), size) : code;
}

static int sync_file(sqlite3_file *f, int flags)
{
    const int code = flushed(f);
    return code == SQLITE_OK ? real_of(f)->pMethods->xSync(real_of(f), flags) : code;
}

static int size_file(sqlite3_file *f, sqlite3_int64 *size)
{
    const int code = flushed(f);
    return code == SQLITE_OK ? real_of(f)->pMethods->xFileSize(real_of(f), size) : code;
}

static int lock_file(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int unlock_file(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int is_reserved(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int control_file(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int sector_size(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int characteristics(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int map_shared(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}

static int lock_shared(sqlite3_file *f, int at, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void barrier_shared(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int unmap_shared(sqlite3_file *f, int remove)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* without xFetch: a page that is mapped is not looked at */
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = is_reserved,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_shared,
    .xShmLock = lock_shared,
    .xShmBarrier = barrier_shared,
    .xShmUnmap = unmap_shared,
};

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
    (void)vfs;
    page_file *f = (page_file *)file;
    *f = (page_file){.is_database = flags & SQLITE_OPEN_MAIN_DB, .real = (sqlite3_file *)(f + 1)};
    int code = real_vfs->xOpen(real_vfs, path, f->real, flags, out_flags);
    if (f->real->pMethods)
        f->base.pMethods = &methods;
    if (code == SQLITE_OK && flags & SQLITE_OPEN_WAL)
        f->wal = wal_take(path);
    return code;
}

void lg_pages_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    if (!real_vfs)
        lg_die("SQLite cannot start");
    shim = *real_vfs;
    shim.zName = "tallystick";
    shim.szOsFile = (int)sizeof(page_file) + real_vfs->szOsFile;
    shim.xOpen = open_file;
    if (sqlite3_vfs_register(&shim, 1) != SQLITE_OK)
        lg_die("SQLite cannot start");
}

void lg_pages_ask(sqlite3 *handle)
{
    int reserved = SUM_LEN;
    sqlite3_file_control(handle, NULL, SQLITE_FCNTL_RESERVE_BYTES, &reserved);
}

void lg_pages_trust(sqlite3 *handle)
{
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(handle, NULL, SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK && file &&
        file->pMethods == &methods)
        ((page_file *)file)->trusting = true;
}
