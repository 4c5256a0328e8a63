#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/pst/bytes.h"
#include "pipeline/render/attach.h"
#include "pipeline/render/mapi_priv.h"
#include "pipeline/render/oneoff.h"

#define TAIL_STEP 4096u /* bytes looked at for NULs at the end of a text */

static void stream_release(void *object)
{
    struct pst_stream *s = object;

    pst_stream_free(&s);
}

void mapi_failed(struct mapi_walk *w, uint16_t id, int error,
                 const struct err *err)
{
    if (error == -ENOMEM)
        w->m->work->error = ENOMEM;
    else
        message_defect(w->m, "property %04X: %s", id,
                       err && err->msg[0] ? err->msg : strerror(-error));
}

static bool raw_load(struct mapi_walk *w, uint16_t id)
{
    struct err err = {0};
    int e;

    buf_clear(&w->raw);
    e = pst_props_bytes(w->props, id, &w->raw, &err);
    if (e == -ENOENT) /* it is listed, so it has lost its value */
        e = err_set(&err, EBADMSG, "its value is lost");
    if (e < 0)
        mapi_failed(w, id, e, &err);
    return e == 0;
}

static void prop_whole(struct mapi_walk *w, struct mapi_prop *p)
{
    p->data = (const uint8_t *)buf_str(&w->raw);
    p->size = w->raw.len;
}

void mapi_widen(struct mapi_walk *w, const struct buf *text)
{
    charset_to_utf16(buf_str(text), text->len, &w->raw);
}

static bool raw_check(struct mapi_walk *w, uint16_t id)
{
    int error = w->raw.error ? w->raw.error : w->text.error;
    struct err err = {0};

    if (!error)
        return true;
    err_sys(&err, error, "too long");
    mapi_failed(w, id, -error, &err);
    return false;
}

/* ---- fixed ---- */

static bool is_number(unsigned type)
{
    return type == PT_INT16 || type == PT_INT32 || type == PT_INT64 ||
           type == PT_BOOL;
}

static size_t fixed_width(unsigned type)
{
    static const struct {
        uint16_t type;
        uint8_t width;
    } widths[] = {
        {PT_INT16, 2},    {PT_INT32, 4},   {PT_FLOAT32, 4}, {PT_FLOAT64, 8},
        {PT_CURRENCY, 8}, {PT_APPTIME, 8}, {PT_BOOL, 2},    {PT_INT64, 8},
        {PT_TIME, 8},     {PT_GUID, 16},
    };

    for (size_t i = 0; i < array_len(widths); i++)
        if (widths[i].type == type)
            return widths[i].width;
    return 0;
}

/* A number in another width; false when it does not fit. */
static bool number_convert(struct mapi_walk *w, uint16_t id, unsigned from,
                           unsigned to)
{
    size_t width = fixed_width(to);
    int64_t value = from == PT_BOOL ? pst_props_bool(w->props, id, false)
                                    : pst_props_int64(w->props, id, 0);
    int64_t most = width == 8 ? INT64_MAX : (1ll << (8 * width - 1)) - 1;
    uint64_t bytes;

    if (to == PT_BOOL)
        value = value != 0;
    if (value > most || value < -most - 1)
        return false;
    bytes = htole64((uint64_t)value);
    buf_clear(&w->raw);
    buf_add(&w->raw, &bytes, width);
    return true;
}

static bool fixed_value(struct mapi_walk *w, uint16_t id, unsigned stored,
                        struct mapi_prop *p)
{
    size_t width = fixed_width(p->type);
    bool fits = raw_load(w, id);

    if (!fits)
        return false;
    if (is_number(p->type) && is_number(stored))
        fits = number_convert(w, id, stored, p->type);
    else
        fits = stored == p->type && w->raw.len == width;
    if (!fits) {
        message_defect(w->m, "property %04X: no value of type %04X", id,
                       p->type);
        return false;
    }
    prop_whole(w, p);
    return raw_check(w, id);
}

/* ---- texts and bytes ---- */

static size_t wide_trim(const uint8_t *data, size_t len)
{
    len &= ~(size_t)1;
    while (len && !data[len - 1] && !data[len - 2])
        len -= 2;
    return len;
}

/* Size of a text of 16 bits without its NULs at the end. */
static int64_t stream_trim(struct pst_stream *s, struct err *err)
{
    uint64_t size = pst_stream_size(s) & ~1ull;
    uint8_t tail[TAIL_STEP];

    while (size) {
        size_t step = size < sizeof(tail) ? (size_t)size : sizeof(tail);
        ssize_t got = pst_stream_read(s, size - step, tail, step, err);
        if (got < 0)
            return got;
        if ((size_t)got < step)
            return err_set(err, EBADMSG, "its value ends early");
        size_t kept = wide_trim(tail, step);
        size -= step - kept;
        if (kept)
            break;
    }
    return (int64_t)size;
}

static bool value_streamed(struct mapi_walk *w, uint16_t id,
                           struct mapi_prop *p)
{
    struct pst_stream *s = NULL;
    struct err err = {0};
    int64_t e = pst_props_stream(w->props, id, &s, &err);

    if (e < 0) {
        mapi_failed(w, id, (int)e, &err);
        return false;
    }
    if (segments_hold(w->m->work->out, s, stream_release) < 0)
        return false;
    p->source = attach_source(s);
    if (p->type == PT_STRING) {
        e = stream_trim(s, &err);
        if (e < 0) {
            mapi_failed(w, id, (int)e, &err);
            return false;
        }
        p->source.size = (uint64_t)e;
    }
    p->size = p->source.size;
    return true;
}

/* A class in 8 bits inside a text of 16 (mspst.md section 19). */
static bool is_narrow(const struct buf *b)
{
    return b->len > 4 &&
           (memcmp(b->data, "IPM.", 4) == 0 || memcmp(b->data, "IPF.", 4) == 0);
}

/* Texts that are not UTF-16 already, by the store's own rules. */
static bool text_decoded(struct mapi_walk *w, uint16_t id, struct mapi_prop *p)
{
    struct err err = {0};
    int e;

    buf_clear(&w->raw);
    buf_clear(&w->text);
    e = pst_props_text(w->props, id, &w->text, &err);
    if (e < 0) {
        mapi_failed(w, id, e, &err);
        return false;
    }
    mapi_widen(w, &w->text);
    prop_whole(w, p);
    return raw_check(w, id);
}

static bool text_value(struct mapi_walk *w, uint16_t id, unsigned stored,
                       struct mapi_prop *p)
{
    if (stored != PT_STRING)
        return text_decoded(w, id, p);
    if (!raw_load(w, id))
        return false;
    if (is_narrow(&w->raw))
        return text_decoded(w, id, p);
    prop_whole(w, p);
    p->size = wide_trim(p->data, w->raw.len);
    return true;
}

/* Binaries, and texts that should be: of 16 bits they become UTF-8. */
static bool bytes_value(struct mapi_walk *w, uint16_t id, unsigned stored,
                        struct mapi_prop *p)
{
    if (!raw_load(w, id))
        return false;
    prop_whole(w, p);
    if (stored == PT_STRING) {
        buf_clear(&w->text);
        charset_from_utf16(p->data, wide_trim(p->data, w->raw.len), &w->text);
        p->data = (const uint8_t *)buf_str(&w->text);
        p->size = w->text.len;
    }
    while (stored == PT_STRING8 && p->size && !p->data[p->size - 1])
        p->size--;
    return raw_check(w, id);
}

/* ---- lists ---- */

static bool list_room(struct mapi_walk *w, uint16_t id, struct mapi_prop *p)
{
    if (p->count > MAPI_LIST_MAX) {
        message_defect(w->m, "property %04X: %zu values", id, p->count);
        return false;
    }
    free(w->list);
    w->list = calloc(p->count + 1, sizeof(*w->list));
    if (!w->list)
        w->m->work->error = ENOMEM;
    p->list = w->list;
    return w->list != NULL;
}

static bool list_fixed(struct mapi_walk *w, uint16_t id, size_t width,
                       struct mapi_prop *p)
{
    p->count = w->raw.len / width;
    if (!list_room(w, id, p))
        return false;
    for (size_t i = 0; i < p->count; i++)
        w->list[i] = (struct mapi_element){
            (const uint8_t *)w->raw.data + i * width, width};
    return true;
}

/* 8-bit elements become UTF-16 behind what is in raw; its memory may move. */
static bool list_widen(struct mapi_walk *w, uint16_t id, struct mapi_prop *p)
{
    size_t raw_start = w->raw.len, at = raw_start;

    for (size_t i = 0; i < p->count; i++) {
        size_t len;
        const uint8_t *data =
            oneoff_element((const uint8_t *)w->raw.data, raw_start, i, &len);
        buf_clear(&w->text);
        pst_props_decode(w->props, data, data ? len : 0, &w->text);
        size_t before = w->raw.len;
        mapi_widen(w, &w->text);
        w->list[i].len = w->raw.len - before;
    }
    for (size_t i = 0; i < p->count; at += w->list[i++].len)
        w->list[i].data = (const uint8_t *)buf_str(&w->raw) + at;
    return raw_check(w, id);
}

static bool list_variable(struct mapi_walk *w, uint16_t id, unsigned stored,
                          struct mapi_prop *p)
{
    const uint8_t *raw = (const uint8_t *)buf_str(&w->raw);
    bool torn = false;

    p->count = w->raw.len >= 4 ? get32(raw) : 0;
    if (p->count && p->count > (w->raw.len - 4) / 4) {
        message_defect(w->m, "property %04X: its list is torn", id);
        return false;
    }
    if (!list_room(w, id, p))
        return false;
    for (size_t i = 0; i < p->count; i++) {
        struct mapi_element *e = &w->list[i];
        e->data = oneoff_element(raw, w->raw.len, i, &e->len);
        torn |= !e->data;
        if (!e->data)
            e->len = 0;
        else if (stored == PT_MV_STRING)
            e->len = wide_trim(e->data, e->len);
    }
    if (torn)
        message_defect(w->m, "property %04X: values of its list are lost", id);
    return stored != PT_MV_STRING8 || list_widen(w, id, p);
}

static bool list_value(struct mapi_walk *w, uint16_t id, unsigned stored,
                       struct mapi_prop *p)
{
    size_t width = fixed_width(stored & ~(unsigned)PT_MV);

    if (!raw_load(w, id))
        return false;
    return width ? list_fixed(w, id, width, p)
                 : list_variable(w, id, stored, p);
}

/* ---- which of them ---- */

typedef bool value_fn(struct mapi_walk *w, uint16_t id, unsigned stored,
                      struct mapi_prop *p);

static const struct {
    uint16_t stored, shown; /* shown 0: such a property is none */
    value_fn *get;
} kinds[] = {
    {PT_INT16, PT_INT16, fixed_value},
    {PT_INT32, PT_INT32, fixed_value},
    {PT_FLOAT32, PT_FLOAT32, fixed_value},
    {PT_FLOAT64, PT_FLOAT64, fixed_value},
    {PT_CURRENCY, PT_CURRENCY, fixed_value},
    {PT_APPTIME, PT_APPTIME, fixed_value},
    {PT_BOOL, PT_BOOL, fixed_value},
    {PT_INT64, PT_INT64, fixed_value},
    {PT_TIME, PT_TIME, fixed_value},
    {PT_GUID, PT_GUID, fixed_value},
    {PT_STRING8, PT_STRING, text_value},
    {PT_STRING, PT_STRING, text_value},
    {PT_BINARY, PT_BINARY, bytes_value},
    {PT_MV | PT_INT16, PT_MV | PT_INT16, list_value},
    {PT_MV | PT_INT32, PT_MV | PT_INT32, list_value},
    {PT_MV | PT_FLOAT32, PT_MV | PT_FLOAT32, list_value},
    {PT_MV | PT_FLOAT64, PT_MV | PT_FLOAT64, list_value},
    {PT_MV | PT_CURRENCY, PT_MV | PT_CURRENCY, list_value},
    {PT_MV | PT_APPTIME, PT_MV | PT_APPTIME, list_value},
    {PT_MV | PT_INT64, PT_MV | PT_INT64, list_value},
    {PT_MV | PT_TIME, PT_MV | PT_TIME, list_value},
    {PT_MV | PT_GUID, PT_MV | PT_GUID, list_value},
    {PT_MV_STRING8, PT_MV_STRING, list_value},
    {PT_MV_STRING, PT_MV_STRING, list_value},
    {PT_MV_BINARY, PT_MV_BINARY, list_value},
    {PT_NULL, 0, NULL},
    {PT_ERROR, 0, NULL},
    {PT_OBJECT, 0, NULL},
    {PT_SERVERID, 0, NULL},
    {PT_RESTRICT, 0, NULL},
    {PT_ACTIONS, 0, NULL},
    {PT_MV | PT_ERROR, 0, NULL},
};

static value_fn *getter_of(unsigned type)
{
    for (size_t i = 0; i < array_len(kinds); i++)
        if (kinds[i].stored == type)
            return kinds[i].get;
    return NULL;
}

/* Only texts and bytes as they are can be handed out piece by piece. */
static bool is_streamed(struct mapi_walk *w, uint16_t id, unsigned stored,
                        unsigned shown, uint64_t whole_max)
{
    int64_t size;

    if (stored != shown || (shown != PT_STRING && shown != PT_BINARY))
        return false;
    size = pst_props_size(w->props, id);
    return size > 0 && (uint64_t)size > whole_max;
}

/* May a value of this type become one of that? Getters look at the value. */
static bool is_mendable(unsigned stored, unsigned wanted)
{
    bool text = stored == PT_STRING || stored == PT_STRING8;

    return (is_number(stored) && is_number(wanted)) ||
           (text && wanted == PT_BINARY) ||
           (stored == PT_BINARY && wanted == PT_STRING);
}

static bool value_shown(struct mapi_walk *w, uint16_t id, unsigned stored,
                        unsigned shown, uint64_t whole_max, struct mapi_prop *p)
{
    unsigned wanted = mapi_type(id);

    if (wanted && wanted != shown) {
        if (!is_mendable(stored, wanted)) {
            message_defect(w->m, "property %04X: its type is %04X", id, stored);
            return false;
        }
        shown = wanted;
    }
    p->type = (uint16_t)shown;
    if (is_streamed(w, id, stored, shown, whole_max))
        return value_streamed(w, id, p);
    return getter_of(shown)(w, id, stored, p);
}

bool mapi_value(struct mapi_walk *w, uint16_t id, uint64_t whole_max,
                struct mapi_prop *p)
{
    unsigned stored = pst_props_type(w->props, id);

    *p = (struct mapi_prop){.id = id};
    buf_clear(&w->raw);
    buf_clear(&w->text);
    if (!stored)
        return false;
    if (id >= 0x8000) {
        if (!pst_named_get(pst_item_store(w->m->item), id, &w->name)) {
            message_defect(w->m, "property %04X: it has no name", id);
            return false;
        }
        p->name = &w->name;
    }
    for (size_t i = 0; i < array_len(kinds); i++)
        if (kinds[i].stored == stored)
            return kinds[i].shown &&
                   value_shown(w, id, stored, kinds[i].shown, whole_max, p);
    message_defect(w->m, "property %04X: unknown type %04X", id, stored);
    return false;
}
