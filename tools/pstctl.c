/*
 * pstctl: the mount from the command line. It reads and writes the mount's
 * files and nothing else, so whatever it does a script can do as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/base/buf.h"
#include "pipeline/base/io.h"
#include "tools/ctl_item.h"
#include "tools/ctl_list.h"
#include "tools/ctl_mount.h"
#include "tools/ctl_watch.h"

enum {
    EXIT_OK = 0,
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_THERE = 3,
    EXIT_NOT_DONE = 4,
};

struct ctl {
    const char *given; /* -m */
    char *mount;
    bool wait;
    const char *format; /* of cat; NULL: as the file is */
};

struct command {
    const char *name, *args, *help;
    int min, max;    /* arguments */
    bool first_path; /* the first one may be a path in the mount */
    int (*run)(struct ctl *ctl, int n, char **args, struct err *err);
};

static int code_of(int rc)
{
    if (rc >= 0)
        return rc;
    return rc == -ENOENT ? EXIT_NOT_THERE : EXIT_REFUSED;
}

static int print(const struct buf *text, struct err *err)
{
    int rc = io_write(STDOUT_FILENO, buf_str(text), text->len);

    return rc ? err_sys(err, -rc, "output") : 0;
}

/* ---- looking ---- */

static int run_list(struct ctl *ctl, int n, char **args, struct err *err)
{
    cleanup_buf struct buf csv = BUF(CTL_TEXT_MAX);
    cleanup_buf struct buf out = BUF(CTL_TEXT_MAX);
    int rc = ctl_read(ctl->mount, "stores.csv", &csv, err);

    if (!rc)
        rc = ctl_list_stores(&csv, &out, err);
    return rc ? rc : print(&out, err);
}

static int run_status(struct ctl *ctl, int n, char **args, struct err *err)
{
    cleanup_buf struct buf text = BUF(CTL_TEXT_MAX);
    cleanup_buf struct buf out = BUF(CTL_TEXT_MAX);
    cleanup_free char *dir = NULL;
    int rc = n ? ctl_store_find(ctl->mount, args[0], &dir, err) : 0;

    if (!rc)
        rc = ctl_read(n ? dir : ctl->mount, "status", &text, err);
    if (rc)
        return rc;
    ctl_list_pairs(buf_str(&text), &out);
    return print(&out, err);
}

static int run_errors(struct ctl *ctl, int n, char **args, struct err *err)
{
    cleanup_buf struct buf text = BUF(CTL_TEXT_MAX);
    int rc = ctl_read(ctl->mount, "errors", &text, err);

    return rc ? rc : print(&text, err);
}

static int run_cat(struct ctl *ctl, int n, char **args, struct err *err)
{
    cleanup_free char *path = NULL, *data = malloc(1 << 16);
    cleanup_fd int fd = -1;
    ssize_t got;
    int rc = ctl_path_find(ctl->mount, args[0], &path, err);

    if (!rc && ctl->format) {
        char *item = path;
        rc = ctl_item_export(item, ctl->format, &path, err);
        free(item);
    }
    if (rc)
        return rc;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || !data)
        return err_sys(err, errno, "%s", args[0]);
    while ((got = io_read(fd, data, 1 << 16)) > 0) {
        rc = io_write(STDOUT_FILENO, data, (size_t)got);
        if (rc)
            return err_sys(err, -rc, "output");
    }
    return got < 0 ? err_sys(err, (int)-got, "%s", args[0]) : 0;
}

/* ---- doing ---- */

/* Reads the store's `wait`, which ends when the job does. */
static int wait_end(const char *dir, const char *place, struct err *err)
{
    cleanup_buf struct buf text = BUF(CTL_TEXT_MAX);
    cleanup_buf struct buf state = BUF(256);
    cleanup_buf struct buf why = BUF(1 << 16);
    int rc = ctl_read(dir, "wait", &text, err);

    if (rc)
        return rc;
    if (!ctl_value(buf_str(&text), "state", &state))
        return err_set(err, EPROTO, "%s: wait gives no state", place);
    printf("%s: %s\n", place, buf_str(&state));
    if (strcmp(buf_str(&state), "done") == 0)
        return EXIT_OK;
    if (ctl_value(buf_str(&text), "error", &why) && why.len &&
        strcmp(buf_str(&why), "-") != 0)
        fprintf(stderr, "pstctl: %s: %s\n", place, buf_str(&why));
    return EXIT_NOT_DONE;
}

static int run_migrate(struct ctl *ctl, int n, char **args, struct err *err)
{
    cleanup_free char *dir = NULL;
    int rc = ctl_store_find(ctl->mount, args[0], &dir, err);

    if (rc)
        return rc;
    rc = ctl_write(ctl->mount, dir, "target", args[1], err);
    if (rc) {
        err_wrap(err, "%s: cannot go to %s", args[0], args[1]);
        return rc;
    }
    return ctl->wait ? wait_end(dir, ctl_place(ctl->mount, dir), err) : 0;
}

static int run_action(struct ctl *ctl, int n, char **args, struct err *err)
{
    cleanup_free char *dir = NULL;
    int rc = ctl_store_find(ctl->mount, args[0], &dir, err);

    if (rc)
        return rc;
    rc = ctl_write(ctl->mount, dir, "action", args[1], err);
    if (rc)
        err_wrap(err, "%s: %s", args[0], args[1]);
    return rc;
}

static int watch_one(struct ctl *ctl, const char *place, struct err *err)
{
    struct ctl_watched w = {0};
    int rc = ctl_store_find(ctl->mount, place, &w.dir, err);

    if (rc)
        return rc;
    w.place = (char *)(uintptr_t)ctl_place(ctl->mount, w.dir);
    rc = ctl_watch(&w, 1, err);
    free(w.dir);
    return rc > 0 ? EXIT_NOT_DONE : rc;
}

static int watch_all(struct ctl *ctl, struct err *err)
{
    cleanup_buf struct buf csv = BUF(CTL_TEXT_MAX);
    struct ctl_watched *stores = NULL;
    size_t n = 0;
    int rc = ctl_read(ctl->mount, "stores.csv", &csv, err);

    if (!rc)
        rc = ctl_list_active(ctl->mount, &csv, &stores, &n, err);
    if (!rc && n == 0)
        printf("no job is going on\n");
    else if (!rc)
        rc = ctl_watch(stores, n, err);
    ctl_list_free(stores, n);
    return rc > 0 ? EXIT_NOT_DONE : rc;
}

static int run_watch(struct ctl *ctl, int n, char **args, struct err *err)
{
    return n ? watch_one(ctl, args[0], err) : watch_all(ctl, err);
}

/* ---- the command line ---- */

static const struct command commands[] = {
    {"list", "", "all stores, their state and target", 0, 0, false, run_list},
    {"status", "[STORE]", "the whole system, or a store's job", 0, 1, true,
     run_status},
    {"migrate", "[--wait] STORE TARGET",
     "starts a job; TARGET is [kind:]address", 2, 2, true, run_migrate},
    {"watch", "[STORE]", "follows a job, or all that go on, to the end", 0, 1,
     true, run_watch},
    {"cat", "[--format F] ITEM",
     "the bytes of an item, as it is or in a format", 1, 1, true, run_cat},
    {"action", "STORE ACTION", "pause, resume, cancel, retry, verify, recover",
     2, 2, true, run_action},
    {"errors", "", "the last refused commands, and why", 0, 0, false,
     run_errors},
};

static int usage(FILE *to, int code)
{
    fprintf(to, "usage: pstctl [-m MOUNT] COMMAND\n\n");
    for (size_t i = 0; i < array_len(commands); i++)
        fprintf(to, "  %-7s %-22s %s\n", commands[i].name, commands[i].args,
                commands[i].help);
    fprintf(to, "\n"
                "STORE is a store's place in the mount (alice/a.pst) or a path "
                "to it.\n"
                "The mount is -m, else $PSTFS_MOUNT, else the one that STORE "
                "or the current\n"
                "directory lies in, else the only one there is.\n"
                "With --wait, migrate returns when the job has ended.\n"
                "ITEM is STORE/FOLDER/FILE or a path; formats: eml, fts (the "
                "Exchange upload\n"
                "stream), msg (Outlook's message file), as .ctl/help of the "
                "mount names them.\n\n"
                "exit codes: 0 well; 1 refused or failed, the reason is on "
                "stderr; 2 wrong\n"
                "usage; 3 no such mount, store or file; 4 a job ended other "
                "than done,\nor there is none\n");
    return code;
}

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < array_len(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Options and the command's name and arguments; an exit code, or -1. */
static int parse(int argc, char **argv, struct ctl *ctl,
                 const struct command **command_r)
{
    static const struct option options[] = {
        {"mount", required_argument, NULL, 'm'},
        {"wait", no_argument, NULL, 'w'},
        {"format", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "m:wf:hV", options, NULL)) != -1) {
        if (c == 'm')
            ctl->given = optarg;
        else if (c == 'w')
            ctl->wait = true;
        else if (c == 'f')
            ctl->format = optarg;
        else if (c == 'V')
            return printf("pstctl %s\n", PSTFS_VERSION) < 0;
        else
            return c == 'h' ? usage(stdout, EXIT_OK)
                            : usage(stderr, EXIT_USAGE);
    }
    *command_r = optind < argc ? command_find(argv[optind]) : NULL;
    if (!*command_r)
        return usage(stderr, EXIT_USAGE);
    optind++;
    if (argc - optind < (*command_r)->min || argc - optind > (*command_r)->max)
        return usage(stderr, EXIT_USAGE);
    return -1;
}

int main(int argc, char **argv)
{
    const struct command *command = NULL;
    struct ctl ctl = {0};
    struct err err = {0};
    char **args;
    int n, rc;

    setlocale(LC_CTYPE, "");
    rc = parse(argc, argv, &ctl, &command);
    if (rc >= 0)
        return rc;
    args = argv + optind;
    n = argc - optind;
    rc = ctl_mount_find(ctl.given, n && command->first_path ? args[0] : NULL,
                        &ctl.mount, &err);
    if (!rc)
        rc = command->run(&ctl, n, args, &err);
    free(ctl.mount);
    if (rc < 0)
        fprintf(stderr, "pstctl: %s\n", err.msg);
    if (fflush(stdout) != 0 && rc >= 0)
        rc = EXIT_REFUSED;
    return code_of(rc);
}
