#include "pipeline/render/eml.h"

#include <string.h>
#include <strings.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/render/address.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/header.h"
#include "pipeline/render/journal.h"
#include "pipeline/render/mime.h"
#include "pipeline/render/msgid.h"
#include "pipeline/render/oneoff.h"
#include "pipeline/render/traits.h"

#define RECEIVED_BY "Received: by pstfs.invalid with MAPI;\n "

static void write_id(struct message *m, struct buf *out)
{
    cleanup_buf struct buf id = BUF(RENDER_FIELD_MAX);
    const char *own = fetch_own(m, PR_INTERNET_MESSAGE_ID);
    struct work *w = m->work;
    size_t n = strlen(own);

    own = address_trim(w, own, n);
    n = strlen(own);
    if (msgid_is_valid(own, n)) {
        buf_add(&id, own, n);
    } else if (n) {
        msgid_repair(own, n, &id);
        header_text(out, "X-Pstfs-Original-Message-ID", own);
    } else if (m->number) {
        buf_addf(&id, "<%08x.%s.%u@pstfs.invalid>", w->nid, w->key, m->number);
    } else {
        buf_addf(&id, "<%08x.%s@pstfs.invalid>", w->nid, w->key);
    }
    buf_addf(out, "Message-ID: %s\n", buf_str(&id));
}

static void write_ids(struct message *m, struct buf *out, const char *name,
                      uint16_t id)
{
    const char *text = fetch_own(m, id);

    msgid_write(out, name, text, strlen(text));
}

static void write_date(struct message *m, struct buf *out)
{
    static const uint16_t ids[] = {PR_CLIENT_SUBMIT_TIME, PR_DELIVERY_TIME,
                                   PR_CREATION_TIME, PR_MODIFICATION_TIME};
    char text[TIME_TEXT_MAX];
    uint64_t t = 0;

    for (size_t i = 0; !t && i < array_len(ids); i++)
        t = pst_props_time(m->props, ids[i]);
    if (t)
        buf_addf(out, "Date: %s\n",
                 time_rfc5322(time_from_filetime(t, NULL), text));
}

/* The time of arrival, which mail programs look for here, where no header
 * tells of the way. */
static void write_received(struct message *m, struct buf *out)
{
    uint64_t t = pst_props_time(m->props, PR_DELIVERY_TIME);
    int32_t flags = pst_props_int(m->props, PR_MESSAGE_FLAGS, 0);
    char text[TIME_TEXT_MAX];

    if (t && !(flags & (MSGFLAG_UNSENT | MSGFLAG_FROM_ME)) &&
        class_is(m->class, "IPM.Note"))
        buf_addf(out, RECEIVED_BY "%s\n",
                 time_rfc5322(time_from_filetime(t, NULL), text));
}

static bool same_box(const struct mailbox *a, const struct mailbox *b)
{
    if (a->addr && b->addr)
        return strcasecmp(a->addr, b->addr) == 0;
    return strcmp(a->name, b->name) == 0;
}

static bool is_box(const struct mailbox *box)
{
    return *box->name || box->addr || *box->other;
}

static void write_box(struct message *m, struct buf *out, const char *name,
                      struct mailbox box)
{
    struct mailboxes one = {&box, 1, 1};

    address_write(m, out, name, &one);
}

static void write_originators(struct message *m, const struct transport *t,
                              struct buf *out,
                              const struct transport_seen *seen)
{
    struct mailbox from, sender;

    if (seen->from)
        return;
    from = address_represented(m, t);
    sender = address_sender(m, t);
    if (!is_box(&from))
        from = sender;
    write_box(m, out, "From", from);
    if (!seen->sender && is_box(&sender) && !same_box(&from, &sender))
        write_box(m, out, "Sender", sender);
}

static void write_reply_to(struct message *m, struct buf *out)
{
    struct mailboxes list;

    oneoff_reply_to(m, &list);
    address_write(m, out, "Reply-To", &list);
}

static void write_recipients(struct message *m, const struct transport *t,
                             struct buf *out, const struct transport_seen *seen)
{
    struct {
        const char *name;
        bool seen;
    } rows[] = {{"To", seen->to}, {"Cc", seen->cc}, {"Bcc", seen->bcc}};

    for (int i = 0; i < 3; i++) {
        struct mailboxes list;
        if (rows[i].seen)
            continue;
        address_list(m, i + 1, t, &list);
        address_write(m, out, rows[i].name, &list);
    }
}

static void write_remark(void *ctx, enum message_remark what, const char *line)
{
    static const char *const names[] = {[MESSAGE_RECOVERED] =
                                            "X-Pstfs-Recovered",
                                        [MESSAGE_DEFECT] = "X-Pstfs-Defect"};

    header_text(ctx, names[what], line);
}

static void write_own(struct message *m, struct buf *out)
{
    if (m->depth == 0)
        buf_addf(out, "X-Pstfs-Id: %s\n", work_id(m->work));
    if (strcasecmp(m->class, "IPM.Note") != 0)
        header_text(out, "X-Pstfs-Class", m->class);
    journal_link(m, out);
    traits_write_own(m, out);
    message_remarks(m, write_remark, out);
}

static void write_made(struct message *m, const struct transport *t,
                       struct buf *out, const struct transport_seen *seen)
{
    if (!t->count)
        write_received(m, out);
    write_originators(m, t, out, seen);
    write_recipients(m, t, out, seen);
    if (!seen->subject)
        header_text(out, "Subject", message_subject(m));
    if (!seen->date)
        write_date(m, out);
    if (!seen->id)
        write_id(m, out);
    if (!seen->in_reply_to)
        write_ids(m, out, "In-Reply-To", PR_IN_REPLY_TO);
    if (!seen->references)
        write_ids(m, out, "References", PR_INTERNET_REFERENCES);
    if (!t->count)
        write_reply_to(m, out);
    traits_write(m, t, seen, out);
}

static void write_headers(struct message *m)
{
    cleanup_buf struct buf out = BUF(RENDER_HEADERS_MAX * 2);
    struct work *w = m->work;
    struct transport_seen seen;
    struct transport t;
    const char *text = fetch_own(m, PR_TRANSPORT_HEADERS);

    if (transport_parse(text, strlen(text), w->arena, &t) < 0)
        w->error = ENOMEM;
    if (t.cut)
        message_defect(m, "original headers are cut");
    transport_write(m, &t, &out, &seen);
    write_made(m, &t, &out, &seen);
    write_own(m, &out);
    buf_adds(&out, "MIME-Version: 1.0\n");
    if (out.error)
        w->error = out.error;
    segments_text(w->out, buf_str(&out), out.len);
}

/* The native part of an item that is no mail, and of an invitation. */
static void load_native(struct message *m, struct mime *t)
{
    const struct class_row *row = class_find(m->class);

    if (!row->native || !row->mime)
        return;
    t->row = row;
    row->native(m, row->method, &t->native);
    if (!t->native.head.len)
        t->row = NULL;
    if (t->native.head.error || t->native.tail.error) {
        message_defect(m, "%s: too big", row->filename);
        t->row = NULL;
    }
}

static void load_report(struct message *m, struct mime *t)
{
    struct body_text *text = &t->body.text;

    report_load(m, &t->report);
    if (!t->report.type || text->charset || t->body.html.charset)
        return;
    buf_finish(&text->bytes);
    text->bytes = t->report.words;
    text->charset = "utf-8";
    t->report.words = (struct buf)BUF(0);
}

void eml_write(struct message *m)
{
    struct mime t = {
        .message = m,
        .body = BODY_EMPTY,
        .report = REPORT_EMPTY,
        .native = {.head = BUF(RENDER_BODY_MAX), .tail = BUF(RENDER_BODY_MAX)}};

    body_load(m, &t.body);
    attach_load(m, t.body.html.charset ? &t.body.html.bytes : NULL, &t.parts);
    load_native(m, &t);
    load_report(m, &t);
    write_headers(m);
    if (!smime_write(m, &t.parts))
        mime_write(&t);
    body_finish(&t.body);
    report_finish(&t.report);
    buf_finish(&t.native.head);
    buf_finish(&t.native.tail);
}
