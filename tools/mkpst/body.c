#include <stdio.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "tools/mkpst/bytes.h"
#include "tools/mkpst/maker.h"

enum body_kind {
    BODY_TEXT = 1,
    BODY_HTML = 2,
    BODY_RTF = 4,        /* plain RTF */
    BODY_RTF_OF_HTML = 8 /* RTF that encapsulates HTML ([MS-OXRTFEX]) */
};

static const struct {
    unsigned percent;
    unsigned kind;
} kinds[] = {
    {35, BODY_TEXT},       {30, BODY_TEXT | BODY_HTML},
    {11, BODY_HTML},       {6, BODY_TEXT | BODY_RTF},
    {5, BODY_RTF},         {4, BODY_TEXT | BODY_RTF_OF_HTML},
    {4, BODY_RTF_OF_HTML}, {5, 0},
};

static unsigned pick_kind(struct rng *r)
{
    unsigned n = rng_below(r, 100);

    for (size_t i = 0; i < array_len(kinds); i++) {
        if (n < kinds[i].percent)
            return kinds[i].kind;
        n -= kinds[i].percent;
    }
    return 0;
}

void body_text(struct maker *m, struct item *item, uint64_t size)
{
    item->has_text = true;
    script_body(item->script, &m->rng, size, &item->text);
    buf_addf(&item->text, "-- \r\nitem %llu\r\n",
             (unsigned long long)m->number);
    mem_check(&item->text);
}

/* Calls add for each line of a text, without its line end. */
typedef void line_fn(const char *line, size_t len, struct buf *out);

static void each_line(const struct buf *text, line_fn *add, struct buf *out)
{
    const char *p = buf_str(text), *end;

    for (; *p; p = end + 2) {
        end = strstr(p, "\r\n");
        if (!end)
            end = p + strlen(p) - 2;
        add(p, (size_t)(end - p), out);
    }
}

static void html_escape(const char *text, size_t len, struct buf *out)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '<')
            buf_adds(out, "&lt;");
        else if (text[i] == '&')
            buf_adds(out, "&amp;");
        else
            buf_addc(out, text[i]);
    }
}

static void html_line(const char *line, size_t len, struct buf *out)
{
    buf_adds(out, "<p>");
    html_escape(line, len, out);
    buf_adds(out, "</p>\r\n");
}

static void make_html(struct item *item, const struct buf *text)
{
    struct buf cleanup_buf html = MEM_BUF;
    const char *charset = charset_mime_name(item->html_codepage);

    buf_addf(&html,
             "<html><head>\r\n<meta http-equiv=\"Content-Type\" "
             "content=\"text/html; charset=%s\">\r\n"
             "<style>p { margin: 0 }</style></head>\r\n<body>\r\n",
             charset);
    each_line(text, html_line, &html);
    buf_adds(&html, "<p><a href=\"https://www.example.com/?a=1&amp;b=2\">"
                    "link</a><br></p>\r\n</body></html>\r\n");
    mem_check(&html);
    item->has_html = true;
    text_codepage(item->html_codepage, html.data, html.len, &item->html);
}

/* Text in RTF: units beyond ASCII as \uN with a '?' for old readers. */
static void rtf_escape(const char *text, size_t len, struct buf *out)
{
    struct buf cleanup_buf wide = MEM_BUF;

    text_utf16(text, len, &wide);
    for (size_t i = 0; i + 1 < wide.len; i += 2) {
        unsigned c = (uint8_t)wide.data[i] | (uint8_t)wide.data[i + 1] << 8;
        if (c == '\\' || c == '{' || c == '}')
            buf_addf(out, "\\%c", (int)c);
        else if (c < 0x80)
            buf_addc(out, (char)c);
        else
            buf_addf(out, "\\u%d?", (int16_t)c);
    }
}

static void rtf_line(const char *line, size_t len, struct buf *out)
{
    rtf_escape(line, len, out);
    buf_adds(out, "\\par\r\n");
}

static void make_rtf(struct item *item, const struct buf *text)
{
    buf_adds(&item->rtf, "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0"
                         "\\fswiss Arial;}}\r\n{\\colortbl\\red0\\green0"
                         "\\blue0;\\red0\\green0\\blue255;}\r\n"
                         "\\uc1\\pard\\plain\\deftab360 \\f0\\fs20 \\b ");
    rtf_escape("Title", 5, &item->rtf);
    buf_adds(&item->rtf, "\\b0\\par\r\n");
    each_line(text, rtf_line, &item->rtf);
    buf_adds(&item->rtf, "}\r\n");
    item->has_rtf = true;
}

static void rtf_html_line(const char *line, size_t len, struct buf *out)
{
    struct buf cleanup_buf html = MEM_BUF;

    html_escape(line, len, &html);
    buf_adds(out, "{\\*\\htmltag64 <p>}\\htmlrtf {\\htmlrtf0 ");
    rtf_escape(html.data, html.len, out);
    buf_adds(out, "\\htmlrtf\\par}\\htmlrtf0\r\n{\\*\\htmltag72 </p>}\r\n");
}

static void make_rtf_of_html(struct item *item, const struct buf *text)
{
    buf_adds(&item->rtf,
             "{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 \\deff0{\\fonttbl\r\n"
             "{\\f0\\fswiss Arial;}}\r\n"
             "{\\colortbl\\red0\\green0\\blue0;}\r\n"
             "\\uc1\\pard\\plain\\deftab360 \\f0\\fs24 \r\n"
             "{\\*\\htmltag19 <html>}\r\n{\\*\\htmltag34 <head>}\r\n"
             "{\\*\\htmltag241 <style>p \\{ margin: 0 \\}</style>}\r\n"
             "{\\*\\htmltag41 </head>}\r\n{\\*\\htmltag50 <body>}\r\n");
    each_line(text, rtf_html_line, &item->rtf);
    buf_adds(&item->rtf, "{\\*\\htmltag58 </body>}\r\n"
                         "{\\*\\htmltag27 </html>}}\r\n");
    item->has_rtf = true;
}

void body_make(struct maker *m, struct item *item, uint64_t size)
{
    unsigned kind = pick_kind(&m->rng);

    if (!kind)
        return;
    body_text(m, item, size);
    item->has_text = kind & BODY_TEXT;
    if (kind & BODY_HTML)
        make_html(item, &item->text);
    if (kind & BODY_RTF)
        make_rtf(item, &item->text);
    if (kind & BODY_RTF_OF_HTML)
        make_rtf_of_html(item, &item->text);
    item->rtf_stored = rng_chance(&m->rng, 25);
    mem_check(&item->html);
    mem_check(&item->rtf);
}
