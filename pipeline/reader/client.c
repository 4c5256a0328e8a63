#include "pipeline/reader/client.h"

#include <pthread.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/hash.h"
#include "pipeline/reader/child.h"
#include "pipeline/reader/rules.h"
#include "pipeline/reader/skips.h"
#include "pipeline/reader/source.h"

#define PROGRAM_LIBPFF "pstfs-libpff"

#define DEATHS_MAX   8     /* readers lost in one bulk call that goes on */
#define HOLD_UPS_MAX 2     /* time limits run out before the reader rests */
#define REST_MS      10000 /* so long */

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
static int blame_store(struct reader *reader, struct err *err)
{
    const char *slash = strrchr(reader->path, '/');

    return err_wrap(err, "%s", slash ? slash + 1 : reader->path);
}

/* ---- which state ---- */

static void file_set(struct reader *reader, const struct reader_file *file)
{
    pthread_mutex_lock(&reader->state);
    reader->file = *file;
    reader->stale.code = 0;
    pthread_mutex_unlock(&reader->state);
}

/* It is another state now, whoever says so: until renewed. */
static void stale_set(struct reader *reader, const struct err *why)
{
    pthread_mutex_lock(&reader->state);
    if (!reader->stale.code)
        reader->stale = *why;
    pthread_mutex_unlock(&reader->state);
}

/* -ESTALE with the reason, when it is known to be. */
static int stale_get(struct reader *reader, struct err *err)
{
    int rc = 0;

    pthread_mutex_lock(&reader->state);
    if (reader->stale.code)
        rc = err_set(err, ESTALE, "%s", reader->stale.msg);
    pthread_mutex_unlock(&reader->state);
    return rc;
}

void reader_file(struct reader *reader, struct reader_file *file_r)
{
    pthread_mutex_lock(&reader->state);
    *file_r = reader->file;
    pthread_mutex_unlock(&reader->state);
}

void reader_renew(struct reader *reader)
{
    static const struct reader_file any;

    reader_expect(reader, &any);
}

void reader_expect(struct reader *reader, const struct reader_file *file)
{
    pthread_mutex_lock(&reader->lock);
    child_end(&reader->child);
    file_set(reader, file);
    pthread_mutex_unlock(&reader->lock);
}

/* The state just met against the one that is read; the first is it. */
static int file_meet(struct reader *reader, const struct reader_file *met,
                     struct err *err)
{
    struct reader_file file;

    reader_file(reader, &file);
    if (file.now == met->now)
        return 0;
    if (!file.now) {
        file_set(reader, met);
        return 0;
    }
    return err_set(err, ESTALE, "%s",
                   file.lasting == met->lasting
                       ? "another file lies in the place of the store"
                       : "the file has changed");
}

int reader_look(struct reader *reader, struct reader_file *file_r,
                struct err *err)
{
    struct reader_file file, met = {0};
    int rc = source_look(reader->path, reader_rules()->timeout_ms, &met, err);

    if (file_r)
        *file_r = met;
    if (rc != 0)
        blame_store(reader, err);
    if (rc != 0)
        return rc == -ETIMEDOUT ? rc : READER_NO_SOURCE;
    rc = stale_get(reader, err);
    reader_file(reader, &file);
    if (rc == 0 && file.now && file.now != met.now)
        rc = file_meet(reader, &met, err);
    return rc ? blame_store(reader, err) : 0;
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

void reader_bad(struct reader *reader, reader_bad_fn *fn, void *ctx)
{
    char why[SKIPS_WHY_MAX];
    uint32_t nid;

    for (size_t i = 0; skips_at(reader->skips, i, &nid, why); i++)
        fn(ctx, nid, why);
}

/* ---- asking ---- */

static const uint8_t *data_of(const struct reader *reader)
{
    return reader->child.window + PROTO_DATA_OFF;
}

/* The file is another: err says so from now on. */
static int child_stale(struct reader *reader, struct err *err)
{
    child_end(&reader->child);
    stale_set(reader, err);
    return -ESTALE;
}

static int answer_error(struct reader *reader, const struct proto_reply *reply,
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
    return blame_store(reader, err);
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

static int child_ready(struct reader *reader, struct err *err)
{
    int rc = stale_get(reader, err);

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
    rc = file_meet(reader, &reader->child.file, err);
    if (rc != 0)
        return child_stale(reader, err);
    skips_belong(reader->skips, reader->child.file.now);
    return 0;
}

/* One question, starting the child when none runs. board_r: the item a child
 * that is gone was working on. */
static int child_question(struct reader *reader, struct proto_request *request,
                          struct proto_reply *reply_r, uint32_t *board_r,
                          struct err *err)
{
    int rc = child_ask(&reader->child, request, reply_r, board_r, err);

    hold_up_note(reader, rc);
    return rc;
}

/* The item of the request, when there is one, is blamed for the death of the
 * child that worked on it. */
static int ask(struct reader *reader, struct proto_request *request,
               struct proto_reply *reply_r, struct err *err)
{
    struct err local = {0};
    uint32_t board = 0;
    int rc = 0;

    err = err ? err : &local;
    if (request->nid && skips_refused(reader->skips, request->nid, err))
        rc = -EIO;
    if (rc == 0)
        rc = child_ready(reader, err);
    if (rc == 0)
        rc = child_question(reader, request, reply_r, &board, err);
    if (board && board == request->nid)
        skips_add(reader->skips, board, err->msg);
    if (rc != 0)
        return blame_store(reader, err);
    return reply_r->status ? answer_error(reader, reply_r, err) : 0;
}

/* The child broke its word in what it put into the window. */
static int nonsense(struct reader *reader, struct err *err)
{
    child_end(&reader->child);
    err_set(err, EIO, "the reader answered nonsense");
    return blame_store(reader, err);
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
    memcpy(record, data_of(reader) + *off, sizeof(*record));
    if (record->size < sizeof(*record) || record->size > left ||
        record->size > PROTO_RECORD_MAX || record->size % 8)
        return -1;
    room = record->size - sizeof(*record);
    memcpy(record->text, data_of(reader) + *off + sizeof(*record), room);
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

typedef int record_fn(void *ctx, const struct proto_record *record,
                      const char *const texts[PROTO_TEXTS]);

static int page_walk(struct reader *reader, const struct proto_reply *reply,
                     record_fn *fn, void *ctx, struct err *err)
{
    size_t off = 0;

    for (uint32_t i = 0; i < reply->count; i++) {
        const char *texts[PROTO_TEXTS];
        int rc;
        if (record_take(reader, reply->used, &off, texts) != 0)
            return nonsense(reader, err);
        rc = fn(ctx, &reader->copy.record, texts);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* All records that the operation gives, page after page. */
static int records_walk(struct reader *reader, enum proto_op op, uint32_t nid,
                        record_fn *fn, void *ctx, struct err *err)
{
    struct proto_request request = {.op = op, .nid = nid};
    struct proto_reply reply;
    int rc;

    pthread_mutex_lock(&reader->lock);
    do {
        rc = ask(reader, &request, &reply, err);
        if (rc == 0 && reply.next && reply.next <= request.start)
            rc = nonsense(reader, err);
        if (rc == 0)
            rc = page_walk(reader, &reply, fn, ctx, err);
        request.start = reply.next;
    } while (rc == 0 && reply.next);
    pthread_mutex_unlock(&reader->lock);
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
    return records_walk(reader, PROTO_NOTES, 0, note_show, out, err);
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

    return records_walk(reader, PROTO_FOLDERS, 0, folder_show, &walk, err);
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

    return records_walk(reader, PROTO_ENTRIES, folder, entry_show, &walk, err);
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

    return records_walk(reader, PROTO_FACTS, nid, fact_show, &walk, err);
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
    return records_walk(reader, PROTO_PARTS, nid, part_show, &walk, err);
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
    rc = ask(reader, &request, &reply, err);
    if (rc == 0 && reply.used != sizeof(info))
        rc = nonsense(reader, err);
    if (rc == 0) {
        memcpy(&info, data_of(reader), sizeof(info));
        info_take(info_r, &info);
        info_r->stamp =
            hash_fnv((uint64_t[]){info.stamp, reader->child.file.lasting},
                     2 * sizeof(uint64_t));
    }
    pthread_mutex_unlock(&reader->lock);
    return rc;
}

/* ---- items in bulk ---- */

struct bulk {
    struct reader *reader;
    enum proto_op op;
    enum reader_format format;
    const uint32_t *nids;
    size_t n, done;
    unsigned deaths;
    reader_fetch_fn *fn;
    void *ctx;
};

/* Items from done on that may be asked for in one request. */
static size_t bulk_run(const struct bulk *b)
{
    size_t n = 0;

    while (b->done + n < b->n && n < PROTO_NIDS_MAX &&
           !skips_refused(b->reader->skips, b->nids[b->done + n], NULL))
        n++;
    return n;
}

static int bulk_refuse(struct bulk *b)
{
    struct reader_meta meta = {.error = EIO};

    return b->fn(b->ctx, b->done++, &meta, NULL);
}

static bool item_sound(const struct proto_item *item)
{
    if (item->error < 0 || item->error >= 4096)
        return false;
    return !item->has_data ||
           (item->size <= PROTO_DATA_MAX && item->off <= PROTO_DATA_MAX &&
            item->off + item->size <= PROTO_DATA_MAX);
}

/* Text of a hostile process: ended, UTF-8, one line. */
static void item_words(const struct proto_item *item,
                       char words_r[READER_WHAT_MAX])
{
    cleanup_buf struct buf clean = BUF(4 * READER_WHAT_MAX);
    size_t len = strnlen(item->what, READER_WHAT_MAX);

    charset_clean_utf8(item->what, len, &clean);
    len = charset_cut(buf_str(&clean), clean.len, READER_WHAT_MAX - 1);
    for (size_t i = 0; i < len; i++)
        words_r[i] = (uint8_t)clean.data[i] < ' ' ? ' ' : clean.data[i];
    words_r[len] = '\0';
}

static int bulk_item(struct bulk *b, const struct proto_item *item)
{
    struct reader_meta meta = {.error = item->error};
    const void *data = NULL;

    if (!item->error) {
        meta.size = item->size;
        meta.time = item->time;
        meta.flags = item->flags;
        meta.defects = item->defects;
        item_words(item, meta.what);
        if (item->has_data)
            data = data_of(b->reader) + item->off;
    }
    return b->fn(b->ctx, b->done++, &meta, data);
}

static int bulk_take(struct bulk *b, const struct proto_reply *reply,
                     size_t asked, struct err *err)
{
    const uint8_t *table = data_of(b->reader);

    if (!reply->count || reply->count > asked ||
        reply->count * sizeof(struct proto_item) > reply->used)
        return nonsense(b->reader, err);
    for (uint32_t i = 0; i < reply->count; i++) {
        struct proto_item item;
        int rc;
        memcpy(&item, table + i * sizeof(item), sizeof(item));
        if (!item_sound(&item))
            return nonsense(b->reader, err);
        rc = bulk_item(b, &item);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* The item that the dead child worked on, when it is one it was asked for:
 * it is blamed and all go on without it; else nobody is and the call fails. */
static bool bulk_blame(struct bulk *b, uint32_t nid, size_t asked,
                       const char *why)
{
    for (size_t i = 0; nid && i < asked; i++)
        if (b->nids[b->done + i] == nid) {
            skips_add(b->reader->skips, nid, why);
            return ++b->deaths < DEATHS_MAX;
        }
    return false;
}

static int bulk_ask(struct bulk *b, size_t n, struct err *err)
{
    struct proto_request request = {
        .op = b->op, .format = b->format, .count = (uint32_t)n};
    struct reader *reader = b->reader;
    struct proto_reply reply;
    struct err local = {0};
    uint32_t nid = 0;
    int rc;

    err = err ? err : &local;
    rc = child_ready(reader, err);
    if (rc != 0)
        return blame_store(reader, err);
    memcpy(reader->child.window + PROTO_NIDS_OFF, b->nids + b->done,
           n * sizeof(uint32_t));
    rc = child_question(reader, &request, &reply, &nid, err);
    if (rc == -EIO && bulk_blame(b, nid, n, err->msg))
        return 0;
    if (rc != 0)
        return blame_store(reader, err);
    if (reply.status)
        return answer_error(reader, &reply, err);
    return bulk_take(b, &reply, n, err);
}

static int bulk_all(struct bulk *b, struct err *err)
{
    int rc = 0;

    pthread_mutex_lock(&b->reader->lock);
    while (rc == 0 && b->done < b->n) {
        size_t n = bulk_run(b);
        rc = n ? bulk_ask(b, n, err) : bulk_refuse(b);
    }
    pthread_mutex_unlock(&b->reader->lock);
    return rc;
}

static int meta_keep(void *ctx, size_t i, const struct reader_meta *meta,
                     const void *data)
{
    struct reader_meta *metas = ctx;

    metas[i] = *meta;
    return 0;
}

int reader_metas(struct reader *reader, enum reader_format format,
                 const uint32_t *nids, size_t n, struct reader_meta *metas_r,
                 struct err *err)
{
    struct bulk b = {.reader = reader,
                     .op = PROTO_METAS,
                     .format = format,
                     .nids = nids,
                     .n = n,
                     .fn = meta_keep,
                     .ctx = metas_r};

    return bulk_all(&b, err);
}

int reader_fetch(struct reader *reader, enum reader_format format,
                 const uint32_t *nids, size_t n, reader_fetch_fn *fn, void *ctx,
                 struct err *err)
{
    struct bulk b = {.reader = reader,
                     .op = PROTO_FETCH,
                     .format = format,
                     .nids = nids,
                     .n = n,
                     .fn = fn,
                     .ctx = ctx};

    return bulk_all(&b, err);
}

/* ---- one item, a range ---- */

static ssize_t read_piece(struct reader *reader, struct proto_request *request,
                          void *buf, struct err *err)
{
    struct proto_reply reply;
    int rc = ask(reader, request, &reply, err);

    if (rc != 0)
        return rc;
    if (reply.used > request->length)
        return nonsense(reader, err);
    memcpy(buf, data_of(reader), reply.used);
    return (ssize_t)reply.used;
}

/* what: item, format and part. */
static ssize_t read_range(struct reader *reader,
                          const struct proto_request *what, uint64_t off,
                          void *buf, size_t len, struct err *err)
{
    size_t done = 0;
    ssize_t n = 0;

    pthread_mutex_lock(&reader->lock);
    while (done < len) {
        struct proto_request request = *what;
        request.start = off + done;
        request.length = len - done;
        if (request.length > PROTO_DATA_MAX)
            request.length = PROTO_DATA_MAX;
        n = read_piece(reader, &request, (char *)buf + done, err);
        if (n < 0 || (size_t)n < request.length) {
            done += n > 0 ? (size_t)n : 0;
            break;
        }
        done += (size_t)n;
    }
    pthread_mutex_unlock(&reader->lock);
    return n < 0 ? n : (ssize_t)done;
}

ssize_t reader_read(struct reader *reader, uint32_t nid,
                    enum reader_format format, uint64_t off, void *buf,
                    size_t len, struct err *err)
{
    struct proto_request what = {
        .op = PROTO_READ, .nid = nid, .format = format};

    return read_range(reader, &what, off, buf, len, err);
}

ssize_t reader_part_read(struct reader *reader, uint32_t nid, unsigned part,
                         uint64_t off, void *buf, size_t len, struct err *err)
{
    struct proto_request what = {.op = PROTO_READ, .nid = nid, .part = part};

    return read_range(reader, &what, off, buf, len, err);
}
