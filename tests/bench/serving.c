#include "tests/bench/serving.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 32, PATH_LEN = 4096 };

static const char LISTENING[] = "listening on http://127.0.0.1:";

static int running[2]; /* ours and the bare one, for at_exit */
static const _Atomic uint64_t *syncs;
static char count_path[PATH_LEN];

static void at_exit(void)
{
    for (int i = 0; i < 2; i++) {
        if (!running[i])
            continue;
        kill(running[i], SIGTERM);
        waitpid(running[i], NULL, 0);
    }
}

/* A page that every server can write: one of them works at a time. */
static void share_count(const serving *s)
{
    snprintf(count_path, sizeof count_path, "%s.syncs", s->dir);
    int fd = open(count_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(uint64_t)) != 0)
        bench_fail("cannot make %s: %s", count_path, strerror(errno));
    void *page = mmap(NULL, sizeof(uint64_t), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (page == MAP_FAILED)
        bench_fail("cannot map %s: %s", count_path, strerror(errno));
    syncs = page;
}

int64_t serving_syncs(void)
{
    return syncs ? (int64_t)atomic_load(syncs) : -1;
}

/* Options of the environment's, separated by spaces. */
static void add_options(char *text, char **argv, size_t count)
{
    for (char *one; (one = strsep(&text, " ")) && count + 1 < ARGUMENTS_MAX;)
        if (*one)
            argv[count++] = one;
}

static void __attribute__((noreturn)) become_server(const serving *s, int out)
{
    char said[PATH_LEN], more[1024];
    char *bare[] = {(char *)(uintptr_t)s->binary, (char *)(uintptr_t)s->dir, NULL};
    char *argv[ARGUMENTS_MAX] = {(char *)(uintptr_t)s->binary,
                                 "serve",
                                 (char *)(uintptr_t)s->dir,
                                 "--listen",
                                 "127.0.0.1:0",
                                 "--webhooks-private",
                                 "--rate-reads-per-minute",
                                 "0",
                                 "--rate-commands-per-minute",
                                 "0"};
    snprintf(more, sizeof more, "%s", getenv("BENCH_SERVE") ? getenv("BENCH_SERVE") : "");
    add_options(more, argv, 10);
    snprintf(said, sizeof said, "%s.said", s->dir);
    int err = open(said, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(out, STDOUT_FILENO);
    if (err >= 0)
        dup2(err, STDERR_FILENO);
    if (s->syncs) {
        setenv("LD_PRELOAD", s->syncs, 1);
        setenv("BENCH_SYNCS", count_path, 1);
    }
    execv(s->binary, s->bare ? bare : argv);
    _exit(127);
}

static void __attribute__((noreturn)) fail_with_its_words(const serving *s, const char *what)
{
    char path[PATH_LEN], text[2048] = "";
    snprintf(path, sizeof path, "%s.said", s->dir);
    FILE *file = fopen(path, "re");
    if (file) {
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
    }
    bench_fail("the server %s; it said:\n%s", what, text);
}

/* BENCH_PERF=FILE: the server of the measurements, until it ends. */
static void profile(const serving *s)
{
    static bool done;
    char pid[16];
    const char *file = getenv("BENCH_PERF");
    if (!file || done)
        return;
    done = true;
    snprintf(pid, sizeof pid, "%d", s->pid);
    if (fork() == 0) {
        execlp("perf", "perf", "record", "-q", "-F", "2000", "-g", "-o", file, "-p", pid, NULL);
        _exit(127);
    }
}

void serving_start(serving *s)
{
    static bool registered;
    char line[256];
    int ends[2];
    if (!registered && atexit(at_exit) == 0)
        registered = true;
    if (s->syncs && !syncs)
        share_count(s);
    if (pipe2(ends, O_CLOEXEC) != 0)
        bench_fail("pipe: %s", strerror(errno));
    const uint64_t began_ns = bench_clock_ns();
    s->pid = running[s->bare] = fork();
    if (s->pid < 0)
        bench_fail("fork: %s", strerror(errno));
    if (s->pid == 0)
        become_server(s, ends[1]);
    close(ends[1]);
    FILE *lines = fdopen(ends[0], "r");
    if (!lines || !fgets(line, sizeof line, lines) || strncmp(line, LISTENING, sizeof LISTENING - 1) != 0)
        fail_with_its_words(s, "did not start");
    s->start_ns = bench_clock_ns() - began_ns;
    profile(s);
    s->port = (uint16_t)strtoul(line + sizeof LISTENING - 1, NULL, 10);
    fclose(lines);
}

static int end_with(serving *s, int signal_number)
{
    int status = 0;
    kill(s->pid, signal_number);
    while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
        ;
    s->pid = running[s->bare] = 0;
    return status;
}

void serving_stop(serving *s)
{
    const int status = end_with(s, SIGTERM);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_with_its_words(s, "did not end well");
}

void serving_kill(serving *s)
{
    end_with(s, SIGKILL);
}

audit_result serving_audit(const serving *s)
{
    char text[65536];
    size_t len = 0;
    int ends[2], status = 0;
    struct rusage used;
    if (pipe2(ends, O_CLOEXEC) != 0)
        bench_fail("pipe: %s", strerror(errno));
    const uint64_t began_ns = bench_clock_ns();
    const int pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execl(s->binary, s->binary, "audit", s->dir, "--json", NULL);
        _exit(127);
    }
    close(ends[1]);
    for (ssize_t n; (n = read(ends[0], text + len, sizeof text - 1 - len)) > 0;)
        len += (size_t)n;
    text[len] = '\0';
    close(ends[0]);
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        bench_fail("the audit did not pass:\n%.2000s", text);
    const uint64_t elapsed_ns = bench_clock_ns() - began_ns;
    const load_answer answer = {.body = lg_bytes_of(text, len)};
    return (audit_result){
        .entries = answer_number(&answer, "\"entries\": "),
        .elapsed_ns = elapsed_ns,
        .cpu_ns = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * UINT64_C(1000000000) +
                  (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000,
        .peak_memory_bytes = (uint64_t)used.ru_maxrss * 1024,
    };
}
