/* The leaves of a MIME tree, each with its headers. Every writer returns true
 * when its content ends with a line end that is not part of it. */
#ifndef RENDER_MIME_PART_H
#define RENDER_MIME_PART_H

#include "pipeline/render/encode.h"
#include "pipeline/render/mime.h"

#define PART_HEADER_MAX (256u << 10)

void mime_out(struct mime *t, const struct buf *b);

/* A body; subtype: plain, html. */
bool mime_text(struct mime *t, const struct body_text *text,
               const char *subtype);
bool mime_native(struct mime *t);
bool mime_rtf(struct mime *t);
/* The fields of a report for a machine: ASCII in short lines. */
bool mime_status(struct mime *t);
/* An attachment. */
bool mime_part(struct mime *t, const struct part *p);

#endif
