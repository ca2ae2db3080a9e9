/* Takes away from a server what makes its writes outlast it (LD_PRELOAD), to show that the harness notices.
 *
 * The write-ahead log of the ledger is kept in memory, shared by all who open it, and reaches its file only
 * now and then; with HOLDBACK=head the head file as well, so that the server cannot notice by itself. The
 * server believes all of it written and synced. Built for the tests alone; no code of the program knows of
 * it. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILES_MAX = 8, WRITE_BACK_MS = 150 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct held {
    dev_t dev;
    ino_t ino; /* of the file */
    int memory, file;
    ino_t memory_ino;
} held[FILES_MAX];
static unsigned held_count;

static int (*real_open)(const char *, int, ...);
static int (*real_open64)(const char *, int, ...);
static int (*real_fstat)(int, struct stat *);

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool is_held_back(const char *path, int flags)
{
    const char *more = getenv("HOLDBACK");
    if ((flags & O_ACCMODE) == O_RDONLY)
        return false;
    return ends_with(path, "/ledger.db-wal") ||
           (more && strcmp(more, "head") == 0 && ends_with(path, "/head"));
}

static void copy(int from, int to)
{
    char bytes[65536];
    off_t at = 0;
    ssize_t n;
    while ((n = pread(from, bytes, sizeof bytes, at)) > 0) {
        if (pwrite(to, bytes, (size_t)n, at) != n)
            return;
        at += n;
    }
    (void)!ftruncate(to, at);
}

/* What a kernel does with its page cache, done by a thread that dies with the server. */
static void *write_back(void *arg)
{
    (void)arg;
    for (;;) {
        nanosleep(&(struct timespec){.tv_nsec = WRITE_BACK_MS * 1000000L}, NULL);
        pthread_mutex_lock(&lock);
        for (unsigned i = 0; i < held_count; i++)
            copy(held[i].memory, held[i].file);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static struct held *find(const struct stat *st)
{
    for (unsigned i = 0; i < held_count; i++)
        if (held[i].dev == st->st_dev && held[i].ino == st->st_ino)
            return &held[i];
    return NULL;
}

static struct held *hold(int fd, const struct stat *st)
{
    static bool started;
    if (held_count == FILES_MAX)
        abort();
    struct held *made = &held[held_count++];
    *made = (struct held){
        .dev = st->st_dev,
        .ino = st->st_ino,
        .memory = memfd_create("held back", MFD_CLOEXEC),
        .file = dup(fd),
    };
    struct stat memory;
    if (real_fstat(made->memory, &memory) == 0)
        made->memory_ino = memory.st_ino;
    copy(made->file, made->memory);
    pthread_t thread;
    if (!started && pthread_create(&thread, NULL, write_back, NULL) == 0)
        started = true;
    return made;
}

/* Puts the memory in the file's place, behind the same descriptor. */
static void replace(int fd)
{
    struct stat st;
    pthread_mutex_lock(&lock);
    if (real_fstat(fd, &st) == 0) {
        struct held *one = find(&st);
        dup3((one ? one : hold(fd, &st))->memory, fd, O_CLOEXEC);
    }
    pthread_mutex_unlock(&lock);
}

static int open_with(int (*really)(const char *, int, ...), const char *path, int flags, va_list args)
{
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    int fd = really(path, flags, mode);
    if (fd >= 0 && is_held_back(path, flags))
        replace(fd);
    return fd;
}

__attribute__((constructor)) static void find_real(void)
{
    *(void **)&real_open = dlsym(RTLD_NEXT, "open");
    *(void **)&real_open64 = dlsym(RTLD_NEXT, "open64");
    *(void **)&real_fstat = dlsym(RTLD_NEXT, "fstat");
}

/* The memory has as many names as the file that it stands for: the server looks whether its head file still
 * has one. */
int fstat(int fd, struct stat *out)
{
    struct stat file;
    int result = real_fstat(fd, out);
    if (result != 0 || out->st_nlink > 0)
        return result;
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < held_count; i++)
        if (held[i].memory_ino == out->st_ino && real_fstat(held[i].file, &file) == 0)
            out->st_nlink = file.st_nlink;
    pthread_mutex_unlock(&lock);
    return result;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    int fd = open_with(real_open, path, flags, args);
    va_end(args);
    return fd;
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    int fd = open_with(real_open64, path, flags, args);
    va_end(args);
    return fd;
}
