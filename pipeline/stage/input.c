#include "pipeline/stage/input.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>

#include "pipeline/base/cleanup.h"

#define DRAIN_SIZE 256

static volatile sig_atomic_t told_to_end;

static void on_signal(int number)
{
    told_to_end = 1;
}

void input_open(void)
{
    struct sigaction act = {.sa_handler = on_signal};

    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    act.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &act, NULL);
}

/* A signal between the test and the poll is seen when the poll ends: no wait
 * is longer than half a second. */
bool input_wait(unsigned ms)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    char drain[DRAIN_SIZE];

    if (told_to_end || poll(&p, 1, (int)ms) <= 0)
        return told_to_end;
    if (p.revents & POLLNVAL)
        told_to_end = 1;
    else if (read(STDIN_FILENO, drain, sizeof(drain)) == 0)
        told_to_end = 1;
    return told_to_end;
}
