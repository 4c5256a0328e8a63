/* Attachments: their nodes and their rows (mspst.md section 18). */
#ifndef MKPST_ATTACHMENT_H
#define MKPST_ATTACHMENT_H

#include "tools/mkpst/item.h"
#include "tools/mkpst/store.h"

/* Attachment i of an item; its data is made from its seed as it is written,
 * and its hash noted. inner: the written message of an embedded one. */
struct node_data attachment_write(struct store *s, struct item *item, size_t i,
                                  const struct node_data *inner);
void attachment_row(struct table *t, const struct item *item, size_t i,
                    uint32_t nid);

#endif
