/* faults: every kind of command, every kind of fault, at every call. See README.md.
 *
 *   faults [--every K] [--fault NAME] [--command NAME] [--workers N] [--self-test] [--folder DIR]
 */
#include "tests/fault/fault.h"

#include "ledger/base/json.h"
#include "ledger/crypto/secret.h"
#include "server/server.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct tally {
    atomic_long points[FAULT_COUNT][ENDS];
    atomic_long
        untouched; /* runs that the fault did not reach any more: where the counting of a command ends */
} tally;

static struct options {
    long every;
    const char *fault, *command, *folder;
    int workers;
    bool self_test;
} options = {.every = 1, .workers = 2, .folder = "/dev/shm"};

static tally *sum;

/* SQLite allocates some thousand times while it compiles a command's statements. */
enum { MEMORY_STRIDE = 16 };

static void note(fault_kind kind, trial_end end)
{
    atomic_fetch_add(&sum->points[kind][end], 1);
}

/* The points of one command and one kind: 1, 2, 3, … until a run finishes untouched. With --every K only each
 * Kth is run, beginning at another one for each command. */
static void run_kind(const trial_place *place, size_t at, fault_kind kind)
{
    if (kind == FAULT_STATEMENT || kind == FAULT_NO_ROW) {
        statements_run(place, at, kind, note); /* needs no process each: all of them, always */
        return;
    }
    const long stride =
        fault_call_of(kind) == CALL_SQLITE_MEMORY ? options.every * MEMORY_STRIDE : options.every;
    for (long nth = 1 + (long)((at * 7 + (size_t)kind * 3) % (size_t)stride);; nth += stride) {
        bool struck;
        trial_end end = trial_run(place, at, kind, nth, &struck);
        if (!struck) {
            atomic_fetch_add(&sum->untouched, 1);
            if (end != END_ABSORBED)
                printf("WRONG %s: untouched by %s, and yet it fails\n", place->story->steps[at].name,
                       fault_name(kind));
            return;
        }
        note(kind, end);
    }
}

static bool is_chosen(fault_kind kind)
{
    if (options.self_test)
        return kind == FAULT_SYNC_IGNORED;
    return kind != FAULT_SYNC_IGNORED && (!options.fault || strcmp(options.fault, fault_name(kind)) == 0);
}

static void work(const story *told, int worker)
{
    trial_place place = {.story = told, .work = lg_arena_printf(told->arena, "%s/work%d", told->dir, worker)};
    trial_prepare();
    for (size_t at = 0; at < told->count; at++) {
        if (at % (size_t)options.workers != (size_t)worker ||
            (options.command && !strstr(told->steps[at].name, options.command)))
            continue;
        for (int kind = 0; kind < FAULT_COUNT; kind++)
            if (is_chosen((fault_kind)kind))
                run_kind(&place, at, (fault_kind)kind);
    }
    folder_remove(place.work);
}

static void print_table(void)
{
    long total = 0;
    printf("\n%-20s %8s %9s %8s %7s %8s %6s %6s\n", "fault", "points", "absorbed", "refused", "failed",
           "in doubt", "ended", "wrong");
    for (int kind = 0; kind < FAULT_COUNT; kind++) {
        long points = 0;
        for (int end = 0; end < ENDS; end++)
            points += sum->points[kind][end];
        if (!points)
            continue;
        printf("%-20s %8ld %9ld %8ld %7ld %8ld %6ld %6ld\n", fault_name((fault_kind)kind), points,
               sum->points[kind][END_ABSORBED], sum->points[kind][END_REFUSED], sum->points[kind][END_FAILED],
               sum->points[kind][END_IN_DOUBT], sum->points[kind][END_DIED], sum->points[kind][END_WRONG]);
        total += points;
    }
    printf("%-20s %8ld\n", "all", total);
}

static void read_options(int argc, char **argv)
{
    static const struct option known[] = {{"every", required_argument, NULL, 'e'},
                                          {"fault", required_argument, NULL, 'f'},
                                          {"command", required_argument, NULL, 'c'},
                                          {"workers", required_argument, NULL, 'w'},
                                          {"folder", required_argument, NULL, 'd'},
                                          {"self-test", no_argument, NULL, 's'},
                                          {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'e':
            options.every = atol(optarg);
            break;
        case 'f':
            options.fault = optarg;
            break;
        case 'c':
            options.command = optarg;
            break;
        case 'w':
            options.workers = atoi(optarg);
            break;
        case 'd':
            options.folder = optarg;
            break;
        case 's':
            options.self_test = true;
            break;
        default:
            exit(2);
        }
    }
    if (options.every < 1 || options.workers < 1)
        exit(2);
}

int main(int argc, char **argv)
{
    story told;
    char dir[256];
    read_options(argc, argv);
    snprintf(dir, sizeof dir, "%s/tallystick-fault-XXXXXX", options.folder);
    if (lg_crypto_init() != LG_OK || !mkdtemp(dir))
        return 70;
    fault_vfs_install();
    lg_json_init();
    sum = mmap(NULL, sizeof *sum, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    story_record(&told, dir);
    char *findings = NULL;
    lg_report report;
    lg_report_init(&report, told.arena);
    const server_audit_request request = {.dir = lg_arena_printf(told.arena, "%s/told", dir)};
    if (server_audit(&request, told.arena, &findings, &report) != LG_OK) {
        printf("The audit of the story: %s %s\n", report.detail ? report.detail : "",
               findings ? findings : "");
        return 70;
    }
    printf("%zu commands of %d kinds, which the audit finds in order\n", told.count, LG_CMD_COUNT - 1);
    fflush(NULL);
    if (!options.command && !options.self_test && fork() == 0) {
        tasks_run(&told, lg_arena_printf(told.arena, "%s/task", dir), is_chosen, note);
        fflush(NULL);
        fault_keep_coverage();
        _exit(0);
    }
    for (int worker = 0; worker < options.workers; worker++) {
        if (fork() == 0) {
            work(&told, worker);
            fflush(NULL);
            fault_keep_coverage();
            _exit(0);
        }
    }
    int status, broken = 0;
    while (wait(&status) > 0)
        broken += status != 0;
    folder_remove(dir);
    print_table();
    long passed = 0, failed = broken;
    for (int kind = 0; kind < FAULT_COUNT; kind++)
        for (int end = 0; end < ENDS; end++)
            *(end == END_WRONG ? &failed : &passed) += sum->points[kind][end];
    if (options.self_test) { /* a harness that finds nothing here would find nothing anywhere */
        printf("Of %ld syncs that failed and nobody was told of, %ld lost something, and it was noticed.\n",
               passed + failed, failed);
        passed = failed > 0;
        failed = !passed;
    }
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed > 0;
}
