#include "pipeline/pst/disk.h"

#include <string.h>

#include "pipeline/base/io.h"
#include "pipeline/pst/bytes.h"

/* Bytes on disk with padding and trailer (section 7). */
static uint32_t extent_total(const struct layout *l, const struct extent *e)
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

/* Words for what is wrong with the trailer, or NULL. */
static const char *trailer_fault(const struct layout *l, const struct extent *e,
                                 const uint8_t *data, size_t avail)
{
    uint32_t total = extent_total(l, e);
    const uint8_t *t = data + total - l->block_trailer;

    if (avail < total)
        return "the file ends before its trailer";
    if (get16(t) != e->stored)
        return "wrong size in its trailer";
    if (bid_clean(get_wide(t + l->block_bid_at, l->width)) != e->bid)
        return "wrong id in its trailer";
    if (get32(t + l->block_crc_at) != crypt_crc(data, e->stored))
        return "wrong checksum";
    if (get16(t + 2) != crypt_signature(e->ib, e->bid))
        return "wrong signature";
    return NULL;
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

/* raw: the block as read, avail bytes of it; it is overwritten. */
static int block_decode(struct pst *pst, const struct extent *e, uint8_t *raw,
                        size_t avail, struct chunk **chunk_r, struct err *err)
{
    const char *fault = trailer_fault(pst->layout, e, raw, avail);
    bool internal = e->bid & BID_INTERNAL;
    enum pst_crypt crypt = internal ? PST_CRYPT_NONE : pst->crypt;
    struct chunk *c = chunk_new(e->size);
    int rc = 0;

    if (!c)
        return err_sys(err, ENOMEM, "block");
    if (fault)
        pst_note(pst, "block %#llx at %#llx: %s", (unsigned long long)e->bid,
                 (unsigned long long)e->ib, fault);
    if (e->stored != e->size) {
        rc = inflate_extent(e, raw, crypt, c);
    } else {
        memcpy(c->data, raw, e->size);
        crypt_decode(crypt, e->bid, c->data, e->size);
    }
    if (rc < 0) {
        chunk_unref(&c);
        return err_set(err, EBADMSG, "block %#llx does not inflate",
                       (unsigned long long)e->bid);
    }
    *chunk_r = c;
    return 0;
}

/* Reads checked extents, rising and close together, with one pread and puts
 * them into the cache. The last one is given to the caller too. */
static int run_load(struct pst *pst, const struct extent *e, size_t count,
                    struct chunk **chunk_r, struct err *err)
{
    uint64_t end = e[count - 1].ib + extent_total(pst->layout, &e[count - 1]);
    ssize_t got = io_pread(pst->fd, pst->run, (size_t)(end - e->ib), e->ib);

    if (got < 0)
        return err_sys(err, (int)-got, "reading at %#llx",
                       (unsigned long long)e->ib);
    for (size_t i = 0; i < count; i++) {
        size_t off = (size_t)(e[i].ib - e->ib);
        size_t avail = (size_t)got > off ? (size_t)got - off : 0;
        int rc;
        if (avail < e[i].stored)
            return err_set(err, EBADMSG, "block %#llx is cut off",
                           (unsigned long long)e[i].bid);
        chunk_unref(chunk_r);
        rc = block_decode(pst, &e[i], pst->run + off, avail, chunk_r, err);
        if (rc < 0)
            return rc;
        cache_add(&pst->blocks, e[i].bid, *chunk_r);
    }
    return 0;
}

int block_read(struct pst *pst, uint64_t bid, struct chunk **chunk_r,
               struct err *err)
{
    struct extent e;
    int rc;

    *chunk_r = cache_find(&pst->blocks, bid_clean(bid));
    if (*chunk_r)
        return 0;
    rc = extent_find(pst, bid, &e, err);
    if (rc == 0)
        rc = extent_check(pst, &e, err);
    if (rc == 0)
        rc = run_load(pst, &e, 1, chunk_r, err);
    if (rc == -ENOENT)
        return err_set(err, EBADMSG, "block %#llx is missing",
                       (unsigned long long)bid);
    return rc;
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

void blocks_fetch(struct pst *pst, const uint64_t *bids, size_t count)
{
    struct extent e[PST_RUN_AHEAD];
    size_t n = extents_wanted(pst, bids, count, e);

    for (size_t i = 0, k; i < n; i = k) {
        struct chunk *last = NULL;
        k = run_end(pst->layout, e, i, n);
        run_load(pst, &e[i], k - i, &last, NULL);
        chunk_unref(&last);
    }
}
