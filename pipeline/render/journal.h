/* Journal entries as VJOURNAL (RFC 5545 3.6.3), and what posts have beside a
 * message. */
#ifndef RENDER_JOURNAL_H
#define RENDER_JOURNAL_H

#include "pipeline/render/render_priv.h"

void journal_entry(struct message *m, const char *method, struct native *out);

/* Content-Base with the link of an RSS item, as feed readers have it; nothing
 * for other classes. */
void journal_link(struct message *m, struct buf *out);

#endif
