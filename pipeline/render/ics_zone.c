#include <stdio.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/render/card.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/ics_priv.h"

#define BIAS_MAX   (15 * 3600)
#define TZID_MAX   96
#define YEAR_FIRST 1601
#define YEAR_LAST  9999

static bool load(struct ics *c, enum name name, struct zone *z)
{
    struct message *m = c->message;
    struct arena *arena = m->work->arena;
    size_t len;
    const uint8_t *p = fetch_blob(m, named_id(m->work, name), &len);
    int e;

    if (!p || !len)
        return false;
    e = name == NAME_ZONE_STRUCT ? zone_parse_struct(p, len, arena, z)
                                 : zone_parse_definition(p, len, arena, z);
    if (e == -ENOMEM)
        m->work->error = ENOMEM;
    return e == 0;
}

static void find_names(struct ics *c)
{
    c->windows = c->zone.count ? c->zone.key : "";
    c->iana = zone_iana(c->windows, c->message->work->arena);
    if (!c->iana) {
        c->message->work->error = ENOMEM;
        c->iana = "";
    }
}

void ics_zone_load(struct ics *c)
{
    static const enum name names[] = {NAME_ZONE_START, NAME_ZONE_RECUR,
                                      NAME_ZONE_STRUCT};
    bool found = false;

    for (size_t i = 0; !found && i < array_len(names); i++)
        found = load(c, names[i], &c->zone);
    if (!found)
        c->zone = (struct zone){.key = ""};
    find_names(c);
}

/* Where the two disagree about a series the older form holds ([MS-OXOCAL]
 * 2.2.1.41). */
static bool agree(const struct zone *definition, const struct zone *old)
{
    const struct zone_rule *r = &definition->rules[definition->count - 1];

    for (size_t i = 0; i < definition->count; i++)
        if (definition->rules[i].of_series)
            r = &definition->rules[i];
    return zone_rule_equal(r, &old->rules[0]);
}

static bool load_series(struct ics *c)
{
    struct zone old;
    bool has_old = load(c, NAME_ZONE_STRUCT, &old);

    if (load(c, NAME_ZONE_RECUR, &c->zone) &&
        (!has_old || agree(&c->zone, &old)))
        return true;
    if (has_old) {
        c->zone = old;
        return true;
    }
    return load(c, NAME_ZONE_START, &c->zone);
}

/* Without a zone: the local clock against UTC, as one start on both tells. */
static int64_t told_offset(int64_t known, int64_t local)
{
    int64_t offset = (local - known) % ICS_DAY;

    if (offset > BIAS_MAX)
        offset -= ICS_DAY;
    if (offset < -BIAS_MAX)
        offset += ICS_DAY;
    return offset / 60 * 60;
}

static bool is_utc(const struct zone *z)
{
    for (size_t i = 0; i < z->count; i++)
        if (z->rules[i].changes || z->rules[i].standard)
            return false;
    return true;
}

/* A name for a zone that has none in the tables: what it was called, without
 * what would be escaped in one place and not in the other. */
static const char *made_name(struct ics *c)
{
    struct work *w = c->message->work;
    const char *text =
        *c->windows ? c->windows : fetch_named(c->message, NAME_ZONE_TEXT);
    int64_t minutes = c->zone.rules[0].standard / 60;
    int64_t size = minutes < 0 ? -minutes : minutes;
    char name[TZID_MAX + 1];
    size_t n = 0;

    text = fetch_copy(w, text, charset_cut(text, strlen(text), TZID_MAX));
    for (; *text; text++)
        if ((unsigned char)*text >= ' ' && !strchr(",;\\\"", *text))
            name[n++] = *text;
    if (n)
        return fetch_copy(w, name, n);
    return fetch_format(w, "UTC%c%02d:%02d", minutes < 0 ? '-' : '+',
                        (int)(size / 60), (int)(size % 60));
}

void ics_zone_load_series(struct ics *c, int64_t known, int64_t local)
{
    c->tzid = NULL;
    if (!load_series(c)) {
        int64_t offset = known == INT64_MIN ? 0 : told_offset(known, local);
        if (zone_fixed(offset, c->message->work->arena, &c->zone) < 0)
            c->message->work->error = ENOMEM;
    }
    find_names(c);
    if (is_utc(&c->zone))
        return;
    c->tzid = *c->iana ? c->iana : made_name(c);
}

/* ---- VTIMEZONE ---- */

static void write_offset(struct buf *out, const char *name, int64_t offset)
{
    int64_t size = offset < 0 ? -offset : offset;
    char text[16];

    snprintf(text, sizeof(text), "%c%02d%02d", offset < 0 ? '-' : '+',
             (int)(size / 3600 % 100), (int)(size / 60 % 60));
    card_raw(out, name, text);
}

/* One clock from one moment on; rule: its RRULE, "" when it is once. */
static void write_observance(struct buf *out, bool summer, int64_t at,
                             int64_t from, int64_t to, const char *rule)
{
    const char *kind = summer ? "DAYLIGHT" : "STANDARD";
    char text[TIME_TEXT_MAX];

    time_ical(at, text);
    text[strcspn(text, "Z")] = '\0';
    card_raw(out, "BEGIN", kind);
    card_raw(out, "DTSTART", text);
    if (*rule)
        card_raw(out, "RRULE", rule);
    write_offset(out, "TZOFFSETFROM", from);
    write_offset(out, "TZOFFSETTO", to);
    card_raw(out, "END", kind);
}

static int64_t year_start(int year)
{
    struct time_utc t = {.year = year, .month = 1, .day = 1};

    return time_joined(&t);
}

/* A span of years under one rule; last: YEAR_LAST when it does not end. */
struct span {
    const struct zone_rule *rule;
    int first, last;
};

static void write_change(struct buf *out, const struct span *s, bool summer)
{
    static const char *const days[] = {"SU", "MO", "TU", "WE",
                                       "TH", "FR", "SA"};
    const struct zone_rule *r = s->rule;
    const struct zone_change *x = summer ? &r->to_daylight : &r->to_standard;
    int64_t from = summer ? r->standard : r->daylight;
    int64_t to = summer ? r->daylight : r->standard;
    int year = x->year ? (int)x->year : s->first;
    cleanup_buf struct buf rule = BUF(256);
    char until[TIME_TEXT_MAX];

    if (year < s->first || year > s->last)
        return;
    if (s->first == s->last && zone_change_at(x, year) == year_start(year))
        return; /* what the year begins with */
    if (!x->year && s->last > s->first) {
        buf_addf(&rule, "FREQ=YEARLY;BYMONTH=%u;BYDAY=%d%s", x->month,
                 x->day == 5 ? -1 : (int)x->day, days[x->weekday]);
        if (s->last < YEAR_LAST)
            buf_addf(&rule, ";UNTIL=%s",
                     time_ical(zone_change_at(x, s->last) - from, until));
    }
    write_observance(out, summer, zone_change_at(x, year), from, to,
                     buf_str(&rule));
}

/* Whether the changes of a span leave its beginning untold. */
static bool begins_untold(const struct span *s)
{
    const struct zone_rule *r = s->rule;
    int64_t start = year_start(s->first);

    return !r->changes || r->to_standard.year || r->to_daylight.year ||
           zone_change_at(&r->to_daylight, s->first) == start ||
           zone_change_at(&r->to_standard, s->first) == start;
}

/* before: the offset that held until the span, INT64_MIN at the first. */
static void write_span(struct buf *out, const struct span *s, int64_t before)
{
    const struct zone_rule *r = s->rule;
    int64_t now = zone_offset_new_year(r, s->first);
    bool told = before == INT64_MIN ? begins_untold(s) : before != now;

    if (told)
        write_observance(out, r->changes && now == r->daylight,
                         year_start(s->first),
                         before == INT64_MIN ? now : before, now, "");
    if (!r->changes)
        return;
    write_change(out, s, true);
    write_change(out, s, false);
}

static int span_last(const struct zone *z, size_t i)
{
    return i + 1 < z->count ? (int)z->rules[i + 1].year - 1 : YEAR_LAST;
}

static void write_spans(struct buf *out, const struct zone *z, int first)
{
    int64_t before = INT64_MIN;

    for (size_t i = 0; i < z->count; i++) {
        struct span s = {&z->rules[i], (int)z->rules[i].year, 0};
        while (i + 1 < z->count &&
               zone_rule_equal(&z->rules[i], &z->rules[i + 1]))
            i++;
        s.last = span_last(z, i);
        if (s.last < first)
            continue;
        if (before == INT64_MIN || s.first < first)
            s.first = first;
        write_span(out, &s, before);
        before = zone_offset_year_end(s.rule, s.last);
    }
}

void ics_zone_write(struct ics *c)
{
    struct time_utc t;

    if (!c->tzid)
        return;
    time_split(c->start, &t);
    card_raw(c->out, "BEGIN", "VTIMEZONE");
    card_text(c->out, "TZID", c->tzid);
    if (*c->iana)
        card_text(c->out, "X-LIC-LOCATION", c->iana);
    if (*c->windows)
        card_text(c->out, "X-PSTFS-WINDOWS-ZONE", c->windows);
    write_spans(c->out, &c->zone, t.year > YEAR_FIRST ? t.year - 1 : t.year);
    card_raw(c->out, "END", "VTIMEZONE");
}
