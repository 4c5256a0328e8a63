/*
 * Reads a compound file ([MS-CFB]), hostile as it may be, to put what is in it
 * into another: as OLE attachments are kept. Only its tables and directory are
 * read, and streams under CFB_MINI_CUTOFF; the others become views.
 */
#ifndef RENDER_CFB_COPY_H
#define RENDER_CFB_COPY_H

#include "pipeline/render/cfb.h"

#define CFB_COPY_SECTORS_MAX (1u << 22) /* of the file: 2 GB in small ones */
#define CFB_COPY_ENTRIES_MAX 16384
#define CFB_COPY_DEPTH_MAX   128         /* storages inside storages */
#define CFB_COPY_MINI_MAX    (64u << 20) /* bytes of its mini stream */

struct cfb_copy;

/* Reads the tables. The result is held by the segments, and so must the source
 * be. EBADMSG when it is no compound file, or one that is damaged in any place
 * that its structure tells: a copy would not be whole. EFBIG, ENOMEM. */
int cfb_copy_open(const struct segment_source *source, struct segments *hold,
                  struct cfb_copy **copy_r);

/* Bytes of memory that it takes while it is held. */
uint64_t cfb_copy_held(const struct cfb_copy *copy);

/* Adds all that lies below the root, and the root's class, to a storage. */
void cfb_copy_add(const struct cfb_copy *copy, struct cfb *c, uint32_t storage);

#endif
