/*
 * What is said of a message beside what it holds (message_remarks), as
 * properties: strings of PS_INTERNET_HEADERS, which is what the headers of
 * those names are to a mail server.
 */
#ifndef RENDER_REMARK_H
#define RENDER_REMARK_H

#include "pipeline/render/mapi.h"

#define REMARKS (MESSAGE_DEFECT + 1)

/* By enum message_remark: its lines, "; " between them; "" for none. */
struct remarks {
    struct buf text[REMARKS];
};

void remarks_collect(struct message *m, struct remarks *r_r);
void remarks_finish(struct remarks *r);

/* Calls fn with the property of such a text; its id is 0. */
void remark_property(size_t which, const char *text, mapi_fn *fn, void *ctx);

#endif
