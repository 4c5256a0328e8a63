#include "pipeline/render/mime.h"

#include <string.h>

#include "pipeline/render/eml.h"
#include "pipeline/render/encode.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/header.h"
#include "pipeline/render/mime_part.h"

void mime_out(struct mime *t, const struct buf *b)
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
    mime_out(t, head);
    segments_view(t->message->work->out, &source, SEGMENT_MIME);
    return true;
}

bool mime_text(struct mime *t, const struct body_text *text,
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
    mime_out(t, &head);
    if (encoding <= ENCODING_8BIT) {
        segments_text(out, buf_str(&text->bytes), len);
    } else {
        cleanup_buf struct buf coded = BUF(RENDER_TEXT_MAX);
        encode_add(&coded, encoding, buf_str(&text->bytes), len);
        mime_out(t, &coded);
    }
    return encoding == ENCODING_BASE64;
}

static void native_text(struct mime *t)
{
    struct segments *out = t->message->work->out;

    mime_out(t, &t->native.head);
    segments_view(out, &t->native.picture, SEGMENT_FOLD);
    mime_out(t, &t->native.tail);
}

bool mime_native(struct mime *t)
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
    mime_out(t, &head);
    native_text(t);
    return true;
}

bool mime_rtf(struct mime *t)
{
    cleanup_buf struct buf b = BUF(RENDER_TEXT_MAX);

    buf_adds(&b, "Content-Type: application/rtf; name=rtf-body.rtf\n"
                 "Content-Disposition: attachment; filename=rtf-body.rtf\n");
    out_encoding(&b, ENCODING_BASE64);
    buf_addc(&b, '\n');
    encode_add(&b, ENCODING_BASE64, buf_str(&t->body.rtf), t->body.rtf.len);
    if (b.error)
        t->message->work->error = b.error;
    mime_out(t, &b);
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
        buf_addf(out, "Content-Location: %s\n", p->location);
    if (p->kind == PART_DATA && *p->link)
        header_text(out, "X-Pstfs-Link", p->link);
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
    mime_out(t, &b);
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
        mime_out(t, &head);
        return true;
    }
    part_headers(&head, p, "message/rfc822");
    out_encoding(&head, ENCODING_8BIT);
    buf_addc(&head, '\n');
    mime_out(t, &head);
    message_init(&m, outer->work, p->item, outer->depth + 1);
    eml_write(&m);
    message_finish(&m);
    return false;
}

bool mime_part(struct mime *t, const struct part *p)
{
    cleanup_buf struct buf head = BUF(PART_HEADER_MAX);

    if (p->kind == PART_MESSAGE)
        return write_message(t, p);
    if (p->kind == PART_LINK)
        return write_link(t, p);
    part_headers(&head, p, p->mime);
    out_encoding(&head, ENCODING_BASE64);
    buf_addc(&head, '\n');
    mime_out(t, &head);
    segments_view(t->message->work->out, &p->source, SEGMENT_MIME);
    return true;
}

/* The fields for a machine: ASCII in short lines. */
bool mime_status(struct mime *t)
{
    cleanup_buf struct buf head = BUF(PART_HEADER_MAX);

    buf_addf(&head, "Content-Type: message/%s\n", t->report.type);
    out_encoding(&head, ENCODING_7BIT);
    buf_addc(&head, '\n');
    mime_out(t, &head);
    mime_out(t, &t->report.status);
    return true;
}
