/* Which content ids an HTML body refers to: one pass, then look-ups. */
#ifndef RENDER_CIDS_H
#define RENDER_CIDS_H

#include <stdbool.h>
#include <stddef.h>

struct cid {
    const char *text;
    size_t len;
};

struct cids {
    struct cid *list; /* sorted, malloc'd */
    size_t count;
};

/* References point into html. At most RENDER_CIDS_MAX; on ENOMEM none. */
void cids_find(const char *html, size_t len, struct cids *cids_r);
bool cids_has(const struct cids *cids, const char *cid);
void cids_finish(struct cids *cids);

#endif
