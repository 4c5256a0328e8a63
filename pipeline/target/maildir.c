#include "pipeline/target/maildir.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/io.h"

#define BATCH_ITEMS 256
#define BATCH_BYTES ((uint64_t)32 << 20)
/* Leaves room for a folder, a directory and a file below it. */
#define ADDRESS_MAX (PATH_MAX - 2 * NAME_MAX - 16)

#define FUSE_MAGIC 0x65735546
#define NFS_MAGIC  0x6969
#define CIFS_MAGIC 0xff534d42
#define SMB2_MAGIC 0xfe534d42
#define P9_MAGIC   0x01021997

/* No empty, "." or ".." component beyond doubled and closing slashes. */
static bool path_is_clean(const char *path)
{
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        p += n + (p[n] == '/');
    }
    return true;
}

static bool path_is_below(const char *path, const char *root)
{
    size_t n = strlen(root);

    while (n > 1 && root[n - 1] == '/')
        n--;
    return strncmp(path, root, n) == 0 && path[n] == '/';
}

int maildir_path(const struct target_params *params, char **path_r,
                 struct err *err)
{
    const char *root = settings_text(params->settings, "maildir.root");
    const char *a = params->address;
    cleanup_free char *path = NULL;
    size_t n;

    if (!*a)
        return err_set(err, EINVAL, "maildir: the directory is missing");
    if (strpbrk(a, "\n\r") || !path_is_clean(a))
        return err_set(err, EINVAL, "maildir: bad path %.200s", a);
    if (*a != '/' && !*root)
        return err_set(err, EINVAL, "maildir: %.200s is no absolute path", a);
    path = *a == '/' ? strdup(a) : io_join(root, a);
    if (!path)
        return err_set(err, ENOMEM, "no memory");
    n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    if (n > ADDRESS_MAX)
        return err_set(err, EINVAL, "maildir: path longer than %d bytes",
                       ADDRESS_MAX);
    if (strspn(path, "/") == n || (*root && !path_is_below(path, root)))
        return err_set(err, EINVAL, "maildir: %.200s is not below %.200s", a,
                       *root ? root : "a directory");
    *path_r = steal_ptr(path);
    return 0;
}

static int maildir_check(const struct target_params *params, struct err *err)
{
    cleanup_free char *path = NULL;

    return maildir_path(params, &path, err);
}

static enum maildir_sync sync_choose(int fd, bool wanted)
{
    static const long doubtful[] = {FUSE_MAGIC, NFS_MAGIC, (long)CIFS_MAGIC,
                                    (long)SMB2_MAGIC, P9_MAGIC};
    struct statfs fs;

    if (!wanted)
        return MAILDIR_SYNC_NONE;
    if (fstatfs(fd, &fs) != 0)
        return MAILDIR_SYNC_FILE;
    for (size_t i = 0; i < array_len(doubtful); i++)
        if ((uint32_t)fs.f_type == (uint32_t)doubtful[i])
            return MAILDIR_SYNC_FILE;
    return MAILDIR_SYNC_FS;
}

static void maildir_free(struct maildir **m)
{
    if (!*m)
        return;
    if ((*m)->names) {
        names_each((*m)->names, maildir_folder_free);
        names_free(&(*m)->names);
    }
    if ((*m)->root >= 0)
        close((*m)->root);
    hash_free(&(*m)->hash);
    free((*m)->step);
    free((*m)->dir);
    free(*m);
    *m = NULL;
}

static struct maildir *maildir_new(void)
{
    static const struct names_rules rules = {.sep = '.',
                                             .prefix = ".",
                                             .max = MAILDIR_NAMES_MAX,
                                             .bad = "./",
                                             .strict = "./"};
    struct maildir *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    m->root = -1;
    m->names = names_new(&rules);
    m->hash = hash_new();
    m->step = malloc(MAILDIR_STEP);
    if (!m->names || !m->hash || !m->step)
        maildir_free(&m);
    return m;
}

/* New directories and files look like DIR, as mail servers do it. */
static int looks_copy(struct maildir *m, struct err *err)
{
    struct stat st;

    if (fstat(m->root, &st) != 0)
        return err_sys(err, errno, "%s", m->dir);
    m->dir_mode = (st.st_mode & 0777) | 0700;
    m->file_mode = (st.st_mode & 0666) | 0600;
    m->chown = geteuid() == 0 && st.st_uid != 0;
    m->uid = st.st_uid;
    m->gid = st.st_gid;
    return 0;
}

static int maildir_open(const struct target_params *params, struct target **t_r,
                        struct err *err)
{
    cleanup_with(maildir_free) struct maildir *m = maildir_new();
    struct maildir_folder *inbox;
    int ret;

    if (!m)
        return err_set(err, ENOMEM, "no memory");
    ret = maildir_path(params, &m->dir, err);
    if (!ret)
        ret = maildir_root_open(
            m, settings_text(params->settings, "maildir.root"), err);
    if (!ret)
        ret = looks_copy(m, err);
    if (ret)
        return ret;
    m->sync =
        sync_choose(m->root, settings_bool(params->settings, "maildir.fsync"));
    maildir_claim_clean(m);
    /* Makes cur, new and tmp now: trouble shows before the first item. */
    ret = maildir_folder_get(m, NULL, 0, &inbox, err);
    if (!ret)
        ret = maildir_folder_use(m, inbox, err);
    if (ret)
        return ret;
    *t_r = (struct target *)steal_ptr(m);
    return 0;
}

static void maildir_close(struct target *t)
{
    struct maildir *m = (struct maildir *)t;

    maildir_free(&m);
}

static int maildir_folder(struct target *t, const char *const *names, size_t n,
                          struct target_folder **f_r, struct err *err)
{
    return maildir_folder_get((struct maildir *)t, names, n,
                              (struct maildir_folder **)f_r, err);
}

static const char *maildir_folder_name(const struct target_folder *f)
{
    return ((const struct maildir_folder *)f)->name;
}

const struct target_ops maildir_ops = {
    .kind = "maildir",
    .help = "maildir:DIR, an absolute path: Maildir++ on this host",
    .batch_items = BATCH_ITEMS,
    .batch_bytes = BATCH_BYTES,
    .check = maildir_check,
    .open = maildir_open,
    .close = maildir_close,
    .folder = maildir_folder,
    .folder_name = maildir_folder_name,
    .find = maildir_find,
    .put = maildir_put,
    .readback = maildir_readback,
};
