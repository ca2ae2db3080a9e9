#include "server/service/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- whose rights ---- */

lg_err sandbox_become(const char *user, lg_report *report)
{
    if (!user)
        return LG_OK;
    const struct passwd *entry = getpwnam(user);
    if (!entry)
        return lg_fail(report, LG_BAD_REQUEST, "There is no user \"%s\" to serve as.", user);
    if (geteuid() == entry->pw_uid && entry->pw_uid != 0)
        return LG_OK;
    if (geteuid() != 0)
        return lg_fail(report, LG_BAD_REQUEST, "Only root can start the server to serve as \"%s\".", user);
    /* From root to another, the kernel drops all capabilities with the user id. */
    if (initgroups(user, entry->pw_gid) != 0 || setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0 ||
        setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0)
        return lg_fail(report, LG_IO, "Cannot become \"%s\": %s.", user, strerror(errno));
    return LG_OK;
}

/* ---- which files ---- */

enum {
    READING = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    WRITING = READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
              LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG,
    HANDLED = WRITING | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
              LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
              LANDLOCK_ACCESS_FS_MAKE_SYM,
    OF_A_FILE = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE,
};

/* Where libraries find what they need: names and addresses (NSS, resolver), certificates, time zones, shared
 * objects. */
static const char *const system_folders[] = {"/etc",  "/usr", "/lib", "/lib64",
                                             "/proc", "/run", "/sys", "/dev/urandom"};

/* A path that is not there needs no rule: nothing can be reached through it. */
static bool allow(int ruleset, const char *path, unsigned access)
{
    struct stat state;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == EACCES;
    bool good = fstat(fd, &state) == 0;
    struct landlock_path_beneath_attr rule = {
        .allowed_access = good && S_ISDIR(state.st_mode) ? access : access & OF_A_FILE, .parent_fd = fd};
    good = good && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    close(fd);
    return good;
}

/* The folder of a file that the settings name: a certificate is changed by putting another file there. */
static bool allow_folder_of(int ruleset, const char *file)
{
    char path[4096];
    if (!file)
        return true;
    snprintf(path, sizeof path, "%s", file);
    return allow(ruleset, dirname(path), READING);
}

/* The kernel's version of Landlock; 0: none, or switched off. */
static long landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? version : 0;
}

static bool confine_files(const char *dir, const server_config *config)
{
    const struct landlock_ruleset_attr attr = {.handled_access_fs = HANDLED};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (ruleset < 0)
        return false;
    bool good = allow(ruleset, dir, WRITING) && allow(ruleset, "/dev/null", OF_A_FILE);
    for (size_t i = 0; good && i < sizeof system_folders / sizeof *system_folders; i++)
        good = allow(ruleset, system_folders[i], READING);
    good = good && allow_folder_of(ruleset, config->path) &&
           allow_folder_of(ruleset, config->tls_certificate) && allow_folder_of(ruleset, config->tls_key) &&
           allow_folder_of(ruleset, config->verifier_ca) &&
           syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    close(ruleset);
    return good;
}

/* ---- which system calls ---- */

/* What the C library, SQLite, GnuTLS, curl and microhttpd make of a server's work. Names that this machine
 * does not have are passed over by libseccomp's resolver. */
static const char *const calls[] = {
    /* files */
    "access",
    "chmod",
    "close",
    "close_range",
    "copy_file_range",
    "dup",
    "dup2",
    "dup3",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fallocate",
    "fchmod",
    "fchmodat",
    "fchown",
    "fcntl",
    "fdatasync",
    "flock",
    "fstat",
    "fstatfs",
    "fsync",
    "ftruncate",
    "getcwd",
    "getdents",
    "getdents64",
    "ioctl",
    "link",
    "linkat",
    "lseek",
    "lstat",
    "mkdir",
    "mkdirat",
    "newfstatat",
    "open",
    "openat",
    "pread64",
    "preadv",
    "preadv2",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "sendfile",
    "stat",
    "statfs",
    "statx",
    "sync_file_range",
    "umask",
    "unlink",
    "unlinkat",
    "utimensat",
    "write",
    "writev",
    /* network and waiting */
    "accept",
    "accept4",
    "bind",
    "connect",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "eventfd2",
    "getpeername",
    "getsockname",
    "getsockopt",
    "listen",
    "pipe",
    "pipe2",
    "poll",
    "ppoll",
    "pselect6",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "select",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "socketpair",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    /* memory, threads, time, oneself */
    "arch_prctl",
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "exit",
    "exit_group",
    "futex",
    "futex_waitv",
    "get_robust_list",
    "getegid",
    "geteuid",
    "getgid",
    "getgroups",
    "getpid",
    "getppid",
    "getpriority",
    "getrandom",
    "getresgid",
    "getresuid",
    "getrlimit",
    "getrusage",
    "gettid",
    "gettimeofday",
    "getuid",
    "kill",
    "madvise",
    "membarrier",
    "mincore",
    "mlock",
    "mlock2",
    "mmap",
    "mprotect",
    "mremap",
    "msync",
    "munlock",
    "munmap",
    "nanosleep",
    "prctl",
    "prlimit64",
    "restart_syscall",
    "riscv_flush_icache",
    "rseq",
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "sched_getaffinity",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "setrlimit",
    "sigaltstack",
    "sysinfo",
    "tgkill",
    "time",
    "times",
    "uname",
};
/* What only somebody else would make of us: the process ends at once. */
static const char *const deadly[] = {"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev"};
static const int families[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK};

static bool add_names(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int call = seccomp_syscall_resolve_name(names[i]);
        if (call >= 0 && seccomp_rule_add(filter, action, call, 0) != 0)
            return false;
    }
    return true;
}

static bool confine_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool good = filter && add_names(filter, SCMP_ACT_ALLOW, calls, sizeof calls / sizeof *calls) &&
                add_names(filter, SCMP_ACT_KILL_PROCESS, deadly, sizeof deadly / sizeof *deadly);
    for (size_t i = 0; good && i < sizeof families / sizeof *families; i++)
        good = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0)) == 0;
    /* Threads, no processes. The arguments of clone3 cannot be looked at; without it, libc uses clone. */
    good = good &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0 &&
           seccomp_load(filter) == 0;
    seccomp_release(filter);
    return good;
}

/* ---- all of it ---- */

/* Sanitizers and coverage make calls and files of their own. */
#ifdef TALLYSTICK_UNCONFINED
enum { CAN_CONFINE = 0 };
#else
enum { CAN_CONFINE = 1 };
#endif

lg_err sandbox_enter(const char *dir, const server_config *config, sandbox *out, lg_report *report)
{
    *out = (sandbox){.wanted = strcmp(config->sandbox, "on") == 0 && CAN_CONFINE};
    if (!out->wanted)
        return LG_OK;
    out->landlock = landlock_version();
    out->seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || (out->landlock && !confine_files(dir, config)) ||
        (out->seccomp && !confine_calls()))
        return lg_fail(report, LG_IO, "The server cannot confine itself (setting sandbox): %s.",
                       strerror(errno));
    return LG_OK;
}

void sandbox_tell(const sandbox *state, logger *log)
{
    bool whole = state->landlock && state->seccomp;
    if (geteuid() == 0)
        log_event(log, LOG_WARN, "service.root",
                  "Serving as root; the setting user names somebody with fewer rights.");
    if (!state->wanted)
        log_event(log, LOG_INFO, "service.sandbox", "The server does not confine itself.");
    else
        log_event(log, whole ? LOG_INFO : LOG_WARN, "service.sandbox",
                  whole ? NULL : "This kernel cannot confine the server in every respect.",
                  log_number("landlock", state->landlock), log_number("seccomp", state->seccomp));
}
