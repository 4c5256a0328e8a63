/*
 * Writing message headers: RFC 5322 folding at 78 columns, RFC 2047 encoded
 * words, RFC 2231 parameters. Whatever a value holds, it can neither end its
 * header nor begin another: control characters become blanks.
 * All text is UTF-8; bad bytes are replaced. Lines end with LF.
 */
#ifndef RENDER_HEADER_H
#define RENDER_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "pipeline/base/buf.h"

#define HEADER_COLUMNS 78
#define HEADER_WORD    75 /* longest encoded word */

/* An unstructured header: words encoded where they must be. */
void header_text(struct buf *out, const char *name, const char *value);

/* A structured header, token by token. */
struct header {
    struct buf *out;
    size_t col;
    bool first; /* nothing but the name is written */
};
void header_open(struct header *h, struct buf *out, const char *name);
/* A blank or fold and then len bytes of printable ASCII (not checked). */
void header_token(struct header *h, const char *text, size_t len);
/* Text straight after the last token: "," or ";". */
void header_glue(struct header *h, const char *text);
/* A display name: atoms, a quoted string or encoded words. */
void header_phrase(struct header *h, const char *name);
/* "; name=value", value as token, quoted or RFC 2231, in pieces if long. */
void header_param(struct header *h, const char *name, const char *value);
void header_close(struct header *h);

/* Control characters to blanks, bad UTF-8 to U+FFFD, blanks at the ends cut;
 * at most RENDER_FIELD_MAX bytes. */
void header_clean(struct buf *out, const char *text, size_t len);

/* True for a non-empty run of RFC 2045 token characters. */
bool header_is_token(const char *text, size_t len);

#endif
