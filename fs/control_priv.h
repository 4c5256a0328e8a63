/*
 * What the files of the control tree share: the row as the engine sees it,
 * texts and their cache, the ring of errors, rates. Only control*.c,
 * health.c and notify.c include this.
 *
 * State that outlives a request (cache, ring, rates) is static in its file,
 * behind a lock of its own: a process is one mount. Locks are taken in the
 * order handle, then any of these, then the db; no callback of the db calls
 * the catalog.
 */
#ifndef FS_CONTROL_PRIV_H
#define FS_CONTROL_PRIV_H

#include "fs/control.h"

#define CONTROL_TEXT_MAX    (256u << 20) /* bytes of one text */
#define CONTROL_CACHE_BYTES (64u << 20)  /* of all texts kept */
#define CONTROL_CACHE_SLOTS 512          /* (row, store) pairs remembered */
#define CONTROL_LOG_MAX     (1u << 20)   /* past it the older half goes */
#define CONTROL_LOG_SLOTS   32           /* logs kept */
#define CONTROL_ERRORS      16           /* entries of `errors` */

/* How reading goes on past the snapshot's end. */
enum control_kind {
    CONTROL_TEXT,    /* never */
    CONTROL_GROWING, /* what was appended since follows (log) */
    CONTROL_TICKING, /* after an end of file the changed text (progress) */
};

/* A row with what only the engine needs. Stores differ, texts do not know
 * their row: the pair (entry, store) names a text. */
struct control_entry {
    struct control_row row;
    enum control_kind kind;
    /* A number that changes when the text does; makes the text cacheable.
     * NULL: built anew each time. */
    int (*stamp)(struct fs *fs, int64_t store, uint64_t *stamp_r);
    bool exact; /* the text changes whenever the stamp does */
    int keep_s; /* a cached text is no older; 0: no bound */
    /* mtime of a text never seen before; NULL: the time of the mount. */
    int64_t (*mtime)(struct fs *fs, int64_t store);
    void (*truncate)(struct fs *fs, int64_t store); /* NULL: nothing */
};

extern const struct control_entry control_root_table[];  /* NULL name ends */
extern const struct control_entry control_store_table[]; /* likewise */
const struct control_entry *control_entry(int64_t store, unsigned i);

/* Counts what changes outside the db (errors, commands carried out). */
uint64_t control_generation(void);
void control_bump(void);

/* ---- texts: immutable, shared by the cache and open files ---- */

struct control_text {
    unsigned refs; /* under the cache's lock */
    uint64_t stamp, hash;
    int64_t mtime;
    uint64_t built_ms; /* monotonic */
    size_t len;
    char *data;
};
/* The text as it is now; *text_r is released with control_text_put. */
int control_text_get(struct fs *fs, const struct control_entry *entry,
                     int64_t store, struct control_text **text_r,
                     struct err *err);
/* Takes the bytes of b over into a text of its own, not cached. */
int control_text_from(struct buf *b, struct control_text **text_r);
void control_text_put(struct control_text **text);
/* Is this text still that of (entry, store)? May build it. */
bool control_text_stale(struct fs *fs, const struct control_entry *entry,
                        int64_t store, const struct control_text *text);

/* Forget everything (control_finish). */
void control_cache_finish(void);
void control_log_finish(void);
void control_rate_finish(void);
void control_info_finish(void);

/* ---- errors: the ring ---- */

/* Column of the current line (0..) that the command at work blames, for the
 * caret; per thread. -1: none. Set it just before err_set. */
void control_blame(int column);
int control_blamed(void);
/* command: len bytes as written, any bytes. column < 0: no caret. */
void control_errors_add(struct fs *fs, const char *file,
                        const struct control_caller *caller,
                        const char *command, size_t len, int column,
                        const struct err *err);
int control_errors_show(struct fs *fs, int64_t store, struct buf *out,
                        struct err *err);
void control_errors_clear(void);

/* ---- rates ---- */

/* Items of the job done in the stage it is in, and of how many (0: not
 * known yet). */
struct control_done {
    int64_t done, total;
    int percent;
};
void control_done(const struct db_job *job, struct control_done *done_r);
/* Remembers the counters of a running job; forgets one that is not. */
void control_rate_note(const struct db_job *job);
/* Items a second now (running) or in all (ended); 0 when not known. */
int64_t control_rate(const struct db_job *job);
/* Seconds left; -1 when not known. */
int64_t control_eta(const struct db_job *job);
/* Notes all running jobs: the notify thread, once a second or so. */
void control_rate_sample(struct fs *fs);

/* ---- pieces of text ---- */

int64_t control_items_all(const struct db_job *job);
/* Came in, whether read back already or not. */
int64_t control_items_ingested(const struct db_job *job);
int64_t control_bytes_ingested(const struct db_job *job);
/* "2004-02-01T12:00:00Z", or none when 0. */
const char *control_time(int64_t t, const char *none, char *buf);
/* Control bytes become '?': what a terminal may be shown. */
void control_clean(struct buf *out, const char *text, size_t len);
/* Each line of a reader's notes as "damage LINE". */
void control_notes(struct buf *out, const struct buf *notes);
/* The status text of a job; NULL: of a store that has none. */
void control_job_text(const struct db_job *job, struct buf *out);
/* ".ctl/NAME" or "PLACE/.ctl/NAME", for messages. */
void control_place(struct fs *fs, int64_t store, const char *name,
                   struct buf *out);
/* Format of a store that was looked into, "" unknown. */
void control_format(int64_t store, char format_r[16]);

/* ---- rows in files of their own ---- */

int control_show_stores(struct fs *fs, int64_t store, struct buf *out,
                        struct err *err);
int control_show_jobs(struct fs *fs, int64_t store, struct buf *out,
                      struct err *err);
int control_show_ledger(struct fs *fs, int64_t store, struct buf *out,
                        struct err *err);
int control_show_log(struct fs *fs, int64_t store, struct buf *out,
                     struct err *err);
int64_t control_log_mtime(struct fs *fs, int64_t store);
int control_show_info(struct fs *fs, int64_t store, struct buf *out,
                      struct err *err);
int control_info_stamp(struct fs *fs, int64_t store, uint64_t *stamp_r);
int64_t control_info_mtime(struct fs *fs, int64_t store);
int control_show_status(struct fs *fs, int64_t store, struct buf *out,
                        struct err *err);
int control_show_progress(struct fs *fs, int64_t store, struct buf *out,
                          struct err *err);
int control_show_target(struct fs *fs, int64_t store, struct buf *out,
                        struct err *err);
int control_store_target(struct fs *fs, int64_t store, const char *line,
                         const struct control_caller *caller, struct err *err);
int control_store_action(struct fs *fs, int64_t store, const char *line,
                         const struct control_caller *caller, struct err *err);
int control_job_stamp(struct fs *fs, int64_t store, uint64_t *stamp_r);
int64_t control_job_mtime(struct fs *fs, int64_t store);
int control_state_stamp(struct fs *fs, int64_t store, uint64_t *stamp_r);

#endif
