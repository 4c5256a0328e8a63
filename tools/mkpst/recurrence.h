/* Recurring events: the blob of PidLidAppointmentRecur ([MS-OXOCAL] 2.2.1.44)
 * and what a reader is expected to make of it. Days count from 1970-01-01,
 * local. */
#ifndef MKPST_RECURRENCE_H
#define MKPST_RECURRENCE_H

#include "tools/mkpst/random.h"
#include "tools/mkpst/text.h"

#define RECURRENCE_EXCEPTIONS 3
#define RECURRENCE_DAYS       64

enum recurrence_kind {
    RECUR_DAILY,
    RECUR_WORKDAYS, /* every working day */
    RECUR_WEEKLY,
    RECUR_MONTHLY,      /* a day of the month that each month has */
    RECUR_MONTHLY_LATE, /* 29 to 31 */
    RECUR_MONTHLY_END,
    RECUR_MONTHLY_NTH, /* the nth weekday */
    RECUR_MONTHLY_NTH_WORKDAY,
    RECUR_MONTHLY_NTH_WEEKEND,
    RECUR_MONTHLY_NTH_DAY,
    RECUR_YEARLY,
    RECUR_YEARLY_LATE,
    RECUR_YEARLY_END,
    RECUR_YEARLY_NTH,
    RECUR_YEARLY_NTH_WORKDAY,
    RECUR_YEARLY_NTH_WEEKEND,
    RECUR_YEARLY_NTH_DAY,
    RECUR_HIJRI, /* a day of the Hijri month: the days are not reckoned */
    RECUR_KINDS
};

enum recurrence_end { RECUR_COUNT, RECUR_UNTIL, RECUR_NEVER, RECUR_ENDS };
#define RECUR_SHAPES (RECUR_KINDS * RECUR_ENDS)

struct recurrence_change {
    int64_t day, new_day;
    int new_minute;       /* duration stays */
    const char *subject;  /* NULL: as before; ASCII */
    const char *location; /* NULL: as before; ASCII */
    int busy, reminder;   /* -1: as before; minutes, 0: none any more */
    bool body, parts;     /* its message has a text, attachments */
    bool bare;            /* there is no message for it */
};

struct recurrence {
    enum recurrence_kind kind;
    enum recurrence_end end;
    bool sliding;                  /* a task that follows its completion */
    unsigned interval;             /* days, weeks, months, years */
    unsigned week_start;           /* 0 Sunday */
    unsigned day;                  /* of the month */
    unsigned mask;                 /* weekdays, bit 0 = Sunday */
    unsigned nth;                  /* 1..4, 5 = last */
    int minute, duration;          /* of an occurrence, minutes */
    int64_t days[RECURRENCE_DAYS]; /* the occurrences, or the first of them */
    unsigned count;
    int64_t until;
    int64_t deleted[RECURRENCE_EXCEPTIONS];
    unsigned deleted_count;
    struct recurrence_change changed[RECURRENCE_EXCEPTIONS];
    unsigned changed_count;
};

/* A pattern whose first occurrence is on or soon after a day. shape: below
 * RECUR_SHAPES, which kind and end. */
void recurrence_make(struct recurrence *r, struct rng *rng, unsigned shape,
                     int64_t day, int minute, int duration);
void recurrence_blob(const struct recurrence *r, struct buf *out);
/* The first part alone, as tasks have it. */
void recurrence_pattern(const struct recurrence *r, struct buf *out);
/* As iCalendar says it, without the exceptions. */
void recurrence_rule(const struct recurrence *r, struct buf *out);
/* The number of PidLidRecurrenceType. */
unsigned recurrence_type(const struct recurrence *r);

#endif
