#include "pipeline/render/fts_stream.h"

#include <endian.h>
#include <string.h>

#define OP_BUFFER     2u
#define RECORD_HEAD   8u
#define FRAME         (RECORD_HEAD + FTS_BUFFER)
#define VIEWS_MAX     64 /* in one record; then it is ended early */
#define PROP_TAG      4u
#define NAME_GUID     16u
#define ATOM_MAX      (PROP_TAG + NAME_GUID + 1 + FTS_NAME_MAX + 2)
#define LITERAL_BYTES 65536

/* A view within the record that is being filled. */
struct view {
    size_t at; /* literal bytes of the record before it */
    struct segment_source source;
};

struct fts_stream {
    struct segments *out;
    size_t fill;     /* stream bytes in the record */
    struct buf text; /* its literal bytes */
    struct view views[VIEWS_MAX];
    size_t count;
};

/* A piece of a source, as it is or as records that are all full. */
struct slice {
    struct segment_source source;
    uint64_t base;
};

static void put32(uint8_t *to, uint32_t value)
{
    value = htole32(value);
    memcpy(to, &value, sizeof(value));
}

static void record_head(uint8_t head[RECORD_HEAD], size_t size)
{
    put32(head, OP_BUFFER);
    put32(head + 4, (uint32_t)size);
}

static ssize_t slice_read(void *ctx, uint64_t off, void *buf, size_t len,
                          struct err *err)
{
    struct slice *s = ctx;

    return s->source.read(s->source.ctx, s->base + off, buf, len, err);
}

/* len bytes at off of the frame, which ends behind them or further on. */
static ssize_t frame_read(struct slice *s, uint64_t frame, size_t off,
                          uint8_t *to, size_t len, struct err *err)
{
    uint8_t head[RECORD_HEAD];
    size_t n = 0;

    record_head(head, FTS_BUFFER);
    for (; n < len && off + n < RECORD_HEAD; n++)
        to[n] = head[off + n];
    if (n == len)
        return (ssize_t)n;
    uint64_t at = s->base + frame * FTS_BUFFER + (off + n - RECORD_HEAD);
    ssize_t got = s->source.read(s->source.ctx, at, to + n, len - n, err);
    return got < 0 ? got : got + (ssize_t)n;
}

static ssize_t frames_read(void *ctx, uint64_t off, void *buf, size_t len,
                           struct err *err)
{
    size_t done = 0;

    while (done < len) {
        uint64_t frame = (off + done) / FRAME;
        size_t in = (size_t)((off + done) % FRAME), take = FRAME - in;
        if (take > len - done)
            take = len - done;
        ssize_t got =
            frame_read(ctx, frame, in, (uint8_t *)buf + done, take, err);
        if (got < 0)
            return got;
        done += (size_t)got;
        if ((size_t)got < take)
            break;
    }
    return (ssize_t)done;
}

static void record_end(struct fts_stream *f)
{
    uint8_t head[RECORD_HEAD];
    size_t at = 0;

    if (!f->fill)
        return;
    record_head(head, f->fill);
    segments_text(f->out, (const char *)head, sizeof(head));
    for (size_t i = 0; i < f->count; i++) {
        segments_text(f->out, f->text.data + at, f->views[i].at - at);
        segments_view(f->out, &f->views[i].source, SEGMENT_RAW);
        at = f->views[i].at;
    }
    segments_text(f->out, buf_str(&f->text) + at, f->text.len - at);
    buf_clear(&f->text);
    f->fill = f->count = 0;
}

static size_t record_room(const struct fts_stream *f)
{
    return FTS_BUFFER - f->fill;
}

static void record_add(struct fts_stream *f, const void *data, size_t len)
{
    buf_add(&f->text, data, len);
    f->fill += len;
}

static void atom(struct fts_stream *f, const void *data, size_t len)
{
    if (len > record_room(f))
        record_end(f);
    record_add(f, data, len);
}

static void atom32(struct fts_stream *f, uint32_t value)
{
    uint8_t bytes[4];

    put32(bytes, value);
    atom(f, bytes, sizeof(bytes));
}

/* A value of variable size: it may be cut anywhere. */
static void value_add(struct fts_stream *f, const uint8_t *data, uint64_t len)
{
    while (len) {
        if (!record_room(f))
            record_end(f);
        size_t take = len < record_room(f) ? (size_t)len : record_room(f);
        record_add(f, data, take);
        data += take;
        len -= take;
    }
}

/* A slice that lives with the segments; NULL when memory ran out. */
static struct slice *slice_new(struct fts_stream *f,
                               const struct segment_source *source,
                               uint64_t base)
{
    struct slice *s = malloc(sizeof(*s));

    if (s)
        *s = (struct slice){*source, base};
    return segments_hold(f->out, s, free) < 0 ? NULL : s;
}

/* len bytes of the source into the record, which has room for them. */
static void source_piece(struct fts_stream *f,
                         const struct segment_source *source, uint64_t base,
                         size_t len)
{
    struct slice *s;

    if (!len || !(s = slice_new(f, source, base)))
        return;
    f->views[f->count++] = (struct view){f->text.len, {slice_read, s, len}};
    f->fill += len;
}

static void source_frames(struct fts_stream *f,
                          const struct segment_source *source, uint64_t base,
                          uint64_t frames)
{
    struct segment_source view = {frames_read, NULL, frames * FRAME};

    if (!frames)
        return;
    view.ctx = slice_new(f, source, base);
    if (view.ctx)
        segments_view(f->out, &view, SEGMENT_RAW);
}

/* The rest of the record, then whole records as one view, then a new one. */
static void source_add(struct fts_stream *f,
                       const struct segment_source *source, uint64_t len)
{
    uint64_t head, frames;

    if (!record_room(f) || f->count + 1 >= VIEWS_MAX)
        record_end(f);
    head = len < record_room(f) ? len : record_room(f);
    source_piece(f, source, 0, (size_t)head);
    if (head == len)
        return;
    record_end(f);
    frames = (len - head) / FTS_BUFFER;
    source_frames(f, source, head, frames);
    head += frames * FTS_BUFFER;
    source_piece(f, source, head, (size_t)(len - head));
}

struct fts_stream *fts_stream_new(struct segments *out)
{
    static const char prefix[] = /* section 7.1 */
        "\x01\0\0\0\x08\0\0\0\0\0\0\0\x01\0\0\0"
        "\x03\0\0\0\x18\0\0\0\x01\0\0\0\x07\x03\x02\0\0\0\0\0\xC0\0\0\0"
        "\0\0\0\x46\0\x24\0\x80"
        "\x04\0\0\0\x06\0\0";
    struct fts_stream *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->out = out;
    f->text.max = LITERAL_BYTES;
    segments_text(out, prefix, sizeof(prefix)); /* its NUL is the last byte */
    segments_text(out, FTS_PARTNER_VERSION, FTS_PARTNER_VERSION_SIZE);
    return f;
}

void fts_stream_finish(struct fts_stream **stream)
{
    struct fts_stream *f = *stream;

    if (!f)
        return;
    record_end(f);
    buf_finish(&f->text);
    free(f);
    *stream = NULL;
}

void fts_marker(struct fts_stream *f, uint32_t marker)
{
    atom32(f, marker);
}

/* Type, id and, from 0x8000 on, what the id stands for: one atom. */
static void prop_begin(struct fts_stream *f, uint16_t id, uint16_t type,
                       const struct pst_name *name)
{
    uint8_t a[ATOM_MAX] = {(uint8_t)type, (uint8_t)(type >> 8), (uint8_t)id,
                           (uint8_t)(id >> 8)};
    size_t n = PROP_TAG;

    if (name) {
        memcpy(a + n, name->guid, NAME_GUID);
        n += NAME_GUID;
        a[n++] = name->is_text;
        if (name->is_text) {
            size_t len =
                name->text_len < FTS_NAME_MAX ? name->text_len : FTS_NAME_MAX;
            memcpy(a + n, name->text, len);
            n += len + 2; /* and a NUL */
        } else {
            put32(a + n, name->number);
            n += 4;
        }
    }
    atom(f, a, n);
}

void fts_number(struct fts_stream *f, uint16_t id, uint32_t value)
{
    prop_begin(f, id, PT_INT32, NULL);
    atom32(f, value);
}

static bool is_variable(unsigned type)
{
    type &= ~(unsigned)PT_MV;
    return type == PT_STRING || type == PT_BINARY || type == PT_OBJECT;
}

static void element_add(struct fts_stream *f, unsigned type,
                        const struct mapi_element *e)
{
    bool text = type == PT_MV_STRING;

    if (!is_variable(type)) {
        atom(f, e->data, e->len);
        return;
    }
    atom32(f, (uint32_t)(e->len + (text ? 2 : 0)));
    value_add(f, e->data, e->len);
    if (text)
        value_add(f, (const uint8_t *)"\0\0", 2);
}

static void list_add(struct fts_stream *f, const struct mapi_prop *p)
{
    atom32(f, (uint32_t)p->count);
    for (size_t i = 0; i < p->count; i++)
        element_add(f, p->type, &p->list[i]);
}

static void single_add(struct fts_stream *f, const struct mapi_prop *p)
{
    bool text = p->type == PT_STRING;

    if (!is_variable(p->type)) {
        atom(f, p->data, (size_t)p->size);
        return;
    }
    atom32(f, (uint32_t)(p->size + (text ? 2 : 0)));
    if (p->data)
        value_add(f, p->data, p->size);
    else
        source_add(f, &p->source, p->size);
    if (text)
        value_add(f, (const uint8_t *)"\0\0", 2);
}

void fts_property(struct fts_stream *f, uint16_t id, const struct mapi_prop *p)
{
    bool list = p->type & PT_MV;
    uint16_t type = p->type == PT_STRING      ? FTS_TYPE_TEXT
                    : p->type == PT_MV_STRING ? FTS_TYPE_TEXTS
                                              : p->type;

    if (list ? !p->count : p->type != PT_STRING && !p->size)
        return;
    prop_begin(f, id, type, p->name);
    if (list)
        list_add(f, p);
    else
        single_add(f, p);
}
