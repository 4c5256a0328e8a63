/* Delivery of a batch: checked, cut into groups, each group one command. */
#include <stdio.h>
#include <string.h>

#include "pipeline/target/imap.h"
#include "pipeline/target/imap_append.h"
#include "pipeline/target/item.h"

static int item_refuse(struct target_item *item, int code, const char *words)
{
    struct err why = {0};

    err_set(&why, code, "%s", words);
    item_fail(item, &why);
    return -code;
}

/* What no server would take, before it is sent. */
static int item_check(struct target_item *item, uint64_t limit)
{
    if (item->size == 0)
        return item_refuse(item, EINVAL, "IMAP takes no empty message");
    if (limit && item->size > limit)
        return item_refuse(item, EFBIG, "larger than the server's APPENDLIMIT");
    if (item->data && memchr(item->data, 0, (size_t)item->size))
        return item_refuse(item, EILSEQ, "the message has a NUL byte");
    return 0;
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

/* The next items that go together: those in memory up to the limits; one
 * that must be streamed goes alone, for it can break in the middle. */
static size_t group_take(const struct settings *s, struct target_item *items,
                         size_t n, size_t *from, struct target_item **group_r)
{
    uint64_t most = (uint64_t)settings_int(s, "imap.batch_bytes"), bytes = 0;
    size_t limit = (size_t)settings_int(s, "imap.batch_items"), got = 0;

    for (; *from < n && got < limit; ++*from) {
        struct target_item *item = &items[*from];
        if (item->error != EINPROGRESS)
            continue;
        if (got && (!item->data || bytes + item->size > most))
            break;
        group_r[got++] = item;
        bytes += item->size;
        if (!item->data) {
            ++*from;
            break;
        }
    }
    return got;
}

/* Over quota with every message of several: the mailbox is full, and that is
 * no fault of the messages. */
static int full_check(const struct target_item *items, size_t n,
                      struct err *err)
{
    const char *words = "";
    size_t refused = 0;

    for (size_t i = 0; i < n; i++) {
        if (items[i].error == 0)
            return 0;
        if (items[i].error != EDQUOT)
            continue;
        words = items[i].reason;
        refused++;
    }
    return refused > 1 ? err_set(err, EDQUOT, "%s", words) : 0;
}

static int group_send(struct imap *t, struct imap_folder *f,
                      struct target_item **group, size_t n, struct err *err)
{
    int ret = imap_need(t, err);

    if (ret)
        return ret;
    return group[0]->data ? imap_append_group(t, f, group, n, err)
                          : imap_append_stream(t, f, group[0], err);
}

/* Moves those to the front that found no mailbox: somebody deleted it since
 * we made it. */
static size_t group_homeless(struct target_item **group, size_t n)
{
    size_t left = 0;

    for (size_t i = 0; i < n; i++) {
        if (group[i]->error != ENOENT)
            continue;
        group[i]->error = EINPROGRESS;
        group[i]->reason[0] = '\0';
        group[left++] = group[i];
    }
    return left;
}

static int groups_send(struct imap *t, struct imap_folder *f,
                       struct target_item *items, size_t n, struct err *err)
{
    cleanup_free struct target_item **group = calloc(n + 1, sizeof(*group));
    size_t from = 0, got;
    int ret = 0;

    if (!group)
        return err_set(err, ENOMEM, "no memory");
    while (!ret && (got = group_take(t->settings, items, n, &from, group))) {
        ret = group_send(t, f, group, got, err);
        got = ret ? 0 : group_homeless(group, got);
        if (got)
            ret = imap_folder_create(t, f->name, err);
        if (got && !ret)
            ret = group_send(t, f, group, got, err);
    }
    return ret ? ret : full_check(items, n, err);
}

int imap_put(struct target *target, struct target_folder *folder,
             struct target_item *items, size_t n, struct err *err)
{
    struct imap *t = (struct imap *)target;
    struct imap_folder *f = (struct imap_folder *)folder;
    int ret = imap_need(t, err);

    if (!ret)
        ret = limit_need(t, f, err);
    if (!ret)
        ret = keywords_need(t, f, items, n, err);
    for (size_t i = 0; i < n; i++) {
        items[i].error = ret ? -ret : EINPROGRESS;
        items[i].remote[0] = items[i].reason[0] = '\0';
        if (!ret && !item_check(&items[i], f->append_limit) && items[i].data)
            hash_once(items[i].data, (size_t)items[i].size, items[i].hash);
    }
    return ret ? ret : groups_send(t, f, items, n, err);
}
