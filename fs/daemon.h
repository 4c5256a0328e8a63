/* Going into the background, with the outcome told to whoever started us. */
#ifndef FS_DAEMON_H
#define FS_DAEMON_H

#include "pipeline/base/err.h"

/*
 * Forks. The parent does not return: it waits for daemon_ready in the child
 * and exits 0, or with the child's exit code. To be called before anything is
 * opened and before any thread. *ready_r: what daemon_ready takes.
 */
int daemon_fork(int *ready_r, struct err *err);
/* Leaves the session and the terminal; errors go to the log from now on.
 * Before the first child is started: children inherit the descriptors, and
 * whoever reads our output must see its end. ready < 0: in the foreground,
 * nothing to do. */
int daemon_detach(int ready, struct err *err);
/* It works: lets the parent go. ready < 0: nothing to do. */
void daemon_ready(int *ready);

#endif
