#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/pst/heap.h"

/* No character of the source takes more bytes in UTF-8 than this times its
 * bytes: so sources cut here fit the buffers. */
#define GROWTH        3u
#define TEXT_SOURCE   (PST_LIST_TEXT_MAX / GROWTH)
#define SUBJECT_SHOWN 60 /* bytes, in a note */
/* From here on `start` counts nodes, by number, instead of rows. */
#define NODES_FROM (UINT64_C(1) << 32)

struct listing {
    struct pst *pst;
    uint32_t folder;
    pst_entry_fn *fn;
    void *ctx;
    uint64_t next;
    struct buf text[ENTRY_TEXTS];
    uint32_t *listed; /* row ids, rising, while nodes are looked at */
    size_t listed_count;
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

/* A text property, "" when it has none; false when it cannot be read. */
static bool entry_text(struct pst_props *props, uint16_t id, struct buf *out,
                       const char **text_r)
{
    int rc = 0;

    buf_clear(out);
    if (props)
        rc = props_text_cut(props, id, TEXT_SOURCE, true, out, NULL);
    *text_r = buf_str(out);
    return rc != -EBADMSG;
}

bool entry_fill(struct pst_entry *e, struct pst_props *props,
                struct buf text[ENTRY_TEXTS])
{
    bool whole = entry_text(props, PR_MESSAGE_CLASS, &text[0], &e->class);
    int64_t size;

    whole &= entry_text(props, PR_SUBJECT, &text[1], &e->subject);
    whole &= entry_text(props, PR_SENT_REPRESENTING_NAME, &text[2], &e->from);
    if (!*e->from)
        whole &= entry_text(props, PR_SENDER_NAME, &text[2], &e->from);
    whole &= entry_text(props, PR_DISPLAY_TO, &text[3], &e->to);
    if (props) {
        e->time = entry_time(props);
        e->flags = (uint32_t)pst_props_int(props, PR_MESSAGE_FLAGS, 0);
        size = pst_props_int64(props, PR_MESSAGE_SIZE, 0);
        e->size = size > 0 ? (uint64_t)size : 0;
    }
    return whole;
}

void entry_texts_init(struct buf text[ENTRY_TEXTS])
{
    for (size_t i = 0; i < ENTRY_TEXTS; i++)
        text[i] = (struct buf)BUF(PST_LIST_TEXT_MAX);
}

void entry_texts_finish(struct buf text[ENTRY_TEXTS])
{
    for (size_t i = 0; i < ENTRY_TEXTS; i++)
        buf_finish(&text[i]);
}

static int entry_show_node(struct listing *l, const struct node *node)
{
    struct pst_entry e = {.nid = node->nid};
    struct pst_props *props = NULL;
    struct err err = {0};
    int rc = props_open(l->pst, node, &props, &err);

    if (rc < 0)
        pst_note_node(l->pst, node->nid, "%s", err.msg);
    entry_fill(&e, props, l->text);
    rc = l->fn(l->ctx, &e);
    props_free(&props);
    return rc;
}

/* An item that is listed but not there: "RC: its subject". */
static void row_note(struct listing *l, uint32_t nid, struct pst_props *row,
                     int rc)
{
    struct pst_entry e = {.nid = nid};

    entry_fill(&e, row, l->text);
    pst_note_node(l->pst, l->folder, "item %#x \"%.*s\" %s", nid,
                  (int)charset_cut(e.subject, strlen(e.subject), SUBJECT_SHOWN),
                  e.subject,
                  rc == -ENOENT ? "is listed but is not there" : "is lost");
}

static int row_show(struct listing *l, struct pst_props *row, bool from_item)
{
    struct pst_entry e = {.nid = row_id(row)};
    struct node node;
    int rc = node_find(l->pst, e.nid, &node, NULL);

    if (rc < 0) {
        row_note(l, e.nid, row, rc);
        return 0;
    }
    if (from_item)
        return entry_show_node(l, &node);
    if (!entry_fill(&e, row, l->text))
        return entry_show_node(l, &node);
    return l->fn(l->ctx, &e);
}

static int rows_show(struct listing *l, struct table *table)
{
    bool from_item = !table_has_column(table, PR_MESSAGE_CLASS) ||
                     !table_has_column(table, PR_SUBJECT) ||
                     table_is_torn(table);
    int rc = 0;

    while (l->next < table_rows(table) && rc == 0) {
        struct pst_props row;
        uint64_t r = l->next++;
        if (table_row(table, r, &row))
            rc = row_show(l, &row, from_item);
    }
    return rc;
}

static int nid_order(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static bool is_child(const struct listing *l, const struct node *node)
{
    return NID_TYPE(node->nid) == NID_MESSAGE && node_folder(node) == l->folder;
}

static int child_show(void *ctx, const struct node *node)
{
    struct listing *l = ctx;

    if (!is_child(l, node) ||
        (l->listed_count && bsearch(&node->nid, l->listed, l->listed_count,
                                    sizeof(node->nid), nid_order)))
        return 0;
    l->next = NODES_FROM + node->nid + 1;
    return entry_show_node(l, node);
}

/* Items by the node tree, without those that the table lists. */
static int nodes_show(struct listing *l)
{
    if (l->next < NODES_FROM)
        l->next = NODES_FROM;
    if (l->next - NODES_FROM > UINT32_MAX)
        return 0;
    return nodes_walk(l->pst, (uint32_t)(l->next - NODES_FROM), child_show, l);
}

/* Items that the lost rows of a table named. */
static int unlisted_show(struct listing *l, struct table *table)
{
    struct pst_props row;
    int rc;

    l->listed = malloc((size_t)(table_rows(table) + 1) * sizeof(*l->listed));
    if (!l->listed)
        return 0;
    for (uint64_t r = 0; r < table_rows(table); r++)
        if (table_row(table, r, &row))
            l->listed[l->listed_count++] = row_id(&row);
    qsort(l->listed, l->listed_count, sizeof(*l->listed), nid_order);
    rc = nodes_show(l);
    free(l->listed);
    l->listed = NULL;
    l->listed_count = 0;
    return rc;
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

static int table_show(struct listing *l, struct table *table)
{
    int rc = l->next < NODES_FROM ? rows_show(l, table) : 0;

    if (rc == 0 && (table_is_torn(table) || l->next >= NODES_FROM) &&
        NID_TYPE(l->folder) != NID_SEARCH_FOLDER) {
        pst_note_node(l->pst, l->folder, "rows of its table are lost");
        rc = unlisted_show(l, table);
    }
    return rc;
}

static int child_any(void *ctx, const struct node *node)
{
    return is_child(ctx, node);
}

/* A folder without a table: there is one when its node is, or may have been,
 * or items that name it as their parent. The root is always there: all that is
 * found hangs below it, even where nothing of its own is left. */
static int folder_check(struct listing *l, struct err *err)
{
    struct node node;
    int rc = node_find(l->pst, l->folder, &node, err);

    if (rc == -EBADMSG || l->folder == NID_ROOT ||
        (rc < 0 && nodes_walk(l->pst, 0, child_any, l) == 1))
        return 0;
    return rc;
}

static int listing_run(struct listing *l, struct err *err)
{
    struct table *table = NULL;
    struct err damage = {0};
    int rc;

    if (l->folder == PST_LOST_FOLDER)
        return nodes_show(l);
    if (listing_open(l->pst, l->folder, &table, &damage) == 0) {
        rc = table_show(l, table);
        listing_keep(l->pst, l->folder, &table);
        return rc;
    }
    rc = l->next ? 0 : folder_check(l, err);
    if (rc < 0)
        return rc;
    if (NID_TYPE(l->folder) == NID_SEARCH_FOLDER)
        return 0;
    pst_note_node(l->pst, l->folder, "its table: %s", damage.msg);
    return nodes_show(l);
}

int pst_entries(struct pst *pst, uint32_t folder, uint64_t start,
                pst_entry_fn *fn, void *ctx, uint64_t *next_r, struct err *err)
{
    struct listing l = {
        .pst = pst, .folder = folder, .fn = fn, .ctx = ctx, .next = start};
    int rc;

    entry_texts_init(l.text);
    rc = listing_run(&l, err);
    entry_texts_finish(l.text);
    if (next_r)
        *next_r = l.next;
    return rc;
}
