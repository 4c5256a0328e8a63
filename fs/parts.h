/*
 * The attachments of one item as a directory: names, sizes, dates. Made by
 * asking the reader once and unchanged from then on; shared and counted. The
 * last few are kept, bounded in number and bytes.
 */
#ifndef FS_PARTS_H
#define FS_PARTS_H

#include "fs/catalog.h"
#include "fs/listing.h"
#include "fs/nameset.h"

#define PARTS_KEPT       64          /* lists that are kept */
#define PARTS_KEPT_BYTES (16u << 20) /* of them; the newest may pass it */

struct parts;
struct parts_cache;

struct parts_cache *parts_cache_new(void); /* NULL on ENOMEM */
/* Nobody may hold any of its lists. */
void parts_cache_free(struct parts_cache **cache);

/* The list of an item, held; NULL when it is not kept. generation: of the
 * store (mail_changes); lists of others are not found. */
struct parts *parts_cache_find(struct parts_cache *cache, int64_t store,
                               uint32_t nid, unsigned generation);
/* Asks the reader and keeps what it says; *parts_r is held. */
int parts_make(struct parts_cache *cache, const struct catalog_store *store,
               uint32_t nid, unsigned generation, struct parts **parts_r,
               struct err *err);
/* Ends a hold. */
void parts_put(struct parts_cache *cache, struct parts **parts);
/* Forgets the store's lists; fn (NULL: nobody) first gets the inode numbers
 * of all that are forgotten, without the cache's lock. */
void parts_cache_drop(struct parts_cache *cache, int64_t store,
                      void (*fn)(void *ctx, uint64_t ino), void *ctx);

/* The folder that has the item, 0 unknown. */
uint32_t parts_folder(const struct parts *parts);
/* Names, and part numbers as node ids. */
const struct nameset *parts_names(const struct parts *parts);
/* Size and time of the one at place i. */
struct listing_item parts_item(const struct parts *parts, size_t i);

#endif
