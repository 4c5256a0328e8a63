/* From the path of a store folder to a mailbox. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pipeline/target/imap.h"
#include "pipeline/target/imap_text.h"

#define COMMAND_MAX  8192
#define STRICT_CHARS "./\\*%\"&#" /* what servers are known to refuse */

/* ---- the namespace ---- */

struct space {
    bool known;
    char sep;
    struct buf prefix;
};

/* Fit to be written in quotes in each command from now on. */
static bool is_plain(const struct buf *text)
{
    for (size_t i = 0; i < text->len; i++)
        if ((unsigned char)text->data[i] < ' ' || text->data[i] == 127)
            return false;
    return !text->error;
}

/* NAMESPACE (("INBOX." ".")) NIL NIL: the first personal one. */
static int space_line(void *ctx, const char *line, size_t len, struct err *err)
{
    struct space *s = ctx;
    struct imap_text t = {line, line + len};
    cleanup_buf struct buf sep = BUF(16);
    bool list = imap_take(&t, "LIST ");

    if (s->known || (!list && !imap_take(&t, "NAMESPACE ((")))
        return 0;
    if (list && (!imap_skip(&t) || !imap_take(&t, " ")))
        return 0;
    buf_clear(&s->prefix);
    if (!list && (!imap_string(&t, &s->prefix) || !imap_take(&t, " ")))
        return 0;
    if (!imap_string(&t, &sep) || sep.len > 1 || !is_plain(&sep) ||
        !is_plain(&s->prefix))
        return 0;
    s->sep = sep.len ? sep.data[0] : '/';
    s->known = true;
    return 0;
}

static int space_ask(struct imap *t, struct space *s, struct err *err)
{
    struct imap_handler h = {.line = space_line, .ctx = s};
    int ret = 0;

    if (imap_conn_caps(t->conn) & IMAP_CAP_NAMESPACE)
        ret = imap_must(t->conn, "NAMESPACE", &h, err);
    if (!ret && !s->known) {
        buf_clear(&s->prefix);
        ret = imap_must(t->conn, "LIST \"\" \"\"", &h, err);
    }
    if (!ret && !s->known)
        ret = err_set(err, EPROTO, "IMAP: no folder separator is told");
    return ret;
}

static int names_need(struct imap *t, struct err *err)
{
    struct space s = {.prefix = BUF(IMAP_NAME_MAX)};
    int ret = t->names ? 0 : space_ask(t, &s, err);

    if (!t->names && !ret) {
        t->ns_prefix = strdup(buf_str(&s.prefix));
        snprintf(t->bad, sizeof(t->bad), "%c", s.sep);
        snprintf(t->strict, sizeof(t->strict), "%c%s", s.sep, STRICT_CHARS);
        t->rules = (struct names_rules){.sep = s.sep,
                                        .prefix = t->ns_prefix,
                                        .max = IMAP_NAME_MAX,
                                        .bad = t->bad,
                                        .strict = t->strict,
                                        .tag = true};
        t->names = t->ns_prefix ? names_new(&t->rules) : NULL;
        if (!t->names)
            ret = err_set(err, ENOMEM, "no memory");
    }
    buf_finish(&s.prefix);
    return ret;
}

/* ---- the path ---- */

/* Errors that another name for the folder would not heal. */
static bool error_is_final(struct imap *t, int ret)
{
    return imap_conn_broken(t->conn) || ret == -EDQUOT || ret == -EAGAIN ||
           ret == -EACCES;
}

/* The first free name for a child; made at the server when absent. */
static int child_claim(struct imap *t, const struct names_node *parent,
                       const char *own, bool strict, struct buf *name,
                       struct err *err)
{
    bool there = false;
    int ret = -EEXIST;

    for (unsigned nth = 1; ret == -EEXIST && nth <= NAMES_TRY_MAX; nth++)
        ret = names_propose(t->names, parent, own, strict, nth, name);
    if (ret)
        return err_set(err, -ret, "IMAP: no name for folder %.200s", own);
    ret = imap_mailbox_is_there(t, name->data, &there, err);
    if (!ret && !there)
        ret = imap_folder_create(t, name->data, err);
    return ret;
}

static int child_make(struct imap *t, const struct names_node *parent,
                      const char *own, struct names_node **node_r,
                      struct err *err)
{
    cleanup_buf struct buf name = BUF(COMMAND_MAX);
    struct err second = {0};
    int ret = child_claim(t, parent, own, false, &name, err);

    /* Refused: perhaps for a character that this server does not like. */
    if (ret && !error_is_final(t, ret)) {
        ret = child_claim(t, parent, own, true, &name, &second);
        if (ret && err && imap_conn_broken(t->conn))
            *err = second;
    }
    if (ret)
        return ret;
    *node_r = names_bind(t->names, parent, own, name.data);
    return *node_r ? 0 : err_set(err, ENOMEM, "no memory");
}

static struct imap_folder *folder_new(const char *name)
{
    struct imap_folder *f = calloc(1, sizeof(*f));

    if (f)
        f->name = strdup(name);
    if (f && !f->name) {
        free(f);
        f = NULL;
    }
    return f;
}

void imap_folder_free(void *folder)
{
    struct imap_folder *f = folder;

    free(f->name);
    free(f);
}

static int node_child(struct imap *t, struct names_node **node, const char *own,
                      struct err *err)
{
    struct names_node *child = names_child(t->names, *node, own);
    int ret = child ? 0 : child_make(t, *node, own, &child, err);

    if (!ret)
        *node = child;
    return ret;
}

/* Down the setting's prefix, whose parts are separated by '/'. */
static int prefix_down(struct imap *t, struct names_node **node,
                       struct err *err)
{
    const char *p = settings_text(t->settings, "imap.prefix");
    int ret = 0;

    for (p += strspn(p, "/"); !ret && *p; p += strspn(p, "/")) {
        char part[NAMES_TEXT_MAX];
        size_t n = strcspn(p, "/");
        snprintf(part, sizeof(part), "%.*s",
                 (int)(n < sizeof(part) ? n : sizeof(part) - 1), p);
        ret = node_child(t, node, part, err);
        p += n;
    }
    return ret;
}

int imap_folder_get(struct imap *t, const char *const *path, size_t n,
                    struct imap_folder **f_r, struct err *err)
{
    struct names_node *node;
    int ret = imap_need(t, err);

    if (!ret)
        ret = names_need(t, err);
    if (ret)
        return ret;
    if (n > NAMES_DEPTH_MAX)
        return err_set(err, ENAMETOOLONG, "more than %d folders deep",
                       NAMES_DEPTH_MAX);
    node = names_root(t->names);
    ret = prefix_down(t, &node, err);
    if (n == 1 && !node->parent && strcasecmp(path[0], "inbox") == 0)
        n = 0;
    for (size_t i = 0; !ret && i < n; i++)
        ret = node_child(t, &node, path[i], err);
    if (ret)
        return ret;
    if (!node->folder)
        node->folder = folder_new(node->parent ? node->name : "INBOX");
    *f_r = node->folder;
    return *f_r ? 0 : err_set(err, ENOMEM, "no memory");
}
