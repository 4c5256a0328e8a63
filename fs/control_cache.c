#include "fs/control_priv.h"

#include <pthread.h>
#include <stdlib.h>

#include "pipeline/base/clock.h"
#include "pipeline/base/hash.h"

/* What is remembered of a (row, store): the last text's hash and time of
 * change, and the text itself while there is room. */
struct slot {
    const struct control_entry *entry; /* NULL: free */
    int64_t store, mtime;
    uint64_t hash, used;
    struct control_text *text;
};

static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot slots[CONTROL_CACHE_SLOTS];
static uint64_t cache_clock;
static size_t cache_bytes;

static void text_put_locked(struct control_text **text)
{
    struct control_text *t = *text;

    *text = NULL;
    if (t && --t->refs == 0) {
        free(t->data);
        free(t);
    }
}

void control_text_put(struct control_text **text)
{
    if (!*text)
        return;
    pthread_mutex_lock(&cache_lock);
    text_put_locked(text);
    pthread_mutex_unlock(&cache_lock);
}

int control_text_from(struct buf *b, struct control_text **text_r)
{
    struct control_text *t;

    if (b->error)
        return -b->error;
    t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->refs = 1;
    t->len = b->len;
    t->hash = hash_fnv(buf_str(b), b->len);
    t->built_ms = time_mono_ms();
    t->data = buf_steal(b);
    if (!t->data) {
        free(t);
        return -ENOMEM;
    }
    *text_r = t;
    return 0;
}

static struct slot *slot_find(const struct control_entry *entry, int64_t store)
{
    for (size_t i = 0; i < CONTROL_CACHE_SLOTS; i++)
        if (slots[i].entry == entry && slots[i].store == store)
            return &slots[i];
    return NULL;
}

static void slot_drop_text(struct slot *s)
{
    if (s->text)
        cache_bytes -= s->text->len;
    text_put_locked(&s->text);
}

/* A free slot, or the one not used for longest. */
static struct slot *slot_take(void)
{
    struct slot *oldest = &slots[0];

    for (size_t i = 0; i < CONTROL_CACHE_SLOTS; i++) {
        if (!slots[i].entry)
            return &slots[i];
        if (slots[i].used < oldest->used)
            oldest = &slots[i];
    }
    slot_drop_text(oldest);
    oldest->entry = NULL;
    return oldest;
}

/* Makes room for len more bytes of text. */
static void cache_shrink(size_t len)
{
    while (cache_bytes && cache_bytes + len > CONTROL_CACHE_BYTES) {
        struct slot *oldest = NULL;

        for (size_t i = 0; i < CONTROL_CACHE_SLOTS; i++)
            if (slots[i].text && (!oldest || slots[i].used < oldest->used))
                oldest = &slots[i];
        if (!oldest)
            return;
        slot_drop_text(oldest);
    }
}

static void slot_keep_text(struct slot *s, struct control_text *t)
{
    slot_drop_text(s);
    if (t->len > CONTROL_CACHE_BYTES)
        return;
    cache_shrink(t->len);
    t->refs++;
    s->text = t;
    cache_bytes += t->len;
}

/* Notes a text just built: its time of change follows from the last one. */
static void cache_note(const struct control_entry *entry, int64_t store,
                       struct control_text *t, int64_t first)
{
    struct slot *s;

    pthread_mutex_lock(&cache_lock);
    s = slot_find(entry, store);
    if (!s) {
        s = slot_take();
        *s = (struct slot){.entry = entry, .store = store, .mtime = first};
    } else if (s->hash != t->hash) {
        s->mtime = time_now();
    }
    s->hash = t->hash;
    s->used = ++cache_clock;
    t->mtime = s->mtime;
    if (entry->stamp)
        slot_keep_text(s, t);
    pthread_mutex_unlock(&cache_lock);
}

static bool text_is_good(const struct control_entry *entry,
                         const struct control_text *t, uint64_t stamp)
{
    if (t->stamp != stamp)
        return false;
    return !entry->keep_s ||
           time_mono_ms() - t->built_ms < (uint64_t)entry->keep_s * 1000;
}

static struct control_text *cache_get(const struct control_entry *entry,
                                      int64_t store, uint64_t stamp)
{
    struct control_text *t = NULL;
    struct slot *s;

    pthread_mutex_lock(&cache_lock);
    s = slot_find(entry, store);
    if (s && s->text && text_is_good(entry, s->text, stamp)) {
        s->used = ++cache_clock;
        t = s->text;
        t->refs++;
    }
    pthread_mutex_unlock(&cache_lock);
    return t;
}

void control_cache_finish(void)
{
    pthread_mutex_lock(&cache_lock);
    for (size_t i = 0; i < CONTROL_CACHE_SLOTS; i++) {
        slot_drop_text(&slots[i]);
        slots[i] = (struct slot){NULL};
    }
    pthread_mutex_unlock(&cache_lock);
}

static int text_build(struct fs *fs, const struct control_entry *entry,
                      int64_t store, struct control_text **text_r,
                      struct err *err)
{
    cleanup_buf struct buf out = BUF(CONTROL_TEXT_MAX);
    int r = 0;

    if (entry->row.show)
        r = entry->row.show(fs, store, &out, err);
    else
        buf_addf(&out, "%s\n", entry->row.help);
    if (r == 0)
        r = control_text_from(&out, text_r);
    if (r == -EFBIG)
        return err_set(err, EFBIG, "the text is longer than %u MiB",
                       CONTROL_TEXT_MAX >> 20);
    return r;
}

int control_text_get(struct fs *fs, const struct control_entry *entry,
                     int64_t store, struct control_text **text_r,
                     struct err *err)
{
    uint64_t stamp = 0;
    bool stamped = entry->stamp && entry->stamp(fs, store, &stamp) == 0;
    int r;

    /* The stamp is taken before the text: a change between the two costs
     * one build too many, never a stale text. */
    if (stamped && (*text_r = cache_get(entry, store, stamp)))
        return 0;
    r = text_build(fs, entry, store, text_r, err);
    if (r < 0)
        return r;
    (*text_r)->stamp = stamp;
    cache_note(entry, store, *text_r,
               entry->mtime ? entry->mtime(fs, store) : fs->mounted);
    return 0;
}

bool control_text_stale(struct fs *fs, const struct control_entry *entry,
                        int64_t store, const struct control_text *text)
{
    struct control_text *now = NULL;
    uint64_t stamp;
    bool stale;

    if (entry->stamp && entry->stamp(fs, store, &stamp) == 0) {
        if (stamp == text->stamp)
            return false;
        if (entry->exact)
            return true;
    }
    if (control_text_get(fs, entry, store, &now, NULL) < 0)
        return false;
    stale = now->hash != text->hash || now->len != text->len;
    control_text_put(&now);
    return stale;
}
