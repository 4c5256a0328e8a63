#include "pipeline/render/fetch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/render/encode.h"

const char *fetch_copy(struct work *w, const char *text, size_t len)
{
    const char *copy = arena_copy(w->arena, text, len);

    if (!copy)
        w->error = ENOMEM;
    return copy ? copy : "";
}

void *fetch_alloc(struct work *w, size_t size)
{
    void *at = arena_alloc(w->arena, size);

    if (!at)
        w->error = ENOMEM;
    return at;
}

const char *fetch_format(struct work *w, const char *fmt, ...)
{
    va_list ap, again;
    char *to;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    to = n < 0 ? NULL : fetch_alloc(w, (size_t)n + 1);
    if (to)
        vsnprintf(to, (size_t)n + 1, fmt, again);
    va_end(again);
    return to ? to : "";
}

/* What a failed get means: absent is nothing, memory ends the work. */
static void fetch_failed(struct message *m, uint16_t id, int error,
                         const struct err *err)
{
    if (error == -ENOENT)
        return;
    if (error == -ENOMEM)
        m->work->error = ENOMEM;
    else
        message_defect(m, "property %04X: %s", id,
                       err->msg[0] ? err->msg : strerror(-error));
}

/* The scratch text, with LF line ends, as a arena copy. */
static const char *scratch_text(struct work *w)
{
    struct buf *s = &w->scratch;

    while (s->len && s->data[s->len - 1] == '\0')
        s->len--;
    encode_lf(s, 0);
    return fetch_copy(w, buf_str(s), s->len);
}

const char *fetch_text(struct message *m, struct pst_props *props, uint16_t id)
{
    struct work *w = m->work;
    struct err err = {0};
    int e;

    if (!id)
        return "";
    buf_clear(&w->scratch);
    e = pst_props_text(props, id, &w->scratch, &err);
    if (e < 0) {
        fetch_failed(m, id, e, &err);
        return "";
    }
    return w->scratch.len ? scratch_text(w) : "";
}

const char *fetch_own(struct message *m, uint16_t id)
{
    return fetch_text(m, m->props, id);
}

const char *fetch_named(struct message *m, enum name name)
{
    return fetch_own(m, named_id(m->work, name));
}

const char *fetch_element(struct message *m, uint16_t id, size_t i)
{
    return fetch_element_of(m, m->props, id, i);
}

const char *fetch_element_of(struct message *m, struct pst_props *props,
                             uint16_t id, size_t i)
{
    struct work *w = m->work;
    struct err err = {0};
    int e;

    if (!id)
        return NULL;
    buf_clear(&w->scratch);
    e = pst_props_text_at(props, id, i, &w->scratch, &err);
    if (e == 0)
        return scratch_text(w);
    fetch_failed(m, id, e, &err);
    return NULL;
}

const uint8_t *fetch_blob(struct message *m, uint16_t id, size_t *len_r)
{
    return fetch_bytes(m, m->props, id, len_r);
}

const uint8_t *fetch_bytes(struct message *m, struct pst_props *props,
                           uint16_t id, size_t *len_r)
{
    struct work *w = m->work;
    struct err err = {0};
    int e;

    *len_r = 0;
    if (!id)
        return NULL;
    buf_clear(&w->scratch);
    e = pst_props_bytes(props, id, &w->scratch, &err);
    if (e < 0) {
        fetch_failed(m, id, e, &err);
        return NULL;
    }
    const char *copy =
        arena_copy(w->arena, buf_str(&w->scratch), w->scratch.len);
    if (!copy)
        w->error = ENOMEM;
    else
        *len_r = w->scratch.len;
    return (const uint8_t *)copy;
}

int32_t fetch_int(struct message *m, enum name name, int32_t fallback)
{
    uint16_t id = named_id(m->work, name);

    return id ? pst_props_int(m->props, id, fallback) : fallback;
}

bool fetch_bool(struct message *m, enum name name)
{
    uint16_t id = named_id(m->work, name);

    return id && pst_props_bool(m->props, id, false);
}

uint64_t fetch_time(struct message *m, enum name name)
{
    uint16_t id = named_id(m->work, name);

    return id ? pst_props_time(m->props, id) : 0;
}
