#include "pipeline/render/address.h"

#include <string.h>

#include "pipeline/render/fetch.h"
#include "pipeline/render/words.h"

static bool is_dot_atom_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c | 32u) - 'a' < 26u ||
           (c && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

static bool is_dot_atom(const char *text, size_t len)
{
    if (!len || text[0] == '.' || text[len - 1] == '.')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_dot_atom_char((uint8_t)text[i]) ||
            (text[i] == '.' && text[i + 1] == '.'))
            return false;
    return true;
}

static bool is_domain(const char *text, size_t len)
{
    if (len > 2 && text[0] == '[' && text[len - 1] == ']')
        return strspn(text + 1, "0123456789abcdefABCDEF.:IPv") == len - 2;
    for (size_t i = 0; i < len; i++)
        if (strchr("!#$%&'*+/=?^`{|}~", text[i]))
            return false;
    return is_dot_atom(text, len);
}

/* A quoted local part: printable, quotes and backslashes escaped. */
static bool is_quoted(const char *text, size_t len)
{
    if (len < 3 || text[0] != '"' || text[len - 1] != '"')
        return false;
    for (size_t i = 1; i < len - 1; i++) {
        if (text[i] == '\\' && i + 2 < len)
            i++;
        else if (text[i] == '"' || text[i] == '\\')
            return false;
        if (text[i] < ' ' || text[i] > 126)
            return false;
    }
    return true;
}

const char *address_trim(struct work *w, const char *text, size_t len)
{
    while (len && (uint8_t)*text <= ' ') {
        text++;
        len--;
    }
    while (len && (uint8_t)text[len - 1] <= ' ')
        len--;
    return len ? fetch_copy(w, text, len) : "";
}

bool address_is_valid(const char *addr, size_t len)
{
    const char *at = memrchr(addr, '@', len);

    if (!at || len > ADDR_MAX || memchr(addr, '\0', len))
        return false;
    return (is_dot_atom(addr, (size_t)(at - addr)) ||
            is_quoted(addr, (size_t)(at - addr))) &&
           is_domain(at + 1, (size_t)(addr + len - at - 1));
}

/* ---- reading header text ---- */

struct parser {
    struct work *work;
    const char *at, *end;
    struct buf phrase, addr; /* of the entry being read */
    bool angled;
    struct mailboxes *list;
};

/* The name with its encoded words decoded. */
static const char *entry_name(struct parser *p)
{
    cleanup_buf struct buf name = BUF(RENDER_FIELD_MAX * 4);

    words_decode(buf_str(&p->phrase), p->phrase.len, &name);
    return address_trim(p->work, buf_str(&name), name.len);
}

static void entry_end(struct parser *p)
{
    const char *name = entry_name(p);
    const char *addr =
        p->angled ? address_trim(p->work, buf_str(&p->addr), p->addr.len)
                  : name;
    struct mailbox box = {p->angled ? name : "", addr, ""};

    if (!address_is_valid(addr, strlen(addr))) {
        box.addr = NULL;
        box.name = name;
        box.other = p->angled ? addr : "";
    }
    if (*name || *addr)
        address_add(p->work, p->list, box);
    buf_clear(&p->phrase);
    buf_clear(&p->addr);
    p->angled = false;
}

static void read_quoted(struct parser *p)
{
    while (p->at < p->end && *p->at != '"') {
        if (*p->at == '\\' && p->at + 1 < p->end)
            p->at++;
        buf_addc(&p->phrase, *p->at++);
    }
    if (p->at < p->end)
        p->at++;
}

static void skip_comment(struct parser *p)
{
    int depth = 1;

    while (p->at < p->end && depth) {
        if (*p->at == '\\' && p->at + 1 < p->end)
            p->at++;
        else if (*p->at == '(')
            depth++;
        else if (*p->at == ')')
            depth--;
        p->at++;
    }
}

static void read_angle(struct parser *p)
{
    const char *close = memchr(p->at, '>', (size_t)(p->end - p->at));
    const char *stop = close ? close : p->end;

    buf_clear(&p->addr);
    buf_add(&p->addr, p->at, (size_t)(stop - p->at));
    p->angled = true;
    p->at = close ? close + 1 : p->end;
}

void address_parse(struct work *w, const char *text, size_t len,
                   struct mailboxes *list_r)
{
    struct parser p = {
        w,     text,  text + len, BUF(RENDER_FIELD_MAX), BUF(RENDER_FIELD_MAX),
        false, list_r};

    *list_r = (struct mailboxes){0};
    while (p.at < p.end && list_r->count < RENDER_RECIPIENTS_MAX) {
        char c = *p.at++;
        if (c == '"')
            read_quoted(&p);
        else if (c == '(')
            skip_comment(&p);
        else if (c == '<')
            read_angle(&p);
        else if (c == ',' || c == ';')
            entry_end(&p);
        else if (c == ':') /* the name of a group */
            buf_clear(&p.phrase);
        else
            buf_addc(&p.phrase, c);
    }
    entry_end(&p);
    buf_finish(&p.phrase);
    buf_finish(&p.addr);
}

/* ---- is it well formed? ---- */

struct checker {
    const char *at, *end;
};

static void check_space(struct checker *c)
{
    while (c->at < c->end && strchr(" \t\n", *c->at))
        c->at++;
}

static bool check_quoted(struct checker *c)
{
    for (c->at++; c->at < c->end && *c->at != '"'; c->at++)
        if (*c->at == '\\' && ++c->at == c->end)
            return false;
    return c->at < c->end && *c->at++ == '"';
}

static bool check_angle(struct checker *c)
{
    const char *close = memchr(c->at, '>', (size_t)(c->end - c->at));
    bool good =
        close && address_is_valid(c->at + 1, (size_t)(close - c->at - 1));

    if (good)
        c->at = close + 1;
    return good;
}

/* A word of a phrase, or a bare address; *addr_r: it was the latter. */
static bool check_atom(struct checker *c, bool *addr_r)
{
    const char *start = c->at;
    size_t n;

    while (c->at < c->end &&
           (is_dot_atom_char((uint8_t)*c->at) || strchr("@[]", *c->at)))
        c->at++;
    n = (size_t)(c->at - start);
    *addr_r = n && memchr(start, '@', n);
    if (*addr_r)
        return address_is_valid(start, n);
    return n && !memchr(start, '.', n) && !memchr(start, '[', n) &&
           !memchr(start, ']', n);
}

/* One mailbox, or a group's opening; false when malformed. */
static bool check_entry(struct checker *c, bool *group)
{
    size_t words = 0;
    bool addr = false;

    for (check_space(c); c->at < c->end; check_space(c)) {
        if (*c->at == '<') {
            if (addr || !check_angle(c))
                return false;
            check_space(c);
            return c->at == c->end || strchr(",;", *c->at);
        }
        if (strchr(",;:", *c->at))
            break;
        if (addr || (*c->at == '"' ? !check_quoted(c) : !check_atom(c, &addr)))
            return false;
        if (addr && words)
            return false;
        words++;
    }
    if (c->at < c->end && *c->at == ':') {
        bool fresh = !*group && words && !addr;
        *group = true;
        c->at++;
        check_space(c);
        return fresh &&
               (c->at == c->end || *c->at == ';' || check_entry(c, group));
    }
    return addr;
}

bool address_is_strict(const char *text, size_t len)
{
    struct checker c = {text, text + len};
    bool group = false;

    while (check_entry(&c, &group)) {
        if (group && c.at < c.end && *c.at == ';') {
            group = false;
            c.at++;
            check_space(&c);
        }
        if (c.at == c.end)
            return !group;
        if (*c.at++ != ',')
            return false;
    }
    return false;
}
