/* What the kernel says a process used: /proc/PID/task/N/schedstat, stat, io, status (proc(5)). */
#include "tests/bench/bench.h"

#include <dirent.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_EVERY_MS = 20, QUIET_LOOKS = 5, SETTLE_LOOKS_MAX = 150 };

#define NS_PER_SECOND UINT64_C(1000000000)

static bool read_proc(const char *path, char *out, size_t cap)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t len = fread(out, 1, cap - 1, file);
    out[len] = '\0';
    fclose(file);
    return len > 0;
}

static uint64_t cpu_ns(int pid)
{
    char path[512], text[128];
    uint64_t sum = 0, one;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        bench_fail("the server's process %d is gone", pid);
    for (const struct dirent *task; (task = readdir(tasks));) {
        snprintf(path, sizeof path, "/proc/%d/task/%.32s/schedstat", pid, task->d_name);
        if (task->d_name[0] != '.' && read_proc(path, text, sizeof text) &&
            sscanf(text, "%" SCNu64, &one) == 1)
            sum += one;
    }
    closedir(tasks);
    return sum;
}

/* The number behind "name" at the start of a line. */
static uint64_t field(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    uint64_t value = 0;
    return at && sscanf(at + strlen(name), "%" SCNu64, &value) == 1 ? value : 0;
}

usage usage_read(int pid)
{
    char path[64], text[1024];
    usage used = {.cpu_ns = cpu_ns(pid)};
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    /* The name in parentheses may hold anything; utime and stime are the 12th and 13th field behind it. */
    const char *rest = read_proc(path, text, sizeof text) ? strrchr(text, ')') : NULL;
    if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
                        &used.user_ticks, &used.system_ticks) != 2)
        bench_fail("cannot read %s", path);
    snprintf(path, sizeof path, "/proc/%d/io", pid);
    if (read_proc(path, text, sizeof text)) {
        used.written_bytes = field(text, "\nwrite_bytes:");
        used.read_bytes = field(text, "rchar:");
    }
    return used;
}

usage usage_read_settled(int pid)
{
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
    usage last = usage_read(pid);
    for (int looks = 0, quiet = 0; quiet < QUIET_LOOKS && looks < SETTLE_LOOKS_MAX; looks++) {
        nanosleep(&pause, NULL);
        usage now = usage_read(pid);
        quiet = now.cpu_ns == last.cpu_ns ? quiet + 1 : 0;
        last = now;
    }
    return last;
}

usage usage_between(const usage *a, const usage *b)
{
    return (usage){
        .cpu_ns = b->cpu_ns - a->cpu_ns,
        .user_ticks = b->user_ticks - a->user_ticks,
        .system_ticks = b->system_ticks - a->system_ticks,
        .written_bytes = b->written_bytes - a->written_bytes,
        .read_bytes = b->read_bytes - a->read_bytes,
    };
}

uint64_t usage_machine_ns(void)
{
    char text[4096];
    uint64_t user, nice, system, irq, softirq, steal;
    if (!read_proc("/proc/stat", text, sizeof text) ||
        sscanf(text, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64,
               &user, &nice, &system, &irq, &softirq, &steal) != 6)
        bench_fail("cannot read /proc/stat");
    return (user + nice + system + irq + softirq + steal) * (NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
}

uint64_t usage_self_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * NS_PER_SECOND + (uint64_t)used.tv_nsec;
}

uint64_t usage_peak_memory_bytes(int pid)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    return read_proc(path, text, sizeof text) ? 1024 * field(text, "\nVmHWM:") : 0;
}

uint64_t usage_file_bytes(const char *dir, const char *name)
{
    char path[4096];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}
