/* What the server can no longer do once it has confined itself. Each attempt is made by a child of its own.
 */
#include "ledger/base/arena.h"
#include "server/service/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[64], inside[96], settings[96], outside[96];

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/sandbox-%ld", (long)getpid());
    snprintf(inside, sizeof inside, "%s/registry", root);
    snprintf(settings, sizeof settings, "%s/settings", root);
    snprintf(outside, sizeof outside, "%s/outside", root);
    return mkdir(root, 0700) || mkdir(inside, 0700) || mkdir(settings, 0700) || mkdir(outside, 0700);
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

static bool can_open(const char *folder, const char *name, int flags)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int confine(void)
{
    lg_report report;
    sandbox state;
    char file[128];
    lg_report_init(&report, lg_arena_open());
    snprintf(file, sizeof file, "%s/server.json", settings);
    const server_config config = {.sandbox = "on", .path = file};
    return sandbox_enter(inside, &config, &state, &report) != LG_OK;
}

/* The child's exit code, or 128 + the signal that ended it. */
static int in_sandbox(int (*attempt)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(confine() ? 100 : attempt());
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int work_on_files(void)
{
    if (!can_open(inside, "ledger.db", O_CREAT | O_RDWR) || !can_open(inside, ".", O_TMPFILE | O_RDWR))
        return 1;
    if (!can_open("/etc", "passwd", O_RDONLY) || !can_open("/dev", "null", O_WRONLY))
        return 2;
    char from[160], to[160];
    snprintf(from, sizeof from, "%s/ledger.db", inside);
    snprintf(to, sizeof to, "%s/moved", inside);
    return rename(from, to) == 0 && unlink(to) == 0 ? 0 : 3;
}

static int reach_beyond(void)
{
    if (can_open(outside, "secret", O_RDONLY) || can_open(outside, "new", O_CREAT | O_WRONLY))
        return 1;
    if (can_open(settings, "new", O_CREAT | O_WRONLY) || !can_open(settings, "server.json", O_RDONLY))
        return 2;
    return can_open("/etc", "tallystick-was-here", O_CREAT | O_WRONLY) ? 3 : 0;
}

static void *nothing(void *unused)
{
    return unused;
}

static int use_the_network(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
        return 1;
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 && socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : 2;
}

static int ask_the_kernel_for_more(void)
{
    if (socket(AF_PACKET, SOCK_RAW, 0) >= 0 || errno != EPERM)
        return 1;
    if (mount("none", inside, "tmpfs", 0, NULL) == 0 || errno != EPERM)
        return 2;
    if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) >= 0 || errno != EPERM)
        return 3;
    return syscall(SYS_setuid, 0) == 0 ? 4 : 0;
}

static int start_a_program(void)
{
    char *const argv[] = {(char *)"/bin/true", NULL};
    execv(argv[0], argv);
    return 1;
}

static int trace_another(void)
{
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0 ? 1 : 2;
}

static void skip_unconfined(void)
{
#ifdef TALLYSTICK_UNCONFINED
    skip(); /* this build leaves the sandbox out */
#endif
}

static void the_registry_and_the_network_stay(void **state)
{
    (void)state;
    assert_int_equal(in_sandbox(work_on_files), 0);
    assert_int_equal(in_sandbox(use_the_network), 0);
}

static void other_folders_are_out_of_reach(void **state)
{
    (void)state;
    skip_unconfined();
    assert_true(can_open(outside, "secret", O_CREAT | O_WRONLY) &&
                can_open(settings, "server.json", O_CREAT | O_WRONLY));
    assert_int_equal(in_sandbox(reach_beyond), 0);
    assert_true(can_open(outside, "secret", O_RDONLY));
}

static void the_kernel_is_asked_for_nothing_else(void **state)
{
    (void)state;
    skip_unconfined();
    assert_int_equal(in_sandbox(ask_the_kernel_for_more), 0);
}

static void a_program_or_a_tracer_ends_the_process(void **state)
{
    (void)state;
    skip_unconfined();
    assert_int_equal(in_sandbox(start_a_program), 128 + SIGSYS);
    assert_int_equal(in_sandbox(trace_another), 128 + SIGSYS);
}

static int become_nobody(void)
{
    lg_report report;
    lg_report_init(&report, lg_arena_open());
    const struct passwd *nobody = getpwnam("nobody");
    if (!nobody || sandbox_become("nobody", &report) != LG_OK)
        return 1;
    if (getuid() != nobody->pw_uid || getegid() != nobody->pw_gid || setuid(0) == 0)
        return 2;
    if (sandbox_become("nobody", &report) != LG_OK) /* is it already */
        return 3;
    return sandbox_become("root", &report) == LG_BAD_REQUEST &&
                   sandbox_become("no such", &report) == LG_BAD_REQUEST
               ? 0
               : 4;
}

static void root_becomes_somebody_else_for_good(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    pid_t child = fork();
    if (child == 0)
        _exit(become_nobody());
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_registry_and_the_network_stay),
        cmocka_unit_test(other_folders_are_out_of_reach),
        cmocka_unit_test(the_kernel_is_asked_for_nothing_else),
        cmocka_unit_test(a_program_or_a_tracer_ends_the_process),
        cmocka_unit_test(root_becomes_somebody_else_for_good),
    };
    return cmocka_run_group_tests_name("sandbox", tests, set_up, tear_down);
}
