#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "pipeline/target/maildir.h"
#include "pipeline/target/maildir_name.h"

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static struct maildir_folder *folder_new(const char *name)
{
    struct maildir_folder *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->dir = f->tmp = f->cur = f->new = -1;
    f->name = strdup(name);
    if (!f->name) {
        free(f);
        return NULL;
    }
    return f;
}

static void folder_close(struct maildir_folder *f)
{
    cleanup_close_fd(&f->tmp);
    cleanup_close_fd(&f->cur);
    cleanup_close_fd(&f->new);
    cleanup_close_fd(&f->dir);
    maildir_set_finish(&f->index);
    f->indexed = false;
}

void maildir_folder_free(void *folder)
{
    struct maildir_folder *f = folder;

    folder_close(f);
    free(f->name);
    free(f);
}

int maildir_folder_get(struct maildir *m, const char *const *path, size_t n,
                       struct maildir_folder **f_r, struct err *err)
{
    struct names_node *node = names_root(m->names);

    /* Mail servers hide a folder of that name behind the real INBOX. */
    if (n == 1 && strcasecmp(path[0], "inbox") == 0)
        n = 0;
    if (n > NAMES_DEPTH_MAX)
        return err_set(err, ENAMETOOLONG, "more than %d folders deep",
                       NAMES_DEPTH_MAX);
    for (size_t i = 0; i < n; i++) {
        struct names_node *child = names_child(m->names, node, path[i]);
        int ret = child ? 0 : maildir_claim(m, node, path[i], &child, err);
        if (ret)
            return ret;
        node = child;
    }
    if (!node->folder)
        node->folder = folder_new(n ? node->name : ".");
    *f_r = node->folder;
    return *f_r ? 0 : err_set(err, ENOMEM, "no memory");
}

/* Deletes what a crash left in tmp. */
static void tmp_clean(struct maildir_folder *f)
{
    int fd = openat(f->tmp, ".", DIR_FLAGS);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    struct stat st;

    f->cleaned = true;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((e = readdir(dir)))
        if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            maildir_tmp_is_dead(e->d_name, st.st_mtime))
            unlinkat(fd, e->d_name, 0);
    closedir(dir);
}

static int folder_open(struct maildir *m, struct maildir_folder *f,
                       struct err *err)
{
    f->dir = openat(m->root, f->name, DIR_FLAGS);
    if (f->dir < 0)
        return err_sys(err, errno, "%s/%s", m->dir, f->name);
    if (maildir_fill(m, f->dir, err))
        return -err->code;
    f->tmp = openat(f->dir, "tmp", DIR_FLAGS);
    f->cur = openat(f->dir, "cur", DIR_FLAGS);
    f->new = openat(f->dir, "new", DIR_FLAGS);
    if (f->tmp < 0 || f->cur < 0 || f->new < 0)
        return err_sys(err, errno, "%s/%s", m->dir, f->name);
    if (!f->cleaned)
        tmp_clean(f);
    return 0;
}

/* The place for one more open folder: a free one, or that of the folder
 * which was not used for the longest time. */
static struct maildir_folder **place_find(struct maildir *m)
{
    struct maildir_folder **best = &m->open[0];

    for (size_t i = 0; i < MAILDIR_OPEN_MAX; i++) {
        if (!m->open[i])
            return &m->open[i];
        if (m->open[i]->used < (*best)->used)
            best = &m->open[i];
    }
    folder_close(*best);
    *best = NULL;
    return best;
}

int maildir_folder_use(struct maildir *m, struct maildir_folder *f,
                       struct err *err)
{
    int ret;

    f->used = ++m->clock;
    if (f->new >= 0)
        return 0;
    struct maildir_folder **place = place_find(m);
    ret = folder_open(m, f, err);
    if (ret)
        folder_close(f);
    else
        *place = f;
    return ret;
}

static int walk_dir(int from, maildir_walk_fn *fn, void *ctx, struct err *err)
{
    int fd = openat(from, ".", DIR_FLAGS), ret = 0;
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;

    if (!dir) {
        ret = err_sys(err, errno, "reading a folder");
        if (fd >= 0)
            close(fd);
        return ret;
    }
    while (!ret && (errno = 0, e = readdir(dir))) {
        uint64_t key;
        size_t len = maildir_name_parse(e->d_name, &key);
        if (len)
            ret = fn(ctx, from, e->d_name, e->d_ino, len, key, err);
    }
    if (!ret && errno)
        ret = err_sys(err, errno, "reading a folder");
    closedir(dir);
    return ret;
}

int maildir_walk(struct maildir *m, struct maildir_folder *f,
                 maildir_walk_fn *fn, void *ctx, struct err *err)
{
    int ret = maildir_folder_use(m, f, err);

    if (!ret)
        ret = walk_dir(f->cur, fn, ctx, err);
    if (!ret)
        ret = walk_dir(f->new, fn, ctx, err);
    return ret;
}

static int index_entry(void *ctx, int dirfd, const char *name, ino_t ino,
                       size_t base_len, uint64_t key, struct err *err)
{
    if (maildir_set_add(ctx, key))
        return err_set(err, ENOMEM, "no memory");
    return 0;
}

int maildir_folder_index(struct maildir *m, struct maildir_folder *f,
                         struct err *err)
{
    int ret = maildir_folder_use(m, f, err);

    if (ret || f->indexed)
        return ret;
    ret = maildir_walk(m, f, index_entry, &f->index, err);
    f->indexed = ret == 0;
    return ret;
}
