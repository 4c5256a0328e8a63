#include <string.h>

#include "pipeline/pst/bytes.h"
#include "pipeline/pst/heap.h"
#include "pipeline/pst/salvage.h"

#define ENTRYID_SIZE   24u
#define ENTRYID_NID_AT 20u
#define TWINS_MAX      64u /* pieces of one print that a row is compared with */

/* Gives lost nodes their numbers back. The rows of folders' tables name what
 * was in them; a row and a piece belong together when they agree in what tells
 * items apart. What no row names keeps a made-up number. */
struct claim {
    uint32_t nid, parent;
    uint64_t print;
    struct node table; /* whose row it is */
    uint64_t row;
};

/* Rows whose nodes are known tell whose table it is: their parent's. */
struct vote {
    uint32_t owner, yes, no;
};

struct rejoin {
    struct salvage *s;
    struct list *pieces;
    struct list order;   /* uint32_t, pieces by kind and print */
    struct list tables;  /* struct node, of known tables to read */
    struct list folders; /* struct claim, of all folders by nid */
    struct list claims;  /* struct claim, of messages */
    struct vote vote;    /* on the table that is read now */
};

static bool is_lost(const struct rejoin *r, uint32_t nid)
{
    struct node node;

    return nid && salvage_has_lost(r->s->pst, &r->s->pst->nbt, nid) &&
           !salvage_node(r->s->pst, nid, &node);
}

static struct piece *piece_at(const struct rejoin *r, size_t i)
{
    return list_at(r->pieces, i);
}

static void piece_place(struct rejoin *r, struct piece *piece, uint32_t nid,
                        uint32_t parent, enum saved_from from)
{
    piece->node.nid = nid;
    piece->node.parent = parent;
    piece->used = true;
    salvage_keep(r->s, &piece->node, from);
}

/* ---- one of a kind ---- */

static void singles_place(struct rejoin *r)
{
    static const struct {
        enum piece_kind kind;
        uint32_t nid;
    } singles[] = {{PIECE_STORE, NID_STORE}, {PIECE_NAMES, NID_NAMES}};

    for (size_t k = 0; k < array_len(singles); k++)
        for (size_t i = r->pieces->count; i > 0; i--) {
            struct piece *p = piece_at(r, i - 1); /* the newest first */
            if (p->kind == singles[k].kind && is_lost(r, singles[k].nid))
                piece_place(r, p, singles[k].nid, 0, SAVED_REBUILT);
        }
}

/* ---- what the tables say ---- */

typedef void row_fn(struct rejoin *r, uint32_t owner, const struct node *table,
                    uint64_t row, struct pst_props *props);

static void rows_each(struct rejoin *r, uint32_t owner, const struct node *node,
                      row_fn *fn)
{
    struct table *t = NULL;

    if (table_open(r->s->pst, node, &t, NULL) < 0)
        return;
    for (uint64_t i = 0; i < table_rows(t) && salvage_alive(r->s); i++) {
        struct pst_props row;
        if (table_row(t, i, &row))
            fn(r, owner, node, i, &row);
    }
    table_free(&t);
}

static int table_note(void *ctx, const struct node *node)
{
    struct rejoin *r = ctx;
    unsigned type = NID_TYPE(node->nid);
    struct node *at;

    if (type != NID_CONTENTS && type != NID_HIERARCHY && type != NID_FOLDER)
        return 0;
    at = list_add(&r->tables, PST_FOLDERS_MAX * 3);
    if (at)
        *at = *node;
    return 0;
}

/* The known tables of a type, each row of each. */
static void known_rows(struct rejoin *r, unsigned type, row_fn *fn)
{
    for (size_t i = 0; i < r->tables.count; i++) {
        const struct node *node = list_at(&r->tables, i);
        if (NID_TYPE(node->nid) == type)
            rows_each(r, NID_WITH(node->nid, NID_FOLDER), node, fn);
    }
}

static struct claim *folder_known(struct rejoin *r, uint32_t nid)
{
    for (size_t i = 0; i < r->folders.count; i++) {
        struct claim *c = list_at(&r->folders, i);
        if (c->nid == nid)
            return c;
    }
    return NULL;
}

static void folder_claim(struct rejoin *r, uint32_t owner,
                         const struct node *table, uint64_t row,
                         struct pst_props *props)
{
    uint32_t nid = row_id(props);
    struct claim *c;

    if (NID_TYPE(nid) != NID_FOLDER || folder_known(r, nid))
        return;
    c = list_add(&r->folders, PST_CLAIMS_FOLDERS);
    if (c)
        *c = (struct claim){nid, owner, piece_print(props, PIECE_FOLDER),
                            *table, row};
}

static void message_claim(struct rejoin *r, uint32_t owner,
                          const struct node *table, uint64_t row,
                          struct pst_props *props)
{
    uint32_t nid = row_id(props);
    struct saved_node *saved = salvage_edit(r->s, nid);
    struct claim *c;

    if (saved && owner) /* where it is listed it belongs */
        saved->node.parent = owner;
    if (NID_TYPE(nid) != NID_MESSAGE || !is_lost(r, nid))
        return;
    c = list_add(&r->claims, PST_SAVED_NODES_MAX);
    if (c)
        *c = (struct claim){nid, owner, piece_print(props, PIECE_MESSAGE),
                            *table, row};
}

/* ---- whose tables ---- */

static void row_vote(struct rejoin *r, uint32_t owner, const struct node *table,
                     uint64_t row, struct pst_props *props)
{
    struct vote *v = &r->vote;
    struct node node;

    (void)owner, (void)table, (void)row;
    if (node_find(r->s->pst, row_id(props), &node, NULL) < 0 || !node.parent)
        return;
    if (!v->owner)
        v->owner = node.parent;
    if (v->owner == node.parent)
        v->yes++;
    else
        v->no++;
}

static void table_place(struct rejoin *r, struct piece *piece, uint32_t owner)
{
    unsigned type =
        piece->kind == PIECE_CONTENTS ? NID_CONTENTS : NID_HIERARCHY;
    struct node *at;

    piece_place(r, piece, NID_WITH(owner, type), 0, SAVED_REBUILT);
    at = list_add(&r->tables, PST_FOLDERS_MAX * 3);
    if (at)
        *at = piece->node;
}

/* Tables with rows that are known otherwise. */
static void tables_vote(struct rejoin *r, enum piece_kind kind)
{
    unsigned type = kind == PIECE_CONTENTS ? NID_CONTENTS : NID_HIERARCHY;

    for (size_t i = r->pieces->count; i > 0; i--) {
        struct piece *p = piece_at(r, i - 1);
        if (p->kind != kind || p->used || !p->rows)
            continue;
        r->vote = (struct vote){0, 0, 0};
        rows_each(r, 0, &p->node, row_vote);
        if (r->vote.yes > r->vote.no && NID_TYPE(r->vote.owner) == NID_FOLDER &&
            is_lost(r, NID_WITH(r->vote.owner, type)))
            table_place(r, p, r->vote.owner);
    }
}

/* The top of the mail as the store's properties name it. */
static uint32_t top_find(struct rejoin *r)
{
    struct buf entry = BUF(1024);
    struct pst_props *props = NULL;
    uint32_t nid = 0;
    struct node node;

    if (node_find(r->s->pst, NID_STORE, &node, NULL) == 0 &&
        props_open(r->s->pst, &node, &props, NULL) == 0 &&
        pst_props_bytes(props, PR_IPM_SUBTREE_ENTRYID, &entry, NULL) == 0 &&
        entry.len == ENTRYID_SIZE)
        nid = get32(entry.data + ENTRYID_NID_AT);
    props_free(&props);
    buf_finish(&entry);
    return nid;
}

static void row_holds(struct rejoin *r, uint32_t owner,
                      const struct node *table, uint64_t row,
                      struct pst_props *props)
{
    (void)owner, (void)table, (void)row;
    if (row_id(props) == r->vote.owner)
        r->vote.yes++;
}

/* The root has the table with the top folder in it. */
static void root_table_find(struct rejoin *r)
{
    uint32_t top = top_find(r);

    for (size_t i = r->pieces->count; top && i > 0; i--) {
        struct piece *p = piece_at(r, i - 1);
        if (p->kind != PIECE_HIERARCHY || p->used || !p->rows ||
            !is_lost(r, NID_WITH(NID_ROOT, NID_HIERARCHY)))
            continue;
        r->vote = (struct vote){top, 0, 0};
        rows_each(r, 0, &p->node, row_holds);
        if (r->vote.yes)
            table_place(r, p, NID_ROOT);
    }
}

/* Where the folder's own properties lie, 0 unknown: its tables were mostly
 * written soon after. */
static uint64_t folder_bid(struct rejoin *r, uint32_t nid)
{
    struct node node;

    return node_find(r->s->pst, nid, &node, NULL) == 0 ? bid_clean(node.data)
                                                       : 0;
}

static int64_t folder_count(struct rejoin *r, uint32_t nid)
{
    struct pst_props *props = NULL;
    int64_t count = -1;
    struct node node;

    if (node_find(r->s->pst, nid, &node, NULL) == 0 &&
        props_open(r->s->pst, &node, &props, NULL) == 0)
        count = pst_props_int(props, PR_CONTENT_COUNT, -1);
    props_free(&props);
    return count;
}

/* The folder without such a table that was written nearest before or after
 * the piece; of a contents table the number of rows must fit too. */
static uint32_t owner_guess(struct rejoin *r, const struct piece *p)
{
    bool contents = p->kind == PIECE_CONTENTS;
    uint64_t best = UINT64_MAX;
    uint32_t owner = 0;

    for (size_t i = 0; i < r->folders.count; i++) {
        uint32_t nid = ((struct claim *)list_at(&r->folders, i))->nid;
        uint64_t bid, distance;
        if (!is_lost(r, NID_WITH(nid, contents ? NID_CONTENTS : NID_HIERARCHY)))
            continue;
        bid = folder_bid(r, nid);
        if (!bid || (contents && folder_count(r, nid) != p->rows))
            continue;
        distance = bid > p->node.data ? bid - p->node.data : p->node.data - bid;
        if (distance < best) {
            best = distance;
            owner = nid;
        }
    }
    return owner;
}

static void tables_guess(struct rejoin *r, enum piece_kind kind)
{
    for (size_t i = 0; i < r->pieces->count && salvage_alive(r->s); i++) {
        struct piece *p = piece_at(r, i);
        uint32_t owner = 0;
        if (p->kind == kind && !p->used && p->rows)
            owner = owner_guess(r, p);
        if (owner)
            table_place(r, p, owner);
    }
}

static void folder_hang(struct rejoin *r, uint32_t owner,
                        const struct node *table, uint64_t row,
                        struct pst_props *props)
{
    struct saved_node *saved = salvage_edit(r->s, row_id(props));

    (void)table, (void)row;
    if (saved && saved->from == SAVED_REBUILT && !saved->node.parent)
        saved->node.parent = owner;
}

/* Folders from tables whose owner was found later get it as their parent. */
static void parents_settle(struct rejoin *r)
{
    known_rows(r, NID_HIERARCHY, folder_hang);
}

/* ---- rows and pieces ---- */

static int order_by_print(const void *a, const void *b)
{
    const struct piece *const *x = a, *const *y = b;

    if ((*x)->kind != (*y)->kind)
        return (*x)->kind < (*y)->kind ? -1 : 1;
    if ((*x)->print != (*y)->print)
        return (*x)->print < (*y)->print ? -1 : 1;
    return (*x)->node.data < (*y)->node.data ? -1 : 1;
}

static struct piece *ordered(const struct rejoin *r, size_t i)
{
    return *(struct piece **)list_at(&r->order, i);
}

static void pieces_order(struct rejoin *r)
{
    for (size_t i = 0; i < r->pieces->count; i++) {
        struct piece **at = list_add(&r->order, PST_SAVED_NODES_MAX);
        if (at)
            *at = piece_at(r, i);
    }
    if (r->order.count)
        qsort(r->order.data, r->order.count, r->order.size, order_by_print);
}

static size_t order_find(const struct rejoin *r, enum piece_kind kind,
                         uint64_t print)
{
    size_t low = 0, high = r->order.count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct piece *p = ordered(r, middle);
        if (p->kind < kind || (p->kind == kind && p->print < print))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static unsigned likeness(struct rejoin *r, const struct piece *p,
                         struct pst_props *row)
{
    struct pst_props *props = NULL;
    unsigned same = 0;

    if (props_open(r->s->pst, &p->node, &props, NULL) == 0)
        same = piece_likeness(props, row);
    props_free(&props);
    return same;
}

/* The unused piece that is most like the row; the oldest of equal ones. */
static struct piece *twin_find(struct rejoin *r, const struct claim *c,
                               enum piece_kind kind, struct pst_props *row)
{
    struct piece *best = NULL;
    unsigned most = 0;
    size_t i = order_find(r, kind, c->print);

    for (unsigned n = 0; n < TWINS_MAX && i < r->order.count; i++) {
        struct piece *p = ordered(r, i);
        unsigned like;
        if (p->kind != kind || p->print != c->print)
            break;
        if (p->used)
            continue;
        n++;
        like = row ? likeness(r, p, row) : 0;
        if (!best || like > most) {
            best = p;
            most = like;
        }
    }
    return best;
}

static void folders_place(struct rejoin *r)
{
    for (size_t i = 0; i < r->folders.count; i++) {
        const struct claim *c = list_at(&r->folders, i);
        struct piece *p;
        if (!is_lost(r, c->nid))
            continue;
        p = twin_find(r, c, PIECE_FOLDER, NULL);
        if (p)
            piece_place(r, p, c->nid, c->parent, SAVED_REBUILT);
    }
}

/* The root's properties have no name and are in no row. */
static void root_place(struct rejoin *r)
{
    struct buf name = BUF(1024);

    for (size_t i = 0; i < r->pieces->count && is_lost(r, NID_ROOT); i++) {
        struct piece *p = piece_at(r, i);
        struct pst_props *props = NULL;
        if (p->kind != PIECE_FOLDER || p->used ||
            props_open(r->s->pst, &p->node, &props, NULL) < 0)
            continue;
        buf_clear(&name);
        props_text_cut(props, PR_DISPLAY_NAME, 64, true, &name, NULL);
        props_free(&props);
        if (name.len == 0)
            piece_place(r, p, NID_ROOT, NID_ROOT, SAVED_REBUILT);
    }
    buf_finish(&name);
}

static void messages_place(struct rejoin *r)
{
    struct table *table = NULL;
    uint64_t open = 0;

    for (size_t i = 0; i < r->claims.count && salvage_alive(r->s); i++) {
        const struct claim *c = list_at(&r->claims, i);
        struct pst_props row;
        struct piece *p;
        if (!table || open != c->table.data) {
            table_free(&table);
            table_open(r->s->pst, &c->table, &table, NULL);
            open = c->table.data;
        }
        if (!is_lost(r, c->nid) || !table || !table_row(table, c->row, &row))
            continue;
        p = twin_find(r, c, PIECE_MESSAGE, &row);
        if (p)
            piece_place(r, p, c->nid, c->parent ? c->parent : PST_LOST_FOLDER,
                        SAVED_REBUILT);
    }
    table_free(&table);
}

/* ---- what is left ---- */

/* Another version of an item that has its place is no item of its own. */
static bool is_version(const struct rejoin *r, const struct piece *piece)
{
    for (size_t i = order_find(r, PIECE_MESSAGE, piece->print), n = 0;
         i < r->order.count && n < TWINS_MAX; i++, n++) {
        const struct piece *p = ordered(r, i);
        if (p->kind != PIECE_MESSAGE || p->print != piece->print)
            break;
        if (p->used && p->key && p->key == piece->key)
            return true;
    }
    return false;
}

/* A number that depends on the block's id only, and that is free. */
static uint32_t loose_nid(struct rejoin *r, uint64_t bid)
{
    uint32_t index = (uint32_t)(bid >> 2) & ((1u << LOOSE_BITS) - 1);
    struct node node;

    for (unsigned i = 0; i < TWINS_MAX; i++) {
        uint32_t nid = LOOSE_BASE | (index + i) << 5 | NID_MESSAGE;
        if (!salvage_node(r->s->pst, nid, &node))
            return nid;
    }
    return 0;
}

static void loose_place(struct rejoin *r)
{
    size_t count = 0;

    for (size_t i = 0; i < r->pieces->count && salvage_alive(r->s); i++) {
        struct piece *p = piece_at(r, i);
        uint32_t nid;
        if (p->kind != PIECE_MESSAGE || p->used || is_version(r, p))
            continue;
        nid = loose_nid(r, p->node.data);
        if (!nid)
            continue;
        piece_place(r, p, nid, PST_LOST_FOLDER, SAVED_LOOSE);
        count++;
    }
    if (count)
        pst_note(r->s->pst, "%zu items were found in no folder", count);
}

static void tables_gather(struct rejoin *r)
{
    static const struct claim root = {.nid = NID_ROOT, .parent = NID_ROOT};
    struct claim *c;

    nodes_walk(r->s->pst, 0, table_note, r);
    for (size_t i = 0; i < r->tables.count; i++) {
        const struct node *node = list_at(&r->tables, i);
        if (NID_TYPE(node->nid) != NID_FOLDER || folder_known(r, node->nid))
            continue;
        c = list_add(&r->folders, PST_CLAIMS_FOLDERS);
        if (c)
            *c = (struct claim){.nid = node->nid, .parent = node->parent};
    }
    if (!folder_known(r, NID_ROOT)) {
        c = list_add(&r->folders, PST_CLAIMS_FOLDERS);
        if (c)
            *c = root;
    }
}

void pieces_rejoin(struct salvage *s, struct list *pieces)
{
    struct rejoin r = {
        .s = s,
        .pieces = pieces,
        .order = {.size = sizeof(struct piece *)},
        .tables = {.size = sizeof(struct node)},
        .folders = {.size = sizeof(struct claim)},
        .claims = {.size = sizeof(struct claim)},
    };

    pieces_order(&r);
    singles_place(&r);
    tables_gather(&r);
    tables_vote(&r, PIECE_HIERARCHY);
    root_table_find(&r);
    known_rows(&r, NID_HIERARCHY, folder_claim);
    for (size_t i = 0; i < pieces->count; i++)
        if (piece_at(&r, i)->kind == PIECE_HIERARCHY && !piece_at(&r, i)->used)
            rows_each(&r, 0, &piece_at(&r, i)->node, folder_claim);
    folders_place(&r);
    root_place(&r);
    tables_guess(&r, PIECE_HIERARCHY);
    parents_settle(&r);
    tables_vote(&r, PIECE_CONTENTS);
    tables_guess(&r, PIECE_CONTENTS);
    known_rows(&r, NID_CONTENTS, message_claim);
    for (size_t i = 0; i < pieces->count; i++)
        if (piece_at(&r, i)->kind == PIECE_CONTENTS && !piece_at(&r, i)->used)
            rows_each(&r, 0, &piece_at(&r, i)->node, message_claim);
    messages_place(&r);
    loose_place(&r);
    list_finish(&r.order);
    list_finish(&r.tables);
    list_finish(&r.folders);
    list_finish(&r.claims);
}
