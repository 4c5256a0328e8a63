#include "pipeline/pst/disk.h"

#include <string.h>

#include "pipeline/base/io.h"
#include "pipeline/pst/bytes.h"
#include "pipeline/pst/salvage.h"

uint32_t extent_total(const struct layout *l, const struct extent *e)
{
    uint32_t least = e->stored + l->block_trailer;

    return (least + l->block_align - 1) / l->block_align * l->block_align;
}

static int extent_check(const struct pst *pst, const struct extent *e,
                        struct err *err)
{
    uint32_t full = pst->layout->block_full;

    if (e->stored == 0 || e->stored > full || e->size == 0 || e->size > full)
        return err_set(err, EBADMSG, "block %#llx: impossible size",
                       (unsigned long long)e->bid);
    if (e->ib > pst->info.file_size || e->stored > pst->info.file_size - e->ib)
        return err_set(err, EBADMSG, "block %#llx lies beyond the file's end",
                       (unsigned long long)e->bid);
    return 0;
}

/* What the trailer says of a block. */
struct verdict {
    const char *words; /* NULL: all is right */
    bool damaged;      /* the bytes may be wrong */
    bool other;        /* they are not this block's at all */
};

/* A block counts as right when its checksum fits and either its id or all
 * else does; as another one when its id does not fit. */
static struct verdict trailer_judge(const struct layout *l,
                                    const struct extent *e, const uint8_t *data,
                                    size_t avail)
{
    uint32_t total = extent_total(l, e);
    const uint8_t *t = data + total - l->block_trailer;
    bool size, id, crc, signature;

    if (avail < total)
        return (struct verdict){"the file ends before its trailer", true,
                                false};
    size = get16(t) == e->stored;
    id = bid_clean(get_wide(t + l->block_bid_at, l->width)) == e->bid;
    crc = get32(t + l->block_crc_at) == crypt_crc(data, e->stored);
    signature = get16(t + 2) == crypt_signature(e->ib, e->bid);
    if (!id)
        return (struct verdict){"wrong id in its trailer", false,
                                !(crc && size && signature)};
    if (!crc)
        return (struct verdict){"wrong checksum", true, false};
    if (!size)
        return (struct verdict){"wrong size in its trailer", false, false};
    if (!signature)
        return (struct verdict){"wrong signature", false, false};
    return (struct verdict){NULL, false, false};
}

/* A zlib header that is visible was written last: inflate first. */
static bool looks_deflated(const uint8_t *data, uint32_t len)
{
    return len > 2 && (data[0] & 0x0F) == 8 &&
           (data[0] << 8 | data[1]) % 31 == 0;
}

static int inflate_extent(const struct extent *e, uint8_t *raw,
                          enum pst_crypt crypt, struct chunk *out)
{
    if (looks_deflated(raw, e->stored) &&
        inflate_block(raw, e->stored, out->data, e->size) == 0) {
        crypt_decode(crypt, e->bid, out->data, e->size);
        return 0;
    }
    crypt_decode(crypt, e->bid, raw, e->stored);
    return inflate_block(raw, e->stored, out->data, e->size);
}

/* Notes what is wrong; negative when the bytes cannot be used. */
static int verdict_note(struct pst *pst, const struct extent *e,
                        const struct verdict *v, struct err *err)
{
    if (!v->words)
        return 0;
    pst_note_at(pst, PST_NOTE_BLOCK, e->ib, "block %#llx at %#llx: %s",
                (unsigned long long)e->bid, (unsigned long long)e->ib,
                v->words);
    if (!v->other)
        return 0;
    return err_set(err, EBADMSG, "block %#llx at %#llx: another one is there",
                   (unsigned long long)e->bid, (unsigned long long)e->ib);
}

/* raw: the block as read, avail bytes of it; it is overwritten. */
static int block_decode(struct pst *pst, const struct extent *e, uint8_t *raw,
                        size_t avail, struct chunk **chunk_r, struct err *err)
{
    struct verdict v = trailer_judge(pst->layout, e, raw, avail);
    bool internal = e->bid & BID_INTERNAL;
    enum pst_crypt crypt = internal ? PST_CRYPT_NONE : pst->crypt;
    struct chunk *c;
    int rc = verdict_note(pst, e, &v, err);

    if (rc < 0)
        return rc;
    c = chunk_new(e->size);
    if (!c)
        return err_sys(err, ENOMEM, "block");
    c->key = e->bid;
    c->damaged = v.damaged;
    if (e->stored != e->size) {
        rc = inflate_extent(e, raw, crypt, c);
    } else {
        memcpy(c->data, raw, e->size);
        crypt_decode(crypt, e->bid, c->data, e->size);
    }
    if (rc < 0) {
        chunk_unref(&c);
        return err_set(err, EBADMSG, "block %#llx at %#llx does not inflate",
                       (unsigned long long)e->bid, (unsigned long long)e->ib);
    }
    *chunk_r = c;
    return 0;
}

/* Reads checked extents, rising and close together, with one pread; the bytes
 * read from the first one's begin on, or negative. */
static ssize_t run_read(struct pst *pst, const struct extent *e, size_t count,
                        struct err *err)
{
    uint64_t end = e[count - 1].ib + extent_total(pst->layout, &e[count - 1]);
    ssize_t got = live_pread(pst, &pst->near_blocks, pst->run,
                             (size_t)(end - e->ib), e->ib);

    if (got < 0)
        return err_sys(err, (int)-got, "reading at %#llx",
                       (unsigned long long)e->ib);
    return got;
}

/* The k-th extent of a run of which got bytes were read. */
static int run_take(struct pst *pst, const struct extent *e, size_t k,
                    ssize_t got, struct chunk **chunk_r, struct err *err)
{
    size_t off = (size_t)(e[k].ib - e->ib);
    size_t avail = (size_t)got > off ? (size_t)got - off : 0;

    if (avail < e[k].stored)
        return err_set(err, EBADMSG, "block %#llx is cut off",
                       (unsigned long long)e[k].bid);
    return block_decode(pst, &e[k], pst->run + off, avail, chunk_r, err);
}

static int extent_load(struct pst *pst, const struct extent *e,
                       struct chunk **chunk_r, struct err *err)
{
    ssize_t got;
    int rc = extent_check(pst, e, err);

    if (rc < 0)
        return rc;
    got = run_read(pst, e, 1, err);
    return got < 0 ? (int)got : run_take(pst, e, 0, got, chunk_r, err);
}

/* A whole copy of the block other than `not`. For blocks alone, no file over
 * PST_SCAN_BLOCK_BYTES is read through. */
static bool copy_load(struct pst *pst, uint64_t bid, const struct extent * not,
                      struct chunk **chunk_r)
{
    struct chunk *c = NULL;
    struct extent e;

    if (!pst->salvage && pst->info.file_size > PST_SCAN_BLOCK_BYTES)
        return false;
    if (!salvage_begin(pst) || !salvage_extent(pst, bid, not, &e) ||
        extent_load(pst, &e, &c, NULL) < 0)
        return false;
    if (c->damaged && *chunk_r) {
        chunk_unref(&c);
        return false;
    }
    pst_note_at(pst, PST_NOTE_BLOCK, e.ib, "block %#llx was found at %#llx",
                (unsigned long long)bid, (unsigned long long)e.ib);
    chunk_unref(chunk_r);
    *chunk_r = c;
    return true;
}

int block_read(struct pst *pst, uint64_t bid, struct chunk **chunk_r,
               struct err *err)
{
    struct extent e = {.ib = 0};
    int rc = 0;

    *chunk_r = cache_find(&pst->blocks, bid_clean(bid));
    if (!*chunk_r) {
        rc = extent_find(pst, bid, &e, err);
        if (rc == 0)
            rc = extent_load(pst, &e, chunk_r, err);
        if (rc == -ENOENT)
            rc = err_set(err, EBADMSG, "block %#llx is missing",
                         (unsigned long long)bid);
        if ((rc == -EBADMSG || (rc == 0 && (*chunk_r)->damaged)) &&
            copy_load(pst, bid_clean(bid), &e, chunk_r))
            rc = 0;
        if (rc == 0)
            cache_add(&pst->blocks, bid_clean(bid), *chunk_r);
    }
    if (rc == 0)
        damage_note(pst, pst->sink, *chunk_r);
    return rc;
}

bool extent_sound(struct pst *pst, const struct extent *e)
{
    struct chunk *c = NULL;
    struct err err = {0};
    int rc = extent_load(pst, e, &c, &err);
    bool sound = rc == 0 && !c->damaged;

    if (rc < 0)
        pst_note_at(pst, PST_NOTE_BLOCK, e->ib, "%s", err.msg);
    chunk_unref(&c);
    return sound;
}

/* The extents among bids that are sound and not in the cache yet. */
static size_t extents_wanted(struct pst *pst, const uint64_t *bids,
                             size_t count, struct extent *out)
{
    size_t n = 0;

    for (size_t i = 0; i < count && n < PST_RUN_AHEAD; i++) {
        struct chunk *c = cache_find(&pst->blocks, bid_clean(bids[i]));
        if (!c && extent_find(pst, bids[i], &out[n], NULL) == 0 &&
            extent_check(pst, &out[n], NULL) == 0)
            n++;
        chunk_unref(&c);
    }
    return n;
}

/* b can be read along with the run that began with first and ends in a. */
static bool joins(const struct layout *l, const struct extent *first,
                  const struct extent *a, const struct extent *b)
{
    uint64_t end = a->ib + extent_total(l, a);

    return b->ib >= end && b->ib - end <= PST_RUN_GAP &&
           b->ib + extent_total(l, b) - first->ib <= PST_RUN_BYTES;
}

/* Where the run that begins with e[i] ends. */
static size_t run_end(const struct layout *l, const struct extent *e, size_t i,
                      size_t n)
{
    size_t k = i + 1;

    while (k < n && joins(l, &e[i], &e[k - 1], &e[k]))
        k++;
    return k;
}

void blocks_will_need(struct pst *pst, const uint64_t *bids, size_t count)
{
    const struct layout *l = pst->layout;
    struct extent e[PST_RUN_AHEAD];
    size_t n = extents_wanted(pst, bids, count, e);

    for (size_t i = 0, k; i < n; i = k) {
        k = run_end(l, e, i, n);
        file_will_need(pst, e[i].ib,
                       e[k - 1].ib + extent_total(l, &e[k - 1]) - e[i].ib);
    }
}

/* Damaged ones are left to block_read, which looks for a better copy. */
static void run_fetch(struct pst *pst, const struct extent *e, size_t count)
{
    ssize_t got = run_read(pst, e, count, NULL);

    for (size_t i = 0; got > 0 && i < count; i++) {
        struct chunk *c = NULL;
        if (run_take(pst, e, i, got, &c, NULL) == 0 && !c->damaged)
            cache_add(&pst->blocks, e[i].bid, c);
        chunk_unref(&c);
    }
}

void blocks_fetch(struct pst *pst, const uint64_t *bids, size_t count)
{
    struct extent e[PST_RUN_AHEAD];
    size_t n = extents_wanted(pst, bids, count, e);

    for (size_t i = 0, k; i < n; i = k) {
        k = run_end(pst->layout, e, i, n);
        run_fetch(pst, &e[i], k - i);
    }
}
