/*
 * An item as Outlook's message file ([MS-OXMSG]): a compound file of all its
 * properties, recipients, attachments and embedded messages. Texts are UTF-16
 * throughout. Properties come as mapi.h gives them; left out are those in the
 * table of msg.c, which mean something in their store only, and texts without
 * a character, which the format forbids (2.4.2.2).
 *
 * What is missing is told: defects are counted, and each message that has some
 * carries their words in the string "X-Pstfs-Defect" (remark.h).
 */
#ifndef RENDER_MSG_H
#define RENDER_MSG_H

#include "pipeline/render/render_priv.h"

/* Values and tables held in memory; what is past it is left out, and told. */
#define MSG_TEXT_MAX (128u << 20)

/* Writes item, top level, to w->out, which must be empty and without CRLF. */
void msg_write(struct work *w, struct pst_item *item);

#endif
