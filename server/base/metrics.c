#include "server/base/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void metrics_family(lg_buf *buf, const char *name, const char *type, const char *help)
{
    lg_buf_printf(buf, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_name(lg_buf *buf, const char *name, const char *suffix, const char *labels)
{
    lg_buf_str(buf, name);
    lg_buf_str(buf, suffix);
    if (labels)
        lg_buf_printf(buf, "{%s}", labels);
    lg_buf_char(buf, ' ');
}

/* value / per, exactly; per is a power of ten. */
static void put_value(lg_buf *buf, int64_t value, int64_t per)
{
    char digits[24];
    if (per == 1) {
        lg_buf_printf(buf, "%" PRId64, value);
        return;
    }
    int len = 0;
    for (int64_t left = per; left > 1; left /= 10)
        len++;
    snprintf(digits, sizeof digits, "%0*" PRId64, len, value % per);
    while (len > 0 && digits[len - 1] == '0')
        digits[--len] = '\0';
    lg_buf_printf(buf, "%" PRId64 "%s%s", value / per, len ? "." : "", digits);
}

void metrics_sample(lg_buf *buf, const char *name, const char *labels, int64_t value)
{
    put_name(buf, name, "", labels);
    lg_buf_printf(buf, "%" PRId64 "\n", value);
}

void metrics_sample_us(lg_buf *buf, const char *name, const char *labels, int64_t us)
{
    put_name(buf, name, "", labels);
    put_value(buf, us < 0 ? 0 : us, 1000000);
    lg_buf_char(buf, '\n');
}

void metrics_histogram(lg_buf *buf, const char *name, const char *labels, const lg_histogram *histogram,
                       int64_t per)
{
    int64_t sum = metrics_get(&histogram->sum), count = 0;
    for (size_t i = 0; i <= histogram->bound_count; i++) {
        count += metrics_get(&histogram->counts[i]);
        lg_buf_printf(buf, "%s_bucket{%s%sle=\"", name, labels ? labels : "", labels ? "," : "");
        if (i < histogram->bound_count)
            put_value(buf, histogram->bounds[i], per);
        else
            lg_buf_str(buf, "+Inf");
        lg_buf_printf(buf, "\"} %" PRId64 "\n", count);
    }
    put_name(buf, name, "_sum", labels);
    put_value(buf, sum < 0 ? 0 : sum, per);
    lg_buf_char(buf, '\n');
    put_name(buf, name, "_count", labels);
    lg_buf_printf(buf, "%" PRId64 "\n", count);
}

void metrics_one(lg_buf *buf, const char *name, const char *type, const char *help, int64_t value)
{
    metrics_family(buf, name, type, help);
    metrics_sample(buf, name, NULL, value);
}

/* ---- the process: proc(5) ---- */

/* Fields 22 to 24 of /proc/self/stat: start in ticks since boot, virtual bytes, resident pages. */
static bool read_stat(int64_t out[3])
{
    char text[1024];
    FILE *file = fopen("/proc/self/stat", "re");
    size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[len] = '\0';
    const char *at = strrchr(text, ')'); /* the program's name may hold anything */
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at && sscanf(at, "%" SCNd64 "%" SCNd64 "%" SCNd64, &out[0], &out[1], &out[2]) == 3;
}

/* Seconds since 1970 at which the machine started. */
static int64_t boot_time(void)
{
    struct timespec now, up;
    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &up);
    return (int64_t)now.tv_sec - (int64_t)up.tv_sec;
}

static int64_t count_descriptors(void)
{
    int64_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 3; /* itself, and the two names of folders */
}

void metrics_process(lg_buf *buf)
{
    struct rusage used;
    struct rlimit files;
    int64_t stat[3];
    if (getrusage(RUSAGE_SELF, &used) == 0) {
        metrics_family(buf, "process_cpu_seconds_total", "counter", "CPU time used, user and system.");
        metrics_sample_us(buf, "process_cpu_seconds_total", NULL,
                          ((int64_t)used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
                              used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    }
    if (read_stat(stat)) {
        metrics_one(buf, "process_start_time_seconds", "gauge",
                    "When the process started, in seconds since 1970.",
                    boot_time() + stat[0] / sysconf(_SC_CLK_TCK));
        metrics_one(buf, "process_virtual_memory_bytes", "gauge", "Virtual memory.", stat[1]);
        metrics_one(buf, "process_resident_memory_bytes", "gauge", "Resident memory.",
                    stat[2] * sysconf(_SC_PAGESIZE));
    }
    metrics_one(buf, "process_open_fds", "gauge", "Open file descriptors.", count_descriptors());
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        metrics_one(buf, "process_max_fds", "gauge", "How many file descriptors may be open.",
                    (int64_t)files.rlim_cur);
}
