#include "pipeline/base/clock.h"

#include <stdio.h>

#define FILETIME_1970   116444736000000000ULL
#define FILETIME_SECOND 10000000ULL
#define DAY             86400
#define TIME_MIN        (-62135596800LL) /* 0001-01-01 */
#define TIME_MAX        253402300799LL   /* 9999-12-31T23:59:59 */

static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed",
                                       "Thu", "Fri", "Sat"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

int64_t time_from_filetime(uint64_t filetime, uint32_t *nsec_r)
{
    if (nsec_r)
        *nsec_r = (uint32_t)(filetime % FILETIME_SECOND) * 100;
    return (int64_t)(filetime / FILETIME_SECOND) -
           (int64_t)(FILETIME_1970 / FILETIME_SECOND);
}

uint64_t time_to_filetime(int64_t unix_sec)
{
    return (uint64_t)unix_sec * FILETIME_SECOND + FILETIME_1970;
}

/* Days <-> civil date after Hinnant's era arithmetic (years start in March). */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + doe - 719468;
}

static void split_date(int64_t days, struct time_utc *out)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    out->year = (int)(yoe + era * 400 + (out->month <= 2));
}

void time_split(int64_t t, struct time_utc *out_r)
{
    int64_t days, rest;

    if (t < TIME_MIN)
        t = TIME_MIN;
    if (t > TIME_MAX)
        t = TIME_MAX;
    days = t / DAY;
    rest = t % DAY;
    if (rest < 0) {
        rest += DAY;
        days--;
    }
    split_date(days, out_r);
    out_r->hour = (int)(rest / 3600);
    out_r->minute = (int)(rest / 60 % 60);
    out_r->second = (int)(rest % 60);
    out_r->weekday = (int)(((days % 7) + 7 + 4) % 7);
}

int64_t time_joined(const struct time_utc *t)
{
    return days_of(t->year, t->month, t->day) * DAY + t->hour * 3600 +
           t->minute * 60 + t->second;
}

char *time_rfc5322(int64_t unix_sec, char *buf)
{
    struct time_utc t;

    time_split(unix_sec, &t);
    snprintf(buf, TIME_TEXT_MAX, "%s, %02d %s %04d %02d:%02d:%02d +0000",
             weekdays[t.weekday], t.day, months[t.month - 1], t.year, t.hour,
             t.minute, t.second);
    return buf;
}

char *time_rfc3339(int64_t unix_sec, char *buf)
{
    struct time_utc t;

    time_split(unix_sec, &t);
    snprintf(buf, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.year,
             t.month, t.day, t.hour, t.minute, t.second);
    return buf;
}

char *time_ical(int64_t unix_sec, char *buf)
{
    struct time_utc t;

    time_split(unix_sec, &t);
    snprintf(buf, TIME_TEXT_MAX, "%04d%02d%02dT%02d%02d%02dZ", t.year, t.month,
             t.day, t.hour, t.minute, t.second);
    return buf;
}

char *time_imap(int64_t unix_sec, char *buf)
{
    struct time_utc t;

    time_split(unix_sec, &t);
    snprintf(buf, TIME_TEXT_MAX, "%2d-%s-%04d %02d:%02d:%02d +0000", t.day,
             months[t.month - 1], t.year, t.hour, t.minute, t.second);
    return buf;
}

int64_t time_now(void)
{
    return (int64_t)time(NULL);
}

uint64_t time_mono_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}
