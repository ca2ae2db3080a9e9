/* Preloaded into the measured server: counts the syncs it asks for, in a file that the bench maps too. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic uint64_t *count;

/* Before main, so before the server gives up what it may open. */
static void __attribute__((constructor)) find_count(void)
{
    const char *path = getenv("BENCH_SYNCS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *page = fd >= 0 ? mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    count = page == MAP_FAILED ? NULL : page;
}

static int counted(const char *name, int fd)
{
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, name); /* POSIX's own way to say it */
    if (count)
        atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
    return real(fd);
}

int fdatasync(int fd)
{
    return counted("fdatasync", fd);
}

int fsync(int fd)
{
    return counted("fsync", fd);
}
