/* What changes the ledger; what reads it is in ledger_read.c. */
#include "pipeline/db/ledger.h"

#include <string.h>

#include "pipeline/db/handle.h"

/* Changes of the counters, gathered over a transaction. */
struct tally {
    int64_t items[ITEM_STATES], bytes[ITEM_STATES];
};

static void tally_move(struct tally *t, enum item_state state, int sign,
                       int64_t bytes)
{
    t->items[state] += sign;
    t->bytes[state] += sign * bytes;
}

static int tally_add(struct driver *driver, int64_t job, int state,
                     int64_t items, int64_t bytes, struct err *err)
{
    struct query *query;
    int rc = driver_query(
        driver,
        "INSERT INTO tally (job, state, items, bytes)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT (job, state) DO UPDATE"
        " SET items = tally.items + excluded.items,"
        " bytes = tally.bytes + excluded.bytes",
        &query, err);

    if (rc)
        return rc;
    query_int(query, 1, job);
    query_int(query, 2, state);
    query_int(query, 3, items);
    query_int(query, 4, bytes);
    return query_run(query, err);
}

static int tally_save(struct driver *driver, int64_t job, const struct tally *t,
                      struct err *err)
{
    int rc = 0;

    for (int i = 0; i < ITEM_STATES && !rc; i++)
        if (t->items[i] || t->bytes[i])
            rc = tally_add(driver, job, i, t->items[i], t->bytes[i], err);
    return rc;
}

static int ledger_check_job(struct driver *driver, int64_t job, struct err *err)
{
    struct query *query;
    int64_t n;
    int rc = driver_query(driver, "SELECT count(*) FROM job WHERE id = $1",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, job);
    rc = db_ask_int(query, &n, err);
    if (!rc && n == 0)
        return err_set(err, ENOENT, "no job %lld", (long long)job);
    return rc;
}

/* ---- folders ---- */

static int ledger_put_folder(struct driver *driver, int64_t job,
                             const struct db_folder *f, struct err *err)
{
    struct query *query;
    int rc = ledger_check_job(driver, job, err);

    if (!rc)
        rc = driver_query(
            driver,
            "INSERT INTO folder (job, nid, path, listed)"
            " VALUES ($1, $2, $3, $4) ON CONFLICT (job, nid) DO UPDATE"
            /* Where items are already, those that follow go too. */
            " SET path = CASE WHEN folder.kept = 0 THEN excluded.path"
            " ELSE folder.path END,"
            " listed = excluded.listed + folder.kept",
            &query, err);
    if (rc)
        return rc;
    query_int(query, 1, job);
    query_int(query, 2, f->nid);
    query_text(query, 3, f->path);
    query_int(query, 4, f->listed);
    return query_run(query, err);
}

int db_ledger_folder(struct db *db, int64_t job, const struct db_folder *f,
                     struct err *err)
{
    int rc = db_begin_write(db, err);

    return rc ? rc : db_end(db, ledger_put_folder(db->main, job, f, err), err);
}

/* ---- items ---- */

static int ledger_check_items(const struct db_item *items, size_t n,
                              struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct db_item *it = &items[i];
        if ((unsigned)it->state >= ITEM_STATES)
            return err_set(err, EINVAL, "item 0x%x: no state %d", it->nid,
                           (int)it->state);
        if (it->size > INT64_MAX)
            return err_set(err, EINVAL, "item 0x%x: bad size", it->nid);
        /* A cut one would be another one's id. */
        if (it->remote && strlen(it->remote) > DB_REMOTE_MAX)
            return err_set(err, EINVAL, "item 0x%x: remote id too long",
                           it->nid);
    }
    return 0;
}

static int ledger_insert(struct driver *driver, int64_t job,
                         const struct db_item *it, struct tally *t,
                         struct err *err)
{
    struct query *query;
    int rc = driver_query(
        driver,
        "INSERT INTO item (job, nid, folder, state, time, size, class,"
        " subject, hash, remote, reason, defects, round)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
        " (SELECT round FROM job WHERE id = $1))"
        " ON CONFLICT DO NOTHING",
        &query, err);

    if (rc)
        return rc;
    query_int(query, 1, job);
    query_int(query, 2, it->nid);
    query_int(query, 3, it->folder);
    query_int(query, 4, it->state);
    query_int(query, 5, it->time);
    query_int(query, 6, (int64_t)it->size);
    query_text_cut(query, 7, it->class, DB_CLASS_MAX);
    query_text_cut(query, 8, it->subject, DB_SUBJECT_MAX);
    query_text(query, 9, it->hash);
    query_text(query, 10, it->remote);
    query_text_cut(query, 11, it->reason, DB_REASON_MAX);
    query_text_cut(query, 12, it->defects, DB_DEFECTS_MAX);
    rc = query_run(query, err);
    if (!rc && driver_rows(driver) > 0)
        tally_move(t, it->state, 1, (int64_t)it->size);
    return rc;
}

/* Takes the row out of its state's counters, and tells where it is. */
static int ledger_uncount(struct driver *driver, int64_t job, uint32_t nid,
                          int64_t *folder_r, struct tally *t, struct err *err)
{
    cleanup_query struct query *query = NULL;
    int rc = driver_query(driver,
                          "SELECT state, size, folder FROM item" BY_NID
                          " WHERE job = $1 AND nid = $2",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, job);
    query_int(query, 2, nid);
    rc = query_step(query, err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ENOENT,
                       "item 0x%x is not in the ledger of job %lld", nid,
                       (long long)job);
    tally_move(t, (enum item_state)query_get_int(query, 0), -1,
               query_get_int(query, 1));
    *folder_r = query_get_int(query, 2);
    return 0;
}

static int ledger_update(struct driver *driver, int64_t job,
                         const struct db_item *it, struct tally *t,
                         struct err *err)
{
    struct query *query;
    int64_t folder = 0;
    int rc = ledger_uncount(driver, job, it->nid, &folder, t, err);

    if (!rc)
        rc = driver_query(driver,
                          "UPDATE item SET state = $1, size = $2, hash = $3,"
                          " remote = $4, reason = $5, defects = $6"
                          " WHERE job = $7 AND folder = $8 AND nid = $9",
                          &query, err);
    if (rc)
        return rc;
    query_int(query, 1, it->state);
    query_int(query, 2, (int64_t)it->size);
    query_text(query, 3, it->hash);
    query_text(query, 4, it->remote);
    query_text_cut(query, 5, it->reason, DB_REASON_MAX);
    query_text_cut(query, 6, it->defects, DB_DEFECTS_MAX);
    query_int(query, 7, job);
    query_int(query, 8, folder);
    query_int(query, 9, it->nid);
    tally_move(t, it->state, 1, (int64_t)it->size);
    return query_run(query, err);
}

typedef int ledger_step_fn(struct driver *driver, int64_t job,
                           const struct db_item *it, struct tally *t,
                           struct err *err);

static int ledger_batch(struct db *db, int64_t job, const struct db_item *items,
                        size_t n, ledger_step_fn *step, struct err *err)
{
    struct tally t = {0};
    int rc = ledger_check_items(items, n, err);

    if (rc || n == 0)
        return rc;
    rc = db_begin_write(db, err);
    if (rc)
        return rc;
    rc = ledger_check_job(db->main, job, err);
    for (size_t i = 0; i < n && !rc; i++)
        rc = step(db->main, job, &items[i], &t, err);
    if (!rc)
        rc = tally_save(db->main, job, &t, err);
    return db_end(db, rc, err);
}

int db_ledger_add(struct db *db, int64_t job, const struct db_item *items,
                  size_t n, struct err *err)
{
    return ledger_batch(db, job, items, n, ledger_insert, err);
}

int db_ledger_mark(struct db *db, int64_t job, const struct db_item *items,
                   size_t n, struct err *err)
{
    return ledger_batch(db, job, items, n, ledger_update, err);
}

/* ---- again ---- */

static int ledger_relist_folder(struct driver *driver, int64_t job,
                                int64_t folder, struct err *err)
{
    struct query *query;
    int rc =
        driver_query(driver,
                     "UPDATE item" BY_STATE
                     " SET state = $1, hash = '', remote = '', reason = '',"
                     " defects = ''"
                     " WHERE job = $2 AND folder = $3 AND state = $4",
                     &query, err);

    if (rc)
        return rc;
    query_int(query, 1, ITEM_LISTED);
    query_int(query, 2, job);
    query_int(query, 3, folder);
    query_int(query, 4, ITEM_FAILED);
    return query_run(query, err);
}

/* All that is counted as failed is counted as listed now. */
static int tally_relist(struct driver *driver, int64_t job, struct err *err)
{
    cleanup_query struct query *query = NULL;
    struct tally t = {0};
    int rc = driver_query(driver,
                          "SELECT items, bytes FROM tally"
                          " WHERE job = $1 AND state = $2",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, job);
    query_int(query, 2, ITEM_FAILED);
    rc = query_step(query, err);
    if (rc <= 0)
        return rc;
    t.items[ITEM_LISTED] = query_get_int(query, 0);
    t.bytes[ITEM_LISTED] = query_get_int(query, 1);
    t.items[ITEM_FAILED] = -t.items[ITEM_LISTED];
    t.bytes[ITEM_FAILED] = -t.bytes[ITEM_LISTED];
    query_end(query);
    return tally_save(driver, job, &t, err);
}

int ledger_relist_failed(struct driver *driver, int64_t job, struct err *err)
{
    int64_t folder = -1;
    int rc;

    while ((rc = ledger_folder_after(driver, job, folder, &folder, err)) > 0) {
        rc = ledger_relist_folder(driver, job, folder, err);
        if (rc)
            return rc;
    }
    return rc ? rc : tally_relist(driver, job, err);
}

/* ---- another round ---- */

int ledger_stamp(struct driver *driver, int64_t job, uint64_t stamp,
                 struct err *err)
{
    struct query *query;
    int rc = driver_query(driver, "UPDATE job SET stamp = $1 WHERE id = $2",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, (int64_t)stamp);
    query_int(query, 2, job);
    rc = query_run(query, err);
    if (!rc && driver_rows(driver) == 0)
        rc = err_set(err, ENOENT, "no job %lld", (long long)job);
    return rc;
}

int db_job_stamp(struct db *db, int64_t id, uint64_t stamp, struct err *err)
{
    int rc = db_begin_write(db, err);

    return rc ? rc : db_end(db, ledger_stamp(db->main, id, stamp, err), err);
}

/* One statement about a job. */
static int job_run(struct driver *driver, const char *sql, int64_t job,
                   struct err *err)
{
    struct query *query;
    int rc = driver_query(driver, sql, &query, err);

    if (rc)
        return rc;
    query_int(query, 1, job);
    return query_run(query, err);
}

static int ledger_round(struct driver *driver, int64_t job, struct err *err)
{
    /* The counters first: they need the rows that go. */
    static const char *const steps[] = {
        "UPDATE tally SET items = items - (SELECT count(*) FROM item"
        " WHERE item.job = $1 AND item.nid = item.folder"
        " AND item.state = tally.state),"
        " bytes = bytes - (SELECT coalesce(sum(size), 0) FROM item"
        " WHERE item.job = $1 AND item.nid = item.folder"
        " AND item.state = tally.state) WHERE job = $1",
        "DELETE FROM item WHERE job = $1 AND nid = folder",
        "UPDATE folder SET kept = (SELECT count(*) FROM item"
        " WHERE item.job = $1 AND item.folder = folder.nid) WHERE job = $1",
        "UPDATE folder SET listed = kept WHERE job = $1",
        "UPDATE job SET extracted = 0, stamp = 0, round = round + 1"
        " WHERE id = $1",
    };
    int rc = ledger_check_job(driver, job, err);

    for (size_t i = 0; i < array_len(steps) && !rc; i++)
        rc = job_run(driver, steps[i], job, err);
    return rc;
}

int db_job_relist(struct db *db, int64_t id, struct err *err)
{
    int rc = db_begin_write(db, err);

    return rc ? rc : db_end(db, ledger_round(db->main, id, err), err);
}
