/*
 * The headers a message arrived with (property 007D). They are kept in their
 * order and, where they are well formed, byte for byte; what describes the
 * MIME structure is dropped, since that is rebuilt; malformed lines are
 * dropped; 8-bit text is encoded.
 */
#ifndef RENDER_TRANSPORT_H
#define RENDER_TRANSPORT_H

#include <stdbool.h>

#include "pipeline/render/arena.h"
#include "pipeline/render/render_priv.h"

struct field {
    const char *name; /* printable ASCII without ":" */
    size_t name_len;
    const char *value; /* with its folds (LF blank), without the last LF */
    size_t value_len;
};

struct transport {
    struct field *fields;
    size_t count;
    bool cut; /* there were more than RENDER_FIELDS_MAX */
};

/* Parses a header block with LF ends up to the first empty line behind a
 * field. Fields point into text, which must live as long. -ENOMEM only. */
int transport_parse(const char *text, size_t len, struct arena *arena,
                    struct transport *t_r);

/* The first field of this name, any case; NULL when there is none. */
const struct field *transport_find(const struct transport *t, const char *name);

/* True when the field may be copied as it is: printable ASCII, folded as the
 * RFC wants it, no line over 998. */
bool transport_is_clean(const struct field *f);

/* What transport_write left for the caller to make from properties. */
struct transport_seen {
    bool from, sender, to, cc, bcc, subject, date, id, reply_to, references,
        in_reply_to, importance, priority, sensitivity, keywords, expires,
        reply_by, read_receipt, delivery_receipt;
};

/* Appends the fields that may be kept; notes in seen_r which are there. */
void transport_write(struct message *m, const struct transport *t,
                     struct buf *out, struct transport_seen *seen_r);

#endif
