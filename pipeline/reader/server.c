/*
 * pstfs-reader: parses and renders one store for its client. Holds a socket,
 * the store and a window of shared memory; ends when the socket does.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "pipeline/base/charset.h"
#include "pipeline/reader/ops.h"
#include "pipeline/reader/sandbox.h"
#include "pipeline/render/zone.h"

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

static bool number_take(const char *text, unsigned *n_r)
{
    unsigned long n;
    char *end;

    errno = 0;
    n = strtoul(text, &end, 10);
    *n_r = (unsigned)n;
    return !errno && end != text && !*end && n < UINT_MAX;
}

static int rules_take(int argc, char **argv, struct sandbox_rules *rules_r,
                      unsigned *codepage_r)
{
    unsigned vcard;

    *rules_r = (struct sandbox_rules){.parts = SANDBOX_ALL};
    if (argc != PROTO_ARGS + 1 || !sandbox_mode_find(argv[1], &rules_r->mode) ||
        !number_take(argv[2], &rules_r->uid) ||
        !number_take(argv[3], &rules_r->gid) || !number_take(argv[4], &vcard) ||
        !number_take(argv[5], codepage_r))
        return -EINVAL;
    render_setup(vcard);
    return 0;
}

/* Whatever is loaded when it is first used must be loaded by now: ICU may
 * look for no file, its tables are in the library. */
static int server_prepare(struct server *server,
                          const struct sandbox_rules *rules, struct err *err)
{
    int rc = window_map(server, err);

    if (rc == 0)
        rc = charset_seal() && zone_seal()
                 ? 0
                 : err_set(err, EIO, "ICU has no tables");
    if (rc == 0)
        rc = sandbox_enter(rules, server->sandbox, err);
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

static void refuse(const struct proto_request *request, const struct err *why,
                   struct proto_reply *reply)
{
    reply->op = request->op;
    reply->seq = request->seq;
    reply->status = -why->code;
    memcpy(reply->text, why->msg, sizeof(reply->text));
}

/* refused, when not NULL, is why no request is carried out. */
static int server_loop(struct server *server, const struct err *refused)
{
    for (;;) {
        struct proto_request request;
        struct proto_reply reply = {.magic = PROTO_MAGIC,
                                    .version = PROTO_VERSION};
        int rc = request_get(&request);
        if (rc <= 0)
            return rc;
        if (refused)
            refuse(&request, refused, &reply);
        else
            ops_run(server, &request, &reply);
        if (send(PROTO_SOCKET_FD, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
            return errno == EPIPE ? 0 : -errno;
    }
}

int main(int argc, char **argv)
{
    static struct server server;
    struct sandbox_rules rules;
    struct err err = {0};
    int rc;

    if (rules_take(argc, argv, &rules, &server.codepage) != 0) {
        fputs("pstfs-reader is started by pstfs\n", stderr);
        return 2;
    }
    rc = server_prepare(&server, &rules, &err);
    rc = server_loop(&server, rc ? &err : NULL);
    recent_free(&server.recent);
    pst_free(&server.pst);
    return rc != 0;
}
