#include <string.h>

#include "tools/mkpst/json.h"
#include "tools/mkpst/maker.h"
#include "tools/mkpst/recurrence.h"

#define DAY          86400
#define STATUS_COUNT 5
#define STATUS_DONE  2
#define STATUS_NEW   0
#define NOTE_COLORS  5

#define RECUR_PERCENT   30
#define SLIDING_PERCENT 15

static struct item *own_item(struct maker *m, const char *class)
{
    struct item *item = maker_item(m, class);

    item->read = true;
    item->submitted = TIME_NONE;
    note_subject(m, item);
    free(item->in_reply_to);
    item->in_reply_to = NULL;
    return item;
}

static void add_date(struct maker *m, struct item *item, enum named name,
                     const char *key, int64_t when)
{
    props_time(&item->props, maker_name(m, name), when);
    json_key_int(&item->json, key, when);
}

static void add_reminder(struct maker *m, struct item *item, int64_t when)
{
    props_bool(&item->props, maker_name(m, NAMED_REMINDER_SET), true);
    props_time(&item->props, maker_name(m, NAMED_REMINDER_TIME), when);
    props_time(&item->props, maker_name(m, NAMED_REMINDER_SIGNAL), when);
    json_key_int(&item->json, "reminder", when);
}

static void add_progress(struct maker *m, struct item *item, int64_t due)
{
    unsigned status = rng_below(&m->rng, STATUS_COUNT);
    bool done = status == STATUS_DONE;
    unsigned percent = done                   ? 100
                       : status == STATUS_NEW ? 0
                                              : rng_below(&m->rng, 10) * 10;

    props_int(&item->props, maker_name(m, NAMED_TASK_STATUS), status);
    props_double(&item->props, maker_name(m, NAMED_TASK_PERCENT),
                 percent / 100.0);
    props_bool(&item->props, maker_name(m, NAMED_TASK_DONE), done);
    json_key_int(&item->json, "status", status);
    json_key_int(&item->json, "percent", percent);
    json_key_bool(&item->json, "complete", done);
    if (done)
        add_date(m, item, NAMED_TASK_DONE_DATE, "completed", due - DAY);
}

/* A series: the task is one of its occurrences, those before are done. */
static int64_t add_series(struct maker *m, struct item *item, int64_t start)
{
    bool often = m->opt->calendar_only;
    unsigned shape = often ? (unsigned)(m->number / 6 % RECUR_SHAPES)
                           : rng_below(&m->rng, RECUR_SHAPES);
    struct buf cleanup_buf blob = MEM_BUF;
    struct recurrence r;

    if (!rng_chance(&m->rng, often ? 90 : RECUR_PERCENT))
        return start;
    recurrence_make(&r, &m->rng, shape, start / DAY, 0, 0);
    r.changed_count = 0;
    r.sliding = rng_chance(&m->rng, SLIDING_PERCENT);
    recurrence_pattern(&r, &blob);
    mem_check(&blob);
    props_bytes(&item->props, maker_name(m, NAMED_TASK_RECUR), blob.data,
                blob.len);
    props_bool(&item->props, maker_name(m, NAMED_TASK_RECURRING), true);
    json_key_bool(&item->json, "regenerates", r.sliding);
    return r.days[rng_chance(&m->rng, 50) ? 0 : r.count / 2] * DAY;
}

static void add_work(struct maker *m, struct item *item)
{
    unsigned total = 30 * (1 + rng_below(&m->rng, 40));

    if (!rng_chance(&m->rng, 30))
        return;
    props_int(&item->props, maker_name(m, NAMED_TASK_TOTAL_WORK), total);
    props_int(&item->props, maker_name(m, NAMED_TASK_ACTUAL_WORK), total / 2);
    props_text(&item->props, maker_name(m, NAMED_TASK_DELEGATOR),
               cast_owner(&m->cast)->name);
    json_key_int(&item->json, "total_work", total);
    json_key_int(&item->json, "actual_work", total / 2);
}

struct item *task_make(struct maker *m)
{
    struct item *item = own_item(m, "IPM.Task");
    int64_t start = maker_time(m) / DAY * DAY, due;

    json_key(&item->json, "task");
    buf_addc(&item->json, '{');
    start = add_series(m, item, start);
    due = start + (int64_t)rng_below(&m->rng, 60) * DAY;
    if (rng_chance(&m->rng, 60))
        add_date(m, item, NAMED_TASK_START, "start", start);
    else
        due = start;
    if (rng_chance(&m->rng, 80))
        add_date(m, item, NAMED_TASK_DUE, "due", due);
    add_progress(m, item, due);
    add_work(m, item);
    if (rng_chance(&m->rng, 30))
        add_reminder(m, item, due - 3600);
    buf_addc(&item->json, '}');
    props_text(&item->props, maker_name(m, NAMED_TASK_OWNER),
               cast_owner(&m->cast)->name);
    body_text(m, item, 300);
    item->importance = rng_below(&m->rng, 3);
    return item;
}

/* A mail that gives a task away, or an answer to one: the task is inside. */
struct item *task_request_make(struct maker *m)
{
    static const char *const classes[] = {
        "IPM.TaskRequest", "IPM.TaskRequest.Accept", "IPM.TaskRequest.Decline",
        "IPM.TaskRequest.Update"};
    struct item *item =
        note_make(m, classes[rng_below(&m->rng, array_len(classes))], 0);
    struct part *part = item_part(item);

    part->item = task_make(m);
    part->name = mem_text(part->item->subject);
    part->mime = "message/rfc822";
    return item;
}

/* The title of a note is the first line of its text. */
struct item *sticky_make(struct maker *m)
{
    struct item *item = own_item(m, "IPM.StickyNote");
    unsigned color = rng_below(&m->rng, NOTE_COLORS);

    item->prefix = PREFIX_NO_MARK;
    buf_addf(&item->text, "%s\r\n", item->subject);
    body_text(m, item, 150);
    props_int(&item->props, maker_name(m, NAMED_NOTE_COLOR), color);
    props_int(&item->props, maker_name(m, NAMED_NOTE_WIDTH), 200);
    props_int(&item->props, maker_name(m, NAMED_NOTE_HEIGHT), 166);
    json_key(&item->json, "note");
    buf_addc(&item->json, '{');
    json_key_int(&item->json, "color", color);
    buf_addc(&item->json, '}');
    return item;
}

struct item *journal_make(struct maker *m)
{
    struct item *item = own_item(m, "IPM.Activity");
    int64_t start = maker_time(m) / 60 * 60;
    unsigned minutes = rng_below(&m->rng, 90);

    props_text(&item->props, maker_name(m, NAMED_LOG_TYPE), "Phone call");
    props_text(&item->props, maker_name(m, NAMED_LOG_TEXT), "Phone call");
    props_int(&item->props, maker_name(m, NAMED_LOG_DURATION), minutes);
    json_key(&item->json, "journal");
    buf_addc(&item->json, '{');
    json_key_text(&item->json, "type", "Phone call");
    add_date(m, item, NAMED_LOG_START, "start", start);
    add_date(m, item, NAMED_LOG_END, "end", start + minutes * 60);
    json_key_int(&item->json, "minutes", minutes);
    buf_addc(&item->json, '}');
    body_text(m, item, 400);
    return item;
}
