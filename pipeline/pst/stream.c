#include <string.h>

#include "pipeline/pst/bytes.h"
#include "pipeline/pst/disk.h"

#define XBLOCK_HEADER 8u

/* A data tree (section 7): one data block, or an XBLOCK of data blocks, or an
 * XXBLOCK of XBLOCKs; or plain memory. */
struct pst_stream {
    struct pst *pst; /* NULL for plain memory */
    uint64_t size;
    uint32_t full;       /* bytes of each data block but the last */
    unsigned level;      /* 0: top is the data itself */
    struct chunk *top;   /* data, XBLOCK or XXBLOCK */
    struct chunk *child; /* the XBLOCK used last, under an XXBLOCK */
    uint32_t child_index;
    /* Under an XXBLOCK: starts[i] is the number of the first data block of
     * child i, known for i <= known. */
    uint32_t *starts;
    uint32_t known;
    struct damage *sink; /* who reads it */
    bool strict;         /* no damaged block is good enough */
    uint32_t next;       /* data block that a reader in order wants next */
    uint32_t window;     /* blocks fetched at once */
    uint32_t asked;      /* blocks before this one the system was told of */
};

static unsigned entry_count(const struct chunk *x)
{
    return get16(x->data + 2);
}

static uint64_t entry_at(const struct pst_stream *s, const struct chunk *x,
                         unsigned i)
{
    unsigned width = s->pst->layout->width;

    return get_wide(x->data + XBLOCK_HEADER + (size_t)i * width, width);
}

static int xblock_check(const struct pst_stream *s, const struct chunk *x,
                        unsigned level, struct err *err)
{
    if (x->len < XBLOCK_HEADER || x->data[0] != 1 || x->data[1] != level ||
        entry_count(x) == 0 ||
        XBLOCK_HEADER + entry_count(x) * s->pst->layout->width > x->len)
        return err_set(err, EBADMSG, "block %#llx is no list of blocks",
                       (unsigned long long)x->key);
    return 0;
}

/* No sound stream is larger than what the file can hold: that bounds what a
 * list may claim by naming the same blocks again and again. */
static int size_check(const struct pst_stream *s, uint64_t size,
                      struct err *err)
{
    uint64_t most = s->pst->info.file_size;

    if (s->pst->layout->format == PST_UNICODE_4K)
        most *= PST_INFLATE_FACTOR;
    if (size > most)
        return err_set(err, EBADMSG,
                       "a value of %llu bytes in a file that cannot hold it",
                       (unsigned long long)size);
    return 0;
}

/* What the list of a level 1 tree can hold, against what it claims. */
static void size_trim(struct pst_stream *s)
{
    uint64_t most = (uint64_t)entry_count(s->top) * s->full;

    if (s->level != 1 || (s->size <= most && s->size + s->full > most))
        return;
    pst_note(s->pst, "block %#llx: its %u blocks do not make up %llu bytes",
             (unsigned long long)s->top->key, entry_count(s->top),
             (unsigned long long)s->size);
    if (s->size > most)
        s->size = most;
}

static int top_open(struct pst_stream *s, struct err *err)
{
    const struct chunk *top = s->top;
    int rc;

    if (!(top->key & BID_INTERNAL)) {
        s->size = top->len;
        return 0;
    }
    s->level = top->len >= XBLOCK_HEADER ? top->data[1] : 0;
    if (s->level < 1 || s->level > PST_STREAM_LEVELS)
        return err_set(err, EBADMSG, "block %#llx is no list of blocks",
                       (unsigned long long)top->key);
    rc = xblock_check(s, top, s->level, err);
    if (rc < 0)
        return rc;
    s->size = get32(top->data + 4);
    size_trim(s);
    if (s->level == 2) {
        s->starts = calloc(entry_count(top) + 1u, sizeof(*s->starts));
        if (!s->starts)
            return err_sys(err, ENOMEM, "stream");
    }
    return size_check(s, s->size, err);
}

int stream_open(struct pst *pst, uint64_t bid, struct pst_stream **stream_r,
                struct err *err)
{
    struct pst_stream *s;
    int rc;

    if (bid_clean(bid) == 0)
        return err_set(err, ENOENT, "no data");
    s = calloc(1, sizeof(*s));
    if (!s)
        return err_sys(err, ENOMEM, "stream");
    s->pst = pst;
    s->sink = pst->sink;
    s->full = pst->layout->block_full;
    s->window = 1;
    rc = block_read(pst, bid, &s->top, err);
    if (rc == 0)
        rc = top_open(s, err);
    if (rc < 0)
        pst_stream_free(&s);
    *stream_r = s;
    return rc;
}

int stream_memory(const void *data, size_t len, struct pst_stream **stream_r,
                  struct err *err)
{
    struct pst_stream *s = calloc(1, sizeof(*s));

    *stream_r = NULL;
    if (s)
        s->top = chunk_new(len);
    if (!s || !s->top) {
        free(s);
        return err_sys(err, ENOMEM, "stream");
    }
    if (len)
        memcpy(s->top->data, data, len);
    s->size = len;
    *stream_r = s;
    return 0;
}

void pst_stream_free(struct pst_stream **stream)
{
    struct pst_stream *s = *stream;

    if (!s)
        return;
    chunk_unref(&s->top);
    chunk_unref(&s->child);
    free(s->starts);
    free(s);
    *stream = NULL;
}

uint64_t pst_stream_size(const struct pst_stream *s)
{
    return s->size;
}

struct damage *stream_sink(const struct pst_stream *s)
{
    return s->sink;
}

void pst_stream_strict(struct pst_stream *s)
{
    s->strict = true;
}

/* block_read on behalf of the one who opened the stream. */
static int sink_read(struct pst_stream *s, uint64_t bid, struct chunk **chunk_r,
                     struct err *err)
{
    struct damage *before = damage_enter(s->pst, s->sink);
    int rc = block_read(s->pst, bid, chunk_r, err);

    damage_leave(s->pst, before);
    return rc;
}

static int child_open(struct pst_stream *s, uint32_t i, struct err *err)
{
    int rc;

    if (s->child && s->child_index == i)
        return 0;
    chunk_unref(&s->child);
    rc = sink_read(s, entry_at(s, s->top, i), &s->child, err);
    if (rc == 0)
        rc = xblock_check(s, s->child, 1, err);
    if (rc < 0) {
        chunk_unref(&s->child);
        return rc;
    }
    s->child_index = i;
    return 0;
}

/* Learns starts[] up to the child that has data block k. */
static int starts_learn(struct pst_stream *s, uint32_t k, struct err *err)
{
    while (s->known < entry_count(s->top) && s->starts[s->known] <= k) {
        int rc = child_open(s, s->known, err);
        if (rc < 0)
            return rc;
        s->starts[s->known + 1] = s->starts[s->known] + entry_count(s->child);
        s->known++;
    }
    return 0;
}

/* The list that names data block k, and its place in it. */
static int list_find(struct pst_stream *s, uint32_t k, struct chunk **list_r,
                     uint32_t *place_r, struct err *err)
{
    uint32_t low = 0, high;
    int rc;

    *list_r = s->top;
    *place_r = k;
    if (s->level < 2)
        return 0;
    rc = starts_learn(s, k, err);
    if (rc < 0)
        return rc;
    high = s->known;
    while (low + 1 < high) {
        uint32_t middle = (low + high) / 2;
        if (s->starts[middle] <= k)
            low = middle;
        else
            high = middle;
    }
    rc = child_open(s, low, err);
    *list_r = s->child;
    *place_r = k - s->starts[low];
    return rc;
}

int stream_block_count(struct pst_stream *s, uint32_t *count_r, struct err *err)
{
    int rc = 0;

    *count_r = 1;
    if (s->level == 1)
        *count_r = entry_count(s->top);
    if (s->level == 2) {
        rc = starts_learn(s, UINT32_MAX, err);
        *count_r = s->starts[s->known];
    }
    if (rc == 0 && s->level > 0)
        rc = size_check(s, (uint64_t)(*count_r - 1) * s->full, err);
    return rc;
}

static int block_absent(uint32_t k, struct err *err)
{
    return err_set(err, EBADMSG, "a value has no block %u", k);
}

int stream_block_id(struct pst_stream *s, uint32_t k, uint64_t *bid_r,
                    struct err *err)
{
    struct chunk *list;
    uint32_t place;
    int rc;

    if (s->level == 0) {
        *bid_r = s->top->key;
        return k == 0 ? 0 : block_absent(k, err);
    }
    rc = list_find(s, k, &list, &place, err);
    if (rc < 0)
        return rc;
    if (place >= entry_count(list))
        return block_absent(k, err);
    *bid_r = entry_at(s, list, place);
    return *bid_r & BID_INTERNAL ? block_absent(k, err) : 0;
}

/* Up to max block ids of a list from place on. */
static unsigned ids_from(const struct pst_stream *s, const struct chunk *list,
                         uint32_t place, unsigned max, uint64_t *bids)
{
    unsigned n = 0, count = entry_count(list);

    for (; n < max && place + n < count; n++)
        bids[n] = entry_at(s, list, place + n);
    return n;
}

/* Fetches the window that begins with block k of the stream, the place-th of
 * its list, and has the next one read meanwhile. The window doubles while
 * blocks are asked for in order. */
static void read_ahead(struct pst_stream *s, uint32_t k,
                       const struct chunk *list, uint32_t place)
{
    uint64_t bids[PST_RUN_AHEAD];
    uint32_t from;
    unsigned n;

    if (k != s->next)
        s->window = 1;
    else if (s->window < PST_RUN_AHEAD &&
             2 * s->window * s->full <= PST_AHEAD_BYTES)
        s->window *= 2;
    if (s->window == 1)
        return;
    from = s->asked > k ? s->asked - k : 0;
    if (from > 2 * PST_RUN_AHEAD) /* that was elsewhere in the stream */
        from = 0;
    if (from < s->window * 2) {
        n = ids_from(s, list, place + from, PST_RUN_AHEAD, bids);
        blocks_will_need(s->pst, bids, n);
        s->asked = k + from + n;
    }
    n = ids_from(s, list, place, s->window, bids);
    blocks_fetch(s->pst, bids, n);
}

int stream_block(struct pst_stream *s, uint32_t k, struct chunk **chunk_r,
                 struct err *err)
{
    struct chunk *list;
    uint32_t place;
    uint64_t bid;
    int rc;

    if (s->level == 0 && k == 0) {
        *chunk_r = chunk_ref(s->top);
        return 0;
    }
    rc = stream_block_id(s, k, &bid, err);
    if (rc < 0)
        return rc;
    *chunk_r = cache_find(&s->pst->blocks, bid_clean(bid));
    if (!*chunk_r && list_find(s, k, &list, &place, NULL) == 0)
        read_ahead(s, k, list, place);
    s->next = k + 1;
    if (!*chunk_r)
        return sink_read(s, bid, chunk_r, err);
    damage_note(s->pst, s->sink, *chunk_r);
    return 0;
}

/* Copies from data block k; all blocks but the last must be full, else the
 * place of every later byte is unknown. */
static ssize_t copy_block(struct pst_stream *s, uint32_t k, uint32_t from,
                          uint8_t *to, size_t len, struct err *err)
{
    uint64_t begin = (uint64_t)k * s->full;
    uint64_t left = s->size - begin;
    uint32_t want = left < s->full ? (uint32_t)left : s->full;
    struct chunk *c = NULL;
    int rc = stream_block(s, k, &c, err);

    if (rc < 0)
        return rc;
    if (c->damaged && s->strict) {
        rc = err_set(err, EBADMSG, "block %#llx is damaged",
                     (unsigned long long)c->key);
        chunk_unref(&c);
        return rc;
    }
    if (c->len != want) {
        rc = err_set(err, EBADMSG, "block %#llx has %u bytes, not %u",
                     (unsigned long long)c->key, c->len, want);
        chunk_unref(&c);
        return rc;
    }
    if (len > want - from)
        len = want - from;
    memcpy(to, c->data + from, len);
    chunk_unref(&c);
    return (ssize_t)len;
}

ssize_t pst_stream_read(struct pst_stream *s, uint64_t off, void *buf,
                        size_t len, struct err *err)
{
    size_t done = 0;

    if (off >= s->size)
        return 0;
    if (len > s->size - off)
        len = (size_t)(s->size - off);
    if (s->level == 0) {
        memcpy(buf, s->top->data + off, len);
        return (ssize_t)len;
    }
    while (done < len) {
        uint64_t at = off + done;
        ssize_t n =
            copy_block(s, (uint32_t)(at / s->full), (uint32_t)(at % s->full),
                       (uint8_t *)buf + done, len - done, err);
        if (n < 0)
            return n;
        done += (size_t)n;
    }
    return (ssize_t)done;
}
