#include "fs/control_priv.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fs/catalog.h"
#include "pipeline/base/clock.h"

/*
 * A log is a fold over the events: each is appended, and when the text has
 * passed CONTROL_LOG_MAX its older half goes at once. So it only grows for
 * long stretches (tail -f), and being built anew gives the same text.
 */
struct log {
    bool used;
    int64_t store, last, time; /* last event's number and time */
    uint64_t clock;
    struct buf text;
};

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static struct log logs[CONTROL_LOG_SLOTS];
static uint64_t log_clock;

static void add_place(struct fs *fs, int64_t store, struct buf *out)
{
    const struct catalog_store *s = catalog_store(fs->catalog, store);

    if (s && s->shown)
        control_clean(out, s->shown, strlen(s->shown));
    else
        buf_addf(out, "store %" PRId64, store);
}

/* One line; the root's log says of which store. */
static void event_show(struct fs *fs, const struct log *l,
                       const struct db_event *e, struct buf *out)
{
    char when[TIME_TEXT_MAX];

    buf_addf(out, "%s %s ", time_rfc3339(e->time, when), e->level);
    if (l->store == 0 && e->store) {
        add_place(fs, e->store, out);
        buf_adds(out, ": ");
    }
    control_clean(out, e->text, strlen(e->text));
    buf_addc(out, '\n');
}

static void log_cut(struct buf *text)
{
    const char *cut;
    size_t left;

    if (text->len <= CONTROL_LOG_MAX)
        return;
    cut = memchr(text->data + text->len / 2, '\n', text->len / 2);
    cut = cut ? cut + 1 : text->data + text->len / 2;
    left = text->len - (size_t)(cut - text->data);
    memmove(text->data, cut, left + 1);
    text->len = left;
}

struct adding {
    struct fs *fs;
    struct log *log;
};

static int log_add(void *ctx, const struct db_event *e)
{
    const struct adding *adding = ctx;
    struct log *l = adding->log;
    size_t before = l->text.len;

    event_show(adding->fs, l, e, &l->text);
    if (l->text.error) /* no memory: tried again at the next look */
        l->text.len = before;
    if (l->text.error)
        return -l->text.error;
    log_cut(&l->text);
    l->last = e->id;
    l->time = e->time;
    return 0;
}

static struct log *log_take(int64_t store)
{
    struct log *l = NULL;

    for (size_t i = 0; i < CONTROL_LOG_SLOTS; i++)
        if (logs[i].used && logs[i].store == store)
            return &logs[i];
    for (size_t i = 0; i < CONTROL_LOG_SLOTS; i++)
        if (!l || !logs[i].used || (l->used && logs[i].clock < l->clock))
            l = &logs[i];
    buf_finish(&l->text);
    *l = (struct log){.used = true, .store = store};
    l->text.max = CONTROL_LOG_MAX * 2;
    return l;
}

/* Brings the log up to now; log_lock is held. */
static int log_update(struct fs *fs, int64_t store, struct log **log_r,
                      struct err *err)
{
    struct adding adding = {fs, log_take(store)};

    adding.log->clock = ++log_clock;
    adding.log->text.error = 0;
    *log_r = adding.log;
    return db_event_each(fs->db, store, adding.log->last, log_add, &adding,
                         err);
}

int control_show_log(struct fs *fs, int64_t store, struct buf *out,
                     struct err *err)
{
    struct log *l;
    int r;

    pthread_mutex_lock(&log_lock);
    r = log_update(fs, store, &l, err);
    if (r == 0)
        buf_add(out, buf_str(&l->text), l->text.len);
    pthread_mutex_unlock(&log_lock);
    return r < 0 ? r : -out->error;
}

int64_t control_log_mtime(struct fs *fs, int64_t store)
{
    int64_t t = 0;
    struct log *l;

    pthread_mutex_lock(&log_lock);
    if (log_update(fs, store, &l, NULL) == 0)
        t = l->time;
    pthread_mutex_unlock(&log_lock);
    return t ? t : fs->mounted;
}

void control_log_finish(void)
{
    pthread_mutex_lock(&log_lock);
    for (size_t i = 0; i < CONTROL_LOG_SLOTS; i++) {
        buf_finish(&logs[i].text);
        logs[i] = (struct log){false};
    }
    pthread_mutex_unlock(&log_lock);
}
