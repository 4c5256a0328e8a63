/*
 * Delivery of a batch: all into tmp/, one sync, then renamed into cur/. So a
 * message that stands in cur/ is whole, whatever happens.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/base/io.h"
#include "pipeline/target/item.h"
#include "pipeline/target/maildir.h"
#include "pipeline/target/maildir_name.h"

struct pending {
    char tmp[MAILDIR_NAME_MAX]; /* "" when there is no file (any more) */
};

struct batch {
    struct maildir *m;
    struct maildir_folder *f;
    struct target_item *items;
    struct pending *pending;
    size_t n;
};

struct file_out {
    struct hash *hash;
    int fd;
    bool broken; /* the write failed, not the read */
};

static int piece_write(void *ctx, const void *data, size_t len, struct err *err)
{
    struct file_out *out = ctx;
    int ret = io_write(out->fd, data, len);

    hash_add(out->hash, data, len);
    if (!ret)
        return 0;
    out->broken = true;
    return err_sys(err, -ret, "writing a message");
}

/* Errors of one message; all others would meet the next one too. */
static bool error_is_items(int code)
{
    return code == EFBIG || code == ENAMETOOLONG || code == EINVAL;
}

static int file_finish(struct maildir *m, int fd, int64_t time, struct err *err)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time}};

    if (m->chown && fchown(fd, m->uid, m->gid) != 0)
        return err_sys(err, errno, "change of owner");
    if (time && futimens(fd, times) != 0)
        return err_sys(err, errno, "setting the delivery time");
    if (m->sync == MAILDIR_SYNC_FILE && fsync(fd) != 0)
        return err_sys(err, errno, "sync");
    return 0;
}

/* Writes one message into tmp and sets its hash. *whole_r: the error is not
 * the message's own. */
static int item_write(struct batch *b, size_t i, bool *whole_r, struct err *err)
{
    struct target_item *item = &b->items[i];
    struct maildir *m = b->m;
    struct file_out out = {.hash = m->hash};
    cleanup_fd int fd = -1;
    int ret;

    *whole_r = true;
    maildir_tmp_make(b->pending[i].tmp);
    fd = openat(b->f->tmp, b->pending[i].tmp,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                m->file_mode);
    if (fd < 0) {
        b->pending[i].tmp[0] = '\0';
        return err_sys(err, errno, "%s/%s/tmp", m->dir, b->f->name);
    }
    out.fd = fd;
    ret = item_each(item, m->step, MAILDIR_STEP, piece_write, &out, err);
    hash_end(m->hash, item->hash);
    *whole_r = out.broken && !error_is_items(-ret);
    if (ret)
        return ret;
    *whole_r = true;
    ret = file_finish(m, fd, item->time, err);
    return ret ? err_wrap(err, "%s/%s", m->dir, b->f->name) : 0;
}

static void pending_drop(struct batch *b, size_t i)
{
    if (b->pending[i].tmp[0])
        unlinkat(b->f->tmp, b->pending[i].tmp, 0);
    b->pending[i].tmp[0] = '\0';
}

static int batch_write(struct batch *b, struct err *err)
{
    char name[MAILDIR_NAME_MAX];

    for (size_t i = 0; i < b->n; i++) {
        struct err why = {0};
        bool whole = false;
        int ret = maildir_name_make(&b->items[i], name, &why);
        if (!ret)
            ret = item_write(b, i, &whole, &why);
        if (ret && whole) {
            if (err)
                *err = why;
            return ret;
        }
        if (ret) {
            pending_drop(b, i);
            item_fail(&b->items[i], &why);
        }
    }
    return 0;
}

/* Messages that are there already, perhaps with other flags by now, are not
 * delivered twice. */
static int batch_drop_known(struct batch *b, struct err *err)
{
    cleanup_free struct target_item **maybe = calloc(b->n + 1, sizeof(*maybe));
    size_t found = 0;
    int ret;

    if (!maybe)
        return err_set(err, ENOMEM, "no memory");
    for (size_t i = 0; i < b->n; i++)
        if (b->pending[i].tmp[0] &&
            maildir_set_has(&b->f->index, maildir_item_key(&b->items[i])))
            maybe[found++] = &b->items[i];
    ret = found ? maildir_look(b->m, b->f, maybe, found, err) : 0;
    for (size_t i = 0; i < b->n; i++) {
        if (b->items[i].error == ENOENT)
            b->items[i].error = EINPROGRESS;
        if (b->items[i].error == 0)
            pending_drop(b, i);
    }
    return ret;
}

/* Renames without replacing, by whatever the file system has for it. */
static int rename_new(int from, const char *a, int to, const char *b)
{
    struct stat st;

    if (renameat2(from, a, to, b, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    if (linkat(from, a, to, b, 0) == 0)
        return unlinkat(from, a, 0) == 0 ? 0 : -errno;
    if (errno == EEXIST)
        return -EEXIST;
    if (fstatat(to, b, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return -EEXIST;
    return renameat(from, a, to, b) == 0 ? 0 : -errno;
}

static int item_rename(struct batch *b, size_t i, struct err *err)
{
    struct target_item *item = &b->items[i];
    char name[MAILDIR_NAME_MAX];
    uint8_t hash[HASH_SIZE];
    uint64_t size, key;
    size_t len;
    int ret = maildir_name_make(item, name, err);

    if (ret)
        return ret;
    ret = rename_new(b->f->tmp, b->pending[i].tmp, b->f->cur, name);
    if (ret == -EEXIST) {
        /* The same name with other bytes is damage: ours replaces it. */
        ret = maildir_file_hash(b->m, b->f->cur, name, &size, hash);
        if (!ret && size == item->size && !memcmp(hash, item->hash, HASH_SIZE))
            pending_drop(b, i);
        else
            ret = renameat(b->f->tmp, b->pending[i].tmp, b->f->cur, name) == 0
                      ? 0
                      : -errno;
    }
    if (ret)
        return err_sys(err, -ret, "%s/%s/cur/%s", b->m->dir, b->f->name, name);
    b->pending[i].tmp[0] = '\0';
    len = maildir_name_parse(name, &key);
    snprintf(item->remote, sizeof(item->remote), "%.*s", (int)len, name);
    return maildir_set_add(&b->f->index, key)
               ? err_set(err, ENOMEM, "no memory")
               : 0;
}

static int batch_rename(struct batch *b, struct err *err)
{
    for (size_t i = 0; i < b->n; i++) {
        int ret = b->pending[i].tmp[0] ? item_rename(b, i, err) : 0;
        if (ret)
            return ret;
    }
    if (b->m->sync != MAILDIR_SYNC_NONE && fsync(b->f->cur) != 0)
        return err_sys(err, errno, "%s/%s/cur: sync", b->m->dir, b->f->name);
    for (size_t i = 0; i < b->n; i++)
        if (b->items[i].error == EINPROGRESS)
            b->items[i].error = 0;
    return 0;
}

static int batch_deliver(struct batch *b, struct err *err)
{
    int ret = batch_write(b, err);

    if (!ret)
        ret = batch_drop_known(b, err);
    if (!ret && b->m->sync == MAILDIR_SYNC_FS && syncfs(b->f->tmp) != 0)
        ret = err_sys(err, errno, "%s: sync", b->m->dir);
    return ret ? ret : batch_rename(b, err);
}

int maildir_put(struct target *t, struct target_folder *folder,
                struct target_item *items, size_t n, struct err *err)
{
    struct batch b = {.m = (struct maildir *)t,
                      .f = (struct maildir_folder *)folder,
                      .items = items,
                      .n = n};
    cleanup_free struct pending *pending = calloc(n + 1, sizeof(*pending));
    int ret = pending ? 0 : err_set(err, ENOMEM, "no memory");

    for (size_t i = 0; i < n; i++) {
        items[i].error = EINPROGRESS;
        items[i].remote[0] = items[i].reason[0] = '\0';
    }
    b.pending = pending;
    if (!ret)
        ret = maildir_folder_index(b.m, b.f, err);
    if (!ret)
        ret = batch_deliver(&b, err);
    for (size_t i = 0; pending && i < n; i++)
        pending_drop(&b, i);
    return ret;
}
