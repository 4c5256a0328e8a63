#include "pipeline/render/html_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pipeline/base/cleanup.h"

#define NAME_MAX_BYTES   16 /* of an element or an entity */
#define ENTITY_DIGITS    8
#define TAG_MAX          (64u << 10) /* looked through for its end */
#define LAST_CHARACTER   0x10FFFF
#define FIRST_SURROGATE  0xD800
#define BEHIND_SURROGATE 0xE000

enum break_kind {
    BREAK_LINE,  /* <br> and the end of a row */
    BREAK_BLOCK, /* no line goes on over it */
    BREAK_CELL,
    BREAK_SKIP, /* what is inside is no text */
};

static const struct {
    const char *name;
    enum break_kind kind;
} elements[] = {
    {"br", BREAK_LINE},     {"p", BREAK_BLOCK},          {"div", BREAK_BLOCK},
    {"tr", BREAK_BLOCK},    {"li", BREAK_BLOCK},         {"ul", BREAK_BLOCK},
    {"ol", BREAK_BLOCK},    {"table", BREAK_BLOCK},      {"h1", BREAK_BLOCK},
    {"h2", BREAK_BLOCK},    {"h3", BREAK_BLOCK},         {"h4", BREAK_BLOCK},
    {"h5", BREAK_BLOCK},    {"h6", BREAK_BLOCK},         {"hr", BREAK_BLOCK},
    {"pre", BREAK_BLOCK},   {"blockquote", BREAK_BLOCK}, {"dt", BREAK_BLOCK},
    {"dd", BREAK_BLOCK},    {"td", BREAK_CELL},          {"th", BREAK_CELL},
    {"script", BREAK_SKIP}, {"style", BREAK_SKIP},       {"head", BREAK_SKIP},
};

static const struct {
    const char *name;
    uint32_t character;
} entities[] = {
    {"amp", '&'},      {"lt", '<'},       {"gt", '>'},        {"quot", '"'},
    {"apos", '\''},    {"nbsp", ' '},     {"euro", 0x20AC},   {"copy", 0xA9},
    {"reg", 0xAE},     {"sect", 0xA7},    {"deg", 0xB0},      {"ndash", 0x2013},
    {"mdash", 0x2014}, {"lsquo", 0x2018}, {"rsquo", 0x2019},  {"ldquo", 0x201C},
    {"rdquo", 0x201D}, {"bull", 0x2022},  {"hellip", 0x2026}, {"auml", 0xE4},
    {"ouml", 0xF6},    {"uuml", 0xFC},    {"Auml", 0xC4},     {"Ouml", 0xD6},
    {"Uuml", 0xDC},    {"szlig", 0xDF},   {"eacute", 0xE9},   {"egrave", 0xE8},
    {"agrave", 0xE0},  {"ccedil", 0xE7},  {"laquo", 0xAB},    {"raquo", 0xBB},
};

struct walk {
    const char *at, *end;
    struct buf *out;
    bool space; /* one is due before the next word */
    bool begun; /* the line has text */
};

/* ---- writing ---- */

static void put_break(struct walk *w)
{
    if (w->begun)
        buf_addc(w->out, '\n');
    w->begun = w->space = false;
}

static void put_gap(struct walk *w)
{
    if (w->space && w->begun)
        buf_addc(w->out, ' ');
    w->space = false;
    w->begun = true;
}

static void put_character(struct walk *w, uint32_t c)
{
    put_gap(w);
    if (c < 0x80) {
        buf_addc(w->out, (char)c);
    } else if (c < 0x800) {
        buf_addc(w->out, (char)(0xC0 | c >> 6));
        buf_addc(w->out, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        buf_addc(w->out, (char)(0xE0 | c >> 12));
        buf_addc(w->out, (char)(0x80 | (c >> 6 & 0x3F)));
        buf_addc(w->out, (char)(0x80 | (c & 0x3F)));
    } else {
        buf_addc(w->out, (char)(0xF0 | c >> 18));
        buf_addc(w->out, (char)(0x80 | (c >> 12 & 0x3F)));
        buf_addc(w->out, (char)(0x80 | (c >> 6 & 0x3F)));
        buf_addc(w->out, (char)(0x80 | (c & 0x3F)));
    }
}

/* ---- tags ---- */

/* The name of the element at a '<', "" for what is none. */
static void tag_name(const char *at, const char *end,
                     char name_r[NAME_MAX_BYTES])
{
    size_t n = 0;

    for (at++; at < end && *at == '/'; at++)
        ;
    while (at < end && isalnum((unsigned char)*at) && n + 1 < NAME_MAX_BYTES)
        name_r[n++] = *at++;
    name_r[n] = '\0';
}

/* Behind the tag that begins at w->at; quotes may hide a '>'. */
static const char *tag_end(const struct walk *w)
{
    size_t left = (size_t)(w->end - w->at);
    const char *end = w->at + (left < TAG_MAX ? left : TAG_MAX);
    char quote = 0;

    for (const char *at = w->at + 1; at < end; at++) {
        if (quote ? *at == quote : *at == '"' || *at == '\'')
            quote = quote ? 0 : *at;
        else if (!quote && *at == '>')
            return at + 1;
    }
    /* An odd quote: to the next '>'. */
    for (const char *at = w->at + 1; at < end; at++)
        if (*at == '>')
            return at + 1;
    return end;
}

static const char *find(const char *at, const char *end, const char *word)
{
    size_t len = strlen(word);

    for (; (size_t)(end - at) >= len; at++)
        if (strncasecmp(at, word, len) == 0)
            return at;
    return end;
}

/* Over what is inside an element that holds no text. */
static void skip_inside(struct walk *w, const char *name)
{
    char closing[NAME_MAX_BYTES + 3] = "</";

    strncat(closing, name, sizeof(closing) - 3);
    w->at = find(w->at, w->end, closing);
}

static void take_comment(struct walk *w)
{
    const char *end = find(w->at + 4, w->end, "-->");

    w->at = end < w->end ? end + 3 : w->end;
}

static void take_tag(struct walk *w)
{
    bool closes = w->at + 1 < w->end && w->at[1] == '/';
    char name[NAME_MAX_BYTES];

    tag_name(w->at, w->end, name);
    w->at = tag_end(w);
    for (size_t i = 0; i < array_len(elements); i++) {
        if (strcasecmp(elements[i].name, name) != 0)
            continue;
        if (elements[i].kind == BREAK_SKIP && !closes)
            skip_inside(w, name);
        else if (elements[i].kind == BREAK_LINE && !w->begun)
            buf_addc(w->out, '\n');
        else if (elements[i].kind <= BREAK_BLOCK)
            put_break(w);
        else
            w->space = true;
        return;
    }
}

/* ---- text ---- */

/* Takes the entity at w->at; false: it is none, only an ampersand. */
static bool take_entity(struct walk *w)
{
    char name[NAME_MAX_BYTES] = "";
    const char *at = w->at + 1;
    uint32_t c = 0;
    size_t n = 0;

    while (at < w->end && (isalnum((unsigned char)*at) || *at == '#') &&
           n + 1 < sizeof(name))
        name[n++] = *at++;
    name[n] = '\0';
    if (name[0] == '#' && n > 1 && n <= ENTITY_DIGITS)
        c = (uint32_t)(tolower((unsigned char)name[1]) == 'x'
                           ? strtoul(name + 2, NULL, 16)
                           : strtoul(name + 1, NULL, 10));
    for (size_t i = 0; c == 0 && i < array_len(entities); i++)
        if (strcmp(entities[i].name, name) == 0)
            c = entities[i].character;
    if (c == 0xA0)
        c = ' ';
    if (c < ' ' || c > LAST_CHARACTER ||
        (c >= FIRST_SURROGATE && c < BEHIND_SURROGATE))
        return false;
    put_character(w, c);
    w->at = at < w->end && *at == ';' ? at + 1 : at;
    return true;
}

static void take_byte(struct walk *w)
{
    char c = *w->at++;

    if (isspace((unsigned char)c)) {
        w->space = true;
        return;
    }
    if ((unsigned char)c < ' ')
        return;
    put_gap(w);
    buf_addc(w->out, c);
}

static bool is_tag(const struct walk *w)
{
    return w->end - w->at > 1 &&
           (isalpha((unsigned char)w->at[1]) || strchr("/!?", w->at[1]));
}

void html_text(const char *html, size_t len, struct buf *out)
{
    struct walk w = {.at = html, .end = html + len, .out = out};

    while (w.at < w.end && !out->error) {
        if (*w.at == '<' && w.end - w.at >= 4 && memcmp(w.at, "<!--", 4) == 0)
            take_comment(&w);
        else if (*w.at == '<' && is_tag(&w))
            take_tag(&w);
        else if (*w.at != '&' || !take_entity(&w))
            take_byte(&w);
    }
    put_break(&w);
}
