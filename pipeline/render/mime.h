/* The MIME structure of a message (RFC 2045, 2046, 2387). */
#ifndef RENDER_MIME_H
#define RENDER_MIME_H

#include "pipeline/render/attach.h"
#include "pipeline/render/body.h"
#include "pipeline/render/render_priv.h"
#include "pipeline/render/report.h"
#include "pipeline/render/transport.h"

/* What a message consists of. */
struct mime {
    struct message *message;
    struct body body;
    struct parts parts;
    const struct class_row *row; /* of the native part; NULL: none */
    struct native native;
    struct report report;
};

/* Writes Content-* headers, an empty line and the content. */
void mime_write(struct mime *t);

/* A new boundary, in arena memory, unlike all others of the rendering. */
const char *mime_boundary(struct work *w);

/* S/MIME: when the item is a signed or encrypted message whose only
 * attachment is the MIME entity, writes that as it is and returns true. */
bool smime_write(struct message *m, const struct parts *parts);

#endif
