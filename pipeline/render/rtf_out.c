#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/rtf_priv.h"

#define PENDING_MAX (64u << 10)

static bool shown(const struct rtf *r)
{
    if (r->now.dest == DEST_SKIP || r->now.hidden)
        return false;
    return r->now.dest != DEST_BODY || r->mode != RTF_UNWRAP || r->now.tag ||
           !r->now.htmlrtf;
}

struct rtf_font *rtf_font_find(struct rtf *r, int number)
{
    for (size_t i = 0; i < r->font_count; i++)
        if (r->fonts[i].number == number)
            return &r->fonts[i];
    return NULL;
}

static unsigned current_page(struct rtf *r)
{
    const struct rtf_font *font = rtf_font_find(r, r->now.format.font);

    return font && font->codepage ? font->codepage : r->codepage;
}

/* ---- where it goes ---- */

static void font_name(struct rtf *r, const char *text, size_t len)
{
    struct rtf_font *font = r->font_count ? &r->fonts[r->font_count - 1] : NULL;
    size_t used = font ? strlen(font->name) : 0;

    for (size_t i = 0; font && i < len; i++)
        if ((uint8_t)text[i] >= ' ' && text[i] != ';' &&
            used < sizeof(font->name) - 1)
            font->name[used++] = text[i];
}

static void colors_end(struct rtf *r, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != ';')
            continue;
        if (r->color_count < RTF_COLORS_MAX)
            r->colors[r->color_count++] = r->color;
        r->color = RTF_COLOR_AUTO;
    }
}

/* UTF-8 that is to be seen. */
static void put_utf8(struct rtf *r, const struct rtf_format *format,
                     const char *text, size_t len)
{
    if (r->now.dest == DEST_FONTS)
        font_name(r, text, len);
    else if (r->now.dest == DEST_COLORS)
        colors_end(r, text, len);
    else if (r->now.dest == DEST_FIELD)
        buf_add(&r->field, text,
                len < r->field.max - r->field.len
                    ? len
                    : r->field.max - r->field.len);
    else if (r->mode == RTF_WRITE)
        rtf_html_text(r, format, text, len);
    else
        buf_add(r->out, text, len);
}

/* ---- 8-bit text ---- */

static bool all_ascii(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)text[i] >= 0x80)
            return false;
    return true;
}

static bool is_lead(unsigned page, uint8_t c)
{
    if (page == 932 || page == 10001)
        return (c >= 0x81 && c <= 0x9F) || (c >= 0xE0 && c <= 0xFC);
    return (page == 936 || page == 949 || page == 950 || page == 1361) &&
           c >= 0x81 && c <= 0xFE;
}

/* A character may lie in two runs, each with a format of its own. */
static bool ends_in_half(const struct rtf *r)
{
    bool half = false;

    for (size_t i = 0; i < r->pending.len; i++)
        half = !half && is_lead(r->pending_page, (uint8_t)r->pending.data[i]);
    return half;
}

void rtf_flush(struct rtf *r)
{
    struct buf *p = &r->pending;

    if (!p->len)
        return;
    if (all_ascii(p->data, p->len)) {
        put_utf8(r, &r->pending_format, p->data, p->len);
    } else {
        cleanup_buf struct buf utf8 = BUF(4 * PENDING_MAX);
        charset_from_codepage(r->pending_page, p->data, p->len, &utf8);
        put_utf8(r, &r->pending_format, buf_str(&utf8), utf8.len);
    }
    buf_clear(p);
}

void rtf_dest(struct rtf *r, enum rtf_dest dest)
{
    if (r->now.dest != dest)
        rtf_flush(r);
    r->now.dest = dest;
}

bool rtf_format_same(const struct rtf_format *a, const struct rtf_format *b)
{
    return a->font == b->font && a->size == b->size && a->color == b->color &&
           a->link == b->link && a->bold == b->bold && a->italic == b->italic &&
           a->underline == b->underline && a->strike == b->strike &&
           a->super == b->super && a->sub == b->sub;
}

/* Makes pending text of another kind go first. */
static void pending_meet(struct rtf *r)
{
    unsigned page = current_page(r);

    if (r->pending.len &&
        (r->pending.len == PENDING_MAX || page != r->pending_page ||
         (!rtf_format_same(&r->pending_format, &r->now.format) &&
          !ends_in_half(r))))
        rtf_flush(r);
    if (!r->pending.len) {
        r->pending_page = page;
        r->pending_format = r->now.format;
    }
}

/* Symbol fonts number their pictures: the bullets of lists. */
static const char *symbol(char c)
{
    return (uint8_t)c == 0xA7 ? "\xE2\x96\xAA" : "\xE2\x80\xA2";
}

static void put_shown(struct rtf *r, const char *text, size_t len)
{
    while (len && !r->out->error) {
        size_t take;
        pending_meet(r);
        take = PENDING_MAX - r->pending.len;
        take = len < take ? len : take;
        buf_add(&r->pending, text, take);
        text += take;
        len -= take;
    }
}

void rtf_put_byte(struct rtf *r, char c)
{
    if (r->skip_chars) {
        r->skip_chars--;
        return;
    }
    if (!shown(r) || !c)
        return;
    if ((uint8_t)c >= 0x80 && current_page(r) == RTF_PAGE_SYMBOL &&
        r->now.dest == DEST_BODY)
        rtf_put_special(r, symbol(c), symbol(c), MARK_NONE);
    else
        put_shown(r, &c, 1);
}

void rtf_put_run(struct rtf *r, const char *text, size_t len)
{
    size_t skip = (size_t)r->skip_chars < len ? (size_t)r->skip_chars : len;

    r->skip_chars -= (int)skip;
    if (shown(r))
        put_shown(r, text + skip, len - skip);
}

void rtf_put_special(struct rtf *r, const char *text, const char *html,
                     enum rtf_mark mark)
{
    if (r->skip_chars) {
        r->skip_chars--;
        return;
    }
    rtf_flush(r);
    if (!shown(r))
        return;
    if (r->mode == RTF_WRITE && mark && r->now.dest == DEST_BODY)
        rtf_html_mark(r, mark);
    else
        put_utf8(r, &r->now.format, r->mode == RTF_UNWRAP ? html : text,
                 strlen(r->mode == RTF_UNWRAP ? html : text));
}

static void put_units(struct rtf *r, const uint16_t *units, size_t n)
{
    cleanup_buf struct buf utf8 = BUF(16);
    uint8_t bytes[4];

    for (size_t i = 0; i < n; i++) {
        bytes[2 * i] = (uint8_t)units[i];
        bytes[2 * i + 1] = (uint8_t)(units[i] >> 8);
    }
    rtf_flush(r);
    if (!shown(r) || !units[0])
        return;
    charset_from_utf16(bytes, 2 * n, &utf8);
    put_utf8(r, &r->now.format, buf_str(&utf8), utf8.len);
}

void rtf_put_unicode(struct rtf *r, int value)
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
