/*
 * The sandbox of the reader: each thing it forbids is done once in a child
 * without it, where it must work (else it proves nothing), and once in
 * a child that has entered it, which must be killed or get an error. Called
 * with "off" the sandbox is left out: then this test must fail.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/io.h"
#include "pipeline/reader/proto.h"
#include "pipeline/reader/sandbox.h"
#include "tests/unit/check.h"

#define NOBODY       65534
#define CHILD_LIMIT  20 /* seconds */
#define CODEPAGE_MAX 65536

static char dir[] = "/tmp/pstfs-sandbox-XXXXXX";
static char store[PATH_MAX], other[PATH_MAX];
static struct sockaddr_in server; /* somebody listens there */
static bool is_off;

/* ---- what a reader must not do: true when it could ---- */

static bool try_open(void)
{
    return open(store, O_RDONLY) >= 0;
}

static bool try_open_plain(void)
{
#ifdef SYS_open
    return syscall(SYS_open, store, O_RDONLY) >= 0;
#else
    return try_open();
#endif
}

static bool try_create(void)
{
    return creat(other, 0600) >= 0;
}

static bool try_stat(void)
{
    struct stat st;

    return stat("/etc/passwd", &st) == 0;
}

static bool try_list(void)
{
    return open("/", O_RDONLY | O_DIRECTORY) >= 0;
}

static bool try_rename(void)
{
    return rename(store, other) == 0 && rename(other, store) == 0;
}

static bool try_write_store(void)
{
    return pwrite(PROTO_STORE_FD, "x", 1, 0) == 1;
}

static bool try_write_store_seek(void)
{
    return write(PROTO_STORE_FD, "x", 1) == 1;
}

static bool try_cut_store(void)
{
    return ftruncate(PROTO_STORE_FD, 10) == 0;
}

static bool try_map_store(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, PROTO_STORE_FD,
                0) != MAP_FAILED;
}

static bool try_chmod_store(void)
{
    return fchmod(PROTO_STORE_FD, 0644) == 0;
}

static bool try_memfd(void)
{
    return memfd_create("x", 0) >= 0;
}

static bool try_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool try_socket_unix(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

/* On a socket from before: descriptor 5 instead of the window. */
static bool try_connect(void)
{
    return connect(PROTO_WINDOW_FD, (struct sockaddr *)&server,
                   sizeof(server)) == 0;
}

static bool try_listen(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET};

    return bind(PROTO_WINDOW_FD, (struct sockaddr *)&any, sizeof(any)) == 0;
}

/* To hand a descriptor over the socket, or take one. */
static bool try_sendmsg(void)
{
    struct iovec io = {(void *)"x", 1};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1};

    return sendmsg(PROTO_SOCKET_FD, &message, MSG_DONTWAIT) == 1;
}

static bool try_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid > 0;
}

static bool try_clone(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

    if (pid == 0)
        _exit(0);
    return pid > 0;
}

static bool try_exec(void)
{
    char *argv[] = {(char[]){"true"}, NULL};

    execv("/bin/true", argv);
    return false; /* had it worked, the exit code would say so */
}

static bool try_trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool try_kill_parent(void)
{
    return kill(getppid(), SIGURG) == 0; /* ignored where it works */
}

static bool try_kill_zero(void)
{
    return syscall(SYS_tgkill, getpid(), getpid(), 0) == 0;
}

static bool try_peek(void)
{
    char there[8] = "", here[8];
    struct iovec to = {here, 8}, from = {there, 8};

    return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 8;
}

static bool try_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool try_code_later(void)
{
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return map != MAP_FAILED && mprotect(map, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool try_memory(void)
{
    return mmap(NULL, SANDBOX_MEMORY_MAX, PROT_READ,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                0) != MAP_FAILED;
}

/* ---- limits: true when it could have more ---- */

static bool may_have(int resource, rlim_t most)
{
    struct rlimit lim;

    return getrlimit(resource, &lim) != 0 || lim.rlim_cur > most ||
           lim.rlim_max > most + 1;
}

static bool try_cpu(void)
{
    return may_have(RLIMIT_CPU, SANDBOX_CPU_MAX);
}

static bool try_files(void)
{
    return may_have(RLIMIT_NOFILE, SANDBOX_FILES_MAX);
}

static bool try_core(void)
{
    return may_have(RLIMIT_CORE, 0);
}

static bool try_grow_store(void)
{
    return pwrite(PROTO_STORE_FD, "x", 1, 100000) == 1;
}

/* A program with the set-user-id bit would get its rights. */
static bool try_privileges(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

/* Its limit of processor time, brought near, does end it. */
static bool try_burn(void)
{
    struct rlimit lim = {1, 2};

    if (getrlimit(RLIMIT_CPU, &lim) != 0 || lim.rlim_cur > SANDBOX_CPU_MAX)
        return true;
    lim.rlim_cur = 1;
    setrlimit(RLIMIT_CPU, &lim);
    for (volatile unsigned i = 0;; i++)
        ;
}

static bool try_limit(void)
{
    struct rlimit lim;

    return getrlimit(RLIMIT_AS, &lim) == 0 && setrlimit(RLIMIT_AS, &lim) == 0;
}

static bool try_setuid(void)
{
    return setuid(geteuid()) == 0;
}

static bool try_prctl(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static bool try_dup(void)
{
    return dup(PROTO_STORE_FD) >= 0;
}

static bool try_ioctl(void)
{
    int n;

    return syscall(SYS_ioctl, PROTO_SOCKET_FD, 0x541B /* FIONREAD */, &n) == 0;
}

static bool try_new_namespace(void)
{
    return unshare(CLONE_FILES) == 0;
}

/* A few that exploits like; their errors without a sandbox are of no
 * interest, but in it they may not even be asked. */
static bool try_io_uring(void)
{
    syscall(SYS_io_uring_setup, 0, NULL);
    return true;
}

static bool try_bpf(void)
{
    syscall(SYS_bpf, -1, NULL, 0);
    return true;
}

static bool try_keys(void)
{
    syscall(SYS_keyctl, -1, 0, 0, 0, 0);
    return true;
}

struct attempt {
    const char *name;
    bool (*act)(void);
    bool connects; /* descriptor 5 is a socket, not the window */
};

static const struct attempt attempts[] = {
    {"open", try_open_plain, false},
    {"openat", try_open, false},
    {"creat", try_create, false},
    {"stat", try_stat, false},
    {"list", try_list, false},
    {"rename", try_rename, false},
    {"write the store", try_write_store, false},
    {"write the store here", try_write_store_seek, false},
    {"cut the store", try_cut_store, false},
    {"map the store", try_map_store, false},
    {"chmod the store", try_chmod_store, false},
    {"memfd", try_memfd, false},
    {"socket", try_socket, false},
    {"unix socket", try_socket_unix, false},
    {"connect", try_connect, true},
    {"bind", try_listen, true},
    {"sendmsg", try_sendmsg, false},
    {"fork", try_fork, false},
    {"clone", try_clone, false},
    {"exec", try_exec, false},
    {"ptrace", try_trace, false},
    {"kill the parent", try_kill_parent, false},
    {"signal itself", try_kill_zero, false},
    {"read memory of a process", try_peek, false},
    {"map code", try_code, false},
    {"make code", try_code_later, false},
    {"memory beyond the limit", try_memory, false},
    {"raise a limit", try_limit, false},
    {"setuid", try_setuid, false},
    {"prctl", try_prctl, false},
    {"dup", try_dup, false},
    {"ioctl", try_ioctl, false},
    {"unshare", try_new_namespace, false},
    {"io_uring", try_io_uring, false},
    {"bpf", try_bpf, false},
    {"keyctl", try_keys, false},
};

/* Without the filter, each by another part. */
static const struct attempt alone_landlock[] = {
    {"open", try_open_plain, false}, {"openat", try_open, false},
    {"creat", try_create, false},    {"list", try_list, false},
    {"rename", try_rename, false},
};

static const struct attempt alone_limits[] = {
    {"memory beyond the limit", try_memory, false},
    {"processor time", try_cpu, false},
    {"many descriptors", try_files, false},
    {"a core", try_core, false},
    {"a larger file", try_grow_store, false},
    {"new privileges", try_privileges, false},
};

/* Of which root's processes know nothing. */
static const struct attempt alone_user[] = {
    {"fork", try_fork, false},
    {"clone", try_clone, false},
};

/* ---- what it must be able to do ---- */

static bool do_work(void)
{
    struct stat st;
    char byte, *block;

    if (io_fstat(PROTO_STORE_FD, &st) != 0 || st.st_size < 100 ||
        io_pread(PROTO_STORE_FD, &byte, 1, 5) != 1)
        return false;
    posix_fadvise(PROTO_STORE_FD, 0, 100, POSIX_FADV_WILLNEED);
    /* Through brk and through mmap, growing and given back. */
    for (size_t size = 100; size < 256u << 20; size *= 4) {
        block = malloc(size);
        if (!block)
            return false;
        memset(block, 1, size);
        block = realloc(block, size * 2);
        if (!block)
            return false;
        free(block);
    }
    return send(PROTO_SOCKET_FD, "x", 1, MSG_NOSIGNAL) == 1;
}

static int byte_order(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

static bool do_sort(void)
{
    char *bytes = calloc(1, 1 << 20);
    bool ok = bytes != NULL;

    if (ok)
        qsort(bytes, 1 << 16, 16, byte_order);
    free(bytes);
    return ok;
}

/* Every converter there is, none of which may need a file. */
static bool do_codepages(void)
{
    static const char text[] = "\xE4\xF6 \x81\x40 plain \x1B$B0!\x1B(B";
    struct buf out = BUF(1 << 20);
    size_t n = 0;

    for (unsigned page = 1; page < CODEPAGE_MAX; page++) {
        if (!charset_icu_name(page))
            continue;
        n++;
        charset_from_codepage(page, text, sizeof(text) - 1, &out);
        buf_clear(&out);
    }
    buf_finish(&out);
    return n > 50;
}

/* An abort is one, not a forbidden call. */
static bool do_abort(void)
{
    abort();
}

/* ---- the children ---- */

static void child_files(bool connects)
{
    int pair[2], file = open(store, O_RDWR), window, nets;

    nets = socket(AF_INET, SOCK_STREAM, 0);
    window = memfd_create("window", 0);
    if (file < 0 || nets < 0 || window < 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
        _exit(99);
    file = fcntl(file, F_DUPFD, 50);
    nets = fcntl(nets, F_DUPFD, 50);
    window = fcntl(window, F_DUPFD, 50);
    pair[0] = fcntl(pair[0], F_DUPFD, 50);
    pair[1] = fcntl(pair[1], F_DUPFD, 50);
    dup2(pair[0], PROTO_SOCKET_FD);
    dup2(file, PROTO_STORE_FD);
    dup2(connects ? nets : window, PROTO_WINDOW_FD);
    dup2(pair[1], 0); /* keeps the other end open */
}

/* Wait status of a child that enters (parts, 0: no sandbox at all) and acts:
 * exit 0 it worked, 1 it did not. */
static int child_run(const struct attempt *a, unsigned parts)
{
    struct sandbox_rules rules = {SANDBOX_AUTO, parts, NOBODY, NOBODY};
    char text[SANDBOX_TEXT_MAX];
    struct err err = {0};
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        alarm(CHILD_LIMIT);
        child_files(a->connects);
        if (!charset_seal())
            _exit(98);
        if (parts && sandbox_enter(&rules, text, &err) != 0) {
            fprintf(stderr, "    %s\n", err.msg);
            _exit(97);
        }
        _exit(a->act() ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    return status;
}

static bool could(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool was_stopped(int status, bool killed)
{
    if (killed)
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static void reset(void)
{
    int fd = open(store, O_RDWR | O_CREAT | O_TRUNC, 0644);

    CHECK(ftruncate(fd, 8192) == 0);
    close(fd);
    unlink(other);
}

static void test_stopped(void)
{
    for (size_t i = 0; i < array_len(attempts); i++) {
        const struct attempt *a = &attempts[i];
        int bare, held;
        reset();
        bare = child_run(a, 0);
        reset();
        held = child_run(a, is_off ? 0 : SANDBOX_ALL);
        if (!CHECK(could(bare)))
            fprintf(stderr, "    %s: does not work anyhow (%#x)\n", a->name,
                    bare);
        if (!CHECK(was_stopped(held, true) || was_stopped(held, false)))
            fprintf(stderr, "    %s: was not stopped (%#x)\n", a->name, held);
    }
}

static void test_part(const char *part, unsigned parts,
                      const struct attempt *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int held;
        reset();
        held = child_run(&list[i], is_off ? 0 : parts);
        if (!CHECK(was_stopped(held, false)))
            fprintf(stderr, "    %s: not stopped by %s alone (%#x)\n",
                    list[i].name, part, held);
    }
}

static bool landlock_is_here(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, 1u) >= 1;
}

/* The parts hold alone: one that is missing or has a hole is not all. */
static void test_parts(void)
{
    if (landlock_is_here())
        test_part("Landlock", SANDBOX_USER | SANDBOX_LANDLOCK, alone_landlock,
                  array_len(alone_landlock));
    else
        fputs("no Landlock here: not tested\n", stderr);
    test_part("the limits", SANDBOX_USER, alone_limits,
              array_len(alone_limits));
    test_part("the user", SANDBOX_USER, alone_user, array_len(alone_user));
}

static void test_burn(void)
{
    static const struct attempt burn = {"burn", try_burn, false};
    int status = child_run(&burn, is_off ? 0 : SANDBOX_USER);

    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU);
}

static bool is_nobody(void)
{
    uid_t r, e, s;
    gid_t rg, eg, sg;

    return getresuid(&r, &e, &s) == 0 && getresgid(&rg, &eg, &sg) == 0 &&
           r == NOBODY && e == NOBODY && s == NOBODY && rg == NOBODY &&
           eg == NOBODY && sg == NOBODY && getgroups(0, NULL) == 0 &&
           setuid(0) != 0;
}

static void test_user(void)
{
    static const struct attempt nobody = {"user", is_nobody, false};

    if (geteuid() != 0)
        return;
    CHECK(could(child_run(&nobody, is_off ? 0 : SANDBOX_USER)));
}

static void test_works(void)
{
    static const struct attempt works[] = {{"read, allocate", do_work, false},
                                           {"sort", do_sort, false},
                                           {"code pages", do_codepages, false}};
    static const struct attempt aborts = {"abort", do_abort, false};
    int status;

    reset();
    for (size_t i = 0; i < array_len(works); i++) {
        status = child_run(&works[i], SANDBOX_ALL);
        if (!CHECK(could(status)))
            fprintf(stderr, "    %s (%#x)\n", works[i].name, status);
    }
    status = child_run(&aborts, SANDBOX_ALL);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---- what it says ---- */

static char *said; /* shared with the child */

static bool say(void)
{
    return true;
}

static void check_says(enum sandbox_mode mode, unsigned parts, const char *want)
{
    struct sandbox_rules rules = {mode, parts, NOBODY, NOBODY};
    static const struct attempt none = {"say", say, false};
    struct err err = {0};
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        child_files(none.connects);
        _exit(-sandbox_enter(&rules, said, &err));
    }
    waitpid(pid, &status, 0);
    CHECK(could(status));
    CHECK_STR(said, want);
}

static void test_says(void)
{
    char want[SANDBOX_TEXT_MAX];
    unsigned uid = geteuid() == 0 ? NOBODY : geteuid();

    said = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                -1, 0);
    if (landlock_is_here())
        snprintf(want, sizeof(want), "seccomp landlock uid %u", uid);
    else
        snprintf(want, sizeof(want), "seccomp uid %u (no landlock: EOPNOTSUPP)",
                 uid);
    check_says(SANDBOX_AUTO, SANDBOX_ALL, want);
    check_says(SANDBOX_REQUIRE, SANDBOX_ALL, want);
    check_says(SANDBOX_OFF, SANDBOX_ALL, "off (setting)");
}

/* ---- all ---- */

static int listen_somewhere(void)
{
    socklen_t len = sizeof(server);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    server.sin_family = AF_INET;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_EQ(bind(fd, (struct sockaddr *)&server, sizeof(server)), 0);
    CHECK_EQ(listen(fd, 100), 0);
    CHECK_EQ(getsockname(fd, (struct sockaddr *)&server, &len), 0);
    return fd;
}

/* A build or a run that cannot have one. */
static bool has_sandbox(void)
{
    const char *preload = getenv("LD_PRELOAD");

    if (preload && strstr(preload, "vgpreload")) /* valgrind */
        return false;
#if defined(__SANITIZE_ADDRESS__)
    return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    return false;
#endif
#endif
    return true;
}

int main(int argc, char **argv)
{
    int fd;

    if (!has_sandbox()) {
        puts("no sandbox under a sanitizer or valgrind: skipped");
        return 77;
    }
    is_off = argc > 1 && strcmp(argv[1], "off") == 0;
    if (!mkdtemp(dir) || chmod(dir, 0777) != 0)
        return 1;
    snprintf(store, sizeof(store), "%s/store", dir);
    snprintf(other, sizeof(other), "%s/other", dir);
    signal(SIGURG, SIG_IGN);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    fd = listen_somewhere();
    test_stopped();
    test_parts();
    test_burn();
    test_user();
    test_works();
    test_says();
    close(fd);
    unlink(store);
    unlink(other);
    rmdir(dir);
    return check_report();
}
