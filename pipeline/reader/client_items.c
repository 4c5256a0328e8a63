/* Items: many at once, and ranges of one. */
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/reader/client_priv.h"
#include "pipeline/reader/skips.h"

#define DEATHS_MAX 8 /* readers lost in one bulk call that goes on */

/* ---- items in bulk ---- */

struct bulk {
    struct reader *reader;
    enum proto_op op;
    enum reader_format format;
    const uint32_t *nids;
    size_t n, done;
    unsigned deaths;
    reader_fetch_fn *fn;
    void *ctx;
};

/* Items from done on that may be asked for in one request. */
static size_t bulk_run(const struct bulk *b)
{
    size_t n = 0;

    while (b->done + n < b->n && n < PROTO_NIDS_MAX &&
           !skips_refused(b->reader->skips, b->nids[b->done + n], NULL))
        n++;
    return n;
}

static int bulk_refuse(struct bulk *b)
{
    struct reader_meta meta = {.error = EIO};

    return b->fn(b->ctx, b->done++, &meta, NULL);
}

static bool item_sound(const struct proto_item *item)
{
    if (item->error < 0 || item->error >= 4096)
        return false;
    return !item->has_data ||
           (item->size <= PROTO_DATA_MAX && item->off <= PROTO_DATA_MAX &&
            item->off + item->size <= PROTO_DATA_MAX);
}

/* Text of a hostile process: ended, UTF-8, one line. */
static void item_words(const struct proto_item *item,
                       char words_r[READER_WHAT_MAX])
{
    cleanup_buf struct buf clean = BUF(4 * READER_WHAT_MAX);
    size_t len = strnlen(item->what, READER_WHAT_MAX);

    charset_clean_utf8(item->what, len, &clean);
    len = charset_cut(buf_str(&clean), clean.len, READER_WHAT_MAX - 1);
    for (size_t i = 0; i < len; i++)
        words_r[i] = (uint8_t)clean.data[i] < ' ' ? ' ' : clean.data[i];
    words_r[len] = '\0';
}

static int bulk_item(struct bulk *b, const struct proto_item *item)
{
    struct reader_meta meta = {.error = item->error};
    const void *data = NULL;

    if (!item->error) {
        meta.size = item->size;
        meta.time = item->time;
        meta.flags = item->flags;
        meta.defects = item->defects;
        item_words(item, meta.what);
        if (item->has_data)
            data = client_data(b->reader) + item->off;
    }
    return b->fn(b->ctx, b->done++, &meta, data);
}

static int bulk_take(struct bulk *b, const struct proto_reply *reply,
                     size_t asked, struct err *err)
{
    const uint8_t *table = client_data(b->reader);

    if (!reply->count || reply->count > asked ||
        reply->count * sizeof(struct proto_item) > reply->used)
        return client_nonsense(b->reader, err);
    for (uint32_t i = 0; i < reply->count; i++) {
        struct proto_item item;
        int rc;
        memcpy(&item, table + i * sizeof(item), sizeof(item));
        if (!item_sound(&item))
            return client_nonsense(b->reader, err);
        rc = bulk_item(b, &item);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* The item that the dead child worked on, when it is one it was asked for:
 * it is blamed and all go on without it; else nobody is and the call fails. */
static bool bulk_blame(struct bulk *b, uint32_t nid, size_t asked,
                       const char *why)
{
    for (size_t i = 0; nid && i < asked; i++)
        if (b->nids[b->done + i] == nid) {
            skips_add(b->reader->skips, nid, why);
            return ++b->deaths < DEATHS_MAX;
        }
    return false;
}

static int bulk_ask(struct bulk *b, size_t n, struct err *err)
{
    struct proto_request request = {
        .op = b->op, .format = b->format, .count = (uint32_t)n};
    struct reader *reader = b->reader;
    struct proto_reply reply;
    uint32_t nid = 0;
    int rc;

    memcpy(reader->child.window + PROTO_NIDS_OFF, b->nids + b->done,
           n * sizeof(uint32_t));
    rc = client_question(reader, &request, &reply, &nid, err);
    if (rc == -EIO && bulk_blame(b, nid, n, err->msg))
        return 0;
    if (rc != 0)
        return client_blame(reader, err);
    if (reply.status)
        return client_error(reader, &reply, err);
    return bulk_take(b, &reply, n, err);
}

/* One question, or one item that is not asked for. */
static int bulk_step(struct bulk *b, struct err *err)
{
    struct err local = {0};
    size_t n;

    err = err ? err : &local;
    if (client_ready(b->reader, err) != 0)
        return client_blame(b->reader, err);
    n = bulk_run(b);
    return n ? bulk_ask(b, n, err) : bulk_refuse(b);
}

static int bulk_all(struct bulk *b, struct err *err)
{
    int rc = 0;

    pthread_mutex_lock(&b->reader->lock);
    while (rc == 0 && b->done < b->n)
        rc = bulk_step(b, err);
    client_end(b->reader);
    return rc;
}

static int meta_keep(void *ctx, size_t i, const struct reader_meta *meta,
                     const void *data)
{
    struct reader_meta *metas = ctx;

    metas[i] = *meta;
    return 0;
}

int reader_metas(struct reader *reader, enum reader_format format,
                 const uint32_t *nids, size_t n, struct reader_meta *metas_r,
                 struct err *err)
{
    struct bulk b = {.reader = reader,
                     .op = PROTO_METAS,
                     .format = format,
                     .nids = nids,
                     .n = n,
                     .fn = meta_keep,
                     .ctx = metas_r};

    return bulk_all(&b, err);
}

int reader_fetch(struct reader *reader, enum reader_format format,
                 const uint32_t *nids, size_t n, reader_fetch_fn *fn, void *ctx,
                 struct err *err)
{
    struct bulk b = {.reader = reader,
                     .op = PROTO_FETCH,
                     .format = format,
                     .nids = nids,
                     .n = n,
                     .fn = fn,
                     .ctx = ctx};

    return bulk_all(&b, err);
}

/* ---- one item, a range ---- */

static ssize_t read_piece(struct reader *reader, struct proto_request *request,
                          void *buf, struct err *err)
{
    struct proto_reply reply;
    int rc = client_ask(reader, request, &reply, err);

    if (rc != 0)
        return rc;
    if (reply.used > request->length)
        return client_nonsense(reader, err);
    memcpy(buf, client_data(reader), reply.used);
    return (ssize_t)reply.used;
}

/* what: item, format and part. */
static ssize_t read_range(struct reader *reader,
                          const struct proto_request *what, uint64_t off,
                          void *buf, size_t len, struct err *err)
{
    size_t done = 0;
    ssize_t n = 0;

    pthread_mutex_lock(&reader->lock);
    while (done < len) {
        struct proto_request request = *what;
        request.start = off + done;
        request.length = len - done;
        if (request.length > PROTO_DATA_MAX)
            request.length = PROTO_DATA_MAX;
        n = read_piece(reader, &request, (char *)buf + done, err);
        if (n < 0 || (size_t)n < request.length) {
            done += n > 0 ? (size_t)n : 0;
            break;
        }
        done += (size_t)n;
    }
    client_end(reader);
    return n < 0 ? n : (ssize_t)done;
}

ssize_t reader_read(struct reader *reader, uint32_t nid,
                    enum reader_format format, uint64_t off, void *buf,
                    size_t len, struct err *err)
{
    struct proto_request what = {
        .op = PROTO_READ, .nid = nid, .format = format};

    return read_range(reader, &what, off, buf, len, err);
}

ssize_t reader_part_read(struct reader *reader, uint32_t nid, unsigned part,
                         uint64_t off, void *buf, size_t len, struct err *err)
{
    struct proto_request what = {.op = PROTO_READ, .nid = nid, .part = part};

    return read_range(reader, &what, off, buf, len, err);
}
