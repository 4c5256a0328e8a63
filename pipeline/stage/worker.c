#include "pipeline/stage/worker.h"

#include <fcntl.h>
#include <stdio.h>

#include "pipeline/base/io.h"
#include "pipeline/base/log.h"
#include "pipeline/stage/bad.h"
#include "pipeline/stage/input.h"
#include "pipeline/stage/run.h"

#define IDLE_MS 500
#define LOCK_MS 100

/* 1 locked, 0 told to end before, negative errno. */
static int slot_lock(const char *state_dir, int slot, int *fd_r,
                     struct err *err)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    cleanup_free char *path = NULL;
    cleanup_fd int fd = -1;

    if (asprintf(&path, "%s/worker.%d.lock", state_dir, slot) < 0) {
        path = NULL;
        return err_set(err, ENOMEM, "no memory");
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_sys(err, errno, "%s", path);
    while (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return err_sys(err, errno, "lock %s", path);
        if (input_wait(LOCK_MS))
            return 0;
    }
    *fd_r = steal_fd(&fd);
    return 1;
}

static int state_open(const char *state_dir, struct db **db_r, struct err *err)
{
    cleanup_free char *path = io_join(state_dir, WORKER_DB_NAME);

    if (!path)
        return err_set(err, ENOMEM, "no memory");
    return db_open(path, db_r, err);
}

static int worker_loop(struct db *db, const struct settings *settings, int slot,
                       struct err *err)
{
    bool ending = input_wait(0);

    while (!ending) {
        struct db_job job;
        int rc = db_job_claim(db, slot, &job, err);
        if (rc < 0)
            return rc;
        if (rc > 0)
            rc = run_job(db, settings, &job, &ending, err);
        else
            ending = input_wait(IDLE_MS);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int worker_run(const char *state_dir, const struct settings *settings, int slot,
               struct err *err)
{
    cleanup_fd int lock = -1;
    struct db *db = NULL;
    int rc;

    input_open();
    rc = slot_lock(state_dir, slot, &lock, err);
    if (rc <= 0)
        return rc;
    rc = state_open(state_dir, &db, err);
    if (rc == 0)
        bad_share(db);
    if (rc == 0)
        rc = db_job_release_slot(db, slot, err);
    if (rc == 0)
        rc = worker_loop(db, settings, slot, err);
    if (db)
        db_close(&db);
    return rc;
}
