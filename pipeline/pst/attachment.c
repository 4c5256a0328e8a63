#include "pipeline/pst/bytes.h"
#include "pipeline/pst/heap.h"

#define OBJECT_SIZE 8u /* NID and size, section 11 */

struct pst_attachment {
    struct pst_item *item; /* borrowed */
    struct node node;
    struct pst_props *props;
};

int pst_attachment_open(struct pst_item *item, size_t i,
                        struct pst_attachment **att_r, struct err *err)
{
    struct pst_attachment *att = calloc(1, sizeof(*att));
    int rc;

    *att_r = NULL;
    if (!att)
        return err_sys(err, ENOMEM, "attachment");
    att->item = item;
    rc = item_attachment_node(item, i, &att->node);
    if (rc < 0)
        err_set(err, ENOENT, "no attachment %zu", i);
    if (rc == 0) {
        struct damage *before =
            damage_enter(pst_item_store(item), item_sink(item));
        rc = props_open(pst_item_store(item), &att->node, &att->props, err);
        damage_leave(pst_item_store(item), before);
    }
    if (rc < 0) {
        pst_attachment_free(&att);
        return rc;
    }
    att->props->outer_codepage = props_named_codepage(pst_item_props(item));
    *att_r = att;
    return 0;
}

void pst_attachment_free(struct pst_attachment **att)
{
    if (!*att)
        return;
    props_free(&(*att)->props);
    free(*att);
    *att = NULL;
}

struct pst_props *pst_attachment_props(struct pst_attachment *att)
{
    return att->props;
}

/* The subnode that an object value names. */
static int object_node(struct pst_attachment *att, const struct cell *cell,
                       struct node *node_r, struct err *err)
{
    struct value v;
    uint32_t nid;
    int rc = value_load(cell, OBJECT_SIZE, true, &v, err);

    if (rc < 0)
        return rc;
    nid = v.len >= 4 ? get32(v.data) : 0;
    value_finish(&v);
    rc = subnode_find(att->props->pst, att->node.sub, nid, node_r, err);
    if (rc == -ENOENT)
        return err_set(err, EBADMSG, "the object %#x of an attachment is lost",
                       nid);
    return rc;
}

static int no_data(struct err *err)
{
    return err_set(err, ENOENT, "the attachment has no data");
}

static int data_open(struct pst_attachment *att, struct pst_stream **stream_r,
                     struct err *err)
{
    struct cell cell;
    struct node node;
    int rc;

    *stream_r = NULL;
    if (!props_cell(att->props, PR_ATTACH_DATA, &cell) ||
        pst_props_int(att->props, PR_ATTACH_METHOD, 0) == ATTACH_EMBEDDED)
        return no_data(err);
    if (cell.type != PT_OBJECT)
        return value_stream(&cell, stream_r, err);
    rc = object_node(att, &cell, &node, err);
    if (rc < 0)
        return rc;
    rc = stream_open(att->props->pst, node.data, stream_r, err);
    return rc == -ENOENT ? no_data(err) : rc;
}

int pst_attachment_data(struct pst_attachment *att,
                        struct pst_stream **stream_r, struct err *err)
{
    struct pst *pst = att->props->pst;
    struct damage *before = damage_enter(pst, item_sink(att->item));
    int rc = data_open(att, stream_r, err);

    damage_leave(pst, before);
    return rc;
}

struct search {
    struct node found;
    bool done;
};

static int message_look(void *ctx, const struct node *node)
{
    struct search *s = ctx;

    if (NID_TYPE(node->nid) != NID_MESSAGE)
        return 0;
    s->found = *node;
    s->done = true;
    return 1;
}

static int embedded_open(struct pst_attachment *att, struct pst_item **item_r,
                         struct err *err)
{
    struct pst *pst = att->props->pst;
    struct search s = {.done = false};
    struct cell cell;
    int rc = -ENOENT;

    *item_r = NULL;
    if (props_cell(att->props, PR_ATTACH_DATA, &cell) && cell.type == PT_OBJECT)
        rc = object_node(att, &cell, &s.found, err);
    if (rc < 0) { /* without the value: the message that is there */
        subnodes_walk(pst, att->node.sub, message_look, &s, NULL);
        if (!s.done)
            return rc == -ENOENT ? no_data(err) : rc;
    }
    return item_open_node(pst, &s.found, att->item,
                          props_named_codepage(att->props), item_r, err);
}

int pst_attachment_item(struct pst_attachment *att, struct pst_item **item_r,
                        struct err *err)
{
    struct pst *pst = att->props->pst;
    struct damage *before = damage_enter(pst, item_sink(att->item));
    int rc = embedded_open(att, item_r, err);

    damage_leave(pst, before);
    return rc;
}
