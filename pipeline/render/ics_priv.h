/*
 * One calendar object in work; shared by the files ics*.c.
 *
 * A single event is told in UTC, the instant that is stored, with the name of
 * its zone beside it. A series is told on the clock of its zone, which stands
 * in the file as a VTIMEZONE with the item's own rules: only so its instances
 * keep their hour when the clocks change. All-day events are dates.
 */
#ifndef RENDER_ICS_PRIV_H
#define RENDER_ICS_PRIV_H

#include "pipeline/render/attach.h"
#include "pipeline/render/recur.h"
#include "pipeline/render/render_priv.h"
#include "pipeline/render/zone.h"

#define ICS_DAY 86400

struct ics {
    struct message *message; /* whose object is being written */
    struct message *series;  /* of a changed instance, which falls back on it */
    struct message *carrier; /* whose people these are, NULL: the message's */
    const struct recur_exception *change; /* how it was changed; may be NULL */
    struct native *native;
    struct buf *out;    /* its text */
    const char *method; /* NULL in a file */
    struct parts parts; /* attachments, once loaded */
    bool parts_loaded;
    struct zone zone;
    const char *tzid;           /* times are on its clock; NULL: UTC */
    const char *iana, *windows; /* names of the zone, "" when not known */
    int64_t start, end;         /* unix seconds on that clock, or midnights */
    int64_t original;           /* of a changed instance, in the same way */
    bool all_day, original_all_day;
    bool has_recur; /* there is a pattern */
    struct recur recur;
    const char *uid;
    int64_t stamp;
};

/* ---- ics.c ---- */

void ics_init(struct ics *c, struct message *m, const char *method,
              struct native *out);
/* BEGIN:VCALENDAR up to the time zone; and its end. */
void ics_open(struct ics *c);
void ics_close(struct ics *c);
/* UID to PRIORITY: what all components have. */
void ics_common(struct ics *c);
void ics_defects(struct ics *c);
/* A whole VEVENT of what is in c. */
void ics_write_event(struct ics *c);

/* The message that has a property: a changed instance's, else its series'. */
struct message *ics_of(struct ics *c, uint16_t id);
int32_t ics_int(struct ics *c, enum name name, int32_t fallback);
bool ics_bool(struct ics *c, enum name name);

/* "name:...Z", "name;TZID=...:..." or "name;VALUE=DATE:...". */
void ics_time(struct ics *c, const char *name, int64_t t);
void ics_utc(struct ics *c, const char *name, int64_t unix_sec);
/* A FILETIME; nothing for 0. */
void ics_filetime(struct ics *c, const char *name, uint64_t filetime);
/* An alarm: minutes before the start, or an instant. */
void ics_alarm_before(struct ics *c, int32_t minutes);
void ics_alarm_at(struct ics *c, int64_t unix_sec);

/* ---- ics_zone.c ---- */

/* The zone of one event: for its dates. */
void ics_zone_load(struct ics *c);
/* That of a series, which its times are told in. known: its first start in
 * UTC, INT64_MIN when not told; local: the same on the series' clock. */
void ics_zone_load_series(struct ics *c, int64_t known, int64_t local);
/* VTIMEZONE, when times are told in one. */
void ics_zone_write(struct ics *c);

/* ---- ics_people.c ---- */

/* ORGANIZER and ATTENDEEs of a meeting. */
void ics_people(struct ics *c);

/* ---- ics_series.c ---- */

/* Reads the recurrence blob; damage is a defect. */
void ics_series_load(struct ics *c, enum name blob);
/* Start and end from the pattern, the zone with it. */
void ics_series_times(struct ics *c);
/* RRULE and EXDATE, or a note why there is none. */
void ics_series_rule(struct ics *c);
/* A VEVENT for each changed instance. */
void ics_series_changes(struct ics *c);

/* ---- ics_attach.c ---- */

/* Opens the attachments, once. */
void ics_attach_load(struct ics *c);
/* ATTACH for each that is no changed instance. */
void ics_attach_write(struct ics *c);

#endif
