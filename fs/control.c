#include "fs/control_priv.h"
#include "fs/lane.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/base/clock.h"

struct control_handle {
    struct fs *fs;
    int64_t store;
    const struct control_entry *entry;

    pthread_mutex_t lock;      /* of the snapshot */
    struct control_text *text; /* NULL: for writing only, or waiting */
    uint64_t base; /* where in the stream of texts this one begins */
    bool polled;   /* then reading from 0 again takes a new snapshot */
    bool ended;    /* an end of file was given since */
    int64_t job;   /* what `wait` waits for, 0 none */

    pthread_mutex_t writing; /* of the lines */
    struct buf line;         /* begun, its newline not yet seen */
    bool skip;               /* the rest of a line too long */
    char *refused;           /* last line that ended a write early */
};

static atomic_uint_least64_t generation = 1;

uint64_t control_generation(void)
{
    return atomic_load(&generation);
}

void control_bump(void)
{
    atomic_fetch_add(&generation, 1);
}

/* ---- the table ---- */

const struct control_entry *control_entry(int64_t store, unsigned i)
{
    const struct control_entry *table =
        store ? control_store_table : control_root_table;

    for (; table->row.name; table++)
        if (i-- == 0)
            return table;
    return NULL;
}

const struct control_row *control_row(int64_t store, unsigned i)
{
    const struct control_entry *entry = control_entry(store, i);

    return entry ? &entry->row : NULL;
}

int control_find(int64_t store, const char *name)
{
    const struct control_entry *entry;

    for (unsigned i = 0; (entry = control_entry(store, i)); i++)
        if (strcmp(entry->row.name, name) == 0)
            return (int)i;
    return -ENOENT;
}

int control_stat(struct fs *fs, int64_t store, unsigned row, struct stat *st_r)
{
    const struct control_entry *entry = control_entry(store, row);
    struct control_text *text = NULL;
    int rc;

    if (!entry)
        return -ENOENT;
    memset(st_r, 0, sizeof(*st_r));
    st_r->st_mode = S_IFREG | entry->row.mode;
    st_r->st_nlink = 1;
    st_r->st_uid = fs->uid;
    st_r->st_gid = fs->gid;
    st_r->st_blksize = 4096;
    st_r->st_mtime = fs->mounted;
    /* A text that cannot be made is empty here; open says why. */
    rc = control_text_get(fs, entry, store, &text, NULL);
    if (rc == LANE_FULL)
        return rc;
    if (rc == 0) {
        st_r->st_size = (off_t)text->len;
        st_r->st_mtime = text->mtime;
        control_text_put(&text);
    }
    st_r->st_blocks = (st_r->st_size + 511) / 512;
    st_r->st_atime = st_r->st_ctime = st_r->st_mtime;
    return 0;
}

int control_truncate(struct fs *fs, int64_t store, unsigned row)
{
    const struct control_entry *entry = control_entry(store, row);

    if (!entry)
        return -ENOENT;
    if (!entry->row.store)
        return -EPERM;
    if (entry->truncate)
        entry->truncate(fs, store);
    return 0;
}

/* ---- handles ---- */

static void handle_free(struct control_handle *h)
{
    control_text_put(&h->text);
    buf_finish(&h->line);
    free(h->refused);
    pthread_mutex_destroy(&h->lock);
    pthread_mutex_destroy(&h->writing);
    free(h);
}

/* The first snapshot; a waiting row only notes for what it waits. */
static int handle_begin(struct control_handle *h, struct err *err)
{
    struct db_job job;
    int r;

    if (!h->entry->row.waits)
        return control_text_get(h->fs, h->entry, h->store, &h->text, err);
    r = db_job_latest(h->fs->db, h->store, &job, err);
    if (r == -ENOENT)
        return 0;
    h->job = r == 0 ? job.id : 0;
    return r;
}

static void note_failed_open(struct control_handle *h, const struct err *err)
{
    static const struct control_caller nobody;
    cleanup_buf struct buf place = BUF(CONTROL_LINE_MAX * 4);

    control_place(h->fs, h->store, h->entry->row.name, &place);
    control_errors_add(h->fs, buf_str(&place), &nobody, "(open)", 6, -1, err);
}

int control_open(struct fs *fs, int64_t store, unsigned row, int flags,
                 struct control_handle **handle_r)
{
    const struct control_entry *entry = control_entry(store, row);
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    struct err err = {0};
    struct control_handle *h;
    int r = 0;

    if (!entry)
        return -ENOENT;
    if (writes && !entry->row.store)
        return -EPERM;
    h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    *h = (struct control_handle){.fs = fs, .store = store, .entry = entry};
    h->line.max = CONTROL_LINE_MAX;
    pthread_mutex_init(&h->lock, NULL);
    pthread_mutex_init(&h->writing, NULL);
    if (writes && (flags & O_TRUNC))
        control_truncate(fs, store, row);
    if ((flags & O_ACCMODE) != O_WRONLY)
        r = handle_begin(h, &err);
    if (r < 0) {
        if (r != LANE_FULL)
            note_failed_open(h, &err);
        handle_free(h);
        return r;
    }
    *handle_r = h;
    return 0;
}

/* ---- reading ---- */

static void snapshot_swap(struct control_handle *h, struct control_text **now)
{
    struct control_text *old = h->text;

    h->text = *now;
    *now = old;
    h->ended = false;
    control_text_put(now);
}

/* Reading from the start again after a poll or an end of file. */
static void snapshot_again(struct control_handle *h)
{
    struct control_text *now = NULL;

    if (control_text_get(h->fs, h->entry, h->store, &now, NULL) < 0)
        return;
    h->base = 0;
    snapshot_swap(h, &now);
}

/* Reading on at the end: what was appended, or the changed text, but only to
 * who asks for all of it: GNU tail asks for as much as st_size has grown. */
static void snapshot_follow(struct control_handle *h, size_t len)
{
    struct control_text *now = NULL, *was = h->text;

    if (control_text_get(h->fs, h->entry, h->store, &now, NULL) < 0)
        return;
    if (h->entry->kind == CONTROL_GROWING) {
        if (now->len > was->len && memcmp(now->data, was->data, was->len) == 0)
            snapshot_swap(h, &now);
    } else if (now->hash != was->hash && now->len <= len) {
        h->base += was->len;
        snapshot_swap(h, &now);
    }
    control_text_put(&now);
}

static void snapshot_refresh(struct control_handle *h, uint64_t off, size_t len)
{
    bool again = h->polled || h->base > 0 ||
                 (h->entry->kind != CONTROL_TEXT && h->ended);

    if (h->entry->row.waits)
        return;
    if (off == 0 && again)
        snapshot_again(h);
    else if (off < h->base + h->text->len)
        return;
    else if (h->entry->kind == CONTROL_GROWING ||
             (h->entry->kind == CONTROL_TICKING && h->ended))
        snapshot_follow(h, len);
}

ssize_t control_read(struct control_handle *h, uint64_t off, void *buf,
                     size_t len)
{
    uint64_t at;

    pthread_mutex_lock(&h->lock);
    if (h->text) {
        snapshot_refresh(h, off, len);
        at = off - h->base;
        if (off < h->base || at >= h->text->len)
            len = 0;
        else if (len > h->text->len - at)
            len = h->text->len - at;
        if (len)
            memcpy(buf, h->text->data + at, len);
        else
            h->ended = true;
    } else {
        len = 0;
    }
    pthread_mutex_unlock(&h->lock);
    return (ssize_t)len;
}

bool control_changed(struct control_handle *h)
{
    bool changed;

    if (h->entry->row.waits)
        return control_wait_ready(h);
    pthread_mutex_lock(&h->lock);
    h->polled = true;
    changed = h->text && control_text_stale(h->fs, h->entry, h->store, h->text);
    pthread_mutex_unlock(&h->lock);
    return changed;
}

/* The job's final text, when it has ended. */
static int wait_text(struct control_handle *h)
{
    cleanup_buf struct buf out = BUF(CONTROL_TEXT_MAX);
    struct db_job job;
    int r = h->job ? db_job_get(h->fs->db, h->job, &job, NULL) : -ENOENT;

    if (r < 0 && r != -ENOENT)
        return 0; /* the db may come back */
    if (r == 0 && !job_state_ended(job.state))
        return 0;
    control_job_text(r == 0 ? &job : NULL, &out);
    return control_text_from(&out, &h->text) == 0;
}

int control_wait_ready(struct control_handle *h)
{
    int ready;

    pthread_mutex_lock(&h->lock);
    ready = h->text ? 1 : wait_text(h);
    pthread_mutex_unlock(&h->lock);
    return ready;
}

/* ---- writing ---- */

/* In `errors`, unless it is the line that ended the write before early: what
 * the caller got no errno for comes again. */
static void note_refused(struct control_handle *h, const char *line, size_t len,
                         int column, const struct control_caller *caller,
                         const struct err *err)
{
    cleanup_buf struct buf place = BUF(CONTROL_LINE_MAX * 4);

    if (h->refused && strlen(h->refused) == len &&
        memcmp(h->refused, line, len) == 0)
        return;
    free(h->refused);
    h->refused = strndup(line, len);
    control_place(h->fs, h->store, h->entry->row.name, &place);
    control_errors_add(h->fs, buf_str(&place), caller, line, len, column, err);
}

/* The mode has been checked by the kernel; this is for mounts without
 * default_permissions. */
static int caller_check(const struct control_handle *h,
                        const struct control_caller *caller, struct err *err)
{
    mode_t mode = h->entry->row.mode;

    if (!h->entry->row.store)
        return err_set(err, EPERM, "the file cannot be written");
    if (caller->uid == 0 || caller->uid == h->fs->uid || (mode & 0002) ||
        ((mode & 0020) && caller->gid == h->fs->gid))
        return 0;
    return err_set(err, EACCES, "not allowed for uid %u", caller->uid);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static int command_run(struct control_handle *h, const char *line, size_t len,
                       const struct control_caller *caller, struct err *err)
{
    const char *nul = memchr(line, '\0', len);
    int r;

    control_blame(-1);
    if (nul) {
        control_blame((int)(nul - line));
        return err_set(err, EINVAL, "a NUL byte in the command");
    }
    r = caller_check(h, caller, err);
    if (r == 0)
        r = h->entry->row.store(h->fs, h->store, line, caller, err);
    control_bump();
    return r;
}

/* Runs the line in h->line: 1 done, 0 it was empty, or an error, noted. */
static int line_run(struct control_handle *h,
                    const struct control_caller *caller)
{
    const char *line = buf_str(&h->line);
    size_t len = h->line.len;
    struct err err = {0};
    int r;

    while (len && is_blank(line[len - 1]))
        len--;
    for (; len && is_blank(*line); len--)
        line++;
    if (!len)
        return 0;
    h->line.data[line - h->line.data + (ptrdiff_t)len] = '\0';
    r = command_run(h, line, len, caller, &err);
    if (r == 0)
        return 1;
    note_refused(h, line, len, control_blamed(), caller, &err);
    return r;
}

static int line_add(struct control_handle *h, const char *data, size_t len,
                    const struct control_caller *caller)
{
    struct err err = {0};
    size_t room = h->line.max - h->line.len;

    if (buf_add(&h->line, data, len) == 0)
        return 0;
    if (h->line.error == ENOMEM)
        return -ENOMEM;
    h->line.error = 0;
    buf_add(&h->line, data, room);
    err_set(&err, E2BIG, "the line is longer than %d bytes", CONTROL_LINE_MAX);
    note_refused(h, buf_str(&h->line), h->line.len, -1, caller, &err);
    return -E2BIG;
}

/* The rest of a line that was refused as too long is no command. */
static ssize_t line_skip(struct control_handle *h, const char *data, size_t len)
{
    if (memchr(data, '\n', len))
        h->skip = false;
    return -E2BIG;
}

/* Every line in data, in order; *used_r is where the one that failed began. */
static int lines_run(struct control_handle *h, const char *data, size_t len,
                     const struct control_caller *caller, size_t *used_r,
                     bool *any_r)
{
    size_t at = 0;
    int r = 0;

    while (at < len) {
        const char *nl = memchr(data + at, '\n', len - at);
        size_t piece = nl ? (size_t)(nl - data) - at : len - at;

        *used_r = at;
        r = line_add(h, data + at, piece, caller);
        if (r == 0 && nl)
            r = line_run(h, caller);
        if (r == -E2BIG && !nl)
            h->skip = true;
        if (r < 0 || nl)
            buf_clear(&h->line);
        if (r < 0)
            return r;
        if (r > 0)
            *any_r = true;
        at += piece + (nl ? 1 : 0);
    }
    return 0;
}

ssize_t control_write(struct control_handle *h, const void *data, size_t len,
                      const struct control_caller *caller)
{
    size_t used = 0;
    bool any = false;
    ssize_t r;

    pthread_mutex_lock(&h->writing);
    if (h->skip) {
        r = line_skip(h, data, len);
    } else {
        r = lines_run(h, data, len, caller, &used, &any);
        if (r == 0)
            r = (ssize_t)len;
        if (r < 0 && any) { /* a short count; the rest comes again */
            h->skip = false;
            r = (ssize_t)used;
        } else {
            free(h->refused);
            h->refused = NULL;
        }
    }
    pthread_mutex_unlock(&h->writing);
    return r;
}

void control_release(struct control_handle **handle,
                     const struct control_caller *caller)
{
    struct control_handle *h = *handle;

    *handle = NULL;
    if (!h)
        return;
    if (h->line.len)
        line_run(h, caller);
    handle_free(h);
}

void control_finish(void)
{
    control_cache_finish();
    control_log_finish();
    control_rate_finish();
    control_info_finish();
    control_errors_clear();
}
