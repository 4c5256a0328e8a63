/* The attachments of an item, opened and described, their bytes unread. */
#ifndef RENDER_ATTACH_H
#define RENDER_ATTACH_H

#include "pipeline/render/render_priv.h"

enum part_kind {
    PART_DATA,    /* bytes: source */
    PART_MESSAGE, /* an embedded message: item */
    PART_LINK,    /* by reference: link */
};

struct part {
    enum part_kind kind;
    const char *filename; /* never "", no path separators */
    const char *mime;     /* type/subtype, valid and not multipart/message */
    const char *cid, *location; /* "" when none */
    const char *link;           /* where it lies, by reference; "" */
    struct segment_source source;
    struct pst_item *item;
    int64_t time;      /* last change, else creation; unix seconds, 0 none */
    bool inlined;      /* shown inside the HTML body */
    bool photo;        /* the picture of a contact */
    bool changed;      /* a changed instance of the series that m is */
    uint64_t replaces; /* of that: FILETIME of the instance, 0 unknown */
    uint64_t starts;   /* and when it begins, on the local clock */
};

struct parts {
    struct part *list;
    size_t count;
};

/* Opens all attachments of m; everything opened is owned by the segments.
 * html (may be NULL) decides which are inlined. Damage becomes defects. */
void attach_load(struct message *m, const struct buf *html,
                 struct parts *parts_r);

/* Opens attachment i alone, as attach_load does; false when it cannot be. */
bool attach_open(struct message *m, size_t i, struct part *part_r);

/* A view's source of a stream, which is borrowed. Any damage reads as EIO,
 * but for a stream of one block, which was read when it was opened. */
struct segment_source attach_source(struct pst_stream *stream);

/* The MIME type of a file name's extension; application/octet-stream. */
const char *attach_type(const char *filename);

/* The content id as it may stand between < and >; "" when it may not. */
const char *attach_cid(struct work *w, const char *cid);

#endif
