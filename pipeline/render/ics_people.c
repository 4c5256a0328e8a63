#include <string.h>
#include <strings.h>

#include "pipeline/render/address.h"
#include "pipeline/render/card.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/ics_priv.h"

#define FLAG_ORGANIZER    2
#define DISPLAY_LIST      1
#define DISPLAY_ROOM      7
#define DISPLAY_EQUIPMENT 8
#define LINE_LIMIT        (RENDER_FIELD_MAX * 8)

static void write_person(struct ics *c, const char *name, const char *params,
                         const struct mailbox *box)
{
    cleanup_buf struct buf head = BUF(LINE_LIMIT);
    cleanup_buf struct buf uri = BUF(1024);

    buf_adds(&head, name);
    if (*box->name) {
        buf_adds(&head, ";CN=");
        card_param(&head, box->name);
    }
    buf_adds(&head, params);
    buf_addf(&uri, "mailto:%s", box->addr ? box->addr : ADDRESS_UNKNOWN);
    card_raw(c->out, buf_str(&head), buf_str(&uri));
}

/* A reply names its one attendee, the sender, and what he answered. */
static void write_reply(struct ics *c)
{
    static const struct {
        const char *class, *params;
    } answers[] = {
        {"IPM.Schedule.Meeting.Resp.Pos", ";PARTSTAT=ACCEPTED"},
        {"IPM.Schedule.Meeting.Resp.Neg", ";PARTSTAT=DECLINED"},
        {"IPM.Schedule.Meeting.Resp.Tent", ";PARTSTAT=TENTATIVE"},
        {"IPM.TaskRequest.Accept", ";PARTSTAT=ACCEPTED"},
        {"IPM.TaskRequest.Decline", ";PARTSTAT=DECLINED"},
        {"IPM.TaskRequest.Update", ";PARTSTAT=IN-PROCESS"},
    };
    struct message *m = c->carrier ? c->carrier : c->message;
    struct mailbox sender = address_represented(m, NULL);
    struct mailboxes to;
    const char *params = "";

    for (size_t i = 0; i < array_len(answers); i++)
        if (class_is(m->class, answers[i].class))
            params = answers[i].params;
    address_list(m, 1, NULL, &to);
    if (to.count)
        write_person(c, "ORGANIZER", "", &to.list[0]);
    write_person(c, "ATTENDEE", params, &sender);
}

static const char *attendee_kind(struct pst_props *row, int32_t type)
{
    int32_t ex = pst_props_int(row, PR_DISPLAY_TYPE_EX, 0) & 0xFF;

    if (pst_props_int(row, PR_DISPLAY_TYPE, 0) == DISPLAY_LIST ||
        ex == DISPLAY_LIST)
        return ";CUTYPE=GROUP";
    if (ex == DISPLAY_ROOM)
        return ";CUTYPE=ROOM";
    return type == 3 || ex == DISPLAY_EQUIPMENT ? ";CUTYPE=RESOURCE" : "";
}

/* Whom this copy of the meeting was sent to: the answer is kept apart. */
static bool is_owner(struct message *m, const struct mailbox *box)
{
    const char *name = fetch_own(m, PR_RECEIVED_BY_NAME);
    const char *addr = fetch_own(m, PR_RECEIVED_BY_SMTP);

    if (*addr && box->addr)
        return strcasecmp(addr, box->addr) == 0;
    return *name && strcasecmp(name, box->name) == 0;
}

static const char *attendee_params(struct ics *c, struct pst_props *row,
                                   const struct mailbox *box)
{
    static const char *const roles[] = {"REQ-PARTICIPANT", "REQ-PARTICIPANT",
                                        "OPT-PARTICIPANT", "NON-PARTICIPANT"};
    static const char *const answers[] = {"NEEDS-ACTION", "NEEDS-ACTION",
                                          "TENTATIVE",    "ACCEPTED",
                                          "DECLINED",     "NEEDS-ACTION"};
    int32_t type = pst_props_int(row, PR_RECIPIENT_TYPE, 1) & 3;
    int32_t track = pst_props_int(row, PR_TRACK_STATUS, 0);
    bool asked = pst_props_bool(ics_of(c, PR_RESPONSE_REQUESTED)->props,
                                PR_RESPONSE_REQUESTED, false);

    if (!track && is_owner(c->message, box))
        track = ics_int(c, NAME_RESPONSE, 0);
    if (track < 0 || track > 5)
        track = 0;
    return fetch_format(c->message->work, "%s;ROLE=%s;PARTSTAT=%s%s",
                        attendee_kind(row, type), roles[type], answers[track],
                        asked && track < 2 ? ";RSVP=TRUE" : "");
}

/* On behalf of another: SENT-BY. */
static void write_organizer(struct ics *c, struct message *m)
{
    struct mailbox box = address_represented(m, NULL);
    struct mailbox sender = address_sender(m, NULL);
    cleanup_buf struct buf by = BUF(LINE_LIMIT);

    if (!*box.name && !box.addr)
        box = sender;
    if (!*box.name && !box.addr)
        return;
    if (box.addr && sender.addr && strcasecmp(box.addr, sender.addr) != 0)
        buf_addf(&by, ";SENT-BY=\"mailto:%s\"", sender.addr);
    write_person(c, "ORGANIZER", buf_str(&by), &box);
}

void ics_people(struct ics *c)
{
    struct message *m = c->carrier ? c->carrier : c->message;
    size_t n = pst_item_recipients(m->item);

    if (c->method && strcmp(c->method, "REPLY") == 0) {
        write_reply(c);
        return;
    }
    if (c->series && !n) { /* those of the series */
        m = c->series;
        n = pst_item_recipients(m->item);
    }
    write_organizer(c, c->carrier ? m : ics_of(c, PR_SENT_REPRESENTING_NAME));
    for (size_t i = 0; i < n && i < RENDER_RECIPIENTS_MAX; i++) {
        struct pst_props *row = pst_item_recipient(m->item, i);
        struct mailbox box;
        if (!row ||
            (pst_props_int(row, PR_RECIPIENT_FLAGS, 0) & FLAG_ORGANIZER))
            continue;
        box = address_recipient(m, row, NULL);
        write_person(c, "ATTENDEE", attendee_params(c, row, &box), &box);
    }
}
