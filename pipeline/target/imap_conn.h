/*
 * A logged-in IMAP connection. libcurl does the name lookup, TCP, TLS or
 * STARTTLS, the greeting and the login (CURLOPT_CONNECT_ONLY); from then on
 * the dialogue is ours, since libcurl's APPEND knows neither flags nor dates.
 *
 * Errors with negative errno: ECONNRESET, ETIMEDOUT, EHOSTUNREACH, EPROTO;
 * after one the connection is broken and good for nothing more.
 */
#ifndef TARGET_IMAP_CONN_H
#define TARGET_IMAP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/buf.h"
#include "pipeline/base/err.h"

#define IMAP_WAIT_MS    60000                /* any wait for the network */
#define IMAP_LINE_MAX   ((size_t)4 << 20)    /* one answer with its literals */
#define IMAP_STREAM_MAX ((uint64_t)1 << 40)  /* one streamed literal */
#define IMAP_BUFFER     ((size_t)256 * 1024) /* each of the two directions */

#define IMAP_CAP_LITERAL_PLUS  0x01
#define IMAP_CAP_LITERAL_MINUS 0x02
#define IMAP_CAP_MULTIAPPEND   0x04
#define IMAP_CAP_UIDPLUS       0x08
#define IMAP_CAP_NAMESPACE     0x10
#define IMAP_CAP_APPENDLIMIT   0x20 /* there may be one: ask each folder */
#define IMAP_CAP_UNSELECT      0x40

enum imap_tls { IMAP_TLS_NONE, IMAP_TLS_STARTTLS, IMAP_TLS_TLS };

struct imap_login {
    const char *host, *user, *secret; /* password or bearer token */
    const char *ca;                   /* file of certificates, "" default */
    long port;
    enum imap_tls tls;
    bool verify, xoauth2;
};

struct imap_conn;

/* Connects and logs in. EACCES: refused, with the server's words. */
int imap_conn_new(const struct imap_login *login, struct imap_conn **c_r,
                  struct err *err);
/* Says LOGOUT, waits for nothing. */
void imap_conn_free(struct imap_conn **c);
bool imap_conn_broken(const struct imap_conn *c);
/* Drops the line at once, in the middle of whatever it was. */
void imap_conn_cut(struct imap_conn *c);
unsigned imap_conn_caps(const struct imap_conn *c);
uint64_t imap_conn_append_limit(const struct imap_conn *c); /* 0: none */

/* Bytes to the server, through a buffer that goes out when it is full, at a
 * flush, or before a wait. */
int imap_write(struct imap_conn *c, const void *data, size_t len,
               struct err *err);
int imap_flush(struct imap_conn *c, struct err *err);
/* Begins a command: "PX7 text"; the caller ends it with CRLF. */
int imap_begin(struct imap_conn *c, const char *text, unsigned *tag_r,
               struct err *err);

/* An untagged answer without its "* "; literals lie inline. A result other
 * than 0 is kept, and is that of the wait; the answers are read to the end. */
typedef int imap_line_fn(void *ctx, const char *line, size_t len,
                         struct err *err);
/* When set, the bytes of all literals go here, at off of total, and the line
 * shows each as an empty one: "{0}\r\n". A zero literal is one call. */
typedef void imap_literal_fn(void *ctx, uint64_t total, uint64_t off,
                             const void *data, size_t len);
struct imap_handler {
    imap_line_fn *line; /* NULL: not interested */
    imap_literal_fn *literal;
    void *ctx;
};

/* How a command ended; the texts live until the next wait. */
struct imap_answer {
    int error;        /* 0 OK; EPROTO for BAD; for NO that of its code */
    const char *code; /* "OVERQUOTA", "APPENDUID 1 2]...", else "" */
    const char *text; /* the whole of it */
};

/* Reads until the answer to tag. 0 also when that is a NO. h may be NULL. */
int imap_wait(struct imap_conn *c, unsigned tag, const struct imap_handler *h,
              struct imap_answer *answer_r, struct err *err);
/* Reads until the server wants the literal (1) or ends the command (0). */
int imap_wait_go(struct imap_conn *c, unsigned tag,
                 struct imap_answer *answer_r, struct err *err);
/* Begins, ends and waits. */
int imap_run(struct imap_conn *c, const char *command,
             const struct imap_handler *h, struct imap_answer *answer_r,
             struct err *err);
/* As imap_run, and a NO is an error too, with the server's words. */
int imap_must(struct imap_conn *c, const char *command,
              const struct imap_handler *h, struct err *err);

/* The answer as an error: "what: NO [CODE] words". */
int imap_answer_err(const struct imap_answer *answer, const char *what,
                    struct err *err);

/* Between the two files of the connection: bytes off the wire, at least one
 * after a 0; what is taken is forgotten by imap_in_take. */
int imap_in_fill(struct imap_conn *c, struct err *err);
const char *imap_in_data(const struct imap_conn *c, size_t *len_r);
void imap_in_take(struct imap_conn *c, size_t len);
struct buf *imap_conn_line(struct imap_conn *c);
int imap_conn_fail(struct imap_conn *c, struct err *err, int code,
                   const char *words);

#endif
