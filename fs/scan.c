#include "fs/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "fs/tree.h"
#include "pipeline/base/buf.h"
#include "pipeline/base/io.h"
#include "pipeline/reader/client.h"

#define PATH_BYTES_MAX (1u << 20)
#define HEAD_SIZE      10 /* dwMagic, dwCRCPartial, wMagicClient: 2.2.2.6 */

static const char scan_empty[] = "empty file";
static const char scan_foreign[] = "no PST signature";
static const char scan_kind[] = "Outlook file of another kind (no mail store)";

struct walk {
    struct scan *scan;
    const char *skip;
    scan_known_fn *known;
    void *ctx;
    struct buf path, shown; /* of the directory the walk is in */
};

static uint64_t state_of(const struct stat *st)
{
    struct reader_file file;

    reader_file_of(st, &file);
    return file.now;
}

static bool has_extension(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && (!strcasecmp(dot, ".pst") || !strcasecmp(dot, ".ost"));
}

static struct scan_file *scan_add(struct scan *scan)
{
    size_t cap = scan->cap ? scan->cap * 2 : 64;
    struct scan_file *list;

    if (scan->n == scan->cap) {
        list = realloc(scan->list, cap * sizeof(*list));
        if (!list)
            return NULL;
        scan->list = list;
        scan->cap = cap;
    }
    return memset(&scan->list[scan->n], 0, sizeof(*scan->list));
}

void scan_finish(struct scan *scan)
{
    for (size_t i = 0; i < scan->n; i++) {
        free(scan->list[i].path);
        free(scan->list[i].shown);
    }
    free(scan->list);
    *scan = (struct scan){0};
}

/* Notes the file whose path stands in the walk. */
static int walk_note(struct walk *w, const struct stat *st, const char *reason)
{
    struct scan *scan = w->scan;
    struct scan_file *file;

    if (reason && scan->rejected >= SCAN_REJECTED_MAX &&
        !has_extension(buf_str(&w->path))) {
        scan->dropped++;
        return 0;
    }
    if (!(file = scan_add(scan)))
        return -ENOMEM;
    file->path = strdup(buf_str(&w->path));
    file->shown = strdup(buf_str(&w->shown));
    if (!file->path || !file->shown) {
        free(file->path);
        free(file->shown);
        return -ENOMEM;
    }
    file->reason = reason;
    file->size = st->st_size;
    file->mtime = st->st_mtim.tv_sec;
    file->file = state_of(st);
    scan->rejected += reason != NULL;
    scan->n++;
    return 0;
}

/* NULL for a store, else why not. */
static const char *look_into(int dir, const char *name)
{
    cleanup_fd int fd =
        openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char head[HEAD_SIZE];
    ssize_t n;

    if (fd < 0)
        return strerrordesc_np(errno);
    n = io_pread(fd, head, sizeof(head), 0);
    if (n < 0)
        return strerrordesc_np((int)-n);
    if (n == 0)
        return scan_empty;
    if (n < HEAD_SIZE || memcmp(head, "!BDN", 4) != 0)
        return scan_foreign;
    if (head[8] != 'S' || (head[9] != 'M' && head[9] != 'O'))
        return scan_kind;
    return NULL;
}

bool scan_is_final(const char *reason)
{
    return !strcmp(reason, scan_empty) || !strcmp(reason, scan_foreign) ||
           !strcmp(reason, scan_kind);
}

static int walk_file(struct walk *w, int dir, const char *name,
                     const struct stat *st)
{
    struct scan_file file = {
        .path = w->path.data,
        .shown = w->shown.data,
        .size = st->st_size,
        .mtime = st->st_mtim.tv_sec,
        .file = state_of(st),
    };
    const char *reason = NULL;

    if (!w->known || !w->known(w->ctx, &file, &reason))
        reason = look_into(dir, name);
    return walk_note(w, st, reason);
}

static int walk_dir(struct walk *w, int fd, unsigned depth);

static int walk_into(struct walk *w, int dir, const char *name,
                     const struct stat *st, unsigned depth)
{
    int fd;

    if (w->skip && strcmp(buf_str(&w->path), w->skip) == 0)
        return 0;
    if (depth >= SCAN_DEPTH_MAX)
        return walk_note(w, st, "directories too deep");
    fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return walk_note(w, st, strerrordesc_np(errno));
    return walk_dir(w, fd, depth + 1);
}

static void buf_cut(struct buf *b, size_t len)
{
    b->len = len;
    b->data[len] = '\0';
}

static int walk_entry(struct walk *w, int dir, const char *name, unsigned depth)
{
    size_t path_len = w->path.len, shown_len = w->shown.len;
    struct stat st = {0};
    int rc = 0, gone = 0;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        gone = errno;
    if (gone == ENOENT)
        return 0; /* it went away */
    buf_addf(&w->path, "/%s", name);
    /* The mount's own directory has this name at the top. */
    buf_addf(&w->shown, "%s%s%s", shown_len ? "/" : "", name,
             !shown_len && strcmp(name, TREE_CONTROL) == 0 ? "~2" : "");
    if (w->path.error || w->shown.error)
        return -ENOMEM;
    if (gone)
        rc = walk_note(w, &st, strerrordesc_np(gone));
    else if (S_ISDIR(st.st_mode))
        rc = walk_into(w, dir, name, &st, depth);
    else if (S_ISREG(st.st_mode))
        rc = walk_file(w, dir, name, &st);
    buf_cut(&w->path, path_len);
    buf_cut(&w->shown, shown_len);
    return rc;
}

/* Takes fd over. Depth is bounded by walk_into. */
static int walk_dir(struct walk *w, int fd, unsigned depth)
{
    DIR *dir = fdopendir(fd);
    struct dirent *entry;
    int rc = 0;

    if (!dir) {
        close(fd);
        return -ENOMEM;
    }
    do {
        errno = 0;
        entry = readdir(dir);
        if (entry && strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            rc = walk_entry(w, dirfd(dir), entry->d_name, depth);
        else if (!entry && errno) /* there may be more, nobody knows */
            rc = walk_note(w, &(struct stat){0}, strerrordesc_np(errno));
    } while (rc == 0 && entry);
    closedir(dir);
    return rc;
}

/* Is the name taken at the top by one of the sources before this one? */
static bool root_taken(const char *const *sources, char *const *names,
                       size_t before, const char *name)
{
    if (strcmp(name, TREE_CONTROL) == 0)
        return true;
    for (size_t i = 0; i < before; i++)
        if (names[i] && strcmp(names[i], name) == 0)
            return true;
    return false;
}

static char *root_name(const char *const *sources, char *const *names,
                       size_t at)
{
    const char *slash = strrchr(sources[at], '/');
    const char *base = slash && slash[1] ? slash + 1 : "root";
    char *name = strdup(base);

    for (unsigned n = 2; name && root_taken(sources, names, at, name); n++) {
        free(name);
        if (asprintf(&name, "%s~%u", base, n) < 0)
            name = NULL;
    }
    return name;
}

static int walk_source(struct walk *w, const char *source, const char *name,
                       bool alone)
{
    struct stat st = {0};
    int rc;

    buf_clear(&w->path);
    buf_clear(&w->shown);
    buf_adds(&w->path, strcmp(source, "/") ? source : "");
    rc = fstatat(AT_FDCWD, source, &st, AT_SYMLINK_NOFOLLOW);
    buf_adds(&w->shown, rc == 0 && S_ISDIR(st.st_mode) && alone ? "" : name);
    if (w->path.error || w->shown.error)
        return -ENOMEM;
    if (rc < 0)
        return walk_note(w, &st, strerrordesc_np(errno));
    if (S_ISDIR(st.st_mode))
        return walk_into(w, AT_FDCWD, source, &st, 0);
    if (S_ISREG(st.st_mode))
        return walk_file(w, AT_FDCWD, source, &st);
    return walk_note(w, &st, "neither a file nor a directory");
}

static int file_compare(const void *a, const void *b)
{
    const struct scan_file *x = a, *y = b;
    int rc = strcmp(x->path, y->path);

    return rc ? rc : strcmp(x->shown, y->shown);
}

/* Sources may overlap: a file is shown once. */
static void scan_unite(struct scan *scan)
{
    size_t kept = 0;

    if (scan->n)
        qsort(scan->list, scan->n, sizeof(*scan->list), file_compare);
    for (size_t i = 0; i < scan->n; i++) {
        struct scan_file *file = &scan->list[i];
        if (kept && strcmp(scan->list[kept - 1].path, file->path) == 0) {
            free(file->path);
            free(file->shown);
        } else {
            scan->list[kept++] = *file;
        }
    }
    scan->n = kept;
}

int scan_run(const char *const *sources, size_t n, const char *skip,
             scan_known_fn *known, void *ctx, struct scan *scan_r,
             struct err *err)
{
    struct walk w = {
        scan_r, skip, known, ctx, BUF(PATH_BYTES_MAX), BUF(PATH_BYTES_MAX)};
    char **names = calloc(n + 1, sizeof(*names));
    int rc = names ? 0 : -ENOMEM;

    *scan_r = (struct scan){0};
    for (size_t i = 0; rc == 0 && i < n; i++) {
        names[i] = root_name(sources, names, i);
        rc = names[i] ? walk_source(&w, sources[i], names[i], n == 1) : -ENOMEM;
    }
    for (size_t i = 0; names && i < n; i++)
        free(names[i]);
    free(names);
    buf_finish(&w.path);
    buf_finish(&w.shown);
    if (rc < 0)
        scan_finish(scan_r);
    else
        scan_unite(scan_r);
    return rc < 0 ? err_sys(err, -rc, "scan") : 0;
}
