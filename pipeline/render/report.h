/*
 * Reports: that a message was delivered, was not, was read, was deleted
 * unread (classes REPORT.*), as RFC 6522 has them: words, the same for a
 * machine (RFC 3464, RFC 8098), the message itself. [MS-OXOMSG] 2.2.2,
 * [MS-OXCMAIL] 2.2.3.
 */
#ifndef RENDER_REPORT_H
#define RENDER_REPORT_H

#include "pipeline/render/render_priv.h"

struct report {
    const char *type;  /* "delivery-status" ...; NULL: no report */
    struct buf status; /* fields of the part message/<type>; ASCII */
    struct buf words;  /* for people, should the item have no body */
};

#define REPORT_EMPTY                                                           \
    {                                                                          \
        .status = BUF(RENDER_HEADERS_MAX), .words = BUF(RENDER_HEADERS_MAX)    \
    }

/* Fills an empty report when the class of m is one. */
void report_load(struct message *m, struct report *r);
void report_finish(struct report *r);

#endif
