/* The operations of the reader process: one row of a table for each. */
#ifndef READER_OPS_H
#define READER_OPS_H

#include "pipeline/pst/pst.h"
#include "pipeline/reader/proto.h"
#include "pipeline/reader/recent.h"

struct server {
    struct pst *pst;   /* NULL until the first request opened it */
    unsigned codepage; /* of 8-bit text that names none, 0 unset */
    struct recent *recent;
    uint8_t *window;
    char sandbox[READER_SANDBOX_MAX]; /* what holds this process */
    uint32_t nids[PROTO_NIDS_MAX];    /* of the request, copied and bounded */
};

/* Checks the request, carries it out and fills the reply, errors too. */
void ops_run(struct server *server, const struct proto_request *request,
             struct proto_reply *reply_r);

#endif
