#include "pipeline/render/zone.h"

#include "pipeline/base/charset.h"
#include "pipeline/base/cleanup.h"
#include "pipeline/base/clock.h"
#include "pipeline/render/limits.h"

#define DAY            86400
#define YEAR_LAST      9999
#define STRUCT_SIZE    48
#define STRUCT_CHANGES 14 /* offset of the first SYSTEMTIME */
#define STRUCT_STEP    18 /* a year stands between the two */
#define RULE_SIZE      66
#define RULE_FLAGS     4
#define RULE_YEAR      6
#define RULE_BIAS      22 /* offset of the three biases in a rule */
#define RULE_CHANGES   34
#define RULE_STEP      16
#define RULE_OF_SERIES 1
#define BIAS_LIMIT     (26 * 60)
#define DEFINITION_MIN 8
#define HAS_KEY        2

static int32_t i32(const uint8_t *p)
{
    return (int32_t)(p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                     (uint32_t)p[3] << 24);
}

static unsigned u16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

/* A SYSTEMTIME. */
static bool take_change(const uint8_t *p, struct zone_change *c)
{
    c->year = u16(p);
    c->month = u16(p + 2);
    c->weekday = u16(p + 4);
    c->day = u16(p + 6);
    c->second = u16(p + 8) * 3600 + u16(p + 10) * 60 + u16(p + 12);
    return c->month >= 1 && c->month <= 12 && c->weekday < 7 && c->day >= 1 &&
           c->day <= (c->year ? 31 : 5) && c->year <= YEAR_LAST &&
           c->second < DAY;
}

/* Three biases, minutes west: base, standard, daylight; and the changes, a
 * number of bytes apart. */
static bool take_rule(const uint8_t *biases, const uint8_t *changes,
                      size_t step, struct zone_rule *r)
{
    int64_t base = i32(biases);
    int64_t standard = base + i32(biases + 4), summer = base + i32(biases + 8);

    if (standard > BIAS_LIMIT || standard < -BIAS_LIMIT)
        return false;
    r->standard = r->daylight = -standard * 60;
    if (!take_change(changes, &r->to_standard) ||
        !take_change(changes + step, &r->to_daylight) || summer > BIAS_LIMIT ||
        summer < -BIAS_LIMIT)
        return true;
    r->daylight = -summer * 60;
    r->changes = r->standard != r->daylight;
    return true;
}

static int rules_alloc(struct zone *z, size_t count, struct arena *arena)
{
    *z = (struct zone){.key = ""};
    z->rules = arena_alloc(arena, count * sizeof(*z->rules));
    return z->rules ? 0 : -ENOMEM;
}

int zone_fixed(int64_t offset, struct arena *arena, struct zone *z_r)
{
    int e = rules_alloc(z_r, 1, arena);

    if (e < 0)
        return e;
    z_r->rules[0].standard = z_r->rules[0].daylight = offset;
    z_r->count = 1;
    return 0;
}

int zone_parse_struct(const uint8_t *data, size_t len, struct arena *arena,
                      struct zone *z_r)
{
    int e = rules_alloc(z_r, 1, arena);

    if (e < 0)
        return e;
    if (len < STRUCT_SIZE ||
        !take_rule(data, data + STRUCT_CHANGES, STRUCT_STEP, &z_r->rules[0]))
        return -EBADMSG;
    z_r->count = 1;
    return 0;
}

/* Rules stand by year; one that does not follow the one before is left out. */
static void take_rules(const uint8_t *p, size_t count, struct zone *z)
{
    for (size_t i = 0; i < count; i++, p += RULE_SIZE) {
        struct zone_rule *r = &z->rules[z->count];
        *r = (struct zone_rule){.year = u16(p + RULE_YEAR)};
        r->of_series = u16(p + RULE_FLAGS) & RULE_OF_SERIES;
        if (r->year > YEAR_LAST || (z->count && r->year <= r[-1].year))
            continue;
        if (take_rule(p + RULE_BIAS, p + RULE_CHANGES, RULE_STEP, r))
            z->count++;
    }
}

static int take_key(const uint8_t *data, size_t header, struct arena *arena,
                    struct zone *z)
{
    cleanup_buf struct buf key = BUF(ZONE_KEY_MAX * 4);
    size_t chars = u16(data + 6);

    if (!(u16(data + 4) & HAS_KEY) || chars > ZONE_KEY_MAX ||
        DEFINITION_MIN + 2 * chars > header)
        return 0;
    charset_from_utf16(data + DEFINITION_MIN, 2 * chars, &key);
    z->key = arena_copy(arena, buf_str(&key), key.len);
    return z->key ? 0 : -ENOMEM;
}

int zone_parse_definition(const uint8_t *data, size_t len, struct arena *arena,
                          struct zone *z_r)
{
    size_t count, at;
    int e;

    *z_r = (struct zone){.key = ""};
    if (len < DEFINITION_MIN || data[0] != 2 || data[1] != 1)
        return -EBADMSG;
    at = 4 + u16(data + 2); /* behind the count of rules */
    if (at < DEFINITION_MIN + 2 || at > len)
        return -EBADMSG;
    count = u16(data + at - 2);
    if (!count || count > ZONE_RULES_MAX || at + count * RULE_SIZE > len)
        return -EBADMSG;
    e = rules_alloc(z_r, count, arena);
    if (e == 0)
        e = take_key(data, at - 2, arena, z_r);
    if (e < 0)
        return e;
    take_rules(data + at, count, z_r);
    return z_r->count ? 0 : -EBADMSG;
}

/* ---- clocks ---- */

static bool change_equal(const struct zone_change *a,
                         const struct zone_change *b)
{
    return a->year == b->year && a->month == b->month && a->day == b->day &&
           (a->year || a->weekday == b->weekday) && a->second == b->second;
}

bool zone_rule_equal(const struct zone_rule *a, const struct zone_rule *b)
{
    if (a->standard != b->standard || a->changes != b->changes)
        return false;
    return !a->changes || (a->daylight == b->daylight &&
                           change_equal(&a->to_standard, &b->to_standard) &&
                           change_equal(&a->to_daylight, &b->to_daylight));
}

const struct zone_rule *zone_rule_of(const struct zone *z, int year)
{
    size_t i = z->count - 1;

    while (i && (int)z->rules[i].year > year)
        i--;
    return &z->rules[i];
}

static int64_t day_start(int year, unsigned month, unsigned day)
{
    struct time_utc t = {.year = year, .month = (int)month, .day = (int)day};

    return time_joined(&t);
}

int64_t zone_change_at(const struct zone_change *c, int year)
{
    int64_t first, next;
    struct time_utc t;

    if (c->year)
        return (int)c->year == year
                   ? day_start(year, c->month, c->day) + c->second
                   : INT64_MAX;
    first = day_start(year, c->month, 1);
    next = c->month == 12 ? day_start(year + 1, 1, 1)
                          : day_start(year, c->month + 1, 1);
    time_split(first, &t);
    first += (int64_t)((c->weekday + 7 - (unsigned)t.weekday) % 7 +
                       7 * (c->day - 1)) *
             DAY;
    while (first >= next)
        first -= 7 * DAY;
    return first + c->second;
}

/* From when on a local time is after the change: not before the hour that
 * the change leaves out is over. */
static int64_t settled(int64_t at, int64_t from, int64_t to)
{
    return at == INT64_MAX || to <= from ? at : at + to - from;
}

/* When a change takes hold. Windows says that a year begins in daylight time
 * by a change on its first moment: no hour is left out there. */
static int64_t change_held(const struct zone_change *c, int year, int64_t from,
                           int64_t to)
{
    int64_t at = zone_change_at(c, year);

    return at == day_start(year, 1, 1) ? INT64_MIN : settled(at, from, to);
}

static int64_t rule_offset(const struct zone_rule *r, int year, int64_t local)
{
    int64_t on, off;
    bool day;

    if (!r->changes)
        return r->standard;
    on = change_held(&r->to_daylight, year, r->standard, r->daylight);
    off = change_held(&r->to_standard, year, r->daylight, r->standard);
    if (on == INT64_MAX && off == INT64_MAX)
        return r->standard;
    day = on < off ? local >= on && local < off : local >= on || local < off;
    return day ? r->daylight : r->standard;
}

int64_t zone_offset_new_year(const struct zone_rule *r, int year)
{
    return rule_offset(r, year, day_start(year, 1, 1));
}

int64_t zone_offset_year_end(const struct zone_rule *r, int year)
{
    return rule_offset(r, year, day_start(year + 1, 1, 1) - 1);
}

static int64_t local_offset(const struct zone *z, int64_t local)
{
    const struct zone_rule *r, *before;
    struct time_utc t;
    int64_t from, to, new_year;

    time_split(local, &t);
    r = zone_rule_of(z, t.year);
    before = zone_rule_of(z, t.year - 1);
    if (r != before) { /* the rules themselves change with the year */
        new_year = day_start(t.year, 1, 1);
        from = zone_offset_year_end(before, t.year - 1);
        to = zone_offset_new_year(r, t.year);
        if (local < settled(new_year, from, to))
            return from;
    }
    return rule_offset(r, t.year, local);
}

int64_t zone_to_utc(const struct zone *z, int64_t local)
{
    return z->count ? local - local_offset(z, local) : local;
}

/* The offsets that may hold within a day of an instant. */
#define OFFSETS 4
static void near_offsets(const struct zone *z, int64_t unix_sec,
                         int64_t offsets_r[OFFSETS])
{
    for (size_t i = 0; i < OFFSETS; i += 2) {
        const struct zone_rule *r;
        struct time_utc t;
        time_split(i ? unix_sec + DAY : unix_sec - DAY, &t);
        r = zone_rule_of(z, t.year);
        offsets_r[i] = r->standard;
        offsets_r[i + 1] = r->daylight;
    }
}

/* The largest offset that leads back: a smaller one would tell a time that
 * the change leaves out. None leads back in the second run of an hour that
 * comes twice, which is on the smallest. */
int64_t zone_to_local(const struct zone *z, int64_t unix_sec)
{
    int64_t offsets[OFFSETS], best = INT64_MIN, least = INT64_MAX;

    if (!z->count)
        return unix_sec;
    near_offsets(z, unix_sec, offsets);
    for (size_t i = 0; i < OFFSETS; i++) {
        if (offsets[i] < least)
            least = offsets[i];
        if (offsets[i] > best &&
            zone_to_utc(z, unix_sec + offsets[i]) == unix_sec)
            best = offsets[i];
    }
    return unix_sec + (best == INT64_MIN ? least : best);
}

static int64_t floor_day(int64_t t)
{
    return t - ((t % DAY) + DAY) % DAY;
}

int64_t zone_date(const struct zone *z, int64_t unix_sec)
{
    int64_t local = zone_to_local(z, unix_sec);

    if (z->count && floor_day(local) == local)
        return local;
    for (size_t i = 0; i < z->count; i++) {
        const struct zone_rule *r = &z->rules[i];
        if (floor_day(unix_sec + r->standard) == unix_sec + r->standard)
            return unix_sec + r->standard;
        if (floor_day(unix_sec + r->daylight) == unix_sec + r->daylight)
            return unix_sec + r->daylight;
    }
    return floor_day((z->count ? local : unix_sec) + DAY / 2);
}
