/* Items to nodes: property context, recipients, attachments, the row in the
 * contents table (mspst.md section 18). */
#ifndef MKPST_MESSAGE_H
#define MKPST_MESSAGE_H

#include "tools/mkpst/folder.h"

/* Gives the item a node number, writes it into the folder and fills in the
 * hashes of its attachments. */
void message_write(struct tree *t, struct folder *f, struct item *item);

/* A hidden item, as programs keep settings in: no reader shows it as mail. */
void message_write_hidden(struct tree *t, struct folder *f, const char *class,
                          const char *name);

/* The value of 0E07 and others that are in node and row alike. */
uint32_t message_flags(const struct item *item);
/* Creation and change: from the item's own times, never absent. */
int64_t message_created(const struct item *item);
int64_t message_changed(const struct item *item);
/* 0037 with its prefix mark; malloc'd. */
char *message_marked_subject(const struct item *item);

/* A one-off entry id for an address; appended. */
void message_one_off(const char *name, const char *type, const char *address,
                     struct buf *out);

#endif
