/*
 * A compound file ([MS-CFB]) as segments: storages and streams, whose contents
 * are memory or views of byte sources, which are not read here. So the size is
 * arithmetic, and the tables of sectors are worked out when they are read.
 *
 * Sectors of 512 bytes (version 3); of 4096 (version 4) from CFB_SMALL_MAX on.
 * Times and state bits are 0, numbers follow the order of adding: the same
 * calls make the same bytes.
 */
#ifndef RENDER_CFB_H
#define RENDER_CFB_H

#include "pipeline/base/err.h"
#include "pipeline/render/segment.h"

#define CFB_NAME_MAX    31           /* units of UTF-16 */
#define CFB_ENTRIES_MAX (1u << 20)   /* storages and streams of a file */
#define CFB_SMALL_MAX   (1ull << 31) /* bytes of a file of version 3 */
#define CFB_ROOT        0u
#define CFB_CLASS_SIZE  16
#define CFB_MINI_CUTOFF 4096 /* shorter streams lie in the mini stream */

struct cfb;

struct cfb_name {
    uint16_t units[CFB_NAME_MAX]; /* host byte order */
    size_t len;
};

/* printf of ASCII, cut at CFB_NAME_MAX. */
struct cfb_name cfb_name(const char *fmt, ...) printf_like(1, 2);

/* By length, then by upper-case units (2.6.4): < 0, 0, > 0. */
int cfb_name_compare(const struct cfb_name *a, const struct cfb_name *b);

struct cfb *cfb_new(void); /* NULL on ENOMEM */
void cfb_free(struct cfb **c);

/* Add to a storage (CFB_ROOT or what cfb_storage returned). The first failure
 * sticks and is told by cfb_write: ENOMEM, or EFBIG past CFB_ENTRIES_MAX. */
uint32_t cfb_storage(struct cfb *c, uint32_t parent, struct cfb_name name);
/* data is borrowed until cfb_write is done. */
void cfb_stream(struct cfb *c, uint32_t parent, struct cfb_name name,
                const void *data, size_t len);
/* What the source reads from must live as long as the segments. */
void cfb_view(struct cfb *c, uint32_t parent, struct cfb_name name,
              const struct segment_source *source);

/* The class of a storage, as it stands in the file; zeros else. */
void cfb_class(struct cfb *c, uint32_t storage,
               const uint8_t class[CFB_CLASS_SIZE]);
size_t cfb_count(const struct cfb *c); /* entries, the root too */

/* Adds the whole file to out, which must be empty and without CRLF. EEXIST
 * when a storage has two entries of one name; EFBIG past what the format can
 * number. */
int cfb_write(struct cfb *c, struct segments *out);

#endif
