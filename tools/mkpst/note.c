#include <string.h>

#include "tools/mkpst/maker.h"

#define NASTY_PERCENT     6
#define DUPLICATE_PERCENT 8
#define MARK_PERCENT      66
#define NO_TIME_PERCENT   3
#define NO_ID_PERCENT     4
#define HEADER_PERCENT    60
#define LONG_SUBJECT      320

static const char *const prefixes[] = {
    "RE: ", "FW: ", "AW: ", "Re: ", "Fwd: ", "WG: ", "SV: "};

static const char *const duplicates[] = {"Weekly report", "Invoice",
                                         "Out of office", "hi"};

static const char *const nasty[] = {"a/b\\c:*?\"<>|",
                                    "...leading dots",
                                    "trailing spaces   ",
                                    "",
                                    "CON",
                                    "..",
                                    ".",
                                    "con.txt",
                                    "tab\there",
                                    "bell\x07 escape\x1b[31m",
                                    "100% %s %n",
                                    "-rf *",
                                    "~",
                                    "$(reboot) `id` ; ls",
                                    "NUL",
                                    " leading space",
                                    "semi;colon & amp",
                                    "<b>html</b> &amp;",
                                    "=?utf-8?Q?not_encoded?=",
                                    "RE: RE: FW: RE: many",
                                    "name.eml"};

static const char *const nasty_unicode[] = {
    "bidi \u202Egnp.exe",
    "zero\u200Bwidth\uFEFFspace",
    "e\u0301 and \u00E9",
    "line\u2028separator",
    "full\uFF0Fwidth\uFF1A",
    "\U0001F468\u200D\U0001F469\u200D\U0001F467 \U0001F1E9\U0001F1EA"};

static char *long_subject(struct maker *m, const struct item *item)
{
    struct buf text = MEM_BUF;

    while (text.len < LONG_SUBJECT + rng_below(&m->rng, 600)) {
        script_words(item->script, &m->rng, 3, &text);
        buf_addc(&text, ' ');
    }
    buf_adds(&text, "end");
    return buf_steal(&text);
}

static char *nasty_subject(struct maker *m, const struct item *item)
{
    if (rng_chance(&m->rng, 12))
        return long_subject(m, item);
    if (m->unicode && rng_chance(&m->rng, 30))
        return mem_text(
            nasty_unicode[rng_below(&m->rng, array_len(nasty_unicode))]);
    return mem_text(nasty[rng_below(&m->rng, array_len(nasty))]);
}

void note_subject(struct maker *m, struct item *item)
{
    char *cleanup_free base = NULL;
    const char *prefix = "";

    if (!m->opt->mail_only && rng_chance(&m->rng, NASTY_PERCENT))
        base = nasty_subject(m, item);
    else if (rng_chance(&m->rng, DUPLICATE_PERCENT))
        base = mem_text(duplicates[rng_below(&m->rng, array_len(duplicates))]);
    else
        base = maker_words(m, item, 2 + rng_below(&m->rng, 8));
    if (rng_chance(&m->rng, 35))
        prefix = prefixes[rng_below(&m->rng, array_len(prefixes))];
    free(item->subject);
    item->subject = mem_textf("%s%s", prefix, base);
    if (rng_chance(&m->rng, MARK_PERCENT))
        item->prefix = (int)strlen(prefix);
    if (*prefix)
        item->in_reply_to = mem_textf("<parent.%llx@mkpst.example>",
                                      (unsigned long long)rng_next(&m->rng));
}

void note_recipients(struct maker *m, struct item *item)
{
    unsigned to = 1 + rng_below(&m->rng, 3), cc = 0, bcc = 0;

    if (rng_chance(&m->rng, 30))
        cc = 1 + rng_below(&m->rng, 4);
    if (rng_chance(&m->rng, 8))
        bcc = 1 + rng_below(&m->rng, 2);
    if (rng_chance(&m->rng, 1))
        to = 60;
    item->from = cast_pick(&m->cast, &m->rng, item->script);
    item_recipient(item, RECIPIENT_TO, cast_owner(&m->cast));
    for (unsigned i = 1; i < to; i++)
        item_recipient(item, RECIPIENT_TO,
                       cast_pick(&m->cast, &m->rng, item->script));
    for (unsigned i = 0; i < cc; i++)
        item_recipient(item, RECIPIENT_CC,
                       cast_pick(&m->cast, &m->rng, item->script));
    for (unsigned i = 0; i < bcc; i++)
        item_recipient(item, RECIPIENT_BCC,
                       cast_pick(&m->cast, &m->rng, item->script));
}

/* A fifth of the items has been dealt with in one way or another. */
static void set_state(struct maker *m, struct item *item)
{
    item->replied = rng_chance(&m->rng, 10);
    item->forwarded = !item->replied && rng_chance(&m->rng, 6);
    item->flagged = rng_chance(&m->rng, 7);
    if (item->flagged)
        props_text(&item->props, maker_name(m, NAMED_FLAG_REQUEST),
                   "Follow up");
    if (rng_chance(&m->rng, 12))
        item->importance = rng_chance(&m->rng, 70) ? 2 : 0;
    item->draft = rng_chance(&m->rng, 3);
    if (item->draft)
        item->delivered = item->submitted = TIME_NONE;
    if (rng_chance(&m->rng, NO_TIME_PERCENT))
        item->delivered = TIME_NONE;
    if (rng_chance(&m->rng, 15))
        maker_keywords(m, item);
}

struct item *note_make(struct maker *m, const char *class, unsigned depth)
{
    struct item *item = maker_item(m, class);

    note_subject(m, item);
    note_recipients(m, item);
    set_state(m, item);
    if (!item->draft && !rng_chance(&m->rng, NO_ID_PERCENT))
        item->message_id = mem_textf("<%llx.%llx@mkpst.example>",
                                     (unsigned long long)m->number,
                                     (unsigned long long)rng_next(&m->rng));
    body_make(m, item, rng_around(&m->rng, m->opt->body_size));
    parts_make(m, item, depth);
    if (!item->draft && rng_chance(&m->rng, HEADER_PERCENT))
        headers_make(m, item);
    return item;
}
