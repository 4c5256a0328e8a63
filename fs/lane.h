/*
 * Keeps stores that do not answer from taking all threads. A request that
 * must ask a reader enters the lane of its store, which a few threads fit
 * into; when it is full, the request is set aside, and the next thread that
 * leaves a lane carries it out. So nobody waits but for readers, a stuck
 * store holds LANE_WIDTH threads whoever asks, and what needs no reader is
 * answered at once.
 *
 * A request begins without a lane (lanes_run) and asks for one at the place
 * where it would wait (lane_enter). Told LANE_FULL it takes back what it did
 * and returns that; it is run again from its start, then inside the lane.
 */
#ifndef FS_LANE_H
#define FS_LANE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#define LANE_WIDTH       3     /* threads in one store */
#define LANE_RESERVE     8     /* threads that never wait for a reader */
#define LANE_PENDING_MAX 65536 /* requests set aside, of all stores */
#define LANE_FULL        (-EXFULL)

struct lanes;

/* The head of a request of the caller's own type. */
struct lane_call {
    /* Carries out and answers, or returns LANE_FULL with nothing answered. */
    int (*run)(struct lane_call *call);
    /* A copy that outlives the request's buffers; NULL on ENOMEM. */
    struct lane_call *(*keep)(const struct lane_call *call);
    /* Answers with an error (positive) instead. */
    void (*refuse)(struct lane_call *call, int code);
    int64_t held, wanted; /* lanes; 0 none. Zero at first */
    struct lane_call *next;
};

/* threads: that may run calls at once; stores: the largest number of one. */
int lanes_new(unsigned threads, int64_t stores, struct lanes **lanes_r);
void lanes_free(struct lanes **lanes); /* nothing may be set aside */

/* Runs the call, or sets a copy aside; then runs what was set aside and may
 * run now. */
void lanes_run(struct lanes *lanes, struct lane_call *call);
/* The end is near: what is set aside is refused, and what would be. */
void lanes_close(struct lanes *lanes);

/* For the call this thread runs: 0 inside the lane of store, until the call
 * ends, or LANE_FULL. A thread that runs no call is always let in, and
 * not counted; lanes may be NULL. */
int lane_enter(struct lanes *lanes, int64_t store);

#endif
