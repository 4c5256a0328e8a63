#include "pipeline/render/cids.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pipeline/render/limits.h"

static int cid_order(const void *a, const void *b)
{
    const struct cid *x = a, *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int c = memcmp(x->text, y->text, n);

    return c ? c : (x->len > y->len) - (x->len < y->len);
}

static size_t cid_span(const char *at, const char *end)
{
    size_t n = 0;

    while (at + n < end && (unsigned char)at[n] > ' ' &&
           !strchr("\"'<>)\\", at[n]))
        n++;
    return n;
}

static bool cids_grow(struct cids *cids, size_t *room)
{
    size_t want = *room ? *room * 2 : 16;
    struct cid *list;

    if (cids->count < *room)
        return true;
    if (cids->count == RENDER_CIDS_MAX)
        return false;
    list = reallocarray(cids->list, want, sizeof(*list));
    if (!list)
        return false;
    cids->list = list;
    *room = want;
    return true;
}

void cids_find(const char *html, size_t len, struct cids *cids_r)
{
    const char *at = html, *end = html + len;
    size_t room = 0;

    *cids_r = (struct cids){0};
    while (at < end && (at = memchr(at, ':', (size_t)(end - at)))) {
        at++;
        if (at - html < 4 || strncasecmp(at - 4, "cid:", 4) != 0)
            continue;
        size_t n = cid_span(at, end);
        if (n && !cids_grow(cids_r, &room))
            break;
        if (n)
            cids_r->list[cids_r->count++] = (struct cid){at, n};
    }
    if (cids_r->count)
        qsort(cids_r->list, cids_r->count, sizeof(struct cid), cid_order);
}

bool cids_has(const struct cids *cids, const char *cid)
{
    struct cid key = {cid, strlen(cid)};

    return cids->count && bsearch(&key, cids->list, cids->count,
                                  sizeof(struct cid), cid_order);
}

void cids_finish(struct cids *cids)
{
    free(cids->list);
    *cids = (struct cids){0};
}
