/* A few Windows time zones and their two property forms ([MS-OXOCAL]
 * 2.2.1.39 and 2.2.1.41). Days are counted from 1970-01-01. */
#ifndef MKPST_ZONE_H
#define MKPST_ZONE_H

#include <stdint.h>

#include "pipeline/base/buf.h"

/* A change of clocks: the nth (5 = last) weekday of a month. */
struct zone_change {
    uint8_t month, weekday, nth, hour; /* month 0: there is none */
};

#define ZONE_RULES 3

struct zone_rule {
    int year;        /* the first; 0: there is no such rule */
    int bias;        /* minutes, UTC = local + bias */
    int summer_bias; /* added in summer */
    struct zone_change winter, summer;
};

struct zone {
    const char *key;                    /* Windows' name */
    const char *iana;                   /* for the manifest */
    const char *label;                  /* as shown */
    struct zone_rule rules[ZONE_RULES]; /* by year */
};

extern const struct zone zones[];
extern const unsigned zone_count;

/* UTC seconds of a local time: day and minutes in the day. */
int64_t zone_to_utc(const struct zone *z, int64_t day, int minute);
/* The rule of a year; a definition has all, and marks that one when it is for
 * a recurring event. */
void zone_struct(const struct zone *z, int year, struct buf *out);
void zone_definition(const struct zone *z, bool recurring, int year,
                     struct buf *out);

#endif
