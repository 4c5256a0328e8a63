/* Commands on one mailbox: is it there, make it, open it, ask it. */
#include <stdio.h>
#include <string.h>

#include "pipeline/target/imap.h"
#include "pipeline/target/imap_text.h"

#define COMMAND_MAX 8192

static void command_make(struct buf *b, const char *before, const char *name,
                         const char *after)
{
    buf_adds(b, before);
    imap_quote(b, name);
    buf_adds(b, after);
}

static int mailbox_run(struct imap *t, const char *before, const char *name,
                       const char *after, const struct imap_handler *h,
                       struct imap_answer *answer_r, struct err *err)
{
    cleanup_buf struct buf b = BUF(COMMAND_MAX);

    command_make(&b, before, name, after);
    if (b.error)
        return err_set(err, b.error, "IMAP: a name is too long");
    return imap_run(t->conn, b.data, h, answer_r, err);
}

struct listed {
    const char *name;
    bool there;
};

/* LIST (\HasNoChildren) "/" "name" */
static int list_line(void *ctx, const char *line, size_t len, struct err *err)
{
    struct listed *l = ctx;
    struct imap_text t = {line, line + len}, flags;
    cleanup_buf struct buf name = BUF(IMAP_LINE_MAX);

    if (!imap_take(&t, "LIST "))
        return 0;
    flags = t;
    if (!imap_skip(&t) || !imap_take(&t, " ") || !imap_skip(&t) ||
        !imap_take(&t, " ") || !imap_string(&t, &name))
        return 0;
    if (strcmp(buf_str(&name), l->name) == 0 &&
        !imap_list_has(flags, "\\NonExistent") &&
        !imap_list_has(flags, "\\Noselect"))
        l->there = true;
    return 0;
}

int imap_mailbox_is_there(struct imap *t, const char *name, bool *there_r,
                          struct err *err)
{
    struct listed l = {.name = name};
    struct imap_handler h = {.line = list_line, .ctx = &l};
    struct imap_answer answer;
    int ret = mailbox_run(t, "LIST \"\" ", name, "", &h, &answer, err);

    *there_r = l.there;
    return ret;
}

int imap_folder_create(struct imap *t, const char *name, struct err *err)
{
    struct imap_answer answer;
    int ret = mailbox_run(t, "CREATE ", name, "", NULL, &answer, err);

    if (ret)
        return ret;
    if (answer.error && answer.error != EEXIST)
        return imap_answer_err(&answer, "CREATE", err);
    /* Some servers do not know subscriptions; nothing is lost. */
    return mailbox_run(t, "SUBSCRIBE ", name, "", NULL, &answer, err);
}

static int select_line(void *ctx, const char *line, size_t len, struct err *err)
{
    struct imap_folder *f = ctx;
    struct imap_text t = {line, line + len};
    uint64_t n;

    if (imap_number(&t, &n)) {
        if (imap_take(&t, " EXISTS"))
            f->exists = (uint32_t)n;
    } else if (imap_take(&t, "OK [UIDVALIDITY ") && imap_number(&t, &n)) {
        f->uidvalidity = (uint32_t)n;
    } else if (imap_take(&t, "OK [UIDNEXT ") && imap_number(&t, &n)) {
        f->uidnext = (uint32_t)n;
    } else if (imap_take(&t, "OK [PERMANENTFLAGS ")) {
        f->forwarded = imap_list_has(t, "\\*") || imap_list_has(t, "$Forwarded")
                           ? IMAP_KEYWORDS_YES
                           : IMAP_KEYWORDS_NO;
    }
    return 0;
}

int imap_folder_select(struct imap *t, struct imap_folder *f, bool writable,
                       struct err *err)
{
    struct imap_folder seen = {.forwarded = IMAP_KEYWORDS_YES};
    struct imap_handler h = {.line = select_line, .ctx = &seen};
    struct imap_answer answer;
    int ret = mailbox_run(t, writable ? "SELECT " : "EXAMINE ", f->name, "", &h,
                          &answer, err);

    if (!ret && answer.error)
        ret = imap_answer_err(&answer, f->name, err);
    if (ret)
        return ret;
    f->uidvalidity = seen.uidvalidity;
    f->uidnext = seen.uidnext;
    f->exists = seen.exists;
    /* A mailbox opened for reading only allows no flags at all. */
    if (writable)
        f->forwarded = seen.forwarded;
    return 0;
}

/* CLOSE expunges what was selected for writing, so that is examined first. */
int imap_folder_unselect(struct imap *t, struct imap_folder *f, bool writable,
                         struct err *err)
{
    struct imap_answer answer;
    int ret = 0;

    if (imap_conn_caps(t->conn) & IMAP_CAP_UNSELECT)
        return imap_run(t->conn, "UNSELECT", NULL, &answer, err);
    if (writable)
        ret = imap_folder_select(t, f, false, err);
    return ret ? ret : imap_run(t->conn, "CLOSE", NULL, &answer, err);
}

struct status {
    const char *what;
    bool known;
    uint64_t n;
};

/* STATUS "name" (UIDNEXT 5) */
static int status_line(void *ctx, const char *line, size_t len, struct err *err)
{
    struct status *s = ctx;
    struct imap_text t = {line, line + len};

    if (imap_take(&t, "STATUS ") && imap_skip(&t) && imap_take(&t, " (") &&
        imap_take(&t, s->what) && imap_take(&t, " "))
        s->known = imap_number(&t, &s->n);
    return 0;
}

int imap_folder_status(struct imap *t, const struct imap_folder *f,
                       const char *what, uint64_t *n_r, struct err *err)
{
    struct status s = {.what = what};
    struct imap_handler h = {.line = status_line, .ctx = &s};
    struct imap_answer answer;
    char after[64];
    int ret;

    snprintf(after, sizeof(after), " (%s)", what);
    ret = mailbox_run(t, "STATUS ", f->name, after, &h, &answer, err);
    if (!ret && (answer.error || !s.known))
        ret = err_set(err, ENOENT, "IMAP: no %s of %s", what, f->name);
    *n_r = s.n;
    return ret;
}
