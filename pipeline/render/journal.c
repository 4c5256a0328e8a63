#include "pipeline/render/journal.h"

#include <string.h>

#include "pipeline/base/clock.h"
#include "pipeline/render/body.h"
#include "pipeline/render/card.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/header.h"

#define WORDS_MAX 64
#define PRIVATE   2

/* "name:20240131T120000Z"; nothing when there is no time. */
static void put_time(struct buf *out, const char *name, uint64_t filetime)
{
    char text[TIME_TEXT_MAX], plain[TIME_TEXT_MAX];
    size_t n = 0;

    if (!filetime)
        return;
    time_rfc3339(time_from_filetime(filetime, NULL), text);
    for (const char *at = text; *at; at++)
        if (*at != '-' && *at != ':')
            plain[n++] = *at;
    plain[n] = '\0';
    card_raw(out, name, plain);
}

static void put_words(struct message *m, struct buf *out, const char *name,
                      enum name id)
{
    const char *words[WORDS_MAX];
    size_t n = 0;

    while (n < WORDS_MAX &&
           (words[n] = fetch_element(m, named_id(m->work, id), n)) != NULL)
        n++;
    if (n)
        card_list(out, name, words, n, ',');
}

/* One line each: CONTACT is a single text. */
static void put_each(struct message *m, struct buf *out, const char *name,
                     enum name id)
{
    const char *word;

    for (size_t i = 0; i < WORDS_MAX; i++) {
        if (!(word = fetch_element(m, named_id(m->work, id), i)))
            break;
        card_text(out, name, word);
    }
}

/* A VJOURNAL has no end and no duration of its own. */
static void put_span(struct message *m, struct buf *out)
{
    int32_t minutes = fetch_int(m, NAME_LOG_MINUTES, 0);
    uint64_t start = fetch_time(m, NAME_LOG_START);

    put_time(out, "DTSTART", start ? start : fetch_time(m, NAME_COMMON_START));
    put_time(out, "X-PSTFS-END", fetch_time(m, NAME_LOG_END));
    if (minutes > 0)
        card_raw(out, "X-PSTFS-DURATION",
                 fetch_format(m->work, "PT%dM", minutes));
}

static void put_stamps(struct message *m, struct buf *out)
{
    uint64_t created = pst_props_time(m->props, PR_CREATION_TIME);
    uint64_t modified = pst_props_time(m->props, PR_MODIFICATION_TIME);
    uint64_t stamp = modified ? modified : created;

    if (stamp)
        put_time(out, "DTSTAMP", stamp);
    else /* required */
        card_raw(out, "DTSTAMP", "19700101T000000Z");
    put_time(out, "CREATED", created);
    put_time(out, "LAST-MODIFIED", modified);
}

static void put_remark(void *ctx, enum message_remark what, const char *line)
{
    card_text(
        ctx, what == MESSAGE_RECOVERED ? "X-PSTFS-RECOVERED" : "X-PSTFS-DEFECT",
        line);
}

static void put_entry(struct message *m, struct buf *out)
{
    const char *type = fetch_named(m, NAME_LOG_TYPE);

    card_text(out, "UID",
              m->number
                  ? fetch_format(m->work, "%s.%u", work_id(m->work), m->number)
                  : work_id(m->work));
    put_stamps(m, out);
    put_span(m, out);
    card_text(out, "SUMMARY", message_subject(m));
    card_text(out, "X-PSTFS-JOURNAL-TYPE",
              *type ? type : fetch_named(m, NAME_LOG_TEXT));
    put_each(m, out, "CONTACT", NAME_CONTACTS);
    put_each(m, out, "X-PSTFS-COMPANY", NAME_COMPANIES);
    put_words(m, out, "CATEGORIES", NAME_KEYWORDS);
    if (pst_props_int(m->props, PR_SENSITIVITY, 0) == PRIVATE ||
        fetch_bool(m, NAME_PRIVATE))
        card_raw(out, "CLASS", "PRIVATE");
    card_text(out, "DESCRIPTION", body_plain(m));
    message_remarks(m, put_remark, out);
}

void journal_entry(struct message *m, const char *method, struct native *out)
{
    struct buf *head = &out->head;

    card_raw(head, "BEGIN", "VCALENDAR");
    card_raw(head, "VERSION", "2.0");
    card_raw(head, "PRODID", "-//pstfs//render//EN");
    if (method)
        card_raw(head, "METHOD", method);
    card_raw(head, "BEGIN", "VJOURNAL");
    put_entry(m, head);
    card_raw(head, "END", "VJOURNAL");
    card_raw(head, "END", "VCALENDAR");
}

/* A URL as it may stand in a header: printable ASCII without blanks. */
static bool is_plain(const char *url)
{
    size_t n = strlen(url);

    for (size_t i = 0; i < n; i++)
        if (url[i] <= ' ' || url[i] > '~')
            return false;
    return n && n < 900;
}

void journal_link(struct message *m, struct buf *out)
{
    const char *link;

    if (!class_is(m->class, "IPM.Post.Rss"))
        return;
    link = fetch_named(m, NAME_RSS_LINK);
    if (!*link)
        link = fetch_named(m, NAME_RSS_CHANNEL);
    if (is_plain(link))
        buf_addf(out, "Content-Base: %s\n", link);
    else if (*link)
        header_text(out, "X-Pstfs-Link", link);
}
