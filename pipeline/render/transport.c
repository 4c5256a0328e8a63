#include "pipeline/render/transport.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pipeline/render/address.h"
#include "pipeline/render/encode.h"
#include "pipeline/render/header.h"
#include "pipeline/render/msgid.h"
#include "pipeline/render/words.h"

enum rule {
    RULE_KEEP,
    RULE_DROP,
    RULE_ONCE,    /* a second one is dropped */
    RULE_ADDRESS, /* once, and rewritten when any parser could stumble */
    RULE_RESENT,  /* the same, any number of times */
    RULE_DATE,    /* once, and only when it can be parsed */
    RULE_ID,      /* once; message ids are repaired */
};

#define SEEN(member) (int)offsetof(struct transport_seen, member)
#define NOT_SEEN     -1

/* "*" at the end of a name stands for any rest. */
static const struct {
    const char *name;
    enum rule rule;
    int seen;
} rules[] = {
    {"Content-*", RULE_DROP, NOT_SEEN},
    {"MIME-Version", RULE_DROP, NOT_SEEN},
    {"X-Pstfs-*", RULE_DROP, NOT_SEEN},
    {"Lines", RULE_DROP, NOT_SEEN},
    /* of the mailbox it once lay in */
    {"Status", RULE_DROP, NOT_SEEN},
    {"X-Status", RULE_DROP, NOT_SEEN},
    {"X-Mozilla-Status", RULE_DROP, NOT_SEEN},
    {"X-Mozilla-Status2", RULE_DROP, NOT_SEEN},
    {"X-Unsent", RULE_DROP, NOT_SEEN},
    {"From", RULE_ADDRESS, SEEN(from)},
    {"Sender", RULE_ADDRESS, SEEN(sender)},
    {"To", RULE_ADDRESS, SEEN(to)},
    {"Cc", RULE_ADDRESS, SEEN(cc)},
    {"Bcc", RULE_ADDRESS, SEEN(bcc)},
    {"Reply-To", RULE_ADDRESS, SEEN(reply_to)},
    {"Subject", RULE_ONCE, SEEN(subject)},
    {"Date", RULE_DATE, SEEN(date)},
    {"Message-ID", RULE_ID, SEEN(id)},
    {"References", RULE_ID, SEEN(references)},
    {"In-Reply-To", RULE_ID, SEEN(in_reply_to)},
    {"Importance", RULE_ONCE, SEEN(importance)},
    {"X-Priority", RULE_ONCE, SEEN(priority)},
    {"Sensitivity", RULE_ONCE, SEEN(sensitivity)},
    {"Keywords", RULE_KEEP, SEEN(keywords)},
    {"Expires", RULE_ONCE, SEEN(expires)},
    {"Expiry-Date", RULE_ONCE, SEEN(expires)},
    {"Reply-By", RULE_ONCE, SEEN(reply_by)},
    {"Disposition-Notification-To", RULE_ADDRESS, SEEN(read_receipt)},
    {"Return-Receipt-To", RULE_ADDRESS, SEEN(delivery_receipt)},
    {"Resent-Date", RULE_DATE, NOT_SEEN},
    {"Orig-Date", RULE_DATE, NOT_SEEN},
    {"Resent-From", RULE_RESENT, NOT_SEEN},
    {"Resent-Sender", RULE_RESENT, NOT_SEEN},
    {"Resent-To", RULE_RESENT, NOT_SEEN},
    {"Resent-Cc", RULE_RESENT, NOT_SEEN},
    {"Resent-Bcc", RULE_RESENT, NOT_SEEN},
};

static bool is_name_char(uint8_t c)
{
    return c > 32 && c < 127 && c != ':';
}

/* A field begins with a letter or digit: "--boundary:" must not pass. */
static bool field_split(const char *line, size_t len, struct field *f)
{
    size_t n = 0, v;

    while (n < len && is_name_char((uint8_t)line[n]))
        n++;
    v = n;
    while (v < len && (line[v] == ' ' || line[v] == '\t'))
        v++;
    if (!n || n > 70 || v == len || line[v] != ':')
        return false;
    if (!header_is_token(line, 1) || line[0] == '-')
        return false;
    *f = (struct field){line, n, line + v + 1, len - v - 1};
    return true;
}

static size_t line_len(const char *at, const char *end, const char **next_r)
{
    const char *lf = memchr(at, '\n', (size_t)(end - at));

    *next_r = lf ? lf + 1 : end;
    return (size_t)((lf ? lf : end) - at);
}

static struct field *field_room(struct transport *t, struct arena *arena,
                                size_t *room)
{
    size_t want = *room ? *room * 4 : 32;
    struct field *list;

    if (t->count < *room)
        return t->fields;
    list = arena_alloc(arena, want * sizeof(*list));
    if (!list)
        return NULL;
    if (t->count)
        memcpy(list, t->fields, t->count * sizeof(*list));
    *room = want;
    return t->fields = list;
}

int transport_parse(const char *text, size_t len, struct arena *arena,
                    struct transport *t_r)
{
    const char *at = text, *end = text + len, *next;
    size_t room = 0;
    bool open = false; /* a continuation line belongs to the last field */

    *t_r = (struct transport){0};
    for (; at < end; at = next) {
        size_t n = line_len(at, end, &next);
        if (!n && t_r->count)
            break;
        if (n && (*at == ' ' || *at == '\t')) {
            struct field *last = open ? &t_r->fields[t_r->count - 1] : NULL;
            if (last)
                last->value_len = (size_t)(at + n - last->value);
            continue;
        }
        if (t_r->count == RENDER_FIELDS_MAX) {
            t_r->cut = true;
            break;
        }
        if (!field_room(t_r, arena, &room))
            return -ENOMEM;
        open = field_split(at, n, &t_r->fields[t_r->count]);
        t_r->count += open;
    }
    return 0;
}

static bool name_is(const struct field *f, const char *name)
{
    size_t n = strlen(name);

    if (name[n - 1] == '*')
        return f->name_len >= n - 1 && strncasecmp(f->name, name, n - 1) == 0;
    return f->name_len == n && strncasecmp(f->name, name, n) == 0;
}

const struct field *transport_find(const struct transport *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (name_is(&t->fields[i], name))
            return &t->fields[i];
    return NULL;
}

static void field_trim(struct field *f)
{
    while (f->value_len && strchr(" \t\r\n", f->value[f->value_len - 1]) &&
           f->value[f->value_len - 1])
        f->value_len--;
}

bool transport_is_clean(const struct field *f)
{
    size_t line = f->name_len + 2;
    bool blank = false;

    for (size_t i = 0; i < f->value_len; i++) {
        uint8_t c = (uint8_t)f->value[i];
        if (c == '\n') {
            if (blank || line > ENCODE_LINE_MAX)
                return false;
            line = 0;
            blank = true;
            continue;
        }
        if ((c < 32 && c != '\t') || c > 126)
            return false;
        if (c != ' ' && c != '\t')
            blank = false;
        line++;
    }
    return line <= ENCODE_LINE_MAX && !blank;
}

/* The value on one line, folds taken out. */
static void value_unfold(const struct field *f, struct buf *out)
{
    for (size_t i = 0; i < f->value_len; i++)
        if (f->value[i] != '\n')
            buf_addc(out, f->value[i]);
}

static void write_verbatim(struct buf *out, const struct field *f)
{
    const char *v = f->value;
    size_t n = f->value_len;

    /* "Name:value" is legal; one blank more is what everybody expects. */
    while (n && (*v == ' ' || *v == '\t')) {
        v++;
        n--;
    }
    buf_add(out, f->name, f->name_len);
    buf_add(out, ": ", n && *v != '\n' ? 2 : 1);
    buf_add(out, v, n);
    buf_addc(out, '\n');
}

/* What was changed or moved can still be looked up. */
static void write_original(struct buf *out, const struct field *f)
{
    cleanup_buf struct buf flat = BUF(RENDER_TRANS_MAX);
    cleanup_buf struct buf name = BUF(RENDER_FIELD_MAX);

    value_unfold(f, &flat);
    buf_adds(&name, "X-Pstfs-Original-");
    buf_add(&name, f->name, f->name_len);
    header_text(out, buf_str(&name), buf_str(&flat));
}

static size_t count_addresses(const struct mailboxes *list)
{
    size_t n = 0;

    for (size_t i = 0; i < list->count; i++)
        n += list->list[i].addr != NULL;
    return n;
}

/* What the properties have to say instead of this header. */
static size_t count_own(struct message *m, const char *name)
{
    static const char *const lists[] = {"To", "Cc", "Bcc"};
    struct mailboxes list;

    if (strcasecmp(name, "From") == 0)
        return address_represented(m, NULL).addr ||
               address_sender(m, NULL).addr;
    for (int i = 0; i < 3; i++) {
        if (strcasecmp(name, lists[i]) != 0)
            continue;
        address_list(m, i + 1, NULL, &list);
        return count_addresses(&list);
    }
    return 0;
}

/* Rewrites a malformed list; false when the properties know it better. */
static bool write_addresses(struct message *m, const struct field *f,
                            const char *name, struct buf *out)
{
    cleanup_buf struct buf flat = BUF(RENDER_TRANS_MAX);
    struct mailboxes list;
    size_t own = count_own(m, name);

    value_unfold(f, &flat);
    write_original(out, f);
    address_parse(m->work, buf_str(&flat), flat.len, &list);
    if (own && own >= count_addresses(&list))
        return false;
    address_write(m, out, name, &list);
    return list.count > 0;
}

static void write_encoded(struct message *m, const struct field *f,
                          struct buf *out)
{
    cleanup_buf struct buf flat = BUF(RENDER_TRANS_MAX);
    cleanup_buf struct buf text = BUF(RENDER_TRANS_MAX * 4);
    cleanup_buf struct buf name = BUF(RENDER_FIELD_MAX);

    value_unfold(f, &flat);
    words_decode(buf_str(&flat), flat.len, &text);
    buf_add(&name, f->name, f->name_len);
    header_text(out, buf_str(&name), buf_str(&text));
}

/* True when the field could stay as it is. */
static bool ids_are_valid(const struct field *f)
{
    const char *end = f->value + f->value_len, *at = f->value;
    size_t n;

    while ((at = msgid_next(at, end, &n)) != NULL) {
        if (!msgid_is_valid(at, n))
            return false;
        at += n;
    }
    return true;
}

static bool id_is_valid(const struct field *f)
{
    size_t blanks = 0;

    while (blanks < f->value_len && strchr(" \t\n", f->value[blanks]))
        blanks++;
    return msgid_is_valid(f->value + blanks, f->value_len - blanks);
}

static bool is_message_id(const struct field *f)
{
    return f->name_len == strlen("Message-ID");
}

static void write_id(const struct field *f, const char *name, struct buf *out)
{
    cleanup_buf struct buf flat = BUF(RENDER_TRANS_MAX);
    cleanup_buf struct buf id = BUF(RENDER_FIELD_MAX);

    value_unfold(f, &flat);
    write_original(out, f);
    if (!is_message_id(f)) {
        msgid_write(out, name, buf_str(&flat), flat.len);
        return;
    }
    msgid_repair(buf_str(&flat), flat.len, &id);
    buf_addf(out, "%s: %s\n", name, buf_str(&id));
}

/* Nothing but one comment, the zone's name, may follow. */
static bool date_ends(const char *at)
{
    at += strspn(at, " \t");
    if (*at == '(') {
        at += strcspn(at, ")");
        at += *at == ')';
    }
    return at[strspn(at, " \t")] == '\0';
}

/* Day, month name, year, time, zone: what every date parser needs. */
static bool date_is_valid(const struct field *f)
{
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    cleanup_buf struct buf b = BUF(RENDER_FIELD_MAX);
    char month[4] = "", sign[2] = "", zone[5] = "";
    int day = 0, year = 0, hour = -1, min = -1, skip = 0;
    const char *at, *comma;

    value_unfold(f, &b);
    at = buf_str(&b);
    comma = strchr(at, ',');
    if (comma)
        at = comma + 1;
    if (sscanf(at, " %2d %3[A-Za-z] %4d %2d:%2d%n", &day, month, &year, &hour,
               &min, &skip) < 5 ||
        !skip)
        return false;
    at += skip;
    if (*at == ':') {
        int second = -1;
        if (sscanf(at, ":%2d%n", &second, &skip) < 1 || second < 0 ||
            second > 60)
            return false;
        at += skip;
    }
    for (size_t i = 0; month[i]; i++)
        month[i] |= 32;
    const char *found = strlen(month) == 3 ? strstr(months, month) : NULL;
    skip = 0;
    if (sscanf(at, " %1[+-]%4[0-9]%n", sign, zone, &skip) < 2 ||
        strlen(zone) != 4) {
        skip = 0;
        sscanf(at, " %*3[A-Z]%n", &skip);
    }
    return found && (found - months) % 3 == 0 && skip && date_ends(at + skip) &&
           day >= 1 && day <= 31 && year >= 1900 && hour >= 0 && hour < 24 &&
           min >= 0 && min < 60;
}

struct writing {
    struct message *m;
    struct buf *out;
    struct transport_seen *seen;
};

static bool value_is_strict(const struct field *f, enum rule rule)
{
    if (!transport_is_clean(f) || !words_are_valid(f->value, f->value_len))
        return false;
    if (rule == RULE_ADDRESS || rule == RULE_RESENT)
        return address_is_strict(f->value, f->value_len);
    if (rule == RULE_ID)
        return is_message_id(f) ? id_is_valid(f) : ids_are_valid(f);
    return rule != RULE_DATE || date_is_valid(f);
}

/* True when the field is there now, in some form. */
static bool write_repaired(struct writing *w, const struct field *f,
                           enum rule rule, const char *name)
{
    if (rule == RULE_ADDRESS || rule == RULE_RESENT)
        return write_addresses(w->m, f, name, w->out);
    if (rule == RULE_ID) {
        write_id(f, name, w->out);
        return true;
    }
    if (rule == RULE_DATE) {
        write_original(w->out, f);
        return false;
    }
    write_encoded(w->m, f, w->out);
    return true;
}

static void write_field(struct writing *w, struct field f, size_t row)
{
    bool known = row < array_len(rules), done = true;
    enum rule rule = known ? rules[row].rule : RULE_KEEP;
    bool *seen = known && rules[row].seen != NOT_SEEN
                     ? (bool *)w->seen + rules[row].seen
                     : NULL;

    field_trim(&f);
    if (rule == RULE_DROP || !f.value_len ||
        (seen && *seen && rule != RULE_KEEP))
        return;
    if (value_is_strict(&f, rule))
        write_verbatim(w->out, &f);
    else
        done = write_repaired(w, &f, rule, known ? rules[row].name : NULL);
    if (seen && done)
        *seen = true;
}

static size_t rule_row(const struct field *f)
{
    size_t row = 0;

    while (row < array_len(rules) && !name_is(f, rules[row].name))
        row++;
    return row;
}

void transport_write(struct message *m, const struct transport *t,
                     struct buf *out, struct transport_seen *seen_r)
{
    struct writing w = {m, out, seen_r};

    *seen_r = (struct transport_seen){0};
    for (size_t i = 0; i < t->count; i++) {
        if (out->len > RENDER_HEADERS_MAX / 2) {
            message_defect(m, "original headers are cut");
            return;
        }
        write_field(&w, t->fields[i], rule_row(&t->fields[i]));
    }
}
