/*
 * Names of delivered files:
 *
 *     <time>.P<id>H<hash>.pstfs,S=<size>:2,<flags>
 *
 * time is the delivery time in seconds, id the item's without its dot, hash
 * the first 16 hex digits of the message's SHA-256. So a message that is
 * delivered again has the same name. All before the colon is the unique part,
 * which mail programs leave alone when they change flags; P..H.. is the key.
 */
#ifndef TARGET_MAILDIR_NAME_H
#define TARGET_MAILDIR_NAME_H

#include <stdbool.h>

#include "pipeline/target/target.h"

#define MAILDIR_NAME_MAX 160 /* bytes of a file name with its NUL */
#define MAILDIR_ID_MAX   64  /* bytes of an id without its dot */

/* Writes the name of an item whose hash is set; EINVAL when its id cannot
 * stand in a name. */
int maildir_name_make(const struct target_item *item,
                      char name_r[MAILDIR_NAME_MAX], struct err *err);

/* Length of the unique part and the key of a name of our pattern; 0 when it
 * is not one of ours. */
size_t maildir_name_parse(const char *name, uint64_t *key_r);

/* A name for tmp/: of this process, and no other has it. */
void maildir_tmp_make(char name_r[MAILDIR_NAME_MAX]);
/* A name of that kind whose process is gone. Files of other hosts are taken
 * for dead after 36 hours, as Maildir has it. */
bool maildir_tmp_is_dead(const char *name, int64_t mtime);

#endif
