/*
 * Recurrence blobs ([MS-OXOCAL] 2.2.1.44): the pattern of a series as an
 * RRULE, its deleted and its changed instances. Times in the blob are local
 * minutes; all that is given out is unix seconds on the same local clock.
 */
#ifndef RENDER_RECUR_H
#define RENDER_RECUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/buf.h"
#include "pipeline/render/arena.h"

/* What an exception changes. */
#define RECUR_SUBJECT     0x0001
#define RECUR_DELTA       0x0004
#define RECUR_REMINDER    0x0008
#define RECUR_LOCATION    0x0010
#define RECUR_BUSY        0x0020
#define RECUR_ATTACHMENTS 0x0040
#define RECUR_ALL_DAY     0x0080
#define RECUR_BODY        0x0200

struct recur_exception {
    int64_t start, end, original; /* of the instance */
    unsigned changes;             /* RECUR_* */
    int32_t busy, delta;          /* minutes before the start */
    bool all_day, reminder, attachments;
    const char *subject, *location; /* UTF-8, "" when not changed */
};

struct recur {
    unsigned frequency, pattern; /* 0x200A.. ; 0, 1, 2, 3, 4 */
    unsigned calendar;           /* of months and years; CAL_*, 0 usual */
    bool sliding;                /* the next counts from the last one's end */
    uint32_t period;             /* days * 1440, weeks or months */
    uint32_t mask;               /* week days, bit 0 Sunday */
    uint32_t day;                /* of the month, or which week day 1..5 */
    uint32_t end_type, count;
    uint32_t first_weekday;
    int64_t start_date, end_date; /* midnights; the series' first and last */
    int64_t start_offset, end_offset; /* seconds after midnight */
    bool has_times;                   /* offsets were in the blob */
    int64_t *deleted;                 /* midnights, without changed ones */
    size_t deleted_count;
    struct recur_exception *exceptions;
    size_t exception_count;
};

/* Parses a blob: an appointment's, or a task's (then without times). Lists
 * are arena memory. EBADMSG when the pattern itself is damaged; a damaged
 * list of exceptions ends early and *cut_r says so. */
int recur_parse(const uint8_t *data, size_t len, unsigned codepage,
                struct arena *arena, struct recur *r_r, bool *cut_r);

/* The name of the calendar when the pattern goes by months or years of one
 * that RRULE does not know, else NULL. */
const char *recur_calendar(const struct recur *r);

/* The first midnight from `from` on, no earlier than the series' start, that
 * the pattern has; INT64_MIN when it has none in RECUR_ALIGN_DAYS. */
int64_t recur_first(const struct recur *r, int64_t from);

/* Appends the value of an RRULE that starts from one of its instances. until:
 * text of the last start, used when the series ends by date. */
void recur_rule(const struct recur *r, const char *until, struct buf *out);

/* From now on the series ends by its date, not by a count. */
void recur_uncount(struct recur *r);

#endif
