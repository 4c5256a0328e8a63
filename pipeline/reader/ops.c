#include "pipeline/reader/ops.h"

#include <stdio.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/pst/limits.h"

_Static_assert((int)READER_FILE == (int)RENDER_FILE &&
                   (int)READER_MAIL == (int)RENDER_MAIL &&
                   (int)READER_MAIL_CRLF == (int)RENDER_MAIL_CRLF &&
                   (int)READER_FTS == (int)RENDER_FTS &&
                   (int)READER_MSG == (int)RENDER_MSG,
               "READER_* must be RENDER_*");

_Static_assert(READER_WHAT_MAX == RENDER_WHAT_MAX,
               "READER_WHAT_MAX must be RENDER_WHAT_MAX");
_Static_assert(READER_RENDER_VERSION == RENDER_VERSION,
               "READER_RENDER_VERSION must be RENDER_VERSION");

_Static_assert(PST_RECOVERED_MAX < READER_LIBPFF_FIRST - 1,
               "a recovered item's number must fit its node id");

#define CLOCK_EVERY 64 /* records between two looks at the clock */

/* ---- the data area ---- */

static uint8_t *data_at(struct server *server, size_t off)
{
    return server->window + PROTO_DATA_OFF + off;
}

static void board_set(struct server *server, uint32_t nid)
{
    volatile struct proto_board *board =
        (volatile struct proto_board *)server->window;

    board->nid = nid;
}

/* A sign of life, while the store is searched for what an index lost. */
static int board_beat(void *ctx)
{
    struct server *server = ctx;
    volatile struct proto_board *board =
        (volatile struct proto_board *)server->window;

    board->beat = board->beat + 1;
    return 0;
}

/* Fills the data area with records until it is full or time is up. */
struct packer {
    struct server *server;
    struct proto_reply *reply;
    uint64_t deadline;
    uint64_t skip, seen; /* records before the request's start */
    bool more;           /* stopped for room or time: there may be more */
};

static struct packer packer_start(struct server *server,
                                  struct proto_reply *reply)
{
    return (struct packer){.server = server,
                           .reply = reply,
                           .deadline = time_mono_ms() + PROTO_SLICE_MS};
}

/* Adds one record; 1 when no other may follow in this reply. */
static int packer_add(struct packer *p, const struct proto_record *fixed,
                      const char *const texts[PROTO_TEXTS])
{
    struct proto_record *r =
        (struct proto_record *)data_at(p->server, p->reply->used);
    char *to = r->text;

    *r = *fixed;
    for (size_t i = 0; i < PROTO_TEXTS; i++) {
        const char *text = texts[i] ? texts[i] : "";
        size_t len = charset_cut(text, strlen(text), PROTO_TEXT_MAX);
        memcpy(to, text, len);
        to[len] = '\0';
        r->lengths[i] = (uint16_t)len;
        to += len + 1;
    }
    while ((to - (char *)r) % 8)
        *to++ = '\0';
    r->size = (uint32_t)(to - (char *)r);
    p->reply->used += r->size;
    p->reply->count++;
    p->more =
        p->reply->used + PROTO_RECORD_MAX > PROTO_DATA_MAX ||
        (p->reply->count % CLOCK_EVERY == 0 && time_mono_ms() > p->deadline);
    return p->more;
}

/* ---- store and folders ---- */

static void info_fill(struct proto_info *to, const struct pst_info *from)
{
    memset(to, 0, sizeof(*to));
    snprintf(to->format, sizeof(to->format), "%s", from->format_name);
    snprintf(to->crypt, sizeof(to->crypt), "%s", from->crypt_name);
    for (int i = 0; from->has_record_key && i < PST_RECORD_KEY_SIZE; i++)
        snprintf(to->record_key + 2 * i, 3, "%02x", from->record_key[i]);
    memcpy(to->display_name, from->display_name,
           charset_cut(from->display_name, strlen(from->display_name),
                       READER_TEXT_MAX - 1));
    to->file_size = from->file_size;
    to->file_eof = from->file_eof;
    to->stamp = from->stamp;
    to->version = from->version;
    to->is_ost = from->is_ost;
    to->has_password = from->has_password;
    to->codepage = from->codepage;
    to->root = from->root;
    to->ipm_subtree = from->ipm_subtree;
    to->inbox = from->inbox;
    to->outbox = from->outbox;
    to->deleted = from->deleted;
    to->sent = from->sent;
    to->drafts = from->drafts;
}

static int op_info(struct server *server, const struct proto_request *request,
                   struct proto_reply *reply, struct err *err)
{
    struct proto_info *info = (struct proto_info *)data_at(server, 0);

    info_fill(info, pst_info(server->pst));
    info->incomplete = pst_incomplete(server->pst);
    memcpy(info->sandbox, server->sandbox, sizeof(info->sandbox));
    reply->used = sizeof(struct proto_info);
    return 0;
}

static int op_notes(struct server *server, const struct proto_request *request,
                    struct proto_reply *reply, struct err *err)
{
    struct packer p = packer_start(server, reply);
    size_t n = pst_note_count(server->pst), i = request->start;

    for (int full = 0; i < n && !full; i++) {
        struct proto_record fixed = {0};
        full = packer_add(
            &p, &fixed,
            (const char *[PROTO_TEXTS]){pst_note_text(server->pst, i)});
    }
    reply->next = i < n ? i : 0;
    return 0;
}

static int folder_pack(void *ctx, const struct pst_folder *folder)
{
    struct packer *p = ctx;
    struct proto_record fixed = {.nid = folder->nid,
                                 .flags = folder->is_search,
                                 .parent = folder->parent,
                                 .time = folder->items,
                                 .hint = (uint64_t)(folder->unread + 1)};

    if (p->seen++ < p->skip)
        return 0;
    return packer_add(
        p, &fixed,
        (const char *[PROTO_TEXTS]){
            [PROTO_CLASS] = folder->class, [PROTO_NAME] = folder->name});
}

static int op_folders(struct server *server,
                      const struct proto_request *request,
                      struct proto_reply *reply, struct err *err)
{
    struct packer p = packer_start(server, reply);
    int rc;

    p.skip = request->start;
    rc = pst_folders(server->pst, folder_pack, &p, err);
    reply->next = p.more ? p.seen : 0;
    return rc < 0 ? rc : 0;
}

static int entry_pack(void *ctx, const struct pst_entry *entry)
{
    struct proto_record fixed = {.nid = entry->nid,
                                 .flags = entry->flags,
                                 .time = entry->time,
                                 .hint = entry->size};

    return packer_add(ctx, &fixed,
                      (const char *[PROTO_TEXTS]){
                          [PROTO_CLASS] = entry->class,
                          [PROTO_SUBJECT] = entry->subject,
                          [PROTO_FROM] = entry->from,
                          [PROTO_TO] = entry->to,
                          [PROTO_EXT] = render_extension(entry->class),
                      });
}

static int recovered_pack(void *ctx, const struct pst_recovered *item)
{
    struct proto_record fixed = {.nid = reader_recovered_nid(item->number),
                                 .time = item->time};

    return packer_add(ctx, &fixed,
                      (const char *[PROTO_TEXTS]){
                          [PROTO_CLASS] = item->class,
                          [PROTO_SUBJECT] = item->subject,
                          [PROTO_FROM] = item->from,
                          [PROTO_TO] = item->to,
                          [PROTO_EXT] = render_extension(item->class),
                      });
}

static int list_recovered(struct server *server, uint64_t start,
                          struct proto_reply *reply, struct err *err)
{
    struct packer p = packer_start(server, reply);
    int rc;

    if (start > READER_RECOVERED_MAX)
        return 0;
    rc = pst_recovered(server->pst, (uint32_t)start, recovered_pack, &p, err);
    reply->next = p.more ? start + reply->count : 0;
    return rc < 0 ? rc : 0;
}

static int op_entries(struct server *server,
                      const struct proto_request *request,
                      struct proto_reply *reply, struct err *err)
{
    struct packer p = packer_start(server, reply);
    uint64_t next = request->start;
    int rc;

    board_set(server, request->nid);
    if (request->nid == READER_RECOVERED)
        return list_recovered(server, request->start, reply, err);
    rc = pst_entries(server->pst, request->nid, request->start, entry_pack, &p,
                     &next, err);
    if (p.more && next <= request->start)
        return err_set(err, EBADMSG, "folder 0x%x does not advance",
                       request->nid);
    reply->next = p.more ? next : 0;
    return rc < 0 ? rc : 0;
}

/* ---- items ---- */

/* A kept rendering or a new one: *owned_r is set when the caller has it. */
static int item_render(struct server *server, uint32_t nid, uint32_t format,
                       unsigned part, struct render **render_r, bool *owned_r,
                       struct err *err)
{
    board_set(server, nid);
    *render_r = recent_find(server->recent, nid, format, part);
    *owned_r = !*render_r;
    if (!*owned_r)
        return 0;
    if (part)
        return render_part_new(server->pst, nid, part, render_r, err);
    return reader_is_recovered(nid)
               ? render_new_recovered(server->pst, nid >> 5, nid, format,
                                      render_r, err)
               : render_new(server->pst, nid, format, render_r, err);
}

static void item_describe(struct proto_item *to, const struct render *render)
{
    const struct render_meta *meta = render_meta(render);

    to->size = meta->size;
    to->time = meta->time;
    to->flags = meta->flags;
    to->defects = meta->defects;
    memcpy(to->what, meta->what, sizeof(to->what));
}

static int op_metas(struct server *server, const struct proto_request *request,
                    struct proto_reply *reply, struct err *err)
{
    struct proto_item *items = (struct proto_item *)data_at(server, 0);
    uint64_t deadline = time_mono_ms() + PROTO_SLICE_MS;
    uint32_t i = 0;

    while (i < request->count && (i == 0 || time_mono_ms() <= deadline)) {
        struct proto_item *item = &items[i];
        uint32_t nid = server->nids[i++];
        struct render *render;
        bool owned;
        memset(item, 0, sizeof(*item));
        item->error = -item_render(server, nid, request->format, 0, &render,
                                   &owned, NULL);
        if (item->error)
            continue;
        item_describe(item, render);
        if (owned)
            recent_put(server->recent, nid, request->format, 0, render);
    }
    reply->count = i;
    reply->used = i * (uint32_t)sizeof(*items);
    return 0;
}

struct fetch {
    struct server *server;
    uint32_t format;
    size_t first; /* where data begins, after the table of items */
    size_t used;
};

/* Copies a rendering into the window. -EAGAIN: it would fit in an empty one. */
static int fetch_copy(struct fetch *f, struct render *render,
                      struct proto_item *item)
{
    ssize_t n;

    if (item->size > PROTO_DATA_MAX - f->first)
        return 0; /* too big for any window: the client reads it in pieces */
    if (item->size > PROTO_DATA_MAX - f->used)
        return -EAGAIN;
    n = render_read(render, 0, data_at(f->server, f->used), item->size, NULL);
    if (n < 0 || (uint64_t)n != item->size) {
        *item = (struct proto_item){.error = n < 0 ? (int)-n : EIO};
        return 0;
    }
    item->has_data = 1;
    item->off = f->used;
    f->used += (item->size + 7) & ~(size_t)7;
    if (f->used > PROTO_DATA_MAX)
        f->used = PROTO_DATA_MAX;
    return 0;
}

/* -EAGAIN: no room left, the item begins the next reply. */
static int fetch_item(struct fetch *f, uint32_t nid, struct proto_item *item)
{
    struct render *render;
    bool owned;
    int rc;

    memset(item, 0, sizeof(*item));
    item->error =
        -item_render(f->server, nid, f->format, 0, &render, &owned, NULL);
    if (item->error)
        return 0;
    item_describe(item, render);
    rc = fetch_copy(f, render, item);
    /* Kept only if it is asked for again; the others would turn the cache
     * over for nothing. */
    if (owned && (rc != 0 || (!item->has_data && !item->error)))
        recent_put(f->server->recent, nid, f->format, 0, render);
    else if (owned)
        render_free(&render);
    return rc;
}

static int op_fetch(struct server *server, const struct proto_request *request,
                    struct proto_reply *reply, struct err *err)
{
    struct proto_item *items = (struct proto_item *)data_at(server, 0);
    uint64_t deadline = time_mono_ms() + PROTO_SLICE_MS;
    struct fetch f = {server, request->format,
                      request->count * sizeof(struct proto_item), 0};
    uint32_t i = 0;

    f.used = f.first;
    while (i < request->count && (i == 0 || time_mono_ms() <= deadline)) {
        if (fetch_item(&f, server->nids[i], &items[i]) != 0)
            break;
        i++;
    }
    reply->count = i;
    reply->used = (uint32_t)f.used;
    return 0;
}

static int op_read(struct server *server, const struct proto_request *request,
                   struct proto_reply *reply, struct err *err)
{
    struct render *render;
    bool owned;
    ssize_t n;
    int rc;

    if (request->length > PROTO_DATA_MAX)
        return err_set(err, EINVAL, "read longer than the window");
    rc = item_render(server, request->nid, request->format, request->part,
                     &render, &owned, err);
    if (rc != 0)
        return rc;
    if (owned)
        recent_put(server->recent, request->nid, request->format, request->part,
                   render);
    n = render_read(render, request->start, data_at(server, 0), request->length,
                    err);
    if (n < 0)
        return (int)n;
    reply->used = (uint32_t)n;
    return 0;
}

/* An embedded item is rendered to have its size: so a look at the clock after
 * each. */
static int part_pack(void *ctx, const struct render_part *part)
{
    struct packer *p = ctx;
    struct proto_record fixed = {.nid = part->number,
                                 .flags = (uint32_t)part->error,
                                 .time = part->time,
                                 .hint = part->size};
    int full = packer_add(
        p, &fixed, (const char *[PROTO_TEXTS]){[PROTO_NAME] = part->name});

    p->seen = part->number;
    p->more = full || time_mono_ms() > p->deadline;
    return p->more;
}

static int op_parts(struct server *server, const struct proto_request *request,
                    struct proto_reply *reply, struct err *err)
{
    struct packer p = packer_start(server, reply);
    struct proto_record fixed = {0};
    int rc;

    board_set(server, request->nid);
    if (request->start >= RENDER_PART_MAX)
        return 0;
    if (request->start == 0) {
        pst_node_parent(server->pst, request->nid, &fixed.parent, NULL);
        packer_add(&p, &fixed, (const char *[PROTO_TEXTS]){NULL});
    }
    rc = render_parts(server->pst, request->nid, (unsigned)request->start + 1,
                      part_pack, &p, err);
    reply->next = p.more ? p.seen : 0;
    return rc < 0 ? rc : 0;
}

static int fact_pack(void *ctx, const char *name, const char *value)
{
    struct proto_record fixed = {0};

    packer_add(ctx, &fixed, (const char *[PROTO_TEXTS]){name, value});
    return 0;
}

static int op_facts(struct server *server, const struct proto_request *request,
                    struct proto_reply *reply, struct err *err)
{
    struct packer p = packer_start(server, reply);

    board_set(server, request->nid);
    return render_facts(server->pst, request->nid, fact_pack, &p, err);
}

/* As long as the file is; the board beats meanwhile. */
static int op_check(struct server *server, const struct proto_request *request,
                    struct proto_reply *reply, struct err *err)
{
    struct proto_check *out = (struct proto_check *)data_at(server, 0);
    struct pst_check c;
    int rc = pst_check(server->pst, &c, err);

    out->found = (struct reader_check){
        .nodes = c.nodes,
        .blocks = c.blocks,
        .bytes = c.bytes,
        .folders = c.folders,
        .items = c.items,
        .bad_pages = c.bad_pages,
        .bad_blocks = c.bad_blocks,
        .bad_items = c.bad_items,
        .unlisted = c.unlisted,
    };
    reply->used = sizeof(*out);
    return rc;
}

/* ---- the table ---- */

typedef int op_fn(struct server *server, const struct proto_request *request,
                  struct proto_reply *reply, struct err *err);

static const struct {
    op_fn *run;
    bool renders; /* format must be one */
} ops[PROTO_OPS] = {
    [PROTO_INFO] = {op_info, false},
    [PROTO_NOTES] = {op_notes, false},
    [PROTO_FOLDERS] = {op_folders, false},
    [PROTO_ENTRIES] = {op_entries, false},
    [PROTO_METAS] = {op_metas, true},
    [PROTO_FETCH] = {op_fetch, true},
    [PROTO_READ] = {op_read, true},
    [PROTO_PARTS] = {op_parts, false},
    [PROTO_FACTS] = {op_facts, false},
    [PROTO_CHECK] = {op_check, false},
};

static int request_check(const struct proto_request *request, struct err *err)
{
    if (request->op >= PROTO_OPS || !ops[request->op].run)
        return err_set(err, EOPNOTSUPP, "no operation %u", request->op);
    if (request->count > PROTO_NIDS_MAX)
        return err_set(err, EINVAL, "too many items in one request");
    if (ops[request->op].renders && request->format >= RENDER_FORMATS)
        return err_set(err, EINVAL, "no format %u", request->format);
    return 0;
}

/* What was read counts only while the file is the one that was opened. */
static int file_check(struct server *server, int rc, struct err *err)
{
    struct err why = {0};
    int now = server->pst ? pst_unchanged(server->pst, &why) : 0;

    if (now == 0)
        return rc;
    *err = why;
    return now == -ESTALE ? now : READER_NO_SOURCE;
}

/* Errors of the disk, where a store is opened: not what it holds. */
static int store_open(struct server *server, struct err *err)
{
    int rc =
        pst_open_slow(PROTO_STORE_FD, board_beat, server, &server->pst, err);

    return rc == 0 || rc == -EBADMSG || rc == -ENOTSUP || rc == -ENOMEM
               ? rc
               : READER_NO_SOURCE;
}

void ops_run(struct server *server, const struct proto_request *request,
             struct proto_reply *reply_r)
{
    struct err err = {0};
    int rc = request_check(request, &err);

    reply_r->op = request->op;
    reply_r->seq = request->seq;
    board_set(server, 0);
    if (rc == 0 && !server->pst)
        rc = store_open(server, &err);
    if (rc == 0)
        rc = file_check(server, 0, &err);
    if (rc == 0 && server->codepage)
        pst_set_codepage(server->pst, server->codepage);
    if (rc == 0) {
        memcpy(server->nids, server->window + PROTO_NIDS_OFF,
               request->count * sizeof(uint32_t));
        rc = ops[request->op].run(server, request, reply_r, &err);
        rc = file_check(server, rc, &err);
    }
    if (rc != 0) {
        reply_r->status = rc;
        reply_r->used = reply_r->count = 0;
        reply_r->next = 0;
        memcpy(reply_r->text, err.msg, sizeof(reply_r->text));
    }
}
