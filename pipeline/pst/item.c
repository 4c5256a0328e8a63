#include <string.h>

#include "pipeline/pst/heap.h"
#include "pipeline/pst/salvage.h"

struct pst_item {
    struct pst *pst;
    struct node node;
    const struct pst_item *outer; /* borrowed; NULL at top level */
    struct damage *damage;        /* of the outermost item, which owns it */
    char *origin;                 /* owned; NULL when an index names it */
    struct pst_props *props;
    struct table *recipient_table; /* the recipients are its rows */
    struct pst_props **recipients;
    size_t recipient_count;
    bool recipients_asked;
    struct node *attachments;
    size_t attachment_count;
    bool attachments_asked;
};

/* Items nest in a chain of bounded length, and none lies in itself. */
static int nesting_check(const struct node *node, const struct pst_item *outer,
                         struct err *err)
{
    unsigned depth = 0;

    for (; outer; outer = outer->outer) {
        if (++depth > PST_EMBED_DEPTH)
            return err_set(err, EFBIG, "items lie in each other too deep");
        if (bid_clean(outer->node.data) == bid_clean(node->data))
            return err_set(err, EBADMSG, "item %#x lies in itself", node->nid);
    }
    return 0;
}

static int damage_share(struct pst_item *item, struct err *err)
{
    if (item->outer) {
        item->damage = item->outer->damage;
        return 0;
    }
    item->damage = calloc(1, sizeof(*item->damage));
    if (!item->damage)
        return err_sys(err, ENOMEM, "item");
    item->damage->nid = item->node.nid;
    return 0;
}

int item_open_node(struct pst *pst, const struct node *node,
                   const struct pst_item *outer, unsigned codepage,
                   struct pst_item **item_r, struct err *err)
{
    struct damage *before;
    struct pst_item *item;
    int rc = nesting_check(node, outer, err);

    *item_r = NULL;
    if (rc < 0)
        return rc;
    item = calloc(1, sizeof(*item));
    if (!item)
        return err_sys(err, ENOMEM, "item");
    item->pst = pst;
    item->node = *node;
    item->outer = outer;
    rc = damage_share(item, err);
    if (rc == 0) {
        before = damage_enter(pst, item->damage);
        rc = props_open(pst, node, &item->props, err);
        damage_leave(pst, before);
    }
    if (rc == -ENOENT) /* the item is there, without its data */
        rc = err_set(err, EBADMSG, "no data");
    if (rc < 0) {
        pst_item_free(&item);
        if (err)
            err_wrap(err, "item %#x", node->nid);
        return rc;
    }
    item->props->outer_codepage = codepage;
    *item_r = item;
    return 0;
}

void item_set_origin(struct pst_item *item, const char *origin)
{
    free(item->origin);
    item->origin = origin ? strdup(origin) : NULL;
}

/* How a node was found that the live tree does not have, or NULL. */
static const char *saved_origin(struct pst *pst, uint32_t nid)
{
    static const char *const words[] = {
        [SAVED_PAGE] = "its entry is from a damaged page",
        [SAVED_STALE] = NULL, /* what it names is whole and its own */
        [SAVED_REBUILT] = "put together without an index",
        [SAVED_LOOSE] = "found without an index and without a folder",
    };
    const struct saved_node *saved = salvage_saved(pst, nid);

    return saved ? words[saved->from] : NULL;
}

int pst_item_open(struct pst *pst, uint32_t nid, struct pst_item **item_r,
                  struct err *err)
{
    struct node node;
    int rc = node_find(pst, nid, &node, err);

    *item_r = NULL;
    if (rc == 0)
        rc = item_open_node(pst, &node, NULL, 0, item_r, err);
    if (rc == 0)
        item_set_origin(*item_r, saved_origin(pst, nid));
    return rc;
}

unsigned pst_item_damage(const struct pst_item *item)
{
    return item->damage->count;
}

const char *pst_item_origin(const struct pst_item *item)
{
    while (item->outer)
        item = item->outer;
    return item->origin ? item->origin : "";
}

struct damage *item_sink(const struct pst_item *item)
{
    return item->damage;
}

void pst_item_free(struct pst_item **item_p)
{
    struct pst_item *item = *item_p;

    if (!item)
        return;
    for (size_t i = 0; i < item->recipient_count; i++)
        props_free(&item->recipients[i]);
    free(item->recipients);
    table_free(&item->recipient_table);
    free(item->attachments);
    props_free(&item->props);
    if (!item->outer)
        free(item->damage);
    free(item->origin);
    free(item);
    *item_p = NULL;
}

struct pst *pst_item_store(const struct pst_item *item)
{
    return item->pst;
}

uint32_t pst_item_nid(const struct pst_item *item)
{
    return item->node.nid;
}

struct pst_props *pst_item_props(struct pst_item *item)
{
    return item->props;
}

/* A table among the item's subnodes; NULL when it has none. */
static struct table *subtable_open(struct pst_item *item, uint32_t nid)
{
    struct table *table = NULL;
    struct damage *before = damage_enter(item->pst, item->damage);
    struct err err = {0};
    struct node node;
    int rc = subnode_find(item->pst, item->node.sub, nid, &node, &err);

    if (rc == 0)
        rc = table_open(item->pst, &node, &table, &err);
    damage_leave(item->pst, before);
    if (rc < 0 && rc != -ENOENT) {
        damage_lost(item->damage, nid);
        pst_note_node(item->pst, item->damage->nid, "its table %#x: %s", nid,
                      err.msg);
    }
    return table;
}

static void recipients_read(struct pst_item *item)
{
    struct table *table = subtable_open(item, NID_RECIPIENTS);
    uint64_t rows = table ? table_rows(table) : 0;

    item->recipients_asked = true;
    if (rows > PST_RECIPIENTS_MAX) {
        pst_note_node(item->pst, item->damage->nid, "more than %u recipients",
                      PST_RECIPIENTS_MAX);
        rows = PST_RECIPIENTS_MAX;
    }
    if (rows)
        item->recipients = calloc(rows, sizeof(*item->recipients));
    for (uint64_t r = 0; item->recipients && r < rows; r++) {
        struct pst_props *row = table_row_keep(table, r);
        if (!row)
            continue;
        row->outer_codepage = props_named_codepage(item->props);
        item->recipients[item->recipient_count++] = row;
    }
    item->recipient_table = table;
}

size_t pst_item_recipients(struct pst_item *item)
{
    if (!item->recipients_asked)
        recipients_read(item);
    return item->recipient_count;
}

struct pst_props *pst_item_recipient(struct pst_item *item, size_t i)
{
    return i < pst_item_recipients(item) ? item->recipients[i] : NULL;
}

static bool attachment_known(const struct pst_item *item, uint32_t nid)
{
    for (size_t i = 0; i < item->attachment_count; i++)
        if (item->attachments[i].nid == nid)
            return true;
    return false;
}

static int attachment_add(struct pst_item *item, const struct node *node)
{
    size_t n = item->attachment_count;

    if (n == PST_ATTACHMENTS_MAX)
        return -EFBIG;
    if ((n & (n - 1)) == 0) { /* room doubles at each power of two */
        struct node *list =
            realloc(item->attachments, (n ? 2 * n : 1) * sizeof(*list));
        if (!list)
            return -ENOMEM;
        item->attachments = list;
    }
    item->attachments[item->attachment_count++] = *node;
    return 0;
}

/* Those that the attachment table names, in its order. */
static void attachments_listed(struct pst_item *item)
{
    struct table *table = subtable_open(item, NID_ATTACHMENTS);
    uint64_t rows = table ? table_rows(table) : 0;
    int rc = 0;

    for (uint64_t r = 0; r < rows && rc == 0; r++) {
        struct pst_props row;
        struct node node;
        if (!table_row(table, r, &row))
            continue;
        if (subnode_find(item->pst, item->node.sub, row_id(&row), &node,
                         NULL) == 0) {
            rc = attachment_add(item, &node);
            continue;
        }
        damage_lost(item->damage, row_id(&row));
        pst_note_node(item->pst, item->damage->nid,
                      "its attachment %#x is not there", row_id(&row));
    }
    table_free(&table);
}

/* And those that it does not name. */
static int attachment_unlisted(void *ctx, const struct node *node)
{
    struct pst_item *item = ctx;

    if (NID_TYPE(node->nid) != NID_ATTACHMENT ||
        attachment_known(item, node->nid))
        return 0;
    pst_note_node(item->pst, item->damage->nid,
                  "its attachment %#x is in no list", node->nid);
    return attachment_add(item, node);
}

size_t pst_item_attachments(struct pst_item *item)
{
    struct damage *before;
    struct err err = {0};
    int rc;

    if (item->attachments_asked)
        return item->attachment_count;
    item->attachments_asked = true;
    before = damage_enter(item->pst, item->damage);
    attachments_listed(item);
    rc = subnodes_walk(item->pst, item->node.sub, attachment_unlisted, item,
                       &err);
    damage_leave(item->pst, before);
    if (rc < 0) {
        damage_lost(item->damage, NID_ATTACHMENTS);
        pst_note_node(item->pst, item->damage->nid, "its attachments: %s",
                      err.code ? err.msg : "too many");
    }
    return item->attachment_count;
}

int item_attachment_node(struct pst_item *item, size_t i, struct node *node_r)
{
    if (i >= pst_item_attachments(item))
        return -ENOENT;
    *node_r = item->attachments[i];
    return 0;
}
