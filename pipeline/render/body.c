#include "pipeline/render/body.h"

#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/encode.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/html.h"
#include "pipeline/render/html_text.h"
#include "pipeline/render/rtf.h"

#define RTF_STORED_MAX RTF_SIZE_MAX

void body_finish(struct body *b)
{
    buf_finish(&b->text.bytes);
    buf_finish(&b->html.bytes);
    buf_finish(&b->rtf);
}

static void stream_release(void *object)
{
    struct pst_stream *s = object;

    pst_stream_free(&s);
}

/* One that cannot be read is not absent: reading it gives the words why. */
static bool is_absent(int64_t size)
{
    return size == 0 || size == -ENOENT;
}

/* 0 when m has the property and it may be held in memory, 1 when it must be
 * streamed, -ENOENT when there is none. */
static int body_class(struct message *m, uint16_t id)
{
    int64_t size = pst_props_size(m->props, id);

    if (is_absent(size))
        return -ENOENT;
    return size > RENDER_BODY_MAX;
}

static void body_damaged(struct message *m, const char *what,
                         const struct err *err, int e)
{
    if (e == -ENOMEM)
        m->work->error = ENOMEM;
    else if (e != -ENOENT)
        message_defect(m, "%s: %s", what,
                       err->msg[0] ? err->msg : strerror(-e));
}

static struct pst_stream *body_stream(struct message *m, uint16_t id,
                                      const char *what)
{
    struct pst_stream *s = NULL;
    struct err err = {0};
    int e = pst_props_stream(m->props, id, &s, &err);

    if (e < 0) {
        body_damaged(m, what, &err, e);
        return NULL;
    }
    if (segments_hold(m->work->out, s, stream_release) < 0)
        return NULL;
    return s;
}

static void load_text(struct message *m, struct body_text *t)
{
    struct err err = {0};
    int how = body_class(m, PR_BODY), e;

    if (how < 0)
        return;
    if (how) {
        bool wide = pst_props_type(m->props, PR_BODY) == PT_STRING;
        const char *name =
            wide ? NULL : charset_mime_name(pst_props_codepage(m->props));
        t->stream = body_stream(m, PR_BODY, "text body");
        t->charset = !t->stream ? NULL : wide ? "utf-16le" : name;
        if (t->stream && !t->charset)
            t->charset = "windows-1252";
        return;
    }
    e = pst_props_text(m->props, PR_BODY, &t->bytes, &err);
    if (e < 0) {
        body_damaged(m, "text body", &err, e);
        return;
    }
    encode_lf(&t->bytes, 0);
    if (t->bytes.len)
        t->charset = "utf-8";
}

/* The bytes as stored, whatever their type. */
static int read_all(struct message *m, uint16_t id, struct buf *out,
                    struct err *err)
{
    struct pst_stream *s = NULL;
    int e = pst_props_stream(m->props, id, &s, err);
    uint64_t size;
    char *to;
    ssize_t n;

    if (e < 0)
        return e;
    size = pst_stream_size(s);
    to = size > out->max ? NULL : buf_grow(out, (size_t)size);
    n = to ? pst_stream_read(s, 0, to, (size_t)size, err)
           : err_set(err, out->error ? out->error : EFBIG, "too big");
    pst_stream_free(&s);
    if (n < 0) {
        buf_clear(out);
        return (int)n;
    }
    out->len = (size_t)n;
    return 0;
}

/* NULs at the end, but for those that are half a character. */
static void cut_nuls(struct buf *b, unsigned codepage)
{
    size_t unit = codepage / 10 == 1200 ? 4 : codepage / 10 == 120 ? 2 : 1;

    while (b->len >= unit &&
           memcmp(b->data + b->len - unit, "\0\0\0", unit) == 0)
        b->len -= unit;
}

static void load_html(struct message *m, struct body_text *t)
{
    unsigned type = pst_props_type(m->props, PR_HTML);
    unsigned cpid = (unsigned)pst_props_int(m->props, PR_INTERNET_CPID, 0);
    struct err err = {0};
    bool bad = false;
    int how = body_class(m, PR_HTML), e;

    if (how < 0)
        return;
    if (how) {
        t->stream = body_stream(m, PR_HTML, "HTML body");
        t->charset = type == PT_STRING ? "utf-16le" : charset_mime_name(cpid);
        if (!t->charset)
            t->charset = "utf-8";
        if (!t->stream)
            t->charset = NULL;
        return;
    }
    e = type == PT_STRING ? pst_props_text(m->props, PR_HTML, &t->bytes, &err)
                          : read_all(m, PR_HTML, &t->bytes, &err);
    if (e < 0) {
        body_damaged(m, "HTML body", &err, e);
        return;
    }
    cut_nuls(&t->bytes, cpid);
    if (!t->bytes.len)
        return;
    t->charset =
        type == PT_STRING
            ? "utf-8"
            : html_settle(&t->bytes, cpid, pst_props_codepage(m->props), &bad);
    if (bad)
        message_defect(m, "HTML body: bytes outside its character set");
    encode_lf(&t->bytes, 0);
}

static bool rtf_read(struct message *m, struct buf *rtf)
{
    cleanup_buf struct buf packed = BUF(RTF_STORED_MAX);
    const char *note = NULL;
    struct err err = {0};
    int e;

    if (is_absent(pst_props_size(m->props, PR_RTF_COMPRESSED)))
        return false;
    e = read_all(m, PR_RTF_COMPRESSED, &packed, &err);
    if (e == 0)
        e = rtf_decompress((const uint8_t *)buf_str(&packed), packed.len, rtf,
                           &note, &err);
    if (e < 0) {
        body_damaged(m, "RTF body", &err, e);
        return false;
    }
    if (note)
        message_defect(m, "RTF body: %s", note);
    return rtf->len > 0;
}

static bool has_ink(const struct buf *b)
{
    for (size_t i = 0; i < b->len; i++)
        if ((uint8_t)b->data[i] > ' ')
            return true;
    return false;
}

/* Where there is no stored HTML the RTF has it, or is the body itself. It is
 * kept where the HTML made of it does not show all. */
static void load_rtf(struct message *m, struct body *b)
{
    cleanup_buf struct buf out = BUF(RENDER_BODY_MAX * 3);
    struct body_text *into;
    enum rtf_kind kind;
    bool left, whole = true;

    if (!rtf_read(m, &b->rtf))
        return;
    kind = rtf_convert(buf_str(&b->rtf), b->rtf.len, &out, &left);
    into = kind == RTF_TEXT ? &b->text : &b->html;
    if (out.error) {
        message_defect(m, "RTF body: too big");
        whole = false;
    } else if (!into->charset && has_ink(&out)) {
        buf_finish(&into->bytes);
        into->bytes = out;
        out = (struct buf)BUF(0);
        into->charset = "utf-8";
    }
    if (whole && (kind != RTF_TRUE || !left))
        buf_clear(&b->rtf);
}

/* The same for who wants text only. */
static void load_rtf_text(struct message *m, struct body *b)
{
    if (!rtf_read(m, &b->rtf))
        return;
    rtf_to_text(buf_str(&b->rtf), b->rtf.len, &b->text.bytes);
    if (b->text.bytes.error)
        message_defect(m, "RTF body: too big");
    else
        b->text.charset = "utf-8";
}

void body_load(struct message *m, struct body *b)
{
    load_text(m, &b->text);
    load_html(m, &b->html);
    if (!b->html.charset)
        load_rtf(m, b);
}

/* Where there is nothing but HTML. */
static void load_html_text(struct message *m, struct body *b)
{
    cleanup_buf struct buf utf8 = BUF(RENDER_BODY_MAX * 3);
    struct buf *html = &b->html.bytes;
    unsigned page;

    load_html(m, &b->html);
    if (b->html.stream)
        message_defect(m, "HTML body: too big to be made text");
    if (!b->html.charset || b->html.stream)
        return;
    page = html_codepage_of(b->html.charset, strlen(b->html.charset));
    charset_from_codepage(page ? page : 65001, buf_str(html), html->len, &utf8);
    html_text(buf_str(&utf8), utf8.len, &b->text.bytes);
    if (utf8.error || b->text.bytes.error)
        message_defect(m, "HTML body: too big to be made text");
    else
        b->text.charset = "utf-8";
}

const char *body_plain(struct message *m)
{
    cleanup_body struct body b = BODY_EMPTY;

    load_text(m, &b.text);
    if (!b.text.charset)
        load_rtf_text(m, &b);
    if (!b.text.charset)
        load_html_text(m, &b);
    if (b.text.stream)
        message_defect(m, "text body: too big for this form");
    if (!b.text.charset || b.text.stream || !has_ink(&b.text.bytes))
        return "";
    return fetch_copy(m->work, buf_str(&b.text.bytes), b.text.bytes.len);
}
