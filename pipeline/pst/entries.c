#include <string.h>

#include "pipeline/base/clock.h"
#include "pipeline/pst/heap.h"

/* No character of the source takes more bytes in UTF-8 than this times its
 * bytes: so sources cut here fit the buffers. */
#define GROWTH       3u
#define TEXT_SOURCE  (PST_LIST_TEXT_MAX / GROWTH)
#define TEXT_COLUMNS 4

struct listing {
    struct pst *pst;
    uint32_t folder;
    pst_entry_fn *fn;
    void *ctx;
    uint64_t next;
    struct buf text[TEXT_COLUMNS];
};

static const uint16_t time_ids[] = {PR_DELIVERY_TIME, PR_CLIENT_SUBMIT_TIME,
                                    PR_MODIFICATION_TIME, PR_CREATION_TIME};

static int64_t entry_time(struct pst_props *props)
{
    for (size_t i = 0; i < array_len(time_ids); i++) {
        uint64_t filetime = pst_props_time(props, time_ids[i]);
        if (filetime)
            return time_from_filetime(filetime, NULL);
    }
    return 0;
}

static const char *entry_text(struct pst_props *props, uint16_t id,
                              struct buf *out)
{
    buf_clear(out);
    if (props)
        props_text_cut(props, id, TEXT_SOURCE, true, out, NULL);
    return buf_str(out);
}

/* props: a table row or the item's own; NULL when neither can be read. */
static int entry_show(struct listing *l, uint32_t nid, struct pst_props *props)
{
    struct pst_entry e = {.nid = nid};
    int64_t size;

    e.class = entry_text(props, PR_MESSAGE_CLASS, &l->text[0]);
    e.subject = entry_text(props, PR_SUBJECT, &l->text[1]);
    e.from = entry_text(props, PR_SENT_REPRESENTING_NAME, &l->text[2]);
    if (!*e.from)
        e.from = entry_text(props, PR_SENDER_NAME, &l->text[2]);
    e.to = entry_text(props, PR_DISPLAY_TO, &l->text[3]);
    if (props) {
        e.time = entry_time(props);
        e.flags = (uint32_t)pst_props_int(props, PR_MESSAGE_FLAGS, 0);
        size = pst_props_int64(props, PR_MESSAGE_SIZE, 0);
        e.size = size > 0 ? (uint64_t)size : 0;
    }
    return l->fn(l->ctx, &e);
}

static int entry_show_node(struct listing *l, const struct node *node)
{
    struct pst_props *props = NULL;
    struct err err = {0};
    int rc = props_open(l->pst, node, &props, &err);

    if (rc < 0)
        pst_note(l->pst, "item %#x: %s", node->nid, err.msg);
    rc = entry_show(l, node->nid, props);
    props_free(&props);
    return rc;
}

static int row_show(struct listing *l, struct pst_props *row, bool from_item)
{
    uint32_t nid = row_id(row);
    struct node node;
    int rc = node_find(l->pst, nid, &node, NULL);

    if (rc == -ENOENT) {
        pst_note(l->pst, "item %#x of folder %#x is listed but is not there",
                 nid, l->folder);
        return 0;
    }
    if (from_item && rc == 0)
        return entry_show_node(l, &node);
    return entry_show(l, nid, row);
}

static int rows_show(struct listing *l, struct table *table)
{
    bool from_item = !table_has_column(table, PR_MESSAGE_CLASS) ||
                     !table_has_column(table, PR_SUBJECT);
    int rc = 0;

    while (l->next < table_rows(table) && rc == 0) {
        struct pst_props row;
        uint64_t r = l->next++;
        if (table_row(table, r, &row))
            rc = row_show(l, &row, from_item);
    }
    return rc;
}

static int child_show(void *ctx, const struct node *node)
{
    struct listing *l = ctx;

    if (NID_TYPE(node->nid) != NID_MESSAGE || node->parent != l->folder)
        return 0;
    l->next = (uint64_t)node->nid + 1;
    return entry_show_node(l, node);
}

/* The folder's table; kept in the store between the parts of a listing. */
static int listing_open(struct pst *pst, uint32_t folder,
                        struct table **table_r, struct err *err)
{
    bool search = NID_TYPE(folder) == NID_SEARCH_FOLDER;
    uint32_t nid =
        NID_WITH(folder, search ? NID_SEARCH_CONTENTS : NID_CONTENTS);
    struct node node;
    int rc;

    *table_r = NULL;
    if (pst->listing && pst->listing_folder == folder) {
        *table_r = steal_ptr(pst->listing);
        return 0;
    }
    rc = node_find(pst, nid, &node, err);
    return rc < 0 ? rc : table_open(pst, &node, table_r, err);
}

static void listing_keep(struct pst *pst, uint32_t folder, struct table **table)
{
    table_free(&pst->listing);
    pst->listing = steal_ptr(*table);
    pst->listing_folder = folder;
}

static int listing_run(struct listing *l, struct err *err)
{
    struct table *table = NULL;
    struct err damage = {0};
    struct node node;
    int rc;

    if (listing_open(l->pst, l->folder, &table, &damage) == 0) {
        rc = rows_show(l, table);
        listing_keep(l->pst, l->folder, &table);
        return rc;
    }
    rc = node_find(l->pst, l->folder, &node, err);
    if (rc < 0)
        return rc;
    if (NID_TYPE(l->folder) == NID_SEARCH_FOLDER)
        return 0;
    pst_note(l->pst, "items of folder %#x: %s", l->folder, damage.msg);
    if (l->next > UINT32_MAX)
        return 0;
    return nodes_walk(l->pst, (uint32_t)l->next, child_show, l);
}

int pst_entries(struct pst *pst, uint32_t folder, uint64_t start,
                pst_entry_fn *fn, void *ctx, uint64_t *next_r, struct err *err)
{
    struct listing l = {
        .pst = pst, .folder = folder, .fn = fn, .ctx = ctx, .next = start};
    int rc;

    for (size_t i = 0; i < TEXT_COLUMNS; i++)
        l.text[i].max = PST_LIST_TEXT_MAX;
    rc = listing_run(&l, err);
    for (size_t i = 0; i < TEXT_COLUMNS; i++)
        buf_finish(&l.text[i]);
    if (next_r)
        *next_r = l.next;
    return rc;
}
