#include <stdlib.h>

#include "fs/mail_priv.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/log.h"

#define SAVE_AFTER_MS 1000 /* sizes wait so long for more */
#define COST_MIN_US   5    /* no item is cheaper */
#define SIZES_MAX     (1u << 30)

/* How many items can be sized in so many milliseconds. */
static size_t size_budget(const struct mail_store *s, unsigned ms)
{
    unsigned cost = __atomic_load_n(&s->cost_us, __ATOMIC_RELAXED);
    size_t n = ms * 1000 / (cost < COST_MIN_US ? COST_MIN_US : cost);

    return n < 1 ? 1 : n > MAIL_BATCH_MAX ? MAIL_BATCH_MAX : n;
}

static void cost_learn(struct mail_store *s, uint64_t ms, size_t n)
{
    unsigned old = __atomic_load_n(&s->cost_us, __ATOMIC_RELAXED);
    uint64_t us = ms * 1000 / n;

    if (us > 1000000)
        us = 1000000;
    __atomic_store_n(&s->cost_us, (unsigned)((old * 3 + us) / 4),
                     __ATOMIC_RELAXED);
}

static int size_metas(struct mail *mail, struct mail_store *s,
                      enum reader_format format, const uint32_t *nids, size_t n,
                      struct reader_meta *metas, struct err *err)
{
    uint64_t start;
    int rc;

    mail_reader_enter(mail, s);
    start = time_mono_ms();
    rc = reader_metas(s->store->reader, format, nids, n, metas, err);
    if (rc == 0)
        cost_learn(s, time_mono_ms() - start, n);
    mail_reader_leave(mail, s);
    if (rc < 0)
        err_wrap(err, "%s", s->store->path);
    return rc < 0 ? mail_code(rc) : 0;
}

/* A listing of a file that is another one now must not be added to. */
static bool dir_stale(const struct mail_dir *dir)
{
    return dir->generation !=
           __atomic_load_n(&dir->of->generation, __ATOMIC_RELAXED);
}

/* dir->sizing is held. */
static int size_items(struct mail *mail, struct mail_dir *dir,
                      const size_t *items, size_t n, struct err *err)
{
    uint32_t nids[MAIL_BATCH_MAX] = {0};
    struct reader_meta metas[MAIL_BATCH_MAX];
    int rc;

    for (size_t k = 0; k < n; k++)
        nids[k] = nameset_nid(listing_names(dir->listing), items[k]);
    rc = size_metas(mail, mail_answers(dir->of, nids[0]), READER_FILE, nids, n,
                    metas, err);
    if (rc == 0 && dir_stale(dir)) /* these may be of the new one */
        rc = err_set(err, ESTALE, "%s has changed", dir->of->store->path);
    if (rc < 0)
        return rc;
    for (size_t k = 0; k < n; k++)
        listing_size(dir->listing, items[k], &metas[k]);
    pthread_mutex_lock(&mail->lock);
    if (dir->fresh == 0)
        dir->fresh_since_ms = time_mono_ms();
    dir->fresh += dir->cached && !dir->of->recovered ? n : 0;
    pthread_mutex_unlock(&mail->lock);
    return 0;
}

/* Up to max items without a size among the n from first, all of one reader:
 * those of libpff come last. */
static size_t pick_unsized(const struct listing *listing, size_t first,
                           size_t n, size_t *items_r, size_t max)
{
    const struct nameset *names = listing_names(listing);
    size_t count = listing_count(listing), picked = 0;

    for (size_t i = first; i < count && i - first < n && picked < max; i++) {
        if (listing_sized(listing, i))
            continue;
        if (picked && reader_is_libpff(nameset_nid(names, i)) !=
                          reader_is_libpff(nameset_nid(names, items_r[0])))
            break;
        items_r[picked++] = i;
    }
    return picked;
}

void mail_size(struct mail *mail, struct mail_dir *dir, size_t first, size_t n)
{
    size_t items[MAIL_BATCH_MAX], picked;
    struct err err = {0};

    if (dir_stale(dir) || mail_gate(mail, dir->of) < 0)
        return;
    pthread_mutex_lock(&dir->sizing);
    picked = pick_unsized(dir->listing, first, n, items,
                          size_budget(dir->of, MAIL_BATCH_MS));
    if (picked && size_items(mail, dir, items, picked, &err) < 0)
        log_debug("sizes: %s", err.msg);
    pthread_mutex_unlock(&dir->sizing);
}

/* dir->sizing is held. */
static int size_from(struct mail *mail, struct mail_dir *dir, size_t i,
                     size_t max, struct err *err)
{
    size_t items[MAIL_BATCH_MAX];
    size_t n = pick_unsized(dir->listing, i, max, items, max);
    int rc = n ? size_items(mail, dir, items, n, err) : 0;

    /* One bad item must not cost its neighbours theirs. */
    if (rc < 0 && rc != -ESTALE && n > 1)
        rc = size_items(mail, dir, items, 1, err);
    return rc;
}

int size_found(struct mail *mail, struct mail_dir *dir, size_t i,
               struct err *err)
{
    size_t last = __atomic_exchange_n(&dir->last_found, i, __ATOMIC_RELAXED);
    int rc = 0;

    if (listing_sized(dir->listing, i))
        return 0;
    if (dir_stale(dir))
        return err_set(err, ESTALE, "%s has changed", dir->of->store->path);
    if ((rc = mail_gate(mail, dir->of)) < 0)
        return rc;
    pthread_mutex_lock(&dir->sizing);
    if (!listing_sized(dir->listing, i))
        rc = size_from(mail, dir, i,
                       i == last + 1 ? size_budget(dir->of, MAIL_AHEAD_MS) : 1,
                       err);
    pthread_mutex_unlock(&dir->sizing);
    if (rc == 0 && !listing_sized(dir->listing, i))
        return err_set(err, EIO, "%s: no size of item %x", dir->of->store->path,
                       nameset_nid(listing_names(dir->listing), i));
    return rc;
}

int size_item(struct mail *mail, struct mail_store *s, uint32_t nid,
              enum reader_format format, struct listing_item *item_r,
              struct err *err)
{
    struct reader_meta meta = {0};
    int rc = mail_admit(mail, s, err);

    if (rc == 0)
        rc = mail_gate(mail, s);
    if (rc == 0)
        rc = size_metas(mail, s, format, &nid, 1, &meta, err);
    if (rc < 0)
        return rc;
    if (meta.error == ENOENT)
        return err_set(err, ENOENT, "%s: no item %x", s->store->path, nid);
    if (meta.error)
        *item_r = (struct listing_item){.size = 1, .bad = true};
    else
        *item_r = (struct listing_item){meta.size, meta.time, false};
    return 0;
}

void size_load(struct mail *mail, struct mail_dir *dir)
{
    cleanup_buf struct buf data = BUF(SIZES_MAX);
    struct err err = {0};
    int rc = dir->of->recovered
                 ? -ENOENT
                 : db_sizes_get(mail->fs->db, dir->of->store->id, dir->folder,
                                dir->stamp, reader_rendering(), &data, &err);

    if (rc == 0)
        listing_unpack(dir->listing, data.data, data.len);
    else if (rc != -ENOENT)
        log_warn("%s: sizes: %s", dir->of->store->path, err.msg);
}

static void dir_save(struct mail *mail, struct mail_dir *dir)
{
    cleanup_buf struct buf data = BUF(SIZES_MAX);
    struct err err = {0};
    int rc = listing_pack(dir->listing, &data);

    if (rc == 0)
        rc = db_sizes_put(mail->fs->db, dir->of->store->id, dir->folder,
                          dir->stamp, reader_rendering(), data.data, data.len,
                          &err);
    if (rc < 0)
        log_warn("%s: sizes: %s", dir->of->store->path, err.msg);
}

/* The next listing whose sizes are to be written, held; NULL none. */
static struct mail_dir *take_fresh(struct mail *mail, bool all)
{
    uint64_t now = time_mono_ms();
    struct mail_dir *dir;

    pthread_mutex_lock(&mail->lock);
    for (dir = mail->oldest; dir; dir = dir->newer)
        if (dir->fresh && (all || now - dir->fresh_since_ms >= SAVE_AFTER_MS))
            break;
    if (dir) {
        dir->refs++;
        dir->fresh = 0;
    }
    pthread_mutex_unlock(&mail->lock);
    return dir;
}

void size_save(struct mail *mail, bool all)
{
    struct mail_dir *dir;

    while ((dir = take_fresh(mail, all))) {
        dir_save(mail, dir);
        mail_close(mail, &dir);
    }
}
