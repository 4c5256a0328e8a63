#include <string.h>

#include "pipeline/render/attach.h"
#include "pipeline/render/mapi.h"

static void attachment_release(void *object)
{
    struct pst_attachment *a = object;

    pst_attachment_free(&a);
}

static void item_release(void *object)
{
    struct pst_item *item = object;

    pst_item_free(&item);
}

static void stream_release(void *object)
{
    struct pst_stream *s = object;

    pst_stream_free(&s);
}

static void attachment_failed(struct message *m, size_t number, int e,
                              const struct err *err)
{
    if (e == -ENOMEM)
        m->work->error = ENOMEM;
    else
        message_defect(m, "attachment %zu: %s", number + 1,
                       err->msg[0] ? err->msg : strerror(-e));
}

struct pst_attachment *mapi_attachment(struct message *m, size_t i)
{
    struct pst_attachment *a = NULL;
    struct err err = {0};
    int e = pst_attachment_open(m->item, i, &a, &err);

    if (e < 0)
        attachment_failed(m, i, e, &err);
    else if (segments_hold(m->work->out, a, attachment_release) < 0)
        a = NULL;
    return a;
}

static int32_t method_of(struct pst_attachment *att)
{
    return pst_props_int(pst_attachment_props(att), PR_ATTACH_METHOD,
                         ATTACH_BY_VALUE);
}

bool mapi_attachment_data(struct message *m, struct pst_attachment *att,
                          size_t number, struct mapi_prop *prop_r)
{
    int32_t method = method_of(att);
    struct pst_stream *s = NULL;
    struct err err = {0};
    int e;

    if (method == ATTACH_EMBEDDED)
        return false;
    e = pst_attachment_data(att, &s, &err);
    if (e < 0) {
        if (e != -ENOENT || method == ATTACH_BY_VALUE || method == ATTACH_OLE)
            attachment_failed(m, number, e, &err);
        return false;
    }
    if (segments_hold(m->work->out, s, stream_release) < 0)
        return false;
    *prop_r =
        (struct mapi_prop){.id = PR_ATTACH_DATA,
                           .type = method == ATTACH_OLE ? PT_OBJECT : PT_BINARY,
                           .size = pst_stream_size(s),
                           .source = attach_source(s)};
    return prop_r->size != 0;
}

struct pst_item *mapi_attachment_item(struct message *m,
                                      struct pst_attachment *att, size_t number)
{
    struct work *w = m->work;
    struct pst_item *item = NULL;
    struct err err = {0};
    int e;

    if (method_of(att) != ATTACH_EMBEDDED)
        return NULL;
    if (m->depth + 1 >= RENDER_DEPTH_MAX || w->items >= RENDER_ITEMS_MAX ||
        segments_weight(w->out) > RENDER_TEXT_SOFT) {
        message_defect(m, "attachment %zu: nested too deep", number + 1);
        return NULL;
    }
    e = pst_attachment_item(att, &item, &err);
    if (e < 0) {
        attachment_failed(m, number, e, &err);
        return NULL;
    }
    w->items++;
    return segments_hold(w->out, item, item_release) < 0 ? NULL : item;
}
