/*
 * One object of a message file: a storage with its property stream and the
 * streams of the values that are not in it ([MS-OXMSG] 2.1, 2.4).
 */
#ifndef RENDER_MSG_OBJECT_H
#define RENDER_MSG_OBJECT_H

#include "pipeline/render/cfb.h"
#include "pipeline/render/mapi.h"
#include "pipeline/render/msg_names.h"

/* Sizes of what stands before the entries of a property stream (2.4.1). */
#define MSG_HEAD_TOP      32u
#define MSG_HEAD_EMBEDDED 24u
#define MSG_HEAD_OTHER    8u

/* How an entry tells what the storage of an attachment is (2.4.2.2). */
#define MSG_IS_MESSAGE 1
#define MSG_IS_STORAGE 4

/* The file in work. */
struct msg {
    struct work *work;
    struct cfb *file;
    struct msg_names *names;
    uint64_t held; /* bytes of values in memory */
};

struct msg_object {
    struct msg *file;
    struct message *m; /* that damage is told of */
    uint32_t storage;
    struct buf stream; /* the property stream */
    size_t head;
    uint32_t recipients, attachments; /* of a message */
};

void msg_object_begin(struct msg_object *o, struct msg *file, struct message *m,
                      uint32_t storage, size_t head);
/* Puts the property stream into the storage. */
void msg_object_end(struct msg_object *o);

/* A mapi_fn: ctx is the object. Told as a defect where there is no room. */
void msg_property(void *ctx, const struct mapi_prop *prop);
/* The same without a look at the room. */
void msg_put(struct msg_object *o, const struct mapi_prop *prop);
void msg_number(struct msg_object *o, uint16_t id, uint32_t value);
/* The storage of PR_ATTACH_DATA as an object; kind: MSG_IS_*. */
uint32_t msg_data_storage(struct msg_object *o, uint32_t kind);

/* Is there room for a further object? Never for the last entries of the file,
 * which its own tables need. */
bool msg_has_room(const struct msg *file);

#endif
