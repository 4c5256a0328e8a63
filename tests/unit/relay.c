#include "tests/unit/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipeline/base/clock.h"
#include "pipeline/base/io.h"

#define MUTE_MS 1000

struct relay {
    int client, server;
    enum relay_break how;
    size_t left;   /* bytes to the server before it breaks; 0: never */
    uint64_t ends; /* when a mute connection ends, 0 not yet */
};

static struct sockaddr_in address(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Bytes to the server; false when the connection is to end. */
static bool relay_up(struct relay *r)
{
    char buf[4096];
    size_t want = sizeof(buf);
    ssize_t n;

    if (r->left && want > r->left)
        want = r->left;
    n = read(r->client, buf, want);
    if (n <= 0 || io_write(r->server, buf, (size_t)n))
        return false;
    if (!r->left)
        return true;
    r->left -= (size_t)n;
    if (r->left)
        return true;
    r->ends = time_mono_ms() + (r->how == RELAY_MUTE ? MUTE_MS : 0);
    return r->how == RELAY_MUTE;
}

static bool relay_down(struct relay *r)
{
    char buf[4096];
    ssize_t n = read(r->server, buf, sizeof(buf));

    if (n <= 0)
        return false;
    return r->ends || io_write(r->client, buf, (size_t)n) == 0;
}

static void relay_run(struct relay *r)
{
    for (bool on = true; on;) {
        struct pollfd p[2] = {{.fd = r->client, .events = POLLIN},
                              {.fd = r->server, .events = POLLIN}};
        if (poll(p, 2, 50) < 0)
            return;
        if (r->ends && time_mono_ms() > r->ends)
            return;
        if (p[0].revents)
            on = relay_up(r);
        if (on && p[1].revents)
            on = relay_down(r);
    }
}

static void relay_child(int fd, int to, enum relay_break how, size_t after)
{
    struct sockaddr_in server = address(to);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        struct relay r = {.how = how, .left = after};
        r.client = accept(fd, NULL, NULL);
        r.server = socket(AF_INET, SOCK_STREAM, 0);
        if (r.client < 0 || r.server < 0 ||
            connect(r.server, (struct sockaddr *)&server, sizeof(server)))
            _exit(1);
        relay_run(&r);
        close(r.client);
        close(r.server);
        after = 0;
    }
}

pid_t relay_start(int to, enum relay_break how, size_t after, int *port_r)
{
    struct sockaddr_in at = address(0);
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    pid_t pid;

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
        listen(fd, 8) || getsockname(fd, (struct sockaddr *)&at, &len))
        return -1;
    *port_r = ntohs(at.sin_port);
    pid = fork();
    if (pid == 0)
        relay_child(fd, to, how, after);
    close(fd);
    return pid;
}

void relay_stop(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
