#include "fs/workers.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "pipeline/base/clock.h"
#include "pipeline/base/log.h"

#define WORKERS_MAX  64
#define PAUSE_MIN_MS 500   /* before a worker that died is started again */
#define PAUSE_MAX_MS 60000 /* the pause doubles up to this */
#define STEADY_MS    30000 /* one that lived so long begins anew at the least */
#define END_MS       5000  /* after SIGTERM, before SIGKILL */

extern char **environ;

struct worker {
    unsigned slot;
    pid_t pid;        /* 0: not running */
    int pidfd, wake;  /* wake: our end of its standard input; -1 none */
    uint64_t started; /* monotonic ms */
    uint64_t next;    /* not to be started before */
    uint64_t pause;
};

struct workers {
    char *exe, *state, *config; /* config NULL: none */
    pthread_t thread;
    pthread_mutex_t lock; /* of the list */
    bool stop;
    int event; /* wakes the thread */
    unsigned n;
    struct worker list[WORKERS_MAX];
};

/* ---- one worker; under the lock ---- */

static void prepare_attr(posix_spawnattr_t *attr)
{
    sigset_t none, usual;

    sigemptyset(&none);
    sigemptyset(&usual);
    for (int sig = 1; sig < 32; sig++)
        if (sig != SIGKILL && sig != SIGSTOP)
            sigaddset(&usual, sig);
    posix_spawnattr_init(attr);
    posix_spawnattr_setsigmask(attr, &none);
    posix_spawnattr_setsigdefault(attr, &usual);
    posix_spawnattr_setpgroup(attr, 0); /* Ctrl-C is ours to handle */
    posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
                                       POSIX_SPAWN_SETSIGDEF |
                                       POSIX_SPAWN_SETPGROUP);
}

static int spawn_child(const struct workers *ws, unsigned slot, int input,
                       pid_t *pid_r)
{
    char number[16];
    const char *argv[] = {"pstfs",   "--worker", number,     "--state",
                          ws->state, "--config", ws->config, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int rc;

    if (!ws->config)
        argv[5] = NULL;
    snprintf(number, sizeof(number), "%u", slot);
    prepare_attr(&attr);
    posix_spawn_file_actions_init(&actions);
    rc = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (rc == 0)
        rc = posix_spawn(pid_r, ws->exe, &actions, &attr, (char **)argv,
                         environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return -rc;
}

static void put_off(struct worker *w)
{
    uint64_t now = time_mono_ms();

    if (now - w->started >= STEADY_MS || w->pause == 0)
        w->pause = PAUSE_MIN_MS;
    else if (w->pause < PAUSE_MAX_MS)
        w->pause *= 2;
    w->next = now + w->pause;
}

static void worker_start(struct workers *ws, struct worker *w)
{
    int ends[2], rc = 0;

    w->started = time_mono_ms();
    if (pipe2(ends, O_CLOEXEC) < 0) {
        put_off(w);
        return;
    }
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    rc = spawn_child(ws, w->slot, ends[0], &w->pid);
    close(ends[0]);
    w->wake = ends[1];
    w->pidfd = rc == 0 ? pidfd_open(w->pid, 0) : -1;
    if (rc == 0 && w->pidfd >= 0)
        return;
    log_error("worker %u: %s", w->slot, strerror(rc ? -rc : errno));
    close(steal_fd(&w->wake)); /* ends it if it runs */
    if (rc == 0)
        waitpid(w->pid, NULL, 0);
    w->pid = 0;
    put_off(w);
}

static void worker_reap(struct worker *w)
{
    int status = 0;

    waitpid(w->pid, &status, 0);
    if (WIFSIGNALED(status))
        log_warn("worker %u (%d) died of signal %d", w->slot, (int)w->pid,
                 WTERMSIG(status));
    else
        log_warn("worker %u (%d) ended with %d", w->slot, (int)w->pid,
                 WEXITSTATUS(status));
    close(steal_fd(&w->wake));
    close(steal_fd(&w->pidfd));
    w->pid = 0;
    put_off(w);
}

/* ---- the thread ---- */

/* Starts what is due; the poll set and how long to wait, -1 for ever. */
static int plan(struct workers *ws, struct pollfd *set)
{
    uint64_t now = time_mono_ms(), wait = UINT64_MAX;

    for (unsigned i = 0; i < ws->n; i++) {
        struct worker *w = &ws->list[i];
        if (w->pid == 0 && w->next <= now)
            worker_start(ws, w);
        if (w->pid == 0 && w->next - now < wait)
            wait = w->next > now ? w->next - now : 0;
        set[i] = (struct pollfd){w->pid ? w->pidfd : -1, POLLIN, 0};
    }
    set[ws->n] = (struct pollfd){ws->event, POLLIN, 0};
    return wait == UINT64_MAX ? -1 : (int)wait + 1;
}

static void *watch_workers(void *arg)
{
    struct workers *ws = arg;
    struct pollfd set[WORKERS_MAX + 1];

    pthread_mutex_lock(&ws->lock);
    while (!ws->stop) {
        int wait = plan(ws, set);
        pthread_mutex_unlock(&ws->lock);
        poll(set, ws->n + 1, wait);
        pthread_mutex_lock(&ws->lock);
        for (unsigned i = 0; i < ws->n; i++)
            if (set[i].revents && ws->list[i].pid && !ws->stop)
                worker_reap(&ws->list[i]);
    }
    pthread_mutex_unlock(&ws->lock);
    return NULL;
}

void workers_wake(struct workers *ws)
{
    if (!ws)
        return;
    pthread_mutex_lock(&ws->lock);
    for (unsigned i = 0; i < ws->n; i++)
        if (ws->list[i].wake >= 0 && write(ws->list[i].wake, "\n", 1) < 0)
            continue; /* the pipe is full of wakes: it will wake */
    pthread_mutex_unlock(&ws->lock);
}

/* ---- life ---- */

static char *own_path(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (n <= 0)
        return strdup("/proc/self/exe");
    path[n] = '\0';
    return strdup(access(path, X_OK) == 0 ? path : "/proc/self/exe");
}

static void workers_release(struct workers *ws)
{
    if (ws->event >= 0)
        close(ws->event);
    pthread_mutex_destroy(&ws->lock);
    free(ws->exe);
    free(ws->state);
    free(ws->config);
    free(ws);
}

int workers_new(struct fs *fs, const char *config, struct workers **workers_r,
                struct err *err)
{
    int64_t n = settings_int(fs->settings, "job.workers");
    struct workers *ws = calloc(1, sizeof(*ws));
    int rc;

    *workers_r = NULL;
    if (!ws)
        return err_sys(err, ENOMEM, "workers");
    pthread_mutex_init(&ws->lock, NULL);
    ws->n = n < WORKERS_MAX ? (unsigned)n : WORKERS_MAX;
    for (unsigned i = 0; i < ws->n; i++)
        ws->list[i] = (struct worker){.slot = i, .pidfd = -1, .wake = -1};
    ws->exe = own_path();
    ws->state = strdup(fs->state_dir);
    ws->config = config ? strdup(config) : NULL;
    ws->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rc = ws->event < 0 ? errno : 0;
    if (!ws->exe || !ws->state || (config && !ws->config))
        rc = ENOMEM;
    if (rc == 0)
        rc = pthread_create(&ws->thread, NULL, watch_workers, ws);
    if (rc != 0) {
        workers_release(ws);
        return err_sys(err, rc, "workers");
    }
    *workers_r = ws;
    return 0;
}

static void worker_end(struct worker *w, uint64_t until)
{
    struct pollfd set = {w->pidfd, POLLIN, 0};
    uint64_t now = time_mono_ms();

    if (poll(&set, 1, now < until ? (int)(until - now) : 0) <= 0) {
        log_warn("worker %u did not end: killed", w->slot);
        kill(w->pid, SIGKILL);
    }
    waitpid(w->pid, NULL, 0);
    close(w->pidfd);
    w->pid = 0;
}

void workers_free(struct workers **workers)
{
    struct workers *ws = *workers;
    uint64_t until = time_mono_ms() + END_MS;

    if (!ws)
        return;
    pthread_mutex_lock(&ws->lock);
    ws->stop = true;
    eventfd_write(ws->event, 1);
    pthread_mutex_unlock(&ws->lock);
    pthread_join(ws->thread, NULL);
    for (unsigned i = 0; i < ws->n; i++)
        if (ws->list[i].pid) {
            close(steal_fd(&ws->list[i].wake));
            kill(ws->list[i].pid, SIGTERM);
        }
    for (unsigned i = 0; i < ws->n; i++)
        if (ws->list[i].pid)
            worker_end(&ws->list[i], until);
    workers_release(ws);
    *workers = NULL;
}
