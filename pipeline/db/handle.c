#include "pipeline/db/handle.h"

#include <string.h>

#include "pipeline/db/schema.h"

#define MAIN_CACHE_KIB  16384
#define SIDE_CACHE_KIB  2048
#define WATCH_CACHE_KIB 64

static int handle_connect(struct db *db, struct err *err)
{
    const struct schema_step *steps;
    size_t n;
    int rc;

    rc = driver_open(db->path, DRIVER_DURABLE, MAIN_CACHE_KIB, &db->main, err);
    if (rc)
        return rc;
    steps = schema_steps(&n);
    rc = schema_migrate(db->main, steps, n, err);
    if (rc)
        return rc;
    return driver_open(db->path, DRIVER_DURABLE, WATCH_CACHE_KIB, &db->watch,
                       err);
}

int db_open(const char *path, struct db **db_r, struct err *err)
{
    struct db *db = calloc(1, sizeof(*db));
    int rc;

    *db_r = NULL;
    if (!db)
        return err_set(err, ENOMEM, "no memory for the database");
    pthread_mutex_init(&db->lock, NULL);
    pthread_mutex_init(&db->side_lock, NULL);
    pthread_mutex_init(&db->watch_lock, NULL);
    db->path = strdup(path);
    rc = db->path ? handle_connect(db, err)
                  : err_set(err, ENOMEM, "no memory for the database");
    if (rc) {
        err_wrap(err, "%s", path);
        db_close(&db);
    }
    *db_r = db;
    return rc;
}

void db_close(struct db **db)
{
    struct db *d = *db;

    *db = NULL;
    if (!d)
        return;
    while (d->side_n)
        driver_close(&d->side[--d->side_n]);
    driver_close(&d->watch);
    driver_close(&d->main);
    pthread_mutex_destroy(&d->watch_lock);
    pthread_mutex_destroy(&d->side_lock);
    pthread_mutex_destroy(&d->lock);
    free(d->path);
    free(d);
}

int64_t db_version(struct db *db)
{
    int64_t value, version;

    pthread_mutex_lock(&db->watch_lock);
    if (driver_changed(db->watch, &value, NULL) == 0 && value != db->watched) {
        db->watched = value;
        db->version++;
    }
    version = db->version;
    pthread_mutex_unlock(&db->watch_lock);
    return version;
}

int db_begin_write(struct db *db, struct err *err)
{
    int rc;

    pthread_mutex_lock(&db->lock);
    rc = driver_begin_write(db->main, err);
    if (rc)
        pthread_mutex_unlock(&db->lock);
    return rc;
}

int db_begin_read(struct db *db, struct err *err)
{
    int rc;

    pthread_mutex_lock(&db->lock);
    rc = driver_begin_read(db->main, err);
    if (rc)
        pthread_mutex_unlock(&db->lock);
    return rc;
}

int db_end(struct db *db, int rc, struct err *err)
{
    if (rc)
        driver_rollback(db->main);
    else
        rc = driver_commit(db->main, err);
    pthread_mutex_unlock(&db->lock);
    return rc;
}

int db_side_take(struct db *db, struct driver **side_r, struct err *err)
{
    *side_r = NULL;
    pthread_mutex_lock(&db->side_lock);
    if (db->side_n)
        *side_r = db->side[--db->side_n];
    pthread_mutex_unlock(&db->side_lock);
    if (*side_r)
        return 0;
    return driver_open(db->path, DRIVER_LAZY, SIDE_CACHE_KIB, side_r, err);
}

void db_side_give(struct db *db, struct driver **side)
{
    pthread_mutex_lock(&db->side_lock);
    if (*side && db->side_n < DB_SIDE_KEEP)
        db->side[db->side_n++] = steal_ptr(*side);
    pthread_mutex_unlock(&db->side_lock);
    driver_close(side);
}

int db_ask_int(struct query *query, int64_t *value_r, struct err *err)
{
    int rc = query_step(query, err);

    *value_r = rc > 0 ? query_get_int(query, 0) : 0;
    query_end(query);
    return rc < 0 ? rc : 0;
}
