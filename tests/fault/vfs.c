/* A VFS over SQLite's own that lets the Nth call fail, and an allocator that does. */
#include "ledger/store/page_cache.h"
#include "tests/fault/fault.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

typedef struct file {
    sqlite3_file base;
    const char *path; /* SQLite keeps it as long as the file is open; NULL: a temporary file */
    sqlite3_file *real;
} file;

static sqlite3_vfs *real_vfs, shim;
static _Thread_local int last_error; /* errno of the call that failed last */

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((file *)f)->real;
}

static int fails(int code, int error)
{
    last_error = error;
    return code;
}

static int close_file(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int read_file(sqlite3_file *f, void *out, int len, sqlite3_int64 at)
{
    bool strikes = fault_strikes(CALL_READ);
    if (strikes && plan->kind == FAULT_READ_EIO)
        return fails(SQLITE_IOERR_READ, EIO);
    int code = real_of(f)->pMethods->xRead(real_of(f), out, len, at);
    if (!strikes)
        return code;
    if (plan->kind == FAULT_FLIP) {
        fault_flip(out, (size_t)len);
        return code;
    }
    memset((char *)out + len / 2, 0, (size_t)(len - len / 2));
    return fails(SQLITE_IOERR_SHORT_READ, 0);
}

static int write_file(sqlite3_file *f, const void *data, int len, sqlite3_int64 at)
{
    const sqlite3_io_methods *real = real_of(f)->pMethods;
    if (((file *)f)->path)
        fault_note_write(((file *)f)->path, at, (size_t)len);
    if (!fault_strikes(CALL_WRITE))
        return real->xWrite(real_of(f), data, len, at);
    switch ((int)plan->kind) {
    case FAULT_SHORT_WRITE:
        (void)real->xWrite(real_of(f), data, len / 2, at);
        return fails(SQLITE_FULL, ENOSPC);
    case FAULT_TORN_WRITE:
    case FAULT_WRITE_KILLED:
    case FAULT_WRITE_POWER:
        (void)real->xWrite(real_of(f), data, len / 2, at);
        fault_maybe_end();
        return fails(SQLITE_IOERR_WRITE, EIO);
    case FAULT_LATE_EIO:
        (void)real->xWrite(real_of(f), data, len, at);
        return fails(SQLITE_IOERR_WRITE, EIO);
    case FAULT_WRITE_EIO:
        return fails(SQLITE_IOERR_WRITE, EIO);
    }
    return fails(SQLITE_FULL, ENOSPC);
}

static int sync_file(sqlite3_file *f, int flags)
{
    const char *path = ((file *)f)->path ? ((file *)f)->path : "";
    if (!fault_strikes(CALL_SYNC)) {
        fault_note_sync(path, false);
        return real_of(f)->pMethods->xSync(real_of(f), flags);
    }
    fault_maybe_end();
    if (plan->kind != FAULT_SYNC_FULL)
        fault_note_sync(path, true);
    if (plan->kind == FAULT_SYNC_IGNORED)
        return SQLITE_OK;
    return fails(SQLITE_IOERR_FSYNC, plan->kind == FAULT_SYNC_FULL ? ENOSPC : EIO);
}

static int truncate_file(sqlite3_file *f, sqlite3_int64 size)
{
    return fault_strikes(CALL_OTHER) ? fails(SQLITE_IOERR_TRUNCATE, EIO)
                                     : real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int size_file(sqlite3_file *f, sqlite3_int64 *size)
{
    return fault_strikes(CALL_OTHER) ? fails(SQLITE_IOERR_FSTAT, EIO)
                                     : real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int lock_file(sqlite3_file *f, int level)
{
    return fault_strikes(CALL_OTHER) ? fails(SQLITE_IOERR_LOCK, EIO)
                                     : real_of(f)->pMethods->xLock(real_of(f), level);
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
    return fault_strikes(CALL_OTHER) ? fails(SQLITE_IOERR_SHMSIZE, ENOSPC)
                                     : real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
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
    .iVersion = 2, /* nothing is mapped */
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

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out_flags)
{
    (void)vfs;
    file *opened = (file *)f;
    *opened = (file){.path = path, .real = (sqlite3_file *)(opened + 1)};
    if (fault_strikes(CALL_OPEN))
        return fails(SQLITE_CANTOPEN, EMFILE);
    int code = real_vfs->xOpen(real_vfs, path, opened->real, flags, out_flags);
    if (opened->real->pMethods)
        opened->base.pMethods = &methods;
    return code;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int sync)
{
    (void)vfs;
    return fault_strikes(CALL_OTHER) ? fails(SQLITE_IOERR_DELETE, EIO)
                                     : real_vfs->xDelete(real_vfs, path, sync);
}

static int access_file(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    (void)vfs;
    return fault_strikes(CALL_OTHER) ? fails(SQLITE_IOERR_ACCESS, EIO)
                                     : real_vfs->xAccess(real_vfs, path, flags, out);
}

static int get_last_error(sqlite3_vfs *vfs, int len, char *text)
{
    (void)vfs;
    int error = last_error;
    last_error = 0;
    return error ? error : real_vfs->xGetLastError(real_vfs, len, text);
}

/* ---- memory ---- */

static sqlite3_mem_methods real_memory;

static void *allocate(int len)
{
    return fault_strikes(CALL_SQLITE_MEMORY) ? NULL : real_memory.xMalloc(len);
}

static void *reallocate(void *old, int len)
{
    return fault_strikes(CALL_SQLITE_MEMORY) ? NULL : real_memory.xRealloc(old, len);
}

void fault_vfs_install(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* as the store does, which comes too late here */
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
    sqlite3_mem_methods memory = real_memory;
    memory.xMalloc = allocate;
    memory.xRealloc = reallocate;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
    lg_page_cache_install(); /* this too */
    real_vfs = sqlite3_vfs_find(NULL);
    shim = *real_vfs;
    shim.zName = "fault";
    shim.szOsFile = (int)sizeof(file) + real_vfs->szOsFile;
    shim.xOpen = open_file;
    shim.xDelete = delete_file;
    shim.xAccess = access_file;
    shim.xGetLastError = get_last_error;
    if (sqlite3_vfs_register(&shim, 1) != SQLITE_OK)
        abort();
}
