/* What mapi.c and mapi_value.c share. */
#ifndef RENDER_MAPI_PRIV_H
#define RENDER_MAPI_PRIV_H

#include "pipeline/render/mapi.h"

/* One walk over the properties of an object. */
struct mapi_walk {
    struct message *m;
    struct pst_props *props;
    enum mapi_object object;
    const struct mapi_rules *rules;
    mapi_fn *fn;
    void *ctx;
    /* the value that is shown */
    struct buf raw, text;
    struct mapi_element *list;
    struct pst_name name;
    uint8_t done[8192]; /* a bit for each id that was met */
};

/* The value of a property that the object has, mended. False when it is left
 * out, which was told where it is a loss. Over whole_max bytes: a source. */
bool mapi_value(struct mapi_walk *w, uint16_t id, uint64_t whole_max,
                struct mapi_prop *prop_r);

/* UTF-8 text appended to w->raw as UTF-16LE. */
void mapi_widen(struct mapi_walk *w, const struct buf *text);

/* A failed get: told, or the end of the work when it is memory. */
void mapi_failed(struct mapi_walk *w, uint16_t id, int error,
                 const struct err *err);

#endif
