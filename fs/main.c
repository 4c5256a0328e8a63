/* pstfs: shows Outlook data files as folders of ordinary files. */
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "fs/catalog.h"
#include "fs/daemon.h"
#include "fs/fs.h"
#include "fs/health.h"
#include "fs/keeper.h"
#include "fs/lane.h"
#include "fs/lock.h"
#include "fs/mail.h"
#include "fs/node.h"
#include "fs/notify.h"
#include "fs/ops.h"
#include "fs/options.h"
#include "fs/workers.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/io.h"
#include "pipeline/base/log.h"
#include "pipeline/reader/client.h"
#include "pipeline/stage/bad.h"
#include "pipeline/stage/worker.h"

#define IDLE_THREADS 16 /* kept for the next rush */

/* What a running mount has; each part is undone if it was made. */
struct run {
    struct options *o;
    struct fs fs;
    struct keeper *keeper;
    int lock, ready;
    bool mounted, signals;
};

static int open_log(const struct options *o, const char *name, bool to_file)
{
    cleanup_free char *path = io_join(o->state, "pstfs.log");

    return log_open(name, o->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
                    to_file ? path : NULL);
}

static int open_state(struct run *r, struct err *err)
{
    cleanup_free char *path = io_join(r->o->state, "state.db");
    int rc;

    r->lock = lock_take(r->o->state, r->o->mountpoint, err);
    if (r->lock < 0)
        return r->lock;
    rc = open_log(r->o, "pstfs", !r->o->foreground);
    if (rc < 0)
        return err_sys(err, -rc, "%s/pstfs.log", r->o->state);
    rc = settings_new(r->o->config, &r->fs.settings, err);
    if (rc == 0)
        rc = reader_setup(r->fs.settings, err);
    if (rc == 0)
        r->fs.attachments = !r->o->no_attachments &&
                            settings_bool(r->fs.settings, "mount.attachments");
    if (rc == 0 && !path)
        rc = err_sys(err, ENOMEM, "state");
    if (rc == 0)
        rc = db_open(path, &r->fs.db, err);
    if (rc == 0)
        bad_share(r->fs.db);
    return rc;
}

static int open_sources(struct run *r, struct err *err)
{
    int rc = catalog_new(&r->fs, (const char *const *)r->o->sources,
                         r->o->n_sources, &r->fs.catalog, err);

    if (rc == 0 && lanes_new(r->o->max_threads, MAIL_LANES, &r->fs.lanes) < 0)
        rc = err_sys(err, ENOMEM, "lanes");
    if (rc == 0)
        rc = mail_new(&r->fs, &r->fs.mail, err);
    return rc < 0 ? rc : health_new(&r->fs, &r->fs.health, err);
}

static int open_session(struct run *r, struct err *err)
{
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    cleanup_buf struct buf text = BUF(1u << 17);
    int rc;

    buf_addf(&text, "fsname=pstfs,subtype=pstfs,default_permissions,noexec%s",
             r->o->fuse);
    rc = fuse_opt_add_arg(&args, "pstfs");
    if (rc == 0)
        rc = fuse_opt_add_arg(&args, "-o");
    if (rc == 0)
        rc = fuse_opt_add_arg(&args, buf_str(&text));
    if (rc == 0 && r->o->debug)
        rc = fuse_opt_add_arg(&args, "-d");
    if (rc == 0)
        r->fs.session = fuse_session_new(
            &args, ops_table(), sizeof(struct fuse_lowlevel_ops), &r->fs);
    fuse_opt_free_args(&args);
    if (!r->fs.session) /* libfuse has said on stderr which option it was */
        return err_set(err, EINVAL, "FUSE does not take these options: %s",
                       buf_str(&text));
    return 0;
}

static int mount_session(struct run *r, struct err *err)
{
    if (fuse_set_signal_handlers(r->fs.session) < 0)
        return err_set(err, EIO, "cannot set signal handlers");
    r->signals = true;
    if (fuse_session_mount(r->fs.session, r->o->mountpoint) < 0)
        return err_set(err, EIO, "cannot mount on %s", r->o->mountpoint);
    r->mounted = true;
    return 0;
}

/* The threads must not take the signals that are to end the main one. */
static int start_threads(struct run *r, struct err *err)
{
    sigset_t ending, before;
    int rc;

    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ending, &before);
    rc = notify_new(&r->fs, &r->fs.notify, err);
    if (rc == 0)
        rc = workers_new(&r->fs, r->o->config, &r->fs.workers, err);
    if (rc == 0)
        rc = keeper_new(&r->fs, &r->fs.keeper, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static int serve(struct run *r, struct err *err)
{
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    int rc;

    if (!config)
        return err_sys(err, ENOMEM, "loop");
    fuse_loop_cfg_set_clone_fd(config, 0);
    fuse_loop_cfg_set_max_threads(config, r->o->max_threads);
    fuse_loop_cfg_set_idle_threads(config, IDLE_THREADS);
    log_info("mounted on %s", r->o->mountpoint);
    daemon_ready(&r->ready);
    rc = fuse_session_loop_mt(r->fs.session, config);
    fuse_loop_cfg_destroy(config);
    /* Positive: a signal ended it. */
    return rc < 0 ? err_sys(err, -rc, "FUSE") : 0;
}

static void run_end(struct run *r)
{
    bool quiet = keeper_free(&r->fs.keeper);

    health_free(&r->fs.health);
    workers_free(&r->fs.workers);
    notify_free(&r->fs.notify);
    if (r->mounted)
        fuse_session_unmount(r->fs.session);
    if (!quiet) {
        log_warn("a source does not answer: its scan is left");
        _exit(0);
    }
    if (r->signals)
        fuse_remove_signal_handlers(r->fs.session);
    mail_free(&r->fs.mail);
    lanes_free(&r->fs.lanes);
    catalog_free(&r->fs.catalog);
    if (r->fs.session)
        fuse_session_destroy(r->fs.session);
    db_close(&r->fs.db);
    settings_free(&r->fs.settings);
    if (r->lock >= 0)
        close(r->lock);
}

static int run_mount(struct options *o, int ready, struct err *err)
{
    struct run r = {
        .o = o,
        .fs = {.state_dir = o->state,
               .mountpoint = o->mountpoint,
               .mounted = time_now(),
               .uid = geteuid(),
               .gid = getegid(),
               .no_xattr = o->no_xattr},
        .lock = -1,
        .ready = ready,
    };
    int rc = open_state(&r, err);

    if (rc == 0)
        rc = open_sources(&r, err);
    if (rc == 0)
        rc = open_session(&r, err);
    if (rc == 0)
        rc = mount_session(&r, err);
    if (rc == 0)
        rc = daemon_detach(ready, err);
    if (rc == 0)
        rc = start_threads(&r, err);
    if (rc == 0)
        rc = serve(&r, err);
    run_end(&r);
    if (rc == 0)
        log_info("unmounted");
    else if (ready >= 0)
        log_error("%s", err->msg);
    return rc;
}

static int run_worker(struct options *o, struct err *err)
{
    struct settings *settings = NULL;
    char name[32];
    int rc;

    snprintf(name, sizeof(name), "worker-%d", o->worker);
    rc = open_log(o, name, true);
    if (rc == 0)
        rc = settings_new(o->config, &settings, err);
    if (rc == 0)
        rc = reader_setup(settings, err);
    if (rc == 0)
        rc = worker_run(o->state, settings, o->worker, err);
    settings_free(&settings);
    return rc;
}

static int run(struct options *o, struct err *err)
{
    int ready = -1, rc = 0;

    signal(SIGPIPE, SIG_IGN);
    umask(0077);
    if (o->worker >= 0)
        return run_worker(o, err);
    if (!o->foreground)
        rc = daemon_fork(&ready, err);
    return rc < 0 ? rc : run_mount(o, ready, err);
}

int main(int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    int rc = options_parse(argc, argv, &o, &err);

    if (rc == 0 && o.help) {
        fputs(options_usage(), stdout);
    } else if (rc == 0 && o.version) {
        puts("pstfs " PSTFS_VERSION);
    } else if (rc == 0) {
        rc = run(&o, &err);
    }
    if (rc < 0)
        fprintf(stderr, "pstfs: %s\n",
                err.msg[0] ? err.msg : strerror(err.code ? err.code : -rc));
    options_finish(&o);
    return rc < 0;
}
