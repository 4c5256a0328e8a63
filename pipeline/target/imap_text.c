#include "pipeline/target/imap_text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 64 /* nested lists in one answer */

bool imap_take(struct imap_text *t, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(t->end - t->p) < n || strncasecmp(t->p, word, n) != 0)
        return false;
    t->p += n;
    return true;
}

bool imap_number(struct imap_text *t, uint64_t *n_r)
{
    const char *p = t->p;
    uint64_t n = 0;

    for (; p < t->end && isdigit((unsigned char)*p); p++) {
        if (n > (UINT64_MAX - 9) / 10)
            return false;
        n = n * 10 + (uint64_t)(*p - '0');
    }
    if (p == t->p)
        return false;
    *n_r = n;
    t->p = p;
    return true;
}

static bool span_quoted(struct imap_text *t, const char **p_r, size_t *len_r)
{
    for (const char *p = t->p + 1; p < t->end; p++) {
        if (*p == '\\' && p + 1 < t->end) {
            p++;
        } else if (*p == '"') {
            *p_r = t->p + 1;
            *len_r = (size_t)(p - *p_r);
            t->p = p + 1;
            return true;
        }
    }
    return false;
}

static bool span_literal(struct imap_text *t, const char **p_r, size_t *len_r)
{
    struct imap_text at = *t;
    uint64_t n;

    if (!imap_take(&at, "{") || !imap_number(&at, &n) ||
        !imap_take(&at, "}\r\n") || n > (uint64_t)(at.end - at.p))
        return false;
    *p_r = at.p;
    *len_r = (size_t)n;
    t->p = at.p + n;
    return true;
}

/* Flags begin with a backslash; BODY[...] has brackets with spaces in them. */
static bool span_atom(struct imap_text *t, const char **p_r, size_t *len_r)
{
    const char *p = t->p;
    bool bracket = false;

    for (; p < t->end; p++) {
        if (*p == '[')
            bracket = true;
        else if (*p == ']')
            bracket = false;
        else if (!bracket && strchr(" ()\r\n\"", *p))
            break;
    }
    if (p == t->p)
        return false;
    *p_r = t->p;
    *len_r = (size_t)(p - t->p);
    t->p = p;
    return true;
}

bool imap_span(struct imap_text *t, const char **p_r, size_t *len_r)
{
    if (t->p == t->end)
        return false;
    if (*t->p == '"')
        return span_quoted(t, p_r, len_r);
    if (*t->p == '{')
        return span_literal(t, p_r, len_r);
    return span_atom(t, p_r, len_r);
}

bool imap_string(struct imap_text *t, struct buf *out)
{
    bool quoted = t->p < t->end && *t->p == '"';
    bool atom = t->p < t->end && !quoted && *t->p != '{';
    const char *p;
    size_t len;

    if (!imap_span(t, &p, &len))
        return false;
    if (atom && len == 3 && strncasecmp(p, "NIL", 3) == 0)
        return true;
    for (size_t i = 0; i < len; i++) {
        if (quoted && p[i] == '\\' && i + 1 < len)
            i++;
        buf_addc(out, p[i]);
    }
    return true;
}

bool imap_skip(struct imap_text *t)
{
    struct imap_text at = *t;
    const char *p;
    size_t len;
    int depth = 0;

    do {
        while (depth && imap_take(&at, " "))
            ;
        if (imap_take(&at, "(")) {
            if (++depth > DEPTH_MAX)
                return false;
        } else if (imap_take(&at, ")")) {
            if (--depth < 0)
                return false;
        } else if (!imap_span(&at, &p, &len)) {
            return false;
        }
    } while (depth);
    t->p = at.p;
    return true;
}

bool imap_list_has(struct imap_text list, const char *word)
{
    const char *p;
    size_t len;

    if (!imap_take(&list, "("))
        return false;
    while (imap_span(&list, &p, &len)) {
        if (len == strlen(word) && strncasecmp(p, word, len) == 0)
            return true;
        if (!imap_take(&list, " "))
            return false;
    }
    return false;
}

void imap_quote(struct buf *out, const char *text)
{
    buf_addc(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buf_addc(out, '\\');
        buf_addc(out, *text);
    }
    buf_addc(out, '"');
}

static bool fetch_value(struct imap_text *t, const char *name, size_t len,
                        struct imap_fetch *f)
{
    if (len == 3 && strncasecmp(name, "UID", 3) == 0)
        return imap_number(t, &f->uid);
    if (len == 11 && strncasecmp(name, "RFC822.SIZE", 11) == 0)
        return f->has_size = imap_number(t, &f->size);
    if (len > 5 && strncasecmp(name, "BODY[", 5) == 0)
        return imap_span(t, &f->body, &f->body_len);
    return imap_skip(t);
}

bool imap_fetch_parse(const char *line, size_t len, struct imap_fetch *f_r)
{
    struct imap_text t = {line, line + len};
    const char *name;
    size_t name_len;
    uint64_t seq;

    *f_r = (struct imap_fetch){0};
    if (!imap_number(&t, &seq) || !imap_take(&t, " FETCH ("))
        return false;
    do {
        if (!imap_span(&t, &name, &name_len) || !imap_take(&t, " ") ||
            !fetch_value(&t, name, name_len, f_r))
            return false;
    } while (imap_take(&t, " "));
    return imap_take(&t, ")") && t.p == t.end;
}

int imap_code_errno(const char *code)
{
    static const struct {
        const char *code;
        int error;
    } table[] = {
        /* RFC 5530, 4315, 7889, 9051 */
        {"OVERQUOTA", EDQUOT},
        {"TOOBIG", EFBIG},
        {"LIMIT", E2BIG},
        {"NOPERM", EACCES},
        {"AUTHENTICATIONFAILED", EACCES},
        {"AUTHORIZATIONFAILED", EACCES},
        {"EXPIRED", EACCES},
        {"PRIVACYREQUIRED", EACCES},
        {"CONTACTADMIN", EACCES},
        {"TRYCREATE", ENOENT},
        {"NONEXISTENT", ENOENT},
        {"ALREADYEXISTS", EEXIST},
        {"CANNOT", EINVAL},
        {"INUSE", EAGAIN},
        {"UNAVAILABLE", EAGAIN},
        {"SERVERBUG", EAGAIN},
    };
    size_t n = strcspn(code, " ]");

    for (size_t i = 0; i < array_len(table); i++)
        if (strlen(table[i].code) == n &&
            strncasecmp(table[i].code, code, n) == 0)
            return table[i].error;
    return EIO;
}

void imap_set_write(struct buf *out, const uint32_t *uids, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t j = i;
        while (j + 1 < n && uids[j + 1] == uids[j] + 1)
            j++;
        buf_addf(out, i ? ",%u" : "%u", uids[i]);
        if (j > i)
            buf_addf(out, ":%u", uids[j]);
        i = j + 1;
    }
}

bool imap_set_read(const char *text, uint32_t *uids_r, size_t n)
{
    struct imap_text t = {text, text + strlen(text)};
    size_t got = 0;

    do {
        uint64_t a, b;
        if (!imap_number(&t, &a))
            return false;
        b = a;
        if (imap_take(&t, ":") && !imap_number(&t, &b))
            return false;
        if (a == 0 || b < a || b > UINT32_MAX || b - a >= n - got)
            return false;
        for (; a <= b; a++)
            uids_r[got++] = (uint32_t)a;
    } while (got < n && imap_take(&t, ","));
    return got == n && (t.p == t.end || *t.p == ']' || *t.p == ' ');
}
