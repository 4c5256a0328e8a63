#include "pipeline/render/address.h"

#include <string.h>
#include <strings.h>

#include "pipeline/render/fetch.h"
#include "pipeline/render/resolve.h"

void address_add(struct work *w, struct mailboxes *list, struct mailbox box)
{
    if (list->count == list->room) {
        size_t want = list->room ? list->room * 2 : 8;
        struct mailbox *bigger = fetch_alloc(w, want * sizeof(*bigger));
        if (!bigger)
            return;
        if (list->count)
            memcpy(bigger, list->list, list->count * sizeof(*bigger));
        list->list = bigger;
        list->room = want;
    }
    list->list[list->count++] = box;
}

/* ---- from properties ---- */

/* The address that an original header gives to this name. */
static const char *addr_by_name(struct message *m, const struct transport *t,
                                const char *name)
{
    static const char *const where[] = {"From", "Sender", "To", "Cc",
                                        "Reply-To"};

    for (size_t i = 0; t && *name && i < array_len(where); i++) {
        const struct field *f = transport_find(t, where[i]);
        struct mailboxes list;
        if (!f)
            continue;
        address_parse(m->work, f->value, f->value_len, &list);
        for (size_t k = 0; k < list.count; k++)
            if (list.list[k].addr && strcasecmp(list.list[k].name, name) == 0)
                return list.list[k].addr;
    }
    return NULL;
}

/* 'Name' in single quotes, as Outlook writes addresses used as names. */
static const char *unquoted(struct work *w, const char *name)
{
    size_t n = strlen(name);

    if (n > 2 && name[0] == '\'' && name[n - 1] == '\'')
        return fetch_copy(w, name + 1, n - 2);
    return name;
}

static struct mailbox box_read(struct message *m, struct pst_props *props,
                               const struct resolve_ids *ids,
                               const struct transport *t)
{
    struct work *w = m->work;
    const char *type = fetch_text(m, props, ids->type);
    const char *addr = fetch_text(m, props, ids->addr);
    struct mailbox box = {fetch_text(m, props, ids->name), NULL, ""};

    box.name = unquoted(w, box.name);
    box.addr = resolve_usable(w, fetch_text(m, props, ids->smtp));
    if (!box.addr && strcasecmp(type, "EX") != 0)
        box.addr = resolve_usable(w, addr);
    if (!box.addr)
        box.addr = resolve_own(m, props, ids);
    if (!box.addr)
        box.addr = resolve_x500(m, addr);
    if (!box.addr)
        box.addr = addr_by_name(m, t, box.name);
    if (!box.addr)
        box.addr = resolve_name(m, box.name);
    if (!box.addr)
        box.addr = resolve_usable(w, box.name);
    if (!box.addr && strcmp(addr, box.name) != 0)
        box.other = addr;
    return box;
}

struct mailbox address_recipient(struct message *m, struct pst_props *row,
                                 const struct transport *t)
{
    static const struct resolve_ids ids = {PR_DISPLAY_NAME,  PR_ADDRTYPE,
                                           PR_EMAIL_ADDRESS, PR_SMTP_ADDRESS,
                                           PR_ENTRYID,       PR_SEARCH_KEY};

    return box_read(m, row, &ids, t);
}

struct mailbox address_represented(struct message *m, const struct transport *t)
{
    static const struct resolve_ids ids = {
        PR_SENT_REPRESENTING_NAME, PR_SENT_REPRESENTING_TYPE,
        PR_SENT_REPRESENTING_ADDR, PR_SENT_REPR_SMTP,
        PR_SENT_REPR_ENTRYID,      PR_SENT_REPR_SEARCH_KEY};

    return box_read(m, m->props, &ids, t);
}

struct mailbox address_sender(struct message *m, const struct transport *t)
{
    static const struct resolve_ids ids = {
        PR_SENDER_NAME, PR_SENDER_TYPE,    PR_SENDER_ADDR,
        PR_SENDER_SMTP, PR_SENDER_ENTRYID, PR_SENDER_SEARCH_KEY};

    return box_read(m, m->props, &ids, t);
}

struct mailbox address_receipt(struct message *m)
{
    static const struct resolve_ids ids = {.smtp = PR_READ_RECEIPT_SMTP,
                                           .entry = PR_READ_RECEIPT_ENTRYID};

    return box_read(m, m->props, &ids, NULL);
}

/* Names without addresses: "A; B; C". */
static void list_display(struct message *m, int type, struct mailboxes *list)
{
    static const uint16_t ids[] = {0, PR_DISPLAY_TO, PR_DISPLAY_CC,
                                   PR_DISPLAY_BCC};
    const char *at = fetch_own(m, ids[type]);

    while (*at && list->count < RENDER_RECIPIENTS_MAX) {
        size_t n = strcspn(at, ";");
        const char *name = unquoted(m->work, address_trim(m->work, at, n));
        if (*name)
            address_add(
                m->work, list,
                (struct mailbox){name, resolve_usable(m->work, name), ""});
        at += n + (at[n] == ';');
    }
}

void address_list(struct message *m, int type, const struct transport *t,
                  struct mailboxes *list_r)
{
    size_t n = pst_item_recipients(m->item);

    *list_r = (struct mailboxes){0};
    if (n > RENDER_RECIPIENTS_MAX) {
        message_defect(m, "%zu recipients left out", n - RENDER_RECIPIENTS_MAX);
        n = RENDER_RECIPIENTS_MAX;
    }
    for (size_t i = 0; i < n; i++) {
        struct pst_props *row = pst_item_recipient(m->item, i);
        if (row && (pst_props_int(row, PR_RECIPIENT_TYPE, 1) & 15) == type)
            address_add(m->work, list_r, address_recipient(m, row, t));
    }
    if (!list_r->count)
        list_display(m, type, list_r);
}

/* ---- writing ---- */

static void write_box(struct header *h, const struct mailbox *box)
{
    const char *spec = box->addr ? box->addr : ADDRESS_UNKNOWN;
    char angled[ADDR_MAX + 2] = "<";
    size_t n = strlen(spec);

    if (!*box->name || strcasecmp(box->name, spec) == 0) {
        header_token(h, spec, n);
        return;
    }
    header_phrase(h, box->name);
    memcpy(angled + 1, spec, n); /* valid ones are at most ADDR_MAX */
    angled[n + 1] = '>';
    header_token(h, angled, n + 2);
}

static void write_other(struct buf *out, const char *name,
                        const struct mailbox *box)
{
    cleanup_buf struct buf value = BUF(RENDER_VALUE_MAX + 64);

    buf_addf(&value, "%s; %s", name, box->other);
    header_text(out, "X-Pstfs-X500", buf_str(&value));
}

void address_write(struct message *m, struct buf *out, const char *name,
                   const struct mailboxes *list)
{
    struct header h;

    if (!list->count)
        return;
    header_open(&h, out, name);
    for (size_t i = 0; i < list->count; i++) {
        if (out->len > RENDER_HEADERS_MAX / 4 * 3) {
            message_defect(m, "%zu mailboxes of %s left out", list->count - i,
                           name);
            break;
        }
        if (i)
            header_glue(&h, ",");
        write_box(&h, &list->list[i]);
    }
    header_close(&h);
    for (size_t i = 0; i < list->count; i++)
        if (*list->list[i].other && out->len < RENDER_HEADERS_MAX / 8 * 7)
            write_other(out, name, &list->list[i]);
}
