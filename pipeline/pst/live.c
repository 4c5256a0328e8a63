/* The file may be somebody's whose program writes into it, on a share that
 * goes away: what was read counts only while it is the file that was opened. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/base/hash.h"
#include "pipeline/base/io.h"
#include "pipeline/pst/disk.h"

void live_begin(struct pst *pst, const struct stat *st)
{
    pst->live = (struct live){
        .dev = st->st_dev,
        .ino = st->st_ino,
        .links = st->st_nlink,
        .mtime = st->st_mtim,
    };
    pst->info.file_size = (uint64_t)st->st_size;
}

/* The first trouble stays: what comes after it comes of it. */
static void trouble_set(struct pst *pst, int code, const char *fmt, ...)
    printf_like(3, 4);
static void trouble_set(struct pst *pst, int code, const char *fmt, ...)
{
    va_list ap;

    if (pst->live.trouble)
        return;
    pst->live.trouble = code;
    va_start(ap, fmt);
    vsnprintf(pst->live.words, sizeof(pst->live.words), fmt, ap);
    va_end(ap);
}

/* 0 when the header is still there and the same. fresh: from the disk, not
 * from memory. */
static int header_look(struct pst *pst, bool fresh)
{
    uint8_t h[PST_HEADER_BYTES] = {0};
    ssize_t got;

    if (fresh)
        posix_fadvise(pst->fd, 0, PST_LIVE_DROP, POSIX_FADV_DONTNEED);
    got = io_pread(pst->fd, h, sizeof(h), 0);
    if (got < 0) {
        trouble_set(pst, (int)-got, "the file cannot be read any more: %s",
                    strerror((int)-got));
        return (int)got;
    }
    if (pst->info.stamp && hash_fnv(h, sizeof(h)) != pst->info.stamp) {
        trouble_set(pst, ESTALE, "the file has changed: its header is another");
        return -ESTALE;
    }
    return 0;
}

ssize_t live_pread(struct pst *pst, struct near *near, void *to, size_t len,
                   uint64_t off)
{
    uint64_t size = pst->info.file_size, left = off < size ? size - off : 0;
    ssize_t got;

    if (pst->live.trouble)
        return -pst->live.trouble;
    got = near ? near_pread(near, pst->fd, to, len, off)
               : io_pread(pst->fd, to, len, off);
    /* Once more, after a look whether anything can be read at all: what
     * fails twice then is a bad place on a sound disk, and damage. */
    if (got < 0 && header_look(pst, true) == 0)
        got = io_pread(pst->fd, to, len, off);
    if (got >= 0 && (size_t)got < len && (uint64_t)got < left)
        trouble_set(pst, ESTALE, "the file was cut while it was read");
    return got;
}

static void stat_compare(struct pst *pst, const struct stat *st)
{
    const struct live *l = &pst->live;

    if ((uint64_t)st->st_size != pst->info.file_size)
        trouble_set(pst, ESTALE,
                    "the file has changed: it has %llu bytes, had "
                    "%llu",
                    (unsigned long long)st->st_size,
                    (unsigned long long)pst->info.file_size);
    else if (st->st_mtim.tv_sec != l->mtime.tv_sec ||
             st->st_mtim.tv_nsec != l->mtime.tv_nsec)
        trouble_set(pst, ESTALE, "the file has changed: it was written to");
    else if (st->st_nlink == 0 && l->links)
        trouble_set(pst, ESTALE, "the file was replaced or removed");
    else if (st->st_ino != l->ino || st->st_dev != l->dev)
        trouble_set(pst, ESTALE, "the file is another one now");
}

int pst_unchanged(struct pst *pst, struct err *err)
{
    struct stat st;
    int rc;

    if (!pst->live.trouble) {
        rc = io_fstat(pst->fd, &st);
        if (rc == -ENOENT || rc == -ESTALE) /* as some shares say it */
            trouble_set(pst, ESTALE, "the file was replaced or removed");
        else if (rc < 0)
            trouble_set(pst, -rc, "the file cannot be asked any more: %s",
                        strerror(-rc));
        else
            stat_compare(pst, &st);
    }
    if (!pst->live.trouble)
        header_look(pst, false);
    return pst->live.trouble
               ? err_set(err, pst->live.trouble, "%s", pst->live.words)
               : 0;
}
