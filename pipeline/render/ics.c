#include "pipeline/render/ics.h"

#include <stdio.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/render/body.h"
#include "pipeline/render/card.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/ics_priv.h"

#define CATEGORIES_MAX 64
#define STATE_MEETING  1
#define STATE_CANCELED 4
#define UID_PREFIX     "vCal-Uid\x01\x00\x00\x00"
#define UID_PREFIX_LEN 12
#define UID_DATA       40 /* where the data of a global object id begins */
#define REMINDER_MAX   (366 * 24 * 60)

void ics_time_value(const struct ics *c, int64_t t, struct buf *to)
{
    char text[TIME_TEXT_MAX];

    time_ical(t, text);
    if (c->all_day)
        text[strcspn(text, "T")] = '\0';
    buf_adds(to, text);
}

void ics_time(struct ics *c, const char *name, int64_t t)
{
    cleanup_buf struct buf line = BUF(256);

    buf_addf(&line, "%s%s:", name, c->all_day ? ";VALUE=DATE" : "");
    ics_time_value(c, t, &line);
    buf_addf(c->out, "%s\n", buf_str(&line));
}

static void raw_utc(struct ics *c, const char *name, int64_t t)
{
    char text[TIME_TEXT_MAX];

    card_raw(c->out, name, time_ical(t, text));
}

static void utc_property(struct ics *c, const char *name, uint64_t filetime)
{
    if (filetime)
        raw_utc(c, name, time_from_filetime(filetime, NULL));
}

/* The UID that came with an iCalendar invitation, else the id's hex. */
static const char *global_uid(struct message *m)
{
    struct work *w = m->work;
    size_t len;
    const uint8_t *id = fetch_blob(m, named_id(w, NAME_CLEAN_GLOBAL_ID), &len);
    char *hex;

    if (!len)
        id = fetch_blob(m, named_id(w, NAME_GLOBAL_ID), &len);
    if (!len || len > RENDER_FIELD_MAX / 4)
        return NULL;
    if (len > UID_DATA + UID_PREFIX_LEN &&
        memcmp(id + UID_DATA, UID_PREFIX, UID_PREFIX_LEN) == 0) {
        const char *uid = (const char *)id + UID_DATA + UID_PREFIX_LEN;
        size_t n = strnlen(uid, len - UID_DATA - UID_PREFIX_LEN);
        return n && charset_is_utf8(uid, n) ? fetch_copy(w, uid, n) : NULL;
    }
    hex = fetch_alloc(w, 2 * len + 1);
    for (size_t i = 0; hex && i < len; i++)
        snprintf(hex + 2 * i, 3, "%02X", id[i]);
    return hex;
}

static const char *make_uid(struct message *m)
{
    const char *uid = global_uid(m);

    if (uid)
        return uid;
    if (m->number)
        return fetch_format(m->work, "%s.%u@pstfs.invalid", work_id(m->work),
                            m->number);
    return fetch_format(m->work, "%s@pstfs.invalid", work_id(m->work));
}

static void ics_init(struct ics *c, struct message *m, const char *method,
                     struct buf *out)
{
    uint64_t stamp = pst_props_time(m->props, PR_MODIFICATION_TIME);

    *c = (struct ics){.message = m, .out = out, .method = method};
    if (!stamp)
        stamp = pst_props_time(m->props, PR_CREATION_TIME);
    c->stamp = stamp ? time_from_filetime(stamp, NULL) : 0;
    c->uid = make_uid(m);
    c->subject = message_subject(m);
    c->location = fetch_named(m, NAME_LOCATION);
}

static void open_calendar(struct ics *c)
{
    card_raw(c->out, "BEGIN", "VCALENDAR");
    card_raw(c->out, "VERSION", "2.0");
    card_raw(c->out, "PRODID", "-//pstfs//render//EN");
    if (c->method)
        card_raw(c->out, "METHOD", c->method);
}

static void write_remark(void *ctx, enum message_remark what, const char *line)
{
    static const char *const names[] = {[MESSAGE_RECOVERED] =
                                            "X-PSTFS-RECOVERED",
                                        [MESSAGE_DEFECT] = "X-PSTFS-DEFECT"};

    card_text(ctx, names[what], line);
}

static void write_categories(struct ics *c)
{
    uint16_t id = named_id(c->message->work, NAME_KEYWORDS);
    const char *words[CATEGORIES_MAX];
    size_t n = 0;

    while (n < CATEGORIES_MAX &&
           (words[n] = fetch_element(c->message, id, n)) != NULL)
        n++;
    if (n)
        card_list(c->out, "CATEGORIES", words, n, ',');
}

static void write_class(struct ics *c)
{
    static const char *const classes[] = {NULL, "X-PERSONAL", "PRIVATE",
                                          "CONFIDENTIAL"};
    struct pst_props *p = c->message->props;
    int32_t sens = pst_props_int(p, PR_SENSITIVITY, 0);
    int32_t rank = pst_props_int(p, PR_IMPORTANCE, 1);

    if (sens > 0 && sens < 4)
        card_raw(c->out, "CLASS", classes[sens]);
    if (rank == 0 || rank == 2)
        card_raw(c->out, "PRIORITY", rank ? "1" : "9");
}

/* What events and tasks have in common. */
static void write_common(struct ics *c)
{
    struct message *m = c->message;

    card_text(c->out, "UID", c->uid);
    raw_utc(c, "DTSTAMP", c->stamp);
    utc_property(c, "CREATED", pst_props_time(m->props, PR_CREATION_TIME));
    utc_property(c, "LAST-MODIFIED",
                 pst_props_time(m->props, PR_MODIFICATION_TIME));
    card_text(c->out, "SUMMARY", c->subject);
    card_text(c->out, "DESCRIPTION", body_plain(m));
    write_categories(c);
    write_class(c);
}

static void write_alarm(struct ics *c)
{
    int32_t delta = fetch_int(c->message, NAME_REMINDER_DELTA, 0);
    char trigger[32];

    if (!fetch_bool(c->message, NAME_REMINDER_SET))
        return;
    if (delta < 0 || delta > REMINDER_MAX) /* 0x5AE980E1: the default */
        delta = 15;
    snprintf(trigger, sizeof(trigger), "-PT%dM", (int)delta);
    card_raw(c->out, "BEGIN", "VALARM");
    card_raw(c->out, "ACTION", "DISPLAY");
    card_raw(c->out, "DESCRIPTION", "Reminder");
    card_raw(c->out, "TRIGGER", trigger);
    card_raw(c->out, "END", "VALARM");
}

static void write_busy(struct ics *c)
{
    static const char *const busy_names[] = {"FREE", "TENTATIVE", "BUSY",
                                             "OOF"};
    int32_t busy = fetch_int(c->message, NAME_BUSY, 2);
    int32_t state = fetch_int(c->message, NAME_STATE_FLAGS, 0);
    bool canceled = (state & STATE_CANCELED) ||
                    (c->method && strcmp(c->method, "CANCEL") == 0);

    card_raw(c->out, "STATUS",
             canceled    ? "CANCELLED"
             : busy == 1 ? "TENTATIVE"
                         : "CONFIRMED");
    card_raw(c->out, "TRANSP", busy == 0 ? "TRANSPARENT" : "OPAQUE");
    if (busy >= 0 && busy < 4)
        card_raw(c->out, "X-MICROSOFT-CDO-BUSYSTATUS", busy_names[busy]);
}

static void load_zone(struct ics *c)
{
    struct message *m = c->message;
    size_t len;
    const uint8_t *p = fetch_blob(m, named_id(m->work, NAME_ZONE_START), &len);

    if (p && zone_parse_definition(p, len, &c->zone))
        return;
    p = fetch_blob(m, named_id(m->work, NAME_ZONE_STRUCT), &len);
    if (p)
        zone_parse_struct(p, len, &c->zone);
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
    if (c->start == INT64_MIN)
        c->start = message_time(m->props);
    c->end = first_time(m, ends, array_len(ends), PR_END_DATE);
    if (c->end < c->start)
        c->end = c->start;
    c->all_day = fetch_bool(m, NAME_ALL_DAY);
    if (!c->all_day)
        return;
    c->start = zone_date(&c->zone, c->start);
    c->end = zone_date(&c->zone, c->end);
    if (c->end <= c->start)
        c->end = c->start + 86400;
}

static void write_event(struct ics *c)
{
    struct message *m = c->message;
    char sequence[16];

    card_raw(c->out, "BEGIN", "VEVENT");
    write_common(c);
    card_text(c->out, "LOCATION", c->location);
    ics_time(c, "DTSTART", c->start);
    ics_time(c, "DTEND", c->end);
    ics_series_rule(c);
    write_busy(c);
    snprintf(sequence, sizeof(sequence), "%d",
             (int)fetch_int(m, NAME_SEQUENCE, 0));
    card_raw(c->out, "SEQUENCE", sequence);
    if (c->method || (fetch_int(m, NAME_STATE_FLAGS, 0) & STATE_MEETING) ||
        pst_item_recipients(m->item))
        ics_people(c);
    write_alarm(c);
    message_remarks(m, write_remark, c->out);
    card_raw(c->out, "END", "VEVENT");
}

void ics_event(struct message *m, const char *method, struct native *out)
{
    struct ics c;

    ics_init(&c, m, method, &out->head);
    load_zone(&c);
    load_times(&c);
    ics_series_load(&c, NAME_RECURRENCE);
    open_calendar(&c);
    write_event(&c);
    ics_series_exceptions(&c);
    card_raw(c.out, "END", "VCALENDAR");
}

/* ---- tasks ---- */

static void task_date(struct ics *c, const char *name, enum name id)
{
    uint64_t t = fetch_time(c->message, id);

    c->all_day = true;
    if (t)
        ics_time(c, name, zone_date(&c->zone, time_from_filetime(t, NULL)));
}

static void write_progress(struct ics *c)
{
    static const char *const states[] = {
        "NEEDS-ACTION", "IN-PROCESS", "COMPLETED", "NEEDS-ACTION", "CANCELLED"};
    struct message *m = c->message;
    int32_t state = fetch_int(m, NAME_TASK_STATUS, 0);
    uint16_t id = named_id(m->work, NAME_TASK_PERCENT);
    double part = id ? pst_props_double(m->props, id, 0) : 0;
    char percent[16];

    if (fetch_bool(m, NAME_TASK_COMPLETE))
        state = 2;
    if (state >= 0 && state < 5)
        card_raw(c->out, "STATUS", states[state]);
    if (part > 0 && part <= 1) {
        snprintf(percent, sizeof(percent), "%d", (int)(part * 100 + 0.5));
        card_raw(c->out, "PERCENT-COMPLETE", percent);
    }
    utc_property(c, "COMPLETED", fetch_time(m, NAME_TASK_DONE));
}

void ics_task(struct message *m, const char *method, struct native *out)
{
    static const enum name starts[] = {NAME_TASK_START, NAME_TASK_DUE};
    struct ics c;

    ics_init(&c, m, method, &out->head);
    c.start = first_time(m, starts, array_len(starts), 0);
    c.start = c.start == INT64_MIN ? 0 : zone_date(&c.zone, c.start);
    c.all_day = true;
    ics_series_load(&c, NAME_TASK_RECURRENCE);
    if (!c.start) /* a rule needs a date to start from */
        c.has_recur = false;
    open_calendar(&c);
    card_raw(c.out, "BEGIN", "VTODO");
    write_common(&c);
    if (c.has_recur)
        ics_time(&c, "DTSTART", c.start);
    else
        task_date(&c, "DTSTART", NAME_TASK_START);
    task_date(&c, "DUE", NAME_TASK_DUE);
    ics_series_rule(&c);
    write_progress(&c);
    write_alarm(&c);
    message_remarks(m, write_remark, c.out);
    card_raw(c.out, "END", "VTODO");
    card_raw(c.out, "END", "VCALENDAR");
}
