/*
 * A bad share for the tests: shows a directory, read-only, and fails on
 * demand. The first word of the file CONTROL says how, looked at with each
 * request: ok, eio, estale (what is open or asked for fails so), hang (until
 * the word is another), vanish (nothing is there, and what is open is stale),
 * short (reads give half of what was asked). Usage:
 * badfs DIRECTORY CONTROL MOUNTPOINT, in the foreground.
 */
#define FUSE_USE_VERSION 314
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HANG_US 20000

static const char *root, *control;

static void word_get(char word_r[16])
{
    int fd = open(control, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, word_r, 15);

    if (fd >= 0)
        close(fd);
    word_r[n > 0 ? n : 0] = '\0';
    word_r[strcspn(word_r, " \n")] = '\0';
}

static bool word_is(const char *want)
{
    char word[16];

    word_get(word);
    return strcmp(word, want) == 0;
}

/* The errno a request is to fail with, 0 none; open_file: of a file that is
 * open already. */
static int fault(bool open_file)
{
    while (word_is("hang"))
        usleep(HANG_US);
    if (word_is("eio"))
        return EIO;
    if (word_is("estale"))
        return ESTALE;
    if (word_is("vanish"))
        return open_file ? ESTALE : ENOENT;
    return 0;
}

static int place(const char *path, char place_r[PATH_MAX])
{
    int n = snprintf(place_r, PATH_MAX, "%s%s", root, path);

    return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int bad_getattr(const char *path, struct stat *st,
                       struct fuse_file_info *fi)
{
    char full[PATH_MAX];
    int code = fault(fi != NULL);

    if (code && !(code == ENOENT && strcmp(path, "/") == 0))
        return -code;
    if (fi)
        return fstat((int)fi->fh, st) == 0 ? 0 : -errno;
    if (place(path, full) != 0)
        return -ENAMETOOLONG;
    return lstat(full, st) == 0 ? 0 : -errno;
}

static int bad_readdir(const char *path, void *to, fuse_fill_dir_t fill,
                       off_t off, struct fuse_file_info *fi,
                       enum fuse_readdir_flags flags)
{
    char full[PATH_MAX];
    struct dirent *entry;
    int code = fault(false);
    DIR *dir;

    (void)off, (void)fi, (void)flags;
    if (code)
        return code == ENOENT ? 0 : -code;
    if (place(path, full) != 0 || !(dir = opendir(full)))
        return -errno;
    while ((entry = readdir(dir)))
        fill(to, entry->d_name, NULL, 0, 0);
    closedir(dir);
    return 0;
}

static int bad_open(const char *path, struct fuse_file_info *fi)
{
    char full[PATH_MAX];
    int code = fault(false), fd;

    if (code)
        return -code;
    if ((fi->flags & O_ACCMODE) != O_RDONLY)
        return -EROFS;
    if (place(path, full) != 0)
        return -ENAMETOOLONG;
    fd = open(full, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    fi->fh = (uint64_t)fd;
    fi->direct_io = 1; /* each read comes here */
    return 0;
}

static int bad_read(const char *path, char *to, size_t size, off_t off,
                    struct fuse_file_info *fi)
{
    int code = fault(true);
    ssize_t n;

    (void)path;
    if (code)
        return -code;
    if (word_is("short") && off > 0)
        size /= 2;
    n = pread((int)fi->fh, to, size, off);
    if (word_is("short") && off > 0)
        return n < 2 ? 0 : (int)n;
    return n < 0 ? -errno : (int)n;
}

static int bad_release(const char *path, struct fuse_file_info *fi)
{
    (void)path;
    close((int)fi->fh);
    return 0;
}

static void *bad_init(struct fuse_conn_info *conn, struct fuse_config *config)
{
    (void)conn;
    config->use_ino = 1;
    config->attr_timeout = config->entry_timeout = 0;
    config->negative_timeout = 0;
    return NULL;
}

static const struct fuse_operations operations = {
    .init = bad_init,
    .getattr = bad_getattr,
    .readdir = bad_readdir,
    .open = bad_open,
    .read = bad_read,
    .release = bad_release,
};

int main(int argc, char **argv)
{
    char run[] = "-f", option[] = "-o", ours[] = "ro,fsname=badfs",
         all[] = "ro,fsname=badfs,allow_other";
    char *args[] = {argv[0],
                    run,
                    option,
                    geteuid() == 0 ? all : ours,
                    argc == 4 ? argv[3] : NULL,
                    NULL};

    if (argc != 4)
        return 2;
    root = argv[1];
    control = argv[2];
    return fuse_main(5, args, &operations, NULL);
}
