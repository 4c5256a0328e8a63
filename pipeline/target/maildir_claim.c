/*
 * Which directory belongs to which store folder. A new one is made complete
 * under a name that mail servers do not list, and then renamed: so nobody
 * ever sees a folder without its pstfs-folder file.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/base/io.h"
#include "pipeline/target/maildir.h"
#include "pipeline/target/maildir_name.h"
#include "pipeline/target/mutf7.h"

#define MARKER_FILE  "pstfs-folder"
#define MARKER_MAX   ((size_t)1 << 20) /* bytes of a path in it */
#define SUBDIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static const char *const subdirs[] = {"cur", "new", "tmp"};

/* The names from the top, the new one last. Returns how many; 0 when the
 * path is deeper than NAMES_DEPTH_MAX. */
static size_t path_list(const struct names_node *parent, const char *own,
                        const char *list_r[NAMES_DEPTH_MAX])
{
    size_t n = 1, i;

    for (const struct names_node *p = parent; p->parent; p = p->parent)
        if (++n > NAMES_DEPTH_MAX)
            return 0;
    i = n;
    list_r[--i] = own;
    for (const struct names_node *p = parent; p->parent; p = p->parent)
        list_r[--i] = p->own;
    return n;
}

/* One name a line; a newline in a name is "\n", a backslash "\\". */
static void marker_text(const char *const *list, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        for (const char *p = list[i]; *p; p++) {
            if (*p == '\n' || *p == '\\')
                buf_addc(out, '\\');
            buf_addc(out, *p == '\n' ? 'n' : *p);
        }
        buf_addc(out, '\n');
    }
}

/* The name that a folder of this path has where nothing was replaced. */
static bool name_is_literal(const char *name, const char *const *list, size_t n)
{
    cleanup_buf struct buf plain = BUF(MARKER_MAX);

    for (size_t i = 0; i < n; i++) {
        buf_addc(&plain, '.');
        mutf7_encode(list[i], strlen(list[i]), &plain);
    }
    return !plain.error && strcmp(buf_str(&plain), name) == 0;
}

static int own_give(struct maildir *m, int fd, struct err *err)
{
    if (m->chown && fchown(fd, m->uid, m->gid) != 0)
        return err_sys(err, errno, "%s: change of owner", m->dir);
    return 0;
}

int maildir_fill(struct maildir *m, int dir, struct err *err)
{
    for (size_t i = 0; i < array_len(subdirs); i++) {
        cleanup_fd int fd = -1;
        if (mkdirat(dir, subdirs[i], m->dir_mode) != 0) {
            if (errno == EEXIST)
                continue;
            return err_sys(err, errno, "%s: mkdir %s", m->dir, subdirs[i]);
        }
        fd = openat(dir, subdirs[i], SUBDIR_FLAGS);
        if (fd < 0)
            return err_sys(err, errno, "%s: %s", m->dir, subdirs[i]);
        if (own_give(m, fd, err))
            return -err->code;
    }
    return 0;
}

static int file_make(struct maildir *m, int dir, const char *name,
                     const struct buf *text, struct err *err)
{
    cleanup_fd int fd = openat(
        dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, m->file_mode);
    int ret;

    if (fd < 0)
        return err_sys(err, errno, "%s: %s", m->dir, name);
    ret = text ? io_write(fd, buf_str(text), text->len) : 0;
    if (!ret && m->sync == MAILDIR_SYNC_FILE && fsync(fd) != 0)
        ret = -errno;
    if (ret)
        return err_sys(err, -ret, "%s: %s", m->dir, name);
    return own_give(m, fd, err);
}

/* Takes a half-made directory away again; what is not ours in it stays. */
static void dir_remove(struct maildir *m, const char *name)
{
    cleanup_fd int dir = openat(m->root, name, SUBDIR_FLAGS);

    if (dir < 0)
        return;
    for (size_t i = 0; i < array_len(subdirs); i++)
        unlinkat(dir, subdirs[i], AT_REMOVEDIR);
    unlinkat(dir, MARKER_FILE, 0);
    unlinkat(dir, "maildirfolder", 0);
    unlinkat(m->root, name, AT_REMOVEDIR);
}

static int dir_fill(struct maildir *m, const char *name,
                    const struct buf *marker, struct err *err)
{
    cleanup_fd int dir = openat(m->root, name, SUBDIR_FLAGS);
    int ret;

    if (dir < 0)
        return err_sys(err, errno, "%s/%s", m->dir, name);
    ret = own_give(m, dir, err);
    if (!ret)
        ret = maildir_fill(m, dir, err);
    if (!ret)
        ret = file_make(m, dir, "maildirfolder", NULL, err);
    if (!ret)
        ret = file_make(m, dir, MARKER_FILE, marker, err);
    if (!ret && m->sync == MAILDIR_SYNC_FILE && fsync(dir) != 0)
        ret = err_sys(err, errno, "%s/%s: sync", m->dir, name);
    return ret;
}

/* -EEXIST, with no words, when somebody else made the name meanwhile. */
static int dir_make(struct maildir *m, const char *name,
                    const struct buf *marker, struct err *err)
{
    char tmp[MAILDIR_NAME_MAX];
    int ret;

    maildir_tmp_make(tmp);
    if (mkdirat(m->root, tmp, m->dir_mode) != 0)
        return err_sys(err, errno, "%s: mkdir", m->dir);
    ret = dir_fill(m, tmp, marker, err);
    if (!ret && renameat2(m->root, tmp, m->root, name, RENAME_NOREPLACE) != 0)
        ret = -errno;
    /* A filled directory is never replaced: ENOTEMPTY. */
    if (ret == -EINVAL || ret == -ENOSYS)
        ret = renameat(m->root, tmp, m->root, name) == 0 ? 0 : -errno;
    if (ret == -ENOTEMPTY)
        ret = -EEXIST;
    if (!ret && m->sync == MAILDIR_SYNC_FILE && fsync(m->root) != 0)
        return err_sys(err, errno, "%s: sync", m->dir);
    if (ret)
        dir_remove(m, tmp);
    if (ret && ret != -EEXIST)
        err_sys(err, -ret, "%s: folder %s", m->dir, name);
    return ret;
}

/* 1: the directory is there and ours; 0: there is none; -EEXIST: it is
 * somebody else's. */
static int dir_check(struct maildir *m, const char *name,
                     const struct buf *marker, bool literal, struct err *err)
{
    cleanup_fd int dir = openat(m->root, name, SUBDIR_FLAGS);
    cleanup_fd int fd = -1;
    cleanup_free char *text = NULL;
    ssize_t n;

    if (dir < 0 && errno == ENOENT)
        return 0;
    if (dir < 0 && (errno == ENOTDIR || errno == ELOOP))
        return -EEXIST;
    if (dir < 0)
        return err_sys(err, errno, "%s/%s", m->dir, name);
    fd = openat(dir, MARKER_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return literal ? 1 : -EEXIST;
    text = malloc(marker->len + 1);
    if (!text)
        return err_set(err, ENOMEM, "no memory");
    n = io_read(fd, text, marker->len + 1);
    if (n < 0)
        return err_sys(err, (int)-n, "%s/%s", m->dir, name);
    return (size_t)n == marker->len && !memcmp(text, marker->data, marker->len)
               ? 1
               : -EEXIST;
}

/* 0: name is ours now; -EEXIST: try another; others are final. */
static int name_claim(struct maildir *m, const char *name,
                      const struct buf *marker, bool literal, struct err *err)
{
    int ret = dir_check(m, name, marker, literal, err);

    if (ret == 0) {
        ret = dir_make(m, name, marker, err);
        if (ret == -EEXIST)
            ret = dir_check(m, name, marker, literal, err);
    }
    return ret > 0 ? 0 : ret;
}

int maildir_claim(struct maildir *m, const struct names_node *parent,
                  const char *own, struct names_node **node_r, struct err *err)
{
    cleanup_buf struct buf name = BUF(MARKER_MAX), marker = BUF(MARKER_MAX);
    const char *list[NAMES_DEPTH_MAX];
    size_t n = path_list(parent, own, list);
    int ret = -EEXIST;

    if (!n)
        return err_set(err, ENAMETOOLONG, "more than %d folders deep",
                       NAMES_DEPTH_MAX);
    marker_text(list, n, &marker);
    if (marker.error)
        return err_set(err, marker.error, "the folder's path is too long");
    for (unsigned nth = 1; ret == -EEXIST && nth <= NAMES_TRY_MAX; nth++) {
        ret = names_propose(m->names, parent, own, false, nth, &name);
        if (!ret)
            ret = name_claim(m, name.data, &marker,
                             name_is_literal(name.data, list, n), err);
        else if (ret != -EEXIST)
            err_sys(err, -ret, "%s: folder name", m->dir);
    }
    if (ret == -EEXIST)
        err_set(err, EEXIST, "%s: no free name like %.200s", m->dir, name.data);
    if (ret)
        return ret;
    *node_r = names_bind(m->names, parent, own, name.data);
    return *node_r ? 0 : err_set(err, ENOMEM, "no memory");
}

void maildir_claim_clean(struct maildir *m)
{
    int fd = openat(m->root, ".", SUBDIR_FLAGS);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    struct stat st;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((e = readdir(dir)))
        if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISDIR(st.st_mode) && maildir_tmp_is_dead(e->d_name, st.st_mtime))
            dir_remove(m, e->d_name);
    closedir(dir);
}
