/*
 * A worker: claims jobs of the state and takes each through the table of
 * stages (check, extract, ingest, verify). One file per stage.
 */
#ifndef STAGE_WORKER_H
#define STAGE_WORKER_H

#include "pipeline/base/err.h"
#include "pipeline/base/settings.h"
#include "pipeline/db/db.h"

/* The database's name in the state directory; the mount opens the same. */
#define WORKER_DB_NAME "state.db"

/* Runs until standard input ends or SIGTERM; holds the lock file
 * STATE/worker.SLOT.lock for its whole life (waits for a predecessor's), so
 * that what the slot's last owner left running can be taken back safely. */
int worker_run(const char *state_dir, const struct settings *settings, int slot,
               struct err *err);

#endif
