#include "pipeline/target/item.h"

#include <stdio.h>

void item_fail(struct target_item *item, const struct err *why)
{
    item->error = why->code ? why->code : EIO;
    snprintf(item->reason, sizeof(item->reason), "%.*s",
             (int)sizeof(item->reason) - 1, why->msg);
}

int item_each(const struct target_item *item, char *step, size_t step_size,
              item_piece_fn *fn, void *ctx, struct err *err)
{
    uint64_t off = 0;

    if (item->data)
        return fn(ctx, item->data, (size_t)item->size, err);
    while (off < item->size) {
        uint64_t left = item->size - off;
        size_t want = left < step_size ? (size_t)left : step_size;
        ssize_t n = item->read(item->ctx, off, step, want, err);
        int ret;
        if (n < 0)
            return err && err->code ? (int)n
                                    : err_sys(err, (int)-n, "reading the item");
        if ((size_t)n < want)
            return err_set(err, EIO, "the item ends at byte %llu of %llu",
                           (unsigned long long)off + (unsigned long long)n,
                           (unsigned long long)item->size);
        ret = fn(ctx, step, want, err);
        if (ret)
            return ret;
        off += want;
    }
    return 0;
}

static int piece_hash(void *ctx, const void *data, size_t len, struct err *err)
{
    hash_add(ctx, data, len);
    return 0;
}

int item_hash(struct target_item *item, struct hash *hash, char *step,
              size_t step_size, struct err *err)
{
    int ret = item_each(item, step, step_size, piece_hash, hash, err);

    hash_end(hash, item->hash);
    return ret;
}
