/*
 * How a worker is told things: SIGTERM or the end of standard input end it, a
 * byte on standard input wakes it. One per process.
 */
#ifndef STAGE_INPUT_H
#define STAGE_INPUT_H

#include <stdbool.h>

/* Installs the signal handlers. */
void input_open(void);
/* Waits up to ms (0: just looks) and returns true when the worker must end;
 * a byte ends the wait early. */
bool input_wait(unsigned ms);

#endif
