#include "pipeline/render/segment.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/base/buf.h"
#include "pipeline/render/encode.h"
#include "pipeline/render/limits.h"

#define CHUNK_LINES 512
#define LINE_MAX    (1 + 76 + 2)

struct segment {
    uint64_t start, size; /* in the rendering */
    size_t text;          /* literal: where it begins in the text */
    bool is_view;
    enum segment_shape shape;
    struct segment_source source;
};

struct hold {
    void *object;
    segment_release *release;
};

struct segments {
    bool crlf;
    int error;
    uint64_t size;
    struct buf text;
    struct segment *list;
    size_t count, room;
    struct hold *holds;
    size_t hold_count, hold_room;
    /* Source bytes read last, for reads that go on where one ended. */
    uint8_t *chunk;
    size_t chunk_segment, chunk_len;
    uint64_t chunk_off;
};

struct segments *segments_new(bool crlf)
{
    struct segments *s = calloc(1, sizeof(*s));

    if (s) {
        s->crlf = crlf;
        s->text.max = RENDER_TEXT_MAX;
    }
    return s;
}

size_t segments_mark(const struct segments *s)
{
    return s->hold_count;
}

void segments_reset(struct segments *s, size_t mark)
{
    while (s->hold_count > mark) {
        struct hold *h = &s->holds[--s->hold_count];
        h->release(h->object);
    }
    buf_clear(&s->text);
    s->error = 0;
    s->size = s->count = s->chunk_len = 0;
}

void segments_free(struct segments **sp)
{
    struct segments *s = *sp;

    if (!s)
        return;
    segments_reset(s, 0);
    buf_finish(&s->text);
    free(s->list);
    free(s->holds);
    free(s->chunk);
    free(s);
    *sp = NULL;
}

static void *grow_list(void *list, size_t *room, size_t count, size_t size)
{
    size_t want = *room ? *room * 2 : 8;
    void *bigger;

    if (count < *room)
        return list;
    bigger = reallocarray(list, want, size);
    if (bigger)
        *room = want;
    return bigger;
}

int segments_hold(struct segments *s, void *object, segment_release *release)
{
    struct hold *list =
        grow_list(s->holds, &s->hold_room, s->hold_count, sizeof(*list));

    if (!list) {
        s->error = ENOMEM;
        release(object);
        return -ENOMEM;
    }
    s->holds = list;
    list[s->hold_count++] = (struct hold){object, release};
    return 0;
}

static struct segment *segment_add(struct segments *s)
{
    struct segment *list =
        grow_list(s->list, &s->room, s->count, sizeof(*list));

    if (!list) {
        s->error = ENOMEM;
        return NULL;
    }
    s->list = list;
    list += s->count++;
    memset(list, 0, sizeof(*list));
    list->start = s->size;
    return list;
}

static void add_crlf(struct buf *out, const char *text, size_t len)
{
    const char *at = text, *end = text + len;

    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        if (!lf) {
            buf_add(out, at, (size_t)(end - at));
            return;
        }
        buf_add(out, at, (size_t)(lf - at));
        buf_add(out, "\r\n", 2);
        at = lf + 1;
    }
}

void segments_text(struct segments *s, const char *text, size_t len)
{
    struct segment *last = s->count ? &s->list[s->count - 1] : NULL;
    size_t before = s->text.len;

    if (s->error || !len)
        return;
    if (!last || last->is_view) {
        last = segment_add(s);
        if (!last)
            return;
        last->text = before;
    }
    if (s->crlf)
        add_crlf(&s->text, text, len);
    else
        buf_add(&s->text, text, len);
    if (s->text.error)
        s->error = s->text.error;
    last->size += s->text.len - before;
    s->size += s->text.len - before;
}

void segments_str(struct segments *s, const char *text)
{
    segments_text(s, text, strlen(text));
}

static size_t line_bytes(const struct segment *g)
{
    return g->shape == SEGMENT_FOLD ? SEGMENT_FOLD_BYTES : SEGMENT_LINE_BYTES;
}

static size_t line_extra(const struct segments *s, const struct segment *g)
{
    return (s->crlf ? 2 : 1) + (g->shape == SEGMENT_FOLD);
}

static uint64_t view_size(const struct segments *s, const struct segment *g)
{
    size_t bytes = line_bytes(g);
    uint64_t size = g->source.size, lines = size / bytes, rest = size % bytes;

    if (g->shape == SEGMENT_RAW)
        return size;
    size = lines * (bytes / 3 * 4 + line_extra(s, g));
    return rest ? size + (rest + 2) / 3 * 4 + line_extra(s, g) : size;
}

void segments_view(struct segments *s, const struct segment_source *source,
                   enum segment_shape shape)
{
    struct segment *g;

    if (s->error || !source->size)
        return;
    g = segment_add(s);
    if (!g)
        return;
    g->is_view = true;
    g->shape = shape;
    g->source = *source;
    g->size = view_size(s, g);
    s->size += g->size;
}

int segments_error(const struct segments *s)
{
    return -s->error;
}

uint64_t segments_size(const struct segments *s)
{
    return s->size;
}

size_t segments_weight(const struct segments *s)
{
    return sizeof(*s) + s->text.cap + s->room * sizeof(*s->list) +
           s->hold_room * sizeof(*s->holds) +
           (s->chunk ? CHUNK_LINES * SEGMENT_LINE_BYTES : 0);
}

static int source_read(const struct segment *g, uint64_t off, void *buf,
                       size_t len, struct err *err)
{
    ssize_t n = g->source.read(g->source.ctx, off, buf, len, err);

    if (n < 0)
        return (int)n;
    if ((size_t)n < len)
        return err_set(err, EIO, "attachment ends %zu bytes early",
                       len - (size_t)n);
    return 0;
}

/* Makes the chunk hold len (one line at most) source bytes from off on. */
static int chunk_fill(struct segments *s, size_t index, uint64_t off,
                      size_t len, struct err *err)
{
    const struct segment *g = &s->list[index];
    size_t most = CHUNK_LINES * line_bytes(g);

    if (s->chunk_len && s->chunk_segment == index && off >= s->chunk_off &&
        off + len <= s->chunk_off + s->chunk_len)
        return 0;
    if (!s->chunk)
        s->chunk = malloc((size_t)CHUNK_LINES * SEGMENT_LINE_BYTES);
    if (!s->chunk)
        return err_set(err, ENOMEM, "no memory to read an attachment");
    if (most > g->source.size - off)
        most = (size_t)(g->source.size - off);
    s->chunk_segment = index;
    s->chunk_off = off;
    s->chunk_len = 0;
    /* Damage further on must not hide what can be read here. */
    if (source_read(g, off, s->chunk, most, NULL) < 0) {
        int e = source_read(g, off, s->chunk, len, err);
        if (e < 0)
            return e;
        most = len;
    }
    s->chunk_len = most;
    return 0;
}

/* One whole line of a view into line; its length, or negative errno. */
static ssize_t view_line(struct segments *s, size_t index, uint64_t number,
                         char *line, struct err *err)
{
    const struct segment *g = &s->list[index];
    size_t bytes = line_bytes(g), n = 0, chars;
    uint64_t off = number * bytes;
    size_t len =
        g->source.size - off < bytes ? (size_t)(g->source.size - off) : bytes;
    int e = chunk_fill(s, index, off, len, err);

    if (e < 0)
        return e;
    chars = (len + 2) / 3 * 4;
    if (g->shape == SEGMENT_FOLD)
        line[n++] = ' ';
    encode_base64_raw(s->chunk + (off - s->chunk_off), len, line + n);
    n += chars;
    if (s->crlf)
        line[n++] = '\r';
    line[n++] = '\n';
    return (ssize_t)n;
}

static int lines_read(struct segments *s, size_t index, uint64_t off, char *buf,
                      size_t len, struct err *err)
{
    const struct segment *g = &s->list[index];
    size_t width = line_bytes(g) / 3 * 4 + line_extra(s, g);
    uint64_t number = off / width;
    size_t skip = (size_t)(off % width);

    while (len) {
        char spare[LINE_MAX];
        bool direct = !skip && len >= width;
        char *to = direct ? buf : spare;
        ssize_t n = view_line(s, index, number++, to, err);
        if (n < 0)
            return (int)n;
        size_t take = (size_t)n - skip < len ? (size_t)n - skip : len;
        if (!direct)
            memcpy(buf, spare + skip, take);
        buf += take;
        len -= take;
        skip = 0;
    }
    return 0;
}

static int view_read(struct segments *s, size_t index, uint64_t off, char *buf,
                     size_t len, struct err *err)
{
    const struct segment *g = &s->list[index];

    if (g->shape == SEGMENT_RAW)
        return source_read(g, off, buf, len, err);
    return lines_read(s, index, off, buf, len, err);
}

static size_t segment_find(const struct segments *s, uint64_t off)
{
    size_t low = 0, high = s->count;

    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (s->list[mid].start <= off)
            low = mid;
        else
            high = mid;
    }
    return low;
}

ssize_t segments_read(struct segments *s, uint64_t off, void *buf, size_t len,
                      struct err *err)
{
    char *to = buf;
    size_t done = 0;

    if (off >= s->size)
        return 0;
    if (len > s->size - off)
        len = (size_t)(s->size - off);
    for (size_t i = segment_find(s, off); done < len; i++) {
        const struct segment *g = &s->list[i];
        uint64_t in = off + done - g->start;
        size_t take =
            g->size - in < len - done ? (size_t)(g->size - in) : len - done;
        if (g->is_view) {
            int e = view_read(s, i, in, to + done, take, err);
            if (e < 0)
                return e;
        } else {
            memcpy(to + done, s->text.data + g->text + in, take);
        }
        done += take;
    }
    return (ssize_t)done;
}
