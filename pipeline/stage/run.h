/*
 * One job in the hands of a worker: what its stages share. Each stage is a
 * file with one function and a row of the table in run.c. A stage may be run
 * again from its start at any time: after a crash, a pause, lost connection.
 */
#ifndef STAGE_RUN_H
#define STAGE_RUN_H

#include "pipeline/db/db.h"
#include "pipeline/reader/client.h"
#include "pipeline/target/target.h"

#define RUN_KEY_SIZE 33 /* record key in hex with its NUL */
#define RUN_ID_SIZE  48 /* "<record key>.<nid>" with its NUL */

/* How far apart looks at the job's request are, and pauses after trouble
 * with the target (growing from the first to the last, seconds). */
#define RUN_LOOK_MS     250
#define RUN_PAUSE_MIN   1
#define RUN_PAUSE_MAX   60
#define RUN_TROUBLE_MAX (24 * 3600) /* seconds of it without one item done */

/* Positive results of a stage: it was told to leave off. */
enum run_halt { RUN_ENDING = 1, RUN_PAUSING, RUN_CANCELLING };

struct run {
    struct db *db;
    const struct settings *settings;
    struct db_job job;
    char *store_path;
    char record_key[RUN_KEY_SIZE]; /* "" when the store has none */
    struct reader *reader;         /* whole items, in bulk */
    struct reader *pieces; /* ranges of big ones, while reader is busy */
    size_t notes_seen;     /* lines of reader_notes that are events */
    const struct target_ops *ops;
    struct target_params params;
    struct target *target; /* NULL: not open */
    uint64_t looked;       /* monotonic ms of the last look */
    int halted;            /* what the last look found */
    uint64_t progress;     /* grows with each batch done */
    const char *stage;     /* it is in */
    bool changed;          /* the store is not in the state that is listed */
    int torn;              /* what ended the reading of an item under way */
    uint64_t trouble_since, trouble_progress; /* with the source: settle.c */
};

/* Takes a claimed job through its stages and notes the end in db. Negative
 * errno only when db itself fails. ending_r: the worker was told to end. */
int run_job(struct db *db, const struct settings *settings,
            const struct db_job *job, bool *ending_r, struct err *err);

/* 0 go on, else a run_halt: between batches, cheap. */
int run_halted(struct run *run);
/* Waits so many ms: 0 or a run_halt. */
int run_wait(struct run *run, unsigned ms);
/* The format that the target wants. */
enum reader_format run_format(const struct run *run);
/* "<record key or zeros>.<nid>" as the messages carry it. */
void run_item_id(const struct run *run, uint32_t nid, char id_r[RUN_ID_SIZE]);
/* Opens the target if it is not open. */
int run_target(struct run *run, struct err *err);
void run_target_close(struct run *run);
/* An event of the job, and a line in the log. */
void run_event(struct run *run, const char *level, const char *fmt, ...)
    printf_like(3, 4);
/* Damage that the reader has met since the last call becomes events. */
void run_notes(struct run *run);

/* The folders of the job's ledger. */
struct run_folder {
    uint32_t nid;
    int64_t listed;
    char **names; /* n of them, owned */
    size_t n;
};
struct run_folders {
    struct run_folder *list;
    size_t n;
};
int run_folders_load(struct run *run, struct run_folders *folders_r,
                     struct err *err);
void run_folders_free(struct run_folders *folders);
/* The target's folder of one of them. */
int run_target_folder(struct run *run, const struct run_folder *folder,
                      struct target_folder **folder_r, struct err *err);

/* The stages: 0 done, a run_halt, or negative errno with words. */
int stage_check(struct run *run, struct err *err);
int stage_extract(struct run *run, struct err *err);
int stage_ingest(struct run *run, struct err *err);
int stage_verify(struct run *run, struct err *err);

#endif
