/*
 * The operations of pstfs-libpff, which takes the place of ops.c in it: the
 * same messages, about the items of libpff only. Those are numbered from
 * READER_LIBPFF_FIRST; the one before it, READER_LIBPFF, is their folder.
 */
#include <stdlib.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/pst/tags.h"
#include "pipeline/reader/ops.h"
#include "pipeline/reader/pff.h"

static struct {
    bool tried;
    struct err failed; /* code 0: it did not */
    struct pff pff;
    int *items; /* of pff, those to be shown */
    uint32_t n;
    /* The item made last. */
    uint32_t number;
    struct buf text;
    struct proto_item meta;
} state = {.text = BUF(PFF_MESSAGE_MAX + 2 * PFF_TEXT_MAX)};

static void board_set(struct server *server, uint32_t nid)
{
    volatile struct proto_board *board =
        (volatile struct proto_board *)server->window;

    board->nid = nid;
}

/* ---- what there is ---- */

static int items_choose(struct pff_known *known, struct err *err)
{
    int n = state.pff.orphans + state.pff.found;

    state.items = calloc((size_t)n + 1, sizeof(*state.items));
    if (!state.items)
        return err_set(err, ENOMEM, "no memory for libpff's items");
    for (int i = 0; i < n; i++) {
        libpff_item_t *item = pff_item(&state.pff, i);
        struct pff_props props;
        if (!item)
            continue;
        pff_props_open(&props, &state.pff, item, 0);
        if (pff_known_add(known, &props))
            state.items[state.n++] = i;
        pff_props_close(&props);
        libpff_item_free(&item, NULL);
    }
    return 0;
}

static int items_find(struct server *server, struct err *err)
{
    struct pff_known known = {0};
    int rc = pff_open(&state.pff, PROTO_STORE_FD, server->pst, err);

    if (rc == 0)
        rc = pff_known_fill(&known, server->pst, err);
    if (rc == 0)
        rc = items_choose(&known, err);
    pff_known_finish(&known);
    return rc;
}

/* The whole work, once. */
static int ready(struct server *server, struct err *err)
{
    int rc = 0;

    if (!state.tried) {
        state.tried = true;
        rc = pst_open(PROTO_STORE_FD, &server->pst, &state.failed);
        if (rc == 0)
            rc = items_find(server, &state.failed);
        state.failed.code = -rc;
    }
    if (state.failed.code)
        *err = state.failed;
    return -state.failed.code;
}

/* ---- one item ---- */

static int item_make(uint32_t number, struct err *err)
{
    uint32_t i = number - READER_LIBPFF_FIRST, defects = 0;
    libpff_item_t *item;
    struct pff_props props;
    int rc;

    if (state.number == number)
        return 0;
    if (number < READER_LIBPFF_FIRST || i >= state.n)
        return err_set(err, ENOENT, "no item %u of libpff", i + 1);
    if (!(item = pff_item(&state.pff, state.items[i])))
        return err_set(err, EIO, "libpff has lost item %u", i + 1);
    state.number = 0;
    buf_clear(&state.text);
    rc = pff_mail(&state.pff, item, number, &state.text, &defects);
    pff_props_open(&props, &state.pff, item, 0);
    state.meta =
        (struct proto_item){.size = state.text.len, .defects = defects};
    state.meta.time = pff_time(&props, PR_DELIVERY_TIME);
    if (!state.meta.time)
        state.meta.time = pff_time(&props, PR_CLIENT_SUBMIT_TIME);
    pff_props_close(&props);
    libpff_item_free(&item, NULL);
    if (rc != 0)
        return err_set(err, -rc, "no memory for an item of libpff");
    state.number = number;
    return 0;
}

static uint32_t number_of(uint32_t nid)
{
    return reader_is_recovered(nid) ? nid >> 5 : 0;
}

/* ---- operations ---- */

static size_t text_put(char *to, const struct buf *text, uint16_t *length_r)
{
    size_t len = charset_cut(buf_str(text), text->len, PROTO_TEXT_MAX);

    memcpy(to, buf_str(text), len);
    to[len] = '\0';
    *length_r = (uint16_t)len;
    return len + 1;
}

/* Class, subject, "from" and "to" as in a listing, and "eml". */
static size_t record_fill(struct proto_record *r, const struct pff_props *props)
{
    static const uint16_t ids[PROTO_TEXTS] = {
        [PROTO_CLASS] = PR_MESSAGE_CLASS,
        [PROTO_SUBJECT] = PR_SUBJECT,
        [PROTO_FROM] = PR_SENT_REPRESENTING_NAME,
        [PROTO_TO] = PR_DISPLAY_TO,
    };
    char *to = r->text;

    for (size_t i = 0; i < PROTO_TEXTS; i++) {
        cleanup_buf struct buf text = BUF(PFF_TEXT_MAX);
        if (i == PROTO_EXT)
            buf_adds(&text, "eml");
        else
            pff_text(props, ids[i], &text);
        if (i == PROTO_SUBJECT && text.len > 2 && text.data[0] == '\1')
            memmove(text.data, text.data + 2, text.len -= 2);
        to += text_put(to, &text, &r->lengths[i]);
    }
    while ((to - (char *)r) % 8)
        *to++ = '\0';
    return (size_t)(to - (char *)r);
}

static void record_add(struct server *server, uint32_t i,
                       struct proto_reply *reply)
{
    struct proto_record *r =
        (struct proto_record *)(server->window + PROTO_DATA_OFF + reply->used);
    libpff_item_t *item = pff_item(&state.pff, state.items[i]);
    struct pff_props props = {0};

    if (item)
        pff_props_open(&props, &state.pff, item, 0);
    *r = (struct proto_record){
        .nid = reader_recovered_nid(READER_LIBPFF_FIRST + i),
        .time = pff_time(&props, PR_DELIVERY_TIME)};
    r->size = (uint32_t)record_fill(r, &props);
    reply->used += r->size;
    reply->count++;
    pff_props_close(&props);
    if (item)
        libpff_item_free(&item, NULL);
}

static int op_entries(struct server *server,
                      const struct proto_request *request,
                      struct proto_reply *reply, struct err *err)
{
    uint64_t i = request->start;

    if (request->nid != READER_LIBPFF)
        return err_set(err, ENOENT, "no folder %x of libpff", request->nid);
    while (i < state.n && reply->used + PROTO_RECORD_MAX <= PROTO_DATA_MAX)
        record_add(server, (uint32_t)i++, reply);
    reply->next = i < state.n ? i : 0;
    return 0;
}

static int op_metas(struct server *server, const struct proto_request *request,
                    struct proto_reply *reply, struct err *err)
{
    struct proto_item *items =
        (struct proto_item *)(server->window + PROTO_DATA_OFF);
    uint64_t deadline = time_mono_ms() + PROTO_SLICE_MS;
    uint32_t i = 0;

    while (i < request->count && (i == 0 || time_mono_ms() <= deadline)) {
        uint32_t nid = server->nids[i];
        int rc;
        board_set(server, nid);
        rc = item_make(number_of(nid), NULL);
        items[i++] = rc == 0 ? state.meta : (struct proto_item){.error = -rc};
    }
    reply->count = i;
    reply->used = i * (uint32_t)sizeof(*items);
    return 0;
}

static int op_read(struct server *server, const struct proto_request *request,
                   struct proto_reply *reply, struct err *err)
{
    uint64_t left, start = request->start;
    int rc;

    if (request->length > PROTO_DATA_MAX)
        return err_set(err, EINVAL, "read longer than the window");
    rc = item_make(number_of(request->nid), err);
    if (rc < 0)
        return rc;
    left = start < state.text.len ? state.text.len - start : 0;
    reply->used = (uint32_t)(left < request->length ? left : request->length);
    memcpy(server->window + PROTO_DATA_OFF,
           buf_str(&state.text) + start * !!left, reply->used);
    return 0;
}

typedef int op_fn(struct server *server, const struct proto_request *request,
                  struct proto_reply *reply, struct err *err);
static op_fn *const ops[PROTO_OPS] = {
    [PROTO_ENTRIES] = op_entries,
    [PROTO_METAS] = op_metas,
    [PROTO_READ] = op_read,
};

static int run(struct server *server, const struct proto_request *request,
               struct proto_reply *reply, struct err *err)
{
    int rc;

    if (request->op >= PROTO_OPS || !ops[request->op])
        return err_set(err, EOPNOTSUPP, "no operation %u of libpff",
                       request->op);
    if (request->count > PROTO_NIDS_MAX)
        return err_set(err, EINVAL, "too many items in one request");
    /* Of properties that can be exported libpff gives too little. */
    if (request->format != READER_FILE && request->format != READER_MAIL)
        return err_set(err, EOPNOTSUPP, "libpff's items are messages only");
    board_set(server, request->nid);
    if ((rc = ready(server, err)) < 0)
        return rc;
    memcpy(server->nids, server->window + PROTO_NIDS_OFF,
           request->count * sizeof(uint32_t));
    return ops[request->op](server, request, reply, err);
}

void ops_run(struct server *server, const struct proto_request *request,
             struct proto_reply *reply_r)
{
    struct err err = {0};
    int rc;

    reply_r->op = request->op;
    reply_r->seq = request->seq;
    rc = run(server, request, reply_r, &err);
    if (rc == 0)
        return;
    reply_r->status = rc;
    reply_r->used = reply_r->count = 0;
    reply_r->next = 0;
    memcpy(reply_r->text, err.msg, sizeof(reply_r->text));
}
