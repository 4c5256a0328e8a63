/*
 * Delivery of a batch: checked, cut into groups, each group one command; the
 * next command is sent while the server works on the one before. What was
 * refused as a group is tried one by one.
 */
#include <stdio.h>
#include <string.h>

#include "pipeline/target/imap.h"
#include "pipeline/target/imap_append.h"
#include "pipeline/target/item.h"

static void item_refuse(struct target_item *item, int code, const char *words)
{
    struct err why = {0};

    err_set(&why, code, "%s", words);
    item_fail(item, &why);
}

/* What no server would take, before it is sent. */
static void item_check(struct target_item *item, uint64_t limit)
{
    if (item->size == 0)
        item_refuse(item, EINVAL, "IMAP takes no empty message");
    else if (limit && item->size > limit)
        item_refuse(item, EFBIG, "larger than the server's APPENDLIMIT");
    else if (item->data && memchr(item->data, 0, (size_t)item->size))
        item_refuse(item, EILSEQ, "the message has a NUL byte");
}

static int limit_need(struct imap *t, struct imap_folder *f, struct err *err)
{
    int ret = 0;

    if (f->limit_known)
        return 0;
    f->append_limit = imap_conn_append_limit(t->conn);
    if (!f->append_limit && (imap_conn_caps(t->conn) & IMAP_CAP_APPENDLIMIT))
        ret = imap_folder_status(t, f, "APPENDLIMIT", &f->append_limit, err);
    if (ret && imap_conn_broken(t->conn))
        return ret;
    f->limit_known = true;
    return 0;
}

/* SELECT tells whether the mailbox takes keywords; asked once, and only when
 * somebody needs it. It does not stay selected: servers then tell of every
 * append, and mind when others delete it. */
static int keywords_need(struct imap *t, struct imap_folder *f,
                         const struct target_item *items, size_t n,
                         struct err *err)
{
    bool wanted = false;
    int ret;

    for (size_t i = 0; i < n; i++)
        wanted = wanted || (items[i].flags & TARGET_FORWARDED);
    if (!wanted || f->forwarded != IMAP_KEYWORDS_UNKNOWN)
        return 0;
    ret = imap_folder_select(t, f, true, err);
    if (!ret)
        return imap_folder_unselect(t, f, true, err);
    /* The append itself will say what is wrong. */
    return imap_conn_broken(t->conn) ? ret : 0;
}

/* One put. */
struct put {
    struct imap *t;
    struct imap_folder *f;
    struct target_item *items;
    size_t n, next; /* items, and the first that is in no group yet */
    struct target_item **order; /* those that were sent, group by group */
    size_t ordered;
    struct imap_flight flight;
    uint64_t uid_min; /* new messages are those from here on; 0 unknown */
};

/* The next items that go together: those in memory up to the limits; one
 * that must be streamed goes alone, for it can break in the middle. */
static size_t group_take(struct put *p, struct target_item ***group_r)
{
    const struct settings *s = p->t->settings;
    uint64_t most = (uint64_t)settings_int(s, "imap.batch_bytes"), bytes = 0;
    size_t limit = (size_t)settings_int(s, "imap.batch_items"), got = 0;

    if (!(imap_conn_caps(p->t->conn) & IMAP_CAP_MULTIAPPEND))
        limit = 1;
    *group_r = p->order + p->ordered;
    for (; p->next < p->n && got < limit; p->next++) {
        struct target_item *item = &p->items[p->next];
        if (item->error != EINPROGRESS)
            continue;
        if (got && (!item->data || bytes + item->size > most))
            break;
        (*group_r)[got++] = item;
        bytes += item->size;
        if (!item->data) {
            p->next++;
            break;
        }
    }
    p->ordered += got;
    return got;
}

static int group_send(struct put *p, struct target_item **group, size_t n,
                      struct err *err)
{
    struct imap_flight next = {0};
    int ret = 0;

    if (!group[0]->data || !imap_append_may_lead(p->t, group, n))
        ret = imap_append_land(p->t, &p->flight, err);
    if (!ret)
        ret = imap_need(p->t, err);
    if (!ret && !group[0]->data)
        return imap_append_stream(p->t, p->f, group[0], err);
    if (!ret)
        ret = imap_append_send(p->t, p->f, group, n, &next, err);
    if (!ret)
        ret = imap_append_land(p->t, &p->flight, err);
    /* Even then the one just sent is to be read, or its answer is taken for
     * that of a later command. */
    if (ret && next.n && !imap_conn_broken(p->t->conn))
        imap_append_land(p->t, &next, NULL);
    p->flight = next;
    return ret;
}

static int groups_send(struct put *p, struct err *err)
{
    struct target_item **group;
    size_t got;
    int ret = imap_need(p->t, err);

    while (!ret && (got = group_take(p, &group)))
        ret = group_send(p, group, got, err);
    return ret ? ret : imap_append_land(p->t, &p->flight, err);
}

/* Moves the items with that error to the front of order, EINPROGRESS again. */
static size_t order_pick(struct put *p, int error)
{
    size_t got = 0;

    for (size_t i = 0; i < p->n; i++) {
        if (p->items[i].error != error)
            continue;
        p->items[i].error = EINPROGRESS;
        p->items[i].reason[0] = '\0';
        p->order[got++] = &p->items[i];
    }
    return got;
}

static int order_singles(struct put *p, size_t n, struct err *err)
{
    int ret = n ? imap_need(p->t, err) : 0;

    for (size_t i = 0; !ret && i < n;) {
        size_t k = i;
        while (k < n && p->order[k]->data)
            k++;
        ret = imap_append_singles(p->t, p->f, p->order + i, k - i, err);
        if (!ret && k < n)
            ret = imap_append_stream(p->t, p->f, p->order[k++], err);
        if (!ret)
            ret = imap_need(p->t, err);
        i = k;
    }
    return ret;
}

/* One by one what was refused as a group; and what found no mailbox, since
 * somebody deleted it after we made it. */
static int refused_send(struct put *p, struct err *err)
{
    size_t homeless;
    int ret = order_singles(p, order_pick(p, IMAP_REFUSED), err);

    homeless = ret ? 0 : order_pick(p, ENOENT);
    if (homeless)
        ret = imap_folder_create(p->t, p->f->name, err);
    return ret ? ret : order_singles(p, homeless, err);
}

/* Stored, but where? They are looked for. A server that changes messages
 * hides them from us: their UID is 0 then. */
static int untold_look(struct put *p, struct err *err)
{
    size_t n = 0;
    int ret = 0;

    for (size_t i = 0; i < p->n; i++)
        if (p->items[i].error == 0 && !p->items[i].remote[0])
            p->order[n++] = &p->items[i];
    if (n)
        ret = imap_need(p->t, err);
    if (n && !ret)
        ret = imap_look(p->t, p->f, p->order, n, (uint32_t)p->uid_min, err);
    for (size_t i = 0; i < n; i++) {
        if (!ret && p->order[i]->error)
            imap_remote_set(p->order[i], p->f->uidvalidity, 0);
        p->order[i]->error = ret ? EINPROGRESS : 0;
    }
    return ret;
}

/* Over quota with every message of several: the mailbox is full, and that is
 * no fault of the messages. */
static int full_check(struct target_item *items, size_t n, struct err *err)
{
    size_t refused = 0;
    int ret = 0;

    for (size_t i = 0; i < n; i++) {
        if (items[i].error == 0)
            return 0;
        if (items[i].error == EDQUOT && refused++ == 0)
            err_set(err, EDQUOT, "%s", items[i].reason);
    }
    for (size_t i = 0; refused > 1 && i < n; i++) {
        ret = -EDQUOT;
        if (items[i].error == EDQUOT)
            items[i].error = EINPROGRESS;
    }
    return ret;
}

/* What must be known before the first item goes. */
static int put_begin(struct put *p, struct err *err)
{
    struct imap *t = p->t;
    int ret = imap_need(t, err);

    if (!ret)
        ret = limit_need(t, p->f, err);
    if (!ret)
        ret = keywords_need(t, p->f, p->items, p->n, err);
    if (ret || (imap_conn_caps(t->conn) & IMAP_CAP_UIDPLUS))
        return ret;
    if (imap_folder_status(t, p->f, "UIDNEXT", &p->uid_min, err))
        p->uid_min = 0;
    return imap_conn_broken(t->conn) ? -ECONNRESET : 0;
}

int imap_put(struct target *target, struct target_folder *folder,
             struct target_item *items, size_t n, struct err *err)
{
    cleanup_free struct target_item **order = calloc(n + 1, sizeof(*order));
    struct put p = {.t = (struct imap *)target,
                    .f = (struct imap_folder *)folder,
                    .items = items,
                    .n = n,
                    .order = order};
    int ret = 0;

    for (size_t i = 0; i < n; i++) {
        items[i].error = EINPROGRESS;
        items[i].remote[0] = items[i].reason[0] = '\0';
    }
    if (!order)
        return err_set(err, ENOMEM, "no memory");
    ret = put_begin(&p, err);
    for (size_t i = 0; !ret && i < n; i++)
        item_check(&items[i], p.f->append_limit);
    if (!ret)
        ret = groups_send(&p, err);
    /* No more commands for these, but no item keeps our private error. */
    if (!ret)
        ret = refused_send(&p, err);
    else
        order_pick(&p, IMAP_REFUSED);
    if (!ret)
        ret = untold_look(&p, err);
    return ret ? ret : full_check(items, n, err);
}
