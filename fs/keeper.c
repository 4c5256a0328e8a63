#include "fs/keeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include "fs/catalog.h"
#include "fs/lane.h"
#include "fs/mail.h"
#include "fs/node.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/log.h"

#define END_MS 3000 /* that the end of a scan is waited for */

struct keeper {
    struct fs *fs;
    pthread_t keeping, scanning;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool stop, wake;
    uint64_t rescan_ms, next_scan;
    /* Scans asked for, begun and ended, by number. */
    uint64_t wanted, begun, ended;
    bool changed; /* of the last one */
    struct err err;
};

/* ---- telling the kernel; it need not know what it is told of ---- */

static void forget_inode(void *ctx, uint64_t ino)
{
    struct keeper *k = ctx;

    fuse_lowlevel_notify_inval_inode(k->fs->session, ino, 0, 0);
}

static void entry_changed(void *ctx, uint32_t dir, const char *name)
{
    struct keeper *k = ctx;
    uint64_t ino = node_join((struct node){.kind = NODE_DIR, .id = dir});

    fuse_lowlevel_notify_inval_entry(k->fs->session, ino, name, strlen(name));
    forget_inode(k, ino);
}

/* With the store's own name goes all that is known below it. */
static void store_tell(struct keeper *k, struct catalog_store *store)
{
    struct node node = {.kind = NODE_STORE, .store = store->id};
    const char *slash = strrchr(store->shown, '/');
    unsigned change = mail_changes(k->fs->mail, store->id);
    uint32_t dir;

    if (store->id > NODE_STORE_MAX)
        return;
    if (catalog_store_dir(k->fs->catalog, store->id, &dir) == 0)
        entry_changed(k, dir, slash ? slash + 1 : store->shown);
    forget_inode(k, node_join(node));
    mail_kernel_told(k->fs->mail, store, change);
}

static void store_changed(void *ctx, struct catalog_store *store)
{
    struct keeper *k = ctx;
    const char *words = store->gone       ? "the file is gone"
                        : store->rejected ? "the file cannot be shown any more"
                                          : "the file has changed or is back";

    log_info("%s: %s", store->path, words);
    db_event_add(k->fs->db, store->id, 0,
                 store->gone || store->rejected ? "warning" : "info", words);
    mail_changed(k->fs->mail, store, forget_inode, k);
    store_tell(k, store);
}

static void refreshed_tell(struct keeper *k)
{
    struct catalog_store *store;

    while ((store = mail_refreshed(k->fs->mail)))
        store_tell(k, store);
}

/* ---- scanning ---- */

static void rescan(struct keeper *k)
{
    struct catalog_watch watch = {entry_changed, store_changed, k};
    struct err err = {0};
    bool changed = false;

    if (catalog_rescan_watched(k->fs->catalog, &watch, &changed, &err) < 0)
        log_warn("scan of the sources: %s", err.msg);
    pthread_mutex_lock(&k->lock);
    k->ended = k->begun;
    k->changed = changed;
    k->err = err;
    k->next_scan = time_mono_ms() + k->rescan_ms;
    pthread_cond_broadcast(&k->cond);
    pthread_mutex_unlock(&k->lock);
}

static struct timespec time_after(uint64_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/* Until a scan is due, which is begun then, or the end, which is false. */
static bool scan_wait(struct keeper *k)
{
    struct timespec until;

    pthread_mutex_lock(&k->lock);
    until = time_after(k->rescan_ms);
    while (!k->stop && k->wanted == k->begun &&
           !(k->rescan_ms && time_mono_ms() >= k->next_scan)) {
        if (k->rescan_ms)
            pthread_cond_timedwait(&k->cond, &k->lock, &until);
        else
            pthread_cond_wait(&k->cond, &k->lock);
    }
    if (k->wanted == k->begun)
        k->wanted++;
    k->begun = k->wanted;
    pthread_mutex_unlock(&k->lock);
    return !k->stop;
}

static void *scan(void *arg)
{
    struct keeper *k = arg;

    while (scan_wait(k))
        rescan(k);
    return NULL;
}

int keeper_rescan(struct keeper *k, bool *changed_r, struct err *err)
{
    struct timespec until = time_after(KEEPER_SCAN_MS);
    uint64_t mine;
    int rc = 0;

    pthread_mutex_lock(&k->lock);
    mine = ++k->wanted;
    pthread_cond_broadcast(&k->cond);
    while (k->ended < mine && !k->stop && rc == 0)
        rc = pthread_cond_timedwait(&k->cond, &k->lock, &until);
    if (k->ended < mine)
        rc = err_set(err, ETIMEDOUT,
                     "a source does not answer; the scan goes on");
    else if ((rc = -k->err.code) && err)
        *err = k->err;
    *changed_r = rc == 0 && k->changed;
    pthread_mutex_unlock(&k->lock);
    return rc;
}

/* ---- keeping ---- */

void keeper_wake(struct keeper *k)
{
    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    k->wake = true;
    k->wanted++;
    pthread_cond_broadcast(&k->cond);
    pthread_mutex_unlock(&k->lock);
}

/* The end has come: a read that takes long must not hold it up. */
static void give_up_reads(struct keeper *k)
{
    struct catalog_store *store;

    lanes_close(k->fs->lanes);
    mail_give_up(k->fs->mail);
    for (size_t i = 0; (store = catalog_store_at(k->fs->catalog, i)); i++)
        if (store->reader)
            reader_interrupt(store->reader, true);
}

static bool keeper_sleep(struct keeper *k)
{
    struct timespec until = time_after(KEEPER_MS);
    bool stop;

    pthread_mutex_lock(&k->lock);
    while (!k->stop && !k->wake &&
           pthread_cond_timedwait(&k->cond, &k->lock, &until) != ETIMEDOUT)
        ;
    k->wake = false;
    stop = k->stop;
    pthread_mutex_unlock(&k->lock);
    return !stop;
}

static void *keep(void *arg)
{
    struct keeper *k = arg;

    while (keeper_sleep(k)) {
        refreshed_tell(k);
        mail_keep(k->fs->mail);
        if (fuse_session_exited(k->fs->session))
            give_up_reads(k);
    }
    return NULL;
}

/* ---- life ---- */

static void keeper_release(struct keeper *k)
{
    pthread_cond_destroy(&k->cond);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

static void keeper_stop(struct keeper *k)
{
    pthread_mutex_lock(&k->lock);
    k->stop = true;
    pthread_cond_broadcast(&k->cond);
    pthread_mutex_unlock(&k->lock);
}

static int threads_start(struct keeper *k)
{
    int rc = pthread_create(&k->keeping, NULL, keep, k);

    if (rc != 0)
        return rc;
    rc = pthread_create(&k->scanning, NULL, scan, k);
    if (rc != 0) {
        keeper_stop(k);
        pthread_join(k->keeping, NULL);
    }
    return rc;
}

int keeper_new(struct fs *fs, struct keeper **keeper_r, struct err *err)
{
    struct keeper *k = calloc(1, sizeof(*k));
    pthread_condattr_t attr;
    int rc;

    *keeper_r = NULL;
    if (!k)
        return err_sys(err, ENOMEM, "keeper");
    k->fs = fs;
    k->rescan_ms = (uint64_t)settings_int(fs->settings, "mount.rescan") * 1000;
    k->next_scan = time_mono_ms() + k->rescan_ms;
    pthread_mutex_init(&k->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&k->cond, &attr);
    pthread_condattr_destroy(&attr);
    rc = threads_start(k);
    if (rc != 0) {
        keeper_release(k);
        return err_sys(err, rc, "keeper");
    }
    *keeper_r = k;
    return 0;
}

bool keeper_free(struct keeper **keeper)
{
    struct keeper *k = *keeper;
    struct timespec until;

    *keeper = NULL;
    if (!k)
        return true;
    keeper_stop(k);
    pthread_join(k->keeping, NULL);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += END_MS / 1000;
    if (pthread_timedjoin_np(k->scanning, NULL, &until) != 0)
        return false;
    keeper_release(k);
    return true;
}
