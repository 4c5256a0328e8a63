/*
 * Items that end readers, kept in the state: what one process has paid for,
 * the mount, its workers and those after a restart pass over at once. Until
 * the file changes, a job of the store is told to retry, or this is another
 * version of pstfs.
 */
#ifndef STAGE_BAD_H
#define STAGE_BAD_H

#include "pipeline/db/db.h"

/* From now on readers of this process share by this db, which must outlive
 * them. Before the first is made. */
void bad_share(struct db *db);

#endif
