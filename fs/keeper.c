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

struct keeper {
    struct fs *fs;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool stop;
    uint64_t rescan_ms, next_scan;
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

static void store_changed(void *ctx, struct catalog_store *store)
{
    struct keeper *k = ctx;
    struct node node = {.kind = NODE_STORE, .store = store->id};

    log_info("%s: %s", store->path, store->gone ? "gone" : "changed");
    mail_changed(k->fs->mail, store, forget_inode, k);
    if (store->id <= NODE_STORE_MAX)
        forget_inode(k, node_join(node));
}

static void rescan(struct keeper *k)
{
    struct catalog_watch watch = {entry_changed, store_changed, k};
    struct err err = {0};
    bool changed;

    if (catalog_rescan_watched(k->fs->catalog, &watch, &changed, &err) < 0)
        log_warn("scan of the sources: %s", err.msg);
}

/* ---- the thread ---- */

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
    struct timespec until;
    bool stop;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += KEEPER_MS / 1000;
    pthread_mutex_lock(&k->lock);
    while (!k->stop &&
           pthread_cond_timedwait(&k->cond, &k->lock, &until) != ETIMEDOUT)
        ;
    stop = k->stop;
    pthread_mutex_unlock(&k->lock);
    return !stop;
}

static void *keep(void *arg)
{
    struct keeper *k = arg;

    while (keeper_sleep(k)) {
        mail_keep(k->fs->mail);
        if (fuse_session_exited(k->fs->session))
            give_up_reads(k);
        else if (k->rescan_ms && time_mono_ms() >= k->next_scan) {
            rescan(k);
            k->next_scan = time_mono_ms() + k->rescan_ms;
        }
    }
    return NULL;
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
    rc = pthread_create(&k->thread, NULL, keep, k);
    if (rc != 0) {
        free(k);
        return err_sys(err, rc, "keeper");
    }
    *keeper_r = k;
    return 0;
}

void keeper_free(struct keeper **keeper)
{
    struct keeper *k = *keeper;

    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    k->stop = true;
    pthread_cond_signal(&k->cond);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    pthread_cond_destroy(&k->cond);
    pthread_mutex_destroy(&k->lock);
    free(k);
    *keeper = NULL;
}
