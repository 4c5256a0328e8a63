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
#define UID_PREFIX     "vCal-Uid\x01\x00\x00\x00"
#define UID_PREFIX_LEN 12
#define UID_DATE       16 /* of one instance of a series */
#define UID_DATE_LEN   4
#define UID_DATA       40 /* where the data of a global object id begins */
#define REMINDER_MAX   (366 * 24 * 60)

struct message *ics_of(struct ics *c, uint16_t id)
{
    if (c->series && !pst_props_type(c->message->props, id))
        return c->series;
    return c->message;
}

int32_t ics_int(struct ics *c, enum name name, int32_t fallback)
{
    uint16_t id = named_id(c->message->work, name);

    return id ? pst_props_int(ics_of(c, id)->props, id, fallback) : fallback;
}

bool ics_bool(struct ics *c, enum name name)
{
    uint16_t id = named_id(c->message->work, name);

    return id && pst_props_bool(ics_of(c, id)->props, id, false);
}

void ics_time(struct ics *c, const char *name, int64_t t)
{
    cleanup_buf struct buf head = BUF(512);
    char text[TIME_TEXT_MAX];

    time_ical(t, text);
    buf_adds(&head, name);
    if (c->all_day) {
        buf_adds(&head, ";VALUE=DATE");
        text[strcspn(text, "T")] = '\0';
    } else if (c->tzid) {
        buf_adds(&head, ";TZID=");
        card_param(&head, c->tzid);
        text[strcspn(text, "Z")] = '\0';
    }
    card_raw(c->out, buf_str(&head), text);
}

void ics_utc(struct ics *c, const char *name, int64_t unix_sec)
{
    char text[TIME_TEXT_MAX];

    card_raw(c->out, name, time_ical(unix_sec, text));
}

void ics_filetime(struct ics *c, const char *name, uint64_t filetime)
{
    if (filetime)
        ics_utc(c, name, time_from_filetime(filetime, NULL));
}

/* The UID that came with an iCalendar invitation, else the id's hex, without
 * the date of an instance ([MS-OXCICAL] 2.1.3.1.1.20.26): the same meeting
 * has the same one in everybody's store. */
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
    for (size_t i = 0; hex && i < len; i++) {
        bool date = i >= UID_DATE && i < UID_DATE + UID_DATE_LEN;
        snprintf(hex + 2 * i, 3, "%02X", date ? 0 : id[i]);
    }
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

void ics_init(struct ics *c, struct message *m, const char *method,
              struct native *out)
{
    uint64_t stamp = pst_props_time(m->props, PR_MODIFICATION_TIME);

    *c = (struct ics){.message = m,
                      .native = out,
                      .out = &out->head,
                      .method = method,
                      .zone.key = "",
                      .iana = "",
                      .windows = ""};
    if (!stamp)
        stamp = pst_props_time(m->props, PR_CREATION_TIME);
    c->stamp = stamp ? time_from_filetime(stamp, NULL) : 0;
    c->uid = make_uid(m);
}

void ics_open(struct ics *c)
{
    card_raw(c->out, "BEGIN", "VCALENDAR");
    card_raw(c->out, "VERSION", "2.0");
    card_raw(c->out, "PRODID", "-//pstfs//render//EN");
    if (c->method)
        card_raw(c->out, "METHOD", c->method);
    ics_zone_write(c);
}

void ics_close(struct ics *c)
{
    card_raw(c->out, "END", "VCALENDAR");
}

static void write_remark(void *ctx, enum message_remark what, const char *line)
{
    static const char *const names[] = {[MESSAGE_RECOVERED] =
                                            "X-PSTFS-RECOVERED",
                                        [MESSAGE_DEFECT] = "X-PSTFS-DEFECT"};

    card_text(ctx, names[what], line);
}

void ics_defects(struct ics *c)
{
    /* A changed instance without a message of its own has none. */
    if (c->message != c->series)
        message_remarks(c->message, write_remark, c->out);
}

static void write_categories(struct ics *c)
{
    uint16_t id = named_id(c->message->work, NAME_KEYWORDS);
    struct message *m = ics_of(c, id);
    const char *words[CATEGORIES_MAX];
    size_t n = 0;

    while (n < CATEGORIES_MAX && (words[n] = fetch_element(m, id, n)) != NULL)
        n++;
    if (n)
        card_list(c->out, "CATEGORIES", words, n, ',');
}

static void write_class(struct ics *c)
{
    static const char *const classes[] = {NULL, "X-PERSONAL", "PRIVATE",
                                          "CONFIDENTIAL"};
    int32_t sens =
        pst_props_int(ics_of(c, PR_SENSITIVITY)->props, PR_SENSITIVITY, 0);
    int32_t rank =
        pst_props_int(ics_of(c, PR_IMPORTANCE)->props, PR_IMPORTANCE, 1);

    if (!sens && ics_bool(c, NAME_PRIVATE))
        sens = 2;
    if (sens > 0 && sens < 4)
        card_raw(c->out, "CLASS", classes[sens]);
    if (rank == 0 || rank == 2)
        card_raw(c->out, "PRIORITY", rank ? "1" : "9");
    else if (c->method) /* RFC 5546 wants one in a task that is given */
        card_raw(c->out, "PRIORITY", "5");
}

static bool has_body(struct message *m)
{
    return pst_props_type(m->props, PR_BODY) ||
           pst_props_type(m->props, PR_RTF_COMPRESSED) ||
           pst_props_type(m->props, PR_HTML);
}

static const char *subject(struct ics *c)
{
    const char *text;

    if (!c->series)
        return message_subject(c->message);
    if (c->change && !(c->change->changes & RECUR_SUBJECT))
        return message_subject(c->series);
    text = c->message != c->series ? message_subject(c->message) : "";
    return *text || !c->change ? text : c->change->subject;
}

void ics_common(struct ics *c)
{
    struct message *m = c->message;
    const char *text;

    card_text(c->out, "UID", c->uid);
    ics_utc(c, "DTSTAMP", c->stamp);
    ics_filetime(c, "CREATED", pst_props_time(m->props, PR_CREATION_TIME));
    ics_filetime(c, "LAST-MODIFIED",
                 pst_props_time(m->props, PR_MODIFICATION_TIME));
    text = subject(c);
    if (*text || !c->method)
        card_text(c->out, "SUMMARY", text);
    else /* RFC 5546 wants one */
        card_raw(c->out, "SUMMARY", "(no subject)");
    card_text(c->out, "DESCRIPTION",
              body_plain(c->series && !has_body(m) ? c->series : m));
    write_categories(c);
    write_class(c);
}

/* ---- alarms ---- */

static void write_alarm(struct ics *c, const char *name, const char *trigger)
{
    card_raw(c->out, "BEGIN", "VALARM");
    card_raw(c->out, "ACTION", "DISPLAY");
    card_raw(c->out, "DESCRIPTION", "Reminder");
    card_raw(c->out, name, trigger);
    card_raw(c->out, "END", "VALARM");
}

void ics_alarm_before(struct ics *c, int32_t minutes)
{
    char trigger[32];

    if (minutes < 0 || minutes > REMINDER_MAX) /* 0x5AE980E1: the default */
        minutes = 15;
    snprintf(trigger, sizeof(trigger), "-PT%dM", (int)minutes);
    write_alarm(c, "TRIGGER", trigger);
}

void ics_alarm_at(struct ics *c, int64_t unix_sec)
{
    char text[TIME_TEXT_MAX];

    write_alarm(c, "TRIGGER;VALUE=DATE-TIME", time_ical(unix_sec, text));
}
