/*
 * Simple HTML of true RTF. A paragraph is a div without margins, as RTF has
 * it; looks are inline, since many readers drop style sheets. Tags are opened
 * when there is text to show and closed in the opposite order.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/rtf_priv.h"

static void add(struct rtf *r, const char *text)
{
    buf_adds(r->out, text);
}

static void add_escaped(struct buf *out, const char *text, size_t len)
{
    static const char special[] = "<>&\"";
    static const char *const refs[] = {"&lt;", "&gt;", "&amp;", "&quot;"};

    for (size_t i = 0; i < len; i++) {
        const char *at = text[i] ? strchr(special, text[i]) : NULL;
        if (at)
            buf_adds(out, refs[at - special]);
        else if ((uint8_t)text[i] >= ' ' || text[i] == '\t')
            buf_addc(out, text[i]);
    }
}

/* ---- looks ---- */

struct tag {
    size_t off; /* of a bool in struct rtf_format */
    const char *open, *close;
};

#define TAG(field, name)                                                       \
    {                                                                          \
        offsetof(struct rtf_format, field), "<" name ">", "</" name ">"        \
    }

static const struct tag tags[] = {
    TAG(bold, "b"),   TAG(italic, "i"),  TAG(underline, "u"),
    TAG(strike, "s"), TAG(super, "sup"), TAG(sub, "sub"),
};

static bool tag_on(const struct rtf_format *f, const struct tag *tag)
{
    return *(const bool *)((const char *)f + tag->off);
}

static bool has_color(const struct rtf *r, const struct rtf_format *f)
{
    return (size_t)f->color < r->color_count && f->color > 0 &&
           r->colors[f->color] != RTF_COLOR_AUTO;
}

/* A name that can stand between quotes in a style. */
static bool name_is_plain(const char *name)
{
    return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789 -_") == strlen(name);
}

static const struct rtf_font *named_font(struct rtf *r,
                                         const struct rtf_format *f)
{
    const struct rtf_font *font = rtf_font_find(r, f->font);

    return font && font->codepage != RTF_PAGE_SYMBOL &&
                   name_is_plain(font->name)
               ? font
               : NULL;
}

static bool has_span(struct rtf *r, const struct rtf_format *f)
{
    return f->size || has_color(r, f) || named_font(r, f);
}

static void span_open(struct rtf *r, const struct rtf_format *f)
{
    const struct rtf_font *font = named_font(r, f);

    add(r, "<span style=\"");
    if (font)
        buf_addf(r->out, "font-family:'%s';", font->name);
    if (f->size)
        buf_addf(r->out, "font-size:%d%spt;", f->size / 2,
                 f->size % 2 ? ".5" : "");
    if (has_color(r, f))
        buf_addf(r->out, "color:#%06x;", (unsigned)r->colors[f->color]);
    add(r, "\">");
}

static void looks_close(struct rtf *r)
{
    const struct rtf_format *f = &r->html.format;

    if (!r->html.styled)
        return;
    for (size_t i = array_len(tags); i--;)
        if (tag_on(f, &tags[i]))
            add(r, tags[i].close);
    if (has_span(r, f))
        add(r, "</span>");
    if (r->html.linked)
        add(r, "</a>");
    r->html.styled = r->html.linked = false;
}

static void looks_open(struct rtf *r, const struct rtf_format *format)
{
    const struct rtf_format *f = &r->html.format;

    if (r->html.styled && rtf_format_same(f, format))
        return;
    looks_close(r);
    r->html.format = *format;
    r->html.linked = f->link && f->link == r->href_of;
    if (r->html.linked) {
        add(r, "<a href=\"");
        add_escaped(r->out, buf_str(&r->href), r->href.len);
        add(r, "\">");
    }
    if (has_span(r, f))
        span_open(r, f);
    for (size_t i = 0; i < array_len(tags); i++)
        if (tag_on(f, &tags[i]))
            add(r, tags[i].open);
    r->html.styled = true;
}

/* ---- blocks ---- */

static void table_close(struct rtf *r)
{
    if (r->html.cell)
        add(r, "</td>");
    if (r->html.row)
        add(r, "</tr>\n");
    if (r->html.table)
        add(r, "</table>\n");
    r->html.cell = r->html.row = r->html.table = false;
}

static void cell_open(struct rtf *r)
{
    if (!r->html.table)
        add(r, "<table border=\"1\" style=\"border-collapse:collapse\">\n");
    if (!r->html.row)
        add(r, "<tr>");
    if (!r->html.cell)
        add(r, "<td>");
    r->html.table = r->html.row = r->html.cell = true;
}

static void para_tag(struct rtf *r)
{
    static const char *const aligns[] = {
        "", "text-align:center;", "text-align:right;", "text-align:justify;"};
    const struct rtf_para *p = &r->now.para;

    add(r, "<div");
    if (p->right_to_left)
        add(r, " dir=\"rtl\"");
    if (p->align || p->indent) {
        buf_addf(r->out, " style=\"%s", aligns[p->align]);
        if (p->indent)
            buf_addf(r->out, "margin-left:%dpt;", p->indent / 20);
        add(r, "\"");
    }
    add(r, ">");
}

static void para_open(struct rtf *r)
{
    if (r->html.para)
        return;
    if (r->now.para.in_table || r->html.row)
        cell_open(r);
    else
        table_close(r);
    para_tag(r);
    r->html.para = r->html.blank = true;
}

static void para_close(struct rtf *r)
{
    looks_close(r);
    if (r->html.para)
        add(r, "</div>\n");
    r->html.para = false;
}

static void mark_par(struct rtf *r)
{
    if (!r->html.para) {
        para_open(r);
        add(r, "<br>");
    }
    para_close(r);
}

static void mark_line(struct rtf *r)
{
    para_open(r);
    add(r, "<br>\n");
    r->html.blank = true;
}

static void mark_tab(struct rtf *r)
{
    para_open(r);
    add(r, "&nbsp;&nbsp;&nbsp; ");
    r->html.blank = true;
}

static void mark_cell(struct rtf *r)
{
    para_close(r);
    cell_open(r);
    add(r, "</td>");
    r->html.cell = false;
}

static void mark_row(struct rtf *r)
{
    para_close(r);
    if (r->html.cell)
        add(r, "</td>");
    if (r->html.row)
        add(r, "</tr>\n");
    r->html.cell = r->html.row = false;
}

void rtf_html_mark(struct rtf *r, enum rtf_mark mark)
{
    static void (*const marks[])(struct rtf *) = {
        [MARK_PAR] = mark_par,   [MARK_LINE] = mark_line, [MARK_TAB] = mark_tab,
        [MARK_CELL] = mark_cell, [MARK_ROW] = mark_row,
    };

    marks[mark](r);
}

/* ---- text ---- */

void rtf_html_text(struct rtf *r, const struct rtf_format *format,
                   const char *utf8, size_t len)
{
    size_t from = 0;

    if (!len)
        return;
    para_open(r);
    looks_open(r, format);
    for (size_t i = 0; i < len; i++) {
        bool blank = utf8[i] == ' ';
        if (blank && r->html.blank) { /* HTML shows one of many */
            add_escaped(r->out, utf8 + from, i - from);
            add(r, "&nbsp;");
            from = i + 1;
            blank = false;
        }
        r->html.blank = blank;
        r->html.ink |= (uint8_t)utf8[i] > ' ';
    }
    add_escaped(r->out, utf8 + from, len - from);
}

void rtf_html_begin(struct rtf *r)
{
    r->html.start = r->out->len;
    add(r, "<html><head><meta http-equiv=\"Content-Type\" "
           "content=\"text/html; charset=utf-8\"></head>\n<body>\n");
}

void rtf_html_end(struct rtf *r)
{
    para_close(r);
    table_close(r);
    add(r, "</body></html>\n");
    if (!r->html.ink && !r->out->error) {
        r->out->len = r->html.start;
        r->out->data[r->html.start] = '\0';
    }
}

/* ---- links ---- */

/* The first argument that belongs to no switch, or that of \l, a place in
 * the document. */
static bool link_argument(const char *at, struct buf *out)
{
    char end;

    at += strspn(at, " ");
    while (*at == '\\' && at[1]) {
        if (at[1] == 'l')
            buf_addc(out, '#');
        at += 2;
        at += strspn(at, " ");
    }
    end = *at == '"' ? '"' : ' ';
    at += *at == '"';
    for (; *at && *at != end; at++)
        buf_addc(out, *at);
    return out->len > 1;
}

bool rtf_html_link(struct rtf *r)
{
    static const char *const bad[] = {"javascript:", "vbscript:", "data:"};
    const char *text = buf_str(&r->field);
    const char *at = text + strspn(text, " ");

    if (strncasecmp(at, "HYPERLINK", 9) != 0)
        return false;
    looks_close(r);
    buf_clear(&r->href);
    if (!link_argument(at + 9, &r->href))
        return false;
    for (size_t i = 0; i < array_len(bad); i++)
        if (strncasecmp(buf_str(&r->href), bad[i], strlen(bad[i])) == 0)
            return false;
    return true;
}
