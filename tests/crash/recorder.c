/* Records what a server asks of its disk (LD_PRELOAD), so that replay.py can make the states a power cut may
 * leave.
 *
 * Every write, truncation, sync and change of a name below the folder RECORDER_DIR goes into the file
 * RECORDER_LOG, in the order in which it happened, with the time. Writes happen under one lock, so the log's
 * order is the file's; a sync is two records, because others write while it is under way: what was written
 * before the first is on disk from the second on. RECORDER_SYNC_US is how long a sync takes here (the folder
 * may lie in memory). RECORDER_IGNORE takes durability away, to show that the harness notices: syncs of files
 * whose names end so are answered and not recorded; "all" is every file.
 *
 * A record: u64 time_ns | u32 type | u32 file | i64 offset | u32 length | bytes. Files are numbered by their
 * inode as they come; a number is never used for another. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum record_type {
    RECORD_CREATE = 1, /* bytes: the path of a new file */
    RECORD_MKDIR,      /* bytes: the path */
    RECORD_WRITE,      /* offset, bytes */
    RECORD_TRUNCATE,   /* offset: the new size */
    RECORD_SYNC_BEGIN, /* of a file or, with bytes, of the folder of that path; offset: which sync */
    RECORD_SYNC_END,
    RECORD_LINK, /* bytes: old path, NUL, new path; the same for RENAME */
    RECORD_RENAME,
    RECORD_UNLINK, /* bytes: the path */
    RECORD_OPEN,   /* bytes: the path of a file that was there before it got its number */
    RECORD_START,  /* a process of its own numbers files and syncs anew */
};

enum { FDS_MAX = 65536, FILES_MAX = 65536 };

typedef struct record {
    uint64_t time_ns;
    uint32_t type, file;
    int64_t offset;
    uint32_t length;
} __attribute__((packed)) record;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static char root[PATH_MAX];
static size_t root_len;
static const char *ignored;
static long sync_us;
static ino_t inodes[FILES_MAX]; /* of file n; 0 once it has no name and no descriptor any more */
static uint32_t file_count = 1; /* 0: not ours */
static int64_t sync_count;
static uint32_t files[FDS_MAX]; /* file of a descriptor */
static bool deaf[FDS_MAX];      /* its syncs are ignored */
static char *folders[FDS_MAX];  /* path of a descriptor of a folder */

#define REAL(result, name, ...) static result (*real_##name)(__VA_ARGS__)
REAL(int, open64, const char *, int, ...);
REAL(int, mkostemp, char *, int);
REAL(int, close, int);
REAL(ssize_t, write, int, const void *, size_t);
REAL(ssize_t, pwrite64, int, const void *, size_t, off_t);
REAL(int, ftruncate64, int, off_t);
REAL(int, fdatasync, int);
REAL(int, link, const char *, const char *);
REAL(int, rename, const char *, const char *);
REAL(int, unlink, const char *);
REAL(int, mkdir, const char *, mode_t);

/* ---- records; the lock is held ---- */

static void put(enum record_type type, uint32_t file, int64_t offset, const void *bytes, size_t length)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    record head = {(uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec, type, file, offset,
                   (uint32_t)length};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)(uintptr_t)bytes, length}};
    if (writev(log_fd, parts, 2) != (ssize_t)(sizeof head + length))
        abort();
}

static void put_path(enum record_type type, uint32_t file, const char *path)
{
    put(type, file, 0, path, strlen(path));
}

/* The whole path of a name; false if it lies elsewhere, or is the log's own index in shared memory. */
static bool locate(const char *name, char out[PATH_MAX])
{
    char folder[PATH_MAX];
    const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - name) : 1, slash ? name : ".");
    if (strcmp(name, "/") == 0 || !realpath(folder[0] ? folder : "/", out))
        return false;
    size_t len = strlen(out);
    snprintf(out + len, PATH_MAX - len, "/%s", last);
    if (strncmp(out, root, root_len) != 0 || (out[root_len] != '/' && out[root_len] != '\0'))
        return false;
    size_t name_len = strlen(last);
    return name_len < 4 || strcmp(last + name_len - 4, "-shm") != 0;
}

static uint32_t number_of(ino_t inode, bool *is_known)
{
    for (uint32_t i = file_count - 1; i > 0; i--)
        if (inodes[i] == inode) {
            *is_known = true;
            return i;
        }
    if (file_count == FILES_MAX)
        abort();
    inodes[file_count] = inode;
    *is_known = false;
    return file_count++;
}

/* An inode whose last name goes may come back as another file. */
static void forget(const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0 || st.st_nlink > 1)
        return;
    for (uint32_t i = 1; i < file_count; i++)
        if (inodes[i] == st.st_ino)
            inodes[i] = 0;
}

static bool is_ignored(const char *path)
{
    size_t len = strlen(path), end = ignored ? strlen(ignored) : 0;
    return ignored && (strcmp(ignored, "all") == 0 || (len >= end && strcmp(path + len - end, ignored) == 0));
}

static void opened(int fd, const char *path, bool is_new, bool truncated)
{
    struct stat st;
    if (fd < 0 || fd >= FDS_MAX || fstat(fd, &st) != 0)
        return;
    if (S_ISDIR(st.st_mode)) {
        folders[fd] = strdup(path);
    } else {
        bool is_known;
        files[fd] = number_of(st.st_ino, &is_known);
        if (is_new || !is_known)
            put_path(is_new ? RECORD_CREATE : RECORD_OPEN, files[fd], path);
        if (truncated && !is_new)
            put(RECORD_TRUNCATE, files[fd], 0, NULL, 0);
    }
    deaf[fd] = is_ignored(path);
}

static uint32_t file_of(int fd)
{
    return fd >= 0 && fd < FDS_MAX ? files[fd] : 0;
}

#define FIND(name) *(void **)&real_##name = dlsym(RTLD_NEXT, #name)
__attribute__((constructor)) static void begin(void)
{
    FIND(open64), FIND(mkostemp), FIND(close), FIND(write), FIND(pwrite64), FIND(ftruncate64);
    FIND(fdatasync), FIND(link), FIND(rename), FIND(unlink), FIND(mkdir);
    const char *log = getenv("RECORDER_LOG"), *dir = getenv("RECORDER_DIR"), *us = getenv("RECORDER_SYNC_US");
    if (!log || !dir || !realpath(dir, root))
        abort();
    root_len = strlen(root);
    ignored = getenv("RECORDER_IGNORE");
    sync_us = us ? atol(us) : 0;
    log_fd = real_open64(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0)
        abort();
    put(RECORD_START, 0, 0, NULL, 0);
}

/* ---- what the program and its libraries call ---- */

static int open_any(const char *name, int flags, mode_t mode)
{
    char path[PATH_MAX];
    struct stat st;
    if ((flags & O_TMPFILE) == O_TMPFILE || !locate(name, path))
        return real_open64(name, flags, mode);
    pthread_mutex_lock(&lock);
    bool was_there = stat(name, &st) == 0;
    int fd = real_open64(name, flags, mode);
    opened(fd, path, !was_there, flags & O_TRUNC);
    pthread_mutex_unlock(&lock);
    return fd;
}

int open64(const char *name, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_any(name, flags, mode);
}

int open(const char *name, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_any(name, flags, mode);
}

int mkostemp(char *name, int flags)
{
    char path[PATH_MAX];
    pthread_mutex_lock(&lock);
    int fd = real_mkostemp(name, flags);
    if (fd >= 0 && locate(name, path))
        opened(fd, path, true, false);
    pthread_mutex_unlock(&lock);
    return fd;
}

int close(int fd)
{
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < FDS_MAX) {
        files[fd] = 0;
        free(folders[fd]);
        folders[fd] = NULL;
    }
    int result = real_close(fd);
    pthread_mutex_unlock(&lock);
    return result;
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t offset)
{
    if (!file_of(fd))
        return real_pwrite64(fd, bytes, len, offset);
    pthread_mutex_lock(&lock);
    ssize_t n = real_pwrite64(fd, bytes, len, offset);
    if (n > 0)
        put(RECORD_WRITE, files[fd], offset, bytes, (size_t)n);
    pthread_mutex_unlock(&lock);
    return n;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    return pwrite64(fd, bytes, len, offset);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    if (!file_of(fd))
        return real_write(fd, bytes, len);
    pthread_mutex_lock(&lock);
    ssize_t n = real_write(fd, bytes, len);
    if (n > 0) /* where it began: at the end, or wherever the descriptor stood */
        put(RECORD_WRITE, files[fd], lseek(fd, 0, SEEK_CUR) - n, bytes, (size_t)n);
    pthread_mutex_unlock(&lock);
    return n;
}

int ftruncate64(int fd, off_t size)
{
    pthread_mutex_lock(&lock);
    int result = real_ftruncate64(fd, size);
    if (result == 0 && file_of(fd))
        put(RECORD_TRUNCATE, files[fd], size, NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

int fdatasync(int fd)
{
    const char *folder = fd >= 0 && fd < FDS_MAX ? folders[fd] : NULL;
    if (!file_of(fd) && !folder)
        return real_fdatasync(fd);
    if (deaf[fd] || (folder && is_ignored("folders")))
        return 0;
    size_t len = folder ? strlen(folder) : 0;
    pthread_mutex_lock(&lock);
    int64_t number = sync_count++;
    put(RECORD_SYNC_BEGIN, files[fd], number, folder, len);
    pthread_mutex_unlock(&lock);
    usleep((useconds_t)sync_us);
    pthread_mutex_lock(&lock);
    put(RECORD_SYNC_END, files[fd], number, folder, len);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd)
{
    return fdatasync(fd);
}

static int two_names(enum record_type type, int (*really)(const char *, const char *), const char *from,
                     const char *to)
{
    char paths[2 * PATH_MAX], new_path[PATH_MAX];
    pthread_mutex_lock(&lock);
    bool ours = locate(from, paths) && locate(to, new_path);
    if (ours && type == RECORD_RENAME)
        forget(to);
    int result = really(from, to);
    if (result == 0 && ours) {
        size_t len = strlen(paths) + 1;
        memcpy(paths + len, new_path, strlen(new_path) + 1);
        put(type, 0, 0, paths, len + strlen(new_path));
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int link(const char *from, const char *to)
{
    return two_names(RECORD_LINK, real_link, from, to);
}

int rename(const char *from, const char *to)
{
    return two_names(RECORD_RENAME, real_rename, from, to);
}

int unlink(const char *name)
{
    char path[PATH_MAX];
    pthread_mutex_lock(&lock);
    bool ours = locate(name, path);
    if (ours)
        forget(name);
    int result = real_unlink(name);
    if (result == 0 && ours)
        put_path(RECORD_UNLINK, 0, path);
    pthread_mutex_unlock(&lock);
    return result;
}

int mkdir(const char *name, mode_t mode)
{
    char path[PATH_MAX];
    pthread_mutex_lock(&lock);
    int result = real_mkdir(name, mode);
    if (result == 0 && locate(name, path))
        put_path(RECORD_MKDIR, 0, path);
    pthread_mutex_unlock(&lock);
    return result;
}
