#include <stdio.h>
#include <string.h>

#include "pipeline/base/clock.h"
#include "tools/mkpst/bytes.h"
#include "tools/mkpst/json.h"
#include "tools/mkpst/maker.h"
#include "tools/mkpst/recurrence.h"
#include "tools/mkpst/zone.h"

#define DAY_SECONDS     86400
#define DAY_MINUTES     1440
#define ALL_DAY_PERCENT 15
#define RECUR_PERCENT   40
#define RECUR_OFTEN     90 /* in a store of nothing but events */
#define STATE_MEETING   1
#define ZONE_FIRST_DAY  14245 /* 2009-01-01: the rules held from then on */
#define ZONE_DAYS       5400
#define GLOBAL_ID_SIZE  56
#define CHANGE_CLASS    "IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}"

/* Which of the zone's properties a recurring event has. */
enum zone_form {
    ZONE_ALL,
    ZONE_OLD,   /* without the definition of the series */
    ZONE_NONE,  /* old files */
    ZONE_CLASH, /* the definition is of another zone: it does not hold */
};

struct event {
    const struct zone *zone;
    enum zone_form form;
    int64_t day; /* local */
    int minute, duration;
    bool all_day, recurs;
    struct recurrence rule;
};

static void set_time(struct maker *m, struct item *item, enum named name,
                     int64_t when)
{
    props_time(&item->props, maker_name(m, name), when);
}

static void set_bytes(struct maker *m, struct item *item, enum named name,
                      const struct buf *bytes)
{
    props_bytes(&item->props, maker_name(m, name), bytes->data, bytes->len);
}

static enum zone_form pick_form(struct rng *rng)
{
    unsigned n = rng_below(rng, 100);

    return n < 75   ? ZONE_ALL
           : n < 85 ? ZONE_OLD
           : n < 93 ? ZONE_NONE
                    : ZONE_CLASH;
}

static void plan_event(struct maker *m, struct event *e)
{
    bool often = m->opt->calendar_only;
    unsigned shape =
        often ? (unsigned)((m->number - m->number / 6) % RECUR_SHAPES)
              : rng_below(&m->rng, RECUR_SHAPES);

    e->zone = &zones[rng_below(&m->rng, zone_count)];
    e->form = pick_form(&m->rng);
    e->day = ZONE_FIRST_DAY + rng_below(&m->rng, ZONE_DAYS);
    e->all_day = rng_chance(&m->rng, ALL_DAY_PERCENT);
    e->minute = e->all_day ? 0 : (int)(8 * 60 + 15 * rng_below(&m->rng, 40));
    e->duration = e->all_day ? (int)(1 + rng_below(&m->rng, 3)) * DAY_MINUTES
                             : (int)(15 * (1 + rng_below(&m->rng, 12)));
    e->recurs = rng_chance(&m->rng, often ? RECUR_OFTEN : RECUR_PERCENT);
    if (!e->recurs) {
        e->form = ZONE_ALL;
        return;
    }
    if (e->all_day)
        e->duration = DAY_MINUTES;
    recurrence_make(&e->rule, &m->rng, shape, e->day, e->minute, e->duration);
    e->day = e->rule.days[0];
}

static int year_of(int64_t day)
{
    struct time_utc t;

    time_split(day * DAY_SECONDS, &t);
    return t.year;
}

static const struct zone *other_zone(const struct zone *z)
{
    return z == &zones[2] ? &zones[3] : &zones[2]; /* not alike */
}

static void add_zone_recur(struct maker *m, struct item *item,
                           const struct event *e)
{
    struct buf cleanup_buf recurring = MEM_BUF;
    struct buf cleanup_buf old = MEM_BUF;
    int year = year_of(e->day);

    zone_definition(e->form == ZONE_CLASH ? other_zone(e->zone) : e->zone, true,
                    year, &recurring);
    zone_struct(e->zone, year, &old);
    if (e->form != ZONE_OLD)
        set_bytes(m, item, NAMED_ZONE_RECUR, &recurring);
    set_bytes(m, item, NAMED_ZONE_STRUCT, &old);
    props_text(&item->props, maker_name(m, NAMED_ZONE_TEXT), e->zone->label);
}

static void add_zone(struct maker *m, struct item *item, const struct event *e)
{
    struct buf cleanup_buf plain = MEM_BUF;

    json_key_text(&item->json, "zone", e->zone->key);
    json_key_text(&item->json, "zone_iana", e->zone->iana);
    if (e->form == ZONE_NONE)
        return;
    zone_definition(e->zone, false, year_of(e->day), &plain);
    set_bytes(m, item, NAMED_ZONE_START, &plain);
    set_bytes(m, item, NAMED_ZONE_END, &plain);
    if (e->recurs)
        add_zone_recur(m, item, e);
}

static void add_times(struct maker *m, struct item *item, const struct event *e)
{
    int end_minute = e->minute + e->duration;
    int64_t start = zone_to_utc(e->zone, e->day, e->minute);
    int64_t end = zone_to_utc(e->zone, e->day + end_minute / DAY_MINUTES,
                              end_minute % DAY_MINUTES);

    set_time(m, item, NAMED_START, start);
    set_time(m, item, NAMED_END, end);
    set_time(m, item, NAMED_COMMON_START, start);
    set_time(m, item, NAMED_COMMON_END, end);
    props_time(&item->props, PR_START_DATE, start);
    props_time(&item->props, PR_END_DATE, end);
    props_int(&item->props, maker_name(m, NAMED_DURATION),
              (uint32_t)e->duration);
    props_bool(&item->props, maker_name(m, NAMED_ALL_DAY), e->all_day);
    json_key_int(&item->json, "start", start);
    json_key_int(&item->json, "end", end);
    json_key_bool(&item->json, "all_day", e->all_day);
}

static void local_text(int64_t day, int minute, char text_r[20])
{
    struct time_utc t;

    time_split(day * DAY_SECONDS + minute * 60, &t);
    snprintf(text_r, 20, "%04u%02u%02uT%02u%02u00", (unsigned)t.year % 10000,
             (unsigned)t.month % 100, (unsigned)t.day % 100,
             (unsigned)t.hour % 100, (unsigned)t.minute % 100);
}

static const struct recurrence_change *find_change(const struct recurrence *r,
                                                   int64_t day)
{
    for (unsigned i = 0; i < r->changed_count; i++)
        if (r->changed[i].day == day)
            return &r->changed[i];
    return NULL;
}

static bool is_deleted(const struct recurrence *r, int64_t day)
{
    for (unsigned i = 0; i < r->deleted_count; i++)
        if (r->deleted[i] == day)
            return true;
    return false;
}

/* Local starts of the occurrences, exceptions applied; of a series without
 * end only the first ones. */
static void add_occurrences(struct item *item, const struct event *e)
{
    const struct recurrence *r = &e->rule;
    bool first = true;
    char text[20];

    json_key(&item->json, "occurrences");
    buf_addc(&item->json, '[');
    for (unsigned i = 0; i < r->count; i++) {
        const struct recurrence_change *c = find_change(r, r->days[i]);
        if (is_deleted(r, r->days[i]))
            continue;
        local_text(c ? c->new_day : r->days[i], c ? c->new_minute : r->minute,
                   text);
        if (!first)
            buf_addc(&item->json, ',');
        json_text(&item->json, text);
        first = false;
    }
    buf_addc(&item->json, ']');
}

static void add_exceptions(struct item *item, const struct event *e)
{
    const struct recurrence *r = &e->rule;
    char text[20];

    json_key(&item->json, "exdates");
    buf_addc(&item->json, '[');
    for (unsigned i = 0; i < r->deleted_count; i++) {
        local_text(r->deleted[i], r->minute, text);
        if (i)
            buf_addc(&item->json, ',');
        json_text(&item->json, text);
    }
    buf_addc(&item->json, ']');
    json_key(&item->json, "changed");
    buf_addc(&item->json, '[');
    for (unsigned i = 0; i < r->changed_count; i++) {
        const struct recurrence_change *c = &r->changed[i];
        buf_adds(&item->json, i ? ",{" : "{");
        local_text(c->day, r->minute, text);
        json_key_text(&item->json, "original", text);
        local_text(c->new_day, c->new_minute, text);
        json_key_text(&item->json, "start", text);
        json_key_text(&item->json, "subject", c->subject);
        json_key_text(&item->json, "location", c->location);
        json_key_bool(&item->json, "message", !c->bare);
        json_key_bool(&item->json, "body", c->body);
        json_key_bool(&item->json, "parts", c->parts);
        buf_addc(&item->json, '}');
    }
    buf_addc(&item->json, ']');
}

static void add_recurrence(struct maker *m, struct item *item,
                           const struct event *e)
{
    struct buf cleanup_buf blob = MEM_BUF;
    struct buf cleanup_buf rule = MEM_BUF;

    props_bool(&item->props, maker_name(m, NAMED_RECURRING), e->recurs);
    if (!e->recurs) {
        json_key_text(&item->json, "recurrence", NULL);
        return;
    }
    recurrence_blob(&e->rule, &blob);
    recurrence_rule(&e->rule, &rule);
    set_bytes(m, item, NAMED_RECUR, &blob);
    props_int(&item->props, maker_name(m, NAMED_RECUR_TYPE),
              recurrence_type(&e->rule));
    props_text(&item->props, maker_name(m, NAMED_RECUR_PATTERN),
               "as the rule says");
    set_time(m, item, NAMED_CLIP_START, zone_to_utc(e->zone, e->day, 0));
    json_key_text(&item->json, "recurrence", buf_str(&rule));
    json_key_bool(&item->json, "endless", e->rule.end == RECUR_NEVER);
    add_exceptions(item, e);
    add_occurrences(item, e);
}

/* ---- changed instances ---- */

static void add_change_props(struct maker *m, struct item *item,
                             const struct event *e,
                             const struct recurrence_change *c)
{
    int end = c->new_minute + e->duration;

    set_time(m, item, NAMED_REPLACES, zone_to_utc(e->zone, c->day, e->minute));
    set_time(m, item, NAMED_START,
             zone_to_utc(e->zone, c->new_day, c->new_minute));
    set_time(m, item, NAMED_END,
             zone_to_utc(e->zone, c->new_day + end / DAY_MINUTES,
                         end % DAY_MINUTES));
    if (c->location)
        props_text(&item->props, maker_name(m, NAMED_LOCATION), c->location);
    if (c->busy >= 0)
        props_int(&item->props, maker_name(m, NAMED_BUSY_STATUS),
                  (uint32_t)c->busy);
}

/* The message of one: only what differs from the series. */
static struct item *make_change(struct maker *m, const struct item *series,
                                const struct event *e,
                                const struct recurrence_change *c)
{
    struct item *item = maker_item(m, CHANGE_CLASS);

    free(item->subject);
    item->subject = mem_text(c->subject ? c->subject : series->subject);
    item->prefix = c->subject ? PREFIX_NO_MARK : series->prefix;
    item->delivered = item->submitted = TIME_NONE;
    add_change_props(m, item, e, c);
    if (c->body)
        body_text(m, item, 120);
    if (c->parts)
        parts_add(m, item, 1 + rng_below(&m->rng, 3000), NULL);
    return item;
}

static void add_changes(struct maker *m, struct item *item,
                        const struct event *e)
{
    for (unsigned i = 0; e->recurs && i < e->rule.changed_count; i++) {
        const struct recurrence_change *c = &e->rule.changed[i];
        struct item *inner = c->bare ? NULL : make_change(m, item, e, c);
        int64_t start = c->new_day * DAY_SECONDS + c->new_minute * 60;
        struct part *part;
        if (!inner)
            continue;
        part = item_part(item);
        part->item = inner;
        part->name = mem_text(inner->subject);
        part->mime = "message/rfc822";
        part->changed = true;
        part->replaces = zone_to_utc(e->zone, c->day, e->minute);
        part->starts = start;
        part->ends = start + e->duration * 60;
    }
}

/* [MS-OXOCAL] 2.2.1.27: class id, date, creation time, data. */
static void add_global_id(struct maker *m, struct item *item)
{
    uint8_t id[GLOBAL_ID_SIZE] = {0x04, 0x00, 0x00, 0x00, 0x82, 0x00,
                                  0xE0, 0x00, 0x74, 0xC5, 0xB7, 0x10,
                                  0x1A, 0x82, 0xE0, 0x08};

    put64(id + 20, time_to_filetime(item->delivered));
    put32(id + 36, 16);
    rng_fill(&m->rng, id + 40, 16);
    props_bytes(&item->props, maker_name(m, NAMED_GLOBAL_ID), id, sizeof(id));
    props_bytes(&item->props, maker_name(m, NAMED_CLEAN_GLOBAL_ID), id,
                sizeof(id));
}

static void add_place(struct maker *m, struct item *item)
{
    char *cleanup_free place = maker_words(m, item, 2);
    unsigned busy = rng_below(&m->rng, 4);

    props_text(&item->props, maker_name(m, NAMED_LOCATION), place);
    props_int(&item->props, maker_name(m, NAMED_BUSY_STATUS), busy);
    json_key_text(&item->json, "location", place);
    json_key_int(&item->json, "busy", busy);
}

static void add_reminder(struct maker *m, struct item *item)
{
    bool set = rng_chance(&m->rng, 60);
    unsigned minutes = 5 * (1 + rng_below(&m->rng, 12));

    props_bool(&item->props, maker_name(m, NAMED_REMINDER_SET), set);
    props_int(&item->props, maker_name(m, NAMED_REMINDER_DELTA), minutes);
    json_key(&item->json, "reminder_minutes");
    if (set)
        buf_addf(&item->json, "%u", minutes);
    else
        buf_adds(&item->json, "null");
}

struct item *event_make(struct maker *m, const char *class)
{
    struct item *item = maker_item(m, class);
    struct event e = {0};
    bool meeting =
        strcmp(class, "IPM.Appointment") != 0 || rng_chance(&m->rng, 50);

    note_subject(m, item);
    plan_event(m, &e);
    if (meeting)
        note_recipients(m, item);
    json_key(&item->json, "event");
    buf_addc(&item->json, '{');
    add_times(m, item, &e);
    add_zone(m, item, &e);
    add_place(m, item);
    add_reminder(m, item);
    add_recurrence(m, item, &e);
    buf_addc(&item->json, '}');
    add_global_id(m, item);
    props_int(&item->props, maker_name(m, NAMED_STATE_FLAGS),
              meeting ? STATE_MEETING : 0);
    props_int(&item->props, maker_name(m, NAMED_RESPONSE), meeting ? 1 : 0);
    body_make(m, item, 400);
    if (rng_chance(&m->rng, 20))
        parts_add(m, item, 1 + rng_below(&m->rng, 9000), NULL);
    add_changes(m, item, &e);
    return item;
}
