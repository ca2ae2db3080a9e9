/* One trial: a copy of the registry as it was before a command; a process that opens it, sends the command
 * with one fault, and ends in one of three ways; then the registry is opened anew, and everything that was
 * promised is looked for. */
#include "tests/fault/fault.h"

#include "ledger/crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIAL_LIMIT_S = 60 };

/* How the process goes on after the answer: it is killed, it closes, or it takes the same command again. */
typedef enum { THEN_KILLED, THEN_CLOSES, THEN_REPEATS, THENS } then;

/* What the process tells, in memory it shares with its parent. */
typedef struct told {
    fault_plan plan;
    bool opened, answered, repeated, broken;
    answer first, second;
} told;
static told *shared;

void trial_prepare(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        abort();
    plan = &shared->plan;
}

/* ---- the process with the fault ---- */

static _Noreturn void live(const trial_place *place, const step *s, fault_kind kind, long nth, then next)
{
    house h;
    alarm(TRIAL_LIMIT_S);
    dup2(open(lg_arena_printf(place->story->arena, "%s.said", place->work), O_WRONLY | O_CREAT | O_TRUNC,
              0600),
         STDERR_FILENO);
    fault_set_time(s->now);
    if (house_open(&h, place->work) != LG_OK)
        _exit(1);
    shared->opened = true;
    fault_restart_random(s->seed);
    fault_arm(kind, nth);
    house_do(&h, s, &shared->first, NULL);
    if (fault_call_of(kind) != CALL_SYNC)
        fault_disarm(); /* a disk that lost something goes on forgetting until the end */
    shared->answered = true;
    shared->broken = lg_ledger_is_broken(h.api.ledger);
    if (next == THEN_REPEATS && !shared->broken) {
        fault_restart_random(s->seed);
        house_do(&h, s, &shared->second, NULL);
        shared->repeated = true;
    }
    if (next != THEN_KILLED)
        house_close(&h);
    fault_disarm();
    fault_lose_doomed();
    fflush(NULL);
    fault_keep_coverage();
    kill(getpid(), SIGKILL); /* no destructor of ours has anything left to do */
    abort();
}

static const char *said(const trial_place *place)
{
    static char text[200];
    int fd = open(lg_arena_printf(place->story->arena, "%s.said", place->work), O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    close(fd);
    text[len > 0 ? len : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return text;
}

/* ---- and what is there then ---- */

typedef struct judge {
    const trial_place *place;
    const step *s;
    fault_kind kind;
    long nth;
    then next;
    bool wrong;
} judge;

static void wrong(judge *j, const char *fmt, ...) LG_PRINTF(2, 3);
static void wrong(judge *j, const char *fmt, ...)
{
    static const char *const thens[] = {"killed then", "closed then", "repeated then"};
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    printf("%s %s, %s %ld (%s, %s): %s\n", j->kind == FAULT_SYNC_IGNORED ? "NOTICED" : "WRONG", j->s->name,
           fault_name(j->kind), j->nth, thens[j->next], j->s->live ? "with a WAL" : "without a WAL", text);
    j->wrong = true;
}

static void judge_answer(judge *j, const answer *got, const char *which)
{
    if (!got->err) {
        if (got->status != j->s->status || got->digest != j->s->answer)
            wrong(j, "%s answer is %d, other bytes than without a fault", which, got->status);
    } else if (lg_err_kind(got->err) == LG_KIND_CALLER) {
        wrong(j, "%s answer blames the caller: %s %s", which, lg_err_slug(got->err), got->detail);
    }
}

/* The tables are as before the command or as after it, and as the answer said. True: as after it. */
static bool judge_tables(judge *j)
{
    state now;
    state_read(j->place->work, &now);
    const bool before = !state_difference(&now, &j->s->before), after = !state_difference(&now, &j->s->after);
    const bool acknowledged =
        (shared->answered && !shared->first.err) || (shared->repeated && !shared->second.err);
    if (!before && !after)
        wrong(j, "the table %s is neither as before nor as after the command",
              state_difference(&now, &j->s->after));
    else if (acknowledged && !after)
        wrong(j, "what was acknowledged is lost");
    else if (shared->answered && !shared->repeated && shared->first.err &&
             shared->first.err != LG_OUTCOME_UNKNOWN && !before)
        wrong(j, "what was answered with %s is recorded", lg_err_slug(shared->first.err));
    return after;
}

static void judge_reopened(judge *j)
{
    house h;
    answer again;
    lg_checkpoint head;
    fault_set_time(j->s->now);
    lg_err err = house_open(&h, j->place->work);
    if (err) {
        wrong(j, "it does not open again: %s %s", lg_err_slug(err), h.report.detail ? h.report.detail : "");
        house_close(&h);
        return;
    }
    if (!judge_tables(j) && j->s->makes_key)
        folder_remove(lg_arena_printf(h.arena, "%s/keys/custody", j->place->work));
    if (j->s->makes_key)
        mkdir(lg_arena_printf(h.arena, "%s/keys/custody", j->place->work), 0700);
    fault_restart_random(j->s->seed);
    house_do(&h, j->s, &again, NULL);
    if (again.err)
        wrong(j, "sent again it is refused: %s %s", lg_err_slug(again.err), again.detail);
    else
        judge_answer(j, &again, "the second");
    state now;
    state_read(j->place->work, &now);
    const char *differs = state_difference(&now, &j->s->after);
    if (!again.err && differs)
        wrong(j, "sent again it leaves the table %s otherwise", differs);
    lg_published *published = lg_ledger_published(h.api.ledger);
    if (lg_head_peek(lg_arena_printf(h.arena, "%s/head", j->place->work), h.arena, &head, &h.report) !=
            LG_OK ||
        head.size != published->size || !lg_hash_equal(&head.root, &published->root))
        wrong(j, "the head file is not what is published");
    lg_published_drop(published);
    house_close(&h);
}

static trial_end end_of(const judge *j, int status)
{
    if (j->wrong)
        return END_WRONG;
    if (!shared->answered)
        return END_DIED;
    (void)status;
    switch (lg_err_kind(shared->first.err)) {
    case LG_KIND_NONE:
        return END_ABSORBED;
    case LG_KIND_RETRY:
        return END_REFUSED;
    case LG_KIND_CALLER:
    case LG_KIND_OURS:
        break;
    }
    return shared->broken ? END_IN_DOUBT : END_FAILED;
}

trial_end trial_run(const trial_place *place, size_t at, fault_kind kind, long nth, bool *struck)
{
    judge j = {.place = place,
               .s = &place->story->steps[at],
               .kind = kind,
               .nth = nth,
               .next = (then)(((size_t)nth + at) % THENS)};
    if (j.s->makes_key && j.next == THEN_REPEATS)
        j.next = THEN_CLOSES; /* it would make the same key again, which only this story's chance does */
    folder_remove(place->work);
    folder_copy(story_snapshot(place->story, at), place->work);
    memset(shared, 0, sizeof *shared);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        live(place, j.s, kind, nth, j.next);
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    atomic_store(&plan->armed, false);
    *struck = atomic_load(&plan->struck);
    if (!shared->opened)
        wrong(&j, "the registry did not open before the fault");
    if (shared->answered)
        judge_answer(&j, &shared->first, "the first");
    else if (!fault_ends(kind) &&
             !(kind == FAULT_MEMORY && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT))
        wrong(&j, "the process ended by signal %d without an answer: %s",
              WIFSIGNALED(status) ? WTERMSIG(status) : 0, said(place));
    if (fault_is_none(kind) && shared->first.err)
        wrong(&j, "nothing was wrong, and it is refused: %s", lg_err_slug(shared->first.err));
    if (shared->repeated && shared->second.err)
        wrong(&j, "with the fault gone the same command is refused: %s %s", lg_err_slug(shared->second.err),
              shared->second.detail);
    else if (shared->repeated)
        judge_answer(&j, &shared->second, "the repeated");
    judge_reopened(&j);
    return end_of(&j, status);
}
