#include <stdio.h>
#include <string.h>

#include "pipeline/base/clock.h"
#include "pipeline/render/address.h"
#include "pipeline/render/card.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/ics.h"
#include "pipeline/render/ics_priv.h"

#define STATUS_COMPLETE 2
#define WORK_MAX        (100 * 366 * 24 * 60)

/* The day of a task's date, which is a local midnight kept as if it were UTC
 * ([MS-OXOTASK] 2.2.2.2.4); INT64_MIN when not set. */
static int64_t task_day(struct ics *c, enum name id)
{
    uint64_t t = fetch_time(c->message, id);

    return t ? zone_date(&c->zone, time_from_filetime(t, NULL)) : INT64_MIN;
}

static void write_day(struct ics *c, const char *name, int64_t day)
{
    if (day != INT64_MIN)
        ics_time(c, name, day);
}

static void write_progress(struct ics *c)
{
    static const char *const states[] = {"NEEDS-ACTION", "IN-PROCESS",
                                         "COMPLETED", "NEEDS-ACTION",
                                         "NEEDS-ACTION"};
    static const char *const words[] = {NULL, NULL, NULL, "waiting",
                                        "deferred"};
    struct message *m = c->message;
    int32_t state = fetch_int(m, NAME_TASK_STATUS, 0);
    uint16_t id = named_id(m->work, NAME_TASK_PERCENT);
    double part = id ? pst_props_double(m->props, id, 0) : 0;
    char percent[16];

    if (fetch_bool(m, NAME_TASK_COMPLETE))
        state = STATUS_COMPLETE;
    if (state < 0 || state >= (int32_t)array_len(states))
        state = 0;
    card_raw(c->out, "STATUS", states[state]);
    if (words[state]) /* iCalendar has no such state */
        card_raw(c->out, "X-PSTFS-TASK-STATUS", words[state]);
    if (part > 0 && part <= 1) {
        snprintf(percent, sizeof(percent), "%d", (int)(part * 100 + 0.5));
        card_raw(c->out, "PERCENT-COMPLETE", percent);
    }
    ics_filetime(c, "COMPLETED", fetch_time(m, NAME_TASK_DONE));
}

static void write_work(struct ics *c, const char *name, enum name id)
{
    int32_t minutes = fetch_int(c->message, id, 0);
    char text[32];

    if (minutes <= 0 || minutes > WORK_MAX)
        return;
    snprintf(text, sizeof(text), "PT%dM", (int)minutes);
    card_raw(c->out, name, text);
}

/* Who has it and who gave it away: names, without addresses. */
static void write_owner(struct ics *c)
{
    static const char *const answers[] = {NULL, "unanswered", "accepted",
                                          "declined"};
    struct message *m = c->message;
    int32_t answer = fetch_int(m, NAME_TASK_ACCEPTANCE, 0);

    card_text(c->out, "X-PSTFS-TASK-OWNER", fetch_named(m, NAME_TASK_OWNER));
    card_text(c->out, "X-PSTFS-TASK-DELEGATOR",
              fetch_named(m, NAME_TASK_DELEGATOR));
    if (answer > 0 && answer < (int32_t)array_len(answers))
        card_raw(c->out, "X-PSTFS-TASK-ANSWER", answers[answer]);
    if (c->method || pst_item_recipients(m->item))
        ics_people(c);
    if (c->method && strcmp(c->method, "REPLY") == 0)
        card_raw(c->out, "REQUEST-STATUS", "2.0;Success");
}

static void write_alarm(struct ics *c)
{
    struct message *m = c->message;
    uint64_t t = fetch_time(m, NAME_REMINDER_SIGNAL);

    if (!fetch_bool(m, NAME_REMINDER_SET))
        return;
    if (!t)
        t = fetch_time(m, NAME_REMINDER_TIME);
    if (t)
        ics_alarm_at(c, time_from_filetime(t, NULL));
}

/* Which of the task's two days the pattern goes by. */
static int64_t series_day(const struct ics *c, int64_t start, int64_t due)
{
    const struct recur *r = &c->recur;

    if (start != INT64_MIN && recur_first(r, start) == start)
        return start;
    if (due != INT64_MIN && recur_first(r, due) == due)
        return due;
    start = recur_first(r, start != INT64_MIN ? start : due);
    return start != INT64_MIN ? start : r->start_date;
}

/* A series is told from the present instance on: those before it are items of
 * their own once they are done. */
static void write_days(struct ics *c)
{
    int64_t start = task_day(c, NAME_TASK_START);
    int64_t due = task_day(c, NAME_TASK_DUE);
    int64_t first = start;

    if (c->has_recur && !c->recur.sliding && !recur_calendar(&c->recur)) {
        first = series_day(c, start, due);
        if (first > c->recur.start_date)
            recur_uncount(&c->recur);
    } else if (c->has_recur && start == INT64_MIN && due == INT64_MIN) {
        first = c->recur.start_date;
    }
    if (c->carrier && first == INT64_MIN) /* RFC 5546 wants one */
        first = due != INT64_MIN
                    ? due
                    : zone_date(&c->zone, message_time(c->carrier->props));
    write_day(c, "DTSTART", first);
    write_day(c, "DUE", due != INT64_MIN && due < first ? first : due);
    if (start != first)
        write_day(c, "X-PSTFS-TASK-START", start);
    ics_series_rule(c);
}

static void write_task(struct ics *c)
{
    card_raw(c->out, "BEGIN", "VTODO");
    ics_common(c);
    write_days(c);
    write_progress(c);
    write_work(c, "X-PSTFS-TASK-ACTUAL-WORK", NAME_TASK_ACTUAL_WORK);
    write_work(c, "X-PSTFS-TASK-TOTAL-WORK", NAME_TASK_TOTAL_WORK);
    write_owner(c);
    ics_attach_write(c);
    write_alarm(c);
    ics_defects(c);
    card_raw(c->out, "END", "VTODO");
}

static void write_calendar(struct message *m, struct message *carrier,
                           const char *method, struct native *out)
{
    struct ics c;

    ics_init(&c, m, method, out);
    c.carrier = carrier;
    c.all_day = true;
    ics_series_load(&c, NAME_TASK_RECURRENCE);
    ics_open(&c);
    write_task(&c);
    ics_close(&c);
}

void ics_task(struct message *m, const char *method, struct native *out)
{
    write_calendar(m, NULL, method, out);
}

void ics_task_request(struct message *m, const char *method, struct native *out)
{
    struct parts parts;

    attach_load(m, NULL, &parts);
    for (size_t i = 0; i < parts.count; i++) {
        struct message task;
        bool found;
        if (parts.list[i].kind != PART_MESSAGE)
            continue;
        message_init(&task, m->work, parts.list[i].item, m->depth + 1);
        found = class_is(task.class, "IPM.Task");
        if (found)
            write_calendar(&task, m, method, out);
        message_finish(&task);
        if (found)
            return;
    }
}
