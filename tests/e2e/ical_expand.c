/*
 * The judge of our iCalendar in the end-to-end tests: libical. For each file a
 * line of JSON: what libical complains of, and the instances of the first two
 * years of each event and task, by the zones that stand in the file.
 *
 * usage: ical-expand FILE...
 */
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPAN  (2L * 366 * 86400)
#define SIZE  (256L << 20)
#define COUNT 20000

struct list {
    struct {
        time_t original, start, end;
        int gone;
    } rows[COUNT];
    size_t count;
    int dates;
};

static struct list list;

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = f ? calloc(1, SIZE) : NULL;
    size_t n = text ? fread(text, 1, SIZE - 1, f) : 0;

    if (!n)
        exit(2);
    fclose(f);
    return realloc(text, n + 1);
}

static void put_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar((unsigned char)*text < ' ' ? ' ' : *text);
    }
    putchar('"');
}

static int put_errors(icalcomponent *c, int count)
{
    icalproperty *p = icalcomponent_get_first_property(c, ICAL_ANY_PROPERTY);
    icalcomponent *sub;

    for (; p; p = icalcomponent_get_next_property(c, ICAL_ANY_PROPERTY)) {
        if (icalproperty_isa(p) != ICAL_XLICERROR_PROPERTY)
            continue;
        if (count++)
            putchar(',');
        put_text(icalproperty_get_xlicerror(p));
    }
    sub = icalcomponent_get_first_component(c, ICAL_ANY_COMPONENT);
    for (; sub; sub = icalcomponent_get_next_component(c, ICAL_ANY_COMPONENT))
        count = put_errors(sub, count);
    return count;
}

static void put_time(time_t t)
{
    char text[32];
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(text, sizeof(text), list.dates ? "%Y%m%d" : "%Y%m%dT%H%M%SZ", &tm);
    put_text(text);
}

static void add(icalcomponent *c, struct icaltime_span *span, void *data)
{
    if (list.count == COUNT)
        return;
    list.rows[list.count].original = list.rows[list.count].start = span->start;
    list.rows[list.count].end = span->end;
    list.rows[list.count++].gone = 0;
}

static time_t instant(struct icaltimetype t)
{
    return icaltime_as_timet_with_zone(
        t, t.zone ? t.zone : icaltimezone_get_utc_timezone());
}

/* A changed instance takes the place of its original. */
static void change(icalcomponent *c)
{
    icalproperty *id =
        icalcomponent_get_first_property(c, ICAL_RECURRENCEID_PROPERTY);
    time_t original = instant(icalproperty_get_datetime_with_component(id, c));
    size_t i = 0;

    while (i < list.count && list.rows[i].original != original)
        i++;
    if (i == COUNT)
        return;
    if (i == list.count) {
        list.rows[list.count].original = original;
        list.rows[list.count++].gone = 1; /* no instance of the rule */
    }
    list.rows[i].start = instant(icalcomponent_get_dtstart(c));
    list.rows[i].end = instant(icalcomponent_get_dtend(c));
}

static int is_change(icalcomponent *c)
{
    return icalcomponent_get_first_property(c, ICAL_RECURRENCEID_PROPERTY) !=
           NULL;
}

static void expand(icalcomponent *calendar, icalcomponent_kind kind)
{
    icalcomponent *c = icalcomponent_get_first_component(calendar, kind);
    struct icaltimetype from, to;

    for (; c; c = icalcomponent_get_next_component(calendar, kind)) {
        if (is_change(c))
            continue;
        from = icalcomponent_get_dtstart(c);
        list.dates = from.is_date;
        to = icaltime_from_timet_with_zone(instant(from) + SPAN, 0, NULL);
        from = icaltime_from_timet_with_zone(instant(from) - 86400, 0, NULL);
        from.zone = to.zone = icaltimezone_get_utc_timezone();
        icalcomponent_foreach_recurrence(c, from, to, add, NULL);
    }
    c = icalcomponent_get_first_component(calendar, kind);
    for (; c; c = icalcomponent_get_next_component(calendar, kind))
        if (is_change(c))
            change(c);
}

static void put_instances(void)
{
    for (size_t i = 0; i < list.count; i++) {
        printf("%s[", i ? "," : "");
        put_time(list.rows[i].original);
        putchar(',');
        put_time(list.rows[i].start);
        putchar(',');
        put_time(list.rows[i].end);
        printf(",%s]", list.rows[i].gone ? "true" : "false");
    }
}

int main(int argc, char **argv)
{
    icalerror_set_errors_are_fatal(0);
    for (int i = 1; i < argc; i++) {
        char *text = slurp(argv[i]);
        icalcomponent *c = icalparser_parse_string(text);
        list.count = 0;
        printf("{\"file\":");
        put_text(argv[i]);
        printf(",\"errors\":[");
        if (c) {
            icalrestriction_check(c);
            put_errors(c, 0);
            expand(c, ICAL_VEVENT_COMPONENT);
            expand(c, ICAL_VTODO_COMPONENT);
        } else {
            printf("\"no calendar\"");
        }
        printf("],\"dates\":%s,\"instances\":[", list.dates ? "true" : "false");
        put_instances();
        printf("]}\n");
        if (c)
            icalcomponent_free(c);
        free(text);
    }
    return 0;
}
