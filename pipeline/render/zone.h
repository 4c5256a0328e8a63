/*
 * Time zones as an item carries them ([MS-OXOCAL] 2.2.1.39, 2.2.1.41): offsets
 * and the days of the two changes, one rule per span of years. All arithmetic
 * is done by these rules, never by files.
 *
 * A local time is told as seconds since 1970 on the local clock, as if that
 * were UTC. One that a change leaves out or has twice is read as RFC 5545
 * 3.3.5 says: by the offset before the change.
 */
#ifndef RENDER_ZONE_H
#define RENDER_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/render/arena.h"

/* A change of the clock, on the clock as it was before. */
struct zone_change {
    unsigned year; /* 0: every year, the nth weekday; else in this one only */
    unsigned month, weekday, day; /* 1..12; 0 Sunday; 1..5 (5 last), or 1..31 */
    int64_t second;               /* of the day */
};

struct zone_rule {
    unsigned year;              /* the first it is for */
    int64_t standard, daylight; /* seconds east of UTC */
    bool changes;               /* else it is standard time for ever */
    bool of_series;             /* marked as that of a recurring series */
    struct zone_change to_standard, to_daylight;
};

struct zone {
    struct zone_rule *rules; /* by year; the first is for all years before */
    size_t count;            /* 0: not known */
    const char *key;         /* Windows' name, "" when not told */
};

/* PidLidTimeZoneStruct, and PidLidAppointmentTimeZoneDefinition*. Rules and
 * key are arena memory. EBADMSG when the bytes are neither. */
int zone_parse_struct(const uint8_t *data, size_t len, struct arena *arena,
                      struct zone *z_r);
int zone_parse_definition(const uint8_t *data, size_t len, struct arena *arena,
                          struct zone *z_r);
/* A zone that is always the same distance from UTC. */
int zone_fixed(int64_t offset, struct arena *arena, struct zone *z_r);

/* True when both have the same offsets and changes. */
bool zone_rule_equal(const struct zone_rule *a, const struct zone_rule *b);
/* The rule of a year. */
const struct zone_rule *zone_rule_of(const struct zone *z, int year);
/* The local time of a change in a year; INT64_MAX when it has none. */
int64_t zone_change_at(const struct zone_change *c, int year);
/* Offset of a rule when a year begins or ends. */
int64_t zone_offset_new_year(const struct zone_rule *r, int year);
int64_t zone_offset_year_end(const struct zone_rule *r, int year);

/* Both clocks; a zone that is not known is UTC. */
int64_t zone_to_utc(const struct zone *z, int64_t local);
int64_t zone_to_local(const struct zone *z, int64_t unix_sec);

/* The local midnight that the instant stands for: by the zone where that
 * gives a midnight, else the nearest one. */
int64_t zone_date(const struct zone *z, int64_t unix_sec);

/* The IANA name of a Windows one (ICU's table), or the name itself where it is
 * an IANA one; "" when neither is known. In arena memory; NULL on ENOMEM. */
const char *zone_iana(const char *key, struct arena *arena);
/* Has ICU's tables of zones loaded; false when it has none. */
bool zone_seal(void);

#endif
