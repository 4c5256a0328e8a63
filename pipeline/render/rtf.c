#include "pipeline/render/rtf.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/limits.h"

#define WORD_MAX     32
#define PENDING_MAX  (64u << 10)
#define HEAD_MAX     4096 /* \fromhtml stands in the first tokens */
#define DEFAULT_PAGE 1252

struct state {
    int font, uc;
    bool skip;    /* a destination that is not shown */
    bool tag;     /* inside htmltag: shown even where ... */
    bool htmlrtf; /* ... RTF-only text is not */
    bool fonttbl;
};

struct font {
    int number;
    unsigned codepage; /* 0: that of the document */
};

struct rtf {
    const char *at, *end;
    struct buf *out, pending; /* 8-bit text not yet converted */
    enum rtf_kind kind;
    struct state stack[RTF_DEPTH_MAX], now;
    size_t depth, too_deep;
    struct font fonts[RTF_FONTS_MAX];
    size_t font_count;
    unsigned codepage;
    int default_font;
    int skip_chars; /* fallbacks of a \u still to be dropped */
    bool star;      /* \* seen: an unknown word skips its group */
    unsigned high;  /* first half of a surrogate pair, or 0 */
};

/* ---- text out ---- */

static bool shown(const struct rtf *r)
{
    return !r->now.skip && (r->now.tag || !r->now.htmlrtf);
}

static const struct font *font_find(const struct rtf *r, int number)
{
    for (size_t i = 0; i < r->font_count; i++)
        if (r->fonts[i].number == number)
            return &r->fonts[i];
    return NULL;
}

static bool all_ascii(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)text[i] >= 0x80)
            return false;
    return true;
}

static void flush(struct rtf *r)
{
    const struct font *font;

    if (!r->pending.len)
        return;
    font = font_find(r, r->now.font);
    if (all_ascii(r->pending.data, r->pending.len))
        buf_add(r->out, r->pending.data, r->pending.len);
    else
        charset_from_codepage(font && font->codepage ? font->codepage
                                                     : r->codepage,
                              r->pending.data, r->pending.len, r->out);
    buf_clear(&r->pending);
}

static void put_byte(struct rtf *r, char c)
{
    if (r->skip_chars) {
        r->skip_chars--;
        return;
    }
    if (!shown(r) || !c)
        return;
    if (r->pending.len == PENDING_MAX)
        flush(r);
    buf_addc(&r->pending, c);
}

static bool is_plain(char c)
{
    return c != '\\' && c != '{' && c != '}' && c != '\r' && c != '\n' && c;
}

/* A run of plain bytes from r->at on. */
static void put_run(struct rtf *r)
{
    const char *start = r->at;
    size_t n, skip;

    while (r->at < r->end && is_plain(*r->at))
        r->at++;
    n = (size_t)(r->at - start);
    skip = (size_t)r->skip_chars < n ? (size_t)r->skip_chars : n;
    r->skip_chars -= (int)skip;
    start += skip;
    n -= skip;
    while (shown(r) && n) {
        size_t room = PENDING_MAX - r->pending.len;
        size_t take = n < room ? n : room;
        buf_add(&r->pending, start, take);
        start += take;
        n -= take;
        if (n)
            flush(r);
    }
}

static void put_text(struct rtf *r, const char *text)
{
    if (r->skip_chars) {
        r->skip_chars--;
        return;
    }
    flush(r);
    if (shown(r))
        buf_adds(r->out, text);
}

static void put_units(struct rtf *r, const uint16_t *units, size_t n)
{
    uint8_t bytes[4];

    for (size_t i = 0; i < n; i++) {
        bytes[2 * i] = (uint8_t)units[i];
        bytes[2 * i + 1] = (uint8_t)(units[i] >> 8);
    }
    flush(r);
    if (shown(r) && units[0])
        charset_from_utf16(bytes, 2 * n, r->out);
}

static void put_unicode(struct rtf *r, int value)
{
    uint16_t unit = (uint16_t)value, pair[2] = {(uint16_t)r->high, unit};

    r->skip_chars = r->now.uc;
    if (r->high) {
        r->high = 0;
        if ((unit & 0xFC00) == 0xDC00) {
            put_units(r, pair, 2);
            return;
        }
        put_units(r, pair, 1);
    }
    if ((unit & 0xFC00) == 0xD800)
        r->high = unit;
    else
        put_units(r, &unit, 1);
}

/* ---- control words ---- */

typedef void word_fn(struct rtf *r, int value);

static void word_htmlrtf(struct rtf *r, int value)
{
    r->now.htmlrtf = value != 0;
}

static void word_htmltag(struct rtf *r, int value)
{
    if (r->kind == RTF_HTML)
        r->now.tag = true;
    else
        r->now.skip = true;
    r->star = false;
}

static void word_font(struct rtf *r, int value)
{
    r->now.font = value;
    if (r->now.fonttbl && !font_find(r, value) && r->font_count < RTF_FONTS_MAX)
        r->fonts[r->font_count++].number = value;
}

static void font_page(struct rtf *r, unsigned codepage)
{
    if (r->now.fonttbl && r->font_count && charset_icu_name(codepage))
        r->fonts[r->font_count - 1].codepage = codepage;
}

static void word_charset(struct rtf *r, int value)
{
    static const struct {
        int charset;
        unsigned codepage;
    } pages[] = {{77, 10000}, {78, 10001}, {128, 932},  {129, 949},
                 {130, 1361}, {134, 936},  {136, 950},  {161, 1253},
                 {162, 1254}, {163, 1258}, {177, 1255}, {178, 1256},
                 {186, 1257}, {204, 1251}, {222, 874},  {238, 1250},
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
    r->default_font = r->now.font = value;
}

static void word_plain(struct rtf *r, int value)
{
    r->now.font = r->default_font;
}

static void word_uc(struct rtf *r, int value)
{
    r->now.uc = value < 0 ? 0 : value > 16 ? 16 : value;
}

static void word_fonttbl(struct rtf *r, int value)
{
    r->now.fonttbl = true;
    r->now.skip = true;
    r->star = false;
}

static void word_skip(struct rtf *r, int value)
{
    r->now.skip = true;
}

static void word_bin(struct rtf *r, int value)
{
    size_t n = value > 0 ? (size_t)value : 0;

    r->at += n < (size_t)(r->end - r->at) ? n : (size_t)(r->end - r->at);
}

/* Words that act, or stand for a character: in text, and in HTML. */
static const struct word {
    const char *name;
    word_fn *act;
    int fallback; /* value when the word has none */
    const char *text, *html;
} words[] = {
    {"ansicpg", word_ansicpg, 0},
    {"bin", word_bin, 0},
    {"bullet", NULL, 0, "\xE2\x80\xA2", "&bull;"},
    {"cell", NULL, 0, "\t", "\t"},
    {"colortbl", word_skip, 0},
    {"cpg", word_cpg, 0},
    {"deff", word_deff, 0},
    {"emdash", NULL, 0, "\xE2\x80\x94", "&mdash;"},
    {"emspace", NULL, 0, "\xE2\x80\x83", "&emsp;"},
    {"endash", NULL, 0, "\xE2\x80\x93", "&ndash;"},
    {"enspace", NULL, 0, "\xE2\x80\x82", "&ensp;"},
    {"f", word_font, 0},
    {"fcharset", word_charset, 0},
    {"fonttbl", word_fonttbl, 0},
    {"footer", word_skip, 0},
    {"header", word_skip, 0},
    {"htmlrtf", word_htmlrtf, 1},
    {"htmltag", word_htmltag, 0},
    {"info", word_skip, 0},
    {"ldblquote", NULL, 0, "\xE2\x80\x9C", "&ldquo;"},
    {"line", NULL, 0, "\n", "\n"},
    {"lquote", NULL, 0, "\xE2\x80\x98", "&lsquo;"},
    {"mac", word_mac, 0},
    {"mhtmltag", word_skip, 0},
    {"page", NULL, 0, "\n", "\n"},
    {"par", NULL, 0, "\n", "\n"},
    {"pc", word_pc, 0},
    {"pca", word_pca, 0},
    {"pict", word_skip, 0},
    {"plain", word_plain, 0},
    {"pntext", word_skip, 0},
    {"rdblquote", NULL, 0, "\xE2\x80\x9D", "&rdquo;"},
    {"row", NULL, 0, "\n", "\n"},
    {"rquote", NULL, 0, "\xE2\x80\x99", "&rsquo;"},
    {"sect", NULL, 0, "\n", "\n"},
    {"stylesheet", word_skip, 0},
    {"tab", NULL, 0, "\t", "\t"},
    {"u", put_unicode, 0},
    {"uc", word_uc, 1},
};

static int word_order(const void *key, const void *row)
{
    return strcmp(key, ((const struct word *)row)->name);
}

static void do_word(struct rtf *r, const char *name, int value, bool has_value)
{
    const struct word *w =
        bsearch(name, words, array_len(words), sizeof(words[0]), word_order);

    if (!w || (w->act != put_unicode && w->act != word_bin))
        flush(r);
    if (!w || r->star) {
        bool tag = w && (w->act == word_htmltag || w->act == word_fonttbl);
        if (r->star && !tag)
            r->now.skip = true;
        r->star = false;
        if (!tag && (!w || w->act != word_bin))
            return;
    }
    if (w->act)
        w->act(r, has_value ? value : w->fallback);
    else
        put_text(r, r->kind == RTF_HTML ? w->html : w->text);
}

static int read_number(struct rtf *r, bool *has_r)
{
    bool minus = r->at < r->end && *r->at == '-';
    const char *start = r->at + minus;
    int64_t n = 0;

    *has_r = start < r->end && isdigit((unsigned char)*start);
    if (!*has_r)
        return 0;
    for (r->at = start; r->at < r->end && isdigit((unsigned char)*r->at);
         r->at++)
        if (n < INT32_MAX)
            n = n * 10 + (*r->at - '0');
    if (n > INT32_MAX)
        n = INT32_MAX;
    return (int)(minus ? -n : n);
}

static void read_word(struct rtf *r)
{
    char name[WORD_MAX + 1];
    size_t n = 0;
    bool has_value;
    int value;

    while (r->at < r->end && isalpha((unsigned char)*r->at)) {
        if (n < WORD_MAX)
            name[n++] = *r->at;
        r->at++;
    }
    name[n] = '\0';
    value = read_number(r, &has_value);
    if (r->at < r->end && *r->at == ' ')
        r->at++;
    do_word(r, name, value, has_value);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void read_hex(struct rtf *r)
{
    int high, low;

    if (r->end - r->at < 2)
        return;
    high = hex_value(r->at[0]);
    low = hex_value(r->at[1]);
    if (high < 0 || low < 0)
        return;
    r->at += 2;
    put_byte(r, (char)(high << 4 | low));
}

static void read_control(struct rtf *r)
{
    char c;

    if (r->at == r->end)
        return;
    if (isalpha((unsigned char)*r->at)) {
        read_word(r);
        return;
    }
    c = *r->at++;
    if (c == '\'')
        read_hex(r);
    else if (c == '*')
        r->star = true;
    else if (c == '\\' || c == '{' || c == '}')
        put_byte(r, c);
    else if (c == '~')
        put_text(r, r->kind == RTF_HTML ? "&nbsp;" : "\xC2\xA0");
    else if (c == '_')
        put_text(r, r->kind == RTF_HTML ? "&shy;" : "\xE2\x80\x91");
    else if (c == '\n' || c == '\r') /* as \par */
        put_text(r, "\n");
}

static void group_open(struct rtf *r)
{
    flush(r);
    r->skip_chars = 0;
    r->star = false;
    if (r->depth < RTF_DEPTH_MAX)
        r->stack[r->depth++] = r->now;
    else
        r->too_deep++;
}

static void group_close(struct rtf *r)
{
    flush(r);
    r->skip_chars = 0;
    r->star = false;
    if (r->too_deep)
        r->too_deep--;
    else if (r->depth)
        r->now = r->stack[--r->depth];
}

static enum rtf_kind kind_of(const char *rtf, size_t len)
{
    size_t head = len < HEAD_MAX ? len : HEAD_MAX;

    if (memmem(rtf, head, "\\fromhtml1", 10))
        return RTF_HTML;
    if (memmem(rtf, head, "\\fromtext", 9))
        return RTF_TEXT;
    return RTF_TRUE;
}

enum rtf_kind rtf_convert(const char *rtf, size_t len, struct buf *out)
{
    struct rtf *r = calloc(1, sizeof(*r));
    enum rtf_kind kind = kind_of(rtf, len);

    if (!r) {
        out->error = ENOMEM;
        return kind;
    }
    *r = (struct rtf){.at = rtf, .end = rtf + len, .out = out, .kind = kind};
    r->pending.max = PENDING_MAX;
    r->codepage = DEFAULT_PAGE;
    r->now.uc = 1;
    while (r->at < r->end && !out->error) {
        char c = *r->at;
        if (is_plain(c)) {
            put_run(r);
            continue;
        }
        r->at++;
        if (c == '{')
            group_open(r);
        else if (c == '}')
            group_close(r);
        else if (c == '\\')
            read_control(r);
    }
    flush(r);
    buf_finish(&r->pending);
    free(r);
    return kind;
}
