#include "pipeline/reader/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "pipeline/base/clock.h"
#include "pipeline/base/io.h"
#include "pipeline/reader/rules.h"
#include "pipeline/reader/sandbox.h"
#include "pipeline/reader/source.h"

#define PROGRAM     "pstfs-reader"
#define PROGRAM_ENV "PSTFS_READER" /* for tests: that one in its place */
#define GUARD_SIZE  65536 /* zeros behind the window: text ends there */
#define FD_FLOOR    16    /* our copies lie above the child's numbers */

_Static_assert(SANDBOX_CPU_MAX > CHILD_SLOW_MS / 1000,
               "a reader must be able to do its longest search");

extern char **environ;

/* Where the program is, seen from the directory of this executable: beside
 * it when installed, across the build tree otherwise. */
static const char *const places[] = {"", "../pipeline/reader/",
                                     "../../pipeline/reader/"};

static char *program_find(const char *name)
{
    const char *given = strcmp(name, PROGRAM) ? NULL : getenv(PROGRAM_ENV);
    cleanup_free char *self = NULL;

    if (given && *given)
        return strdup(given);
    self = io_self_dir();
    for (size_t i = 0; self && i < array_len(places); i++) {
        char place[128], *path;
        snprintf(place, sizeof(place), "%s%s", places[i], name);
        path = io_join(self, place);
        if (path && access(path, X_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}

bool child_has_program(const char *name)
{
    cleanup_free char *path = program_find(name);

    return path != NULL;
}

static int fd_raise(int *fd)
{
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, FD_FLOOR);

    if (high < 0)
        return -errno;
    close(*fd);
    *fd = high;
    return 0;
}

/* Errors of a file that is there: to wait does not help. */
static bool is_files_own(int rc)
{
    static const int codes[] = {EACCES, EPERM,  EINVAL, EISDIR, ELOOP,
                                ENOMEM, EMFILE, ENFILE, EAGAIN, ETIMEDOUT};

    for (size_t i = 0; i < array_len(codes); i++)
        if (rc == -codes[i])
            return true;
    return false;
}

static int store_open(const char *path, int *fd_r, struct reader_file *file_r,
                      struct err *err)
{
    int rc = source_open(path, reader_rules()->timeout_ms, fd_r, file_r, err);

    if (rc == 0 || is_files_own(rc))
        return rc;
    err->code = -READER_NO_SOURCE;
    return READER_NO_SOURCE;
}

/* The size is sealed: a window cut short by the child would be a SIGBUS
 * here. The mapping is longer than the file by pages of zeros. */
static int window_make(uint8_t **window_r, int *fd_r, struct err *err)
{
    cleanup_fd int fd =
        memfd_create("pstfs-window", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    uint8_t *map;

    if (fd < 0 || ftruncate(fd, READER_WINDOW) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return err_sys(err, errno, "reader window");
    map = mmap(NULL, READER_WINDOW + GUARD_SIZE, PROT_READ,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return err_sys(err, errno, "reader window");
    if (mmap(map, READER_WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
             fd, 0) == MAP_FAILED) {
        munmap(map, READER_WINDOW + GUARD_SIZE);
        return err_sys(err, errno, "reader window");
    }
    *window_r = map;
    *fd_r = steal_fd(&fd);
    return 0;
}

/* The child has its own group (a ^C for us is not for it) and no signal
 * disposition of ours. */
static int attr_fill(posix_spawnattr_t *attr)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attr, &none);
    posix_spawnattr_setsigdefault(attr, &all);
    posix_spawnattr_setpgroup(attr, 0);
    return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
}

static int actions_fill(posix_spawn_file_actions_t *actions, const int fds[3])
{
    int rc =
        posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);

    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY,
                                              0);
    for (int i = 0; rc == 0 && i < 3; i++)
        rc = posix_spawn_file_actions_adddup2(actions, fds[i],
                                              PROTO_SOCKET_FD + i);
    return rc;
}

static int program_spawn(const char *name, const int fds[3], pid_t *pid_r,
                         struct err *err)
{
    cleanup_free char *path = program_find(name);
    const struct reader_rules *rules = reader_rules();
    char uid[16], gid[16], vcard[16], page[16];
    char sandbox[sizeof(rules->sandbox)];
    char *argv[] = {(char[]){PROGRAM}, sandbox, uid, gid, vcard, page, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int rc;

    if (!path)
        return err_set(err, ENOENT, "program %s not found", name);
    memcpy(sandbox, rules->sandbox, sizeof(sandbox));
    snprintf(uid, sizeof(uid), "%u", rules->uid);
    snprintf(vcard, sizeof(vcard), "%u", rules->vcard);
    snprintf(gid, sizeof(gid), "%u", rules->gid);
    snprintf(page, sizeof(page), "%u", rules->codepage);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    rc = actions_fill(&actions, fds);
    if (rc == 0)
        rc = attr_fill(&attr);
    if (rc == 0)
        rc = posix_spawn(pid_r, path, &actions, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return rc ? err_sys(err, rc, "start %s", path) : 0;
}

int child_start(struct child *child, const char *store, struct err *err)
{
    cleanup_fd int file = -1, window = -1, mine = -1, theirs = -1;
    int pair[2], rc;

    child_end(child);
    rc = store_open(store, &file, &child->file, err);
    if (rc != 0)
        return rc;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return err_sys(err, errno, "reader socket");
    mine = pair[0];
    theirs = pair[1];
    rc = window_make(&child->window, &window, err);
    if (rc != 0)
        return rc;
    if (fd_raise(&theirs) != 0 || fd_raise(&file) != 0 ||
        fd_raise(&window) != 0)
        rc = err_sys(err, errno, "reader descriptors");
    if (rc == 0)
        rc = program_spawn(child->program ? child->program : PROGRAM,
                           (int[]){theirs, file, window}, &child->pid, err);
    if (rc != 0) {
        munmap(child->window, READER_WINDOW + GUARD_SIZE);
        child->window = NULL;
        child->pid = 0;
        return rc;
    }
    child->sock = steal_fd(&mine);
    child->path = store;
    return 0;
}

/* A child in an unkillable read of a lost share is left for later. Returns
 * its wait status, or -1. */
static int child_reap(struct child *child, pid_t pid)
{
    uint64_t deadline = time_mono_ms() + CHILD_REAP_MS;
    int status = -1;

    for (unsigned pause = 50; time_mono_ms() < deadline; pause *= 2) {
        pid_t got = waitpid(pid, &status, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR))
            return got == pid ? status : -1;
        usleep(pause < 20000 ? pause : 20000);
    }
    child->late = pid;
    return -1;
}

static int child_stop(struct child *child)
{
    int status;

    if (child->late && waitpid(child->late, NULL, WNOHANG) != 0)
        child->late = 0;
    if (!child->pid)
        return -1;
    kill(child->pid, SIGKILL);
    status = child_reap(child, child->pid);
    child->pid = 0;
    close(child->sock);
    child->sock = -1;
    munmap(child->window, READER_WINDOW + GUARD_SIZE);
    child->window = NULL;
    return status;
}

bool child_is_worn(const struct child *child)
{
    clockid_t clock;
    struct timespec used;

    return clock_getcpuclockid(child->pid, &clock) == 0 &&
           clock_gettime(clock, &used) == 0 &&
           used.tv_sec >= SANDBOX_CPU_MAX - CHILD_SLOW_MS / 1000;
}

void child_end(struct child *child)
{
    child_stop(child);
}

/* ---- one question ---- */

/* A child that searches a whole file beats meanwhile: then it may take up to
 * CHILD_SLOW_MS in all. */
static bool child_beats(const struct child *child, uint32_t *beat)
{
    uint32_t before = *beat;

    memcpy(beat, child->window + offsetof(struct proto_board, beat),
           sizeof(*beat));
    return *beat != before;
}

static int reply_wait(struct child *child)
{
    uint64_t now = time_mono_ms(), last = now + CHILD_SLOW_MS;
    unsigned limit =
        child->limit_ms ? child->limit_ms : reader_rules()->timeout_ms;
    uint64_t deadline = now + limit;
    struct pollfd p = {.fd = child->sock, .events = POLLIN};
    uint32_t beat = 0;

    child_beats(child, &beat);
    for (; now < deadline && now < last; now = time_mono_ms()) {
        int n;
        if (__atomic_load_n(&child->quit, __ATOMIC_RELAXED))
            return -EINTR;
        n = poll(&p, 1, READER_LOOK_MS);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -errno;
        if (child_beats(child, &beat))
            deadline = time_mono_ms() + limit;
    }
    /* It is we who may have been stopped, for longer than the limit. */
    return poll(&p, 1, READER_LOOK_MS) > 0 ? 0 : -ETIMEDOUT;
}

/* Is the frame of the reply as the protocol has it? */
static bool reply_sound(const struct proto_request *request,
                        const struct proto_reply *reply)
{
    return reply->magic == PROTO_MAGIC && reply->version == PROTO_VERSION &&
           reply->op == request->op && reply->seq == request->seq &&
           reply->used <= PROTO_DATA_MAX && reply->status <= 0 &&
           reply->status > -4096 &&
           memchr(reply->text, '\0', sizeof(reply->text));
}

static int exchange(struct child *child, struct proto_request *request,
                    struct proto_reply *reply)
{
    ssize_t n;
    int rc;

    request->magic = PROTO_MAGIC;
    request->version = PROTO_VERSION;
    request->seq = ++child->seq;
    if (send(child->sock, request, sizeof(*request),
             MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return -errno;
    rc = reply_wait(child);
    if (rc != 0)
        return rc;
    n = recv(child->sock, reply, sizeof(*reply), MSG_TRUNC | MSG_DONTWAIT);
    if (n <= 0)
        return -EPIPE;
    return n == sizeof(*reply) && reply_sound(request, reply) ? 0 : -EPROTO;
}

/* The state letter of a process in /proc, 0 when it cannot be had. */
static char process_state(pid_t pid)
{
    cleanup_buf struct buf text = BUF(1u << 20); /* a step of io_slurp */
    char path[64];
    const char *end;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (io_slurp(path, &text, NULL) != 0)
        return 0;
    end = strrchr(buf_str(&text), ')');
    return end && end[1] == ' ' ? end[2] : 0;
}

/* A child that waits for its disk, or that somebody stopped, does not hang
 * in the item: that may be sound. Some file systems wait as one sleeps: then
 * the file itself tells, for a reader does not sleep in an item. */
static bool is_held_up(const struct child *child)
{
    char state = process_state(child->pid);
    struct reader_file file;

    return state == 'D' || state == 'T' || state == 't' ||
           (state == 'S' &&
            source_look(child->path, CHILD_LOOK_MS, &file, NULL) == -ETIMEDOUT);
}

/* What the child died of, in words. Ends it first; one that has died by itself
 * is a zombie by now: the kill does not change what it died of. */
static int child_blame(struct child *child, int rc, struct err *err)
{
    bool held_up = rc == -ETIMEDOUT && is_held_up(child);
    int status = child_stop(child), sig;

    if (rc == -EINTR)
        return err_set(err, EINTR, "the reader was interrupted");
    if (held_up)
        return err_set(err, ETIMEDOUT,
                       "the reader was held up, by its disk "
                       "or a signal, and was ended");
    if (rc == -ETIMEDOUT)
        return err_set(err, EIO, "the reader hung and was ended");
    if (rc == -EPROTO)
        return err_set(err, EIO, "the reader answered nonsense");
    sig = status >= 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (sig == SIGSYS)
        return err_set(err, EIO,
                       "the reader was killed by its sandbox (it made a "
                       "forbidden system call)");
    if (sig == SIGXCPU)
        return err_set(err, EIO, "the reader used up its processor time");
    if (sig && sig != SIGKILL)
        return err_set(err, EIO, "the reader died of signal %d", sig);
    if (status >= 0 && WIFEXITED(status))
        return err_set(err, EIO, "the reader ended with %d",
                       WEXITSTATUS(status));
    return err_set(err, EIO, "the reader was killed");
}

int child_ask(struct child *child, struct proto_request *request,
              struct proto_reply *reply_r, uint32_t *board_r, struct err *err)
{
    int rc = exchange(child, request, reply_r);
    uint32_t board;

    *board_r = 0;
    if (rc == 0)
        return 0;
    memcpy(&board, child->window + offsetof(struct proto_board, nid),
           sizeof(board));
    rc = child_blame(child, rc, err);
    if (rc == -EIO)
        *board_r = board;
    return rc;
}
