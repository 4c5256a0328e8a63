#include "pipeline/target/imap_conn.h"

#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pipeline/base/clock.h"
#include "pipeline/target/imap_text.h"

#define CONNECT_MS 30000
#define WORDS_MAX  256

struct imap_conn {
    CURL *curl;
    curl_socket_t fd;
    char *in, *out; /* IMAP_BUFFER bytes each */
    size_t in_from, in_to, out_len;
    struct buf line; /* the answer being read */
    unsigned tag, caps;
    uint64_t append_limit;
    bool broken, ready;
    char said[WORDS_MAX]; /* the server's last line while logging in */
};

static void curl_start(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

int imap_conn_fail(struct imap_conn *c, struct err *err, int code,
                   const char *words)
{
    c->broken = true;
    return err_set(err, code, "IMAP: %s", words);
}

/* ---- bytes ---- */

/* 0 when the line is ready for what was asked, else an error. */
static int line_poll(struct imap_conn *c, short events, short *got_r,
                     struct err *err)
{
    uint64_t until = time_mono_ms() + IMAP_WAIT_MS;

    for (;;) {
        struct pollfd p = {.fd = c->fd, .events = events};
        uint64_t now = time_mono_ms();
        int n = poll(&p, 1, now < until ? (int)(until - now) : 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return imap_conn_fail(c, err, ECONNRESET, "poll failed");
        if (n == 0)
            return imap_conn_fail(c, err, ETIMEDOUT,
                                  "no answer from the server in 60 s");
        *got_r = p.revents;
        return 0;
    }
}

/* Takes what is there: 1 something, 0 nothing now. */
static int in_take_more(struct imap_conn *c, struct err *err)
{
    size_t got = 0;
    CURLcode rc;

    if (c->in_from == c->in_to)
        c->in_from = c->in_to = 0;
    if (c->in_from) {
        memmove(c->in, c->in + c->in_from, c->in_to - c->in_from);
        c->in_to -= c->in_from;
        c->in_from = 0;
    }
    rc =
        curl_easy_recv(c->curl, c->in + c->in_to, IMAP_BUFFER - c->in_to, &got);
    if (rc == CURLE_AGAIN)
        return 0;
    if (rc != CURLE_OK || got == 0)
        return imap_conn_fail(c, err, ECONNRESET,
                              "the server closed the connection");
    c->in_to += got;
    return 1;
}

/* TLS may hold bytes that poll knows nothing of, so recv comes first. */
int imap_in_fill(struct imap_conn *c, struct err *err)
{
    short got;
    int ret = c->broken ? imap_conn_fail(c, err, ECONNRESET, "no connection")
                        : imap_flush(c, err);

    while (!ret) {
        int n = in_take_more(c, err);
        if (n)
            return n < 0 ? n : 0;
        ret = line_poll(c, POLLIN, &got, err);
    }
    return ret;
}

const char *imap_in_data(const struct imap_conn *c, size_t *len_r)
{
    *len_r = c->in_to - c->in_from;
    return c->in + c->in_from;
}

void imap_in_take(struct imap_conn *c, size_t len)
{
    c->in_from += len;
}

struct buf *imap_conn_line(struct imap_conn *c)
{
    return &c->line;
}

/* While the server does not take our bytes it may want to be rid of its own:
 * those are read meanwhile, or both would wait for ever. */
static int out_wait(struct imap_conn *c, struct err *err)
{
    bool room = c->in_to - c->in_from < IMAP_BUFFER;
    short got = 0;
    int ret = line_poll(c, room ? POLLIN | POLLOUT : POLLOUT, &got, err);

    if (!ret && room && (got & (POLLIN | POLLHUP | POLLERR)))
        ret = in_take_more(c, err);
    return ret < 0 ? ret : 0;
}

static int out_send(struct imap_conn *c, const char *p, size_t len,
                    struct err *err)
{
    while (len) {
        size_t sent = 0;
        CURLcode rc = curl_easy_send(c->curl, p, len, &sent);
        int ret = 0;
        if (rc == CURLE_AGAIN)
            ret = out_wait(c, err);
        else if (rc != CURLE_OK)
            ret = imap_conn_fail(c, err, ECONNRESET,
                                 "the server closed the connection");
        if (ret)
            return ret;
        p += sent;
        len -= sent;
    }
    return 0;
}

int imap_flush(struct imap_conn *c, struct err *err)
{
    size_t len = c->out_len;

    c->out_len = 0;
    if (c->broken)
        return imap_conn_fail(c, err, ECONNRESET, "no connection");
    return out_send(c, c->out, len, err);
}

int imap_write(struct imap_conn *c, const void *data, size_t len,
               struct err *err)
{
    const char *p = data;

    while (len) {
        size_t n = IMAP_BUFFER - c->out_len;
        int ret = 0;
        if (n > len)
            n = len;
        memcpy(c->out + c->out_len, p, n);
        c->out_len += n;
        p += n;
        len -= n;
        if (c->out_len == IMAP_BUFFER)
            ret = imap_flush(c, err);
        if (ret)
            return ret;
    }
    return 0;
}

int imap_begin(struct imap_conn *c, const char *text, unsigned *tag_r,
               struct err *err)
{
    char tag[16];
    int n;

    *tag_r = ++c->tag;
    n = snprintf(tag, sizeof(tag), "PX%u ", c->tag);
    if (imap_write(c, tag, (size_t)n, err))
        return -ECONNRESET;
    return imap_write(c, text, strlen(text), err);
}

/* ---- connecting ---- */

/* Keeps the server's last line, for the words of a refusal. */
static int curl_said(CURL *curl, curl_infotype type, char *data, size_t len,
                     void *ctx)
{
    struct imap_conn *c = ctx;

    if (type == CURLINFO_HEADER_IN && len > 0) {
        snprintf(c->said, sizeof(c->said), "%.*s",
                 (int)(len < WORDS_MAX ? len : WORDS_MAX - 1), data);
        c->said[strcspn(c->said, "\r\n")] = '\0';
    }
    return 0;
}

/* Host and port come from a setting, so curl builds the URL of them itself. */
static char *url_make(const struct imap_login *l)
{
    CURLU *u = curl_url();
    char port[8], *url = NULL, host[300];
    bool v6 = strchr(l->host, ':') && l->host[0] != '[';

    snprintf(port, sizeof(port), "%ld", l->port);
    snprintf(host, sizeof(host), v6 ? "[%s]" : "%s", l->host);
    if (!u ||
        curl_url_set(u, CURLUPART_SCHEME,
                     l->tls == IMAP_TLS_TLS ? "imaps" : "imap", 0) ||
        curl_url_set(u, CURLUPART_HOST, host, 0) ||
        curl_url_set(u, CURLUPART_PORT, port, 0) ||
        curl_url_set(u, CURLUPART_PATH, "/", 0) ||
        curl_url_get(u, CURLUPART_URL, &url, 0))
        url = NULL;
    curl_url_cleanup(u);
    return url;
}

static void options_set(struct imap_conn *c, const struct imap_login *l,
                        const char *url)
{
    CURL *h = c->curl;

    curl_easy_setopt(h, CURLOPT_URL, url);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "imap,imaps");
    curl_easy_setopt(h, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)IMAP_WAIT_MS);
    curl_easy_setopt(h, CURLOPT_USE_SSL,
                     l->tls == IMAP_TLS_NONE ? (long)CURLUSESSL_NONE
                                             : (long)CURLUSESSL_ALL);
    curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, l->verify ? 1L : 0L);
    curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, l->verify ? 2L : 0L);
    if (*l->ca)
        curl_easy_setopt(h, CURLOPT_CAINFO, l->ca);
    curl_easy_setopt(h, CURLOPT_USERNAME, l->user);
    curl_easy_setopt(h, l->xoauth2 ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD,
                     l->secret);
    if (l->xoauth2)
        curl_easy_setopt(h, CURLOPT_LOGIN_OPTIONS, "AUTH=XOAUTH2");
    curl_easy_setopt(h, CURLOPT_DEBUGFUNCTION, curl_said);
    curl_easy_setopt(h, CURLOPT_DEBUGDATA, c);
    curl_easy_setopt(h, CURLOPT_VERBOSE, 1L);
}

static int curl_errno(CURLcode rc)
{
    static const struct {
        CURLcode rc;
        int error;
    } table[] = {
        {CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH},
        {CURLE_COULDNT_CONNECT, EHOSTUNREACH},
        {CURLE_OPERATION_TIMEDOUT, ETIMEDOUT},
        {CURLE_RECV_ERROR, ECONNRESET},
        {CURLE_SEND_ERROR, ECONNRESET},
        {CURLE_GOT_NOTHING, ECONNRESET},
        {CURLE_LOGIN_DENIED, EACCES},
        {CURLE_OUT_OF_MEMORY, ENOMEM},
    };

    for (size_t i = 0; i < array_len(table); i++)
        if (table[i].rc == rc)
            return table[i].error;
    /* Certificate, STARTTLS, weird server: trying again helps nobody. */
    return EPROTO;
}

static int connect_err(const struct imap_conn *c, const struct imap_login *l,
                       CURLcode rc, const char *words, struct err *err)
{
    const char *said = c->said, *code = strchr(said, '[');
    int error = curl_errno(rc);

    if (error == EACCES && code && imap_code_errno(code + 1) == EAGAIN)
        error = EAGAIN;
    if (rc == CURLE_LOGIN_DENIED)
        return err_set(err, error, "%s:%ld refuses the login of %s: %s",
                       l->host, l->port, l->user, said);
    return err_set(err, error, "%s:%ld: %s", l->host, l->port,
                   *words ? words : curl_easy_strerror(rc));
}

static int conn_connect(struct imap_conn *c, const struct imap_login *l,
                        struct err *err)
{
    char words[CURL_ERROR_SIZE] = "", *url = url_make(l);
    CURLcode rc;

    if (!url)
        return err_set(err, EINVAL, "imap: bad host %s", l->host);
    options_set(c, l, url);
    curl_free(url);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, words);
    rc = curl_easy_perform(c->curl);
    curl_easy_setopt(c->curl, CURLOPT_VERBOSE, 0L);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, NULL);
    if (rc != CURLE_OK)
        return connect_err(c, l, rc, words, err);
    rc = curl_easy_getinfo(c->curl, CURLINFO_ACTIVESOCKET, &c->fd);
    if (rc != CURLE_OK || c->fd == CURL_SOCKET_BAD)
        return err_set(err, ECONNRESET, "%s: the connection is lost", l->host);
    c->ready = true;
    return 0;
}

static int caps_line(void *ctx, const char *line, size_t len, struct err *err)
{
    static const struct {
        const char *word;
        unsigned cap;
    } table[] = {
        {"LITERAL+", IMAP_CAP_LITERAL_PLUS},
        {"LITERAL-", IMAP_CAP_LITERAL_MINUS},
        {"MULTIAPPEND", IMAP_CAP_MULTIAPPEND},
        {"UIDPLUS", IMAP_CAP_UIDPLUS},
        {"NAMESPACE", IMAP_CAP_NAMESPACE},
        {"APPENDLIMIT", IMAP_CAP_APPENDLIMIT},
        {"UNSELECT", IMAP_CAP_UNSELECT},
    };
    struct imap_conn *c = ctx;
    struct imap_text t = {line, line + len};
    const char *p;
    size_t n;

    if (!imap_take(&t, "CAPABILITY"))
        return 0;
    while (imap_take(&t, " ") && imap_span(&t, &p, &n)) {
        struct imap_text limit = {p, p + n};
        if (imap_take(&limit, "APPENDLIMIT="))
            imap_number(&limit, &c->append_limit);
        for (size_t i = 0; i < array_len(table); i++)
            if (n == strlen(table[i].word) &&
                strncasecmp(p, table[i].word, n) == 0)
                c->caps |= table[i].cap;
    }
    return 0;
}

int imap_conn_new(const struct imap_login *login, struct imap_conn **c_r,
                  struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    cleanup_with(imap_conn_free) struct imap_conn *c = calloc(1, sizeof(*c));
    struct imap_handler caps = {.line = caps_line, .ctx = c};
    int ret;

    pthread_once(&once, curl_start);
    if (!c)
        return err_set(err, ENOMEM, "no memory");
    c->line.max = IMAP_LINE_MAX;
    c->in = malloc(IMAP_BUFFER);
    c->out = malloc(IMAP_BUFFER);
    c->curl = curl_easy_init();
    if (!c->in || !c->out || !c->curl)
        return err_set(err, ENOMEM, "no memory");
    ret = conn_connect(c, login, err);
    /* libcurl may have swallowed a part of what followed the login; our own
     * tag is the first thing that can be relied on. */
    if (!ret)
        ret = imap_must(c, "NOOP", NULL, err);
    if (!ret)
        ret = imap_must(c, "CAPABILITY", &caps, err);
    if (ret)
        return ret;
    *c_r = steal_ptr(c);
    return 0;
}

void imap_conn_free(struct imap_conn **c)
{
    size_t sent;

    if (!*c)
        return;
    if ((*c)->ready && !(*c)->broken)
        curl_easy_send((*c)->curl, "PX0 LOGOUT\r\n", 12, &sent);
    curl_easy_cleanup((*c)->curl);
    buf_finish(&(*c)->line);
    free((*c)->in);
    free((*c)->out);
    free(*c);
    *c = NULL;
}

bool imap_conn_broken(const struct imap_conn *c)
{
    return c->broken;
}

void imap_conn_cut(struct imap_conn *c)
{
    c->broken = true;
}

unsigned imap_conn_caps(const struct imap_conn *c)
{
    return c->caps;
}

uint64_t imap_conn_append_limit(const struct imap_conn *c)
{
    return c->append_limit;
}
