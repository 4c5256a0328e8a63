#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/pst/bytes.h"
#include "pipeline/render/mapi_priv.h"

#define CODEPAGE_UTF8 65001u
#define RECIPIENT_TO  1
#define MARK          1 /* first character of a marked subject */

static bool is_dropped(const struct mapi_walk *w, uint16_t id)
{
    for (size_t i = 0; i < w->rules->drop_count; i++) {
        const struct mapi_drop *d = &w->rules->drops[i];
        if (id >= d->first && id <= d->last && (d->objects & w->object))
            return true;
    }
    return false;
}

static void show(struct mapi_walk *w, const struct mapi_prop *p)
{
    if (!is_dropped(w, p->id))
        w->fn(w->ctx, p);
}

static void show_stored(struct mapi_walk *w, uint16_t id)
{
    struct mapi_prop p;

    if (!is_dropped(w, id) && mapi_value(w, id, MAPI_WHOLE_MAX, &p))
        w->fn(w->ctx, &p);
}

static void show_number(struct mapi_walk *w, uint16_t id, uint32_t value)
{
    uint32_t bytes = htole32(value);
    struct mapi_prop p = {.id = id,
                          .type = PT_INT32,
                          .size = sizeof(bytes),
                          .data = (const uint8_t *)&bytes};

    show(w, &p);
}

static void show_text(struct mapi_walk *w, uint16_t id, const void *text,
                      size_t len)
{
    struct mapi_prop p = {
        .id = id, .type = PT_STRING, .size = len, .data = text};

    show(w, &p);
}

/* ---- what is mended or must be there ---- */

static void show_class(struct mapi_walk *w, uint16_t id)
{
    static const uint8_t note[] = {'I', 0, 'P', 0, 'M', 0, '.', 0,
                                   'N', 0, 'o', 0, 't', 0, 'e', 0};
    struct mapi_prop p;

    if (mapi_value(w, id, UINT64_MAX, &p) && p.size)
        show(w, &p);
    else
        show_text(w, id, note, sizeof(note));
}

static void show_flags(struct mapi_walk *w, uint16_t id)
{
    uint32_t keep = w->rules->flags;

    if (class_is(w->m->class, "IPM.Note"))
        keep |= w->rules->mail_flags;
    show_number(w, id, (uint32_t)pst_props_int(w->props, id, 0) & keep);
}

/* HTML of 16 bits is given as UTF-8 (bytes_value), whatever was said of it. */
static void show_codepage(struct mapi_walk *w, uint16_t id)
{
    if (pst_props_type(w->props, PR_HTML) == PT_STRING)
        show_number(w, id, CODEPAGE_UTF8);
    else
        show_stored(w, id);
}

static void show_recipient_type(struct mapi_walk *w, uint16_t id)
{
    if (pst_props_type(w->props, id))
        show_stored(w, id);
    else
        show_number(w, id, RECIPIENT_TO);
}

static void show_method(struct mapi_walk *w, uint16_t id)
{
    if (pst_props_type(w->props, id))
        show_stored(w, id);
    else
        show_number(w, id, ATTACH_BY_VALUE);
}

/* Bytes of the prefix in UTF-16, by an 8-bit subject's own count. */
static size_t narrow_prefix(struct mapi_walk *w, uint16_t id, bool *marked_r)
{
    struct err err = {0};
    size_t len;

    buf_clear(&w->raw);
    if (pst_props_bytes(w->props, id, &w->raw, &err) < 0 || w->raw.len < 2 ||
        w->raw.data[0] != MARK)
        return 0;
    *marked_r = true;
    len = (uint8_t)w->raw.data[1] ? (uint8_t)w->raw.data[1] - 1u : 0;
    if (len > w->raw.len - 2)
        return 0;
    buf_clear(&w->text);
    pst_props_decode(w->props, w->raw.data + 2, len, &w->text);
    buf_clear(&w->raw);
    mapi_widen(w, &w->text);
    return w->raw.len;
}

/* The same of one of 16 bits; takes the mark off p. */
static size_t wide_prefix(struct mapi_prop *p, bool *marked_r)
{
    size_t len;

    if (p->size < 2 || get16(p->data) != MARK)
        return 0;
    *marked_r = true;
    len = p->size < 4 || !get16(p->data + 2)
              ? 0
              : 2 * ((size_t)get16(p->data + 2) - 1);
    p->data += p->size < 4 ? 2 : 4;
    p->size -= p->size < 4 ? 2 : 4;
    return len;
}

static void show_subject(struct mapi_walk *w, uint16_t id)
{
    bool marked = false;
    struct mapi_prop p;
    size_t prefix = 0;

    if (pst_props_type(w->props, id) == PT_STRING8)
        prefix = narrow_prefix(w, id, &marked);
    if (!mapi_value(w, id, UINT64_MAX, &p))
        return;
    if (pst_props_type(w->props, id) == PT_STRING)
        prefix = wide_prefix(&p, &marked);
    show(w, &p);
    if (prefix > p.size)
        prefix = 0;
    if (marked && !pst_props_type(w->props, PR_SUBJECT_PREFIX))
        show_text(w, PR_SUBJECT_PREFIX, p.data, prefix);
    if (marked && !pst_props_type(w->props, PR_NORMALIZED_SUBJECT))
        show_text(w, PR_NORMALIZED_SUBJECT, p.data + prefix,
                  (size_t)p.size - prefix);
}

/* These come first, in this order, present in the store or not. */
static const struct {
    enum mapi_object object;
    uint16_t id;
    void (*show)(struct mapi_walk *w, uint16_t id);
} firsts[] = {
    {MAPI_MESSAGE, PR_MESSAGE_CLASS, show_class},
    {MAPI_MESSAGE, PR_SUBJECT, show_subject},
    {MAPI_MESSAGE, PR_MESSAGE_FLAGS, show_flags},
    {MAPI_MESSAGE, PR_INTERNET_CPID, show_codepage},
    {MAPI_RECIPIENT, PR_RECIPIENT_TYPE, show_recipient_type},
    {MAPI_ATTACHMENT, PR_ATTACH_METHOD, show_method},
};

/* ---- the walk ---- */

static bool is_done(struct mapi_walk *w, uint16_t id)
{
    uint8_t bit = (uint8_t)(1 << id % 8);
    bool done = w->done[id / 8] & bit;

    w->done[id / 8] |= bit;
    return done;
}

static void walk_run(struct mapi_walk *w)
{
    size_t n = pst_props_count(w->props);

    for (size_t i = 0; i < array_len(firsts); i++)
        if (firsts[i].object == w->object && !is_done(w, firsts[i].id))
            firsts[i].show(w, firsts[i].id);
    if (w->object == MAPI_ATTACHMENT)
        is_done(w, PR_ATTACH_DATA);
    if (n > MAPI_PROPS_MAX) {
        message_defect(w->m, "%zu properties left out", n - MAPI_PROPS_MAX);
        n = MAPI_PROPS_MAX;
    }
    for (size_t i = 0; i < n && !w->m->work->error; i++) {
        uint16_t id, type;
        pst_props_at(w->props, i, &id, &type);
        if (!is_done(w, id))
            show_stored(w, id);
    }
}

void mapi_each(struct message *m, struct pst_props *props,
               enum mapi_object object, const struct mapi_rules *rules,
               mapi_fn *fn, void *ctx)
{
    struct mapi_walk w = {.m = m,
                          .props = props,
                          .object = object,
                          .rules = rules,
                          .fn = fn,
                          .ctx = ctx,
                          .raw = BUF(MAPI_TEXT_MAX),
                          .text = BUF(MAPI_TEXT_MAX)};

    walk_run(&w);
    buf_finish(&w.raw);
    buf_finish(&w.text);
    free(w.list);
}
