#include "pipeline/target/imap.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/base/io.h"

#define BATCH_ITEMS   256
#define BATCH_BYTES   ((uint64_t)32 << 20)
#define ADDRESS_MAX   254   /* RFC 5321 4.5.3.1.3 */
#define SECRET_MAX    16384 /* bytes of a password or token */
#define DOMAIN_EXTRAS ".-"

static bool domain_is_good(const char *p)
{
    if (!*p || strchr(DOMAIN_EXTRAS, *p) ||
        strchr(DOMAIN_EXTRAS, p[strlen(p) - 1]) || strstr(p, ".."))
        return false;
    for (; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(DOMAIN_EXTRAS, *p) &&
            (unsigned char)*p < 0x80)
            return false;
    return true;
}

/* A login name: "alice", or an address of which the domain is sane. */
static int imap_check(const struct target_params *params, struct err *err)
{
    const char *a = params->address, *at = strrchr(a, '@');

    if (!*a)
        return err_set(err, EINVAL, "imap: the address is missing");
    if (strlen(a) > ADDRESS_MAX)
        return err_set(err, EINVAL, "imap: address longer than %d bytes",
                       ADDRESS_MAX);
    if (strpbrk(a, " \t\r\n\"\\(){}<>,;:/") || *a == '@' ||
        (at && (!domain_is_good(at + 1) || strchr(a, '@') != at)))
        return err_set(err, EINVAL, "imap: bad address %s", a);
    return 0;
}

/* The setting's text with its one %s replaced. */
static char *user_make(const char *pattern, const char *address)
{
    const char *at = strstr(pattern, "%s");
    char *out = NULL;

    if (!at)
        return strdup(pattern);
    if (asprintf(&out, "%.*s%s%s", (int)(at - pattern), pattern, address,
                 at + 2) < 0)
        return NULL;
    return out;
}

/* Read at each connection: a token may have been renewed since. */
static int secret_read(const struct imap *t, char secret_r[SECRET_MAX],
                       struct err *err)
{
    const char *path = settings_text(t->settings, "imap.password_file");
    cleanup_fd int fd = -1;
    ssize_t n;

    if (!*path) {
        snprintf(secret_r, SECRET_MAX, "%s",
                 settings_text(t->settings, "imap.password"));
        return 0;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -errno : io_read(fd, secret_r, SECRET_MAX - 1);
    if (n < 0)
        return err_sys(err, (int)-n, "imap.password_file %s", path);
    secret_r[n] = '\0';
    secret_r[strcspn(secret_r, "\r\n")] = '\0';
    return 0;
}

static enum imap_tls tls_of(const char *text)
{
    if (strcmp(text, "none") == 0)
        return IMAP_TLS_NONE;
    return strcmp(text, "tls") == 0 ? IMAP_TLS_TLS : IMAP_TLS_STARTTLS;
}

int imap_need(struct imap *t, struct err *err)
{
    const struct settings *s = t->settings;
    char secret[SECRET_MAX];
    struct imap_login login = {
        .host = settings_text(s, "imap.host"),
        .port = (long)settings_int(s, "imap.port"),
        .user = t->user,
        .secret = secret,
        .ca = settings_text(s, "imap.ca"),
        .tls = tls_of(settings_text(s, "imap.tls")),
        .verify = settings_bool(s, "imap.verify"),
        .xoauth2 = strcmp(settings_text(s, "imap.auth"), "xoauth2") == 0,
    };
    int ret;

    if (t->conn && !imap_conn_broken(t->conn))
        return 0;
    imap_conn_free(&t->conn);
    ret = secret_read(t, secret, err);
    if (!ret)
        ret = imap_conn_new(&login, &t->conn, err);
    explicit_bzero(secret, sizeof(secret));
    return ret;
}

static void imap_free(struct imap **t)
{
    if (!*t)
        return;
    imap_conn_free(&(*t)->conn);
    if ((*t)->names) {
        names_each((*t)->names, imap_folder_free);
        names_free(&(*t)->names);
    }
    hash_free(&(*t)->hash);
    free((*t)->step);
    free((*t)->user);
    free((*t)->ns_prefix);
    free(*t);
    *t = NULL;
}

static int imap_open(const struct target_params *params, struct target **t_r,
                     struct err *err)
{
    cleanup_with(imap_free) struct imap *t = calloc(1, sizeof(*t));
    int ret = imap_check(params, err);

    if (ret)
        return ret;
    if (!t)
        return err_set(err, ENOMEM, "no memory");
    t->settings = params->settings;
    t->user = user_make(settings_text(params->settings, "imap.user"),
                        params->address);
    t->hash = hash_new();
    t->step = malloc(IMAP_STEP);
    if (!t->user || !t->hash || !t->step)
        return err_set(err, ENOMEM, "no memory");
    ret = imap_need(t, err);
    if (ret)
        return ret;
    *t_r = (struct target *)steal_ptr(t);
    return 0;
}

static void imap_close(struct target *target)
{
    struct imap *t = (struct imap *)target;

    imap_free(&t);
}

static int imap_folder_op(struct target *t, const char *const *names, size_t n,
                          struct target_folder **f_r, struct err *err)
{
    return imap_folder_get((struct imap *)t, names, n,
                           (struct imap_folder **)f_r, err);
}

static const char *imap_folder_name(const struct target_folder *f)
{
    return ((const struct imap_folder *)f)->name;
}

const struct target_ops imap_ops = {
    .kind = "imap",
    .help = "imap:ADDRESS, a mailbox on the server of imap.host",
    .crlf = true,
    .batch_items = BATCH_ITEMS,
    .batch_bytes = BATCH_BYTES,
    .check = imap_check,
    .open = imap_open,
    .close = imap_close,
    .folder = imap_folder_op,
    .folder_name = imap_folder_name,
    .find = imap_find,
    .put = imap_put,
    .readback = imap_readback,
};
