/*
 * What scripts ask of an item, name by name (reader_facts): the reader is
 * asked once for all of them; those of the last few items are kept.
 */
#ifndef FS_FACTS_H
#define FS_FACTS_H

#include "fs/catalog.h"
#include "pipeline/base/buf.h"
#include "pipeline/base/err.h"

#define FACTS_KEPT  64          /* items */
#define FACTS_BYTES (64u << 10) /* of one item; what is more is left out */

struct facts;

struct facts *facts_new(void); /* NULL on ENOMEM */
void facts_free(struct facts **facts);

/* Appends the value to value. -ENOENT: the item is not kept (for this
 * generation of its store), -ENODATA: there is no such name. */
int facts_find(struct facts *facts, int64_t store, uint32_t nid,
               unsigned generation, const char *name, struct buf *value);
/* Asks the reader and keeps what it says. -ENODATA, or what reader_facts
 * returns. */
int facts_make(struct facts *facts, const struct catalog_store *store,
               uint32_t nid, unsigned generation, const char *name,
               struct buf *value, struct err *err);

#endif
