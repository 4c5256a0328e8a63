#include <stdio.h>

#include "pipeline/base/cleanup.h"
#include "pipeline/base/clock.h"
#include "pipeline/render/limits.h"
#include "pipeline/render/recur.h"
#include "pipeline/render/recur_priv.h"

/* ---- which days ---- */

static int month_days(const struct time_utc *t)
{
    struct time_utc last = {
        .year = t->year + t->month / 12, .month = t->month % 12 + 1, .day = 1};

    time_split(time_joined(&last) - DAY, &last);
    return last.day;
}

/* Which of the days that the mask has in its month this one is, from 1; from
 * the end when back. */
static unsigned place_in_month(const struct recur *r, const struct time_utc *t,
                               bool back)
{
    int day = t->day, end = back ? month_days(t) + 1 : 0;
    unsigned n = 0;

    for (; day != end; day += back ? 1 : -1)
        n += r->mask >> ((t->weekday + 35 + day - t->day) % 7) & 1;
    return n;
}

static bool in_month(const struct recur *r, const struct time_utc *t)
{
    int want = r->pattern == PATTERN_MONTHEND ? 31 : (int)r->day;

    if (r->pattern != PATTERN_NTH)
        return t->day == want || (t->day < want && t->day == month_days(t));
    if (!(r->mask >> t->weekday & 1))
        return false;
    return r->day >= 5 ? place_in_month(r, t, true) == 1
                       : place_in_month(r, t, false) == r->day;
}

static uint32_t months_step(const struct recur *r)
{
    return r->period ? r->period : r->frequency == FREQ_YEARLY ? 12 : 1;
}

static uint32_t weeks_step(const struct recur *r)
{
    return r->period && r->frequency != FREQ_DAILY ? r->period : 1;
}

static uint32_t days_step(const struct recur *r)
{
    return r->period / 1440 ? r->period / 1440 : 1;
}

static bool is_on(const struct recur *r, int64_t day)
{
    struct time_utc t, s;
    int64_t weeks, months;

    time_split(day, &t);
    time_split(r->start_date, &s);
    if (r->pattern == PATTERN_DAY)
        return (day - r->start_date) / DAY % days_step(r) == 0;
    if (r->pattern == PATTERN_WEEK) {
        weeks = (day - r->start_date) / DAY +
                (int)((unsigned)s.weekday + 7 - r->first_weekday) % 7;
        return (!r->mask || r->mask >> t.weekday & 1) &&
               weeks / 7 % weeks_step(r) == 0;
    }
    months = (t.year - s.year) * 12 + t.month - s.month;
    return months % months_step(r) == 0 && in_month(r, &t);
}

int64_t recur_first(const struct recur *r, int64_t from)
{
    int64_t day = from > r->start_date ? from : r->start_date;

    for (int i = 0; i < RECUR_ALIGN_DAYS; i++, day += DAY)
        if (is_on(r, day))
            return day;
    return INT64_MIN;
}

/* ---- the rule ---- */

static const char *const day_names[] = {"SU", "MO", "TU", "WE",
                                        "TH", "FR", "SA"};

static void add_days(struct buf *out, uint32_t mask, const char *number)
{
    bool any = false;

    buf_adds(out, ";BYDAY=");
    for (unsigned d = 0; d < 7; d++) {
        if (!(mask & 1u << d))
            continue;
        buf_addf(out, "%s%s%s", any ? "," : "", number, day_names[d]);
        any = true;
    }
}

/* A month that is too short has the series on its last day. */
static void add_month_day(struct buf *out, uint32_t day, int shortest)
{
    if (day >= 31 && shortest < 31) {
        buf_adds(out, ";BYMONTHDAY=-1");
        return;
    }
    if (day <= (uint32_t)shortest) {
        buf_addf(out, ";BYMONTHDAY=%u", day);
        return;
    }
    buf_adds(out, ";BYMONTHDAY=");
    for (uint32_t d = (uint32_t)shortest; d <= day; d++)
        buf_addf(out, "%s%u", d > (uint32_t)shortest ? "," : "", d);
    buf_adds(out, ";BYSETPOS=-1");
}

static void add_nth(struct buf *out, const struct recur *r)
{
    int nth = r->day >= 5 ? -1 : (int)r->day;
    char number[16];

    if (r->mask == EVERY_DAY) {
        buf_addf(out, ";BYMONTHDAY=%d", nth);
    } else if ((r->mask & (r->mask - 1)) == 0) {
        snprintf(number, sizeof(number), "%d", nth);
        add_days(out, r->mask, number);
    } else {
        add_days(out, r->mask, "");
        buf_addf(out, ";BYSETPOS=%d", nth);
    }
}

static void add_interval(struct buf *out, uint32_t every)
{
    if (every > 1)
        buf_addf(out, ";INTERVAL=%u", every);
}

static void add_monthly(struct buf *out, const struct recur *r)
{
    uint32_t step = months_step(r);
    bool yearly = r->frequency == FREQ_YEARLY && step % 12 == 0;
    uint32_t day = r->pattern == PATTERN_MONTHEND ? 31 : r->day;
    int shortest = 28;
    struct time_utc t;

    buf_addf(out, "FREQ=%s", yearly ? "YEARLY" : "MONTHLY");
    add_interval(out, yearly ? step / 12 : step);
    if (yearly) {
        time_split(r->start_date, &t);
        buf_addf(out, ";BYMONTH=%d", t.month);
        if (t.month != 2)
            shortest = month_days(&t);
        if (day > (uint32_t)shortest && t.month != 2)
            day = (uint32_t)shortest;
    }
    if (r->pattern == PATTERN_NTH)
        add_nth(out, r);
    else
        add_month_day(out, day, shortest);
}

static void add_daily(struct buf *out, const struct recur *r)
{
    buf_adds(out, "FREQ=DAILY");
    add_interval(out, days_step(r));
}

static unsigned first_in_week(const struct recur *r, unsigned start)
{
    unsigned day = start;

    while (!(r->mask >> day & 1) && (day + 1) % 7 != start)
        day = (day + 1) % 7;
    return day;
}

/* Weeks may as well begin on Monday, or else Sunday, when that leaves the
 * same days together: other beginnings are little known (libical 3.0.16 has
 * wrong days by some). */
static unsigned week_start(const struct recur *r)
{
    unsigned first = first_in_week(r, r->first_weekday);

    if (!r->mask || first_in_week(r, 1) == first)
        return 1;
    return first_in_week(r, 0) == first ? 0 : r->first_weekday;
}

static void add_weekly(struct buf *out, const struct recur *r)
{
    buf_adds(out, "FREQ=WEEKLY");
    add_interval(out, weeks_step(r));
    if (r->mask)
        add_days(out, r->mask, "");
    if (weeks_step(r) > 1 && week_start(r) != 1)
        buf_addf(out, ";WKST=%s", day_names[week_start(r)]);
}

void recur_rule(const struct recur *r, const char *until, struct buf *out)
{
    if (r->pattern == PATTERN_DAY)
        add_daily(out, r);
    else if (r->pattern == PATTERN_WEEK)
        add_weekly(out, r);
    else
        add_monthly(out, r);
    if (r->end_type == END_COUNT && r->count)
        buf_addf(out, ";COUNT=%u", r->count);
    else if (r->end_type == END_DATE)
        buf_addf(out, ";UNTIL=%s", until);
}
