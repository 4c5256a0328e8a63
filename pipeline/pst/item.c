#include <string.h>

#include "pipeline/pst/heap.h"

struct pst_item {
    struct pst *pst;
    struct node node;
    const struct pst_item *outer; /* borrowed; NULL at top level */
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

int item_open_node(struct pst *pst, const struct node *node,
                   const struct pst_item *outer, unsigned codepage,
                   struct pst_item **item_r, struct err *err)
{
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
    rc = props_open(pst, node, &item->props, err);
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

int pst_item_open(struct pst *pst, uint32_t nid, struct pst_item **item_r,
                  struct err *err)
{
    struct node node;
    int rc = node_find(pst, nid, &node, err);

    *item_r = NULL;
    return rc < 0 ? rc : item_open_node(pst, &node, NULL, 0, item_r, err);
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
    struct err err = {0};
    struct node node;
    int rc = subnode_find(item->pst, item->node.sub, nid, &node, &err);

    if (rc == 0)
        rc = table_open(item->pst, &node, &table, &err);
    if (rc < 0 && rc != -ENOENT)
        pst_note(item->pst, "table %#x of item %#x: %s", nid, item->node.nid,
                 err.msg);
    return table;
}

static void recipients_read(struct pst_item *item)
{
    struct table *table = subtable_open(item, NID_RECIPIENTS);
    uint64_t rows = table ? table_rows(table) : 0;

    item->recipients_asked = true;
    if (rows > PST_RECIPIENTS_MAX) {
        pst_note(item->pst, "item %#x has more than %u recipients",
                 item->node.nid, PST_RECIPIENTS_MAX);
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
        if (subnode_find(item->pst, item->node.sub, row_id(&row), &node, NULL) <
            0)
            pst_note(item->pst, "attachment %#x of item %#x is not there",
                     row_id(&row), item->node.nid);
        else
            rc = attachment_add(item, &node);
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
    pst_note(item->pst, "attachment %#x of item %#x is in no list", node->nid,
             item->node.nid);
    return attachment_add(item, node);
}

size_t pst_item_attachments(struct pst_item *item)
{
    struct err err = {0};
    int rc;

    if (item->attachments_asked)
        return item->attachment_count;
    item->attachments_asked = true;
    attachments_listed(item);
    rc = subnodes_walk(item->pst, item->node.sub, attachment_unlisted, item,
                       &err);
    if (rc < 0)
        pst_note(item->pst, "attachments of item %#x: %s", item->node.nid,
                 err.code ? err.msg : "too many");
    return item->attachment_count;
}

int item_attachment_node(struct pst_item *item, size_t i, struct node *node_r)
{
    if (i >= pst_item_attachments(item))
        return -ENOENT;
    *node_r = item->attachments[i];
    return 0;
}
