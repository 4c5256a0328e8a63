#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "pipeline/render/card.h"
#include "pipeline/render/eml.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/ics_priv.h"

#define LINE_LIMIT (RENDER_FIELD_MAX * 4)

void ics_attach_load(struct ics *c)
{
    if (c->parts_loaded)
        return;
    c->parts_loaded = true;
    attach_load(c->message, NULL, &c->parts);
}

static void segments_release(void *object)
{
    struct segments *s = object;

    segments_free(&s);
}

static ssize_t nested_read(void *ctx, uint64_t off, void *buf, size_t len,
                           struct err *err)
{
    return segments_read(ctx, off, buf, len, err);
}

/* An embedded message as the bytes of an .eml, held by the rendering. */
static bool nest(struct ics *c, struct part *p, struct segment_source *to_r)
{
    struct work *w = c->message->work;
    struct segments *outer = w->out, *inner;
    struct message m;

    if (w->nested + segments_weight(outer) > RENDER_TEXT_SOFT)
        return false;
    inner = segments_new(false);
    if (!inner || segments_hold(outer, inner, segments_release) < 0) {
        w->error = ENOMEM;
        return false;
    }
    w->out = inner;
    message_init(&m, w, p->item, c->message->depth + 1);
    eml_write(&m);
    message_finish(&m);
    w->out = outer;
    if (segments_error(inner))
        w->error = -segments_error(inner);
    w->nested += segments_weight(inner);
    *to_r = (struct segment_source){nested_read, inner, segments_size(inner)};
    return true;
}

static void add_view(struct ics *c, const struct segment_source *source)
{
    struct native_view *view = fetch_alloc(c->message->work, sizeof(*view));
    struct native_view **at = &c->native->views;

    if (!view)
        return;
    *view = (struct native_view){c->out->len, *source, NULL};
    while (*at)
        at = &(*at)->next;
    *at = view;
}

static void write_bytes(struct ics *c, const struct part *p, const char *mime,
                        const char *extension,
                        const struct segment_source *source)
{
    cleanup_buf struct buf name = BUF(LINE_LIMIT);
    cleanup_buf struct buf param = BUF(LINE_LIMIT);

    buf_addf(&name, "%s%s", p->filename, extension);
    card_param(&param, buf_str(&name));
    buf_clear(&name);
    /* FILENAME is of RFC 8607, X-FILENAME what Outlook writes. */
    buf_addf(&name,
             "ATTACH;FMTTYPE=%s;ENCODING=BASE64;VALUE=BINARY;"
             "FILENAME=%s;X-FILENAME=%s",
             mime, buf_str(&param), buf_str(&param));
    card_raw(c->out, buf_str(&name), "");
    add_view(c, source);
}

static bool is_uri(const char *link)
{
    return strncasecmp(link, "http://", 7) == 0 ||
           strncasecmp(link, "https://", 8) == 0 ||
           strncasecmp(link, "file:", 5) == 0;
}

/* A path of Windows is a file: URI. */
static void write_link(struct ics *c, const char *link)
{
    cleanup_buf struct buf uri = BUF(LINE_LIMIT);
    bool path = !is_uri(link);

    if (!*link)
        return;
    if (path)
        buf_adds(&uri, strncmp(link, "\\\\", 2) == 0 ? "file:" : "file:///");
    for (; *link; link++) {
        unsigned char b = (unsigned char)*link;
        if (b == '\\' && path)
            buf_addc(&uri, '/');
        else if (isalnum(b) || strchr("-._~:/?#[]@!$&'()*+,;=%", b))
            buf_addc(&uri, (char)b);
        else
            buf_addf(&uri, "%%%02X", b);
    }
    card_raw(c->out, "ATTACH", buf_str(&uri));
}

static void write_message(struct ics *c, struct part *p)
{
    struct segment_source source;

    if (nest(c, p, &source))
        write_bytes(c, p, "message/rfc822", ".eml", &source);
    else
        message_defect(c->message, "attachment %s: too much", p->filename);
}

void ics_attach_write(struct ics *c)
{
    /* In a mail the attachments are parts of their own. */
    if (c->method)
        return;
    ics_attach_load(c);
    for (size_t i = 0; i < c->parts.count; i++) {
        struct part *p = &c->parts.list[i];
        if (p->changed)
            continue;
        if (p->kind == PART_DATA)
            write_bytes(c, p, p->mime, "", &p->source);
        else if (p->kind == PART_LINK)
            write_link(c, p->link);
        else
            write_message(c, p);
    }
}
