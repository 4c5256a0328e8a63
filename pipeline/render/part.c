#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/attach.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/render_priv.h"

#define STEM_MAX      200 /* bytes of an embedded item's subject */
#define PART_NAME_MAX 512

/* One attachment being made a file. */
struct making {
    struct pst_item *item;
    size_t index;
    char name[PART_NAME_MAX];
    int error; /* it cannot be read */
};

/* "Subject.eml": an attachment's name may have the extension already, or that
 * of another form. */
static void name_embedded(struct making *mk, const struct part *p,
                          const char *extension)
{
    static const char *const known[] = {"eml", "msg"};
    size_t len = strlen(p->filename);
    const char *dot = strrchr(p->filename, '.');

    for (size_t i = 0; dot && i < array_len(known); i++)
        if (strcasecmp(dot + 1, known[i]) == 0 ||
            strcasecmp(dot + 1, extension) == 0)
            len = (size_t)(dot - p->filename);
    len = charset_cut(p->filename, len, STEM_MAX);
    snprintf(mk->name, sizeof(mk->name), "%.*s.%s", (int)len, p->filename,
             extension);
}

static void write_embedded(struct work *w, struct making *mk,
                           const struct part *p, struct render_meta *meta)
{
    struct message inner;

    /* Its own number, so that what is made from it (a message id) differs
     * from part to part. */
    w->written = (unsigned)mk->index + 1;
    message_init(&inner, w, p->item, 1);
    name_embedded(mk, p, class_find(inner.class)->extension);
    message_finish(&inner);
    w->written = (unsigned)mk->index + 1;
    render_item(w, p->item, 1, RENDER_FILE, meta);
}

static void write_link(struct work *w, struct making *mk, const struct part *p)
{
    snprintf(mk->name, sizeof(mk->name), "%s", p->filename);
    segments_str(w->out, p->link);
    segments_str(w->out, "\n");
}

static void write_part(struct work *w, void *ctx, struct render_meta *meta)
{
    struct making *mk = ctx;
    struct part part = {.kind = PART_DATA};
    struct message m;
    unsigned defects;
    bool open;

    message_init(&m, w, mk->item, 0);
    defects = m.defects;
    open = attach_open(&m, mk->index, &part);
    snprintf(mk->name, sizeof(mk->name), "%s",
             part.filename ? part.filename : "");
    meta->time = part.time ? part.time : message_time(m.props);
    if (!open || m.defects > defects) {
        mk->error = EIO;
    } else if (part.kind == PART_MESSAGE) {
        struct render_meta embedded = {0};
        write_embedded(w, mk, &part, &embedded);
        if (!part.time && embedded.time)
            meta->time = embedded.time;
    } else if (part.kind == PART_LINK) {
        write_link(w, mk, &part);
    } else {
        segments_view(w->out, &part.source, SEGMENT_RAW);
    }
    message_finish(&m);
}

static int part_show(struct pst *pst, uint32_t nid, struct making *mk,
                     render_part_fn *fn, void *ctx, struct err *err)
{
    struct render_part part = {.number = (unsigned)mk->index + 1};
    struct render *r;
    int rc = render_begin(false, &r, err);

    if (rc < 0)
        return rc;
    mk->error = 0;
    rc = render_run(r, pst, nid, write_part, mk, err);
    if (rc == 0) {
        if (!mk->name[0])
            snprintf(mk->name, sizeof(mk->name), "attachment-%u", part.number);
        part.name = mk->name;
        part.size = r->meta.size;
        part.time = r->meta.time;
        part.error = mk->error;
    }
    render_free(&r);
    return rc < 0 ? rc : fn(ctx, &part);
}

int render_parts(struct pst *pst, uint32_t nid, unsigned first,
                 render_part_fn *fn, void *ctx, struct err *err)
{
    struct making mk = {.index = first ? first - 1 : 0};
    int rc = pst_item_open(pst, nid, &mk.item, err);
    size_t n;

    if (rc < 0)
        return rc;
    n = pst_item_attachments(mk.item);
    for (; rc == 0 && mk.index < n && mk.index < RENDER_PART_MAX; mk.index++)
        rc = part_show(pst, nid, &mk, fn, ctx, err);
    pst_item_free(&mk.item);
    return rc;
}

static int part_make(struct render *r, struct pst *pst, uint32_t nid,
                     unsigned part, struct err *err)
{
    struct making mk = {.index = part - 1};
    int rc = render_open(r, pst, nid, &mk.item, err);

    if (rc < 0)
        return rc;
    if (!part || part > RENDER_PART_MAX ||
        mk.index >= pst_item_attachments(mk.item))
        return err_set(err, ENOENT, "item %#x has no part %u", nid, part);
    rc = render_run(r, pst, nid, write_part, &mk, err);
    if (rc == 0 && mk.error)
        rc = err_set(err, EIO, "part %u of item %#x cannot be read", part, nid);
    return rc;
}

int render_part_new(struct pst *pst, uint32_t nid, unsigned part,
                    struct render **render_r, struct err *err)
{
    struct render *r;
    int rc = render_begin(false, &r, err);

    *render_r = NULL;
    if (rc < 0)
        return rc;
    rc = part_make(r, pst, nid, part, err);
    if (rc < 0)
        render_free(&r);
    *render_r = r;
    return rc;
}
