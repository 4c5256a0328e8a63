/* The APPEND commands of the IMAP target. */
#ifndef TARGET_IMAP_APPEND_H
#define TARGET_IMAP_APPEND_H

#include "pipeline/target/imap.h"

/* Appends n items that are in memory: by one MULTIAPPEND where the server
 * has it, which stores all or none; when it is refused, one by one, so that
 * only those fail that are to blame. Sets error and remote of each.
 * Negative: lost connection, or the server asks to come back later; then the
 * items whose error is still EINPROGRESS may be there or not. */
int imap_append_group(struct imap *t, struct imap_folder *f,
                      struct target_item **items, size_t n, struct err *err);

/* Appends one item piece by piece, and sets its hash. When it cannot be read
 * to its end the connection is cut: the server drops what it has of it. */
int imap_append_stream(struct imap *t, struct imap_folder *f,
                       struct target_item *item, struct err *err);

#endif
