#include "pipeline/target/imap_append.h"

#include <stdio.h>
#include <string.h>

#include "pipeline/base/clock.h"
#include "pipeline/target/imap_text.h"
#include "pipeline/target/item.h"

#define HEAD_MAX          4096
#define LITERAL_MINUS_MAX 4096 /* RFC 7888 section 5 */

/* May a literal of that size be sent without asking? */
static bool literal_is_free(const struct imap *t, uint64_t size)
{
    unsigned caps = imap_conn_caps(t->conn);

    return (caps & IMAP_CAP_LITERAL_PLUS) ||
           ((caps & IMAP_CAP_LITERAL_MINUS) && size <= LITERAL_MINUS_MAX);
}

static void flags_write(const struct imap_folder *f, uint32_t flags,
                        struct buf *out)
{
    static const struct {
        uint32_t flag;
        const char *word;
    } table[] = {
        {TARGET_SEEN, "\\Seen"},          {TARGET_ANSWERED, "\\Answered"},
        {TARGET_FLAGGED, "\\Flagged"},    {TARGET_DRAFT, "\\Draft"},
        {TARGET_FORWARDED, "$Forwarded"},
    };
    size_t start = out->len;

    if (f->forwarded != IMAP_KEYWORDS_YES)
        flags &= ~(uint32_t)TARGET_FORWARDED;
    for (size_t i = 0; i < array_len(table); i++)
        if (flags & table[i].flag)
            buf_addf(out, "%s%s", out->len > start ? " " : " (", table[i].word);
    if (out->len > start)
        buf_addc(out, ')');
}

/* ' (\Seen) "01-Feb-2004 ..." {123+}'. Times that mail servers keep in 32
 * bits must fit those; others are left out. */
static int head_write(struct imap *t, const struct imap_folder *f,
                      const struct target_item *item, struct err *err)
{
    cleanup_buf struct buf b = BUF(HEAD_MAX);
    char date[TIME_TEXT_MAX];

    flags_write(f, item->flags, &b);
    if (item->time > 0 && item->time <= UINT32_MAX)
        buf_addf(&b, " \"%s\"", time_imap(item->time, date));
    buf_addf(&b, " {%llu%s}\r\n", (unsigned long long)item->size,
             literal_is_free(t, item->size) ? "+" : "");
    return imap_write(t->conn, b.data, b.len, err);
}

static int command_begin(struct imap *t, const struct imap_folder *f,
                         unsigned *tag_r, struct err *err)
{
    cleanup_buf struct buf b = BUF(HEAD_MAX);

    buf_adds(&b, "APPEND ");
    imap_quote(&b, f->name);
    return imap_begin(t->conn, buf_str(&b), tag_r, err);
}

/* Head of an item, and the server's consent where it is needed: 1 go on, 0
 * the command is over with *a. */
static int item_begin(struct imap *t, const struct imap_folder *f,
                      const struct target_item *item, unsigned tag,
                      struct imap_answer *a, struct err *err)
{
    int ret = head_write(t, f, item, err);

    if (ret || literal_is_free(t, item->size))
        return ret ? ret : 1;
    return imap_wait_go(t->conn, tag, a, err);
}

/* Sends one command with n messages. 1: sent, its answer is to come; 0: it
 * was refused early, with *a. */
static int command_send(struct imap *t, const struct imap_folder *f,
                        struct target_item **items, size_t n, unsigned *tag_r,
                        struct imap_answer *a, struct err *err)
{
    int ret = command_begin(t, f, tag_r, err);

    for (size_t i = 0; !ret && i < n; i++) {
        ret = item_begin(t, f, items[i], *tag_r, a, err);
        if (ret != 1)
            return ret;
        ret = imap_write(t->conn, items[i]->data, (size_t)items[i]->size, err);
    }
    if (!ret)
        ret = imap_write(t->conn, "\r\n", 2, err);
    return ret ? ret : 1;
}

/* Takes the UIDs of n stored messages from the answer, when it has them. */
static void uids_take(const struct imap_answer *a, struct target_item **items,
                      size_t n)
{
    struct imap_text text = {a->code, a->code + strlen(a->code)};
    cleanup_free uint32_t *uids = calloc(n + 1, sizeof(*uids));
    uint64_t validity = 0;
    bool told = uids && imap_take(&text, "APPENDUID ") &&
                imap_number(&text, &validity) && imap_take(&text, " ") &&
                imap_set_read(text.p, uids, n);

    for (size_t i = 0; i < n; i++) {
        if (told)
            imap_remote_set(items[i], (uint32_t)validity, uids[i]);
        items[i]->error = 0;
    }
}

/* What the end of a command means for its items. */
static int answer_take(const struct imap_answer *a, struct target_item **items,
                       size_t n, struct err *err)
{
    struct err why = {0};

    if (!a->error) {
        uids_take(a, items, n);
        return 0;
    }
    /* The server is not well: no fault of the messages. */
    if (a->error == EAGAIN)
        return imap_answer_err(a, "APPEND", err);
    imap_answer_err(a, "APPEND", &why);
    for (size_t i = 0; i < n; i++) {
        item_fail(items[i], &why);
        if (n > 1)
            items[i]->error = IMAP_REFUSED;
    }
    return 0;
}

int imap_append_send(struct imap *t, struct imap_folder *f,
                     struct target_item **items, size_t n,
                     struct imap_flight *flight_r, struct err *err)
{
    struct imap_answer a;
    unsigned tag;
    int ret = command_send(t, f, items, n, &tag, &a, err);

    *flight_r = (struct imap_flight){0};
    if (ret == 1)
        ret = imap_flush(t->conn, err) ? -ECONNRESET : 1;
    for (size_t i = 0; ret >= 0 && i < n; i++)
        hash_once(items[i]->data, (size_t)items[i]->size, items[i]->hash);
    if (ret == 1)
        *flight_r = (struct imap_flight){items, n, tag};
    if (ret == 0)
        return answer_take(&a, items, n, err);
    return ret < 0 ? ret : 0;
}

int imap_append_land(struct imap *t, struct imap_flight *flight,
                     struct err *err)
{
    struct imap_answer a;
    size_t n = flight->n;
    uint64_t begin = time_mono_ms();
    int ret = n ? imap_wait(t->conn, flight->tag, NULL, &a, err) : 0;

    flight->n = 0;
    if (time_mono_ms() - begin > t->slowest_ms)
        t->slowest_ms = time_mono_ms() - begin;
    return ret || !n ? ret : answer_take(&a, flight->items, n, err);
}

bool imap_append_may_lead(const struct imap *t, struct target_item **items,
                          size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!literal_is_free(t, items[i]->size))
            return false;
    return true;
}

/* All that was sent is read, also after an error; the first one counts. */
static int ahead_land(struct imap *t, struct imap_flight *flights, size_t n,
                      struct err *err)
{
    int ret = 0;

    for (size_t i = 0; i < n && !imap_conn_broken(t->conn); i++) {
        int one = imap_append_land(t, &flights[i], ret ? NULL : err);
        ret = ret ? ret : one;
    }
    return ret;
}

int imap_append_singles(struct imap *t, struct imap_folder *f,
                        struct target_item **items, size_t n, struct err *err)
{
    struct imap_flight flights[IMAP_AHEAD_MAX];
    int ret = 0;

    for (size_t i = 0; !ret && i < n;) {
        size_t k = n - i < IMAP_AHEAD_MAX ? n - i : IMAP_AHEAD_MAX;
        if (!imap_append_may_lead(t, items + i, k))
            k = 1;
        for (size_t j = 0; !ret && j < k; j++)
            ret = imap_append_send(t, f, items + i + j, 1, &flights[j], err);
        if (!ret)
            ret = ahead_land(t, flights, k, err);
        i += k;
    }
    return ret;
}

/* ---- streaming ---- */

struct stream {
    struct imap *t;
    bool sending; /* the error is the connection's, not the item's */
};

static int piece_send(void *ctx, const void *data, size_t len, struct err *err)
{
    struct stream *s = ctx;
    int ret;

    if (memchr(data, 0, len))
        return err_set(err, EILSEQ, "the message has a NUL byte");
    hash_add(s->t->hash, data, len);
    ret = imap_write(s->t->conn, data, len, err);
    s->sending = ret != 0;
    return ret;
}

static int stream_body(struct imap *t, struct target_item *item,
                       struct err *err)
{
    struct stream s = {.t = t};
    struct err why = {0};
    int ret = item_each(item, t->step, IMAP_STEP, piece_send, &s, &why);

    hash_end(t->hash, item->hash);
    if (!ret)
        return imap_write(t->conn, "\r\n", 2, err);
    imap_conn_cut(t->conn);
    if (!s.sending) {
        item_fail(item, &why);
        return 0;
    }
    if (err)
        *err = why;
    return ret;
}

int imap_append_stream(struct imap *t, struct imap_folder *f,
                       struct target_item *item, struct err *err)
{
    struct imap_answer a = {.code = "", .text = ""};
    unsigned tag;
    int ret = command_begin(t, f, &tag, err);

    if (!ret)
        ret = item_begin(t, f, item, tag, &a, err);
    if (ret == 0)
        return answer_take(&a, &item, 1, err);
    if (ret == 1)
        ret = stream_body(t, item, err);
    /* Cut: the item failed, and the server forgets it. */
    if (!ret && imap_conn_broken(t->conn))
        return 0;
    if (!ret)
        ret = imap_wait(t->conn, tag, NULL, &a, err);
    return ret ? ret : answer_take(&a, &item, 1, err);
}
