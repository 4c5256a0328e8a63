#include <string.h>

#include "pipeline/pst/bytes.h"
#include "pipeline/pst/heap.h"

#define BTH_SIGNATURE 0xB5
#define BTH_HEADER    8u
#define BTH_DATA_MAX  32u

int bth_open(struct heap *heap, uint32_t hid, struct bth *bth_r,
             struct err *err)
{
    const uint8_t *data;
    size_t len;
    int rc = heap_get(heap, hid, &data, &len, err);

    if (rc < 0)
        return rc;
    if (len < BTH_HEADER || data[0] != BTH_SIGNATURE)
        return err_set(err, EBADMSG, "heap id %#x is no B-tree", hid);
    bth_r->heap = heap;
    bth_r->key_size = data[1];
    bth_r->data_size = data[2];
    bth_r->levels = data[3];
    bth_r->root = get32(data + 4);
    if (bth_r->key_size == 0 || bth_r->key_size > 16 || bth_r->data_size == 0 ||
        bth_r->data_size > BTH_DATA_MAX || bth_r->levels > PST_BTH_LEVELS)
        return err_set(err, EBADMSG, "a B-tree of impossible shape");
    return 0;
}

struct walk {
    const struct bth *bth;
    bth_fn *fn;
    void *ctx;
    uint64_t left; /* bytes that the tree may still have */
    int damage;    /* first error met */
    struct err *err;
};

static void damage_keep(struct walk *w, int rc, const struct err *err)
{
    if (w->damage)
        return;
    w->damage = rc;
    if (w->err)
        *w->err = *err;
}

static int walk_level(struct walk *w, uint32_t hid, unsigned level);

/* Inner records: key, HID. They are copied, as the walk below them may drop
 * the block they lie in. */
static int walk_inner(struct walk *w, const uint8_t *data, size_t len,
                      unsigned level)
{
    size_t size = w->bth->key_size + 4u, count = len / size;
    cleanup_free uint8_t *copy = malloc(len ? len : 1);
    int rc = 0;

    if (!copy)
        return -ENOMEM;
    memcpy(copy, data, len);
    for (size_t i = 0; i < count && !rc; i++)
        rc =
            walk_level(w, get32(copy + i * size + w->bth->key_size), level - 1);
    return rc;
}

/* Recursion is bounded: the level falls at each step, and no tree has more
 * bytes than its heap. */
static int walk_level(struct walk *w, uint32_t hid, unsigned level)
{
    struct err err = {0};
    const uint8_t *data;
    size_t len;
    int rc = heap_get(w->bth->heap, hid, &data, &len, &err);

    if (rc == 0 && (len > w->left || w->left == 0))
        rc = err_set(&err, EBADMSG, "a B-tree larger than its heap");
    if (rc < 0) {
        damage_keep(w, rc, &err);
        return 0;
    }
    w->left -= len ? len : 1;
    if (level > 0)
        return walk_inner(w, data, len, level);
    return w->fn(w->ctx, data, len / (w->bth->key_size + w->bth->data_size));
}

int bth_walk(const struct bth *bth, bth_fn *fn, void *ctx, struct err *err)
{
    struct walk w = {.bth = bth,
                     .fn = fn,
                     .ctx = ctx,
                     .left = heap_size(bth->heap),
                     .err = err};
    int rc = bth->root ? walk_level(&w, bth->root, bth->levels) : 0;

    return rc ? rc : w.damage;
}
