/* Reading a folder: what is there, and is it what it should be. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/base/io.h"
#include "pipeline/target/item.h"
#include "pipeline/target/maildir.h"
#include "pipeline/target/maildir_name.h"

#define READBACK_PASSES 8

int maildir_file_hash(struct maildir *m, int dirfd, const char *name,
                      uint64_t *size_r, uint8_t hash_r[HASH_SIZE])
{
    cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = fd < 0 ? -errno : MAILDIR_STEP;

    *size_r = 0;
    while (n == MAILDIR_STEP) {
        n = io_read(fd, m->step, MAILDIR_STEP);
        if (n > 0) {
            hash_add(m->hash, m->step, (size_t)n);
            *size_r += (uint64_t)n;
        }
    }
    hash_end(m->hash, hash_r);
    return n < 0 ? (int)n : 0;
}

uint64_t maildir_item_key(const struct target_item *item)
{
    char name[MAILDIR_NAME_MAX];
    uint64_t key = 0;

    if (maildir_name_make(item, name, NULL) || !maildir_name_parse(name, &key))
        return 0;
    return key + !key;
}

struct want {
    uint64_t key;
    struct target_item *item;
};

struct look {
    struct maildir *m;
    struct want *wants;
    size_t n;
};

static int want_cmp(const void *a, const void *b)
{
    const struct want *x = a, *y = b;

    return x->key < y->key ? -1 : x->key > y->key;
}

static size_t want_first(const struct look *look, uint64_t key)
{
    size_t lo = 0, hi = look->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (look->wants[mid].key < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static int look_entry(void *ctx, int dirfd, const char *name, ino_t ino,
                      size_t base_len, uint64_t key, struct err *err)
{
    struct look *look = ctx;
    uint8_t hash[HASH_SIZE];
    uint64_t size;

    key += !key;
    size_t i = want_first(look, key);
    if (i == look->n || look->wants[i].key != key)
        return 0;
    if (maildir_file_hash(look->m, dirfd, name, &size, hash))
        return 0;
    for (; i < look->n && look->wants[i].key == key; i++) {
        struct target_item *item = look->wants[i].item;
        if (size != item->size || memcmp(hash, item->hash, HASH_SIZE) != 0)
            continue;
        item->error = 0;
        snprintf(item->remote, sizeof(item->remote), "%.*s", (int)base_len,
                 name);
    }
    return 0;
}

int maildir_look(struct maildir *m, struct maildir_folder *f,
                 struct target_item **items, size_t n, struct err *err)
{
    cleanup_free struct want *wants = calloc(n + 1, sizeof(*wants));
    struct look look = {.m = m, .wants = wants, .n = n};

    if (!wants)
        return err_set(err, ENOMEM, "no memory");
    for (size_t i = 0; i < n; i++) {
        items[i]->error = ENOENT;
        wants[i].key = maildir_item_key(items[i]);
        wants[i].item = items[i];
    }
    qsort(wants, n, sizeof(*wants), want_cmp);
    return maildir_walk(m, f, look_entry, &look, err);
}

int maildir_find(struct target *t, struct target_folder *folder,
                 struct target_item *items, size_t n, struct err *err)
{
    struct maildir *m = (struct maildir *)t;
    struct maildir_folder *f = (struct maildir_folder *)folder;
    cleanup_free struct target_item **maybe = calloc(n + 1, sizeof(*maybe));
    size_t found = 0;
    int ret = maybe ? 0 : err_set(err, ENOMEM, "no memory");

    if (!ret)
        ret = maildir_folder_index(m, f, err);
    for (size_t i = 0; !ret && i < n; i++) {
        struct err why = {0};
        items[i].error =
            -item_hash(&items[i], m->hash, m->step, MAILDIR_STEP, &why);
        if (items[i].error) {
            item_fail(&items[i], &why);
            continue;
        }
        items[i].error = ENOENT;
        if (maildir_set_has(&f->index, maildir_item_key(&items[i])))
            maybe[found++] = &items[i];
    }
    return ret || !found ? ret : maildir_look(m, f, maybe, found, err);
}

struct readback {
    struct maildir *m;
    target_seen_fn *fn;
    void *ctx;
    struct maildir_set seen; /* key and inode: a changed flag changes neither */
    size_t found, missed;    /* in this pass */
};

static int readback_entry(void *ctx, int dirfd, const char *name, ino_t ino,
                          size_t base_len, uint64_t key, struct err *err)
{
    struct readback *r = ctx;
    uint64_t id = key ^ ((uint64_t)ino * 0x9e3779b97f4a7c15ULL), size;
    char remote[TARGET_REMOTE_MAX];
    uint8_t hash[HASH_SIZE];
    int ret;

    if (maildir_set_has(&r->seen, id))
        return 0;
    ret = maildir_file_hash(r->m, dirfd, name, &size, hash);
    if (ret == -ENOENT) {
        r->missed++;
        return 0;
    }
    if (ret)
        return err_sys(err, -ret, "%s: %s", r->m->dir, name);
    if (maildir_set_add(&r->seen, id))
        return err_set(err, ENOMEM, "no memory");
    r->found++;
    snprintf(remote, sizeof(remote), "%.*s", (int)base_len, name);
    return r->fn(r->ctx, remote, size, hash);
}

/* Mail programs rename files while we read, so the folder is read until a
 * pass shows nothing new. */
int maildir_readback(struct target *t, struct target_folder *folder,
                     target_seen_fn *fn, void *ctx, struct err *err)
{
    struct maildir *m = (struct maildir *)t;
    struct maildir_folder *f = (struct maildir_folder *)folder;
    struct readback r = {.m = m, .fn = fn, .ctx = ctx};
    int ret = 0, pass = 0;

    do {
        r.found = r.missed = 0;
        ret = maildir_walk(m, f, readback_entry, &r, err);
    } while (!ret && (r.found || r.missed) && ++pass < READBACK_PASSES);
    if (!ret && r.missed)
        ret = err_set(err, EAGAIN, "%s/%s changes while it is read", m->dir,
                      f->name);
    maildir_set_finish(&r.seen);
    return ret;
}
