#include "pipeline/render/fts.h"

#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/fts_stream.h"
#include "pipeline/render/oneoff.h"
#include "pipeline/render/remark.h"

#define PR_ROWID           0x3000
#define PR_RTF_IN_SYNC     0x0E1F
#define PR_RECEIVED_ID     0x003F
#define PR_REPRESENTING_ID 0x0041
#define PR_RCVD_REPR_ID    0x0043
#define PR_SENDER_ID       0x0C19
#define FIRST_HANDLE       0x8000u
#define HANDLES_MAX        0x8000u
#define EX_HEAD            28u /* entry id of the address book: before the DN */

/* Section 7.5: what a server makes itself, and what is a PST's own. */
static const struct mapi_drop drops[] = {
    {0x0E02, 0x0E04, MAPI_MESSAGE},    /* display bcc, cc, to */
    {0x0E08, 0x0E09, MAPI_ANY},        /* size, parent */
    {0x0E12, 0x0E13, MAPI_ANY},        /* tables */
    {0x0E1B, 0x0E1B, MAPI_ANY},        /* has attachments */
    {0x0E20, 0x0E20, MAPI_ANY},        /* attachment size */
    {0x0E21, 0x0E21, MAPI_ATTACHMENT}, /* number: counted anew */
    {0x0E30, 0x0E30, MAPI_ANY},        /* replication */
    {0x0E33, 0x0E34, MAPI_ANY},
    {0x0E38, 0x0E38, MAPI_ANY},
    {0x0FF4, 0x0FFB, MAPI_ANY}, /* ids and keys of this store */
    {0x0FFE, 0x0FFF, MAPI_ANY},
    {0x3000, 0x3000, MAPI_RECIPIENT}, /* row number: counted anew */
    {0x3013, 0x3013, MAPI_ANY}, /* conversation id: from index and topic */
    {0x3FFA, 0x3FFB, MAPI_ANY}, /* last modifier */
    {0x5FF7, 0x5FF7, MAPI_RECIPIENT}, /* entry id */
    {0x65E0, 0x65E3, MAPI_ANY},       /* change keys */
    {0x6600, 0x67FF, MAPI_ANY},       /* private, and of the PST */
};

static const struct mapi_rules rules = {.drops = drops,
                                        .drop_count = array_len(drops),
                                        .flags = MSGFLAG_READ,
                                        .mail_flags = MSGFLAG_UNSENT};

struct told {
    const char *words[REMARKS]; /* NULL: nothing */
};

/* The writing of one item. */
struct job {
    struct work *work;
    struct fts_stream *stream;
    uint16_t *handles; /* by id of the store less 0x8000; 0 none */
    unsigned given;
    /* By number of message: what is said of it, from the first run. */
    struct told *told;
    unsigned told_room;
    bool tells; /* there is something to say */
    bool again; /* the run that says it */
    uint16_t told_handles[REMARKS];
};

/* One object of it. */
struct object {
    struct job *job;
    struct message *m;
    struct pst_props *props;
};

/* ---- properties ---- */

/* Ids of equal names share a handle: that of the one which the name finds. */
static uint16_t first_id(struct job *j, const struct mapi_prop *p)
{
    const struct pst_name *name = p->name;
    struct buf *text = &j->work->scratch;
    uint16_t id;

    if (!name->is_text) {
        id = pst_named_number(j->work->pst, name->guid, name->number);
        return id ? id : p->id;
    }
    buf_clear(text);
    charset_from_utf16(name->text, name->text_len, text);
    id = pst_named_text(j->work->pst, name->guid, buf_str(text));
    return id ? id : p->id;
}

/* The number of a named property in this stream, 0 when they are used up. */
static uint16_t handle_of(struct job *j, const struct mapi_prop *p)
{
    uint16_t *own = &j->handles[p->id - FIRST_HANDLE];
    uint16_t *first;

    if (*own)
        return *own;
    first = &j->handles[first_id(j, p) - FIRST_HANDLE];
    if (!*first && j->given < HANDLES_MAX - REMARKS)
        *first = (uint16_t)(FIRST_HANDLE + j->given++);
    return *own = *first;
}

/* An address book entry id: version, type, a name that begins with "/". */
static bool is_ex_id(const uint8_t *data, size_t len)
{
    static const uint8_t provider[] = {0xDC, 0xA7, 0x40, 0xC8, 0xC0, 0x42,
                                       0x10, 0x1A, 0xB4, 0xB9, 0x08, 0x00,
                                       0x2B, 0x2F, 0xE1, 0x82};

    return len > EX_HEAD + 1 &&
           memcmp(data + 4, provider, sizeof(provider)) == 0 &&
           data[EX_HEAD] == '/' && data[len - 1] == 0;
}

/* Of entry ids only those mean something elsewhere that hold an address. */
static bool is_portable(const struct object *o, const struct mapi_prop *p)
{
    struct mailbox box;

    if (!p->data)
        return false;
    return is_ex_id(p->data, (size_t)p->size) ||
           oneoff_parse(o->job->work, pst_props_codepage(o->props), p->data,
                        (size_t)p->size, &box);
}

static bool is_wanted(const struct object *o, const struct mapi_prop *p)
{
    switch (p->id) {
    case PR_RTF_IN_SYNC:
        return pst_props_type(o->props, PR_RTF_COMPRESSED) != 0;
    case PR_RECEIVED_ID:
    case PR_REPRESENTING_ID:
    case PR_RCVD_REPR_ID:
    case PR_SENDER_ID:
        return is_portable(o, p);
    default:
        return true;
    }
}

static uint64_t literal_size(const struct mapi_prop *p)
{
    uint64_t size = p->data ? p->size : 0;

    for (size_t i = 0; i < p->count; i++)
        size += p->list[i].len;
    return size;
}

/* What the stream has no room for. */
static bool is_over(const struct object *o, const struct mapi_prop *p)
{
    return p->size > FTS_SIZE_MAX ||
           (p->name && p->name->text_len > FTS_NAME_MAX) ||
           segments_weight(o->job->work->out) + literal_size(p) > FTS_TEXT_MAX;
}

static void property_write(void *ctx, const struct mapi_prop *p)
{
    const struct object *o = ctx;
    uint16_t id = p->id;

    if (!is_wanted(o, p))
        return;
    if (!is_over(o, p) && p->name)
        id = handle_of(o->job, p);
    if (is_over(o, p) || !id) {
        message_defect(o->m, "property %04X: too large", p->id);
        return;
    }
    fts_property(o->job->stream, id, p);
}

static void object_write(struct job *j, struct message *m,
                         struct pst_props *props, enum mapi_object object)
{
    struct object o = {j, m, props};

    mapi_each(m, props, object, &rules, property_write, &o);
}

/* ---- what is said of a message beside what it holds ---- */

static bool told_grow(struct job *j, unsigned number)
{
    unsigned room = 2 * number + 8;
    struct told *list;

    if (number < j->told_room)
        return true;
    list = fetch_alloc(j->work, room * sizeof(*list));
    if (!list)
        return false;
    if (j->told_room)
        memcpy(list, j->told, j->told_room * sizeof(*list));
    j->told = list;
    j->told_room = room;
    return true;
}

/* Keeps the words of m for the run that writes them. */
static void told_keep(struct job *j, struct message *m)
{
    struct remarks remarks;

    remarks_collect(m, &remarks);
    for (size_t i = 0; i < REMARKS; i++) {
        struct buf *text = &remarks.text[i];
        if (text->len && !j->again && told_grow(j, m->number)) {
            j->told[m->number].words[i] =
                fetch_copy(j->work, buf_str(text), text->len);
            j->tells = true;
        }
    }
    remarks_finish(&remarks);
}

/* One of them is being written. */
struct telling {
    struct job *job;
    size_t which;
};

static void told_property(void *ctx, const struct mapi_prop *p)
{
    struct telling *t = ctx;
    uint16_t *handle = &t->job->told_handles[t->which];

    if (!*handle)
        *handle = (uint16_t)(FIRST_HANDLE + t->job->given++);
    fts_property(t->job->stream, *handle, p);
}

static void told_write(struct job *j, const struct message *m)
{
    for (size_t i = 0; i < REMARKS && m->number < j->told_room; i++)
        if (j->told[m->number].words[i])
            remark_property(i, j->told[m->number].words[i], told_property,
                            &(struct telling){j, i});
}

/* ---- the grammar of section 7.4 ---- */

static void recipients_write(struct job *j, struct message *m)
{
    size_t n = pst_item_recipients(m->item);

    for (size_t i = 0; i < n && !j->work->error; i++) {
        if (i >= RENDER_RECIPIENTS_MAX ||
            segments_weight(j->work->out) > FTS_TEXT_MAX) {
            message_defect(m, "%zu recipients left out", n - i);
            return;
        }
        fts_marker(j->stream, FTS_START_RECIP);
        fts_number(j->stream, PR_ROWID, (uint32_t)i);
        object_write(j, m, pst_item_recipient(m->item, i), MAPI_RECIPIENT);
        fts_marker(j->stream, FTS_END_RECIP);
    }
}

static void message_write(struct job *j, struct pst_item *item, unsigned depth);

static void attachment_content(struct job *j, struct message *m,
                               struct pst_attachment *att, size_t i)
{
    struct pst_props *props = pst_attachment_props(att);
    struct object o = {j, m, props};
    struct pst_item *item;
    struct mapi_prop data;

    object_write(j, m, props, MAPI_ATTACHMENT);
    if (mapi_attachment_data(m, att, i, &data))
        property_write(&o, &data);
    item = mapi_attachment_item(m, att, i);
    if (!item)
        return;
    fts_marker(j->stream, FTS_START_EMBED);
    message_write(j, item, m->depth + 1);
    fts_marker(j->stream, FTS_END_EMBED);
}

static void attachments_write(struct job *j, struct message *m)
{
    size_t n = pst_item_attachments(m->item);
    uint32_t number = 0;

    for (size_t i = 0; i < n && !j->work->error; i++) {
        struct pst_attachment *att;
        if (number >= RENDER_PARTS_MAX ||
            segments_weight(j->work->out) > FTS_TEXT_MAX) {
            message_defect(m, "%zu attachments left out", n - i);
            return;
        }
        att = mapi_attachment(m, i);
        if (!att)
            continue;
        fts_marker(j->stream, FTS_NEW_ATTACH);
        fts_number(j->stream, PR_ATTACH_NUM, number++);
        attachment_content(j, m, att, i);
        fts_marker(j->stream, FTS_END_ATTACH);
    }
}

static void message_write(struct job *j, struct pst_item *item, unsigned depth)
{
    struct message m;

    message_init(&m, j->work, item, depth);
    object_write(j, &m, m.props, MAPI_MESSAGE);
    told_write(j, &m);
    recipients_write(j, &m);
    attachments_write(j, &m);
    told_keep(j, &m);
    message_finish(&m);
}

static void run(struct job *j, struct pst_item *item)
{
    struct work *w = j->work;

    memset(j->handles, 0, HANDLES_MAX * sizeof(*j->handles));
    j->given = 0;
    w->written = w->items = w->defects = w->damaged = 0;
    w->what[0] = '\0';
    j->stream = fts_stream_new(w->out);
    if (!j->stream)
        w->error = ENOMEM;
    else
        message_write(j, item, 0);
    fts_stream_finish(&j->stream);
}

/* What is said of a message is known when all of it was written, but stands
 * in its front: an item of which something is said is written twice. */
void fts_write(struct work *w, struct pst_item *item)
{
    struct job j = {.work = w};
    size_t mark = segments_mark(w->out);

    j.handles = calloc(HANDLES_MAX, sizeof(*j.handles));
    if (!j.handles) {
        w->error = ENOMEM;
        return;
    }
    run(&j, item);
    if (j.tells && !w->error) {
        segments_reset(w->out, mark);
        j.again = true;
        run(&j, item);
    }
    free(j.handles);
}
