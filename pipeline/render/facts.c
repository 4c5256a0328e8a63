#include <stdio.h>
#include <string.h>

#include "pipeline/base/clock.h"
#include "pipeline/render/address.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/render_priv.h"

#define FACT_MAX 4000 /* bytes of a value; a list of names ends before */

/* One item while it is being asked. */
struct asking {
    struct message *message;
    struct transport *transport;
    struct buf value;
};

static void put_box(struct buf *out, const struct mailbox *box)
{
    const char *addr = box->addr ? box->addr : box->other;

    if (*box->name && *addr)
        buf_addf(out, "%s <%s>", box->name, addr);
    else
        buf_adds(out, *box->name ? box->name : addr);
}

static void fact_subject(struct asking *a)
{
    buf_adds(&a->value, message_subject(a->message));
}

static void fact_from(struct asking *a)
{
    struct mailbox box = address_represented(a->message, a->transport);

    if (!*box.name && !box.addr && !*box.other)
        box = address_sender(a->message, a->transport);
    put_box(&a->value, &box);
}

static void fact_to(struct asking *a)
{
    struct mailboxes list;

    address_list(a->message, 1, a->transport, &list);
    for (size_t i = 0; i < list.count; i++) {
        cleanup_buf struct buf one = BUF(RENDER_VALUE_MAX);
        put_box(&one, &list.list[i]);
        if (a->value.len + one.len + 2 > FACT_MAX)
            break;
        buf_addf(&a->value, "%s%s", i ? ", " : "", buf_str(&one));
    }
}

static void fact_date(struct asking *a)
{
    int64_t t = message_time(a->message->props);
    char text[TIME_TEXT_MAX];

    if (t)
        buf_adds(&a->value, time_rfc3339(t, text));
}

static void fact_class(struct asking *a)
{
    buf_adds(&a->value, fetch_own(a->message, PR_MESSAGE_CLASS));
}

static void fact_message_id(struct asking *a)
{
    buf_adds(&a->value, fetch_own(a->message, PR_INTERNET_MESSAGE_ID));
}

/* [MS-PST] 2.4.3.2: flags, the store's key, the node. */
static void fact_entryid(struct asking *a)
{
    const struct work *w = a->message->work;

    buf_addf(&a->value, "00000000%s", w->key);
    for (int shift = 0; shift < 32; shift += 8)
        buf_addf(&a->value, "%02x", w->nid >> shift & 0xff);
}

static void fact_size(struct asking *a)
{
    struct pst_props *p = a->message->props;
    int64_t size = pst_props_int64(p, PR_MESSAGE_SIZE, -1);

    if (size < 0)
        size = pst_props_int(p, PR_MESSAGE_SIZE, -1);
    if (size >= 0)
        buf_addf(&a->value, "%lld", (long long)size);
}

static void fact_flags(struct asking *a)
{
    static const struct {
        uint32_t flag;
        const char *word;
    } words[] = {{RENDER_SEEN, "read"},
                 {RENDER_ANSWERED, "answered"},
                 {RENDER_FORWARDED, "forwarded"},
                 {RENDER_FLAGGED, "flagged"},
                 {RENDER_DRAFT, "draft"}};
    uint32_t flags = render_flags(a->message->props, a->message->class);

    for (size_t i = 0; i < array_len(words); i++)
        if (flags & words[i].flag)
            buf_addf(&a->value, "%s%s", a->value.len ? " " : "", words[i].word);
    if (pst_item_attachments(a->message->item))
        buf_addf(&a->value, "%sattachments", a->value.len ? " " : "");
}

static void fact_nid(struct asking *a)
{
    buf_addf(&a->value, "%#x", a->message->work->nid);
}

static const struct {
    const char *name;
    void (*put)(struct asking *a);
} facts[] = {
    {"subject", fact_subject}, {"from", fact_from},
    {"to", fact_to},           {"date", fact_date},
    {"class", fact_class},     {"message-id", fact_message_id},
    {"entryid", fact_entryid}, {"size", fact_size},
    {"flags", fact_flags},     {"nid", fact_nid},
};

struct telling {
    struct pst_item *item;
    render_fact_fn *fn;
    void *ctx;
    int rc;
};

static void write_facts(struct work *w, void *ctx, struct render_meta *meta)
{
    struct telling *t = ctx;
    struct transport transport;
    struct message m;
    struct asking a = {&m, &transport, BUF(RENDER_VALUE_MAX)};
    const char *headers;

    message_init(&m, w, t->item, 0);
    headers = fetch_own(&m, PR_TRANSPORT_HEADERS);
    if (transport_parse(headers, strlen(headers), w->arena, &transport) < 0)
        w->error = ENOMEM;
    for (size_t i = 0; i < array_len(facts) && t->rc == 0; i++) {
        buf_clear(&a.value);
        facts[i].put(&a);
        t->rc = t->fn(t->ctx, facts[i].name, buf_str(&a.value));
    }
    buf_finish(&a.value);
    message_finish(&m);
}

int render_facts(struct pst *pst, uint32_t nid, render_fact_fn *fn, void *ctx,
                 struct err *err)
{
    struct telling t = {.fn = fn, .ctx = ctx};
    struct render *r;
    int rc = render_begin(false, &r, err);

    if (rc == 0)
        rc = render_open(r, pst, nid, &t.item, err);
    if (rc == 0)
        rc = render_run(r, pst, nid, write_facts, &t, err);
    if (r)
        render_free(&r);
    return rc < 0 ? rc : t.rc;
}
