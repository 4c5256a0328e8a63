/*
 * The second stage: every folder and every item into the ledger, as listed.
 * Run again after a crash it adds what is missing. A node that two rows show
 * is one item and counts once, in the first folder. A folder that counts more
 * items than it shows, or cannot be listed, is a failure of its own.
 */
#include <stdio.h>
#include <string.h>

#include "pipeline/stage/outline.h"
#include "pipeline/stage/run.h"

#define ADD_ITEMS 1000 /* in one transaction */
#define ADD_TEXT  (16u << 20)

#define STORE_NODE 0x21 /* no folder has this number */
#define NID_TYPES  32   /* values of the low five bits */

/* Nodes of one type that this run of the stage has listed: bit nid >> 5. */
struct seen {
    uint8_t *bits;
    size_t size;
};

/* Texts of a batch lie in one buffer that moves: places, not pointers. */
struct pending {
    size_t class, subject;
};

struct extract {
    struct run *run;
    struct err *err;
    struct outline outline;
    struct seen seen[NID_TYPES];
    struct seen kept[NID_TYPES]; /* listed in an earlier round */
    struct db_item items[ADD_ITEMS];
    struct pending places[ADD_ITEMS];
    size_t n;
    struct buf text;
    const struct outline_folder *folder;
    int64_t rows, known, twice, total; /* of the folder, of all */
};

static bool seen_has(const struct seen *all, uint32_t nid)
{
    const struct seen *seen = &all[nid % NID_TYPES];

    return nid >> 8 < seen->size &&
           (seen->bits[nid >> 8] & 1 << (nid >> 5 & 7));
}

/* True when the node was seen before; negative when memory runs out. */
static int seen_before(struct seen *all, uint32_t nid)
{
    struct seen *seen = &all[nid % NID_TYPES];
    size_t byte = nid >> 8, size = seen->size ? seen->size : 4096;
    uint8_t bit = (uint8_t)(1 << (nid >> 5 & 7)), *grown;
    bool before;

    if (byte >= seen->size) {
        while (byte >= size)
            size *= 2;
        grown = realloc(seen->bits, size);
        if (!grown)
            return -ENOMEM;
        memset(grown + seen->size, 0, size - seen->size);
        *seen = (struct seen){grown, size};
    }
    before = seen->bits[byte] & bit;
    seen->bits[byte] |= bit;
    return before;
}

static int batch_add(struct extract *x)
{
    int rc;

    if (x->n == 0)
        return 0;
    for (size_t i = 0; i < x->n; i++) {
        x->items[i].class = x->text.data + x->places[i].class;
        x->items[i].subject = x->text.data + x->places[i].subject;
    }
    rc = db_ledger_add(x->run->db, x->run->job.id, x->items, x->n, x->err);
    x->n = 0;
    buf_clear(&x->text);
    return rc;
}

static size_t text_keep(struct extract *x, const char *text)
{
    size_t at = x->text.len;

    buf_add(&x->text, text, strlen(text) + 1);
    return at;
}

static int entry_take(void *ctx, const struct reader_entry *entry)
{
    struct extract *x = ctx;
    int rc = run_halted(x->run);

    if (rc != 0)
        return rc;
    rc = seen_before(x->seen, entry->nid);
    if (rc != 0) {
        x->twice += rc > 0;
        return rc < 0 ? err_set(x->err, ENOMEM, "no memory") : 0;
    }
    if (seen_has(x->kept, entry->nid)) {
        x->known++;
        return 0;
    }
    x->rows++;
    x->items[x->n] = (struct db_item){
        .nid = entry->nid,
        .folder = x->folder->nid,
        .state = ITEM_LISTED,
        .time = entry->time,
        .size = entry->hint < INT64_MAX ? entry->hint : INT64_MAX,
        .hash = "",
        .remote = "",
        .reason = ""};
    x->places[x->n].class = text_keep(x, entry->class);
    x->places[x->n].subject = text_keep(x, entry->subject);
    if (x->text.error)
        return err_set(x->err, x->text.error, "texts of the listing");
    return ++x->n == ADD_ITEMS ? batch_add(x) : 0;
}

/* The row of the folder comes after its items: what it says was listed. */
static int folder_note(struct extract *x)
{
    cleanup_buf struct buf path = BUF(OUTLINE_PATH_MAX);
    struct db_folder row = {.nid = x->folder->nid, .listed = x->rows};

    if (outline_path(&x->outline, x->folder, &path) != 0)
        return err_set(x->err, path.error, "path of folder 0x%x",
                       x->folder->nid);
    row.path = buf_str(&path);
    return db_ledger_folder(x->run->db, x->run->job.id, &row, x->err);
}

/* What a folder should have and does not show is a failed row of the ledger,
 * under the folder's own number: so the job cannot be called done. */
static int folder_fail(struct extract *x, const char *reason)
{
    struct db_item item = {.nid = x->folder->nid,
                           .folder = x->folder->nid,
                           .state = ITEM_FAILED,
                           .class = "",
                           .subject = x->folder->name,
                           .hash = "",
                           .remote = "",
                           .reason = reason};

    run_event(x->run, "error", "folder %s: %s", x->folder->name, reason);
    x->rows++;
    return db_ledger_add(x->run->db, x->run->job.id, &item, 1, x->err);
}

static int folder_compare(struct extract *x)
{
    const struct outline_folder *f = x->folder;
    int64_t shown = x->rows + x->known + x->twice;
    char reason[DB_REASON_MAX];

    if (x->twice)
        run_event(x->run, "warning",
                  "folder %s: %lld rows show an item that another row has",
                  f->name, (long long)x->twice);
    if (f->items > shown) {
        snprintf(reason, sizeof(reason),
                 "the folder counts %lld items, %lld could be listed",
                 (long long)f->items, (long long)shown);
        return folder_fail(x, reason);
    }
    if (f->items >= 0 && f->items < shown)
        run_event(x->run, "warning",
                  "folder %s: counts %lld items, %lld are listed", f->name,
                  (long long)f->items, (long long)shown);
    return 0;
}

/* A folder that cannot be listed does not stop the others. */
static int folder_extract(struct extract *x,
                          const struct outline_folder *folder)
{
    struct err why = {0};
    int rc;

    x->folder = folder;
    x->rows = x->known = x->twice = 0;
    rc = reader_entries(x->run->reader, folder->nid, entry_take, x, x->err);
    if (rc == -EBADMSG || rc == -ENOENT) {
        why = *x->err;
        rc = 0;
    }
    if (rc == 0)
        rc = batch_add(x);
    if (rc == 0)
        rc = why.code ? folder_fail(x, why.msg) : folder_compare(x);
    if (rc != 0)
        return rc;
    x->total += x->rows;
    x->run->progress++;
    return x->rows || folder->in_subtree ? folder_note(x) : 0;
}

/* Where pages of the trees are lost nobody knows what they named: that is a
 * failed row too, under the number of the store's own node. */
static int store_compare(struct extract *x)
{
    char name[] = "the store";
    const struct outline_folder store = {.nid = STORE_NODE, .name = name};
    const struct db_folder row = {.nid = STORE_NODE, .path = "", .listed = 1};
    struct reader_info info;
    int rc = reader_info(x->run->reader, &info, x->err);

    if (rc != 0 || !info.incomplete)
        return rc;
    x->folder = &store;
    rc = folder_fail(x, "index pages of the store are lost: there may have "
                        "been folders and items that nothing names now");
    x->total++;
    return rc ? rc : db_ledger_folder(x->run->db, x->run->job.id, &row, x->err);
}

/* ---- another round, of a store that has changed ---- */

static int kept_take(void *ctx, const struct db_item *item,
                     const char *folder_path)
{
    struct extract *x = ctx;
    int rc = 0;

    if (item->round < x->run->job.round)
        rc = seen_before(x->kept, item->nid);
    return rc < 0 ? err_set(x->err, ENOMEM, "no memory") : 0;
}

static int kept_load(struct extract *x)
{
    if (!x->run->job.round)
        return 0;
    return db_ledger_each(x->run->db, x->run->job.id, -1, kept_take, x, x->err);
}

/* What was listed before, was not sent and is not there any more. */
static int gone_take(void *ctx, const struct db_item *item,
                     const char *folder_path)
{
    struct extract *x = ctx;
    struct db_item gone = *item;

    if (seen_has(x->seen, item->nid) || item->nid == item->folder)
        return 0;
    gone.state = ITEM_FAILED;
    gone.reason = "no longer in the store, which changed before it was sent";
    return db_ledger_mark(x->run->db, x->run->job.id, &gone, 1, x->err);
}

static int gone_fail(struct extract *x)
{
    if (!x->run->job.round)
        return 0;
    return db_ledger_each(x->run->db, x->run->job.id, ITEM_LISTED, gone_take, x,
                          x->err);
}

static int folders_extract(struct extract *x)
{
    int rc = kept_load(x);

    for (size_t i = 0; rc == 0 && i < x->outline.n; i++)
        if (!x->outline.list[i].is_search)
            rc = folder_extract(x, &x->outline.list[i]);
    if (rc == 0)
        rc = store_compare(x);
    if (rc == 0)
        rc = gone_fail(x);
    if (rc == 0)
        rc = db_job_extracted(x->run->db, x->run->job.id, x->err);
    if (rc == 0)
        run_event(x->run, "info", "%lld items in %zu folders",
                  (long long)x->total, x->outline.n);
    return rc;
}

static void extract_free(struct extract **x)
{
    if (!*x)
        return;
    outline_free(&(*x)->outline);
    buf_finish(&(*x)->text);
    for (int i = 0; i < NID_TYPES; i++)
        free((*x)->seen[i].bits), free((*x)->kept[i].bits);
    free(*x);
    *x = NULL;
}

int stage_extract(struct run *run, struct err *err)
{
    cleanup_with(extract_free) struct extract *x = NULL;
    struct err local = {0};
    int rc;

    if (run->job.extracted)
        return 0;
    x = calloc(1, sizeof(*x));
    if (!x)
        return err_set(err, ENOMEM, "no memory");
    x->run = run;
    x->err = err ? err : &local;
    x->text.max = ADD_TEXT;
    rc = outline_load(run->reader, &x->outline, x->err);
    if (rc == 0)
        rc = folders_extract(x);
    if (rc == 0)
        run->job.extracted = true;
    run_notes(run);
    return rc;
}
