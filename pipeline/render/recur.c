#include "pipeline/render/recur.h"

#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/cleanup.h"
#include "pipeline/base/clock.h"
#include "pipeline/render/limits.h"
#include "pipeline/render/recur_priv.h"

#define EPOCH_1601   (-11644473600LL)
#define READER       0x3004
#define READER_TIMES 0x3006
#define WRITER_MARKS 0x3009 /* from here on exceptions have a highlight */
#define END_FOREVER  0x5AE980DF

/* Fields of an exception that are not given out. */
#define HAS_MEETING_TYPE 0x0002
#define HAS_COLOR        0x0100

struct cursor {
    const uint8_t *at, *end;
    bool bad; /* sticky: a field was past the end */
};

static const uint8_t *take(struct cursor *c, size_t n)
{
    const uint8_t *at = c->at;

    if (c->bad || (size_t)(c->end - c->at) < n) {
        c->bad = true;
        return NULL;
    }
    c->at += n;
    return at;
}

static uint32_t take16(struct cursor *c)
{
    const uint8_t *p = take(c, 2);

    return p ? p[0] | (uint32_t)p[1] << 8 : 0;
}

static uint32_t take32(struct cursor *c)
{
    const uint8_t *p = take(c, 4);

    return p ? p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                   (uint32_t)p[3] << 24
             : 0;
}

static int64_t take_minutes(struct cursor *c)
{
    return (int64_t)take32(c) * 60 + EPOCH_1601;
}

static void take_specific(struct cursor *c, struct recur *r)
{
    if (r->pattern == PATTERN_WEEK) {
        r->mask = take32(c) & 0x7F;
    } else if (r->pattern == PATTERN_NTH) {
        r->mask = take32(c) & 0x7F;
        r->day = take32(c);
    } else if (r->pattern != PATTERN_DAY) {
        r->day = take32(c);
    }
}

/* A counted list of midnights. */
static int take_dates(struct cursor *c, struct arena *arena, int64_t **list_r,
                      size_t *count_r)
{
    uint32_t n = take32(c);

    *count_r = 0;
    if (c->bad || n > RECUR_DATES_MAX || n > (size_t)(c->end - c->at) / 4)
        return -EBADMSG;
    *list_r = arena_alloc(arena, n * sizeof(int64_t) + 1);
    if (!*list_r)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        (*list_r)[i] = take_minutes(c);
    *count_r = n;
    return 0;
}

static const char *take_text(struct cursor *c, size_t chars, bool wide,
                             unsigned codepage, struct arena *arena)
{
    cleanup_buf struct buf out = BUF(RENDER_FIELD_MAX * 4);
    size_t n = wide ? chars * 2 : chars;
    const uint8_t *p = take(c, n);
    const char *copy;

    if (!p)
        return "";
    if (wide)
        charset_from_utf16(p, n, &out);
    else
        charset_from_codepage(codepage, p, n, &out);
    copy = arena_copy(arena, buf_str(&out), strlen(buf_str(&out)));
    return copy ? copy : "";
}

/* ExceptionInfo: its texts are 8-bit; better ones may follow later. */
static void take_exception(struct cursor *c, unsigned codepage,
                           struct arena *arena, struct recur_exception *x)
{
    x->subject = x->location = "";
    x->start = take_minutes(c);
    x->end = take_minutes(c);
    x->original = take_minutes(c);
    x->changes = take16(c);
    if (x->changes & RECUR_SUBJECT) {
        take16(c);
        x->subject = take_text(c, take16(c), false, codepage, arena);
    }
    if (x->changes & HAS_MEETING_TYPE)
        take32(c);
    if (x->changes & RECUR_DELTA)
        x->delta = (int32_t)take32(c);
    if (x->changes & RECUR_REMINDER)
        x->reminder = take32(c) != 0;
    if (x->changes & RECUR_LOCATION) {
        take16(c);
        x->location = take_text(c, take16(c), false, codepage, arena);
    }
    if (x->changes & RECUR_BUSY)
        x->busy = (int32_t)take32(c);
    if (x->changes & RECUR_ATTACHMENTS)
        x->attachments = take32(c) != 0;
    if (x->changes & RECUR_ALL_DAY)
        x->all_day = take32(c) != 0;
    if (x->changes & HAS_COLOR)
        take32(c);
}

/* ExtendedException: the texts again, in UTF-16. */
static void take_extended(struct cursor *c, uint32_t writer,
                          struct arena *arena, struct recur_exception *x)
{
    const char *text;

    if (writer >= WRITER_MARKS)
        take(c, take32(c));
    take(c, take32(c));
    if (!(x->changes & (RECUR_SUBJECT | RECUR_LOCATION)))
        return;
    take(c, 12);
    if (x->changes & RECUR_SUBJECT) {
        text = take_text(c, take16(c), true, 0, arena);
        x->subject = c->bad ? x->subject : text;
    }
    if (x->changes & RECUR_LOCATION) {
        text = take_text(c, take16(c), true, 0, arena);
        x->location = c->bad ? x->location : text;
    }
    take(c, take32(c));
}

static int take_exceptions(struct cursor *c, uint32_t writer, unsigned codepage,
                           struct arena *arena, struct recur *r, bool *cut_r)
{
    uint32_t n = take16(c);

    if (c->bad || n > RECUR_DATES_MAX) {
        *cut_r = true;
        return 0;
    }
    r->exceptions = arena_alloc(arena, n * sizeof(*r->exceptions) + 1);
    if (!r->exceptions)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        take_exception(c, codepage, arena, &r->exceptions[i]);
        if (c->bad) {
            *cut_r = true;
            return 0;
        }
        r->exception_count++;
    }
    take(c, take32(c)); /* reserved block */
    for (uint32_t i = 0; i < n && !c->bad; i++)
        take_extended(c, writer, arena, &r->exceptions[i]);
    return 0;
}

static bool is_changed(const struct recur *r, int64_t midnight)
{
    for (size_t i = 0; i < r->exception_count; i++) {
        int64_t o = r->exceptions[i].original;
        if (o >= midnight && o < midnight + DAY)
            return true;
    }
    return false;
}

/* Instances that were changed stand among the deleted ones as well. */
static void drop_changed(struct recur *r)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->deleted_count; i++)
        if (!is_changed(r, r->deleted[i]))
            r->deleted[kept++] = r->deleted[i];
    r->deleted_count = kept;
}

/* The Hijri patterns are the usual ones by another calendar. */
static bool take_shape(struct cursor *c, struct recur *r)
{
    r->frequency = take16(c);
    r->pattern = take16(c);
    r->calendar = take16(c);
    if (r->pattern >= PATTERN_HIJRI) {
        r->pattern -= PATTERN_HIJRI - PATTERN_MONTH;
        r->calendar = CALENDAR_HIJRI;
    }
    return r->pattern <= PATTERN_MONTHEND && r->frequency >= FREQ_DAILY &&
           r->frequency <= FREQ_YEARLY;
}

static bool is_sound(const struct recur *r)
{
    if (r->pattern == PATTERN_NTH)
        return r->mask && r->day >= 1 && r->day <= 5;
    if (r->pattern == PATTERN_MONTH)
        return r->day >= 1 && r->day <= 31;
    return true;
}

static int take_pattern(struct cursor *c, struct recur *r)
{
    uint32_t version = take16(c);

    take16(c);
    if (!take_shape(c, r) || version != READER)
        return -EBADMSG;
    take32(c); /* first date time */
    r->period = take32(c);
    r->sliding = take32(c) != 0;
    take_specific(c, r);
    r->end_type = take32(c);
    r->count = take32(c);
    r->first_weekday = take32(c) % 7;
    return c->bad || !is_sound(r) ? -EBADMSG : 0;
}

int recur_parse(const uint8_t *data, size_t len, unsigned codepage,
                struct arena *arena, struct recur *r_r, bool *cut_r)
{
    struct cursor c = {data, len ? data + len : data, false};
    int64_t *changed;
    size_t changed_count;
    uint32_t writer, end_minutes;
    int e;

    *r_r = (struct recur){0};
    *cut_r = false;
    if (!len)
        return -EBADMSG;
    e = take_pattern(&c, r_r);
    if (e == 0)
        e = take_dates(&c, arena, &r_r->deleted, &r_r->deleted_count);
    if (e == 0)
        e = take_dates(&c, arena, &changed, &changed_count);
    if (e < 0)
        return e;
    r_r->start_date = take_minutes(&c);
    end_minutes = take32(&c);
    r_r->end_date = (int64_t)end_minutes * 60 + EPOCH_1601;
    if (end_minutes == END_FOREVER && r_r->end_type == END_DATE)
        r_r->end_type = 0;
    if (c.bad)
        return -EBADMSG;
    if (take32(&c) != READER_TIMES || c.bad)
        return 0;
    writer = take32(&c);
    r_r->start_offset = (int64_t)take32(&c) * 60;
    r_r->end_offset = (int64_t)take32(&c) * 60;
    r_r->has_times = !c.bad;
    e = take_exceptions(&c, writer, codepage, arena, r_r, cut_r);
    drop_changed(r_r);
    return e;
}

void recur_uncount(struct recur *r)
{
    if (r->end_type == END_COUNT)
        r->end_type = END_DATE;
}

const char *recur_calendar(const struct recur *r)
{
    static const char *const names[] = {
        [6] = "Hijri",          [8] = "Hebrew",   [14] = "Japanese lunar",
        [15] = "Chinese lunar", [16] = "Saka",    [17] = "Chinese lunar",
        [18] = "Korean lunar",  [19] = "Rokuyou", [20] = "Korean lunar",
        [23] = "Umm al-Qura"};

    if (r->pattern == PATTERN_DAY || r->pattern == PATTERN_WEEK ||
        r->calendar >= array_len(names))
        return NULL;
    return names[r->calendar];
}
