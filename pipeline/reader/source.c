#include "pipeline/reader/source.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "pipeline/base/hash.h"
#include "pipeline/base/io.h"

#define LOOK_BYTES 512

/* One question; who comes last frees it. */
struct asking {
    struct asking *next; /* of those left behind */
    char *path;
    bool look;
    bool done, left; /* the thread's end; the caller did not wait for it */
    int fd, rc;
    struct stat st;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct asking *stuck;
static unsigned stuck_n;

static void cond_make(void)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&answered, &attr);
    pthread_condattr_destroy(&attr);
}

void reader_file_of(const struct stat *st, struct reader_file *file_r)
{
    const uint64_t facts[] = {
        (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec,
        (uint64_t)st->st_mtim.tv_nsec, st->st_dev, st->st_ino};

    file_r->now = hash_fnv(facts, sizeof(facts));
    file_r->lasting = hash_fnv(facts, 3 * sizeof(facts[0]));
}

static void asking_free(struct asking *a)
{
    if (a->fd >= 0)
        close(a->fd);
    free(a->path);
    free(a);
}

/* NOATIME needs the file's owner; others read without it. NONBLOCK: a FIFO
 * put in the store's place must not hold us. */
static int file_open(struct asking *a)
{
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    char head[LOOK_BYTES];
    ssize_t n = 0;

    a->fd = open(a->path, flags | O_NOATIME);
    if (a->fd < 0 && errno == EPERM)
        a->fd = open(a->path, flags);
    if (a->fd < 0 || fstat(a->fd, &a->st) != 0)
        return -errno;
    if (!S_ISREG(a->st.st_mode))
        return -EINVAL;
    if (a->look) {
        posix_fadvise(a->fd, 0, sizeof(head), POSIX_FADV_DONTNEED);
        n = io_pread(a->fd, head, sizeof(head), 0);
    }
    return n < 0 ? (int)n : 0;
}

/* The lock is held. */
static void stuck_remove(struct asking *a)
{
    struct asking **at = &stuck;

    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    stuck_n--;
}

static void *ask_main(void *ctx)
{
    struct asking *a = ctx;
    int rc = file_open(a);

    pthread_mutex_lock(&lock);
    a->rc = rc;
    a->done = true;
    if (a->left)
        stuck_remove(a);
    pthread_cond_broadcast(&answered);
    if (!a->left)
        a = NULL;
    pthread_mutex_unlock(&lock);
    if (a)
        asking_free(a);
    return NULL;
}

static int thread_start(struct asking *a)
{
    sigset_t all, before;
    pthread_t thread;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&thread, NULL, ask_main, a);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        pthread_detach(thread);
    return -rc;
}

/* True when a is the caller's again; false when it was left behind. */
static bool answer_wait(struct asking *a, unsigned ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec +=
        ms / 1000 + (until.tv_nsec + ms % 1000 * 1000000) / 1000000000;
    until.tv_nsec = (until.tv_nsec + ms % 1000 * 1000000) % 1000000000;
    pthread_mutex_lock(&lock);
    while (!a->done &&
           pthread_cond_timedwait(&answered, &lock, &until) != ETIMEDOUT)
        ;
    if (!a->done) {
        a->left = true;
        a->next = stuck;
        stuck = a;
        stuck_n++;
    }
    pthread_mutex_unlock(&lock);
    return !a->left;
}

static bool is_stuck(const char *path)
{
    bool found;

    pthread_mutex_lock(&lock);
    found = stuck_n >= SOURCE_STUCK_MAX;
    for (struct asking *a = stuck; a && !found; a = a->next)
        found = strcmp(a->path, path) == 0;
    pthread_mutex_unlock(&lock);
    return found;
}

static int ask_begin(const char *path, bool look, struct asking **a_r)
{
    struct asking *a = calloc(1, sizeof(*a));
    int rc = -ENOMEM;

    if (!a)
        return rc;
    a->fd = -1;
    a->look = look;
    a->path = strdup(path);
    if (a->path)
        rc = thread_start(a);
    if (rc != 0) {
        asking_free(a);
        return rc;
    }
    *a_r = a;
    return 0;
}

static int ask(const char *path, bool look, unsigned ms, int *fd_r,
               struct reader_file *file_r, struct err *err)
{
    struct asking *a;
    int rc;

    pthread_once(&once, cond_make);
    if (is_stuck(path))
        return err_set(err, ETIMEDOUT, "the file still does not answer");
    rc = ask_begin(path, look, &a);
    if (rc != 0)
        return err_sys(err, -rc, "open");
    if (!answer_wait(a, ms))
        return err_set(err, ETIMEDOUT, "the file does not answer");
    rc = a->rc;
    if (rc == 0)
        reader_file_of(&a->st, file_r);
    if (rc == 0 && fd_r)
        *fd_r = steal_fd(&a->fd);
    asking_free(a);
    if (rc == -EINVAL)
        return err_set(err, EINVAL, "not a regular file");
    return rc ? err_sys(err, -rc, "open") : 0;
}

int source_open(const char *path, unsigned ms, int *fd_r,
                struct reader_file *file_r, struct err *err)
{
    return ask(path, false, ms, fd_r, file_r, err);
}

int source_look(const char *path, unsigned ms, struct reader_file *file_r,
                struct err *err)
{
    return ask(path, true, ms, NULL, file_r, err);
}
