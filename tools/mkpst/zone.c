#include "tools/mkpst/zone.h"

#include <string.h>

#include "pipeline/base/cleanup.h"
#include "pipeline/base/clock.h"
#include "tools/mkpst/bytes.h"
#include "tools/mkpst/text.h"

#define DAY_SECONDS    86400
#define RULE_LENGTH    0x3E
#define FLAG_KEY_NAME  2
#define RULE_RECURRING 1
#define RULE_EFFECTIVE 2
#define RULE_YEAR      2008

const struct zone zones[] = {
    {"UTC", "UTC", "(UTC) Coordinated Universal Time", 0, 0, {0}, {0}},
    {"W. Europe Standard Time",
     "Europe/Berlin",
     "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
     -60,
     -60,
     {10, 0, 5, 3},
     {3, 0, 5, 2}},
    {"Tokyo Standard Time",
     "Asia/Tokyo",
     "(UTC+09:00) Osaka, Sapporo, Tokyo",
     -540,
     0,
     {0},
     {0}},
    {"Eastern Standard Time",
     "America/New_York",
     "(UTC-05:00) Eastern Time (US & Canada)",
     300,
     -60,
     {11, 0, 1, 2},
     {3, 0, 2, 2}},
    {"India Standard Time",
     "Asia/Kolkata",
     "(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi",
     -330,
     0,
     {0},
     {0}},
};
const unsigned zone_count = array_len(zones);

static int64_t day_of(int year, int month, int day)
{
    struct time_utc t = {.year = year, .month = month, .day = day};

    return time_joined(&t) / DAY_SECONDS;
}

/* Minutes since 1970, local, of a change in a year. */
static int64_t change_at(const struct zone_change *c, int year)
{
    int64_t first = day_of(year, c->month, 1);
    int64_t next =
        c->month == 12 ? day_of(year + 1, 1, 1) : day_of(year, c->month + 1, 1);
    int weekday = (int)((first + 4) % 7); /* 1970-01-01 was a Thursday */
    int64_t day = first + (c->weekday - weekday + 7) % 7 + 7 * (c->nth - 1);

    while (day >= next)
        day -= 7;
    return day * 1440 + c->hour * 60;
}

int64_t zone_to_utc(const struct zone *z, int64_t day, int minute)
{
    int64_t local = day * 1440 + minute;
    struct time_utc t;
    int bias = z->bias;

    time_split(day * DAY_SECONDS, &t);
    if (z->summer.month && local >= change_at(&z->summer, t.year) &&
        local < change_at(&z->winter, t.year))
        bias += z->summer_bias;
    return (local + bias) * 60;
}

/* SYSTEMTIME: year 0 means "each year, the nth weekday". */
static void add_change(const struct zone_change *c, struct buf *out)
{
    add16(out, 0);
    add16(out, c->month);
    add16(out, c->weekday);
    add16(out, c->nth);
    add16(out, c->hour);
    add16(out, 0);
    add16(out, 0);
    add16(out, 0);
}

static void add_biases(const struct zone *z, struct buf *out)
{
    add32(out, (uint32_t)z->bias);
    add32(out, 0);
    add32(out, (uint32_t)z->summer_bias);
}

void zone_struct(const struct zone *z, struct buf *out)
{
    add_biases(z, out);
    add16(out, 0);
    add_change(&z->winter, out);
    add16(out, 0);
    add_change(&z->summer, out);
    mem_check(out);
}

void zone_definition(const struct zone *z, bool recurring, struct buf *out)
{
    size_t len = strlen(z->key); /* ASCII */

    buf_addc(out, 2);
    buf_addc(out, 1);
    add16(out, (uint16_t)(6 + 2 * len));
    add16(out, FLAG_KEY_NAME);
    add16(out, (uint16_t)len);
    text_utf16(z->key, len, out);
    add16(out, 1);
    buf_addc(out, 2);
    buf_addc(out, 1);
    add16(out, RULE_LENGTH);
    add16(out, RULE_EFFECTIVE | (recurring ? RULE_RECURRING : 0));
    add16(out, RULE_YEAR);
    memset(buf_grow(out, 14), 0, 14);
    add_biases(z, out);
    add_change(&z->winter, out);
    add_change(&z->summer, out);
    mem_check(out);
}
