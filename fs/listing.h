/*
 * The items of one folder: names, node ids, dates and, as they become known,
 * exact sizes. Made by one pass over the reader's rows; only sizes change
 * afterwards, without a lock: an item's size is published after its date.
 */
#ifndef FS_LISTING_H
#define FS_LISTING_H

#include <stdbool.h>
#include <stdint.h>

#include "fs/nameset.h"
#include "pipeline/base/buf.h"
#include "pipeline/base/err.h"
#include "pipeline/reader/client.h"

#define LISTING_ITEMS_MAX 20000000 /* more of one folder are not shown */

/* An item's name with this behind it is that of the directory of its
 * attachments. The names of items leave room for it, and none is such that a
 * subfolder has this name already. */
#define LISTING_PARTS ".attachments"

struct listing;

/* To be filled by listing_ask, one or more times, and then settled: until then
 * nothing else may be asked of it. kept: names of the subfolders, which no item
 * may have; NULL none. */
int listing_new(uint32_t folder, const struct nameset *kept,
                struct listing **listing_r, struct err *err);
/* Adds the folder's rows; those that came before an error stay. */
int listing_ask(struct listing *listing, struct reader *reader, uint32_t folder,
                struct err *err);
int listing_settle(struct listing *listing, struct err *err);
void listing_free(struct listing **listing);

size_t listing_count(const struct listing *listing);
const struct nameset *listing_names(const struct listing *listing);
size_t listing_weight(const struct listing *listing); /* bytes of memory */
/* Left out because they are no items or past the limit. */
size_t listing_dropped(const struct listing *listing);

/* The items that have attachments, as their rows say: how many, and which
 * item the n-th is. */
size_t listing_with_parts(const struct listing *listing);
size_t listing_with_parts_at(const struct listing *listing, size_t n);
bool listing_has_parts(const struct listing *listing, size_t i);

struct listing_item {
    uint64_t size; /* exact; of a bad item what the store says, at least 1 */
    int64_t time;
    bool bad; /* cannot be rendered: every read fails */
};
/* False while the size is not known. */
bool listing_item(const struct listing *listing, size_t i,
                  struct listing_item *item_r);
bool listing_sized(const struct listing *listing, size_t i);
/* Takes over what the reader said of item i. */
void listing_size(struct listing *listing, size_t i,
                  const struct reader_meta *meta);

/* All known sizes as bytes for db_sizes_put, and back. What does not belong
 * to an item of the listing is passed over. */
int listing_pack(const struct listing *listing, struct buf *out);
void listing_unpack(struct listing *listing, const void *data, size_t len);

#endif
