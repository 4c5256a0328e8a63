/*
 * Finding messages again. All of a mailbox is first asked for its sizes,
 * which servers have at hand; those of a size we look for, newest first, for
 * their X-Pstfs-Id; and what has an id we look for is read and hashed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/base/clock.h"
#include "pipeline/target/imap.h"
#include "pipeline/target/imap_text.h"
#include "pipeline/target/item.h"

#define CHUNK       256                 /* messages asked for at once */
#define UIDS_MAX    ((size_t)256 << 20) /* bytes of a list of uids */
#define COMMAND_MAX ((size_t)64 << 10)
#define ID_FIELD    "X-PSTFS-ID"
#define QUIET_MS    5000
#define POLL_MS     200
#define SETTLE_MS   120000

void imap_remote_set(struct target_item *item, uint32_t uidvalidity,
                     uint32_t uid)
{
    snprintf(item->remote, sizeof(item->remote), "%u.%u", uidvalidity, uid);
}

struct look {
    struct imap *t;
    struct target_item **items; /* by size */
    size_t n, left;
    uint32_t uid_min, uidvalidity;
    struct buf uids;  /* uint32_t, of the sizes in question */
    struct buf close; /* the same, of the ids in question */
    struct imap_body body;
};

static int item_cmp_size(const void *a, const void *b)
{
    const struct target_item *x = *(struct target_item *const *)a;
    const struct target_item *y = *(struct target_item *const *)b;

    return x->size < y->size ? -1 : x->size > y->size;
}

static size_t size_first(const struct look *k, uint64_t size)
{
    size_t lo = 0, hi = k->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (k->items[mid]->size < size)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static int uid_keep(struct buf *list, uint64_t uid, struct err *err)
{
    uint32_t u = (uint32_t)uid;

    return buf_add(list, &u, sizeof(u))
               ? err_set(err, list->error, "IMAP: too many messages")
               : 0;
}

/* FETCH (UID RFC822.SIZE) */
static int size_line(void *ctx, const char *line, size_t len, struct err *err)
{
    struct look *k = ctx;
    struct imap_fetch f;
    size_t i;

    if (!imap_fetch_parse(line, len, &f) || !f.has_size || !f.uid ||
        f.uid < k->uid_min || f.uid > UINT32_MAX)
        return 0;
    i = size_first(k, f.size);
    if (i == k->n || k->items[i]->size != f.size)
        return 0;
    return uid_keep(&k->uids, f.uid, err);
}

/* "X-PSTFS-ID: <id>\r\n\r\n" */
static bool header_is(const struct imap_fetch *f, const char *id)
{
    struct imap_text t = {f->body, f->body + f->body_len};
    size_t n = strlen(id);

    if (!imap_take(&t, ID_FIELD ":"))
        return false;
    while (imap_take(&t, " ") || imap_take(&t, "\t"))
        ;
    return imap_take(&t, id) && (t.p == t.end || strchr(" \t\r\n", *t.p)) && n;
}

static int header_line(void *ctx, const char *line, size_t len, struct err *err)
{
    struct look *k = ctx;
    struct imap_fetch f;

    if (!imap_fetch_parse(line, len, &f) || !f.body || !f.uid)
        return 0;
    for (size_t i = 0; i < k->n; i++)
        if (k->items[i]->error && header_is(&f, k->items[i]->id))
            return uid_keep(&k->close, f.uid, err);
    return 0;
}

static void body_literal(void *ctx, uint64_t total, uint64_t off,
                         const void *data, size_t len)
{
    struct look *k = ctx;

    imap_body_piece(&k->body, total, off, data, len);
}

static int body_line(void *ctx, const char *line, size_t len, struct err *err)
{
    struct look *k = ctx;
    struct imap_body *b = &k->body;
    struct imap_fetch f;

    if (!imap_body_take(b, line, len, &f))
        return 0;
    for (size_t i = size_first(k, b->size);
         i < k->n && k->items[i]->size == b->size; i++) {
        struct target_item *item = k->items[i];
        if (!item->error || memcmp(b->digest, item->hash, HASH_SIZE) != 0)
            continue;
        item->error = 0;
        imap_remote_set(item, k->uidvalidity, (uint32_t)f.uid);
        k->left--;
    }
    return 0;
}

static int fetch_run(struct look *k, const struct buf *uids, size_t from,
                     size_t n, const char *what, const struct imap_handler *h,
                     struct err *err)
{
    cleanup_buf struct buf b = BUF(COMMAND_MAX);

    if (!n)
        return 0;
    buf_adds(&b, "UID FETCH ");
    imap_set_write(&b, (const uint32_t *)(const void *)uids->data + from, n);
    buf_adds(&b, what);
    if (b.error)
        return err_set(err, b.error, "IMAP: too many messages");
    return imap_must(k->t->conn, b.data, h, err);
}

static int chunk_look(struct look *k, size_t from, size_t n, struct err *err)
{
    struct imap_handler heads = {.line = header_line, .ctx = k};
    struct imap_handler bodies = {
        .line = body_line, .literal = body_literal, .ctx = k};
    int ret;

    buf_clear(&k->close);
    ret = fetch_run(k, &k->uids, from, n,
                    " (UID BODY.PEEK[HEADER.FIELDS (" ID_FIELD ")])", &heads,
                    err);
    if (ret)
        return ret;
    return fetch_run(k, &k->close, 0, k->close.len / sizeof(uint32_t),
                     " (UID BODY.PEEK[])", &bodies, err);
}

static int uid_cmp(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static int look_run(struct look *k, struct imap_folder *f, struct err *err)
{
    struct imap_handler sizes = {.line = size_line, .ctx = k};
    char command[64];
    size_t to;
    int ret = imap_folder_select(k->t, f, false, err);

    if (ret)
        return ret;
    k->uidvalidity = f->uidvalidity;
    snprintf(command, sizeof(command), "UID FETCH %u:* (UID RFC822.SIZE)",
             k->uid_min ? k->uid_min : 1);
    if (f->exists)
        ret = imap_must(k->t->conn, command, &sizes, err);
    to = k->uids.len / sizeof(uint32_t);
    if (!ret && to)
        qsort(k->uids.data, to, sizeof(uint32_t), uid_cmp);
    while (!ret && k->left && to) {
        size_t n = to < CHUNK ? to : CHUNK;
        to -= n;
        ret = chunk_look(k, to, n, err);
    }
    /* STATUS of a selected mailbox may tell what was, not what is. */
    return ret ? ret : imap_folder_unselect(k->t, f, false, err);
}

int imap_look(struct imap *t, struct imap_folder *f, struct target_item **items,
              size_t n, uint32_t uid_min, struct err *err)
{
    cleanup_free struct target_item **sorted = calloc(n + 1, sizeof(*sorted));
    struct look k = {.t = t,
                     .items = sorted,
                     .n = n,
                     .left = n,
                     .body = {.hash = t->hash},
                     .uid_min = uid_min,
                     .uids = BUF(UIDS_MAX),
                     .close = BUF(UIDS_MAX)};
    int ret;

    if (!sorted)
        return err_set(err, ENOMEM, "no memory");
    for (size_t i = 0; i < n; i++) {
        sorted[i] = items[i];
        items[i]->error = ENOENT;
    }
    qsort(sorted, n, sizeof(*sorted), item_cmp_size);
    ret = look_run(&k, f, err);
    buf_finish(&k.uids);
    buf_finish(&k.close);
    return ret;
}

/* A server goes on with what it had received when the connection ended, and
 * nothing in IMAP tells when it is done: messages may still come. Waits until
 * the mailbox was still for long enough, that is well over what its slowest
 * command took. *moved_r: something came since it was selected. */
static int settle(struct imap *t, struct imap_folder *f, bool *moved_r,
                  struct err *err)
{
    uint64_t begin = time_mono_ms(), still = begin, last = f->uidnext, now = 0;
    uint64_t quiet = 3 * t->slowest_ms;

    if (quiet < QUIET_MS)
        quiet = QUIET_MS;

    *moved_r = false;
    for (;;) {
        int ret = imap_folder_status(t, f, "UIDNEXT", &now, err);
        if (ret)
            return ret;
        if (now != last) {
            *moved_r = true;
            still = time_mono_ms();
        }
        last = now;
        if (time_mono_ms() - still >= quiet)
            return 0;
        if (time_mono_ms() - begin >= quiet + SETTLE_MS)
            return err_set(err, EAGAIN, "IMAP: %s does not come to rest",
                           f->name);
        usleep(POLL_MS * 1000);
    }
}

static bool all_found(struct target_item **items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (items[i]->error)
            return false;
    return true;
}

int imap_find(struct target *target, struct target_folder *folder,
              struct target_item *items, size_t n, struct err *err)
{
    struct imap *t = (struct imap *)target;
    struct imap_folder *f = (struct imap_folder *)folder;
    cleanup_free struct target_item **list = calloc(n + 1, sizeof(*list));
    size_t good = 0;
    bool moved = false;
    int ret = list ? imap_need(t, err) : err_set(err, ENOMEM, "no memory");

    for (size_t i = 0; !ret && i < n; i++) {
        struct err why = {0};
        if (item_hash(&items[i], t->hash, t->step, IMAP_STEP, &why))
            item_fail(&items[i], &why);
        else
            list[good++] = &items[i];
    }
    if (ret || !good)
        return ret;
    ret = imap_look(t, f, list, good, 0, err);
    if (ret || all_found(list, good))
        return ret;
    ret = settle(t, f, &moved, err);
    return ret || !moved ? ret : imap_look(t, f, list, good, 0, err);
}
