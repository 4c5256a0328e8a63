#include "tools/mkpst/plan.h"

#include <stdio.h>
#include <string.h>

#include "tools/mkpst/cases.h"
#include "tools/mkpst/message.h"

#define SHUFFLE         8 /* node numbers are given out in batches, mixed */
#define FILL_LEAST      4096
#define FILL_MOST       (64 << 20)
#define MANY_PARTS      360
#define NESTED          3
#define STRAY_PERCENT   3
#define REQUEST_PERCENT 8
#define ITEM_STREAM     0x4954454D00000000

struct plan {
    const struct options *opt;
    struct tree *tree;
    struct maker maker;
    uint32_t batch[SHUFFLE];
    unsigned batch_left;
};

/* Rows of a folder are thus not quite in the order of their numbers. */
static uint32_t next_nid(struct plan *p, struct rng *r)
{
    if (!p->batch_left) {
        for (unsigned i = 0; i < SHUFFLE; i++)
            p->batch[i] = store_nid(p->tree->store, NID_MESSAGE);
        for (unsigned i = SHUFFLE; i > 1; i--) {
            unsigned k = rng_below(r, i);
            uint32_t swap = p->batch[i - 1];
            p->batch[i - 1] = p->batch[k];
            p->batch[k] = swap;
        }
        p->batch_left = SHUFFLE;
    }
    return p->batch[--p->batch_left];
}

/* --size: an attachment that brings the store back to its line. */
static void fill_up(struct plan *p, struct item *item)
{
    uint64_t want, have = space_position(&p->tree->store->space);

    want = p->opt->size / p->opt->messages * (p->maker.number + 1);
    if (!p->opt->size || want < have + FILL_LEAST)
        return;
    want -= have;
    parts_add(&p->maker, item, want < FILL_MOST ? want : FILL_MOST, NULL);
}

static void note_linked(struct linked *to, const struct item *item)
{
    to->nid = item->nid;
    to->mail = item->mail;
    snprintf(to->name, sizeof(to->name), "%s", item->subject);
}

static void write_item(struct plan *p, struct folder *f, struct item *item,
                       struct manifest *out)
{
    item->nid = next_nid(p, &p->maker.rng);
    if (strcmp(item->class, "IPM.DistList") == 0)
        note_linked(&p->maker.list, item);
    if (item->mail)
        note_linked(&p->maker.contact, item);
    message_write(p->tree, f, item);
    manifest_item(out, f, item);
    item_free(&item);
}

/* ---- what is made ---- */

static struct item *make_note(struct maker *m)
{
    return note_make(m, "IPM.Note", 0);
}

static struct item *make_post(struct maker *m)
{
    return note_make(m, "IPM.Post", 0);
}

static struct item *make_report(struct maker *m)
{
    return note_make(m, "REPORT.IPM.Note.NDR", 0);
}

static struct item *make_event(struct maker *m)
{
    return event_make(m, "IPM.Appointment");
}

static struct item *make_request(struct maker *m)
{
    return event_make(m, "IPM.Schedule.Meeting.Request");
}

/* So many attachments that the subnode tree needs a second level. */
static struct item *make_many_parts(struct maker *m)
{
    struct item *item = note_make(m, "IPM.Note", 0);

    for (int i = 0; i < MANY_PARTS; i++)
        parts_add(m, item, rng_below(&m->rng, 1500), NULL);
    return item;
}

/* Messages in messages, each with something of its own. */
static struct item *make_nested(struct maker *m)
{
    struct item *item = note_make(m, "IPM.Note", NESTED), *outer;
    struct part *part;

    for (int i = 0; i < NESTED; i++) {
        parts_add(m, item, 2000, NULL);
        outer = note_make(m, "IPM.Note", NESTED);
        part = item_part(outer);
        part->item = item;
        part->name = mem_text(item->subject);
        part->mime = "message/rfc822";
        item = outer;
    }
    return item;
}

/* By default more blocks than one XBLOCK can name. */
static struct item *make_large(struct maker *m)
{
    struct item *item = note_make(m, "IPM.Note", 0);

    parts_add(m, item, m->opt->large, NULL);
    return item;
}

static const struct kind {
    unsigned percent; /* 0: once in a mixed store */
    struct item *(*make)(struct maker *m);
    enum folder_kind folder; /* FOLDER_PLAIN: any mail folder */
} kinds[] = {
    {64, make_note, FOLDER_PLAIN},      {7, contact_make, FOLDER_CONTACTS},
    {2, list_make, FOLDER_CONTACTS},    {9, make_event, FOLDER_CALENDAR},
    {5, task_make, FOLDER_TASKS},       {3, sticky_make, FOLDER_NOTES},
    {3, journal_make, FOLDER_JOURNAL},  {3, make_post, FOLDER_PLAIN},
    {3, make_request, FOLDER_PLAIN},    {1, make_report, FOLDER_PLAIN},
    {0, make_many_parts, FOLDER_PLAIN}, {0, make_nested, FOLDER_PLAIN},
    {0, make_large, FOLDER_PLAIN},
};

/* --profile calendar: events, every sixth item a task, some a request. */
static const struct kind *pick_calendar(struct maker *m)
{
    static const struct kind event = {0, make_event, FOLDER_CALENDAR};
    static const struct kind task = {0, task_make, FOLDER_TASKS};
    static const struct kind request = {0, make_request, FOLDER_PLAIN};
    static const struct kind give = {0, task_request_make, FOLDER_PLAIN};

    if (m->number % 61 == 60)
        return &give;
    if (m->number % 6 == 5)
        return &task;
    return rng_chance(&m->rng, REQUEST_PERCENT) ? &request : &event;
}

/* The first items go through the table once, the rest by chance. */
static const struct kind *pick_kind(struct maker *m)
{
    unsigned n = rng_below(&m->rng, 100);

    if (m->opt->mail_only)
        return &kinds[0];
    if (m->opt->calendar_only)
        return pick_calendar(m);
    if (m->number < array_len(kinds))
        return &kinds[m->number];
    for (size_t i = 0; i < array_len(kinds); i++) {
        if (n < kinds[i].percent)
            return &kinds[i];
        n -= kinds[i].percent;
    }
    return &kinds[0];
}

/* Drafts and deleted items lie where their owner would look for them. */
static struct folder *pick_folder(struct plan *p, const struct kind *kind,
                                  const struct item *item)
{
    struct folder **special = p->tree->special;
    struct rng *r = &p->maker.rng;

    if (p->opt->mail_only)
        return tree_pick_mail(p->tree, r);
    if (rng_chance(r, STRAY_PERCENT))
        return special[FOLDER_DELETED];
    if (kind->folder != FOLDER_PLAIN)
        return special[kind->folder];
    if (item->draft)
        return special[FOLDER_DRAFTS];
    return tree_pick_mail(p->tree, r);
}

static void add_one(struct plan *p, struct manifest *out)
{
    struct maker *m = &p->maker;
    const struct kind *kind = pick_kind(m);
    struct item *item = kind->make(m);

    if (m->number == 0 && p->opt->big)
        parts_add(m, item, p->opt->big, NULL);
    fill_up(p, item);
    write_item(p, pick_folder(p, kind, item), item, out);
}

static void add_cases(struct plan *p, struct manifest *out)
{
    struct item *item;

    for (unsigned i = 0; p->opt->cases; i++) {
        p->maker.number = p->opt->messages + i;
        rng_init(&p->maker.rng, p->opt->seed, ITEM_STREAM + p->maker.number);
        item = case_make(&p->maker, i);
        if (!item)
            return;
        write_item(p, p->tree->special[FOLDER_INBOX], item, out);
    }
}

static void add_hidden(struct tree *t)
{
    message_write_hidden(t, t->special[FOLDER_INBOX],
                         "IPM.Configuration.Autocomplete", "settings");
    message_write_hidden(t, t->special[FOLDER_INBOX],
                         "IPM.Microsoft.FolderDesign.NamedView", "a view");
    message_write_hidden(t, t->special[FOLDER_CALENDAR],
                         "IPM.Configuration.WorkHours", "hours");
}

void plan_run(const struct options *opt, struct tree *t, struct manifest *out)
{
    struct plan p = {.opt = opt, .tree = t};

    p.maker.opt = opt;
    p.maker.store = t->store;
    p.maker.unicode = opt->variant->unicode;
    cast_init(&p.maker.cast, opt->seed, p.maker.unicode);
    for (uint32_t i = 0; i < opt->messages; i++) {
        p.maker.number = i;
        rng_init(&p.maker.rng, opt->seed, ITEM_STREAM + i);
        add_one(&p, out);
    }
    add_cases(&p, out);
    if (!opt->mail_only)
        add_hidden(t);
    cast_finish(&p.maker.cast);
    script_release();
}
