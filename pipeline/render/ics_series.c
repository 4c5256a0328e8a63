#include <string.h>

#include "pipeline/base/clock.h"
#include "pipeline/render/card.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/ics_priv.h"

#define DAY      86400
#define BIAS_MAX (15 * 3600)

/* The local clock against UTC, told by the same start on both. */
static int64_t series_bias(const struct ics *c)
{
    int64_t bias;

    if (c->all_day || !c->recur.has_times)
        return 0;
    bias = c->recur.start_date + c->recur.start_offset - c->start;
    bias %= DAY;
    if (bias > BIAS_MAX)
        bias -= DAY;
    if (bias < -BIAS_MAX)
        bias += DAY;
    return bias;
}

void ics_series_load(struct ics *c, enum name blob)
{
    struct message *m = c->message;
    size_t len;
    const uint8_t *p = fetch_blob(m, named_id(m->work, blob), &len);
    bool cut;
    int e;

    if (!p || !len)
        return;
    e = recur_parse(p, len, pst_props_codepage(m->props), m->work->arena,
                    &c->recur, &cut);
    if (e == -ENOMEM)
        m->work->error = ENOMEM;
    else if (e < 0)
        message_defect(m, "recurrence pattern: %s",
                       e == -ENOTSUP ? "calendar not supported" : "damaged");
    else if (cut)
        message_defect(m, "recurrence pattern: exceptions are damaged");
    c->has_recur = e == 0;
    c->bias = c->has_recur ? series_bias(c) : 0;
}

/* A local instant of the series as it is told: UTC, or a date. */
static int64_t told(const struct ics *c, int64_t local)
{
    return c->all_day ? local - ((local % DAY) + DAY) % DAY : local - c->bias;
}

static int64_t day_number(int64_t t)
{
    return (t - ((t % DAY) + DAY) % DAY) / DAY;
}

void ics_series_rule(struct ics *c)
{
    cleanup_buf struct buf rule = BUF(4096);
    cleanup_buf struct buf until = BUF(256);
    cleanup_buf struct buf dates = BUF(RECUR_DATES_MAX * 20);
    const struct recur *r = &c->recur;

    if (!c->has_recur)
        return;
    ics_time_value(c, told(c, r->end_date + r->start_offset), &until);
    recur_rule(r, (int)(day_number(c->start) - day_number(c->start + c->bias)),
               buf_str(&until), &rule);
    card_raw(c->out, "RRULE", buf_str(&rule));
    for (size_t i = 0; i < r->deleted_count; i++) {
        if (i)
            buf_addc(&dates, ',');
        ics_time_value(c, told(c, r->deleted[i] + r->start_offset), &dates);
    }
    if (dates.len)
        card_raw(c->out, c->all_day ? "EXDATE;VALUE=DATE" : "EXDATE",
                 buf_str(&dates));
}

static void write_exception(struct ics *c, const struct recur_exception *x)
{
    bool dated = c->all_day;
    char text[TIME_TEXT_MAX];
    int64_t end;

    card_raw(c->out, "BEGIN", "VEVENT");
    card_text(c->out, "UID", c->uid);
    card_raw(c->out, "DTSTAMP", time_ical(c->stamp, text));
    ics_time(c, "RECURRENCE-ID", told(c, x->original));
    if (x->changes & RECUR_ALL_DAY)
        c->all_day = x->all_day;
    end = told(c, x->end);
    ics_time(c, "DTSTART", told(c, x->start));
    if (c->all_day && end <= told(c, x->start))
        end = told(c, x->start) + DAY;
    ics_time(c, "DTEND", end);
    c->all_day = dated;
    card_text(c->out, "SUMMARY", *x->subject ? x->subject : c->subject);
    card_text(c->out, "LOCATION", *x->location ? x->location : c->location);
    if (x->changes & RECUR_BUSY)
        card_raw(c->out, "TRANSP", x->busy ? "OPAQUE" : "TRANSPARENT");
    card_raw(c->out, "END", "VEVENT");
}

void ics_series_exceptions(struct ics *c)
{
    if (!c->has_recur)
        return;
    for (size_t i = 0; i < c->recur.exception_count; i++)
        write_exception(c, &c->recur.exceptions[i]);
}
