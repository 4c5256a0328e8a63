#include "pipeline/reader/client.h"

#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/hash.h"
#include "pipeline/reader/client_priv.h"
#include "pipeline/reader/rules.h"
#include "pipeline/reader/skips.h"

#define PROGRAM_LIBPFF "pstfs-libpff"

#define HOLD_UPS_MAX 2     /* time limits run out before the reader rests */
#define REST_MS      10000 /* so long */

int reader_new(const char *path, struct reader **reader_r, struct err *err)
{
    struct reader *reader = calloc(1, sizeof(*reader));

    if (reader) {
        reader->path = strdup(path);
        reader->skips = skips_get(path);
    }
    if (!reader || !reader->path || !reader->skips) {
        if (reader) {
            skips_put(&reader->skips);
            free(reader->path);
        }
        free(reader);
        return err_set(err, ENOMEM, "no memory");
    }
    pthread_mutex_init(&reader->lock, NULL);
    pthread_mutex_init(&reader->state, NULL);
    *reader_r = reader;
    return 0;
}

int reader_new_libpff(const char *path, struct reader **reader_r,
                      struct err *err)
{
    int rc = reader_new(path, reader_r, err);

    if (rc == 0) {
        (*reader_r)->child.program = PROGRAM_LIBPFF;
        (*reader_r)->child.limit_ms = reader_rules()->libpff_ms;
    }
    return rc;
}

bool reader_has_libpff(void)
{
    return child_has_program(PROGRAM_LIBPFF);
}

void reader_free(struct reader **reader)
{
    if (!*reader)
        return;
    child_end(&(*reader)->child);
    skips_put(&(*reader)->skips);
    pthread_mutex_destroy(&(*reader)->state);
    pthread_mutex_destroy(&(*reader)->lock);
    free((*reader)->path);
    free(*reader);
    *reader = NULL;
}

void reader_rest(struct reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    child_end(&reader->child);
    pthread_mutex_unlock(&reader->lock);
}

/* Puts the store's name before the words; returns -err->code. */
int client_blame(struct reader *reader, struct err *err)
{
    const char *slash = strrchr(reader->path, '/');

    return err_wrap(err, "%s", slash ? slash + 1 : reader->path);
}

void reader_interrupt(struct reader *reader, bool on)
{
    __atomic_store_n(&reader->child.quit, on, __ATOMIC_RELAXED);
}

/* Without the lock: a call may hold that for long, and the answer is stale
 * at once anyhow. */
pid_t reader_pid(struct reader *reader)
{
    return __atomic_load_n(&reader->child.pid, __ATOMIC_RELAXED);
}

/* ---- asking ---- */

const uint8_t *client_data(const struct reader *reader)
{
    return reader->child.window + PROTO_DATA_OFF;
}

/* The file is another: err says so from now on. */
static int child_stale(struct reader *reader, struct err *err)
{
    child_end(&reader->child);
    client_stale_set(reader, err);
    return -ESTALE;
}

int client_error(struct reader *reader, const struct proto_reply *reply,
                 struct err *err)
{
    struct err local = {0};

    err = err ? err : &local;
    err_set(err, -reply->status, "%s", reply->text);
    /* What it knows is of a file that is no more. */
    if (reply->status == -ESTALE)
        child_stale(reader, err);
    if (reply->status == READER_NO_SOURCE)
        child_end(&reader->child);
    return client_blame(reader, err);
}

/* A disk that does not answer, found so a few times in a row, is left alone
 * for a while: who waits in line for it must not wait a time limit each. */
static void hold_up_note(struct reader *reader, int rc)
{
    if (rc != -ETIMEDOUT)
        reader->hold_ups = 0;
    else if (++reader->hold_ups >= HOLD_UPS_MAX)
        reader->rest_until = time_mono_ms() + REST_MS;
}

int client_ready(struct reader *reader, struct err *err)
{
    int rc = client_stale(reader, err);

    if (reader->child.pid && child_is_worn(&reader->child))
        child_end(&reader->child);
    if (rc != 0 || reader->child.pid)
        return rc;
    if (reader->hold_ups >= HOLD_UPS_MAX && time_mono_ms() < reader->rest_until)
        return err_set(err, ETIMEDOUT,
                       "the file does not answer; tried again in %u s",
                       REST_MS / 1000);
    rc = child_start(&reader->child, reader->path, err);
    if (rc != 0) {
        hold_up_note(reader, rc);
        return rc;
    }
    rc = client_meet(reader, &reader->child.file, err);
    if (rc != 0)
        return child_stale(reader, err);
    client_bad_take(reader);
    return 0;
}

/* One question, starting the child when none runs. board_r: the item a child
 * that is gone was working on. */
int client_question(struct reader *reader, struct proto_request *request,
                    struct proto_reply *reply_r, uint32_t *board_r,
                    struct err *err)
{
    int rc = child_ask(&reader->child, request, reply_r, board_r, err);

    hold_up_note(reader, rc);
    return rc;
}

/* The item of the request, when there is one, is blamed for the death of the
 * child that worked on it. */
int client_ask(struct reader *reader, struct proto_request *request,
               struct proto_reply *reply_r, struct err *err)
{
    struct err local = {0};
    uint32_t board = 0;
    int rc;

    err = err ? err : &local;
    rc = client_ready(reader, err); /* then what others know is known */
    if (rc == 0 && request->nid &&
        skips_refused(reader->skips, request->nid, err))
        rc = -EIO;
    if (rc == 0)
        rc = client_question(reader, request, reply_r, &board, err);
    if (board && board == request->nid)
        skips_add(reader->skips, board, err->msg);
    if (rc != 0)
        return client_blame(reader, err);
    return reply_r->status ? client_error(reader, reply_r, err) : 0;
}

/* The child broke its word in what it put into the window. */
int client_nonsense(struct reader *reader, struct err *err)
{
    child_end(&reader->child);
    err_set(err, EIO, "the reader answered nonsense");
    return client_blame(reader, err);
}

/* ---- records ---- */

/* Copies the record at *off out of the window and checks it: -1 unsound. The
 * texts it holds are found in order. */
static int record_take(struct reader *reader, size_t used, size_t *off,
                       const char *texts_r[PROTO_TEXTS])
{
    struct proto_record *record = &reader->copy.record;
    const char *text = record->text;
    size_t left = used - *off, room;

    if (left < sizeof(*record))
        return -1;
    memcpy(record, client_data(reader) + *off, sizeof(*record));
    if (record->size < sizeof(*record) || record->size > left ||
        record->size > PROTO_RECORD_MAX || record->size % 8)
        return -1;
    room = record->size - sizeof(*record);
    memcpy(record->text, client_data(reader) + *off + sizeof(*record), room);
    for (size_t i = 0; i < PROTO_TEXTS; i++) {
        size_t len = record->lengths[i];
        if (room < len + 1 || text[len] != '\0' ||
            memchr(text, '\0', len) != NULL || !charset_is_utf8(text, len))
            return -1;
        texts_r[i] = text;
        text += len + 1;
        room -= len + 1;
    }
    *off += record->size;
    return 0;
}

static int page_walk(struct reader *reader, const struct proto_reply *reply,
                     client_record_fn *fn, void *ctx, struct err *err)
{
    size_t off = 0;

    for (uint32_t i = 0; i < reply->count; i++) {
        const char *texts[PROTO_TEXTS];
        int rc;
        if (record_take(reader, reply->used, &off, texts) != 0)
            return client_nonsense(reader, err);
        rc = fn(ctx, &reader->copy.record, texts);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* All records that the operation gives, page after page. */
int client_records(struct reader *reader, enum proto_op op, uint32_t nid,
                   client_record_fn *fn, void *ctx, struct err *err)
{
    struct proto_request request = {.op = op, .nid = nid};
    struct proto_reply reply;
    int rc;

    pthread_mutex_lock(&reader->lock);
    do {
        rc = client_ask(reader, &request, &reply, err);
        if (rc == 0 && reply.next && reply.next <= request.start)
            rc = client_nonsense(reader, err);
        if (rc == 0)
            rc = page_walk(reader, &reply, fn, ctx, err);
        request.start = reply.next;
    } while (rc == 0 && reply.next);
    client_end(reader);
    return rc;
}

static int note_show(void *ctx, const struct proto_record *record,
                     const char *const texts[PROTO_TEXTS])
{
    struct buf *out = ctx;

    return buf_addf(out, "%s\n", texts[0]);
}

int reader_notes(struct reader *reader, struct buf *out, struct err *err)
{
    return client_records(reader, PROTO_NOTES, 0, note_show, out, err);
}

struct folder_walk {
    reader_folder_fn *fn;
    void *ctx;
};

static int folder_show(void *ctx, const struct proto_record *record,
                       const char *const texts[PROTO_TEXTS])
{
    const struct folder_walk *walk = ctx;
    struct reader_folder folder = {
        .nid = record->nid,
        .parent = record->parent,
        .items = record->time,
        .unread = record->hint > INT64_MAX ? -1 : (int64_t)record->hint - 1,
        .is_search = record->flags & 1,
        .name = texts[PROTO_NAME],
        .class = texts[PROTO_CLASS],
    };

    return walk->fn(walk->ctx, &folder);
}

int reader_folders(struct reader *reader, reader_folder_fn *fn, void *ctx,
                   struct err *err)
{
    struct folder_walk walk = {fn, ctx};

    return client_records(reader, PROTO_FOLDERS, 0, folder_show, &walk, err);
}

struct entry_walk {
    reader_entry_fn *fn;
    void *ctx;
};

static int entry_show(void *ctx, const struct proto_record *record,
                      const char *const texts[PROTO_TEXTS])
{
    const struct entry_walk *walk = ctx;
    struct reader_entry entry = {
        .nid = record->nid,
        .flags = record->flags,
        .time = record->time,
        .hint = record->hint,
        .class = texts[PROTO_CLASS],
        .subject = texts[PROTO_SUBJECT],
        .from = texts[PROTO_FROM],
        .to = texts[PROTO_TO],
        .ext = texts[PROTO_EXT],
    };

    return walk->fn(walk->ctx, &entry);
}

int reader_entries(struct reader *reader, uint32_t folder, reader_entry_fn *fn,
                   void *ctx, struct err *err)
{
    struct entry_walk walk = {fn, ctx};

    return client_records(reader, PROTO_ENTRIES, folder, entry_show, &walk,
                          err);
}

struct fact_walk {
    reader_fact_fn *fn;
    void *ctx;
};

static int fact_show(void *ctx, const struct proto_record *record,
                     const char *const texts[PROTO_TEXTS])
{
    const struct fact_walk *walk = ctx;

    return walk->fn(walk->ctx, texts[0], texts[1]);
}

int reader_facts(struct reader *reader, uint32_t nid, reader_fact_fn *fn,
                 void *ctx, struct err *err)
{
    struct fact_walk walk = {fn, ctx};

    return client_records(reader, PROTO_FACTS, nid, fact_show, &walk, err);
}

struct part_walk {
    uint32_t *folder_r;
    unsigned last;
    reader_part_fn *fn;
    void *ctx;
};

/* Numbers that do not rise, or pass the end, are not shown: whoever makes them
 * can only hide what is his. */
static int part_show(void *ctx, const struct proto_record *record,
                     const char *const texts[PROTO_TEXTS])
{
    struct part_walk *walk = ctx;
    struct reader_part part = {
        .number = record->nid,
        .name = texts[PROTO_NAME],
        .size = record->hint,
        .time = record->time,
        .bad = record->flags != 0,
    };

    if (record->nid == 0)
        *walk->folder_r = record->parent;
    if (record->nid <= walk->last || record->nid > READER_PART_MAX)
        return 0;
    walk->last = record->nid;
    return walk->fn(walk->ctx, &part);
}

int reader_parts(struct reader *reader, uint32_t nid, uint32_t *folder_r,
                 reader_part_fn *fn, void *ctx, struct err *err)
{
    struct part_walk walk = {folder_r, 0, fn, ctx};

    *folder_r = 0;
    return client_records(reader, PROTO_PARTS, nid, part_show, &walk, err);
}

/* ---- info ---- */

static void text_copy(char *to, size_t size, const char *from, size_t max)
{
    size_t len = strnlen(from, max);

    len = charset_cut(from, len, size - 1);
    if (!charset_is_utf8(from, len))
        len = 0;
    memcpy(to, from, len);
    to[len] = '\0';
}

static void info_take(struct reader_info *to, const struct proto_info *from)
{
    memset(to, 0, sizeof(*to));
    text_copy(to->format, sizeof(to->format), from->format,
              sizeof(from->format));
    text_copy(to->crypt, sizeof(to->crypt), from->crypt, sizeof(from->crypt));
    text_copy(to->display_name, sizeof(to->display_name), from->display_name,
              sizeof(from->display_name));
    text_copy(to->sandbox, sizeof(to->sandbox), from->sandbox,
              sizeof(from->sandbox));
    text_copy(to->record_key, sizeof(to->record_key), from->record_key,
              sizeof(from->record_key));
    if (strspn(to->record_key, "0123456789abcdef") != 32 || to->record_key[32])
        to->record_key[0] = '\0';
    to->version = from->version;
    to->is_ost = from->is_ost != 0;
    to->has_password = from->has_password != 0;
    to->incomplete = from->incomplete != 0;
    to->file_size = from->file_size;
    to->file_eof = from->file_eof;
    to->stamp = from->stamp;
    to->codepage = from->codepage;
    to->root = from->root;
    to->ipm_subtree = from->ipm_subtree;
    to->inbox = from->inbox;
    to->outbox = from->outbox;
    to->deleted = from->deleted;
    to->sent = from->sent;
    to->drafts = from->drafts;
}

int reader_info(struct reader *reader, struct reader_info *info_r,
                struct err *err)
{
    struct proto_request request = {.op = PROTO_INFO};
    struct proto_reply reply;
    struct proto_info info;
    int rc;

    pthread_mutex_lock(&reader->lock);
    rc = client_ask(reader, &request, &reply, err);
    if (rc == 0 && reply.used != sizeof(info))
        rc = client_nonsense(reader, err);
    if (rc == 0) {
        memcpy(&info, client_data(reader), sizeof(info));
        info_take(info_r, &info);
        info_r->stamp =
            hash_fnv((uint64_t[]){info.stamp, reader->child.file.lasting},
                     2 * sizeof(uint64_t));
    }
    client_end(reader);
    return rc;
}

int reader_check(struct reader *reader, struct reader_check *check_r,
                 struct err *err)
{
    struct proto_request request = {.op = PROTO_CHECK};
    struct proto_check check;
    struct proto_reply reply;
    int rc;

    memset(check_r, 0, sizeof(*check_r));
    pthread_mutex_lock(&reader->lock);
    rc = client_ask(reader, &request, &reply, err);
    if (rc == 0 && reply.used != sizeof(check))
        rc = client_nonsense(reader, err);
    if (rc == 0) {
        memcpy(&check, client_data(reader), sizeof(check));
        *check_r = check.found;
    }
    client_end(reader);
    return rc;
}
