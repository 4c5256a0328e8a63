#include "pipeline/render/msg_object.h"

#include <endian.h>
#include <string.h>

#include "pipeline/render/cfb_copy.h"
#include "pipeline/render/msg.h"

#define ENTRY_SIZE    16
#define IN_STREAM_MAX 8 /* longer values have a stream of their own */
#define READ_WRITE    6u
#define ENTRIES_KEPT                                                           \
    (2u * CFB_COPY_ENTRIES_MAX) /* for an OLE object, and what must be there   \
                                 */
#define OBJECT_COST 16u         /* entries that any object may take */

/* Size of a value that lies beside the entry, in the eyes of the entry. */
static uint32_t told_size(uint64_t size)
{
    return size > UINT32_MAX - 2 ? UINT32_MAX - 2 : (uint32_t)size;
}

static void put32(uint8_t *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof(value));
}

static void entry_add(struct msg_object *o, uint16_t id, uint16_t type,
                      const void *value, size_t len)
{
    uint8_t e[ENTRY_SIZE] = {0};

    put32(e, (uint32_t)id << 16 | type);
    put32(e + 4, READ_WRITE);
    memcpy(e + 8, value, len);
    buf_add(&o->stream, e, sizeof(e));
}

static void entry_sized(struct msg_object *o, uint16_t id, uint16_t type,
                        uint32_t size, uint32_t more)
{
    uint8_t value[8];

    put32(value, size);
    put32(value + 4, more);
    entry_add(o, id, type, value, sizeof(value));
}

static struct cfb_name name_of(uint16_t id, uint16_t type)
{
    return cfb_name("__substg1.0_%04X%04X", id, type);
}

/* Room for streams and bytes more? */
static bool has_room(const struct msg *x, size_t streams, uint64_t bytes)
{
    return cfb_count(x->file) + streams + ENTRIES_KEPT <= CFB_ENTRIES_MAX &&
           x->held + bytes <= MSG_TEXT_MAX;
}

bool msg_has_room(const struct msg *file)
{
    return has_room(file, OBJECT_COST, 0);
}

/* A copy that lives until the file is written. */
static void *keep(struct msg *x, const void *data, size_t len)
{
    void *copy = arena_copy(x->work->arena, data, len);

    if (!copy)
        x->work->error = ENOMEM;
    x->held += len;
    return copy;
}

static void stream_add(struct msg_object *o, struct cfb_name name,
                       const void *data, size_t len)
{
    struct msg *x = o->file;
    void *copy = keep(x, data, len);

    if (copy)
        cfb_stream(x->file, o->storage, name, copy, len);
}

/* ---- values ---- */

static bool is_fixed(unsigned type)
{
    return type != PT_STRING && type != PT_BINARY && type != PT_GUID &&
           type != PT_OBJECT;
}

static void put_single(struct msg_object *o, uint16_t id,
                       const struct mapi_prop *p)
{
    uint32_t nul = p->type == PT_STRING ? 2 : 0;

    if (nul && !p->size)
        return; /* 2.4.2.2: no text without a character */
    entry_sized(o, id, p->type, told_size(p->size) + nul, 0);
    if (p->data)
        stream_add(o, name_of(id, p->type), p->data, (size_t)p->size);
    else
        cfb_view(o->file->file, o->storage, name_of(id, p->type), &p->source);
}

/* 2.1.4.1: one stream of all values. */
static void put_fixed_list(struct msg_object *o, uint16_t id,
                           const struct mapi_prop *p)
{
    cleanup_buf struct buf all = BUF(MSG_TEXT_MAX);

    for (size_t i = 0; i < p->count; i++)
        buf_add(&all, p->list[i].data, p->list[i].len);
    entry_sized(o, id, p->type, told_size(all.len), 0);
    stream_add(o, name_of(id, p->type), buf_str(&all), all.len);
}

/* 2.1.4.2: a stream of lengths, and one for each value. */
static void put_list(struct msg_object *o, uint16_t id,
                     const struct mapi_prop *p)
{
    cleanup_buf struct buf lengths = BUF(MSG_TEXT_MAX), one = BUF(MSG_TEXT_MAX);
    size_t width = p->type == PT_MV_BINARY ? 8 : 4;
    size_t nul = p->type == PT_MV_STRING ? 2 : 0;

    for (size_t i = 0; i < p->count; i++) {
        const struct mapi_element *e = &p->list[i];
        uint8_t length[8] = {0};
        put32(length, told_size(e->len + nul));
        buf_add(&lengths, length, width);
        buf_clear(&one);
        buf_add(&one, e->data, e->len);
        buf_add(&one, "\0", nul);
        stream_add(o, cfb_name("__substg1.0_%04X%04X-%08zX", id, p->type, i),
                   buf_str(&one), one.len);
    }
    entry_sized(o, id, p->type, told_size(lengths.len), 0);
    stream_add(o, name_of(id, p->type), buf_str(&lengths), lengths.len);
}

static void put_value(struct msg_object *o, uint16_t id,
                      const struct mapi_prop *p)
{
    if (p->type & PT_MV) {
        if (is_fixed(p->type & ~PT_MV) || p->type == (PT_MV | PT_GUID))
            put_fixed_list(o, id, p);
        else
            put_list(o, id, p);
    } else if (is_fixed(p->type) && p->size <= IN_STREAM_MAX) {
        entry_add(o, id, p->type, p->data, (size_t)p->size);
    } else {
        put_single(o, id, p);
    }
}

static uint64_t held_size(const struct mapi_prop *p)
{
    uint64_t size = p->data ? p->size : 0;

    for (size_t i = 0; i < p->count; i++)
        size += p->list[i].len + IN_STREAM_MAX;
    return size;
}

void msg_put(struct msg_object *o, const struct mapi_prop *p)
{
    uint16_t id = p->id;

    if (p->name) {
        id = msg_names_id(o->file->names, p->name);
        if (!id) {
            message_defect(o->m, "property %04X: too many names", p->id);
            return;
        }
    }
    put_value(o, id, p);
}

void msg_property(void *ctx, const struct mapi_prop *p)
{
    struct msg_object *o = ctx;

    if (has_room(o->file, p->count + 1, held_size(p)))
        msg_put(o, p);
    else
        message_defect(o->m, "property %04X: too large", p->id);
}

void msg_number(struct msg_object *o, uint16_t id, uint32_t value)
{
    uint8_t bytes[4];

    put32(bytes, value);
    entry_add(o, id, PT_INT32, bytes, sizeof(bytes));
}

uint32_t msg_data_storage(struct msg_object *o, uint32_t kind)
{
    entry_sized(o, PR_ATTACH_DATA, PT_OBJECT, UINT32_MAX, kind);
    return cfb_storage(o->file->file, o->storage,
                       name_of(PR_ATTACH_DATA, PT_OBJECT));
}

/* ---- the object ---- */

void msg_object_begin(struct msg_object *o, struct msg *file, struct message *m,
                      uint32_t storage, size_t head)
{
    static const uint8_t zeros[MSG_HEAD_TOP];

    *o = (struct msg_object){.file = file,
                             .m = m,
                             .storage = storage,
                             .stream = BUF(MSG_TEXT_MAX),
                             .head = head};
    buf_add(&o->stream, zeros, head);
}

void msg_object_end(struct msg_object *o)
{
    uint8_t *head = (uint8_t *)o->stream.data;

    if (o->stream.error) {
        o->file->work->error = o->stream.error;
    } else {
        if (o->head > MSG_HEAD_OTHER) { /* next numbers, then counts */
            put32(head + 8, o->recipients);
            put32(head + 12, o->attachments);
            put32(head + 16, o->recipients);
            put32(head + 20, o->attachments);
        }
        stream_add(o, cfb_name("__properties_version1.0"), head, o->stream.len);
    }
    buf_finish(&o->stream);
}
