#include "tests/bench/watch.h"

#include "tests/bench/serving.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_EVERY_NS = 5000000, FRAME_HEADER = 24, PATH_LEN = 4096 };

struct watch {
    world *w;
    int pid, shm;
    pthread_t thread;
    atomic_bool stop;
    uint64_t wal_peak_bytes;
    watched before;
};

/* The WAL-index's header (SQLite's walformat, section 2.1): page size and the last valid frame. */
static uint64_t wal_bytes(int shm)
{
    struct {
        uint32_t version, unused, change;
        uint8_t is_init, big_endian;
        uint16_t page_size;
        uint32_t last_frame;
    } header;
    if (shm < 0 || pread(shm, &header, sizeof header, 0) != sizeof header)
        return 0;
    const uint32_t page = header.page_size == 1 ? 65536 : header.page_size;
    return (uint64_t)header.last_frame * (page + FRAME_HEADER);
}

static void *look(void *arg)
{
    static const struct timespec pause = {.tv_nsec = LOOK_EVERY_NS};
    watch *watching = arg;
    while (!atomic_load(&watching->stop)) {
        uint64_t bytes = wal_bytes(watching->shm);
        watching->wal_peak_bytes = bytes > watching->wal_peak_bytes ? bytes : watching->wal_peak_bytes;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* From here on the kernel's high-water mark is that of the scenario (proc(5), clear_refs). */
static void forget_peak(int pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/clear_refs", pid);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "5", 1) != 1)
        bench_fail("cannot write %s", path);
    if (fd >= 0)
        close(fd);
}

static double figure(const load_answer *answer, const char *name)
{
    const size_t len = strlen(name);
    const char *at = memmem(answer->body.data, answer->body.len, name, len);
    return at ? strtod(at + len, NULL) : 0;
}

static bool take_metrics(void *context, size_t index, const load_answer *answer)
{
    watched *out = context;
    (void)index;
    out->commit_total_ns = (uint64_t)(figure(answer, "\ntallystick_writer_commit_seconds_sum ") * 1e9);
    out->batches = (uint64_t)figure(answer, "\ntallystick_writer_commit_seconds_count ");
    return answer->status == 200;
}

static watched read_now(world *w)
{
    watched now = {.syncs = serving_syncs()};
    lg_buf scratch = {0};
    world_ask(w, "metrics", world_get(w, &scratch, w->operator.token, "/metrics"), &now, take_metrics);
    lg_buf_clear(&scratch);
    return now;
}

watch *watch_start(world *w, int pid)
{
    char path[PATH_LEN];
    watch *watching = calloc(1, sizeof *watching);
    if (!watching)
        bench_fail("out of memory");
    watching->w = w;
    watching->pid = pid;
    watching->before = read_now(w);
    snprintf(path, sizeof path, "%s/ledger.db-shm", w->dir);
    watching->shm = open(path, O_RDONLY | O_CLOEXEC);
    forget_peak(pid);
    if (pthread_create(&watching->thread, NULL, look, watching) != 0)
        bench_fail("no thread for the watch");
    return watching;
}

watched watch_stop(watch *watching)
{
    atomic_store(&watching->stop, true);
    pthread_join(watching->thread, NULL);
    if (watching->shm >= 0)
        close(watching->shm);
    watched result = {.wal_peak_bytes = watching->wal_peak_bytes,
                      .peak_memory_bytes = usage_peak_memory_bytes(watching->pid)};
    const watched now = read_now(watching->w);
    result.syncs = now.syncs < 0 ? -1 : now.syncs - watching->before.syncs;
    result.batches = now.batches - watching->before.batches;
    result.commit_total_ns = now.commit_total_ns - watching->before.commit_total_ns;
    free(watching);
    return result;
}
