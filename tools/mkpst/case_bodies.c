/* Cases of bodies: RTF of all kinds, wrong character sets. */
#include <string.h>

#include "tools/mkpst/cases.h"
#include "tools/mkpst/json.h"

static void expect(struct item *item, const char *words)
{
    json_key_text(&item->json, "case_html_has", words);
}

static void rtf_rich(struct maker *m, struct item *item)
{
    case_rtf(item,
             "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fswiss "
             "Arial;}{\\f1\\fcharset2 Symbol;}}{\\colortbl;\\red0\\green0"
             "\\blue255;}\r\n\\pard\\plain\\f0\\fs20 Dear {\\b bold} and "
             "{\\i italic} {\\ul under}\\par\r\n{\\pntext\\f1\\'b7\\tab}one"
             "\\par\r\n{\\pntext\\f1\\'b7\\tab}two\\par\r\n\\trowd\\cellx99"
             "\\cellx199\\pard\\intbl a\\cell b\\cell\\row\\pard "
             "{\\field{\\*\\fldinst{HYPERLINK \"http://www.example.com/\"}}"
             "{\\fldrslt{\\cf1\\ul here}}}\\par\r\n}\r\n");
    expect(item, "<b>bold</b>");
}

static void rtf_picture(struct maker *m, struct item *item)
{
    case_rtf(item, "{\\rtf1\\ansi before{\\pict\\pngblip 89504e47}after\\par}");
    expect(item, "before");
}

static void rtf_html(struct maker *m, struct item *item)
{
    case_rtf(item,
             "{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 \\deff0{\\fonttbl"
             "{\\f0\\fswiss Arial;}{\\f1\\fcharset128 MS;}{\\f2\\fcharset204 "
             "C;}}{\\*\\htmltag19 <html>}{\\*\\htmltag64 <p>}\\htmlrtf "
             "{\\htmlrtf0 {\\b\\f1\\'93}{\\f1\\'fa} \\f2\\'ef\\f0 "
             "\\u8364?\\htmlrtf\\par}\\htmlrtf0 {\\*\\htmltag72 </p>}"
             "{\\*\\htmltag27 </html>}}");
    expect(item, "\u65E5 \u043F\u20AC");
}

static void rtf_broken(struct maker *m, struct item *item)
{
    case_rtf(item, "{\\rtf1 lost}");
    item->rtf_broken = true;
    json_key_text(&item->json, "case_defect", "RTF body");
}

/* Bytes that are not what the item says. */
static void html_in(struct item *item, unsigned page, const char *html)
{
    case_html(item, html);
    item->html_codepage = page;
    json_key_bool(&item->json, "recoded", true);
}

static void wrong_1252(struct maker *m, struct item *item)
{
    html_in(item, 1252, "<p>caf\xC3\xA9 \xE2\x82\xAC</p>\r\n");
    expect(item, "caf\u00E9 \u20AC");
}

static void wrong_utf8(struct maker *m, struct item *item)
{
    html_in(item, 65001, "<meta charset=utf-8><p>caf\xE9 \x80</p>\r\n");
    expect(item, "caf\u00E9 \u20AC");
}

static void iso2022jp(struct maker *m, struct item *item)
{
    html_in(item, 50220, "<p>\x1b$B\x46\x7c\x4b\x5c\x1b(B ok</p>\r\n");
    expect(item, "\u65E5\u672C ok");
}

static void utf7(struct maker *m, struct item *item)
{
    html_in(item, 65000, "<p>+AOQ- ok</p>\r\n");
    expect(item, "\u00E4 ok");
}

static void hebrew(struct maker *m, struct item *item)
{
    html_in(item, 38598, "<p>\xF9\xEC\xE5\xED</p>\r\n");
    expect(item, "\u05E9\u05DC\u05D5\u05DD");
}

static void utf16(struct maker *m, struct item *item)
{
    static const char text[] = "\xFF\xFE<\0p\0>\0\xAC\x20<\0/\0p\0>\0";

    item->has_html = true;
    buf_clear(&item->html);
    buf_add(&item->html, text, sizeof(text) - 1);
    item->html_codepage = 1252;
    json_key_bool(&item->json, "recoded", true);
    expect(item, "\u20AC");
}

static void empty(struct maker *m, struct item *item)
{
}

static void long_line(struct maker *m, struct item *item)
{
    case_text(item, "");
    for (int i = 0; i < 3000; i++)
        buf_addc(&item->text, 'x');
    buf_adds(&item->text, "\r\nFrom here\r\n.\r\n--=_pstfs_x\r\n");
}

const struct case_row case_bodies[] = {
    {"rtf-rich", rtf_rich},        {"rtf-picture", rtf_picture},
    {"rtf-html", rtf_html},        {"rtf-broken", rtf_broken},
    {"charset-wrong", wrong_1252}, {"charset-no-utf8", wrong_utf8},
    {"charset-2022jp", iso2022jp}, {"charset-utf7", utf7},
    {"charset-hebrew", hebrew},    {"charset-utf16", utf16},
    {"body-none", empty},          {"body-long-line", long_line},
};
const size_t case_bodies_count = array_len(case_bodies);
