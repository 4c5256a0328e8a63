#include <stdio.h>
#include <string.h>

#include "pipeline/base/clock.h"
#include "pipeline/render/card.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/ics.h"
#include "pipeline/render/ics_priv.h"

#define STATE_MEETING  1
#define STATE_CANCELED 4
#define BUSY           2
#define ID_DATE        16 /* place of the date in a global object id */
#define ID_MIN         40

static bool is_method(const struct ics *c, const char *method)
{
    return c->method && strcmp(c->method, method) == 0;
}

static void write_busy(struct ics *c)
{
    static const char *const names[] = {"FREE", "TENTATIVE", "BUSY", "OOF",
                                        "WORKINGELSEWHERE"};
    int32_t busy = ics_int(c, NAME_BUSY, BUSY);
    int32_t meant = ics_int(c, NAME_INTENDED_BUSY, -1);
    bool canceled = (ics_int(c, NAME_STATE_FLAGS, 0) & STATE_CANCELED) ||
                    is_method(c, "CANCEL");

    if (c->change && c->change->changes & RECUR_BUSY)
        busy = c->change->busy;
    /* An invitation itself is tentative until it is answered. */
    if (is_method(c, "REQUEST") && meant >= 0)
        busy = meant;
    card_raw(c->out, "STATUS",
             canceled    ? "CANCELLED"
             : busy == 1 ? "TENTATIVE"
                         : "CONFIRMED");
    card_raw(c->out, "TRANSP", busy == 0 ? "TRANSPARENT" : "OPAQUE");
    if (busy >= 0 && busy < (int32_t)array_len(names))
        card_raw(c->out, "X-MICROSOFT-CDO-BUSYSTATUS", names[busy]);
}

static void write_location(struct ics *c)
{
    uint16_t id = named_id(c->message->work, NAME_LOCATION);
    const struct recur_exception *x = c->change;
    bool own = c->message != c->series && pst_props_type(c->message->props, id);

    if (!c->series || (own && (!x || x->changes & RECUR_LOCATION)))
        card_text(c->out, "LOCATION",
                  fetch_text(c->message, c->message->props, id));
    else if (x && x->changes & RECUR_LOCATION)
        card_text(c->out, "LOCATION", x->location);
    else
        card_text(c->out, "LOCATION", fetch_own(c->series, id));
}

static void write_alarm(struct ics *c)
{
    const struct recur_exception *x = c->change;
    bool set = ics_bool(c, NAME_REMINDER_SET);
    int32_t delta = ics_int(c, NAME_REMINDER_DELTA, 0);

    if (x && x->changes & RECUR_REMINDER)
        set = x->reminder;
    if (x && x->changes & RECUR_DELTA)
        delta = x->delta;
    if (set)
        ics_alarm_before(c, delta);
}

/* ---- one instance that stands alone ---- */

/* The day in its id, and the hour that its series starts at. */
static bool instance_of_id(struct ics *c, int64_t *local_r)
{
    struct message *m = c->message;
    size_t len;
    const uint8_t *id = fetch_blob(m, named_id(m->work, NAME_GLOBAL_ID), &len);
    uint32_t clock = (uint32_t)fetch_int(m, NAME_START_OF_DAY, -1);
    struct time_utc t = {0};
    int64_t start;

    if (len < ID_MIN)
        return false;
    t.year = id[ID_DATE] << 8 | id[ID_DATE + 1];
    t.month = id[ID_DATE + 2];
    t.day = id[ID_DATE + 3];
    if (!t.year || t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31)
        return false;
    start = zone_to_local(&c->zone, c->start) % ICS_DAY;
    if (clock <= 0x1FFFF) /* six bits each */
        start = (clock >> 12) * 3600 + (clock >> 6 & 63) * 60 + (clock & 63);
    *local_r = time_joined(&t) + (c->all_day ? 0 : start);
    return true;
}

static void write_instance(struct ics *c)
{
    uint64_t replaces = fetch_time(c->message, NAME_REPLACES);
    int64_t t;

    if (replaces) {
        t = time_from_filetime(replaces, NULL);
        ics_time(c, "RECURRENCE-ID", c->all_day ? zone_date(&c->zone, t) : t);
    } else if (instance_of_id(c, &t)) {
        ics_time(c, "RECURRENCE-ID", c->all_day ? t : zone_to_utc(&c->zone, t));
    }
}

/* Which instance this is, in the same way as its series is told. */
static void write_original(struct ics *c)
{
    bool all_day = c->all_day;

    c->all_day = c->original_all_day;
    ics_time(c, "RECURRENCE-ID", c->original);
    c->all_day = all_day;
}

static void write_times(struct ics *c)
{
    if (c->series)
        write_original(c);
    else if (!c->has_recur)
        write_instance(c);
    ics_time(c, "DTSTART", c->start);
    ics_time(c, "DTEND", c->end);
    if (!c->series)
        ics_series_rule(c);
    if (!c->tzid && !c->series && (*c->iana || *c->windows))
        card_text(c->out, "X-PSTFS-TIME-ZONE", *c->iana ? c->iana : c->windows);
}

void ics_write_event(struct ics *c)
{
    char sequence[16];

    card_raw(c->out, "BEGIN", "VEVENT");
    ics_common(c);
    write_location(c);
    write_times(c);
    write_busy(c);
    snprintf(sequence, sizeof(sequence), "%d",
             (int)ics_int(c, NAME_SEQUENCE, 0));
    card_raw(c->out, "SEQUENCE", sequence);
    if (c->method || (ics_int(c, NAME_STATE_FLAGS, 0) & STATE_MEETING) ||
        pst_item_recipients(c->message->item))
        ics_people(c);
    ics_attach_write(c);
    write_alarm(c);
    ics_defects(c);
    card_raw(c->out, "END", "VEVENT");
}

static int64_t first_time(struct message *m, const enum name *names,
                          size_t count, uint16_t id)
{
    uint64_t t = 0;

    for (size_t i = 0; !t && i < count; i++)
        t = fetch_time(m, names[i]);
    if (!t && id)
        t = pst_props_time(m->props, id);
    return t ? time_from_filetime(t, NULL) : INT64_MIN;
}

static void load_times(struct ics *c)
{
    static const enum name starts[] = {NAME_START, NAME_COMMON_START};
    static const enum name ends[] = {NAME_END, NAME_COMMON_END};
    struct message *m = c->message;

    c->start = first_time(m, starts, array_len(starts), PR_START_DATE);
    c->end = first_time(m, ends, array_len(ends), PR_END_DATE);
    c->all_day = fetch_bool(m, NAME_ALL_DAY);
    if (c->start == INT64_MIN && !c->has_recur)
        c->start = message_time(m->props);
    if (c->end < c->start)
        c->end = c->start;
    if (!c->all_day || c->start == INT64_MIN)
        return;
    c->start = zone_date(&c->zone, c->start);
    c->end = zone_date(&c->zone, c->end);
    if (c->end <= c->start)
        c->end = c->start + ICS_DAY;
}

void ics_event(struct message *m, const char *method, struct native *out)
{
    struct ics c;

    ics_init(&c, m, method, out);
    ics_zone_load(&c);
    ics_series_load(&c, NAME_RECURRENCE);
    load_times(&c);
    if (c.has_recur)
        ics_series_times(&c);
    ics_open(&c);
    ics_write_event(&c);
    ics_series_changes(&c);
    ics_close(&c);
}
