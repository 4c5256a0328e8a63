/* The record of what went into a store: JSON lines. */
#ifndef MKPST_MANIFEST_H
#define MKPST_MANIFEST_H

#include "tools/mkpst/folder.h"

struct manifest; /* NULL is a manifest that is not wanted */

struct manifest *manifest_new(const char *path);
void manifest_store(struct manifest *m, const struct tree *t);
/* After message_write. */
void manifest_item(struct manifest *m, const struct folder *f,
                   const struct item *item);
/* A line for each folder; after the last item. */
void manifest_folders(struct manifest *m, const struct tree *t);
/* Writes it out and frees it. */
void manifest_end(struct manifest **m);

#endif
