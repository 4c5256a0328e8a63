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
#define WORKDAYS        0x3E
#define WEEKEND         0x41
#define EVERY_DAY       0x7F
#define VERSION         0x3004
#define VERSION_2       0x3006
#define WRITER_2        0x3009
#define END_UNTIL       0x2021
#define END_COUNT       0x2022
#define END_NEVER       0x2023
#define CHANGE_SUBJECT  0x0001
#define CHANGE_DELTA    0x0004
#define CHANGE_REMINDER 0x0008
#define CHANGE_LOCATION 0x0010
#define CHANGE_BUSY     0x0020
#define CHANGE_PARTS    0x0040
#define CHANGE_BODY     0x0200
#define HIJRI           6

static const struct {
    uint16_t frequency, pattern;
    const char *name;
    unsigned type; /* PidLidRecurrenceType */
    unsigned mask; /* week days; 0: one that is picked */
} shapes[RECUR_KINDS] = {
    [RECUR_DAILY] = {0x200A, 0, "DAILY", 1},
    [RECUR_WORKDAYS] = {0x200A, 1, "WEEKLY", 1, WORKDAYS},
    [RECUR_WEEKLY] = {0x200B, 1, "WEEKLY", 2},
    [RECUR_MONTHLY] = {0x200C, 2, "MONTHLY", 3},
    [RECUR_MONTHLY_LATE] = {0x200C, 2, "MONTHLY", 3},
    [RECUR_MONTHLY_END] = {0x200C, 4, "MONTHLY", 3},
    [RECUR_MONTHLY_NTH] = {0x200C, 3, "MONTHLY", 3},
    [RECUR_MONTHLY_NTH_WORKDAY] = {0x200C, 3, "MONTHLY", 3, WORKDAYS},
    [RECUR_MONTHLY_NTH_WEEKEND] = {0x200C, 3, "MONTHLY", 3, WEEKEND},
    [RECUR_MONTHLY_NTH_DAY] = {0x200C, 3, "MONTHLY", 3, EVERY_DAY},
    [RECUR_YEARLY] = {0x200D, 2, "YEARLY", 4},
    [RECUR_YEARLY_LATE] = {0x200D, 2, "YEARLY", 4},
    [RECUR_YEARLY_END] = {0x200D, 4, "YEARLY", 4},
    [RECUR_YEARLY_NTH] = {0x200D, 3, "YEARLY", 4},
    [RECUR_YEARLY_NTH_WORKDAY] = {0x200D, 3, "YEARLY", 4, WORKDAYS},
    [RECUR_YEARLY_NTH_WEEKEND] = {0x200D, 3, "YEARLY", 4, WEEKEND},
    [RECUR_YEARLY_NTH_DAY] = {0x200D, 3, "YEARLY", 4, EVERY_DAY},
    [RECUR_HIJRI] = {0x200C, 10, "MONTHLY", 3},
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
    return shapes[r->kind].frequency == 0x200D ? 12 * r->interval : r->interval;
}

static int month_length(int64_t day)
{
    struct time_utc t = split_day(day);
    struct time_utc next = {
        .year = t.year + t.month / 12, .month = t.month % 12 + 1, .day = 1};

    return split_day(time_joined(&next) / DAY_SECONDS - 1).day;
}

static bool has_weekday(const struct recurrence *r, int64_t day)
{
    return r->mask >> split_day(day).weekday & 1;
}

/* The nth of the days in the mask, counted from one end of the month. */
static bool is_nth(const struct recurrence *r, int64_t day)
{
    int64_t first = day - split_day(day).day + 1;
    int64_t last = first + month_length(day) - 1;
    unsigned n = 0;

    if (!has_weekday(r, day))
        return false;
    if (r->nth == 5) {
        for (int64_t d = last; d > day; d--)
            n += has_weekday(r, d);
        return n == 0;
    }
    for (int64_t d = first; d <= day; d++)
        n += has_weekday(r, d);
    return n == r->nth;
}

static bool is_day(const struct recurrence *r, int64_t day)
{
    int length = month_length(day), want = (int)r->day;

    if (shapes[r->kind].pattern == 4 || want > length)
        want = length;
    return split_day(day).day == want;
}

/* Does the pattern have this day, whatever the interval? */
static bool fits(const struct recurrence *r, int64_t day)
{
    switch (shapes[r->kind].pattern) {
    case 0:
        return true;
    case 1:
        return has_weekday(r, day);
    case 3:
        return is_nth(r, day);
    default:
        return is_day(r, day);
    }
}

static int64_t week_of(const struct recurrence *r, int64_t day)
{
    return day - (split_day(day).weekday + 7 - (int)r->week_start) % 7;
}

/* Is this day an occurrence of a series that began on the first day? */
static bool is_on(const struct recurrence *r, int64_t first, int64_t day)
{
    struct time_utc t = split_day(day), f = split_day(first);
    unsigned pattern = shapes[r->kind].pattern;

    if (!fits(r, day))
        return false;
    if (pattern == 0)
        return (day - first) % r->interval == 0;
    if (pattern == 1)
        return (week_of(r, day) - week_of(r, first)) / 7 % r->interval == 0;
    return (unsigned)(month_number(&t) - month_number(&f)) % month_step(r) == 0;
}

static void fill_days(struct recurrence *r, int64_t first, unsigned most)
{
    for (int64_t d = first; d < first + SEARCH_DAYS && r->count < most; d++)
        if (is_on(r, first, d))
            r->days[r->count++] = d;
}

static int64_t first_day(const struct recurrence *r, int64_t day)
{
    while (!fits(r, day))
        day++;
    return day;
}

static void add_deleted(struct recurrence *r, struct rng *rng)
{
    r->deleted[r->deleted_count++] = r->days[1];
    if (r->count > 8 && rng_chance(rng, 50))
        r->deleted[r->deleted_count++] = r->days[7];
}

/* The 3rd occurrence and the two after it; a day later where that is free. */
static void add_changed(struct recurrence *r, struct rng *rng, unsigned i)
{
    static const struct recurrence_change changes[] = {
        {.subject = "Moved: new time", .busy = -1, .reminder = -1},
        {.location = "Room 42", .busy = 3, .reminder = 30, .body = true},
        {.subject = "Other subject",
         .location = "Elsewhere",
         .busy = 0,
         .reminder = 0,
         .parts = true},
        {.busy = -1, .reminder = -1, .body = true, .parts = true},
        {.subject = "Without a message",
         .location = "Nowhere",
         .busy = 1,
         .reminder = 5,
         .bare = true}};
    struct recurrence_change *c = &r->changed[r->changed_count];
    int64_t day = r->days[2 + i];

    *c = changes[rng_below(rng, array_len(changes))];
    c->day = c->new_day = day;
    if (r->days[3 + i] > day + 2 && rng_chance(rng, 50))
        c->new_day++;
    c->new_minute = (r->minute + 90) % (DAY_MINUTES - 120);
    if (r->duration >= DAY_MINUTES)
        c->new_minute = 0;
    r->changed_count++;
}

static void pick_exceptions(struct recurrence *r, struct rng *rng)
{
    unsigned changes = rng_below(rng, RECURRENCE_EXCEPTIONS + 1);

    if (r->count < 4 || rng_chance(rng, 30))
        return;
    add_deleted(r, rng);
    for (unsigned i = 0; i < changes && 3 + i < r->count; i++)
        if (rng_chance(rng, 70))
            add_changed(r, rng, i);
}

static void pick_days(struct recurrence *r, struct rng *rng)
{
    bool late = r->kind == RECUR_MONTHLY_LATE || r->kind == RECUR_YEARLY_LATE;

    r->mask = 1u << rng_below(rng, 7);
    if (r->kind == RECUR_WEEKLY && rng_chance(rng, 40))
        r->mask |= 1u << rng_below(rng, 7) | 1u << rng_below(rng, 7);
    if (shapes[r->kind].mask)
        r->mask = shapes[r->kind].mask;
    r->nth = 1 + rng_below(rng, 5);
    r->day = late ? 29 + rng_below(rng, 3) : 1 + rng_below(rng, 28);
    if (shapes[r->kind].pattern == 4)
        r->day = 31;
}

void recurrence_make(struct recurrence *r, struct rng *rng, unsigned shape,
                     int64_t day, int minute, int duration)
{
    *r = (struct recurrence){.kind = shape % RECUR_KINDS,
                             .end = shape / RECUR_KINDS,
                             .interval = 1 + rng_below(rng, 3),
                             .week_start = rng_below(rng, 7),
                             .minute = minute,
                             .duration = duration};
    if (shapes[r->kind].frequency == 0x200D || r->kind == RECUR_WORKDAYS)
        r->interval = 1;
    pick_days(r, rng);
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
    if (shapes[r->kind].pattern == 1)
        return minutes_1601(week_of(r, r->days[0])) %
               (r->interval * 7 * DAY_MINUTES);
    offset = (unsigned)(month_number(&t) - 1601 * 12) % month_step(r);
    m.year = 1601 + (int)offset / 12;
    m.month = 1 + (int)offset % 12;
    return minutes_1601(time_joined(&m) / DAY_SECONDS);
}

static void add_specific(const struct recurrence *r, struct buf *out)
{
    switch (shapes[r->kind].pattern) {
    case 0:
        break;
    case 1:
        add32(out, r->mask);
        break;
    case 3:
        add32(out, r->mask);
        add32(out, r->nth);
        break;
    default:
        add32(out, r->day);
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

void recurrence_pattern(const struct recurrence *r, struct buf *out)
{
    static const uint32_t ends[] = {END_COUNT, END_UNTIL, END_NEVER};
    uint32_t period =
        r->kind == RECUR_DAILY ? r->interval * DAY_MINUTES : month_step(r);

    add16(out, VERSION);
    add16(out, VERSION);
    add16(out, shapes[r->kind].frequency);
    add16(out, shapes[r->kind].pattern);
    add16(out, r->kind == RECUR_HIJRI ? HIJRI : 0);
    add32(out, first_date_time(r));
    add32(out, period);
    add32(out, r->sliding);
    add_specific(r, out);
    add32(out, ends[r->end]);
    add32(out, r->end == RECUR_NEVER ? NEVER_COUNT : r->count);
    add32(out, r->week_start);
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

static unsigned change_flags(const struct recurrence_change *c)
{
    return (c->subject ? CHANGE_SUBJECT : 0) |
           (c->location ? CHANGE_LOCATION : 0) |
           (c->busy >= 0 ? CHANGE_BUSY : 0) |
           (c->reminder >= 0 ? CHANGE_REMINDER : 0) |
           (c->reminder > 0 ? CHANGE_DELTA : 0) |
           (c->parts ? CHANGE_PARTS : 0) | (c->body ? CHANGE_BODY : 0);
}

static void add_change(const struct recurrence *r,
                       const struct recurrence_change *c, struct buf *out)
{
    add_times(r, c, out);
    add16(out, (uint16_t)change_flags(c));
    if (c->subject)
        add_short_text(c->subject, out);
    if (c->reminder > 0)
        add32(out, (uint32_t)c->reminder);
    if (c->reminder >= 0)
        add32(out, c->reminder > 0);
    if (c->location)
        add_short_text(c->location, out);
    if (c->busy >= 0)
        add32(out, (uint32_t)c->busy);
    if (c->parts)
        add32(out, 1);
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
    recurrence_pattern(r, out);
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

static bool one_weekday(const struct recurrence *r)
{
    return (r->mask & (r->mask - 1)) == 0;
}

static void add_weekdays(const struct recurrence *r, struct buf *out)
{
    static const char *const names[] = {"SU", "MO", "TU", "WE",
                                        "TH", "FR", "SA"};
    bool nth = shapes[r->kind].pattern == 3, first = true;
    int place = r->nth == 5 ? -1 : (int)r->nth;

    buf_adds(out, ";BYDAY=");
    for (unsigned i = 0; i < array_len(names); i++) {
        if (!(r->mask >> i & 1))
            continue;
        if (!first)
            buf_addc(out, ',');
        if (nth && one_weekday(r))
            buf_addf(out, "%d", place);
        buf_adds(out, names[i]);
        first = false;
    }
    if (nth && !one_weekday(r))
        buf_addf(out, ";BYSETPOS=%d", place);
}

/* The last of the days from the 28th on that the month has. */
static void add_month_day(const struct recurrence *r, struct buf *out)
{
    if (r->day <= 28) {
        buf_addf(out, ";BYMONTHDAY=%u", r->day);
        return;
    }
    buf_adds(out, ";BYMONTHDAY=28");
    for (unsigned d = 29; d <= r->day; d++)
        buf_addf(out, ",%u", d);
    buf_adds(out, ";BYSETPOS=-1");
}

void recurrence_rule(const struct recurrence *r, struct buf *out)
{
    struct time_utc f = split_day(r->days[0]), u = split_day(r->until);
    unsigned pattern = shapes[r->kind].pattern;

    buf_addf(out, "FREQ=%s", shapes[r->kind].name);
    if (r->interval > 1)
        buf_addf(out, ";INTERVAL=%u", r->interval);
    if (shapes[r->kind].frequency == 0x200D)
        buf_addf(out, ";BYMONTH=%d", f.month);
    if (pattern == 1 || pattern == 3)
        add_weekdays(r, out);
    else if (pattern)
        add_month_day(r, out);
    if (r->end == RECUR_COUNT)
        buf_addf(out, ";COUNT=%u", r->count);
    if (r->end == RECUR_UNTIL)
        buf_addf(out, ";UNTIL=%04d%02d%02d", u.year, u.month, u.day);
    if (pattern == 1)
        buf_addf(out, ";WKST=%.2s", &"SUMOTUWETHFRSA"[2 * r->week_start]);
    mem_check(out);
}
