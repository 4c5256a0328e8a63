/*
 * The reader process, seen from its client. One struct reader is one child
 * (pstfs-reader) that has a store's descriptor, a socket and a window of
 * shared memory, and nothing else; it parses and renders. PST bytes are
 * never parsed on this side.
 *
 * Thread-safe: calls on one reader take turns. A call that the child does not
 * answer in time (setting reader.timeout), or dies in, returns EIO and the
 * child is started again by the next call; an item that killed READER_KILLS_MAX
 * children is refused with EIO from then on, without asking, by all readers
 * of that file in this process, and beyond it (reader_share). A child that was
 * only held up, by a disk that does not answer, costs ETIMEDOUT and blames
 * nobody.
 *
 * A reader reads one state of the file, that which its first child found. When
 * the file is changed, cut or replaced, every call is ESTALE, with words, and
 * gives nothing, until reader_renew says that the new state is wanted. A call
 * that the change came into is ESTALE too: what a call gives is of one state.
 */
#ifndef READER_CLIENT_H
#define READER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pipeline/base/buf.h"
#include "pipeline/base/err.h"
#include "pipeline/base/settings.h"

#define READER_KILLS_MAX 2
#define READER_WINDOW    (8u << 20) /* bytes of shared memory */

/* As RENDER_VERSION (checked at build). */
#define READER_RENDER_VERSION 3

struct reader;

/* Which state of a file: numbers that change when it is written to (time,
 * size) or, `now` only, another file lies at its path. `lasting` is good over
 * restarts and remounts, which change what tells files apart. */
struct reader_file {
    uint64_t now, lasting;
};
struct stat;
void reader_file_of(const struct stat *st, struct reader_file *file_r);

/* What calls return when the file's disk or share gives nothing at all. */
#define READER_NO_SOURCE (-EREMOTEIO)

/* As enum render_format: the numbers are the same (checked at build). */
enum reader_format {
    READER_FILE,
    READER_MAIL,
    READER_MAIL_CRLF,
    READER_FTS,
    READER_MSG
};

/* How the children of this process are held, from the settings reader.*;
 * before the first reader_new, or the defaults count. EINVAL: no such user,
 * or root. */
int reader_setup(const struct settings *settings, struct err *err);

/* READER_RENDER_VERSION and the settings that renderings depend on, as one
 * number: part of every cached size. */
unsigned reader_rendering(void);

/* Prepares a reader of the store at path; the child starts with the first
 * call that needs it. Nothing is opened here. */
int reader_new(const char *path, struct reader **reader_r, struct err *err);
/* One whose child is pstfs-libpff: it answers reader_entries of READER_LIBPFF,
 * reader_metas and reader_read of the items found there. Its first answer takes
 * as long as libpff does, at most the setting reader.libpff_seconds. ENOENT
 * from a call: this build has no such program. */
int reader_new_libpff(const char *path, struct reader **reader_r,
                      struct err *err);
bool reader_has_libpff(void);
/* Ends the child and frees. Nobody may be inside a call. */
void reader_free(struct reader **reader);
/* Ends an idle child, keeping the struct: memory for a store not in use. */
void reader_rest(struct reader *reader);
/* Ends the child, and takes the file as it is from the next call on. */
void reader_renew(struct reader *reader);
/* The state it reads, all 0 before the first call. */
void reader_file(struct reader *reader, struct reader_file *file_r);
/* From now on it reads this state only (another reader's). */
void reader_expect(struct reader *reader, const struct reader_file *file);
/* Is the file at the path still in that state, and does its disk answer? 0,
 * ESTALE, READER_NO_SOURCE, ETIMEDOUT, each with words. *file_r (may be NULL)
 * is what is there. Waits for no call, and reader.timeout at most. */
int reader_look(struct reader *reader, struct reader_file *file_r,
                struct err *err);
/* From another thread: while on, calls end with EINTR within READER_LOOK_MS
 * (the child is ended, no item is blamed). For giving up a long call. */
#define READER_LOOK_MS 200
void reader_interrupt(struct reader *reader, bool on);
/* Process id of the running child, 0 when there is none. */
pid_t reader_pid(struct reader *reader);

/* Items that are refused, each with what the last child died of. Waits for
 * no call. */
typedef void reader_bad_fn(void *ctx, uint32_t nid, const char *why);
void reader_bad(struct reader *reader, reader_bad_fn *fn, void *ctx);

#define READER_TEXT_MAX    256
#define READER_SANDBOX_MAX 96

/* Items that are refused, kept for other processes and later ones. `lasting`
 * is the state of the file at path (struct reader_file). */
struct reader_share {
    /* One more is. No lock of a reader's is held. */
    void (*add)(void *ctx, const char *path, uint64_t lasting, uint32_t nid,
                const char *why);
    /* Those known, to take: asked whenever a child starts, in the calling
     * thread, during which that reader must not be used. */
    void (*each)(void *ctx, const char *path, uint64_t lasting,
                 reader_bad_fn *take, void *take_ctx);
    void *ctx;
};
/* Once, before the first reader_new; without it nothing is shared. */
void reader_share(const struct reader_share *share);

struct reader_info {
    char format[16], crypt[16]; /* "Unicode 4k", "permute" */
    uint32_t version;
    bool is_ost, has_password;
    bool incomplete; /* tree pages are lost: there may have been more */
    uint64_t file_size, file_eof;
    uint64_t stamp;      /* of the state: size, time, header; good for ever */
    char record_key[33]; /* hex; "" when the store has none */
    char display_name[READER_TEXT_MAX];
    uint32_t codepage;
    uint32_t root, ipm_subtree, inbox, outbox, deleted, sent, drafts;
    /* What holds the child, in its own words: "seccomp landlock uid 65534",
     * "off (setting)". */
    char sandbox[READER_SANDBOX_MAX];
};
int reader_info(struct reader *reader, struct reader_info *info_r,
                struct err *err);
/* Damage found so far, one line each, appended to out. */
int reader_notes(struct reader *reader, struct buf *out, struct err *err);

/* Looks at every page, block and item of the store, which reads the whole
 * file; reader_notes then has what was found. */
struct reader_check {
    uint64_t nodes, blocks, bytes, folders, items;
    uint64_t bad_pages, bad_blocks, bad_items;
    uint64_t unlisted; /* found, but past the limit of notes */
};
int reader_check(struct reader *reader, struct reader_check *check_r,
                 struct err *err);

struct reader_folder {
    uint32_t nid, parent;
    int64_t items, unread; /* as the folder says, -1 unknown */
    bool is_search;
    const char *name, *class; /* valid during the call */
};
typedef int reader_folder_fn(void *ctx, const struct reader_folder *folder);
/* All folders, parents first. fn's non-zero result stops and is returned. */
int reader_folders(struct reader *reader, reader_folder_fn *fn, void *ctx,
                   struct err *err);

/*
 * Recovered items (pst_recovered) have node ids of a type that no writer uses,
 * made from their numbers: all calls take these, and nothing mixes them up
 * with the ids of the store. Number 0 stands for the folder that they are
 * listed in: to list it reads the whole file, which takes long, as does the
 * first question about such an item after the child was started.
 */
#define READER_RECOVERED_TYPE       0x1Cu
#define READER_RECOVERED_MAX        ((1u << 27) - 1)
#define READER_RECOVERED            READER_RECOVERED_OF(0)
#define READER_RECOVERED_OF(number) ((number) << 5 | READER_RECOVERED_TYPE)
/* The upper half of the numbers is for what libpff finds besides, and for
 * readers of reader_new_libpff alone. */
#define READER_LIBPFF_FIRST (1u << 26)
#define READER_LIBPFF       READER_RECOVERED_OF(READER_LIBPFF_FIRST - 1)
static inline uint32_t reader_recovered_nid(uint32_t number)
{
    return READER_RECOVERED_OF(number);
}
static inline bool reader_is_recovered(uint32_t nid)
{
    return (nid & 0x1Fu) == READER_RECOVERED_TYPE;
}
static inline bool reader_is_libpff(uint32_t nid)
{
    return reader_is_recovered(nid) && nid >= READER_LIBPFF;
}

struct reader_entry {
    uint32_t nid;
    uint32_t flags; /* PR_MESSAGE_FLAGS */
    int64_t time;   /* unix seconds, 0 none */
    uint64_t hint;  /* message size as the store says, not exact */
    const char *class, *subject, *from, *to;
    const char *ext; /* "eml" ...: what RENDER_FILE makes of it */
};
typedef int reader_entry_fn(void *ctx, const struct reader_entry *entry);
/* All items of a folder in row order, fetched a window at a time. fn must
 * not call the same reader. */
int reader_entries(struct reader *reader, uint32_t folder, reader_entry_fn *fn,
                   void *ctx, struct err *err);

#define READER_WHAT_MAX 160 /* as RENDER_WHAT_MAX (checked at build) */

struct reader_meta {
    uint64_t size;
    int64_t time;
    uint32_t flags; /* RENDER_SEEN ... */
    uint32_t defects;
    int error;                  /* 0, or a positive errno: then the rest is 0 */
    char what[READER_WHAT_MAX]; /* the first defects in words; "" none */
};
/* Sizes and flags of n items in one message; metas_r[i].error per item. */
int reader_metas(struct reader *reader, enum reader_format format,
                 const uint32_t *nids, size_t n, struct reader_meta *metas_r,
                 struct err *err);

/* Bytes of a rendered item at off: fewer than len only at the end. Any len;
 * it is cut into windows inside. */
ssize_t reader_read(struct reader *reader, uint32_t nid,
                    enum reader_format format, uint64_t off, void *buf,
                    size_t len, struct err *err);

/* What scripts ask of an item: see render_facts. */
typedef int reader_fact_fn(void *ctx, const char *name, const char *value);
int reader_facts(struct reader *reader, uint32_t nid, reader_fact_fn *fn,
                 void *ctx, struct err *err);

/* ---- attachments as files (render.h) ---- */

#define READER_PART_MAX 65535

struct reader_part {
    unsigned number;  /* 1 to READER_PART_MAX, rising */
    const char *name; /* not unique; valid during the call */
    uint64_t size;    /* exact */
    int64_t time;
    bool bad; /* cannot be read */
};
typedef int reader_part_fn(void *ctx, const struct reader_part *part);
/* The attachments of an item, and the folder that has it (0: none known). */
int reader_parts(struct reader *reader, uint32_t nid, uint32_t *folder_r,
                 reader_part_fn *fn, void *ctx, struct err *err);
/* As reader_read, the bytes of one attachment. */
ssize_t reader_part_read(struct reader *reader, uint32_t nid, unsigned part,
                         uint64_t off, void *buf, size_t len, struct err *err);

/* Whole items in bulk: fn gets each of nids in order, with its bytes when
 * they fit in what is left of the window, else data NULL (then use
 * reader_read), or meta->error. fn must not call the same reader. */
typedef int reader_fetch_fn(void *ctx, size_t i, const struct reader_meta *meta,
                            const void *data);
int reader_fetch(struct reader *reader, enum reader_format format,
                 const uint32_t *nids, size_t n, reader_fetch_fn *fn, void *ctx,
                 struct err *err);

#endif
