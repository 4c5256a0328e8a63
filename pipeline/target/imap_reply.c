/* Answers of the server: lines, the literals in them, and how a command
 * ended. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pipeline/target/imap_conn.h"
#include "pipeline/target/imap_text.h"

/* Adds bytes to the line up to and with the next LF. */
static int line_more(struct imap_conn *c, struct err *err)
{
    struct buf *line = imap_conn_line(c);

    for (;;) {
        size_t have;
        const char *p = imap_in_data(c, &have);
        const char *lf = have ? memchr(p, '\n', have) : NULL;
        size_t n = lf ? (size_t)(lf - p) + 1 : have;
        int ret;
        if (n && buf_add(line, p, n))
            return imap_conn_fail(c, err, EPROTO, "an answer is too long");
        imap_in_take(c, n);
        if (lf)
            return 0;
        ret = imap_in_fill(c, err);
        if (ret)
            return ret;
    }
}

/* Does the line end in a literal's "{123}"? start: where its brace is. */
static bool literal_begins(const struct buf *line, size_t *start_r,
                           uint64_t *size_r)
{
    size_t end = line->len;

    if (end < 5 || memcmp(line->data + end - 3, "}\r\n", 3) != 0)
        return false;
    end -= 3;
    size_t at = end;
    while (at > 0 && isdigit((unsigned char)line->data[at - 1]))
        at--;
    if (at == end || at == 0 || line->data[at - 1] != '{')
        return false;
    struct imap_text t = {line->data + at, line->data + end};
    *start_r = at - 1;
    return imap_number(&t, size_r);
}

static int literal_copy(struct imap_conn *c, uint64_t size,
                        const struct imap_handler *h, struct err *err)
{
    uint64_t off = 0;

    if (!size && h && h->literal)
        h->literal(h->ctx, 0, 0, "", 0);
    while (off < size) {
        size_t have;
        const char *p = imap_in_data(c, &have);
        int ret = 0;
        if (have > size - off)
            have = (size_t)(size - off);
        if (!have)
            ret = imap_in_fill(c, err);
        else if (h && h->literal)
            h->literal(h->ctx, size, off, p, have);
        else if (buf_add(imap_conn_line(c), p, have))
            ret = imap_conn_fail(c, err, EPROTO, "an answer is too long");
        if (ret)
            return ret;
        imap_in_take(c, have);
        off += have;
    }
    return 0;
}

/* One whole answer into the line, without its last CRLF. */
static int reply_read(struct imap_conn *c, const struct imap_handler *h,
                      struct err *err)
{
    struct buf *line = imap_conn_line(c);
    uint64_t size;
    size_t at;
    int ret;

    buf_clear(line);
    while (!(ret = line_more(c, err)) && literal_begins(line, &at, &size)) {
        if (size > IMAP_STREAM_MAX)
            return imap_conn_fail(c, err, EPROTO, "a literal is too long");
        if (h && h->literal) {
            line->len = at;
            buf_adds(line, "{0}\r\n");
        }
        ret = literal_copy(c, size, h, err);
        if (ret)
            return ret;
    }
    if (ret)
        return ret;
    while (line->len && strchr("\r\n", line->data[line->len - 1]))
        line->len--;
    line->data[line->len] = '\0';
    return 0;
}

static int bye(struct imap_conn *c, const char *text, struct err *err)
{
    char words[256];

    snprintf(words, sizeof(words), "the server says %s", text);
    return imap_conn_fail(c, err, ECONNRESET, words);
}

static int answer_parse(struct imap_conn *c, struct imap_text t,
                        struct imap_answer *answer_r, struct err *err)
{
    *answer_r = (struct imap_answer){.code = "", .text = t.p};
    bool ok = imap_take(&t, "OK"), no = !ok && imap_take(&t, "NO");

    if (!ok && !no && !imap_take(&t, "BAD"))
        return imap_conn_fail(c, err, EPROTO, "an answer makes no sense");
    if (imap_take(&t, " ["))
        answer_r->code = t.p;
    answer_r->error = ok ? 0 : no ? imap_code_errno(answer_r->code) : EPROTO;
    return 0;
}

/* Reads answers until one that is neither untagged nor another's. go: a
 * continuation ends it too, with 1. */
static int reply_until(struct imap_conn *c, unsigned tag, bool go,
                       const struct imap_handler *h,
                       struct imap_answer *answer_r, struct err *err)
{
    struct buf *line = imap_conn_line(c);
    int kept = 0;

    for (;;) {
        int ret = reply_read(c, h, err);
        uint64_t n;
        if (ret)
            return ret;
        struct imap_text t = {line->data, line->data + line->len};
        if (imap_take(&t, "* BYE"))
            return bye(c, line->data + 2, err);
        if (imap_take(&t, "* ")) {
            if (!kept && h && h->line)
                kept = h->line(h->ctx, t.p, (size_t)(t.end - t.p), err);
        } else if (imap_take(&t, "+")) {
            if (go)
                return 1;
        } else if (imap_take(&t, "PX") && imap_number(&t, &n) && n == tag &&
                   imap_take(&t, " ")) {
            ret = answer_parse(c, t, answer_r, err);
            return ret ? ret : kept;
        }
        /* What is left is the end of libcurl's own dialogue. */
    }
}

int imap_wait(struct imap_conn *c, unsigned tag, const struct imap_handler *h,
              struct imap_answer *answer_r, struct err *err)
{
    int ret = imap_flush(c, err);

    return ret ? ret : reply_until(c, tag, false, h, answer_r, err);
}

int imap_wait_go(struct imap_conn *c, unsigned tag,
                 struct imap_answer *answer_r, struct err *err)
{
    int ret = imap_flush(c, err);

    return ret ? ret : reply_until(c, tag, true, NULL, answer_r, err);
}

int imap_run(struct imap_conn *c, const char *command,
             const struct imap_handler *h, struct imap_answer *answer_r,
             struct err *err)
{
    unsigned tag;
    int ret = imap_begin(c, command, &tag, err);

    if (!ret)
        ret = imap_write(c, "\r\n", 2, err);
    return ret ? ret : imap_wait(c, tag, h, answer_r, err);
}

int imap_must(struct imap_conn *c, const char *command,
              const struct imap_handler *h, struct err *err)
{
    struct imap_answer answer;
    int ret = imap_run(c, command, h, &answer, err);

    if (!ret && answer.error)
        ret = imap_answer_err(&answer, command, err);
    return ret;
}

int imap_answer_err(const struct imap_answer *answer, const char *what,
                    struct err *err)
{
    return err_set(err, answer->error, "IMAP: %.*s: %.300s",
                   (int)strcspn(what, "\r\n"), what, answer->text);
}
