#include "pipeline/target/mutf7.h"

#include <string.h>

#include "pipeline/base/charset.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

#define MUTF7_TEXT_MAX ((size_t)1 << 20) /* bytes of one name in UTF-16 */

static unsigned unit_at(const struct buf *b, size_t i)
{
    return (unsigned char)b->data[i] | (unsigned char)b->data[i + 1] << 8;
}

static bool unit_is_direct(unsigned u)
{
    return u >= 0x20 && u <= 0x7e;
}

/* One shifted run of units from i on; returns the index after it. */
static size_t encode_run(const struct buf *units, size_t i, struct buf *out)
{
    unsigned bits = 0;
    int have = 0;

    buf_addc(out, '&');
    for (; i < units->len && !unit_is_direct(unit_at(units, i)); i += 2) {
        bits = (bits << 16) | unit_at(units, i);
        for (have += 16; have >= 6; have -= 6)
            buf_addc(out, alphabet[(bits >> (have - 6)) & 63]);
    }
    if (have)
        buf_addc(out, alphabet[(bits << (6 - have)) & 63]);
    buf_addc(out, '-');
    return i;
}

int mutf7_encode(const char *utf8, size_t len, struct buf *out)
{
    cleanup_buf struct buf units = BUF(MUTF7_TEXT_MAX);
    size_t i = 0;

    charset_to_utf16(utf8, len, &units);
    if (units.error)
        return -units.error;
    while (i < units.len) {
        unsigned u = unit_at(&units, i);
        if (!unit_is_direct(u)) {
            i = encode_run(&units, i, out);
            continue;
        }
        buf_addc(out, (char)u);
        if (u == '&')
            buf_addc(out, '-');
        i += 2;
    }
    return -out->error;
}

/* The base64 of one run, up to its '-', as UTF-16LE; what follows it. */
static const char *decode_run(const char *p, const char *end, struct buf *out)
{
    unsigned bits = 0;
    int have = 0;

    for (; p < end && *p != '-'; p++) {
        const char *at = *p ? strchr(alphabet, *p) : NULL;
        if (!at)
            return NULL;
        bits = (bits << 6) | (unsigned)(at - alphabet);
        have += 6;
        if (have >= 16) {
            have -= 16;
            buf_addc(out, (char)(bits >> have));
            buf_addc(out, (char)(bits >> (have + 8)));
        }
    }
    return p < end ? p + 1 : NULL;
}

static int decode_units(const char *p, const char *end, struct buf *units)
{
    while (p < end) {
        if (*p != '&') {
            buf_addc(units, *p++);
            buf_addc(units, '\0');
        } else if (end - p > 1 && p[1] == '-') {
            buf_add(units, "&\0", 2);
            p += 2;
        } else {
            p = decode_run(p + 1, end, units);
            if (!p)
                return -EINVAL;
        }
    }
    return -units->error;
}

/* What does not encode to the same text again was not ours: that one check
 * covers padding bits, needless shifts, lone surrogates and bytes over 126. */
int mutf7_decode(const char *text, size_t len, struct buf *out)
{
    cleanup_buf struct buf units = BUF(MUTF7_TEXT_MAX);
    cleanup_buf struct buf utf8 = BUF(MUTF7_TEXT_MAX);
    cleanup_buf struct buf again = BUF(MUTF7_TEXT_MAX);
    int ret = decode_units(text, text + len, &units);

    if (ret)
        return ret;
    charset_from_utf16(buf_str(&units), units.len, &utf8);
    ret = mutf7_encode(buf_str(&utf8), utf8.len, &again);
    if (!ret && utf8.error)
        ret = -utf8.error;
    if (ret)
        return ret;
    if (again.len != len || memcmp(buf_str(&again), text, len) != 0)
        return -EINVAL;
    return buf_add(out, buf_str(&utf8), utf8.len);
}
