/* Recurring events: the blob of PidLidAppointmentRecur ([MS-OXOCAL] 2.2.1.44)
 * and what a reader is expected to make of it. Days count from 1970-01-01,
 * local. */
#ifndef MKPST_RECURRENCE_H
#define MKPST_RECURRENCE_H

#include "tools/mkpst/random.h"
#include "tools/mkpst/text.h"

#define RECURRENCE_EXCEPTIONS 2
#define RECURRENCE_DAYS       64

enum recurrence_kind {
    RECUR_DAILY,
    RECUR_WEEKLY,
    RECUR_MONTHLY,     /* a day of the month */
    RECUR_MONTHLY_NTH, /* the nth weekday */
    RECUR_YEARLY,
    RECUR_YEARLY_NTH,
    RECUR_KINDS
};

enum recurrence_end { RECUR_COUNT, RECUR_UNTIL, RECUR_NEVER };

struct recurrence_change {
    int64_t day, new_day;
    int new_minute;       /* duration stays */
    const char *subject;  /* NULL: as before; ASCII */
    const char *location; /* NULL: as before; ASCII */
};

struct recurrence {
    enum recurrence_kind kind;
    enum recurrence_end end;
    unsigned interval;             /* days, weeks, months, years */
    unsigned mask;                 /* weekdays, bit 0 = Sunday */
    unsigned nth;                  /* 1..4, 5 = last */
    int minute, duration;          /* of an occurrence, minutes */
    int64_t days[RECURRENCE_DAYS]; /* the occurrences, or the first of them */
    unsigned count;
    int64_t until;
    int64_t deleted[RECURRENCE_EXCEPTIONS];
    unsigned deleted_count;
    struct recurrence_change changed[1];
    unsigned changed_count;
};

/* A pattern whose first occurrence is on or soon after a day. */
void recurrence_make(struct recurrence *r, struct rng *rng, int64_t day,
                     int minute, int duration);
void recurrence_blob(const struct recurrence *r, struct buf *out);
/* As iCalendar says it, without the exceptions. */
void recurrence_rule(const struct recurrence *r, struct buf *out);
/* The number of PidLidRecurrenceType. */
unsigned recurrence_type(const struct recurrence *r);

#endif
