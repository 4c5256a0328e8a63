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

#define RECUR_SUBJECT  0x0001 /* what an exception changes */
#define RECUR_LOCATION 0x0010
#define RECUR_BUSY     0x0020
#define RECUR_ALL_DAY  0x0080

struct recur_exception {
    int64_t start, end, original; /* of the instance */
    unsigned changes;             /* RECUR_* */
    int32_t busy;
    bool all_day;
    const char *subject, *location; /* UTF-8, "" when not changed */
};

struct recur {
    unsigned frequency, pattern; /* 0x200A.. ; 0, 1, 2, 3, 4 */
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
 * list of exceptions ends early and *cut_r says so. ENOTSUP for calendars
 * that RRULE does not know. */
int recur_parse(const uint8_t *data, size_t len, unsigned codepage,
                struct arena *arena, struct recur *r_r, bool *cut_r);

/* Appends the value of an RRULE. shift: days that the calendar on which the
 * rule is told is ahead of the local one (-1, 0, 1). until: text of the last
 * start, used when the series ends by date. */
void recur_rule(const struct recur *r, int shift, const char *until,
                struct buf *out);

/* True when the series ends at end_date. */
bool recur_ends_by_date(const struct recur *r);

#endif
