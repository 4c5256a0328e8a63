/* One calendar object in work; shared by ics.c, ics_people.c, ics_series.c. */
#ifndef RENDER_ICS_PRIV_H
#define RENDER_ICS_PRIV_H

#include "pipeline/render/recur.h"
#include "pipeline/render/render_priv.h"
#include "pipeline/render/zone.h"

struct ics {
    struct message *message;
    struct buf *out;
    const char *method; /* NULL in a file */
    struct zone zone;
    int64_t start, end; /* unix seconds; all-day: local midnights */
    bool all_day;
    bool has_recur;
    struct recur recur;
    int64_t bias; /* local clock minus UTC at the start of the series */
    const char *uid, *subject, *location;
    int64_t stamp;
};

/* "name:...Z" or "name;VALUE=DATE:..." */
void ics_time(struct ics *c, const char *name, int64_t t);
/* Appends the bare value. */
void ics_time_value(const struct ics *c, int64_t t, struct buf *to);

/* ORGANIZER and ATTENDEEs of a meeting. */
void ics_people(struct ics *c);

/* Reads the recurrence blob; damage is a defect. */
void ics_series_load(struct ics *c, enum name blob);
/* RRULE and EXDATE. */
void ics_series_rule(struct ics *c);
/* A VEVENT for each changed instance. */
void ics_series_exceptions(struct ics *c);

#endif
