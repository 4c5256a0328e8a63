/* What the files of the client share. Calls here want the lock held unless
 * they say otherwise. */
#ifndef READER_CLIENT_PRIV_H
#define READER_CLIENT_PRIV_H

#include <pthread.h>

#include "pipeline/reader/child.h"
#include "pipeline/reader/client.h"
#include "pipeline/reader/proto.h"

struct reader {
    pthread_mutex_t lock; /* held through each call */
    char *path;
    struct child child;
    struct skips *skips;
    pthread_mutex_t state;   /* of the two below; taken last */
    struct reader_file file; /* the state that is read; all 0 any */
    struct err stale;        /* why that is no more; code 0 it may be */
    unsigned hold_ups;       /* in a row */
    uint64_t rest_until;     /* monotonic ms: nothing is asked before */
    union {
        struct proto_record record;
        uint8_t bytes[PROTO_RECORD_MAX];
    } copy; /* a record, out of the child's reach */
};

/* Puts the store's name before the words; returns -err->code. */
int client_blame(struct reader *reader, struct err *err);

/* ---- client_state.c; without the lock ---- */

/* -ESTALE with the reason, when the file is known to be another. */
int client_stale(struct reader *reader, struct err *err);
/* It is, whoever says so: until renewed. */
void client_stale_set(struct reader *reader, const struct err *why);
/* The state just met against the one that is read; the first is it. */
int client_meet(struct reader *reader, const struct reader_file *met,
                struct err *err);

/* ---- client_bad.c ---- */

/* What is known of the state of the file that the new child reads. */
void client_bad_take(struct reader *reader);
/* Gives the lock back at the end of a call, and tells others what the call
 * has shown to be bad. */
void client_end(struct reader *reader);

/* ---- client.c ---- */

/* Starts the child when none runs; then its window is there. */
int client_ready(struct reader *reader, struct err *err);
/* The window's data. */
const uint8_t *client_data(const struct reader *reader);
/* One question to the child; board_r: the item that one which is gone was
 * working on. */
int client_question(struct reader *reader, struct proto_request *request,
                    struct proto_reply *reply_r, uint32_t *board_r,
                    struct err *err);
/* All of that for one item or none, which is blamed for the child's death. */
int client_ask(struct reader *reader, struct proto_request *request,
               struct proto_reply *reply_r, struct err *err);
/* What the child itself answered, as an error; negative. */
int client_error(struct reader *reader, const struct proto_reply *reply,
                 struct err *err);
/* The child broke its word: it is ended; negative. */
int client_nonsense(struct reader *reader, struct err *err);

/* All records that an operation gives, page after page; takes the lock. */
typedef int client_record_fn(void *ctx, const struct proto_record *record,
                             const char *const texts[PROTO_TEXTS]);
int client_records(struct reader *reader, enum proto_op op, uint32_t nid,
                   client_record_fn *fn, void *ctx, struct err *err);

#endif
