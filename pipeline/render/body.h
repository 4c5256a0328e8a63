/*
 * The bodies of an item: text and HTML as stored, else out of compressed RTF.
 * A body over RENDER_BODY_MAX stays a stream, so that it is neither lost nor
 * held in memory.
 */
#ifndef RENDER_BODY_H
#define RENDER_BODY_H

#include "pipeline/render/render_priv.h"

struct body_text {
    struct buf bytes;          /* LF line ends */
    const char *charset;       /* MIME name; NULL: there is no such body */
    struct pst_stream *stream; /* instead of bytes; owned by the work */
};

struct body {
    struct body_text text, html;
    struct buf rtf; /* true RTF; empty when the others say it all */
};

#define BODY_EMPTY                                                             \
    {                                                                          \
        .text.bytes = BUF(RENDER_BODY_MAX * 3),                                \
        .html.bytes = BUF(RENDER_BODY_MAX * 3), .rtf = BUF(RTF_SIZE_MAX)       \
    }
#define cleanup_body __attribute__((cleanup(body_finish)))

/* Fills an empty body; damage becomes defects of m. */
void body_load(struct message *m, struct body *b);
/* Only what a plain text needs (events, notes): UTF-8, "" when none. */
const char *body_plain(struct message *m);
void body_finish(struct body *b);

#endif
