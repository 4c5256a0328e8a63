#include "pipeline/render/encode.h"

#include <stdbool.h>
#include <string.h>

#include "pipeline/render/segment.h"

#define QP_LINE_MAX  76
#define BOUNDARY_LEN (sizeof(SEGMENT_BOUNDARY) + 1) /* with "--" */

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hex[] = "0123456789ABCDEF";

const char *encode_name(enum encoding encoding)
{
    static const char *const names[] = {"7bit", "8bit", "quoted-printable",
                                        "base64"};

    return names[encoding];
}

/* Characters that quoted-printable must write as =XX. */
static bool qp_escaped(uint8_t c)
{
    return c == '=' || c > 126 || (c < 32 && c != '\t' && c != '\n');
}

/* No line is too long for 7bit and 8bit, or starts like a boundary. */
static bool lines_are_plain(const char *text, size_t len)
{
    const char *at = text, *end = text + len;

    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((lf ? lf : end) - at);
        if (n > ENCODE_LINE_MAX)
            return false;
        if (n >= BOUNDARY_LEN && at[0] == '-' && at[1] == '-' &&
            memcmp(at, "--" SEGMENT_BOUNDARY, BOUNDARY_LEN) == 0)
            return false;
        at += n + 1;
    }
    return true;
}

static bool is_ascii(const char *text, size_t len)
{
    uint64_t all = 0, eight;
    size_t i = 0;

    for (; i + 8 <= len; i += 8) {
        memcpy(&eight, text + i, 8);
        all |= eight;
    }
    for (; i < len; i++)
        all |= (uint8_t)text[i];
    return !(all & 0x8080808080808080ull);
}

enum encoding encode_choice(const char *text, size_t len)
{
    size_t escaped = 0;

    if (!memchr(text, '\0', len) && !memchr(text, '\r', len) &&
        lines_are_plain(text, len))
        return is_ascii(text, len) ? ENCODING_7BIT : ENCODING_8BIT;
    for (size_t i = 0; i < len; i++)
        escaped += qp_escaped((uint8_t)text[i]);
    return escaped * 6 > len ? ENCODING_BASE64 : ENCODING_QP;
}

void encode_base64_raw(const uint8_t *data, size_t len, char *out)
{
    while (len >= 3) {
        uint32_t v = (uint32_t)data[0] << 16 | (uint32_t)data[1] << 8 | data[2];
        out[0] = digits[v >> 18];
        out[1] = digits[v >> 12 & 63];
        out[2] = digits[v >> 6 & 63];
        out[3] = digits[v & 63];
        data += 3;
        len -= 3;
        out += 4;
    }
    if (len) {
        uint32_t v = (uint32_t)data[0] << 16;
        if (len == 2)
            v |= (uint32_t)data[1] << 8;
        out[0] = digits[v >> 18];
        out[1] = digits[v >> 12 & 63];
        out[2] = len == 2 ? digits[v >> 6 & 63] : '=';
        out[3] = '=';
    }
}

static void add_base64(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i += SEGMENT_LINE_BYTES) {
        size_t n = len - i < SEGMENT_LINE_BYTES ? len - i : SEGMENT_LINE_BYTES;
        size_t chars = (n + 2) / 3 * 4;
        char *to = buf_grow(out, chars + 1);
        if (!to)
            return;
        encode_base64_raw((const uint8_t *)text + i, n, to);
        to[chars] = '\n';
    }
}

static void add_qp(struct buf *out, const char *text, size_t len)
{
    size_t col = 0;

    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)text[i];
        bool ends = i + 1 == len || text[i + 1] == '\n';
        bool escape = qp_escaped(c) || (ends && (c == ' ' || c == '\t'));
        if (c == '\n') {
            buf_addc(out, '\n');
            col = 0;
            continue;
        }
        /* One column is kept for the "=" of a soft line end. */
        if (col + (escape ? 3 : 1) > QP_LINE_MAX - 1) {
            buf_add(out, "=\n", 2);
            col = 0;
        }
        if (escape) {
            char three[3] = {'=', hex[c >> 4], hex[c & 15]};
            buf_add(out, three, 3);
            col += 3;
        } else {
            buf_addc(out, (char)c);
            col++;
        }
    }
}

void encode_add(struct buf *out, enum encoding encoding, const char *text,
                size_t len)
{
    if (encoding == ENCODING_BASE64)
        add_base64(out, text, len);
    else if (encoding == ENCODING_QP)
        add_qp(out, text, len);
    else
        buf_add(out, text, len);
}

void encode_lf(struct buf *b, size_t from)
{
    char *at, *end, *to;

    if (!b->data || from >= b->len)
        return;
    end = b->data + b->len;
    at = memchr(b->data + from, '\r', b->len - from);
    for (to = at; at;) {
        char *next;
        *to++ = '\n';
        at += 1 + (at + 1 < end && at[1] == '\n');
        next = at < end ? memchr(at, '\r', (size_t)(end - at)) : NULL;
        memmove(to, at, (size_t)((next ? next : end) - at));
        to += (next ? next : end) - at;
        at = next;
    }
    if (to) {
        b->len = (size_t)(to - b->data);
        b->data[b->len] = '\0';
    }
}
