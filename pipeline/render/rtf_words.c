/* The control words: what acts, what stands for a character. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/rtf_priv.h"

#define FONT_SIZE_MAX 400 /* half points */

typedef void word_fn(struct rtf *r, int value);

/* ---- destinations ---- */

static void word_skip(struct rtf *r, int value)
{
    rtf_dest(r, DEST_SKIP);
}

/* Not shown, and it was worth looking at. */
static void word_picture(struct rtf *r, int value)
{
    rtf_dest(r, DEST_SKIP);
    r->left = true;
}

/* Its group is read like any other. */
static void word_nothing(struct rtf *r, int value)
{
}

static void word_left(struct rtf *r, int value)
{
    r->left = true;
}

static void word_fonttbl(struct rtf *r, int value)
{
    rtf_dest(r, DEST_FONTS);
}

static void word_colortbl(struct rtf *r, int value)
{
    rtf_dest(r, DEST_COLORS);
    r->color = RTF_COLOR_AUTO;
}

/* The number before an item of a list: HTML has its own. */
static void word_listtext(struct rtf *r, int value)
{
    if (r->mode == RTF_UNWRAP)
        rtf_dest(r, DEST_SKIP);
}

static void word_fldinst(struct rtf *r, int value)
{
    buf_clear(&r->field);
    rtf_dest(r, r->mode == RTF_WRITE ? DEST_FIELD : DEST_SKIP);
}

static void word_fldrslt(struct rtf *r, int value)
{
    if (r->mode != RTF_WRITE || !r->field.len)
        return;
    if (rtf_html_link(r))
        r->now.format.link = r->href_of = ++r->links;
    buf_clear(&r->field);
}

/* ---- [MS-OXRTFEX] ---- */

static void word_htmlrtf(struct rtf *r, int value)
{
    r->now.htmlrtf = value != 0;
}

static void word_htmltag(struct rtf *r, int value)
{
    if (r->mode == RTF_UNWRAP)
        r->now.tag = true;
    else
        rtf_dest(r, DEST_SKIP);
}

/* ---- character sets ---- */

static void word_font(struct rtf *r, int value)
{
    if (r->now.dest == DEST_FONTS)
        rtf_flush(r); /* the name of the last */
    r->now.format.font = value;
    if (r->now.dest == DEST_FONTS && !rtf_font_find(r, value) &&
        r->font_count < RTF_FONTS_MAX)
        r->fonts[r->font_count++].number = value;
}

static void font_page(struct rtf *r, unsigned codepage)
{
    if (r->now.dest == DEST_FONTS && r->font_count &&
        (charset_icu_name(codepage) || codepage == RTF_PAGE_SYMBOL))
        r->fonts[r->font_count - 1].codepage = codepage;
}

static void word_charset(struct rtf *r, int value)
{
    static const struct {
        int charset;
        unsigned codepage;
    } pages[] = {{0, 1252},   {2, RTF_PAGE_SYMBOL},
                 {77, 10000}, {78, 10001},
                 {79, 949},   {80, 936},
                 {81, 950},   {83, 1255},
                 {84, 1256},  {85, 1253},
                 {86, 1254},  {87, 874},
                 {88, 1250},  {89, 1251},
                 {128, 932},  {129, 949},
                 {130, 1361}, {134, 936},
                 {136, 950},  {161, 1253},
                 {162, 1254}, {163, 1258},
                 {177, 1255}, {178, 1256},
                 {186, 1257}, {204, 1251},
                 {222, 874},  {238, 1250},
                 {254, 437},  {255, 850}};

    for (size_t i = 0; i < array_len(pages); i++)
        if (pages[i].charset == value)
            font_page(r, pages[i].codepage);
}

static void word_cpg(struct rtf *r, int value)
{
    font_page(r, (unsigned)value);
}

static void word_ansicpg(struct rtf *r, int value)
{
    if (charset_icu_name((unsigned)value))
        r->codepage = (unsigned)value;
}

static void word_mac(struct rtf *r, int value)
{
    r->codepage = 10000;
}

static void word_pc(struct rtf *r, int value)
{
    r->codepage = 437;
}

static void word_pca(struct rtf *r, int value)
{
    r->codepage = 850;
}

static void word_deff(struct rtf *r, int value)
{
    r->default_font = r->now.format.font = value;
}

static void word_uc(struct rtf *r, int value)
{
    r->now.uc = value < 0 ? 0 : value > 16 ? 16 : value;
}

static void word_bin(struct rtf *r, int value)
{
    size_t n = value > 0 ? (size_t)value : 0;

    r->at += n < (size_t)(r->end - r->at) ? n : (size_t)(r->end - r->at);
}

/* ---- looks ---- */

static void word_plain(struct rtf *r, int value)
{
    unsigned link = r->now.format.link;

    r->now.format = (struct rtf_format){.font = r->default_font, .link = link};
    r->now.hidden = false;
}

static void word_pard(struct rtf *r, int value)
{
    r->now.para = (struct rtf_para){0};
}

static void word_bold(struct rtf *r, int value)
{
    r->now.format.bold = value;
}

static void word_italic(struct rtf *r, int value)
{
    r->now.format.italic = value;
}

static void word_underline(struct rtf *r, int value)
{
    r->now.format.underline = value;
}

static void word_no_underline(struct rtf *r, int value)
{
    r->now.format.underline = false;
}

static void word_strike(struct rtf *r, int value)
{
    r->now.format.strike = value;
}

static void word_no_script(struct rtf *r, int value)
{
    r->now.format.super = r->now.format.sub = false;
}

static void word_super(struct rtf *r, int value)
{
    r->now.format.super = value;
    r->now.format.sub = false;
}

static void word_sub(struct rtf *r, int value)
{
    r->now.format.sub = value;
    r->now.format.super = false;
}

static void word_size(struct rtf *r, int value)
{
    r->now.format.size = value > 0 && value <= FONT_SIZE_MAX ? value : 0;
}

static void word_color(struct rtf *r, int value)
{
    r->now.format.color = value > 0 ? value : 0;
}

static void color_part(struct rtf *r, unsigned shift, int value)
{
    uint32_t part = value < 0 ? 0 : value > 255 ? 255 : (uint32_t)value;

    if (r->now.dest != DEST_COLORS)
        return;
    rtf_flush(r); /* the end of the last */
    if (r->color == RTF_COLOR_AUTO)
        r->color = 0;
    r->color = (r->color & ~(0xFFu << shift)) | part << shift;
}

static void word_red(struct rtf *r, int value)
{
    color_part(r, 16, value);
}

static void word_green(struct rtf *r, int value)
{
    color_part(r, 8, value);
}

static void word_blue(struct rtf *r, int value)
{
    color_part(r, 0, value);
}

static void word_hidden(struct rtf *r, int value)
{
    r->now.hidden = r->mode != RTF_UNWRAP && value;
    r->left |= r->now.hidden;
}

static void word_left_align(struct rtf *r, int value)
{
    r->now.para.align = ALIGN_LEFT;
}

static void word_center(struct rtf *r, int value)
{
    r->now.para.align = ALIGN_CENTER;
}

static void word_right_align(struct rtf *r, int value)
{
    r->now.para.align = ALIGN_RIGHT;
}

static void word_justify(struct rtf *r, int value)
{
    r->now.para.align = ALIGN_JUSTIFY;
}

static void word_indent(struct rtf *r, int value)
{
    r->now.para.indent = value > 0 && value < 30000 ? value : 0;
}

static void word_in_table(struct rtf *r, int value)
{
    r->now.para.in_table = true;
}

static void word_right_to_left(struct rtf *r, int value)
{
    r->now.para.right_to_left = true;
}

static void word_left_to_right(struct rtf *r, int value)
{
    r->now.para.right_to_left = false;
}

#define STAR 1 /* known behind \* too */

/* Sorted. text and html: what the word stands for, in text and in HTML. */
static const struct word {
    const char *name;
    word_fn *act;
    int fallback; /* value when the word has none */
    int flags;
    const char *text, *html;
    enum rtf_mark mark;
} words[] = {
    {"ansicpg", word_ansicpg, 0},
    {"b", word_bold, 1},
    {"bin", word_bin, 0},
    {"blue", word_blue, 0},
    {"bullet", NULL, 0, 0, "\xE2\x80\xA2", "&bull;"},
    {"cell", NULL, 0, 0, "\t", "\t", MARK_CELL},
    {"cf", word_color, 0},
    {"colortbl", word_colortbl, 0},
    {"cpg", word_cpg, 0},
    {"deff", word_deff, 0},
    {"emdash", NULL, 0, 0, "\xE2\x80\x94", "&mdash;"},
    {"emspace", NULL, 0, 0, "\xE2\x80\x83", "&emsp;"},
    {"endash", NULL, 0, 0, "\xE2\x80\x93", "&ndash;"},
    {"enspace", NULL, 0, 0, "\xE2\x80\x82", "&ensp;"},
    {"f", word_font, 0},
    {"fcharset", word_charset, 0},
    {"fldinst", word_fldinst, 0, STAR},
    {"fldrslt", word_fldrslt, 0},
    {"fonttbl", word_fonttbl, 0, STAR},
    {"footer", word_skip, 0},
    {"footerf", word_skip, 0},
    {"footerl", word_skip, 0},
    {"footerr", word_skip, 0},
    {"fs", word_size, 0},
    {"green", word_green, 0},
    {"header", word_skip, 0},
    {"headerf", word_skip, 0},
    {"headerl", word_skip, 0},
    {"headerr", word_skip, 0},
    {"htmlrtf", word_htmlrtf, 1},
    {"htmltag", word_htmltag, 0, STAR},
    {"i", word_italic, 1},
    {"info", word_skip, 0},
    {"intbl", word_in_table, 0},
    {"ldblquote", NULL, 0, 0, "\xE2\x80\x9C", "&ldquo;"},
    {"li", word_indent, 0},
    {"line", NULL, 0, 0, "\n", "\n", MARK_LINE},
    {"listtext", word_listtext, 0},
    {"lquote", NULL, 0, 0, "\xE2\x80\x98", "&lsquo;"},
    {"ltrpar", word_left_to_right, 0},
    {"mac", word_mac, 0},
    {"mhtmltag", word_skip, 0},
    {"nestcell", NULL, 0, 0, "\t", "\t", MARK_TAB},
    {"nestrow", NULL, 0, 0, "\n", "\n", MARK_LINE},
    {"nesttableprops", word_nothing, 0, STAR},
    {"nonesttables", word_skip, 0},
    {"nonshppict", word_skip, 0},
    {"nosupersub", word_no_script, 0},
    {"objdata", word_picture, 0, STAR},
    {"object", word_left, 0},
    {"page", NULL, 0, 0, "\n", "\n", MARK_PAR},
    {"par", NULL, 0, 0, "\n", "\n", MARK_PAR},
    {"pard", word_pard, 0},
    {"pc", word_pc, 0},
    {"pca", word_pca, 0},
    {"pict", word_picture, 0},
    {"plain", word_plain, 0},
    {"pntext", word_listtext, 0},
    {"qc", word_center, 0},
    {"qj", word_justify, 0},
    {"ql", word_left_align, 0},
    {"qr", word_right_align, 0},
    {"rdblquote", NULL, 0, 0, "\xE2\x80\x9D", "&rdquo;"},
    {"red", word_red, 0},
    {"row", NULL, 0, 0, "\n", "\n", MARK_ROW},
    {"rquote", NULL, 0, 0, "\xE2\x80\x99", "&rsquo;"},
    {"rtlpar", word_right_to_left, 0},
    {"rxe", word_skip, 0},
    {"sect", NULL, 0, 0, "\n", "\n", MARK_PAR},
    {"shppict", word_picture, 0, STAR},
    {"shptxt", word_left, 0},
    {"strike", word_strike, 1},
    {"striked", word_strike, 1},
    {"stylesheet", word_skip, 0},
    {"sub", word_sub, 1},
    {"super", word_super, 1},
    {"tab", NULL, 0, 0, "\t", "\t", MARK_TAB},
    {"tc", word_skip, 0},
    {"u", rtf_put_unicode, 0},
    {"uc", word_uc, 1},
    {"ul", word_underline, 1},
    {"uldb", word_underline, 1},
    {"ulnone", word_no_underline, 0},
    {"ulw", word_underline, 1},
    {"v", word_hidden, 1},
    {"xe", word_skip, 0},
};

static int word_order(const void *key, const void *row)
{
    return strcmp(key, ((const struct word *)row)->name);
}

void rtf_word(struct rtf *r, const char *name, int value, bool has_value)
{
    const struct word *w =
        bsearch(name, words, array_len(words), sizeof(words[0]), word_order);
    bool star = r->star;

    r->star = false;
    if (star && !(w && w->flags & STAR)) {
        rtf_dest(r, DEST_SKIP);
        if (!w || w->act != word_bin)
            return;
    }
    if (!w)
        return;
    if (w->act)
        w->act(r, has_value ? value : w->fallback);
    else
        rtf_put_special(r, w->text, w->html, w->mark);
}
