#include "pipeline/render/msg.h"

#include "pipeline/render/cfb_copy.h"
#include "pipeline/render/msg_object.h"
#include "pipeline/render/remark.h"

#define PR_ROWID         0x3000
#define PR_STORE_SUPPORT 0x340D
#define STORE_SUPPORT    0x00040E79u /* as Outlook has it: all is Unicode */

/* What means something only in the store that it came from. */
static const struct mapi_drop drops[] = {
    {0x0E09, 0x0E09, MAPI_MESSAGE},    /* parent */
    {0x0E12, 0x0E13, MAPI_MESSAGE},    /* tables */
    {0x0E21, 0x0E21, MAPI_ATTACHMENT}, /* number: counted anew */
    {0x0E30, 0x0E30, MAPI_ANY},        /* replication */
    {0x0E33, 0x0E34, MAPI_ANY},
    {0x0E38, 0x0E38, MAPI_ANY},
    {0x0FF5, 0x0FF6, MAPI_MESSAGE}, /* row */
    {0x0FF8, 0x0FFB, MAPI_MESSAGE}, /* keys of store and item */
    {0x0FFF, 0x0FFF, MAPI_MESSAGE},
    {PR_ROWID, PR_ROWID, MAPI_RECIPIENT}, /* counted anew */
    {PR_STORE_SUPPORT, PR_STORE_SUPPORT, MAPI_ANY},
    {0x67F0, 0x67FF, MAPI_ANY}, /* of the PST's tables */
};

static const struct mapi_rules rules = {
    .drops = drops, .drop_count = array_len(drops), .flags = UINT32_MAX};

static const uint8_t class_message[CFB_CLASS_SIZE] = {
    0x0B, 0x0D, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46};

static void put_remark(void *ctx, const struct mapi_prop *p)
{
    msg_put(ctx, p);
}

static void put_remarks(struct msg_object *o)
{
    struct remarks remarks;

    remarks_collect(o->m, &remarks);
    for (size_t i = 0; i < REMARKS; i++)
        if (remarks.text[i].len)
            remark_property(i, buf_str(&remarks.text[i]), put_remark, o);
    remarks_finish(&remarks);
}

/* ---- objects ---- */

static void message_put(struct msg *x, struct pst_item *item, unsigned depth,
                        uint32_t storage);

static void recipient_put(struct msg_object *parent, struct pst_props *props)
{
    uint32_t number = parent->recipients++;
    struct msg *x = parent->file;
    struct msg_object o;

    msg_object_begin(&o, x, parent->m,
                     cfb_storage(x->file, parent->storage,
                                 cfb_name("__recip_version1.0_#%08X", number)),
                     MSG_HEAD_OTHER);
    msg_number(&o, PR_ROWID, number);
    mapi_each(parent->m, props, MAPI_RECIPIENT, &rules, msg_property, &o);
    msg_object_end(&o);
}

static void recipients_put(struct msg_object *o)
{
    size_t n = pst_item_recipients(o->m->item);

    for (size_t i = 0; i < n && !o->file->work->error; i++) {
        struct pst_props *props = pst_item_recipient(o->m->item, i);
        if (i >= RENDER_RECIPIENTS_MAX || !msg_has_room(o->file)) {
            message_defect(o->m, "%zu recipients left out", n - i);
            return;
        }
        if (props)
            recipient_put(o, props);
    }
}

/* An OLE object is a compound file, whose storages go into this one; what is
 * none, as of OLE 1, stays bytes. */
static void data_put(struct msg_object *o, struct mapi_prop *data)
{
    struct cfb_copy *copy = NULL;
    int e;

    if (data->type == PT_OBJECT) {
        e = cfb_copy_open(&data->source, o->file->work->out, &copy);
        if (e == -ENOMEM)
            o->file->work->error = ENOMEM;
        data->type = PT_BINARY;
    }
    if (copy)
        o->file->held += cfb_copy_held(copy);
    if (copy && msg_has_room(o->file))
        cfb_copy_add(copy, o->file->file, msg_data_storage(o, MSG_IS_STORAGE));
    else
        msg_property(o, data);
}

static void attachment_put(struct msg_object *parent, size_t i)
{
    struct message *m = parent->m;
    struct pst_attachment *att = mapi_attachment(m, i);
    uint32_t number = parent->attachments;
    struct msg *x = parent->file;
    struct mapi_prop data;
    struct msg_object o;
    struct pst_item *item;

    if (!att)
        return;
    parent->attachments++;
    msg_object_begin(&o, x, m,
                     cfb_storage(x->file, parent->storage,
                                 cfb_name("__attach_version1.0_#%08X", number)),
                     MSG_HEAD_OTHER);
    msg_number(&o, PR_ATTACH_NUM, number);
    msg_number(&o, PR_STORE_SUPPORT, STORE_SUPPORT);
    mapi_each(m, pst_attachment_props(att), MAPI_ATTACHMENT, &rules,
              msg_property, &o);
    if (mapi_attachment_data(m, att, i, &data))
        data_put(&o, &data);
    item = mapi_attachment_item(m, att, i);
    if (item)
        message_put(x, item, m->depth + 1,
                    msg_data_storage(&o, MSG_IS_MESSAGE));
    msg_object_end(&o);
}

static void attachments_put(struct msg_object *o)
{
    size_t n = pst_item_attachments(o->m->item);

    for (size_t i = 0; i < n && !o->file->work->error; i++) {
        if (o->attachments >= RENDER_PARTS_MAX || !msg_has_room(o->file)) {
            message_defect(o->m, "%zu attachments left out", n - i);
            return;
        }
        attachment_put(o, i);
    }
}

static void message_put(struct msg *x, struct pst_item *item, unsigned depth,
                        uint32_t storage)
{
    struct msg_object o;
    struct message m;

    message_init(&m, x->work, item, depth);
    msg_object_begin(&o, x, &m, storage,
                     depth ? MSG_HEAD_EMBEDDED : MSG_HEAD_TOP);
    msg_number(&o, PR_STORE_SUPPORT, STORE_SUPPORT);
    mapi_each(&m, m.props, MAPI_MESSAGE, &rules, msg_property, &o);
    recipients_put(&o);
    attachments_put(&o);
    put_remarks(&o);
    msg_object_end(&o);
    message_finish(&m);
}

void msg_write(struct work *w, struct pst_item *item)
{
    struct msg x = {.work = w, .file = cfb_new(), .names = msg_names_new()};
    int e = x.file && x.names ? 0 : -ENOMEM;

    if (e == 0) {
        cfb_class(x.file, CFB_ROOT, class_message);
        message_put(&x, item, 0, CFB_ROOT);
        e = w->error ? -w->error : msg_names_write(x.names, x.file);
    }
    if (e == 0)
        e = cfb_write(x.file, w->out);
    w->error = -e;
    msg_names_free(&x.names);
    cfb_free(&x.file);
}
