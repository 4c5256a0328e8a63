#include <string.h>

#include "pipeline/base/clock.h"
#include "pipeline/render/card.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/ics_priv.h"

void ics_series_load(struct ics *c, enum name blob)
{
    struct message *m = c->message;
    size_t len;
    const uint8_t *p = fetch_blob(m, named_id(m->work, blob), &len);
    bool cut;
    int e;

    if (!p || !len)
        return;
    e = recur_parse(p, len, pst_props_codepage(m->props), m->work->arena,
                    &c->recur, &cut);
    if (e == -ENOMEM)
        m->work->error = ENOMEM;
    else if (e < 0)
        message_defect(m, "recurrence pattern: damaged");
    else if (cut)
        message_defect(m, "recurrence pattern: exceptions are damaged");
    c->has_recur = e == 0;
    if (e < 0)
        c->recur = (struct recur){0};
}

/* Whether the instances follow from a rule. */
static bool has_rule(const struct ics *c)
{
    return c->has_recur && !c->recur.sliding && !recur_calendar(&c->recur);
}

static int64_t floor_day(int64_t t)
{
    return t - ((t % ICS_DAY) + ICS_DAY) % ICS_DAY;
}

/* A local time as this series tells times. */
static int64_t told(const struct ics *c, int64_t local)
{
    return c->all_day ? floor_day(local) : local;
}

void ics_series_times(struct ics *c)
{
    const struct recur *r = &c->recur;
    int64_t first = has_rule(c) ? recur_first(r, r->start_date) : INT64_MIN;
    int64_t length = r->end_offset - r->start_offset;
    bool known = c->start != INT64_MIN;

    if (first == INT64_MIN)
        first = r->start_date;
    if (!c->all_day)
        ics_zone_load_series(c, c->start, r->start_date + r->start_offset);
    if (!r->has_times || !has_rule(c)) { /* as the event itself says */
        if (!c->all_day && known) {
            c->start = zone_to_local(&c->zone, c->start);
            c->end = zone_to_local(&c->zone, c->end);
        }
        if (!known)
            c->start = c->end = first;
        return;
    }
    if (length < 0)
        length = 0;
    c->start = told(c, first + r->start_offset);
    c->end = told(c, first + r->start_offset + length);
    if (c->all_day && c->end <= c->start)
        c->end = c->start + ICS_DAY;
}

static void write_note(struct ics *c)
{
    cleanup_buf struct buf text = BUF(4096);
    const char *calendar = recur_calendar(&c->recur);

    buf_addf(&text, "%s: ", c->recur.sliding ? "after completion" : calendar);
    recur_rule(&c->recur, "its end", &text);
    card_text(c->out, "X-PSTFS-RECURRENCE", buf_str(&text));
    if (!c->recur.sliding)
        message_defect(c->message,
                       "recurs by the %s calendar: only its first and its "
                       "changed instances are shown",
                       calendar);
}

/* The last start, as UNTIL has it: UTC, or a date. */
static void add_until(const struct ics *c, struct buf *to)
{
    const struct recur *r = &c->recur;
    int64_t last = told(c, r->end_date + r->start_offset);
    char text[TIME_TEXT_MAX];

    if (!c->all_day && c->tzid)
        last = zone_to_utc(&c->zone, last);
    time_ical(last, text);
    if (c->all_day)
        text[strcspn(text, "T")] = '\0';
    buf_adds(to, text);
}

void ics_series_rule(struct ics *c)
{
    cleanup_buf struct buf rule = BUF(4096);
    cleanup_buf struct buf until = BUF(256);
    const struct recur *r = &c->recur;

    if (!c->has_recur)
        return;
    if (!has_rule(c)) {
        write_note(c);
        return;
    }
    add_until(c, &until);
    recur_rule(r, buf_str(&until), &rule);
    card_raw(c->out, "RRULE", buf_str(&rule));
    for (size_t i = 0; i < r->deleted_count; i++)
        ics_time(c, "EXDATE", told(c, r->deleted[i] + r->start_offset));
}

/* ---- changed instances ---- */

/* The instance that an embedded message stands for, on the series' clock;
 * INT64_MIN when nothing says. */
static int64_t replaced(const struct ics *c, const struct part *p,
                        struct message *m)
{
    uint64_t t = p->replaces ? p->replaces : fetch_time(m, NAME_REPLACES);
    int64_t unix_sec;

    if (!t)
        return INT64_MIN;
    unix_sec = time_from_filetime(t, NULL);
    if (c->all_day)
        return zone_date(&c->zone, unix_sec);
    return c->tzid ? zone_to_local(&c->zone, unix_sec) : unix_sec;
}

static const struct recur_exception *
find_change(const struct ics *c, const struct part *p, int64_t original)
{
    int64_t start = p->starts ? time_from_filetime(p->starts, NULL) : INT64_MIN;
    const struct recur *r = &c->recur;

    for (size_t i = 0; i < r->exception_count; i++)
        if (told(c, r->exceptions[i].original) == original)
            return &r->exceptions[i];
    for (size_t i = 0; i < r->exception_count; i++)
        if (r->exceptions[i].start == start)
            return &r->exceptions[i];
    return NULL;
}

/* An instance's own times: those of the pattern's list, else its own. */
static void change_times(struct ics *c, const struct ics *series,
                         const struct recur_exception *x)
{
    uint64_t start = fetch_time(c->message, NAME_START);
    uint64_t end = fetch_time(c->message, NAME_END);

    if (x) {
        c->original = told(series, x->original);
        if (x->changes & RECUR_ALL_DAY)
            c->all_day = x->all_day;
        c->start = told(c, x->start);
        c->end = told(c, x->end);
    } else if (start) {
        c->start = time_from_filetime(start, NULL);
        c->end = end ? time_from_filetime(end, NULL) : c->start;
        if (c->all_day || c->tzid) {
            c->start = zone_to_local(&c->zone, c->start);
            c->end = zone_to_local(&c->zone, c->end);
        }
        c->start = told(c, c->start);
        c->end = told(c, c->end);
    } else {
        c->end += c->original - c->start;
        c->start = c->original;
    }
    if (c->end < c->start)
        c->end = c->start;
    if (c->all_day && c->end == c->start)
        c->end += ICS_DAY;
}

/* own: the embedded message, or the series' where there is none. */
static void write_change(struct ics *series, struct message *own,
                         const struct recur_exception *x, int64_t original)
{
    struct ics c = *series;
    uint64_t stamp = pst_props_time(own->props, PR_MODIFICATION_TIME);

    c.message = own;
    c.series = series->message;
    c.change = x;
    c.parts_loaded = own == series->message;
    c.parts = (struct parts){0};
    c.has_recur = false;
    c.original = original;
    c.original_all_day = series->all_day;
    if (stamp)
        c.stamp = time_from_filetime(stamp, NULL);
    change_times(&c, series, x);
    ics_write_event(&c);
}

static void write_embedded(struct ics *c, struct part *p, bool *done)
{
    const struct recur_exception *x;
    int64_t original;
    struct message own;

    message_init(&own, c->message->work, p->item, c->message->depth + 1);
    original = replaced(c, p, &own);
    x = find_change(c, p, original);
    if (x && done[x - c->recur.exceptions])
        x = NULL; /* a second one for the same day */
    if (x)
        done[x - c->recur.exceptions] = true;
    if (x || original != INT64_MIN)
        write_change(c, &own, x, original);
    else
        message_defect(c->message, "changed instance %s: of an unknown day",
                       p->filename);
    message_finish(&own);
}

void ics_series_changes(struct ics *c)
{
    const struct recur *r = &c->recur;
    bool *done;

    if (!c->method || r->exception_count)
        ics_attach_load(c);
    done = fetch_alloc(c->message->work, r->exception_count + 1);
    if (!done)
        return;
    for (size_t i = 0; i < c->parts.count; i++)
        if (c->parts.list[i].changed && c->parts.list[i].item)
            write_embedded(c, &c->parts.list[i], done);
    for (size_t i = 0; i < r->exception_count; i++)
        if (!done[i])
            write_change(c, c->message, &r->exceptions[i], 0);
}
