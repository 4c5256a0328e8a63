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
static bool uids_told(const struct imap_answer *a, struct target_item **items,
                      size_t n)
{
    struct imap_text text = {a->code, a->code + strlen(a->code)};
    cleanup_free uint32_t *uids = calloc(n + 1, sizeof(*uids));
    uint64_t validity = 0;

    if (!uids || !imap_take(&text, "APPENDUID ") ||
        !imap_number(&text, &validity) || !imap_take(&text, " ") ||
        !imap_set_read(text.p, uids, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        imap_remote_set(items[i], (uint32_t)validity, uids[i]);
        items[i]->error = 0;
    }
    return true;
}

/* The same by looking for the messages. A server that changes them hides
 * them from us: their UID is 0 then. */
static int uids_look(struct imap *t, struct imap_folder *f, uint64_t uid_min,
                     struct target_item **items, size_t n, struct err *err)
{
    int ret = n ? imap_look(t, f, items, n, (uint32_t)uid_min, err) : 0;

    for (size_t i = 0; i < n; i++) {
        if (!ret && items[i]->error)
            imap_remote_set(items[i], f->uidvalidity, 0);
        items[i]->error = ret ? EINPROGRESS : 0;
    }
    return ret;
}

static int uids_take(struct imap *t, struct imap_folder *f,
                     const struct imap_answer *a, uint64_t uid_min,
                     struct target_item **items, size_t n, struct err *err)
{
    return uids_told(a, items, n) ? 0 : uids_look(t, f, uid_min, items, n, err);
}

/* Without UIDPLUS new messages are those from here on. */
static int uid_min_need(struct imap *t, const struct imap_folder *f,
                        uint64_t *uid_r, struct err *err)
{
    int ret;

    *uid_r = 0;
    if (imap_conn_caps(t->conn) & IMAP_CAP_UIDPLUS)
        return 0;
    ret = imap_folder_status(t, f, "UIDNEXT", uid_r, err);
    return imap_conn_broken(t->conn) ? ret : 0;
}

static int answer_fail(const struct imap_answer *a, struct target_item *item,
                       struct err *err)
{
    struct err why = {0};

    imap_answer_err(a, "APPEND", &why);
    item_fail(item, &why);
    /* The server is not well: not the message's fault. */
    return a->error == EAGAIN ? imap_answer_err(a, "APPEND", err) : 0;
}

/* The answer to one message's own command. */
static int single_take(struct imap *t, struct imap_folder *f,
                       const struct imap_answer *a, uint64_t uid_min,
                       struct target_item *item, struct err *err)
{
    return a->error ? answer_fail(a, item, err)
                    : uids_take(t, f, a, uid_min, &item, 1, err);
}

static int single_send(struct imap *t, struct imap_folder *f,
                       struct target_item *item, struct err *err)
{
    struct imap_answer a;
    uint64_t uid_min = 0;
    unsigned tag;
    int ret = uid_min_need(t, f, &uid_min, err);

    if (!ret)
        ret = command_send(t, f, &item, 1, &tag, &a, err);
    if (ret == 1)
        ret = imap_wait(t->conn, tag, NULL, &a, err);
    return ret ? ret : single_take(t, f, &a, uid_min, item, err);
}

/* Reads the answers of all commands that were sent, also after an error. */
static int ahead_take(struct imap *t, struct imap_folder *f,
                      const unsigned *tags, struct target_item **items,
                      size_t n, struct err *err)
{
    struct target_item *late[IMAP_AHEAD_MAX];
    struct imap_answer a;
    size_t late_n = 0;
    int ret = 0;

    for (size_t i = 0; i < n && !imap_conn_broken(t->conn); i++) {
        struct err *first = ret ? NULL : err;
        int one = imap_wait(t->conn, tags[i], NULL, &a, first);
        if (!one && a.error)
            one = answer_fail(&a, items[i], first);
        else if (!one && !uids_told(&a, items + i, 1))
            late[late_n++] = items[i];
        ret = ret ? ret : one;
    }
    return ret ? ret : uids_look(t, f, 0, late, late_n, err);
}

/* Several commands under way at once: literals must be free. */
static int ahead_send(struct imap *t, struct imap_folder *f,
                      struct target_item **items, size_t n, struct err *err)
{
    unsigned tags[IMAP_AHEAD_MAX];
    struct imap_answer a;
    int ret = 1;

    for (size_t i = 0; ret == 1 && i < n; i++)
        ret = command_send(t, f, items + i, 1, &tags[i], &a, err);
    return ret < 0 ? ret : ahead_take(t, f, tags, items, n, err);
}

static bool all_are_free(const struct imap *t, struct target_item **items,
                         size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!literal_is_free(t, items[i]->size))
            return false;
    return imap_conn_caps(t->conn) & IMAP_CAP_UIDPLUS;
}

static int singles_send(struct imap *t, struct imap_folder *f,
                        struct target_item **items, size_t n, struct err *err)
{
    int ret = 0;

    for (size_t i = 0; !ret && i < n;) {
        size_t k = n - i < IMAP_AHEAD_MAX ? n - i : IMAP_AHEAD_MAX;
        if (all_are_free(t, items + i, k)) {
            ret = ahead_send(t, f, items + i, k, err);
        } else {
            ret = single_send(t, f, items[i], err);
            k = 1;
        }
        i += k;
    }
    return ret;
}

static int multi_send(struct imap *t, struct imap_folder *f,
                      struct target_item **items, size_t n, struct err *err)
{
    struct imap_answer a;
    uint64_t uid_min;
    unsigned tag;
    int ret = uid_min_need(t, f, &uid_min, err);

    if (!ret)
        ret = command_send(t, f, items, n, &tag, &a, err);
    if (ret == 1)
        ret = imap_wait(t->conn, tag, NULL, &a, err);
    if (ret)
        return ret;
    if (!a.error)
        return uids_take(t, f, &a, uid_min, items, n, err);
    if (a.error == EAGAIN)
        return imap_answer_err(&a, "APPEND", err);
    return singles_send(t, f, items, n, err);
}

int imap_append_group(struct imap *t, struct imap_folder *f,
                      struct target_item **items, size_t n, struct err *err)
{
    if (n == 1 || !(imap_conn_caps(t->conn) & IMAP_CAP_MULTIAPPEND))
        return singles_send(t, f, items, n, err);
    return multi_send(t, f, items, n, err);
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
    uint64_t uid_min = 0;
    unsigned tag;
    int ret = uid_min_need(t, f, &uid_min, err);

    if (!ret)
        ret = command_begin(t, f, &tag, err);
    if (!ret)
        ret = item_begin(t, f, item, tag, &a, err);
    if (ret == 0)
        return single_take(t, f, &a, uid_min, item, err);
    if (ret == 1)
        ret = stream_body(t, item, err);
    /* Cut: the item failed, and the server forgets it. */
    if (!ret && imap_conn_broken(t->conn))
        return 0;
    if (!ret)
        ret = imap_wait(t->conn, tag, NULL, &a, err);
    return ret ? ret : single_take(t, f, &a, uid_min, item, err);
}
