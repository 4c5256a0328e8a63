#include "pipeline/reader/pff.h"

#include <stdio.h>
#include <unistd.h>

#include "pipeline/base/io.h"

/* It finds most so: with both of its flags 20180714 finds nothing at all. */
#define PFF_RECOVERY LIBPFF_RECOVERY_FLAG_IGNORE_ALLOCATION_DATA

/* The one file of this process, for libbfio: no open, no second handle. */
static struct store_io {
    int fd;
    off64_t at;
    uint64_t size;
} store;

static int io_free(intptr_t **io, libbfio_error_t **error)
{
    *io = NULL;
    return 1;
}

static int io_clone(intptr_t **to, intptr_t *from, libbfio_error_t **error)
{
    return -1;
}

static int io_open(intptr_t *io, int flags, libbfio_error_t **error)
{
    return 1;
}

static int io_close(intptr_t *io, libbfio_error_t **error)
{
    return 0;
}

static ssize_t io_get(intptr_t *io, uint8_t *data, size_t size,
                      libbfio_error_t **error)
{
    ssize_t n = io_pread(store.fd, data, size, (uint64_t)store.at);

    if (n < 0)
        return -1;
    store.at += n;
    return n;
}

static ssize_t io_put(intptr_t *io, const uint8_t *data, size_t size,
                      libbfio_error_t **error)
{
    return -1;
}

static off64_t io_seek(intptr_t *io, off64_t offset, int whence,
                       libbfio_error_t **error)
{
    if (whence == SEEK_CUR)
        offset += store.at;
    else if (whence == SEEK_END)
        offset += (off64_t)store.size;
    if (offset < 0)
        return -1;
    return store.at = offset;
}

static int io_yes(intptr_t *io, libbfio_error_t **error)
{
    return 1;
}

static int io_size(intptr_t *io, size64_t *size_r, libbfio_error_t **error)
{
    *size_r = store.size;
    return 1;
}

static int recover(struct pff *pff, struct err *err)
{
    int orphans = 0;

    if (libpff_file_initialize(&pff->file, NULL) != 1)
        return err_set(err, ENOMEM, "no memory for libpff");
    if (libpff_file_open_file_io_handle(pff->file, pff->io, LIBPFF_OPEN_READ,
                                        NULL) != 1)
        return err_set(err, EBADMSG, "libpff does not open it");
    /* An error in the midst of it leaves what was found before. */
    libpff_file_recover_items(pff->file, PFF_RECOVERY, NULL);
    if (libpff_file_get_number_of_recovered_items(pff->file, &pff->found,
                                                  NULL) != 1)
        pff->found = 0;
    if (libpff_file_get_number_of_orphan_items(pff->file, &orphans, NULL) == 1)
        pff->orphans = orphans < PFF_ITEMS_MAX ? orphans : PFF_ITEMS_MAX;
    if (pff->found > PFF_ITEMS_MAX)
        pff->found = PFF_ITEMS_MAX;
    return 0;
}

int pff_open(struct pff *pff, int fd, struct pst *pst, struct err *err)
{
    uint32_t nodes = pst_node_count(pst, PFF_NODES_MAX + 1);
    int rc;

    *pff = (struct pff){.codepage = pst_info(pst)->codepage};
    if (nodes > PFF_NODES_MAX)
        return err_set(err, E2BIG,
                       "the store has more than %u nodes: libpff would take "
                       "too long",
                       PFF_NODES_MAX);
    store = (struct store_io){.fd = fd, .size = pst_info(pst)->file_size};
    if (libbfio_handle_initialize(&pff->io, (intptr_t *)&store, io_free,
                                  io_clone, io_open, io_close, io_get, io_put,
                                  io_seek, io_yes, io_yes, io_size,
                                  LIBBFIO_FLAG_IO_HANDLE_NON_MANAGED |
                                      LIBBFIO_FLAG_IO_HANDLE_CLONE_BY_FUNCTION,
                                  NULL) != 1)
        return err_set(err, ENOMEM, "no memory for libpff");
    rc = recover(pff, err);
    if (rc < 0)
        pff_close(pff);
    return rc;
}

void pff_close(struct pff *pff)
{
    if (pff->file) {
        libpff_file_close(pff->file, NULL);
        libpff_file_free(&pff->file, NULL);
    }
    if (pff->io)
        libbfio_handle_free(&pff->io, NULL);
}

libpff_item_t *pff_item(const struct pff *pff, int i)
{
    libpff_item_t *item = NULL;
    int rc =
        i < pff->orphans
            ? libpff_file_get_orphan_item_by_index(pff->file, i, &item, NULL)
            : libpff_file_get_recovered_item_by_index(
                  pff->file, i - pff->orphans, &item, NULL);

    return rc == 1 ? item : NULL;
}
