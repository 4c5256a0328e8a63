#include "tools/mkpst/recurrence.h"

#include <string.h>

#include "pipeline/base/clock.h"
#include "tools/mkpst/bytes.h"

#define DAY_SECONDS     86400
#define DAY_MINUTES     1440
#define DAYS_1601       134774 /* from 1601-01-01 to 1970-01-01 */
#define NEVER_DATE      0x5AE980DF
#define NEVER_COUNT     10
#define SEARCH_DAYS     30000
#define WEEKDAYS        0x3E
#define VERSION         0x3004
#define VERSION_2       0x3006
#define WRITER_2        0x3009
#define END_UNTIL       0x2021
#define END_COUNT       0x2022
#define END_NEVER       0x2023
#define CHANGE_SUBJECT  0x0001
#define CHANGE_LOCATION 0x0010

static const struct {
    uint16_t frequency, pattern;
    const char *name;
    unsigned type; /* PidLidRecurrenceType */
} shapes[RECUR_KINDS] = {
    [RECUR_DAILY] = {0x200A, 0, "DAILY", 1},
    [RECUR_WEEKLY] = {0x200B, 1, "WEEKLY", 2},
    [RECUR_MONTHLY] = {0x200C, 2, "MONTHLY", 3},
    [RECUR_MONTHLY_NTH] = {0x200C, 3, "MONTHLY", 3},
    [RECUR_YEARLY] = {0x200D, 2, "YEARLY", 4},
    [RECUR_YEARLY_NTH] = {0x200D, 3, "YEARLY", 4},
};

static struct time_utc split_day(int64_t day)
{
    struct time_utc t;

    time_split(day * DAY_SECONDS, &t);
    return t;
}

static int month_number(const struct time_utc *t)
{
    return t->year * 12 + t->month - 1;
}

static unsigned month_step(const struct recurrence *r)
{
    bool yearly = r->kind == RECUR_YEARLY || r->kind == RECUR_YEARLY_NTH;

    return yearly ? 12 * r->interval : r->interval;
}

static bool is_nth(const struct recurrence *r, int64_t day,
                   const struct time_utc *t)
{
    if (!(r->mask >> t->weekday & 1))
        return false;
    if (r->nth == 5)
        return split_day(day + 7).month != t->month;
    return (unsigned)(t->day + 6) / 7 == r->nth;
}

/* Is this day an occurrence of a series that began on the first day? */
static bool is_on(const struct recurrence *r, int64_t first, int64_t day)
{
    struct time_utc t = split_day(day), f = split_day(first);

    if (r->kind == RECUR_DAILY)
        return (day - first) % r->interval == 0;
    if (r->kind == RECUR_WEEKLY) {
        int64_t week = (day - t.weekday - (first - f.weekday)) / 7;
        return r->mask >> t.weekday & 1 && week % r->interval == 0;
    }
    if ((unsigned)(month_number(&t) - month_number(&f)) % month_step(r))
        return false;
    if (r->kind == RECUR_MONTHLY || r->kind == RECUR_YEARLY)
        return t.day == f.day;
    return is_nth(r, day, &t);
}

static void fill_days(struct recurrence *r, int64_t first, unsigned most)
{
    for (int64_t d = first; d < first + SEARCH_DAYS && r->count < most; d++)
        if (is_on(r, first, d))
            r->days[r->count++] = d;
}

/* Days above 28 would mean the last day to some and no day to others. */
static int64_t first_day(const struct recurrence *r, int64_t day)
{
    struct time_utc t;

    for (;; day++) {
        t = split_day(day);
        if (r->kind == RECUR_DAILY)
            return day;
        if (r->kind == RECUR_WEEKLY && r->mask >> t.weekday & 1)
            return day;
        if ((r->kind == RECUR_MONTHLY || r->kind == RECUR_YEARLY) &&
            t.day <= 28)
            return day;
        if ((r->kind == RECUR_MONTHLY_NTH || r->kind == RECUR_YEARLY_NTH) &&
            is_nth(r, day, &t))
            return day;
    }
}

static void pick_exceptions(struct recurrence *r, struct rng *rng)
{
    static const struct recurrence_change changes[] = {
        {0, 0, 0, "Moved: new time", NULL},
        {0, 0, 0, NULL, "Room 42"},
        {0, 0, 0, "Other subject", "Elsewhere"},
        {0, 0, 0, NULL, NULL}};

    if (r->count < 4 || rng_chance(rng, 40))
        return;
    r->deleted[r->deleted_count++] = r->days[1];
    if (r->count > 6 && rng_chance(rng, 50))
        r->deleted[r->deleted_count++] = r->days[4];
    if (rng_chance(rng, 40))
        return;
    r->changed[0] = changes[rng_below(rng, array_len(changes))];
    r->changed[0].day = r->changed[0].new_day = r->days[2];
    r->changed[0].new_minute = (r->minute + 90) % (DAY_MINUTES - 120);
    r->changed_count = 1;
}

void recurrence_make(struct recurrence *r, struct rng *rng, int64_t day,
                     int minute, int duration)
{
    unsigned weekday = rng_below(rng, 7);

    *r = (struct recurrence){.kind = rng_below(rng, RECUR_KINDS),
                             .end = rng_below(rng, 3),
                             .interval = 1 + rng_below(rng, 3),
                             .minute = minute,
                             .duration = duration};
    if (r->kind >= RECUR_YEARLY)
        r->interval = 1;
    r->mask = 1u << weekday;
    r->nth = 1 + rng_below(rng, 5);
    if (r->kind == RECUR_WEEKLY && rng_chance(rng, 40))
        r->mask |= 1u << rng_below(rng, 7) | 1u << rng_below(rng, 7);
    if (r->kind == RECUR_WEEKLY && rng_chance(rng, 20)) {
        r->mask = WEEKDAYS;
        r->interval = 1;
    }
    fill_days(r, first_day(r, day), 2 + rng_below(rng, 20));
    r->until = r->days[r->count - 1];
    pick_exceptions(r, rng);
}

unsigned recurrence_type(const struct recurrence *r)
{
    return shapes[r->kind].type;
}

static uint32_t minutes_1601(int64_t day)
{
    return (uint32_t)((day + DAYS_1601) * DAY_MINUTES);
}

/* The start of the series' period, as the specification computes it. */
static uint32_t first_date_time(const struct recurrence *r)
{
    struct time_utc t = split_day(r->days[0]), m = {.day = 1};
    unsigned offset;

    if (r->kind == RECUR_DAILY)
        return minutes_1601(r->days[0]) % (r->interval * DAY_MINUTES);
    if (r->kind == RECUR_WEEKLY)
        return minutes_1601(r->days[0] - t.weekday) %
               (r->interval * 7 * DAY_MINUTES);
    offset = (unsigned)(month_number(&t) - 1601 * 12) % month_step(r);
    m.year = 1601 + (int)offset / 12;
    m.month = 1 + (int)offset % 12;
    return minutes_1601(time_joined(&m) / DAY_SECONDS);
}

static void add_specific(const struct recurrence *r, struct buf *out)
{
    switch (shapes[r->kind].pattern) {
    case 1:
        add32(out, r->mask);
        break;
    case 2:
        add32(out, (uint32_t)split_day(r->days[0]).day);
        break;
    case 3:
        add32(out, r->mask);
        add32(out, r->nth);
        break;
    default:
        break;
    }
}

/* Changed occurrences are in both lists: gone on the old day, new on the
 * other. Both lists rise. */
static void add_lists(const struct recurrence *r, struct buf *out)
{
    unsigned gone = r->deleted_count + r->changed_count, i = 0, k = 0;

    add32(out, gone);
    while (i + k < gone) {
        bool changed =
            k < r->changed_count &&
            (i == r->deleted_count || r->changed[k].day < r->deleted[i]);
        int64_t day = changed ? r->changed[k++].day : r->deleted[i++];
        add32(out, minutes_1601(day));
    }
    add32(out, r->changed_count);
    for (i = 0; i < r->changed_count; i++)
        add32(out, minutes_1601(r->changed[i].new_day));
}

static void add_pattern(const struct recurrence *r, struct buf *out)
{
    static const uint32_t ends[] = {END_COUNT, END_UNTIL, END_NEVER};
    uint32_t period = r->kind == RECUR_DAILY    ? r->interval * DAY_MINUTES
                      : r->kind == RECUR_WEEKLY ? r->interval
                                                : month_step(r);

    add16(out, VERSION);
    add16(out, VERSION);
    add16(out, shapes[r->kind].frequency);
    add16(out, shapes[r->kind].pattern);
    add16(out, 0);
    add32(out, first_date_time(r));
    add32(out, period);
    add32(out, 0);
    add_specific(r, out);
    add32(out, ends[r->end]);
    add32(out, r->end == RECUR_NEVER ? NEVER_COUNT : r->count);
    add32(out, 0); /* weeks begin on Sunday */
    add_lists(r, out);
    add32(out, minutes_1601(r->days[0]));
    add32(out, r->end == RECUR_NEVER ? NEVER_DATE : minutes_1601(r->until));
}

static void add_short_text(const char *text, struct buf *out)
{
    size_t len = strlen(text);

    add16(out, (uint16_t)(len + 1));
    add16(out, (uint16_t)len);
    buf_add(out, text, len);
}

static void add_times(const struct recurrence *r,
                      const struct recurrence_change *c, struct buf *out)
{
    uint32_t start = minutes_1601(c->new_day) + (uint32_t)c->new_minute;

    add32(out, start);
    add32(out, start + (uint32_t)r->duration);
    add32(out, minutes_1601(c->day) + (uint32_t)r->minute);
}

static void add_change(const struct recurrence *r,
                       const struct recurrence_change *c, struct buf *out)
{
    add_times(r, c, out);
    add16(out, (uint16_t)((c->subject ? CHANGE_SUBJECT : 0) |
                          (c->location ? CHANGE_LOCATION : 0)));
    if (c->subject)
        add_short_text(c->subject, out);
    if (c->location)
        add_short_text(c->location, out);
}

static void add_wide_text(const char *text, struct buf *out)
{
    size_t len = strlen(text);

    add16(out, (uint16_t)len);
    text_utf16(text, len, out);
}

/* ExtendedException: the texts again, in Unicode. */
static void add_extended(const struct recurrence *r,
                         const struct recurrence_change *c, struct buf *out)
{
    add32(out, 4); /* ChangeHighlight */
    add32(out, 0);
    add32(out, 0);
    if (!c->subject && !c->location)
        return;
    add_times(r, c, out);
    if (c->subject)
        add_wide_text(c->subject, out);
    if (c->location)
        add_wide_text(c->location, out);
    add32(out, 0);
}

void recurrence_blob(const struct recurrence *r, struct buf *out)
{
    add_pattern(r, out);
    add32(out, VERSION_2);
    add32(out, WRITER_2);
    add32(out, (uint32_t)r->minute);
    add32(out, (uint32_t)(r->minute + r->duration));
    add16(out, (uint16_t)r->changed_count);
    for (unsigned i = 0; i < r->changed_count; i++)
        add_change(r, &r->changed[i], out);
    add32(out, 0);
    for (unsigned i = 0; i < r->changed_count; i++)
        add_extended(r, &r->changed[i], out);
    add32(out, 0);
    mem_check(out);
}

/* ---- as a rule ---- */

static void add_weekdays(const struct recurrence *r, struct buf *out)
{
    static const char *const names[] = {"SU", "MO", "TU", "WE",
                                        "TH", "FR", "SA"};
    bool first = true;

    buf_adds(out, ";BYDAY=");
    for (unsigned i = 0; i < array_len(names); i++) {
        if (!(r->mask >> i & 1))
            continue;
        if (!first)
            buf_addc(out, ',');
        if (r->kind != RECUR_WEEKLY)
            buf_addf(out, "%d", r->nth == 5 ? -1 : (int)r->nth);
        buf_adds(out, names[i]);
        first = false;
    }
}

void recurrence_rule(const struct recurrence *r, struct buf *out)
{
    struct time_utc f = split_day(r->days[0]), u = split_day(r->until);

    buf_addf(out, "FREQ=%s", shapes[r->kind].name);
    if (r->interval > 1)
        buf_addf(out, ";INTERVAL=%u", r->interval);
    if (r->kind == RECUR_YEARLY || r->kind == RECUR_YEARLY_NTH)
        buf_addf(out, ";BYMONTH=%d", f.month);
    if (r->kind == RECUR_MONTHLY || r->kind == RECUR_YEARLY)
        buf_addf(out, ";BYMONTHDAY=%d", f.day);
    if (shapes[r->kind].pattern == 1 || shapes[r->kind].pattern == 3)
        add_weekdays(r, out);
    if (r->end == RECUR_COUNT)
        buf_addf(out, ";COUNT=%u", r->count);
    if (r->end == RECUR_UNTIL)
        buf_addf(out, ";UNTIL=%04d%02d%02d", u.year, u.month, u.day);
    if (r->kind == RECUR_WEEKLY)
        buf_adds(out, ";WKST=SU");
    mem_check(out);
}
