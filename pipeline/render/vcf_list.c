#include <string.h>

#include "pipeline/pst/bytes.h"
#include "pipeline/render/body.h"
#include "pipeline/render/card.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/member.h"
#include "pipeline/render/oneoff.h"
#include "pipeline/render/vcf.h"
#include "pipeline/render/vcf_priv.h"

#define STREAM_HEAD     16u
#define STREAM_COUNT_AT 12u

/* A list being written, with the lists that lie in it. */
struct roster {
    struct work *work;
    struct message *message; /* the list that is written */
    struct buf *out;
    struct buf readable; /* a line for each member */
    size_t count;
    uint32_t lists[LISTS_MAX]; /* those that were opened: none twice */
    size_t n_lists;
};

static const char *list_name(struct message *m)
{
    const char *name = fetch_named(m, NAME_LIST_NAME);

    if (!*name)
        name = fetch_own(m, PR_DISPLAY_NAME);
    if (!*name)
        name = message_subject(m);
    return *name ? name : "Unnamed";
}

static void put_param(struct buf *name, const char *param, const char *value)
{
    if (!*value)
        return;
    buf_addf(name, ";%s=", param);
    card_param(name, value);
}

/* via: the list inside this one that has the member, "". */
static void put_member(struct roster *r, const struct mailbox *box,
                       const char *via)
{
    cleanup_buf struct buf name = BUF(RENDER_FIELD_MAX * 4);
    bool valid = box->addr && address_is_valid(box->addr, strlen(box->addr));
    const char *shown = valid ? box->addr : box->other;
    const char *value = "urn:x-pstfs:no-address";

    r->count++;
    if (valid)
        value = fetch_format(r->work, "mailto:%s", box->addr);
    buf_adds(&name, vcf_line(r->work, "X-ADDRESSBOOKSERVER-MEMBER"));
    put_param(&name, "X-CN", box->name);
    put_param(&name, "X-PSTFS-LIST", via);
    put_param(&name, "X-PSTFS-X500", box->other);
    card_raw(r->out, buf_str(&name), value);
    buf_addf(&r->readable, *box->name && *shown ? "%s <%s>\n" : "%s%s\n",
             box->name, shown);
}

/* ---- links ---- */

typedef bool linked_fn(struct roster *r, struct message *m, void *ctx);

/* Shows the item that a member is a link to; what is wrong with it is no
 * defect of the list. False when it is not there, or not of that class. */
static bool linked(struct roster *r, uint32_t nid, const char *class,
                   linked_fn *fn, void *ctx)
{
    struct work *w = r->work;
    uint32_t defects = w->defects;
    unsigned written = w->written, damaged = w->damaged;
    struct pst_item *item = NULL;
    struct message m;
    bool done;

    if (!nid || pst_item_open(w->pst, nid, &item, NULL) != 0)
        return false;
    message_init(&m, w, item, 1);
    done = class_is(m.class, class) && fn(r, &m, ctx);
    message_finish(&m);
    pst_item_free(&item);
    w->defects = defects;
    w->written = written;
    w->damaged = damaged;
    return done;
}

struct address {
    unsigned email;
    struct mailbox box;
};

/* The address that the link means, else the first there is. */
static bool take_address(struct roster *r, struct message *m, void *ctx)
{
    struct address *a = ctx;
    struct mailbox box;

    a->box = (struct mailbox){.name = vcf_name(m), .other = ""};
    for (unsigned i = 0; i <= CONTACT_EMAILS; i++) {
        unsigned n = i ? i - 1 : a->email;
        if (!vcf_email(m, n, &box))
            continue;
        a->box.addr = box.addr;
        a->box.other = box.other;
        return true;
    }
    return true;
}

static void put_members(struct roster *r, struct message *m, const char *via,
                        unsigned depth);

struct nested {
    unsigned depth;
};

static bool take_list(struct roster *r, struct message *m, void *ctx)
{
    const struct nested *nested = ctx;
    uint32_t nid = pst_item_nid(m->item);

    for (size_t i = 0; i < r->n_lists; i++)
        if (r->lists[i] == nid)
            return true; /* its members are there already */
    if (r->n_lists == LISTS_MAX || nested->depth > LISTS_DEPTH_MAX)
        return false;
    r->lists[r->n_lists++] = nid;
    put_members(r, m, list_name(m), nested->depth);
    return true;
}

/* ---- members ---- */

/* A link's one-off twin says what the member was when it was added. */
static void put_linked(struct roster *r, const struct member *member,
                       const struct member *twin, const char *via,
                       unsigned depth)
{
    struct address a = {.email = member->email};
    struct nested nested = {depth + 1};

    if (member->kind == MEMBER_LIST &&
        linked(r, member->nid, "IPM.DistList", take_list, &nested))
        return;
    if (member->kind == MEMBER_CONTACT &&
        linked(r, member->nid, "IPM.Contact", take_address, &a)) {
        if (!a.box.addr && twin->box.addr)
            a.box.addr = twin->box.addr;
        put_member(r, &a.box, via);
        return;
    }
    if (*twin->box.name || twin->box.addr || *twin->box.other)
        put_member(r, &twin->box, via);
    else
        message_defect(r->message, "a member is a link that leads nowhere");
}

static void put_one(struct roster *r, const struct member *member,
                    struct member *twin, const char *via, unsigned depth)
{
    if (member->kind != MEMBER_BOX) {
        put_linked(r, member, twin, via, depth);
        return;
    }
    /* The twin of a directory's address has its name and SMTP form. */
    if (!member->box.addr && (twin->box.addr || *twin->box.name)) {
        if (!twin->box.addr && !*twin->box.other)
            twin->box.other = member->box.other;
        put_member(r, &twin->box, via);
        return;
    }
    put_member(r, &member->box, via);
}

static bool parse_at(struct message *m, const uint8_t *data, size_t len,
                     size_t i, struct member *member_r, bool *known_r)
{
    size_t n = 0;
    const uint8_t *id = data ? oneoff_element(data, len, i, &n) : NULL;

    *member_r = (struct member){.box = {.name = "", .other = ""}};
    *known_r = id && member_parse(m->work, pst_props_codepage(m->props), id, n,
                                  member_r);
    return id;
}

/* Lists too long for the other two keep all members in a stream, which is not
 * read ([MS-OXOCNTC] 2.2.2.2.4: its entries are counted at byte 12). */
static void tell_of_stream(struct roster *r, struct message *m, size_t seen)
{
    size_t len = 0;
    const uint8_t *stream =
        fetch_blob(m, named_id(m->work, NAME_LIST_STREAM), &len);
    uint32_t count;

    if (!stream || len < STREAM_HEAD)
        return;
    count = get32(stream + STREAM_COUNT_AT);
    if (count > seen)
        message_defect(r->message, "%u members, only %zu of them can be shown",
                       count, seen);
}

static void put_members(struct roster *r, struct message *m, const char *via,
                        unsigned depth)
{
    size_t i;
    size_t len = 0, twins_len = 0;
    const uint8_t *ids =
        fetch_blob(m, named_id(m->work, NAME_LIST_MEMBERS), &len);
    const uint8_t *twins =
        fetch_blob(m, named_id(m->work, NAME_LIST_ONE_OFF), &twins_len);

    for (i = 0; r->count < MEMBERS_MAX; i++) {
        struct member member, twin;
        bool known, twin_known;
        bool more = parse_at(m, ids, len, i, &member, &known);
        more |= parse_at(m, twins, twins_len, i, &twin, &twin_known);
        if (!more)
            break;
        if (known)
            put_one(r, &member, &twin, via, depth);
        else if (twin_known)
            put_member(r, &twin.box, via);
        else
            message_defect(r->message, "member %zu cannot be read", i + 1);
    }
    tell_of_stream(r, m, i);
}

/* The members as a text too: few programs show those of a group. */
static void put_note(struct message *m, const struct roster *r)
{
    cleanup_buf struct buf note = BUF(RENDER_BODY_MAX);
    const char *body = body_plain(m);

    buf_adds(&note, body);
    if (*body && body[strlen(body) - 1] != '\n')
        buf_addc(&note, '\n');
    if (*body && r->readable.len)
        buf_addc(&note, '\n');
    buf_add(&note, r->readable.data, r->readable.len);
    while (note.len && note.data[note.len - 1] == '\n')
        note.data[--note.len] = '\0';
    card_text(r->out, "NOTE", buf_str(&note));
}

void vcf_list(struct message *m, const char *method, struct native *out)
{
    struct roster r = {.work = m->work,
                       .message = m,
                       .out = &out->head,
                       .readable = BUF(RENDER_BODY_MAX),
                       .lists = {pst_item_nid(m->item)},
                       .n_lists = 1};

    vcf_open(r.out);
    card_text(r.out, "FN", list_name(m));
    card_text(r.out, "N", list_name(m));
    card_raw(r.out, vcf_line(m->work, "X-ADDRESSBOOKSERVER-KIND"), "group");
    put_members(&r, m, "", 0);
    if (r.count >= MEMBERS_MAX)
        message_defect(m, "members after the %dth are left out", MEMBERS_MAX);
    put_note(m, &r);
    buf_finish(&r.readable);
    vcf_close(m, r.out);
}
