#include "pipeline/render/mime.h"

#include <string.h>

#include "pipeline/render/eml.h"
#include "pipeline/render/encode.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/header.h"

#define PART_HEADER_MAX (256u << 10)

const char *mime_boundary(struct work *w)
{
    return fetch_format(w, SEGMENT_BOUNDARY "%016llx_%x_",
                        (unsigned long long)w->seed, w->parts++);
}

/* ---- leaves: each returns true when its content ends with a line end that
 * is not part of it ---- */

static void out_buf(struct mime *t, const struct buf *b)
{
    segments_text(t->message->work->out, buf_str(b), b->len);
}

static void out_encoding(struct buf *b, enum encoding encoding)
{
    buf_addf(b, "Content-Transfer-Encoding: %s\n", encode_name(encoding));
}

static bool write_stream(struct mime *t, struct pst_stream *stream,
                         struct buf *head)
{
    struct segment_source source = attach_source(stream);

    out_encoding(head, ENCODING_BASE64);
    buf_addc(head, '\n');
    out_buf(t, head);
    segments_view(t->message->work->out, &source, SEGMENT_MIME);
    return true;
}

static bool write_text(struct mime *t, const struct body_text *text,
                       const char *subtype)
{
    cleanup_buf struct buf head = BUF(PART_HEADER_MAX);
    struct segments *out = t->message->work->out;
    size_t len = text->bytes.len;
    enum encoding encoding;

    buf_addf(&head, "Content-Type: text/%s; charset=%s\n", subtype,
             text->charset ? text->charset : "utf-8");
    if (text->stream)
        return write_stream(t, text->stream, &head);
    encoding = encode_choice(buf_str(&text->bytes), len);
    out_encoding(&head, encoding);
    buf_addc(&head, '\n');
    out_buf(t, &head);
    if (encoding <= ENCODING_8BIT) {
        segments_text(out, buf_str(&text->bytes), len);
    } else {
        cleanup_buf struct buf coded = BUF(RENDER_TEXT_MAX);
        encode_add(&coded, encoding, buf_str(&text->bytes), len);
        out_buf(t, &coded);
    }
    return encoding == ENCODING_BASE64;
}

static void native_text(struct mime *t)
{
    struct segments *out = t->message->work->out;

    out_buf(t, &t->native.head);
    segments_view(out, &t->native.picture, SEGMENT_FOLD);
    out_buf(t, &t->native.tail);
}

static bool write_native(struct mime *t)
{
    cleanup_buf struct buf head = BUF(PART_HEADER_MAX);
    struct header h;

    header_open(&h, &head, "Content-Type");
    header_token(&h, t->row->mime, strlen(t->row->mime));
    header_param(&h, "charset", "utf-8");
    if (t->row->method)
        header_param(&h, "method", t->row->method);
    if (!t->row->invites)
        header_param(&h, "name", t->row->filename);
    header_close(&h);
    if (!t->row->invites) {
        header_open(&h, &head, "Content-Disposition");
        header_token(&h, "attachment", 10);
        header_param(&h, "filename", t->row->filename);
        header_close(&h);
    }
    out_encoding(&head, ENCODING_8BIT);
    buf_addc(&head, '\n');
    out_buf(t, &head);
    native_text(t);
    return true;
}

static bool write_rtf(struct mime *t)
{
    cleanup_buf struct buf b = BUF(RENDER_TEXT_MAX);

    buf_adds(&b, "Content-Type: application/rtf; name=rtf-body.rtf\n"
                 "Content-Disposition: attachment; filename=rtf-body.rtf\n");
    out_encoding(&b, ENCODING_BASE64);
    buf_addc(&b, '\n');
    encode_add(&b, ENCODING_BASE64, buf_str(&t->body.rtf), t->body.rtf.len);
    if (b.error)
        t->message->work->error = b.error;
    out_buf(t, &b);
    return true;
}

static void part_headers(struct buf *out, const struct part *p,
                         const char *type)
{
    const char *shown = p->inlined ? "inline" : "attachment";
    struct header h;

    header_open(&h, out, "Content-Type");
    header_token(&h, type, strlen(type));
    if (p->kind == PART_DATA)
        header_param(&h, "name", p->filename);
    header_close(&h);
    header_open(&h, out, "Content-Disposition");
    header_token(&h, shown, strlen(shown));
    header_param(&h, "filename", p->filename);
    header_close(&h);
    if (*p->cid) {
        header_open(&h, out, "Content-ID");
        header_token(&h, "<", 1);
        header_glue(&h, p->cid);
        header_glue(&h, ">");
        header_close(&h);
    }
    if (*p->location)
        header_text(out, "Content-Location", p->location);
}

static bool write_link(struct mime *t, const struct part *p)
{
    cleanup_buf struct buf b = BUF(PART_HEADER_MAX + RENDER_VALUE_MAX * 3);
    cleanup_buf struct buf note = BUF(RENDER_VALUE_MAX + 64);
    enum encoding encoding;

    buf_addf(&note, "This attachment is a link to: %s\n", p->link);
    encoding = encode_choice(buf_str(&note), note.len);
    part_headers(&b, p, "text/plain; charset=utf-8");
    out_encoding(&b, encoding);
    buf_addc(&b, '\n');
    encode_add(&b, encoding, buf_str(&note), note.len);
    out_buf(t, &b);
    return true;
}

static bool write_message(struct mime *t, const struct part *p)
{
    cleanup_buf struct buf head = BUF(PART_HEADER_MAX);
    struct message *outer = t->message;
    struct message m;

    if (segments_weight(outer->work->out) > RENDER_TEXT_SOFT) {
        outer->work->defects++;
        work_defect(outer->work, "an embedded message: too big", 28);
        buf_adds(&head, "Content-Type: text/plain\n\n"
                        "An embedded message was left out: too big.\n");
        out_buf(t, &head);
        return true;
    }
    part_headers(&head, p, "message/rfc822");
    out_encoding(&head, ENCODING_8BIT);
    buf_addc(&head, '\n');
    out_buf(t, &head);
    message_init(&m, outer->work, p->item, outer->depth + 1);
    eml_write(&m);
    message_finish(&m);
    return false;
}

static bool write_part(struct mime *t, const struct part *p)
{
    cleanup_buf struct buf head = BUF(PART_HEADER_MAX);

    if (p->kind == PART_MESSAGE)
        return write_message(t, p);
    if (p->kind == PART_LINK)
        return write_link(t, p);
    part_headers(&head, p, p->mime);
    out_encoding(&head, ENCODING_BASE64);
    buf_addc(&head, '\n');
    out_buf(t, &head);
    segments_view(t->message->work->out, &p->source, SEGMENT_MIME);
    return true;
}

/* ---- the tree ---- */

struct multi {
    struct mime *tree;
    const char *boundary;
    bool line_ended; /* by a part that needs no line end of its own */
};

static void multi_open(struct multi *x, struct mime *t, const char *subtype,
                       const char *type)
{
    cleanup_buf struct buf head = BUF(PART_HEADER_MAX);

    *x = (struct multi){t, mime_boundary(t->message->work), true};
    buf_addf(&head, "Content-Type: multipart/%s;\n boundary=\"%s\"", subtype,
             x->boundary);
    if (type)
        buf_addf(&head, ";\n type=\"%s\"", type);
    buf_addc(&head, '\n');
    out_encoding(&head, ENCODING_8BIT);
    buf_addc(&head, '\n');
    out_buf(t, &head);
}

static void multi_line(struct multi *x, const char *end)
{
    cleanup_buf struct buf b = BUF(1024);

    buf_addf(&b, "%s--%s%s", x->line_ended ? "" : "\n", x->boundary, end);
    out_buf(x->tree, &b);
}

static void multi_next(struct multi *x)
{
    multi_line(x, "\n");
}

/* The closing line has an end that the outer level may count on. */
static bool multi_close(struct multi *x)
{
    multi_line(x, "--\n");
    return true;
}

static bool has_invite(const struct mime *t)
{
    return t->row && t->row->invites;
}

static size_t count_inlined(const struct mime *t)
{
    size_t n = 0;

    for (size_t i = 0; i < t->parts.count; i++)
        n += t->parts.list[i].inlined;
    return n;
}

static bool write_alternative(struct mime *t)
{
    bool text = t->body.text.charset, html = t->body.html.charset;
    struct multi x;

    if (!has_invite(t) && !(text && html))
        return html ? write_text(t, &t->body.html, "html")
                    : write_text(t, &t->body.text, "plain");
    multi_open(&x, t, "alternative", NULL);
    if (text || !html) {
        multi_next(&x);
        x.line_ended = write_text(t, &t->body.text, "plain");
    }
    if (html) {
        multi_next(&x);
        x.line_ended = write_text(t, &t->body.html, "html");
    }
    if (has_invite(t)) {
        multi_next(&x);
        x.line_ended = write_native(t);
    }
    return multi_close(&x);
}

static bool write_related(struct mime *t)
{
    bool both = has_invite(t) || t->body.text.charset;
    struct multi x;

    if (!count_inlined(t))
        return write_alternative(t);
    multi_open(&x, t, "related", both ? "multipart/alternative" : "text/html");
    multi_next(&x);
    x.line_ended = write_alternative(t);
    for (size_t i = 0; i < t->parts.count; i++) {
        if (!t->parts.list[i].inlined)
            continue;
        multi_next(&x);
        x.line_ended = write_part(t, &t->parts.list[i]);
    }
    return multi_close(&x);
}

void mime_write(struct mime *t)
{
    bool file = t->row && !t->row->invites;
    size_t attached = t->parts.count - count_inlined(t);
    struct multi x;

    if (!attached && !file && !t->body.rtf.len) {
        write_related(t);
        return;
    }
    multi_open(&x, t, "mixed", NULL);
    multi_next(&x);
    x.line_ended = write_related(t);
    if (file) {
        multi_next(&x);
        x.line_ended = write_native(t);
    }
    for (size_t i = 0; i < t->parts.count; i++) {
        if (t->parts.list[i].inlined)
            continue;
        multi_next(&x);
        x.line_ended = write_part(t, &t->parts.list[i]);
    }
    if (t->body.rtf.len) {
        multi_next(&x);
        x.line_ended = write_rtf(t);
    }
    multi_close(&x);
}
