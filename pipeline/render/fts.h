/*
 * An item as the stream that Exchange takes for upload (Graph `Data`, EWS
 * `t:Data`): all properties but those in the table of fts.c, named ones,
 * recipients, attachments and embedded messages (targets.md section 7).
 *
 * What is missing is told: defects are counted, and each message that has some
 * carries their words in the string "X-Pstfs-Defect" of PS_INTERNET_HEADERS,
 * which is what the header of that name is to a mail server; a recovered item
 * says so in "X-Pstfs-Recovered".
 */
#ifndef RENDER_FTS_H
#define RENDER_FTS_H

#include "pipeline/render/render_priv.h"

/* Literal bytes of one item; values past it are left out, and told. */
#define FTS_TEXT_MAX (256u << 20)

/* Writes item, top level, to w->out, which holds nothing but the item. */
void fts_write(struct work *w, struct pst_item *item);

#endif
