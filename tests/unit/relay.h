/* A TCP relay in a child process that breaks its first connection, so that a
 * test can lose a server at a chosen byte. */
#ifndef UNIT_RELAY_H
#define UNIT_RELAY_H

#include <sys/types.h>

enum relay_break {
    RELAY_CUT,  /* after so many bytes to the server, at once */
    RELAY_MUTE, /* those bytes still arrive, but no answer comes back: a
                   second later the connection ends */
};

/* Relays 127.0.0.1:*port_r to 127.0.0.1:to. Later connections are not
 * broken. Returns the child's pid, -1 on error. */
pid_t relay_start(int to, enum relay_break how, size_t after, int *port_r);
void relay_stop(pid_t pid);

#endif
