/* What a mail program shows beside a message: rank, categories, thread,
 * receipts, votes, dates, flags; as the headers that most of them know. */
#ifndef RENDER_TRAITS_H
#define RENDER_TRAITS_H

#include "pipeline/render/render_priv.h"
#include "pipeline/render/transport.h"

/* The headers that a message has on its way, but for those seen. */
void traits_write(struct message *m, const struct transport *t,
                  const struct transport_seen *seen, struct buf *out);
/* Those of a message in its owner's folder: flags and votes. */
void traits_write_own(struct message *m, struct buf *out);

#endif
