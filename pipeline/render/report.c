#include "pipeline/render/report.h"

#include <string.h>
#include <strings.h>

#include "pipeline/base/clock.h"
#include "pipeline/render/address.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/header.h"

#define HOST_UNKNOWN "pstfs.invalid"
#define DELIVERY     "delivery-status"
#define DISPOSITION  "disposition-notification"

/* By the last word of the class. */
static const struct kind {
    const char *suffix, *type, *action;
    char status; /* first digit, where the item has no code */
    const char *words;
} kinds[] = {
    {"NDR", DELIVERY, "failed", '5', "could not be delivered to"},
    {"DR", DELIVERY, "delivered", '2', "was delivered to"},
    {"Delayed", DELIVERY, "delayed", '4', "is not delivered yet to"},
    {"Relayed", DELIVERY, "relayed", '2', "was passed on to"},
    {"Expanded", DELIVERY, "expanded", '2', "was sent to the members of"},
    {"IPNRN", DISPOSITION, "displayed", 0, "was read by"},
    {"IPNNRN", DISPOSITION, "deleted", 0, "was deleted unread by"},
};

static const struct kind *kind_find(const char *class)
{
    const char *last = strrchr(class, '.');

    if (!class_is(class, "REPORT"))
        return NULL;
    for (size_t i = 0; last && i < array_len(kinds); i++)
        if (strcasecmp(last + 1, kinds[i].suffix) == 0)
            return &kinds[i];
    return NULL;
}

static void add_time(struct message *m, struct buf *out, const char *name,
                     uint16_t id)
{
    uint64_t t = pst_props_time(m->props, id);
    char text[TIME_TEXT_MAX];

    if (t)
        buf_addf(out, "%s: %s\n", name,
                 time_rfc5322(time_from_filetime(t, NULL), text));
}

/* "Name: type; text" */
static void add_typed(struct buf *out, const char *name, const char *type,
                      const char *text)
{
    cleanup_buf struct buf value = BUF(RENDER_VALUE_MAX + 64);

    buf_addf(&value, "%s; %s", type, text);
    header_text(out, name, buf_str(&value));
}

static void add_host(struct buf *out, const char *name, const char *host)
{
    add_typed(out, name, "dns",
              header_is_token(host, strlen(host)) ? host : HOST_UNKNOWN);
}

static void add_person(struct report *r, const struct mailbox *box)
{
    add_typed(&r->status, "Final-Recipient", "rfc822",
              box->addr ? box->addr : ADDRESS_UNKNOWN);
    buf_addf(&r->words, "  %s%s%s%s\n", box->name, box->addr ? " <" : "",
             box->addr ? box->addr : "", box->addr ? ">" : "");
}

/* The code is three digits in one number ([MS-OXOMSG] 2.2.2.31). */
static void add_status(struct report *r, const struct kind *kind, int32_t code)
{
    if (code >= 200 && code < 600)
        buf_addf(&r->status, "Status: %d.%d.%d\n", code / 100, code / 10 % 10,
                 code % 10);
    else
        buf_addf(&r->status, "Status: %c.0.0\n", kind->status);
}

/* Why, in the words of the server, else in MAPI's numbers. */
static void add_why(struct message *m, struct report *r, struct pst_props *row)
{
    const char *words = fetch_text(m, row, PR_SUPPLEMENTARY_INFO);
    const char *host = fetch_text(m, row, PR_REMOTE_MTA);
    int32_t reason = pst_props_int(row, PR_NDR_REASON, -1);
    int32_t detail = pst_props_int(row, PR_NDR_DETAIL, -1);

    if (*host)
        add_host(&r->status, "Remote-MTA", host);
    if (*words) {
        add_typed(&r->status, "Diagnostic-Code", "smtp", words);
        buf_addf(&r->words, "    %s\n", words);
    } else if (reason >= 0) {
        buf_addf(&r->status,
                 "Diagnostic-Code: x-mapi; reason %d, diagnostic %d\n", reason,
                 detail);
    }
}

static void add_recipient(struct message *m, struct report *r,
                          const struct kind *kind, struct pst_props *row)
{
    struct mailbox box = address_recipient(m, row, NULL);

    buf_addc(&r->status, '\n');
    add_person(r, &box);
    buf_addf(&r->status, "Action: %s\n", kind->action);
    add_status(r, kind, pst_props_int(row, PR_NDR_STATUS, 0));
    add_why(m, r, row);
    if (*box.name)
        header_text(&r->status, "X-Display-Name", box.name);
}

static void add_delivery(struct message *m, struct report *r,
                         const struct kind *kind)
{
    size_t n = pst_item_recipients(m->item), told = 0;

    add_host(&r->status, "Reporting-MTA", fetch_own(m, PR_REPORTING_MTA));
    add_time(m, &r->status, "Arrival-Date", PR_ORIGINAL_SUBMIT_TIME);
    for (size_t i = 0; i < n && r->status.len < RENDER_HEADERS_MAX / 2; i++) {
        struct pst_props *row = pst_item_recipient(m->item, i);
        if (!row)
            continue;
        add_recipient(m, r, kind, row);
        told++;
    }
    if (told < n)
        message_defect(m, "%zu recipients of the report left out", n - told);
    if (!told)
        buf_addf(&r->status,
                 "\nFinal-Recipient: rfc822; %s\nAction: %s\nStatus: "
                 "%c.0.0\n",
                 ADDRESS_UNKNOWN, kind->action, kind->status);
}

static void add_disposition(struct message *m, struct report *r,
                            const struct kind *kind)
{
    struct mailbox box = address_represented(m, NULL);
    const char *id = fetch_own(m, PR_ORIGINAL_MESSAGE_ID);

    if (!box.addr)
        box = address_sender(m, NULL);
    add_person(r, &box);
    if (*id)
        header_text(&r->status, "Original-Message-ID", id);
    buf_addf(&r->status,
             "Disposition: automatic-action/MDN-sent-automatically; %s\n",
             kind->action);
}

void report_load(struct message *m, struct report *r)
{
    const struct kind *kind = kind_find(m->class);
    const char *text;

    if (!kind)
        return;
    r->type = kind->type;
    text = fetch_own(m, PR_REPORT_TEXT);
    buf_addf(&r->words, "Your message\n\n  Subject: %s\n\n%s:\n\n",
             fetch_own(m, PR_ORIGINAL_SUBJECT), kind->words);
    if (strcmp(kind->type, DELIVERY) == 0)
        add_delivery(m, r, kind);
    else
        add_disposition(m, r, kind);
    if (*text)
        buf_addf(&r->words, "\n%s\n", text);
    if (r->status.error || r->words.error) {
        message_defect(m, "report: too big");
        r->type = NULL;
    }
}

void report_finish(struct report *r)
{
    buf_finish(&r->status);
    buf_finish(&r->words);
}
