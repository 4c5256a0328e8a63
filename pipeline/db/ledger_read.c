/* What reads the ledger; what changes it is in ledger.c. */
#include "pipeline/db/ledger.h"

#include <string.h>

#include "pipeline/db/handle.h"

/* Texts of one db_ledger_next: a batch, not a ledger. */
#define NEXT_TEXT_MAX  (64u << 20)
#define NEXT_ITEMS_MAX 65536

static const char *const state_names[ITEM_STATES] = {
    [ITEM_LISTED] = "listed",       [ITEM_FILTERED] = "filtered",
    [ITEM_DUPLICATE] = "duplicate", [ITEM_SENDING] = "sending",
    [ITEM_INGESTED] = "ingested",   [ITEM_VERIFIED] = "verified",
    [ITEM_FAILED] = "failed",
};

const char *item_state_name(enum item_state state)
{
    return (unsigned)state < ITEM_STATES ? state_names[state] : "unknown";
}

/* ---- folders ---- */

static int ledger_each_folder(struct driver *side, int64_t job,
                              db_folder_fn *fn, void *ctx, struct err *err)
{
    cleanup_query struct query *query = NULL;
    struct db_folder f;
    int rc = driver_query(side,
                          "SELECT nid, path, listed FROM folder"
                          " WHERE job = $1 ORDER BY nid",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, job);
    while ((rc = query_step(query, err)) > 0) {
        f.nid = (uint32_t)query_get_int(query, 0);
        f.path = query_get_text(query, 1);
        f.listed = query_get_int(query, 2);
        rc = fn(ctx, &f);
        if (rc)
            break;
    }
    return rc;
}

int db_ledger_folders(struct db *db, int64_t job, db_folder_fn *fn, void *ctx,
                      struct err *err)
{
    struct driver *side;
    int rc = db_side_take(db, &side, err);

    if (rc)
        return rc;
    rc = ledger_each_folder(side, job, fn, ctx, err);
    db_side_give(db, &side);
    return rc;
}

int ledger_folder_after(struct driver *driver, int64_t job, int64_t after,
                        int64_t *folder_r, struct err *err)
{
    cleanup_query struct query *query = NULL;
    int rc = driver_query(driver,
                          "SELECT folder FROM item" BY_STATE " WHERE job = $1"
                          " AND folder > $2 ORDER BY folder LIMIT 1",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, job);
    query_int(query, 2, after);
    rc = query_step(query, err);
    if (rc > 0)
        *folder_r = query_get_int(query, 0);
    return rc;
}

/* The folder's path into out; "" when the ledger has no such folder. */
static int ledger_path(struct driver *driver, int64_t job, int64_t folder,
                       struct buf *out, struct err *err)
{
    cleanup_query struct query *query = NULL;
    int rc = driver_query(driver,
                          "SELECT path FROM folder WHERE job = $1 AND nid = $2",
                          &query, err);

    buf_clear(out);
    if (rc)
        return rc;
    query_int(query, 1, job);
    query_int(query, 2, folder);
    rc = query_step(query, err);
    if (rc > 0)
        buf_adds(out, query_get_text(query, 0));
    if (out->error)
        return err_set(err, out->error, "folder 0x%llx: path",
                       (unsigned long long)folder);
    return rc < 0 ? rc : 0;
}

/* ---- a batch ---- */

void ledger_read_item(struct query *query, struct db_item *item)
{
    item->nid = (uint32_t)query_get_int(query, 0);
    item->folder = (uint32_t)query_get_int(query, 1);
    item->state = (enum item_state)query_get_int(query, 2);
    item->time = query_get_int(query, 3);
    item->size = (uint64_t)query_get_int(query, 4);
    item->class = query_get_text(query, 5);
    item->subject = query_get_text(query, 6);
    item->hash = query_get_text(query, 7);
    item->remote = query_get_text(query, 8);
    item->reason = query_get_text(query, 9);
    item->defects = query_get_text(query, 10);
    item->round = (int)query_get_int(query, 11);
}

#define ITEM_TEXTS 6

static void item_texts(struct db_item *it, const char ***texts)
{
    texts[0] = &it->class;
    texts[1] = &it->subject;
    texts[2] = &it->hash;
    texts[3] = &it->remote;
    texts[4] = &it->reason;
    texts[5] = &it->defects;
}

/* Rows into items and their texts, one behind the other. */
static int next_collect(struct query *query, struct buf *items,
                        struct buf *texts, size_t *n_r, struct err *err)
{
    struct db_item it;
    const char **text[ITEM_TEXTS];
    int rc;

    item_texts(&it, text);
    while ((rc = query_step(query, err)) > 0) {
        ledger_read_item(query, &it);
        buf_add(items, &it, sizeof(it));
        for (int i = 0; i < ITEM_TEXTS; i++)
            buf_add(texts, *text[i], strlen(*text[i]) + 1);
        (*n_r)++;
    }
    if (!rc && (items->error || texts->error))
        rc = err_set(err, items->error ? items->error : texts->error,
                     "batch of items");
    return rc;
}

/* One block of both, the texts' addresses set. */
static int next_pack(const struct buf *items, const struct buf *texts, size_t n,
                     struct db_item **items_r, struct err *err)
{
    struct db_item *block = malloc(items->len + texts->len + 1);
    const char **text[ITEM_TEXTS];
    char *p;

    if (!block)
        return err_set(err, ENOMEM, "no memory for a batch of items");
    p = (char *)block + items->len;
    if (n) {
        memcpy(block, items->data, items->len);
        memcpy(p, texts->data, texts->len);
    }
    for (size_t i = 0; i < n; i++) {
        item_texts(&block[i], text);
        for (int k = 0; k < ITEM_TEXTS; k++) {
            *text[k] = p;
            p += strlen(p) + 1;
        }
    }
    *items_r = block;
    return 0;
}

static int next_query(struct query *query, struct db_item **items_r,
                      size_t *n_r, struct err *err)
{
    cleanup_buf struct buf items = BUF(NEXT_ITEMS_MAX * sizeof(struct db_item));
    cleanup_buf struct buf texts = BUF(NEXT_TEXT_MAX);
    size_t n = 0;
    int rc = next_collect(query, &items, &texts, &n, err);

    query_end(query);
    if (!rc)
        rc = next_pack(&items, &texts, n, items_r, err);
    if (!rc)
        *n_r = n;
    return rc;
}

int db_ledger_next(struct db *db, int64_t job, uint32_t folder,
                   enum item_state state, uint32_t after, size_t max,
                   struct db_item **items_r, size_t *n_r, struct err *err)
{
    struct query *query;
    int rc;

    *items_r = NULL;
    *n_r = 0;
    pthread_mutex_lock(&db->lock);
    rc = driver_query(
        db->main,
        "SELECT " LEDGER_COLS " FROM item" BY_STATE
        " WHERE job = $1 AND folder = $2 AND state = $3 AND nid > $4"
        " ORDER BY nid LIMIT $5",
        &query, err);
    if (!rc) {
        query_int(query, 1, job);
        query_int(query, 2, folder);
        query_int(query, 3, state);
        query_int(query, 4, after);
        query_int(query, 5, max < NEXT_ITEMS_MAX ? (int)max : NEXT_ITEMS_MAX);
        rc = next_query(query, items_r, n_r, err);
    }
    pthread_mutex_unlock(&db->lock);
    return rc;
}

/* ---- the listing ---- */

static const char each_any[] = "SELECT " LEDGER_COLS " FROM item"
                               " WHERE job = $1 AND folder = $2 ORDER BY nid";
static const char each_one[] = "SELECT " LEDGER_COLS " FROM item" BY_STATE
                               " WHERE job = $1 AND folder = $2"
                               " AND state = $3 ORDER BY nid";

struct each {
    struct driver *side;
    int64_t job;
    int state;
    db_item_fn *fn;
    void *ctx;
};

static int each_item(const struct each *e, int64_t folder, const char *path,
                     struct err *err)
{
    cleanup_query struct query *query = NULL;
    struct db_item it;
    int rc =
        driver_query(e->side, e->state < 0 ? each_any : each_one, &query, err);

    if (rc)
        return rc;
    query_int(query, 1, e->job);
    query_int(query, 2, folder);
    if (e->state >= 0)
        query_int(query, 3, e->state);
    while ((rc = query_step(query, err)) > 0) {
        ledger_read_item(query, &it);
        rc = e->fn(e->ctx, &it, path);
        if (rc)
            break;
    }
    return rc;
}

static int each_folder(const struct each *e, struct err *err)
{
    cleanup_buf struct buf path = BUF(NEXT_TEXT_MAX);
    int64_t folder = -1;
    int rc;

    while ((rc = ledger_folder_after(e->side, e->job, folder, &folder, err)) >
           0) {
        rc = ledger_path(e->side, e->job, folder, &path, err);
        if (!rc)
            rc = each_item(e, folder, buf_str(&path), err);
        if (rc)
            break;
    }
    return rc;
}

int db_ledger_each(struct db *db, int64_t job, int state, db_item_fn *fn,
                   void *ctx, struct err *err)
{
    struct each e = {.job = job, .state = state, .fn = fn, .ctx = ctx};
    int rc = db_side_take(db, &e.side, err);

    if (rc)
        return rc;
    rc = driver_begin_read(e.side, err);
    if (!rc) {
        rc = each_folder(&e, err);
        driver_rollback(e.side);
    }
    db_side_give(db, &e.side);
    return rc;
}

/* ---- one item ---- */

static int ledger_get(struct driver *side, int64_t job, uint32_t nid,
                      db_item_fn *fn, void *ctx, struct err *err)
{
    cleanup_query struct query *query = NULL;
    cleanup_buf struct buf path = BUF(NEXT_TEXT_MAX);
    struct db_item it;
    int rc = driver_query(side,
                          "SELECT " LEDGER_COLS " FROM item" BY_NID
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
        return err_set(err, ENOENT, "item 0x%x is not in the ledger", nid);
    ledger_read_item(query, &it);
    rc = ledger_path(side, job, it.folder, &path, err);
    return rc ? rc : fn(ctx, &it, buf_str(&path));
}

int db_ledger_get(struct db *db, int64_t job, uint32_t nid, db_item_fn *fn,
                  void *ctx, struct err *err)
{
    struct driver *side;
    int rc = db_side_take(db, &side, err);

    if (rc)
        return rc;
    rc = ledger_get(side, job, nid, fn, ctx, err);
    db_side_give(db, &side);
    return rc;
}

static int remote_known(struct driver *side, const char *target,
                        const char *remote, int64_t *known_r)
{
    struct query *query;
    int rc = driver_query(
        side,
        "SELECT 1 FROM job CROSS JOIN item"
        " WHERE item.job = job.id AND job.target = $1 AND item.remote = $2"
        " LIMIT 1",
        &query, NULL);

    if (rc)
        return rc;
    query_bytes(query, 1, target, strlen(target));
    query_text(query, 2, remote);
    return db_ask_int(query, known_r, NULL);
}

bool db_remote_known(struct db *db, const char *target, const char *remote)
{
    struct driver *side;
    int64_t known = 0;

    if (db_side_take(db, &side, NULL))
        return false;
    if (remote_known(side, target, remote, &known))
        known = 0;
    db_side_give(db, &side);
    return known != 0;
}

static int remote_of_item(struct driver *side, const char *target, uint32_t nid,
                          const char *remote, int64_t *known_r)
{
    struct query *query;
    int rc = driver_query(
        side,
        "SELECT 1 FROM job CROSS JOIN item" BY_NID
        " WHERE item.job = job.id AND job.target = $1 AND item.nid = $2"
        " AND item.remote = $3 LIMIT 1",
        &query, NULL);

    if (rc)
        return rc;
    query_bytes(query, 1, target, strlen(target));
    query_int(query, 2, nid);
    query_text(query, 3, remote);
    return db_ask_int(query, known_r, NULL);
}

bool db_item_remote_known(struct db *db, const char *target, uint32_t nid,
                          const char *remote)
{
    struct driver *side;
    int64_t known = 0;

    if (db_side_take(db, &side, NULL))
        return false;
    if (remote_of_item(side, target, nid, remote, &known))
        known = 0;
    db_side_give(db, &side);
    return known != 0;
}

/* ---- the counters ---- */

static int ledger_count(struct driver *side, int64_t job,
                        int64_t items_r[ITEM_STATES],
                        int64_t bytes_r[ITEM_STATES], struct err *err)
{
    struct query *query;
    int rc = driver_query(side,
                          "SELECT state, count(*), sum(size) FROM item"
                          " WHERE job = $1 GROUP BY state",
                          &query, err);

    memset(items_r, 0, ITEM_STATES * sizeof(*items_r));
    memset(bytes_r, 0, ITEM_STATES * sizeof(*bytes_r));
    if (rc)
        return rc;
    query_int(query, 1, job);
    while ((rc = query_step(query, err)) > 0) {
        int64_t state = query_get_int(query, 0);
        if (state < 0 || state >= ITEM_STATES)
            continue;
        items_r[state] = query_get_int(query, 1);
        bytes_r[state] = query_get_int(query, 2);
    }
    return rc;
}

int db_ledger_recount(struct db *db, int64_t job, int64_t items_r[ITEM_STATES],
                      int64_t bytes_r[ITEM_STATES], struct err *err)
{
    struct driver *side;
    int rc = db_side_take(db, &side, err);

    if (rc)
        return rc;
    rc = ledger_count(side, job, items_r, bytes_r, err);
    db_side_give(db, &side);
    return rc;
}
