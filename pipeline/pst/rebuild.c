#include <string.h>

#include "pipeline/pst/bytes.h"
#include "pipeline/pst/heap.h"
#include "pipeline/pst/salvage.h"

#define TCINFO_ROWS_AT 14u
#define ID_LINK        0x67F1 /* the folder, in a search folder's row */
#define NID_LTP        0x1Fu  /* a long value or a row matrix */
#define FLAG_HIDDEN    0x40   /* of message flags: an FAI item */

/* Heaps and lists of subnodes that nothing names, and which list belongs to
 * which heap. A list fits when it has every subnode that the heap refers to
 * and no long value that the heap does not know; of several one whose
 * recipients are those that the message shows, and of these the one written
 * nearest to it is taken, for ids are given out in order. */
struct sub {
    uint64_t bid;
    uint64_t names;
    size_t first; /* its nids in the pool */
    uint32_t count;
    bool message; /* has recipients or attachments */
    bool attachments;
    bool used;
};

struct build {
    struct salvage *s;
    const struct refs *refs;
    struct list *pieces;
    struct list needs; /* struct need, one a piece */
    struct list subs;  /* struct sub, by bid */
    struct list pool;  /* uint32_t */
    struct list pairs; /* struct pair */
};

struct need {
    uint64_t names;
    size_t first; /* in the pool */
    uint32_t count;
    bool attachments;
};

struct pair {
    uint64_t cost;
    uint32_t piece, sub;
};

static void pool_add(struct build *b, uint32_t nid)
{
    uint32_t *at = list_add(&b->pool, PST_SCAN_BLOCKS_MAX);

    if (at)
        *at = nid;
}

/* ---- what there is ---- */

static int sub_nid(void *ctx, const struct node *node)
{
    struct build *b = ctx;
    struct sub *sub = list_at(&b->subs, b->subs.count - 1);
    unsigned type = NID_TYPE(node->nid);

    pool_add(b, node->nid);
    sub->attachments |= type == NID_ATTACHMENT;
    sub->message |= type == NID_ATTACHMENT || node->nid == NID_RECIPIENTS ||
                    node->nid == NID_ATTACHMENTS;
    return 0;
}

static void sub_add(struct build *b, uint64_t bid)
{
    struct sub *sub = list_add(&b->subs, PST_SCAN_BLOCKS_MAX);

    if (!sub)
        return;
    sub->bid = bid;
    sub->first = b->pool.count;
    subnodes_walk(b->s->pst, bid, sub_nid, b, NULL);
    sub = list_at(&b->subs, b->subs.count - 1);
    sub->count = (uint32_t)(b->pool.count - sub->first);
    if (sub->message)
        sub->names = list_names(b->s->pst, bid);
}

static bool has_type(struct pst_props *p, uint16_t id)
{
    return pst_props_type(p, id) != 0;
}

static enum piece_kind props_kind(struct pst_props *p)
{
    int32_t flags = pst_props_int(p, PR_MESSAGE_FLAGS, 0);

    if (has_type(p, PR_ATTACH_METHOD) || has_type(p, PR_RECIPIENT_TYPE))
        return PIECE_OTHER;
    if (has_type(p, PR_MESSAGE_CLASS))
        return flags & FLAG_HIDDEN ? PIECE_OTHER : PIECE_MESSAGE;
    if (has_type(p, PR_IPM_SUBTREE_ENTRYID) || has_type(p, PR_PST_PASSWORD))
        return PIECE_STORE;
    if (has_type(p, 0x0001) && pst_props_type(p, 0x0003) == PT_BINARY)
        return PIECE_NAMES;
    if (has_type(p, PR_CONTENT_COUNT) || has_type(p, PR_SUBFOLDERS))
        return PIECE_FOLDER;
    return PIECE_OTHER;
}

static void props_needs(struct build *b, const struct pst_props *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (!value_width(p->list[i].type) && p->list[i].hnid &&
            !hnid_is_heap(p->list[i].hnid))
            pool_add(b, p->list[i].hnid);
}

static void piece_add_props(struct build *b, struct piece *piece,
                            struct need *need)
{
    struct pst_props *p = NULL;

    if (props_open(b->s->pst, &piece->node, &p, NULL) < 0)
        return;
    piece->kind = props_kind(p);
    if (piece->kind == PIECE_MESSAGE || piece->kind == PIECE_FOLDER)
        piece->print = piece_print(p, piece->kind);
    piece->key = piece_key(p);
    if (piece->kind == PIECE_FOLDER)
        piece->rows = (uint32_t)pst_props_int(p, PR_CONTENT_COUNT, 0);
    need->attachments =
        pst_props_int(p, PR_MESSAGE_FLAGS, 0) & MSGFLAG_HASATTACH;
    need->names = piece_names(p);
    props_needs(b, p);
    props_free(&p);
}

static void piece_add_table(struct build *b, struct piece *piece)
{
    struct heap *heap = NULL;
    const uint8_t *info;
    size_t len;

    if (heap_open(b->s->pst, &piece->node, HEAP_TABLE, &heap, NULL) < 0)
        return;
    if (heap_get(heap, heap_root(heap), &info, &len, NULL) == 0 &&
        len >= TCINFO_ROWS_AT + 4 && get32(info + TCINFO_ROWS_AT) &&
        !hnid_is_heap(get32(info + TCINFO_ROWS_AT)))
        pool_add(b, get32(info + TCINFO_ROWS_AT));
    heap_free(&heap);
}

/* kind: the heap's client signature. */
static void piece_add(struct build *b, uint64_t bid, uint8_t client)
{
    struct piece *piece = list_add(b->pieces, PST_SAVED_NODES_MAX);
    struct need *need = list_add(&b->needs, PST_SAVED_NODES_MAX);

    if (!piece || !need)
        return;
    piece->node.data = bid;
    need->first = b->pool.count;
    if (client == HEAP_PROPS)
        piece_add_props(b, piece, need);
    else
        piece_add_table(b, piece);
    piece->table = client == HEAP_TABLE;
    need->count = (uint32_t)(b->pool.count - need->first);
}

static void block_classify(struct build *b, uint64_t bid)
{
    struct pst_stream *s = NULL;
    struct chunk *c = NULL;
    uint8_t head[4];

    if (bid & BID_INTERNAL) {
        if (block_read(b->s->pst, bid, &c, NULL) < 0)
            return;
        head[0] = c->len > 1 ? c->data[0] : 0;
        chunk_unref(&c);
        if (head[0] == 2) {
            sub_add(b, bid);
            return;
        }
    }
    if (stream_open(b->s->pst, bid, &s, NULL) < 0)
        return;
    if (pst_stream_read(s, 0, head, sizeof(head), NULL) == sizeof(head) &&
        head[2] == HEAP_SIGNATURE &&
        (head[3] == HEAP_PROPS || head[3] == HEAP_TABLE))
        piece_add(b, bid, head[3]);
    pst_stream_free(&s);
}

/* ---- which belongs to which ---- */

static bool pool_has(const struct build *b, size_t first, uint32_t count,
                     uint32_t nid)
{
    for (uint32_t i = 0; i < count; i++)
        if (*(uint32_t *)list_at(&b->pool, first + i) == nid)
            return true;
    return false;
}

static bool sub_fits(const struct build *b, const struct piece *piece,
                     const struct need *need, const struct sub *sub)
{
    if (piece->table ? sub->message : need->count == 0 && !sub->message)
        return false;
    for (uint32_t i = 0; i < need->count; i++)
        if (!pool_has(b, sub->first, sub->count,
                      *(uint32_t *)list_at(&b->pool, need->first + i)))
            return false;
    for (uint32_t i = 0; i < sub->count && !piece->table; i++) {
        uint32_t nid = *(uint32_t *)list_at(&b->pool, sub->first + i);
        if (NID_TYPE(nid) == NID_LTP &&
            !pool_has(b, need->first, need->count, nid))
            return false;
    }
    return piece->table ? need->count > 0 : true;
}

static void pair_offer(struct build *b, size_t piece, size_t sub)
{
    const struct piece *p = list_at(b->pieces, piece);
    const struct need *need = list_at(&b->needs, piece);
    const struct sub *l = list_at(&b->subs, sub);
    uint64_t distance =
        p->node.data > l->bid ? p->node.data - l->bid : l->bid - p->node.data;
    struct pair *pair;

    if (!sub_fits(b, p, need, l))
        return;
    pair = list_add(&b->pairs, PST_SAVED_NODES_MAX);
    if (!pair)
        return;
    pair->cost = distance;
    if (!p->table && need->attachments != l->attachments)
        pair->cost += UINT64_C(1) << 62;
    if (!p->table && (!l->names != !need->names || l->names & ~need->names))
        pair->cost += UINT64_C(1) << 61;
    pair->piece = (uint32_t)piece;
    pair->sub = (uint32_t)sub;
}

/* Offers the lists nearest to each heap; both are in order of their ids. */
static void pairs_offer(struct build *b)
{
    size_t at = 0;

    for (size_t i = 0; i < b->pieces->count; i++) {
        const struct piece *p = list_at(b->pieces, i);
        size_t first, end;
        while (at < b->subs.count &&
               ((struct sub *)list_at(&b->subs, at))->bid < p->node.data)
            at++;
        first = at > PST_PAIR_NEAR ? at - PST_PAIR_NEAR : 0;
        end = at + PST_PAIR_NEAR < b->subs.count ? at + PST_PAIR_NEAR
                                                 : b->subs.count;
        for (size_t k = first; k < end; k++)
            pair_offer(b, i, k);
    }
}

static int pair_order(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    if (x->cost != y->cost)
        return x->cost < y->cost ? -1 : 1;
    if (x->piece != y->piece)
        return x->piece < y->piece ? -1 : 1;
    return x->sub < y->sub ? -1 : x->sub > y->sub;
}

static void pairs_take(struct build *b)
{
    if (b->pairs.count)
        qsort(b->pairs.data, b->pairs.count, b->pairs.size, pair_order);
    for (size_t i = 0; i < b->pairs.count; i++) {
        const struct pair *pair = list_at(&b->pairs, i);
        struct piece *p = list_at(b->pieces, pair->piece);
        struct sub *sub = list_at(&b->subs, pair->sub);
        if (p->node.sub || sub->used)
            continue;
        p->node.sub = sub->bid;
        sub->used = true;
    }
}

/* ---- tables, once they have their rows ---- */

static void table_classify(struct build *b, struct piece *piece)
{
    struct table *t = NULL;
    struct pst_props row;

    if (table_open(b->s->pst, &piece->node, &t, NULL) < 0)
        return;
    if (table_has_column(t, PR_MESSAGE_CLASS) &&
        table_has_column(t, PR_SUBJECT) && !table_has_column(t, ID_LINK))
        piece->kind = PIECE_CONTENTS;
    else if (table_has_column(t, PR_DISPLAY_NAME) &&
             table_has_column(t, PR_SUBFOLDERS))
        piece->kind = PIECE_HIERARCHY;
    for (uint64_t r = 0; r < table_rows(t); r++)
        piece->rows += table_row(t, r, &row);
    table_free(&t);
}

void pieces_find(struct salvage *s, const struct refs *refs,
                 struct list *pieces)
{
    struct build b = {
        .s = s,
        .refs = refs,
        .pieces = pieces,
        .needs = {.size = sizeof(struct need)},
        .subs = {.size = sizeof(struct sub)},
        .pool = {.size = sizeof(uint32_t)},
        .pairs = {.size = sizeof(struct pair)},
    };

    for (size_t i = 0; i < refs_count(refs) && salvage_alive(s); i++)
        if (!refs_named(refs, i))
            block_classify(&b, refs_bid(refs, i));
    pairs_offer(&b);
    pairs_take(&b);
    for (size_t i = 0; i < pieces->count && salvage_alive(s); i++) {
        struct piece *piece = list_at(pieces, i);
        if (piece->table)
            table_classify(&b, piece);
    }
    list_finish(&b.needs);
    list_finish(&b.subs);
    list_finish(&b.pool);
    list_finish(&b.pairs);
}
