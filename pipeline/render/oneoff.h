/*
 * One-off entry ids ([MS-OXCDATA] 2.2.5.1): a name and an address in binary,
 * as reply recipients and members of distribution lists have them.
 */
#ifndef RENDER_ONEOFF_H
#define RENDER_ONEOFF_H

#include "pipeline/render/address.h"

/* False when the bytes are no one-off entry id. Texts are arena copies. */
bool oneoff_parse(struct work *w, unsigned codepage, const uint8_t *data,
                  size_t len, struct mailbox *box_r);

/* PR_REPLY_RECIPIENT_ENTRIES (004F); empty when absent or all unknown. */
void oneoff_reply_to(struct message *m, struct mailboxes *list_r);

/* A multi-valued binary's elements: count, offsets, bytes as stored. Returns
 * element i or NULL. */
const uint8_t *oneoff_element(const uint8_t *data, size_t len, size_t i,
                              size_t *len_r);

#endif
