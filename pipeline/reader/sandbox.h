/* What the reader process gives up before it looks at the first byte. */
#ifndef READER_SANDBOX_H
#define READER_SANDBOX_H

#include "pipeline/base/err.h"

#define SANDBOX_MEMORY_MAX (1ull << 30) /* address space, bytes */
#define SANDBOX_FILES_MAX  16

/* Closes all descriptors but 0..5; no new privileges, no core, no new
 * processes, no growing files, bounded memory. An error is fatal: the
 * process must not go on with less than it was promised to be held by. */
int sandbox_enter(struct err *err);

#endif
