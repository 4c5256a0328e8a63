#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/ics.h"
#include "pipeline/render/journal.h"
#include "pipeline/render/render_priv.h"
#include "pipeline/render/txt.h"
#include "pipeline/render/vcf.h"

#define DEFECT_LINE_MAX 400
#define NAMED_FROM      0x8000 /* ids of named properties */
#define CLASS_MAX       200
#define CLASS_EXCEPTION "IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}"

/* The first prefix that fits counts; the last row is for all the rest. */
static const struct class_row classes[] = {
    {"IPM.Contact", "vcf", vcf_contact, "text/vcard", "contact.vcf"},
    {"IPM.AbchPerson", "vcf", vcf_contact, "text/vcard", "contact.vcf"},
    {"IPM.DistList", "vcf", vcf_list, "text/vcard", "list.vcf"},
    {"IPM.Appointment", "ics", ics_event, "text/calendar", "event.ics",
     "PUBLISH"},
    {CLASS_EXCEPTION, "ics", ics_event, "text/calendar", "event.ics",
     "PUBLISH"},
    {"IPM.Activity", "ics", journal_entry, "text/calendar", "journal.ics",
     "PUBLISH"},
    {"IPM.Task", "ics", ics_task, "text/calendar", "task.ics", "PUBLISH"},
    {"IPM.TaskRequest.Accept", "eml", ics_task_request, "text/calendar",
     "task.ics", "REPLY", true},
    {"IPM.TaskRequest.Decline", "eml", ics_task_request, "text/calendar",
     "task.ics", "REPLY", true},
    {"IPM.TaskRequest.Update", "eml", ics_task_request, "text/calendar",
     "task.ics", "REPLY", true},
    {"IPM.TaskRequest", "eml", ics_task_request, "text/calendar", "task.ics",
     "REQUEST", true},
    {"IPM.StickyNote", "txt", txt_note},
    {"IPM.Schedule.Meeting.Request", "eml", ics_event, "text/calendar",
     "invite.ics", "REQUEST", true},
    {"IPM.Schedule.Meeting.Resp", "eml", ics_event, "text/calendar",
     "reply.ics", "REPLY", true},
    {"IPM.Schedule.Meeting.Canceled", "eml", ics_event, "text/calendar",
     "cancel.ics", "CANCEL", true},
    {"", "eml"},
};

bool class_is(const char *message_class, const char *prefix)
{
    size_t n = strlen(prefix);

    return !n || (strncasecmp(message_class, prefix, n) == 0 &&
                  (message_class[n] == '\0' || message_class[n] == '.'));
}

const struct class_row *class_find(const char *message_class)
{
    const struct class_row *row = classes;

    while (!class_is(message_class, row->prefix))
        row++;
    return row;
}

const char *render_extension(const char *message_class)
{
    return class_find(message_class ? message_class : "")->extension;
}

void message_init(struct message *m, struct work *w, struct pst_item *item,
                  unsigned depth)
{
    *m = (struct message){.work = w,
                          .item = item,
                          .props = pst_item_props(item),
                          .depth = depth,
                          .defect_log = BUF(RENDER_HEADERS_MAX)};
    m->number = w->written++;
    m->class = fetch_own(m, PR_MESSAGE_CLASS);
    if (!*m->class || strlen(m->class) > CLASS_MAX)
        m->class = "IPM.Note";
}

static void message_each(struct message *m, message_remark_fn *fn, void *ctx)
{
    const char *at = buf_str(&m->defect_log);

    while (*at) {
        char line[DEFECT_LINE_MAX];
        size_t n = strcspn(at, "\n");
        snprintf(line, sizeof(line), "%.*s", (int)n, at);
        fn(ctx, MESSAGE_DEFECT, line);
        at += n + (at[n] == '\n');
    }
}

void work_defect(struct work *w, const char *words, size_t len)
{
    size_t used = strlen(w->what);
    size_t room = sizeof(w->what) - used - 1;

    if (used && room <= 2)
        return;
    if (used) {
        memcpy(w->what + used, "; ", 3);
        used += 2;
        room -= 2;
    }
    len = charset_cut(words, len, room);
    memcpy(w->what + used, words, len);
    w->what[used + len] = '\0';
}

static void message_tell(void *ctx, enum message_remark what, const char *line)
{
    work_defect(ctx, line, strlen(line));
}

void message_finish(struct message *m)
{
    message_each(m, message_tell, m->work);
    m->work->defects += m->defects;
    buf_finish(&m->defect_log);
}

void message_defect(struct message *m, const char *fmt, ...)
{
    char line[DEFECT_LINE_MAX];
    va_list ap;

    if (m->defects++ >= RENDER_DEFECTS_MAX)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    for (char *at = line; (at = strchr(at, '\n')) != NULL;)
        *at = ' ';
    /* The same damage may be met by two writers. */
    if (m->defect_log.len && strstr(m->defect_log.data, line)) {
        m->defects--;
        return;
    }
    buf_addf(&m->defect_log, "%s\n", line);
}

static bool has_named(struct pst_props *props)
{
    uint16_t id = 0, type;

    for (size_t i = pst_props_count(props); i-- > 0 && id < NAMED_FROM;)
        pst_props_at(props, i, &id, &type);
    return id >= NAMED_FROM;
}

/* Bytes that the store cannot vouch for, and an item that no index names. */
static void damage_tell(struct message *m)
{
    unsigned damaged = pst_item_damage(m->item);
    const char *origin = pst_item_origin(m->item);

    if (m->depth == 0 && *origin && !m->work->recovered)
        message_defect(m, "%s", origin);
    if (damaged > m->work->damaged)
        message_defect(m, "damaged or lost parts: %u",
                       damaged - m->work->damaged);
    m->work->damaged = damaged;
    if (has_named(m->props) && !pst_names_whole(m->work->pst))
        message_defect(m, "the store's names of properties are damaged: some "
                          "may be missing");
}

void message_remarks(struct message *m, message_remark_fn *fn, void *ctx)
{
    if (m->depth == 0 && m->work->recovered)
        fn(ctx, MESSAGE_RECOVERED, pst_item_origin(m->item));
    damage_tell(m);
    message_each(m, fn, ctx);
}

const char *work_id(struct work *w)
{
    return fetch_format(w, "%s.%08x", w->key, w->nid);
}

const char *message_subject(struct message *m)
{
    const char *text = fetch_own(m, PR_SUBJECT);

    if (*text != 1)
        return text;
    text++;
    if (*text)
        text++;
    while (((unsigned char)*text & 0xC0) == 0x80)
        text++;
    return text;
}

int64_t message_time(struct pst_props *props)
{
    static const uint16_t ids[] = {PR_DELIVERY_TIME, PR_CLIENT_SUBMIT_TIME,
                                   PR_MODIFICATION_TIME, PR_CREATION_TIME};

    for (size_t i = 0; i < array_len(ids); i++) {
        uint64_t t = pst_props_time(props, ids[i]);
        if (t)
            return time_from_filetime(t, NULL);
    }
    return 0;
}
