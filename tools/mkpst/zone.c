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

const struct zone zones[] = {
    {"UTC",
     "UTC",
     "(UTC) Coordinated Universal Time",
     {{2008, 0, 0, {0}, {0}}}},
    {"W. Europe Standard Time",
     "Europe/Berlin",
     "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
     {{2008, -60, -60, {10, 0, 5, 3}, {3, 0, 5, 2}}}},
    {"Tokyo Standard Time",
     "Asia/Tokyo",
     "(UTC+09:00) Osaka, Sapporo, Tokyo",
     {{2008, -540, 0, {0}, {0}}}},
    {"Eastern Standard Time",
     "America/New_York",
     "(UTC-05:00) Eastern Time (US & Canada)",
     {{2006, 300, -60, {10, 0, 5, 2}, {4, 0, 1, 2}},
      {2007, 300, -60, {11, 0, 1, 2}, {3, 0, 2, 2}}}},
    {"India Standard Time",
     "Asia/Kolkata",
     "(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi",
     {{2008, -330, 0, {0}, {0}}}},
    {"AUS Eastern Standard Time",
     "Australia/Sydney",
     "(UTC+10:00) Canberra, Melbourne, Sydney",
     {{2008, -600, -60, {4, 0, 1, 3}, {10, 0, 1, 2}}}},
    {"Russian Standard Time",
     "Europe/Moscow",
     "(UTC+03:00) Moscow, St. Petersburg",
     {{2008, -180, -60, {10, 0, 5, 3}, {3, 0, 5, 2}},
      {2012, -240, 0, {0}, {0}},
      {2015, -180, 0, {0}, {0}}}},
    /* The summer that a year begins in starts with it, as Windows has it. */
    {"E. South America Standard Time",
     "America/Sao_Paulo",
     "(UTC-03:00) Brasilia",
     {{2008, 180, -60, {2, 0, 3, 0}, {10, 0, 3, 0}},
      {2019, 180, -60, {2, 0, 3, 0}, {1, 2, 1, 0}},
      {2020, 180, 0, {0}, {0}}}},
    /* No name that the world knows. */
    {"Customized Time Zone",
     "",
     "(UTC-03:30) Somewhere; else",
     {{2008, 210, -60, {11, 0, 1, 2}, {3, 0, 2, 2}}}},
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

static const struct zone_rule *rule_of(const struct zone *z, int year)
{
    unsigned i = ZONE_RULES - 1;

    while (i && (!z->rules[i].year || z->rules[i].year > year))
        i--;
    return &z->rules[i];
}

int64_t zone_to_utc(const struct zone *z, int64_t day, int minute)
{
    int64_t local = day * 1440 + minute, on, off;
    const struct zone_rule *r;
    struct time_utc t;
    int bias;

    time_split(day * DAY_SECONDS, &t);
    r = rule_of(z, t.year);
    bias = r->bias;
    if (r->summer.month) {
        on = change_at(&r->summer, t.year);
        off = change_at(&r->winter, t.year);
        if (on < off ? local >= on && local < off : local >= on || local < off)
            bias += r->summer_bias;
    }
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

static void add_biases(const struct zone_rule *r, struct buf *out)
{
    add32(out, (uint32_t)r->bias);
    add32(out, 0);
    add32(out, (uint32_t)r->summer_bias);
}

void zone_struct(const struct zone *z, int year, struct buf *out)
{
    const struct zone_rule *r = rule_of(z, year);

    add_biases(r, out);
    add16(out, 0);
    add_change(&r->winter, out);
    add16(out, 0);
    add_change(&r->summer, out);
    mem_check(out);
}

static unsigned count_rules(const struct zone *z)
{
    unsigned n = 0;

    while (n < ZONE_RULES && z->rules[n].year)
        n++;
    return n;
}

static void add_rule(const struct zone_rule *r, unsigned flags, struct buf *out)
{
    buf_addc(out, 2);
    buf_addc(out, 1);
    add16(out, RULE_LENGTH);
    add16(out, (uint16_t)flags);
    add16(out, (uint16_t)r->year);
    memset(buf_grow(out, 14), 0, 14);
    add_biases(r, out);
    add_change(&r->winter, out);
    add_change(&r->summer, out);
}

void zone_definition(const struct zone *z, bool recurring, int year,
                     struct buf *out)
{
    size_t len = strlen(z->key); /* ASCII */
    unsigned count = count_rules(z);

    buf_addc(out, 2);
    buf_addc(out, 1);
    add16(out, (uint16_t)(6 + 2 * len));
    add16(out, FLAG_KEY_NAME);
    add16(out, (uint16_t)len);
    text_utf16(z->key, len, out);
    add16(out, (uint16_t)count);
    for (unsigned i = 0; i < count; i++) {
        bool now = &z->rules[i] == rule_of(z, year);
        add_rule(&z->rules[i],
                 (now ? RULE_EFFECTIVE : 0) |
                     (now && recurring ? RULE_RECURRING : 0),
                 out);
    }
    mem_check(out);
}
