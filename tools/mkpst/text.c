#include "tools/mkpst/text.h"

#include <string.h>
#include <unicode/ucnv.h>

#include "pipeline/base/charset.h"
#include "tools/mkpst/bytes.h"

#define CONVERTERS_MAX 256
#define WORD_MAX       45 /* bytes in one encoded word */

void text_utf16(const char *utf8, size_t len, struct buf *out)
{
    const uint8_t *p = (const uint8_t *)utf8, *end;
    uint8_t *to, *start;

    if (!len)
        return;
    end = p + len;
    to = start = buf_grow(out, len * 2);
    mem_check(out);
    while (p < end) {
        uint32_t c = *p++;
        int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
        c &= more ? 0x3Fu >> more : 0x7F;
        for (; more && p < end; more--)
            c = c << 6 | (*p++ & 0x3F);
        if (c >= 0x10000) {
            put16(to, (uint16_t)(0xD7C0 + (c >> 10)));
            to += 2;
            c = 0xDC00 | (c & 0x3FF);
        }
        put16(to, (uint16_t)c);
        to += 2;
    }
    out->len -= len * 2 - (size_t)(to - start);
}

/* Converters are kept for the life of the program. */
static UConverter *converter_of(unsigned codepage)
{
    static struct {
        unsigned codepage;
        UConverter *conv;
    } cache[CONVERTERS_MAX];
    UErrorCode e = U_ZERO_ERROR;
    size_t i = 0;

    while (i < CONVERTERS_MAX && cache[i].conv && cache[i].codepage != codepage)
        i++;
    if (i == CONVERTERS_MAX)
        fatal("too many code pages");
    if (!cache[i].conv) {
        const char *name = charset_icu_name(codepage);
        cache[i].codepage = codepage;
        cache[i].conv = name ? ucnv_open(name, &e) : NULL;
        if (!cache[i].conv)
            fatal("no code page %u", codepage);
        ucnv_setFromUCallBack(cache[i].conv, UCNV_FROM_U_CALLBACK_SUBSTITUTE,
                              NULL, NULL, NULL, &e);
        ucnv_setSubstString(cache[i].conv, u"?", 1, &e);
    }
    return cache[i].conv;
}

static bool is_ascii(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

/* The pages of stores: ASCII is ASCII in them, so it needs no converter. */
static bool is_common(unsigned codepage)
{
    return !codepage || (codepage >= 1250 && codepage <= 1258) ||
           codepage == 874 || codepage == 932 || codepage == 936 ||
           codepage == 949 || codepage == 950;
}

void text_codepage(unsigned codepage, const char *utf8, size_t len,
                   struct buf *out)
{
    struct buf cleanup_buf wide = MEM_BUF;
    UErrorCode e = U_ZERO_ERROR;
    size_t units, room;
    char *to;

    if (codepage == 65001 || (is_common(codepage) && is_ascii(utf8, len))) {
        buf_add(out, utf8, len);
        return;
    }
    text_utf16(utf8, len, &wide);
    units = wide.len / 2;
    room = units * 4 + 16;
    to = buf_grow(out, room);
    mem_check(out);
    int32_t n = ucnv_fromUChars(converter_of(codepage), to, (int32_t)room,
                                (const UChar *)wide.data, (int32_t)units, &e);
    if (U_FAILURE(e))
        fatal("code page %u: %s", codepage, u_errorName(e));
    out->len -= room - (size_t)n;
}

void text_encode(const struct encoding *enc, const char *utf8, size_t len,
                 struct buf *out)
{
    if (enc->unicode)
        text_utf16(utf8, len, out);
    else
        text_codepage(enc->codepage, utf8, len, out);
}

size_t text_units(const struct encoding *enc, const char *utf8, size_t len)
{
    struct buf cleanup_buf out = MEM_BUF;

    text_encode(enc, utf8, len, &out);
    return enc->unicode ? out.len / 2 : out.len;
}

void text_base64(const void *data, size_t len, struct buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = data;

    for (size_t i = 0; i < len; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16;
        v |= i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0;
        v |= i + 2 < len ? p[i + 2] : 0;
        buf_addc(out, digits[v >> 18]);
        buf_addc(out, digits[v >> 12 & 63]);
        buf_addc(out, i + 1 < len ? digits[v >> 6 & 63] : '=');
        buf_addc(out, i + 2 < len ? digits[v & 63] : '=');
    }
}

static bool is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] > 0x7E)
            return false;
    return !strstr(text, "=?");
}

void text_header(const char *utf8, struct buf *out)
{
    size_t len = strlen(utf8), n;

    if (is_plain(utf8, len)) {
        buf_add(out, utf8, len);
        return;
    }
    for (const char *p = utf8; len; p += n, len -= n) {
        n = charset_cut(p, len, WORD_MAX);
        if (p != utf8)
            buf_adds(out, "\r\n ");
        buf_adds(out, "=?utf-8?B?");
        text_base64(p, n, out);
        buf_adds(out, "?=");
    }
}
