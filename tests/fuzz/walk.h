/* Asks a store for all that the product asks for, within bounds of time. */
#ifndef FUZZ_WALK_H
#define FUZZ_WALK_H

#include "pipeline/pst/pst.h"
#include "pipeline/render/render.h"

#define WALK_FOLDERS_MAX 32
#define WALK_ENTRIES_MAX 24        /* of one folder */
#define WALK_ITEMS_MAX   12        /* of the store, opened and rendered */
#define WALK_BYTES_MAX   300000    /* of one rendering or value, read */
#define WALK_MSG_MAX     (4 << 20) /* of a message file that seems broken */

/* Opens the store on fd and goes through it: folders, entries, items. */
void walk_store(int fd);
/* Every property by every way to read it. */
void walk_props(struct pst_props *props);
/* An item with recipients and attachments, and those within. */
void walk_item(struct pst_item *item, unsigned depth);
/* Renders it in each format; sizes must be true. */
void walk_render(struct pst *pst, uint32_t nid);

#endif
