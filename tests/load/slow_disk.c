/* A disk that does not finish (LD_PRELOAD): while the file named in SLOW_DISK is there, no fdatasync returns.
 * Built for the tests alone. */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int fd)
{
    static const struct timespec look_again = {.tv_nsec = 5 * 1000 * 1000};
    const char *hold = getenv("SLOW_DISK");
    int (*really)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    while (hold && access(hold, F_OK) == 0)
        nanosleep(&look_again, NULL);
    return really(fd);
}
