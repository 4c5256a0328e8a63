/*
 * libpff on the store's descriptor, for what its recovery finds and ours does
 * not; in a process of its own (pstfs-libpff) that the same sandbox holds.
 * Values are taken raw and converted here: libpff's own conversions know few
 * code pages and give up at one bad byte (research note libpff.md 2.5).
 *
 * libpff's functions return 1, 0 for absent and -1; what fails counts as
 * absent here, since the two are not reliably told apart.
 */
#ifndef READER_PFF_H
#define READER_PFF_H

#include <libpff.h>

#include "pipeline/base/buf.h"
#include "pipeline/base/err.h"
#include "pipeline/pst/pst.h"

/* To open a file takes libpff a time that grows with the square of its nodes
 * (about 45 s of CPU for so many), and cannot be given up. */
#define PFF_NODES_MAX   30000u
#define PFF_ITEMS_MAX   100000 /* recovered ones looked at */
#define PFF_TEXT_MAX    (1u << 20)
#define PFF_BYTES_MAX   (64u << 20) /* of one body or attachment */
#define PFF_MESSAGE_MAX (128u << 20)
#define PFF_PARTS_MAX   1000 /* attachments, recipients of one item */
#define PFF_KNOWN_MAX   4000000

/* ---- pff.c: the file ---- */

struct pff {
    libpff_file_t *file;
    libbfio_handle_t *io;
    unsigned codepage; /* of the store, for 8-bit text */
    /* What it says is in no folder, and what its recovery found: items are
     * counted through both, each at most PFF_ITEMS_MAX. */
    int orphans, found;
};

/* Opens fd, which pst has open too, and lets libpff recover. E2BIG: too many
 * nodes; EBADMSG: libpff does not open it. */
int pff_open(struct pff *pff, int fd, struct pst *pst, struct err *err);
void pff_close(struct pff *pff);
/* NULL when it is not there; freed with libpff_item_free. */
libpff_item_t *pff_item(const struct pff *pff, int i);

/* ---- pff_value.c: properties of an item or of one row of a table ---- */

struct pff_props {
    libpff_record_set_t *set; /* NULL: none */
    unsigned codepage;
};
/* row 0 of a message or attachment, any of a table. */
void pff_props_open(struct pff_props *props, const struct pff *pff,
                    libpff_item_t *item, int row);
void pff_props_close(struct pff_props *props);
/* Text as UTF-8, without NUL; false when it is absent or empty. */
bool pff_text(const struct pff_props *props, uint16_t id, struct buf *out);
bool pff_bytes(const struct pff_props *props, uint16_t id, struct buf *out);
uint64_t pff_number(const struct pff_props *props, uint16_t id);
/* Unix seconds of a FILETIME, 0 none. */
int64_t pff_time(const struct pff_props *props, uint16_t id);

/* ---- pff_known.c: what there is no need to show ---- */

struct pff_known {
    uint64_t *keys; /* sorted up to `sorted`, then as they came */
    size_t n, cap, sorted;
};
/* All that our own reader shows of the store, recovered items too. */
int pff_known_fill(struct pff_known *known, struct pst *pst, struct err *err);
void pff_known_finish(struct pff_known *known);
/* Is the item a mail, contact ... that is not known yet? Then it is now. */
bool pff_known_add(struct pff_known *known, const struct pff_props *props);

/* ---- pff_mail.c ---- */

/* The item as a message: plain headers, the bodies and attachments that libpff
 * gives, each as it gives it; what it does not give, or more than the limits,
 * is named in an X-Pstfs-Defect. Same item, same bytes. 0 or -ENOMEM. */
int pff_mail(const struct pff *pff, libpff_item_t *item, uint32_t number,
             struct buf *out, uint32_t *defects_r);

#endif
