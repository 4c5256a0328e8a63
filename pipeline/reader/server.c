/*
 * pstfs-reader: parses and renders one store for its client. Holds a socket,
 * the store and a window of shared memory; ends when the socket does.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "pipeline/reader/ops.h"
#include "pipeline/reader/sandbox.h"

static int window_map(struct server *server, struct err *err)
{
    struct stat st;
    void *map;

    if (fstat(PROTO_WINDOW_FD, &st) != 0)
        return err_sys(err, errno, "window");
    if (st.st_size != READER_WINDOW)
        return err_set(err, EPROTO, "window has the wrong size");
    map = mmap(NULL, READER_WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED,
               PROTO_WINDOW_FD, 0);
    if (map == MAP_FAILED)
        return err_sys(err, errno, "window");
    server->window = map;
    return 0;
}

static int server_prepare(struct server *server, struct err *err)
{
    int rc = window_map(server, err);

    if (rc == 0)
        rc = sandbox_enter(err);
    if (rc != 0)
        return rc;
    server->recent = recent_new();
    return server->recent ? 0 : err_set(err, ENOMEM, "no memory");
}

/* 1 a request, 0 the client is gone, negative errno a broken one. */
static int request_get(struct proto_request *request_r)
{
    ssize_t n;

    do
        n = recv(PROTO_SOCKET_FD, request_r, sizeof(*request_r), MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return n < 0 ? -errno : 0;
    if (n != sizeof(*request_r) || request_r->magic != PROTO_MAGIC ||
        request_r->version != PROTO_VERSION)
        return -EPROTO;
    return 1;
}

static int server_loop(struct server *server)
{
    for (;;) {
        struct proto_request request;
        struct proto_reply reply = {.magic = PROTO_MAGIC,
                                    .version = PROTO_VERSION};
        int rc = request_get(&request);
        if (rc <= 0)
            return rc;
        ops_run(server, &request, &reply);
        if (send(PROTO_SOCKET_FD, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
            return errno == EPIPE ? 0 : -errno;
    }
}

int main(int argc, char **argv)
{
    static struct server server;
    struct err err = {0};
    int rc = server_prepare(&server, &err);

    if (rc != 0) {
        fprintf(stderr, "pstfs-reader: %s\n", err.msg);
        return 2;
    }
    rc = server_loop(&server);
    recent_free(&server.recent);
    pst_free(&server.pst);
    return rc != 0;
}
