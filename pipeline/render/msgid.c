#include "pipeline/render/msgid.h"

#include <stdint.h>
#include <string.h>

#include "pipeline/render/header.h"
#include "pipeline/render/limits.h"

#define ID_MAX 900

static bool is_atext(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c | 32u) - 'a' < 26u ||
           (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool is_dot_atom(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool dot = text[i] == '.' && i > 0 && i + 1 < len && text[i - 1] != '.';
        if (!dot && !is_atext((uint8_t)text[i]))
            return false;
    }
    return len > 0;
}

static bool is_literal(const char *text, size_t len)
{
    if (len < 3 || text[0] != '[' || text[len - 1] != ']')
        return false;
    for (size_t i = 1; i < len - 1; i++)
        if (text[i] <= ' ' || text[i] > 126 || strchr("[]\\<>", text[i]))
            return false;
    return true;
}

bool msgid_is_valid(const char *id, size_t len)
{
    const char *at;
    size_t left, right;

    if (len < 5 || len > ID_MAX || id[0] != '<' || id[len - 1] != '>')
        return false;
    at = memchr(id, '@', len);
    if (!at)
        return false;
    left = (size_t)(at - id - 1);
    right = len - left - 3;
    return is_dot_atom(id + 1, left) &&
           (is_dot_atom(at + 1, right) || is_literal(at + 1, right));
}

/* Whatever may not stand in a dot-atom becomes =XX. */
static void add_atom(const char *text, size_t len, struct buf *out)
{
    for (size_t i = 0; i < len; i++) {
        bool dot = text[i] == '.' && i > 0 && i + 1 < len && text[i - 1] != '.';
        if (dot || is_atext((uint8_t)text[i]))
            buf_addc(out, text[i]);
        else
            buf_addf(out, "=%02X", (uint8_t)text[i]);
    }
}

void msgid_repair(const char *id, size_t len, struct buf *out)
{
    const char *at;
    size_t left;

    while (len && (*id == '<' || *id == ' ')) {
        id++;
        len--;
    }
    while (len && (id[len - 1] == '>' || id[len - 1] == ' '))
        len--;
    if (len > ID_MAX / 3 - 10)
        len = ID_MAX / 3 - 10;
    at = memrchr(id, '@', len);
    left = at ? (size_t)(at - id) : len;
    buf_addc(out, '<');
    add_atom(left ? id : "none", left ? left : 4, out);
    buf_addc(out, '@');
    if (at && left + 1 < len)
        add_atom(at + 1, len - left - 1, out);
    else
        buf_adds(out, "invalid");
    buf_addc(out, '>');
}

const char *msgid_next(const char *at, const char *end, size_t *len_r)
{
    while (at < end && (at = memchr(at, '<', (size_t)(end - at)))) {
        size_t n = 1;
        while (at + n < end && (uint8_t)at[n] > ' ' && at[n] != '>' &&
               at[n] != '<')
            n++;
        if (at + n < end && at[n] == '>' && n > 1) {
            *len_r = n + 1;
            return at;
        }
        at += n;
    }
    *len_r = 0;
    return NULL;
}

void msgid_write(struct buf *out, const char *name, const char *text,
                 size_t len)
{
    cleanup_buf struct buf id = BUF(RENDER_FIELD_MAX);
    const char *at = text, *end = text + len;
    struct header h;
    bool open = false;
    size_t n;

    while (out->len < RENDER_HEADERS_MAX / 2 &&
           (at = msgid_next(at, end, &n)) != NULL) {
        if (!open)
            header_open(&h, out, name);
        open = true;
        buf_clear(&id);
        if (msgid_is_valid(at, n))
            buf_add(&id, at, n);
        else
            msgid_repair(at, n, &id);
        header_token(&h, buf_str(&id), id.len);
        at += n;
    }
    if (open)
        header_close(&h);
}
