/*
 * One running reader process as its client holds it: started, asked, killed.
 * Knows the messages' frame, not what they mean.
 */
#ifndef READER_CHILD_H
#define READER_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "pipeline/base/err.h"
#include "pipeline/reader/proto.h"

#define CHILD_SLOW_MS (30 * 60 * 1000) /* longest search of a file */
#define CHILD_REAP_MS 2000             /* longest wait for a killed child */
#define CHILD_LOOK_MS 2000             /* a file that takes longer hangs */

struct child {
    const char *program; /* its name; NULL: pstfs-reader */
    unsigned limit_ms;   /* longest silence; 0: the setting reader.timeout */
    pid_t pid;           /* 0: none runs */
    pid_t late; /* killed but not yet dead (stuck in a disk read); 0 none */
    const char *path; /* borrowed from who started it */
    int sock;
    uint8_t *window; /* READER_WINDOW bytes, and zeros behind them */
    uint64_t seq;
    struct reader_file file; /* which state it was started on */
    bool quit; /* set by another thread: questions end with EINTR */
};

/* Is there such a program beside this one? */
bool child_has_program(const char *name);
/* Opens the store and starts the program on it. Safe in a process with
 * threads. READER_NO_SOURCE for a store that is not there or whose disk does
 * not answer so; ENOENT for a program that is not there. */
int child_start(struct child *child, const char *store, struct err *err);
/* It has used so much of its processor time (SANDBOX_CPU_MAX) that a long
 * search might not come to its end: better started anew before the next
 * question. */
bool child_is_worn(const struct child *child);
/* Kills, reaps and unmaps; a child that is not there is fine. */
void child_end(struct child *child);

/* Sends request (op and arguments set) and waits for the reply. -EIO: the
 * child has died, hung or broken the protocol, and has been ended; a negative
 * errno in reply_r->status is the child's own answer. -ETIMEDOUT: it waits for
 * its disk, or was stopped, and has been ended. -EINTR: quit was set, and
 * the child ended. *board_r gets the item on the board of a child that
 * has died or hung in it, else 0. */
int child_ask(struct child *child, struct proto_request *request,
              struct proto_reply *reply_r, uint32_t *board_r, struct err *err);

#endif
