#include "pipeline/render/header.h"

#include <stdint.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/encode.h"
#include "pipeline/render/limits.h"

#define WORD_OVERHEAD 12 /* =?utf-8?Q? and ?= */
#define WORD_ROOM_MIN 24 /* below it a new line is begun */
#define WORD_COLUMNS  76 /* of a line with an encoded word (RFC 2047 2) */
#define QUOTED_MAX    60
#define PARAM_PIECE   54

static const char hex[] = "0123456789ABCDEF";

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c | 32u) - 'a' < 26u;
}

static bool is_atext(uint8_t c)
{
    return is_alnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* What may stand for itself in a Q word anywhere (RFC 2047 5 (3)). */
static bool is_q_plain(uint8_t c)
{
    return is_alnum(c) || (c && strchr("!*+-/", c));
}

bool header_is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_alnum((uint8_t)text[i]) &&
            (!text[i] || !strchr("!#$%&'*+-.^_`{|}~", text[i])))
            return false;
    return len > 0;
}

void header_clean(struct buf *out, const char *text, size_t len)
{
    size_t from = out->len, start;

    while (len && (uint8_t)*text <= ' ') {
        text++;
        len--;
    }
    while (len && (uint8_t)text[len - 1] <= ' ')
        len--;
    charset_clean_utf8(text, charset_cut(text, len, RENDER_FIELD_MAX), out);
    start = from;
    for (size_t i = start; i < out->len; i++)
        if ((uint8_t)out->data[i] < ' ' || out->data[i] == 127)
            out->data[i] = ' ';
}

void header_open(struct header *h, struct buf *out, const char *name)
{
    *h = (struct header){.out = out, .col = strlen(name) + 1, .first = true};
    buf_adds(out, name);
    buf_addc(out, ':');
}

static void header_space(struct header *h, size_t len, size_t columns)
{
    /* A name alone on its line is legal but upsets some parsers. */
    if (h->col + 1 + len > columns && !h->first) {
        buf_add(h->out, "\n ", 2);
        h->col = 1;
    } else {
        buf_addc(h->out, ' ');
        h->col++;
    }
    h->first = false;
}

void header_token(struct header *h, const char *text, size_t len)
{
    header_space(h, len + 1, HEADER_COLUMNS);
    buf_add(h->out, text, len);
    h->col += len;
}

void header_glue(struct header *h, const char *text)
{
    buf_adds(h->out, text);
    h->col += strlen(text);
}

void header_close(struct header *h)
{
    buf_addc(h->out, '\n');
}

static size_t char_len(const char *text, size_t len)
{
    size_t n = 1;

    while (n < len && ((uint8_t)text[n] & 0xC0) == 0x80)
        n++;
    return n;
}

static size_t q_cost(const char *text, size_t len)
{
    size_t cost = 0;

    for (size_t i = 0; i < len; i++)
        cost += text[i] == ' ' || is_q_plain((uint8_t)text[i]) ? 1 : 3;
    return cost;
}

static size_t q_write(const char *text, size_t len, char *to)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)text[i];
        if (c == ' ') {
            to[n++] = '_';
        } else if (is_q_plain(c)) {
            to[n++] = (char)c;
        } else {
            to[n++] = '=';
            to[n++] = hex[c >> 4];
            to[n++] = hex[c & 15];
        }
    }
    return n;
}

/* The most whole characters whose encoding fits in room. */
static size_t word_take(const char *text, size_t len, bool q, size_t room)
{
    size_t taken = 0, cost = 0;

    while (taken < len) {
        size_t n = char_len(text + taken, len - taken);
        size_t next =
            q ? cost + q_cost(text + taken, n) : (taken + n + 2) / 3 * 4;
        if (next > room)
            break;
        cost = next;
        taken += n;
    }
    return taken;
}

static void add_word(struct header *h, const char *text, size_t len, bool q)
{
    char word[HEADER_WORD + 1];
    size_t n = 10;

    memcpy(word, q ? "=?utf-8?Q?" : "=?utf-8?B?", 10);
    if (q) {
        n += q_write(text, len, word + n);
    } else {
        encode_base64_raw((const uint8_t *)text, len, word + n);
        n += (len + 2) / 3 * 4;
    }
    word[n++] = '?';
    word[n++] = '=';
    header_space(h, n, WORD_COLUMNS);
    buf_add(h->out, word, n);
    h->col += n;
}

/* The blank between two adjacent encoded words is dropped by readers. Q, which
 * can be read and searched, is taken unless it is much longer. */
static void add_encoded(struct header *h, const char *text, size_t len)
{
    size_t b_len = (len + 2) / 3 * 4, q_len = q_cost(text, len);
    bool q = q_len <= b_len + b_len / 2;
    size_t whole = WORD_OVERHEAD + (q ? q_len : b_len);

    /* One word on a new line reads better than two halves. */
    if (whole <= HEADER_WORD && !h->first &&
        h->col + 1 + whole > WORD_COLUMNS) {
        add_word(h, text, len, q);
        return;
    }
    while (len) {
        size_t room = h->col + 1 + WORD_ROOM_MIN < WORD_COLUMNS
                          ? WORD_COLUMNS - 1 - h->col
                          : HEADER_WORD;
        size_t n;
        if (room > HEADER_WORD)
            room = HEADER_WORD;
        n = word_take(text, len, q, room - WORD_OVERHEAD);
        if (!n) /* a malformed giant cluster: cut it where it fits */
            n = 1;
        add_word(h, text, n, q);
        text += n;
        len -= n;
    }
}

/* One word with the blanks before it: text[0..] up to the next blank. */
static size_t word_span(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && text[n] == ' ')
        n++;
    while (n < len && text[n] != ' ')
        n++;
    return n;
}

/* col: where the word would have to start; 1 on a new line. */
static bool word_needs(const char *word, size_t len, size_t col)
{
    if (col + len + 1 > HEADER_COLUMNS)
        return true;
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)word[i] >= 0x80 ||
            (word[i] == '=' && i + 1 < len && word[i + 1] == '?'))
            return true;
    return false;
}

/* Words that can stand as they are, each behind one blank of its own. */
static void add_plain(struct header *h, const char *text, size_t len)
{
    while (len) {
        size_t n = word_span(text, len);
        size_t blank = text[0] == ' ';
        header_token(h, text + blank, n - blank);
        text += n;
        len -= n;
    }
}

static void add_text(struct header *h, const char *text, size_t len)
{
    size_t first = len, last = 0;

    for (size_t at = 0, n; at < len; at += n) {
        n = word_span(text + at, len - at);
        if (!word_needs(text + at, n, h->first && !at ? h->col : 1))
            continue;
        if (first == len)
            first = at;
        last = at + n;
    }
    add_plain(h, text, first);
    if (first < len) {
        /* The blank before the range is the one that a token gets. */
        size_t skip = text[first] == ' ';
        add_encoded(h, text + first + skip, last - first - skip);
        add_plain(h, text + last, len - last);
    }
}

void header_text(struct buf *out, const char *name, const char *value)
{
    cleanup_buf struct buf clean = BUF(RENDER_FIELD_MAX * 4);
    struct header h;

    header_clean(&clean, value, strlen(value));
    header_open(&h, out, name);
    add_text(&h, buf_str(&clean), clean.len);
    header_close(&h);
}

static bool phrase_is_atoms(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool gap = name[i] == ' ' && i + 1 < len && name[i + 1] != ' ';
        if (!gap && !is_atext((uint8_t)name[i]))
            return false;
    }
    return !memmem(name, len, "=?", 2);
}

/* ASCII that is short enough for one quoted string. */
static bool can_be_quoted(const char *text, size_t len)
{
    size_t width = len;

    for (size_t i = 0; i < len && width <= QUOTED_MAX; i++) {
        if ((uint8_t)text[i] >= 0x80)
            return false;
        width += text[i] == '"' || text[i] == '\\';
    }
    return width <= QUOTED_MAX && !memmem(text, len, "=?", 2);
}

static void add_quoted(struct header *h, const char *text, size_t len)
{
    char quoted[2 * QUOTED_MAX + 2];
    size_t n = 0;

    quoted[n++] = '"';
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            quoted[n++] = '\\';
        quoted[n++] = text[i];
    }
    quoted[n++] = '"';
    header_token(h, quoted, n);
}

void header_phrase(struct header *h, const char *name)
{
    cleanup_buf struct buf clean = BUF(RENDER_FIELD_MAX * 4);
    const char *text;

    header_clean(&clean, name, strlen(name));
    text = buf_str(&clean);
    if (!can_be_quoted(text, clean.len))
        add_encoded(h, text, clean.len);
    else if (phrase_is_atoms(text, clean.len))
        add_plain(h, text, clean.len);
    else
        add_quoted(h, text, clean.len);
}

/* RFC 2231 attribute-char: a token character but * ' and %. */
static bool is_attr(uint8_t c)
{
    return is_alnum(c) || (c && strchr("!#$&+-.^_`{|}~", c));
}

static size_t add_percent(struct buf *to, const char *text, size_t len)
{
    size_t n = char_len(text, len);

    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)text[i];
        if (is_attr(c))
            buf_addc(to, (char)c);
        else
            buf_addf(to, "%%%c%c", hex[c >> 4], hex[c & 15]);
    }
    return n;
}

static size_t percent_cost(const char *text, size_t len)
{
    size_t cost = 0;

    for (size_t i = 0; i < len; i++)
        cost += is_attr((uint8_t)text[i]) ? 1 : 3;
    return cost;
}

static void add_extended(struct header *h, const char *name, const char *text,
                         size_t len)
{
    cleanup_buf struct buf piece = BUF(RENDER_FIELD_MAX);
    bool whole = percent_cost(text, len) <= PARAM_PIECE;
    size_t at = 0;

    for (unsigned number = 0; at < len; number++) {
        buf_clear(&piece);
        if (whole)
            buf_addf(&piece, "%s*=utf-8''", name);
        else
            buf_addf(&piece, "%s*%u*=%s", name, number,
                     number ? "" : "utf-8''");
        while (at < len && piece.len < PARAM_PIECE)
            at += add_percent(&piece, text + at, len - at);
        while (whole && at < len)
            at += add_percent(&piece, text + at, len - at);
        if (at < len)
            buf_addc(&piece, ';');
        header_token(h, buf_str(&piece), piece.len);
    }
}

void header_param(struct header *h, const char *name, const char *value)
{
    cleanup_buf struct buf clean = BUF(RENDER_FIELD_MAX * 4);
    cleanup_buf struct buf token = BUF(RENDER_FIELD_MAX);
    const char *text;

    header_clean(&clean, value, strlen(value));
    text = buf_str(&clean);
    if (!clean.len)
        return;
    header_glue(h, ";");
    if (!can_be_quoted(text, clean.len)) {
        add_extended(h, name, text, clean.len);
        return;
    }
    buf_addf(&token, "%s=", name);
    if (header_is_token(text, clean.len)) {
        buf_adds(&token, text);
    } else {
        buf_addc(&token, '"');
        for (size_t i = 0; i < clean.len; i++) {
            if (text[i] == '"' || text[i] == '\\')
                buf_addc(&token, '\\');
            buf_addc(&token, text[i]);
        }
        buf_addc(&token, '"');
    }
    header_token(h, buf_str(&token), token.len);
}
