#include "fs/options.h"

#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/stale.h"
#include "pipeline/base/buf.h"
#include "pipeline/base/io.h"

#define FUSE_OPTIONS_MAX 65536
#define THREADS_MAX      1024

enum { OPT_STATE = 256, OPT_CONFIG, OPT_WORKER, OPT_HELP, OPT_VERSION };

static const struct option long_options[] = {
    {"state", required_argument, NULL, OPT_STATE},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"worker", required_argument, NULL, OPT_WORKER},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {0},
};

const char *options_usage(void)
{
    return "usage: pstfs [options] SOURCE... MOUNTPOINT\n"
           "\n"
           "Shows the Outlook data files (PST, OST) in each SOURCE, a\n"
           "directory or a file, as folders of ordinary files at MOUNTPOINT.\n"
           "\n"
           "  --state DIR    where the state is kept; one mount at a time.\n"
           "                 Default: $XDG_STATE_HOME/pstfs, else\n"
           "                 ~/.local/state/pstfs, of root /var/lib/pstfs\n"
           "  --config FILE  settings\n"
           "  -f             stay in the foreground, log to the terminal\n"
           "  -d             show every FUSE request (implies -f)\n"
           "  -o OPTIONS     FUSE mount options (allow_other, ro ...), and\n"
           "                   max_threads=N  requests served at once (64)\n"
           "                   no_attachments no NAME.attachments beside an\n"
           "                                  item that has attachments\n"
           "                   no_xattr       no extended attributes\n"
           "  --help, --version\n";
}

void options_finish(struct options *o)
{
    for (size_t i = 0; i < o->n_sources; i++)
        free(o->sources[i]);
    free(o->sources);
    free(o->state);
    free(o->config);
    free(o->mountpoint);
    free(o->fuse);
    *o = (struct options){0};
}

/* ---- -o ---- */

static int take_number(const char *text, unsigned long max, unsigned *n_r,
                       struct err *err)
{
    unsigned long n;
    char *end;

    errno = 0;
    n = strtoul(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || n > max)
        return err_set(err, EINVAL, "%s: not a number from 0 to %lu", text,
                       max);
    *n_r = (unsigned)n;
    return 0;
}

/* The options that are one word; false when it is none. */
static bool take_word(struct options *o, const char *one, size_t len)
{
    const struct {
        const char *word;
        bool *to, value;
    } words[] = {
        {"no_xattr", &o->no_xattr, true},
        {"noxattr", &o->no_xattr, true},
        {"xattr", &o->no_xattr, false},
        {"no_attachments", &o->no_attachments, true},
    };

    for (size_t i = 0; i < array_len(words); i++) {
        if (len != strlen(words[i].word) || strncmp(one, words[i].word, len))
            continue;
        *words[i].to = words[i].value;
        return true;
    }
    return false;
}

static int take_fuse_option(struct options *o, const char *one, size_t len,
                            struct buf *rest, struct err *err)
{
    static const char threads[] = "max_threads=";
    char text[32];

    if (take_word(o, one, len)) {
        return 0;
    } else if (!strncmp(one, threads, strlen(threads))) {
        snprintf(text, sizeof(text), "%.*s", (int)(len - strlen(threads)),
                 one + strlen(threads));
        if (take_number(text, THREADS_MAX, &o->max_threads, err) < 0)
            return err_wrap(err, "max_threads");
        if (o->max_threads == 0)
            return err_set(err, EINVAL, "max_threads: at least 1");
    } else if (len) {
        buf_addf(rest, ",%.*s", (int)len, one);
    }
    return 0;
}

static int take_fuse_options(struct options *o, const char *text,
                             struct buf *rest, struct err *err)
{
    int rc = 0;

    while (rc == 0) {
        size_t len = strcspn(text, ",");
        rc = take_fuse_option(o, text, len, rest, err);
        text += len;
        if (!*text++)
            break;
    }
    return rc;
}

/* ---- paths ---- */

static int take_path(const char *path, char **path_r, struct err *err)
{
    free(*path_r);
    *path_r = realpath(path, NULL);
    return *path_r ? 0 : err_sys(err, errno, "%s", path);
}

static char *default_state(void)
{
    const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    const struct passwd *user;

    if (base && base[0] == '/')
        return io_join(base, "pstfs");
    if (geteuid() == 0)
        return strdup("/var/lib/pstfs");
    if (!home && (user = getpwuid(geteuid())))
        home = user->pw_dir;
    return io_join(home ? home : "/", ".local/state/pstfs");
}

/* The directory is made here, so that its path can be resolved. */
static int take_state(struct options *o, const char *given, struct err *err)
{
    cleanup_free char *path = given ? strdup(given) : default_state();
    int rc = path ? io_mkdirs(path, 0700, err) : -ENOMEM;

    return rc < 0 ? rc : take_path(path, &o->state, err);
}

static int take_mountpoint(const char *path, char **path_r, struct err *err)
{
    int rc = stale_clear(path, err);
    struct stat st;

    if (rc == 0)
        rc = take_path(path, path_r, err);
    if (rc == 0 && stat(*path_r, &st) < 0)
        rc = err_sys(err, errno, "%s", path);
    else if (rc == 0 && !S_ISDIR(st.st_mode))
        rc = err_set(err, ENOTDIR, "%s is no directory to mount on", path);
    return rc;
}

/* Would the mount hide path? */
static bool is_below(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    return !strcmp(dir, "/") ||
           (!strncmp(path, dir, len) && (!path[len] || path[len] == '/'));
}

static int take_places(struct options *o, char **args, size_t n,
                       struct err *err)
{
    int rc = take_mountpoint(args[n - 1], &o->mountpoint, err);

    o->sources = calloc(n, sizeof(*o->sources));
    if (!o->sources)
        return err_sys(err, ENOMEM, "sources");
    for (; rc == 0 && o->n_sources < n - 1; o->n_sources++)
        rc = take_path(args[o->n_sources], &o->sources[o->n_sources], err);
    for (size_t i = 0; rc == 0 && i < o->n_sources; i++)
        if (is_below(o->sources[i], o->mountpoint))
            rc = err_set(err, EINVAL, "the mount would hide its source %s",
                         o->sources[i]);
    if (rc == 0 && is_below(o->state, o->mountpoint))
        rc =
            err_set(err, EINVAL, "the mount would hide its state %s", o->state);
    return rc;
}

/* ---- all together ---- */

struct parse {
    struct options *o;
    const char *state, *config;
    struct buf fuse;
};

static int take_option(struct parse *p, int option, const char *value,
                       struct err *err)
{
    unsigned slot = 0;
    int rc = 0;

    switch (option) {
    case 'f':
        p->o->foreground = true;
        break;
    case 'd':
        p->o->debug = p->o->foreground = true;
        break;
    case 'o':
        return take_fuse_options(p->o, value, &p->fuse, err);
    case OPT_STATE:
        p->state = value;
        break;
    case OPT_CONFIG:
        p->config = value;
        break;
    case OPT_WORKER:
        rc = take_number(value, INT_MAX, &slot, err);
        p->o->worker = rc == 0 ? (int)slot : -1;
        break;
    case OPT_HELP:
        p->o->help = true;
        break;
    case OPT_VERSION:
        p->o->version = true;
        break;
    default: /* getopt has said what is wrong */
        return err_set(err, EINVAL, "try pstfs --help");
    }
    return rc;
}

static int take_rest(struct parse *p, char **args, int n, struct err *err)
{
    struct options *o = p->o;
    int rc = take_state(o, p->state, err);

    if (rc == 0 && p->config)
        rc = take_path(p->config, &o->config, err);
    if (rc < 0)
        return rc;
    if (o->worker >= 0)
        return n ? err_set(err, EINVAL, "a worker takes no paths") : 0;
    if (n < 2)
        return err_set(err, EINVAL,
                       "wanted: SOURCE... MOUNTPOINT; "
                       "try pstfs --help");
    o->fuse = strdup(buf_str(&p->fuse));
    if (!o->fuse)
        return err_sys(err, ENOMEM, "options");
    return take_places(o, args, (size_t)n, err);
}

int options_parse(int argc, char **argv, struct options *o_r, struct err *err)
{
    struct parse p = {.o = o_r, .fuse = BUF(FUSE_OPTIONS_MAX)};
    int option, rc = 0;

    *o_r = (struct options){.worker = -1, .max_threads = OPTIONS_THREADS};
    while (rc == 0 &&
           (option = getopt_long(argc, argv, "fdo:h", long_options, NULL)) >= 0)
        rc = take_option(&p, option == 'h' ? OPT_HELP : option, optarg, err);
    if (rc == 0 && !o_r->help && !o_r->version)
        rc = take_rest(&p, argv + optind, argc - optind, err);
    buf_finish(&p.fuse);
    if (rc < 0)
        options_finish(o_r);
    return rc;
}
