#include "pipeline/render/mime.h"

#include <string.h>

#include "pipeline/render/encode.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/mime_part.h"

const char *mime_boundary(struct work *w)
{
    return fetch_format(w, SEGMENT_BOUNDARY "%016llx_%x_",
                        (unsigned long long)w->seed, w->parts++);
}

struct multi {
    struct mime *tree;
    const char *boundary;
    bool line_ended; /* by a part that needs no line end of its own */
};

/* param: the name of a parameter besides, NULL none. */
static void multi_open(struct multi *x, struct mime *t, const char *subtype,
                       const char *param, const char *value)
{
    cleanup_buf struct buf head = BUF(PART_HEADER_MAX);

    *x = (struct multi){t, mime_boundary(t->message->work), true};
    buf_addf(&head, "Content-Type: multipart/%s;\n boundary=\"%s\"", subtype,
             x->boundary);
    if (param)
        buf_addf(&head, ";\n %s=\"%s\"", param, value);
    buf_addc(&head, '\n');
    buf_adds(&head, "Content-Transfer-Encoding: 8bit\n");
    buf_addc(&head, '\n');
    mime_out(t, &head);
}

static void multi_line(struct multi *x, const char *end)
{
    cleanup_buf struct buf b = BUF(1024);

    buf_addf(&b, "%s--%s%s", x->line_ended ? "" : "\n", x->boundary, end);
    mime_out(x->tree, &b);
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
        return html ? mime_text(t, &t->body.html, "html")
                    : mime_text(t, &t->body.text, "plain");
    multi_open(&x, t, "alternative", NULL, NULL);
    if (text || !html) {
        multi_next(&x);
        x.line_ended = mime_text(t, &t->body.text, "plain");
    }
    if (html) {
        multi_next(&x);
        x.line_ended = mime_text(t, &t->body.html, "html");
    }
    if (has_invite(t)) {
        multi_next(&x);
        x.line_ended = mime_native(t);
    }
    return multi_close(&x);
}

static bool write_related(struct mime *t)
{
    bool both = has_invite(t) || t->body.text.charset;
    struct multi x;

    if (!count_inlined(t))
        return write_alternative(t);
    multi_open(&x, t, "related", "type",
               both ? "multipart/alternative" : "text/html");
    multi_next(&x);
    x.line_ended = write_alternative(t);
    for (size_t i = 0; i < t->parts.count; i++) {
        if (!t->parts.list[i].inlined)
            continue;
        multi_next(&x);
        x.line_ended = mime_part(t, &t->parts.list[i]);
    }
    return multi_close(&x);
}

/* The message that a report is about: the first one in it, or its headers. */
static const struct part *returned_part(const struct mime *t)
{
    for (size_t i = 0; t->report.type && i < t->parts.count; i++)
        if (t->parts.list[i].kind == PART_MESSAGE)
            return &t->parts.list[i];
    return NULL;
}

/* The body; in a report with the parts that belong to it. */
static bool write_main(struct mime *t)
{
    const struct part *returned = returned_part(t);
    struct multi x;

    if (!t->report.type)
        return write_related(t);
    multi_open(&x, t, "report", "report-type", t->report.type);
    multi_next(&x);
    x.line_ended = write_related(t);
    multi_next(&x);
    x.line_ended = mime_status(t);
    if (returned) {
        multi_next(&x);
        x.line_ended = mime_part(t, returned);
    }
    return multi_close(&x);
}

void mime_write(struct mime *t)
{
    const struct part *returned = returned_part(t);
    bool file = t->row && !t->row->invites;
    size_t attached = t->parts.count - count_inlined(t) - (returned != NULL);
    struct multi x;

    if (!attached && !file && !t->body.rtf.len) {
        write_main(t);
        return;
    }
    multi_open(&x, t, "mixed", NULL, NULL);
    multi_next(&x);
    x.line_ended = write_main(t);
    if (file) {
        multi_next(&x);
        x.line_ended = mime_native(t);
    }
    for (size_t i = 0; i < t->parts.count; i++) {
        const struct part *p = &t->parts.list[i];
        if (p->inlined || p == returned)
            continue;
        multi_next(&x);
        x.line_ended = mime_part(t, p);
    }
    if (t->body.rtf.len) {
        multi_next(&x);
        x.line_ended = mime_rtf(t);
    }
    multi_close(&x);
}
