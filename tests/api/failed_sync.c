/* A disk that cannot keep what it was given (LD_PRELOAD): while the file named in FAILED_SYNC_WHEN is there,
 * a sync of the file named in FAILED_SYNC_OF fails with EIO. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int fails(int fd)
{
    struct stat is, of;
    const char *when = getenv("FAILED_SYNC_WHEN"), *name = getenv("FAILED_SYNC_OF");
    return when && name && access(when, F_OK) == 0 && fstat(fd, &is) == 0 && stat(name, &of) == 0 &&
           is.st_ino == of.st_ino && is.st_dev == of.st_dev;
}

static int sync_with(const char *call, int fd)
{
    int (*really)(int) = (int (*)(int))dlsym(RTLD_NEXT, call);
    if (!fails(fd))
        return really(fd);
    errno = EIO;
    return -1;
}

int fdatasync(int fd)
{
    return sync_with("fdatasync", fd);
}

int fsync(int fd)
{
    return sync_with("fsync", fd);
}
