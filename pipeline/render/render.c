#include "pipeline/render/render.h"

#include <stdio.h>
#include <string.h>

#include "pipeline/base/hash.h"
#include "pipeline/render/eml.h"
#include "pipeline/render/fts.h"
#include "pipeline/render/msg.h"
#include "pipeline/render/render_priv.h"

#define ICON_REPLIED   261
#define ICON_FORWARDED 262

void render_free(struct render **render)
{
    if (!*render)
        return;
    segments_free(&(*render)->segments);
    free(*render);
    *render = NULL;
}

const struct render_meta *render_meta(const struct render *render)
{
    return &render->meta;
}

size_t render_weight(const struct render *render)
{
    return sizeof(*render) + segments_weight(render->segments);
}

ssize_t render_read(struct render *render, uint64_t off, void *buf, size_t len,
                    struct err *err)
{
    return segments_read(render->segments, off, buf, len, err);
}

uint32_t render_flags(struct pst_props *p, const char *class)
{
    int32_t flags = pst_props_int(p, PR_MESSAGE_FLAGS, 0);
    int32_t verb = pst_props_int(p, PR_LAST_VERB, 0);
    int32_t icon = pst_props_int(p, PR_ICON_INDEX, 0);
    uint32_t out = 0;

    if (flags & MSGFLAG_READ)
        out |= RENDER_SEEN;
    if (verb == VERB_REPLY || verb == VERB_REPLY_ALL || icon == ICON_REPLIED)
        out |= RENDER_ANSWERED;
    if (verb == VERB_FORWARD || icon == ICON_FORWARDED)
        out |= RENDER_FORWARDED;
    if (pst_props_int(p, PR_FLAG_STATUS, 0) == FLAG_FOLLOW_UP)
        out |= RENDER_FLAGGED;
    /* Contacts and events are never "sent": no drafts for that. */
    if ((flags & MSGFLAG_UNSENT) && class_is(class, "IPM.Note"))
        out |= RENDER_DRAFT;
    return out;
}

static void item_release(void *object)
{
    struct pst_item *item = object;

    pst_item_free(&item);
}

static void write_head(struct segments *out, const struct native *native)
{
    const char *text = buf_str(&native->head);
    size_t at = 0;

    for (struct native_view *v = native->views; v; v = v->next) {
        segments_text(out, text + at, v->at - at);
        segments_view(out, &v->source, SEGMENT_FOLD);
        at = v->at;
    }
    segments_text(out, text + at, native->head.len - at);
}

static void write_native(struct message *m, const struct class_row *row)
{
    struct native native = {.head = BUF(RENDER_TEXT_MAX),
                            .tail = BUF(RENDER_TEXT_MAX)};
    struct segments *out = m->work->out;

    row->native(m, NULL, &native);
    if (native.head.error || native.tail.error)
        m->work->error = ENOMEM;
    write_head(out, &native);
    segments_view(out, &native.picture, SEGMENT_FOLD);
    segments_text(out, buf_str(&native.tail), native.tail.len);
    buf_finish(&native.head);
    buf_finish(&native.tail);
}

/* Formats that carry all properties. */
typedef void whole_fn(struct work *w, struct pst_item *item);
static whole_fn *const wholes[RENDER_FORMATS] = {
    [RENDER_FTS] = fts_write,
    [RENDER_MSG] = msg_write,
};

void render_item(struct work *w, struct pst_item *item, unsigned depth,
                 enum render_format format, struct render_meta *meta)
{
    const struct class_row *row;
    struct message m;

    message_init(&m, w, item, depth);
    row = class_find(m.class);
    meta->time = message_time(m.props);
    meta->flags = w->flags = render_flags(m.props, m.class);
    w->is_file = format == RENDER_FILE;
    if (wholes[format])
        wholes[format](w, item);
    else if (format == RENDER_FILE && row->native && !row->invites)
        write_native(&m, row);
    else
        eml_write(&m);
    message_finish(&m);
}

static void work_identify(struct work *w)
{
    static const char hex[] = "0123456789abcdef";
    const struct pst_info *info = pst_info(w->pst);
    char text[64];
    int n;

    for (size_t i = 0; i < PST_RECORD_KEY_SIZE; i++) {
        uint8_t c = info->has_record_key ? info->record_key[i] : 0;
        w->key[2 * i] = hex[c >> 4];
        w->key[2 * i + 1] = hex[c & 15];
    }
    n = snprintf(text, sizeof(text), "%s.%08x", w->key, w->nid);
    w->seed = hash_fnv(text, (size_t)n);
    for (size_t i = 0; i < NAME_COUNT; i++)
        w->names[i] = -1;
}

int render_run(struct render *r, struct pst *pst, uint32_t nid,
               render_write *write, void *ctx, struct err *err)
{
    struct work w = {.pst = pst,
                     .out = r->segments,
                     .arena = arena_new(),
                     .scratch = BUF(RENDER_VALUE_MAX),
                     .nid = nid};

    if (!w.arena)
        return err_set(err, ENOMEM, "no memory to render");
    work_identify(&w);
    write(&w, ctx, &r->meta);
    r->meta.defects = w.defects;
    memcpy(r->meta.what, w.what, sizeof(w.what));
    arena_free(&w.arena);
    buf_finish(&w.scratch);
    if (!w.error)
        w.error = -segments_error(r->segments);
    r->meta.size = segments_size(r->segments);
    return w.error ? err_sys(err, w.error, "item %#x", nid) : 0;
}

int render_begin(bool crlf, struct render **render_r, struct err *err)
{
    struct render *r = calloc(1, sizeof(*r));

    *render_r = r;
    if (r)
        r->segments = segments_new(crlf);
    if (r && r->segments)
        return 0;
    free(r);
    *render_r = NULL;
    return err_set(err, ENOMEM, "no memory to render");
}

int render_open(struct render *r, struct pst *pst, uint32_t nid,
                struct pst_item **item_r, struct err *err)
{
    int e = pst_item_open(pst, nid, item_r, err);

    return e < 0 ? e : segments_hold(r->segments, *item_r, item_release);
}

struct writing {
    struct pst_item *item;
    bool recovered;
    enum render_format format;
};

static void write_whole(struct work *w, void *ctx, struct render_meta *meta)
{
    const struct writing *writing = ctx;

    w->recovered = writing->recovered;
    render_item(w, writing->item, 0, writing->format, meta);
}

/* Takes item over. */
static int render_taken(struct pst *pst, struct pst_item *item, uint32_t nid,
                        bool recovered, enum render_format format,
                        struct render **render_r, struct err *err)
{
    struct writing writing = {item, recovered, format};
    struct render *r;
    int e = render_begin(format == RENDER_MAIL_CRLF, &r, err);

    if (e < 0) {
        pst_item_free(&item);
        return e;
    }
    e = segments_hold(r->segments, item, item_release);
    if (e == 0)
        e = render_run(r, pst, nid, write_whole, &writing, err);
    if (e < 0) {
        render_free(&r);
        return e;
    }
    *render_r = r;
    return 0;
}

int render_new(struct pst *pst, uint32_t nid, enum render_format format,
               struct render **render_r, struct err *err)
{
    struct pst_item *item = NULL;
    int e = pst_item_open(pst, nid, &item, err);

    return e < 0 ? e
                 : render_taken(pst, item, nid, false, format, render_r, err);
}

int render_new_recovered(struct pst *pst, uint32_t number, uint32_t nid,
                         enum render_format format, struct render **render_r,
                         struct err *err)
{
    struct pst_item *item = NULL;
    int e = pst_item_open_recovered(pst, number, &item, err);

    return e < 0 ? e
                 : render_taken(pst, item, nid, true, format, render_r, err);
}
