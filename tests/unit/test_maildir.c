#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "pipeline/base/io.h"
#include "pipeline/target/target.h"
#include "tests/unit/check.h"

static char top[PATH_MAX / 4]; /* a fresh directory */
static struct settings *settings;

static struct target *open_target(const char *dir)
{
    struct err err = {0};
    struct target_params params = {settings, dir};
    struct target *t = NULL;

    if (!CHECK(target_kind("maildir")->open(&params, &t, &err) == 0)) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
    return t;
}

static const struct target_ops *ops(void)
{
    return target_kind("maildir");
}

static struct target_folder *folder(struct target *t, const char *a,
                                    const char *b)
{
    const char *path[] = {a, b};
    struct err err = {0};
    struct target_folder *f = NULL;
    size_t n = a ? b ? 2 : 1 : 0;

    if (!CHECK(ops()->folder(t, path, n, &f, &err) == 0))
        fprintf(stderr, "%s\n", err.msg);
    return f;
}

static void item_set(struct target_item *item, unsigned nid, const char *text)
{
    static char ids[64][64];

    snprintf(ids[nid % 64], 64, "00112233445566778899aabbccddeeff.%08x", nid);
    *item = (struct target_item){.nid = nid,
                                 .id = ids[nid % 64],
                                 .data = text,
                                 .size = strlen(text),
                                 .time = 1000000000 + nid,
                                 .flags = TARGET_SEEN};
}

static size_t count_files(const char *dir, const char *sub)
{
    char path[PATH_MAX];
    struct dirent *e;
    size_t n = 0;
    DIR *d;

    snprintf(path, sizeof(path), "%s/%s", dir, sub);
    d = opendir(path);
    while (d && (e = readdir(d)))
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

static bool there(const char *dir, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

static void in_top(char out[PATH_MAX / 2], const char *name)
{
    snprintf(out, PATH_MAX / 2, "%s/%s", top, name);
}

struct seen {
    size_t n, same;
    const struct target_item *items;
    size_t items_n;
};

static int seen_one(void *ctx, const char *remote, uint64_t size,
                    const uint8_t hash[HASH_SIZE])
{
    struct seen *s = ctx;

    s->n++;
    for (size_t i = 0; i < s->items_n; i++)
        s->same += strcmp(s->items[i].remote, remote) == 0 &&
                   s->items[i].size == size &&
                   memcmp(s->items[i].hash, hash, HASH_SIZE) == 0;
    return 0;
}

static void check_readback(struct target *t, struct target_folder *f,
                           const struct target_item *items, size_t n)
{
    struct seen s = {.items = items, .items_n = n};
    struct err err = {0};

    CHECK_EQ(ops()->readback(t, f, seen_one, &s, &err), 0);
    CHECK_EQ(s.n, n);
    CHECK_EQ(s.same, n);
}

static void test_put(void)
{
    char dir[PATH_MAX / 2], path[PATH_MAX];
    struct target_item items[3], again[3];
    struct stat st;
    struct err err = {0};

    in_top(dir, "put");
    struct target *t = open_target(dir);
    struct target_folder *f = folder(t, "Top of Personal Folders", "Entwürfe");
    CHECK_STR(ops()->folder_name(f), ".Top of Personal Folders.Entw&APw-rfe");
    item_set(&items[0], 1, "Subject: one\n\nfirst\n");
    item_set(&items[1], 2, "Subject: two\n\nsecond\n");
    items[1].flags = TARGET_SEEN | TARGET_ANSWERED | TARGET_FORWARDED |
                     TARGET_FLAGGED | TARGET_DRAFT;
    item_set(&items[2], 3, "");
    items[2].flags = 0;
    items[2].time = 0;
    memcpy(again, items, sizeof(items));
    CHECK_EQ(ops()->put(t, f, items, 3, &err), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(items[i].error, 0);
    snprintf(path, sizeof(path), "%s/%s/cur/%s:2,DFPRS", dir,
             ops()->folder_name(f), items[1].remote);
    CHECK_EQ(stat(path, &st), 0);
    CHECK_EQ(st.st_mtime, 1000000002);
    CHECK_EQ(st.st_size, items[1].size);
    check_readback(t, f, items, 3);
    CHECK(there(dir, ".Top of Personal Folders.Entw&APw-rfe/maildirfolder"));
    CHECK(there(dir, ".Top of Personal Folders/cur"));

    /* Again: the same files, also after a mail program changed the flags. */
    snprintf(path + strlen(path) - 5, 8, "RS");
    char old[PATH_MAX];
    snprintf(old, sizeof(old), "%s/%s/cur/%s:2,DFPRS", dir,
             ops()->folder_name(f), items[1].remote);
    CHECK_EQ(rename(old, path), 0);
    for (int round = 0; round < 2; round++) {
        CHECK_EQ(ops()->put(t, f, again, 3, &err), 0);
        for (int i = 0; i < 3; i++) {
            CHECK_EQ(again[i].error, 0);
            CHECK_STR(again[i].remote, items[i].remote);
        }
        check_readback(t, f, items, 3);
        ops()->close(t);
        t = open_target(dir);
        f = folder(t, "Top of Personal Folders", "Entwürfe");
    }
    ops()->close(t);
}

static void test_find(void)
{
    char dir[PATH_MAX / 2];
    struct target_item items[4];
    struct err err = {0};

    in_top(dir, "find");
    struct target *t = open_target(dir);
    struct target_folder *f = folder(t, "A", NULL);
    for (unsigned i = 0; i < 4; i++)
        item_set(&items[i], i + 1, "Subject: the same text\n\nbody\n");
    CHECK_EQ(ops()->find(t, f, items, 4, &err), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(items[i].error, ENOENT);
    CHECK_EQ(ops()->put(t, f, items, 2, &err), 0);
    ops()->close(t);

    t = open_target(dir);
    f = folder(t, "A", NULL);
    struct target_item look[4];
    for (unsigned i = 0; i < 4; i++)
        item_set(&look[i], i + 1, "Subject: the same text\n\nbody\n");
    /* The same id with other bytes is another message. */
    item_set(&look[1], 2, "Subject: the same text\n\nBODY\n");
    CHECK_EQ(ops()->find(t, f, look, 4, &err), 0);
    CHECK_EQ(look[0].error, 0);
    CHECK_STR(look[0].remote, items[0].remote);
    for (int i = 1; i < 4; i++)
        CHECK_EQ(look[i].error, ENOENT);
    ops()->close(t);
}

/* A file of the right name and size whose bytes were lost is not taken for
 * the message, and is put right. */
static void test_damage(void)
{
    char dir[PATH_MAX / 2], path[PATH_MAX];
    struct target_item item;
    struct err err = {0};

    in_top(dir, "damage");
    struct target *t = open_target(dir);
    struct target_folder *f = folder(t, "A", NULL);
    item_set(&item, 7, "Subject: x\n\nbody\n");
    CHECK_EQ(ops()->put(t, f, &item, 1, &err), 0);
    snprintf(path, sizeof(path), "%s/.A/cur/%s:2,S", dir, item.remote);
    int fd = open(path, O_WRONLY);
    CHECK_EQ(write(fd, "\0\0\0\0", 4), 4);
    close(fd);
    CHECK_EQ(ops()->find(t, f, &item, 1, &err), 0);
    CHECK_EQ(item.error, ENOENT);
    CHECK_EQ(ops()->put(t, f, &item, 1, &err), 0);
    CHECK_EQ(item.error, 0);
    check_readback(t, f, &item, 1);
    ops()->close(t);
}

/* Killed while it writes: what is left in tmp goes, and only that. */
static void test_leftovers(void)
{
    char dir[PATH_MAX / 2], path[PATH_MAX], sub[PATH_MAX / 2 + 8];
    int status;

    in_top(dir, "crash");
    ops()->close(open_target(dir));
    pid_t pid = fork();
    if (pid == 0) {
        struct target *t = open_target(dir);
        struct target_folder *f = folder(t, "A", NULL);
        struct target_item item;
        item_set(&item, 1, "text");
        item.data = NULL;
        item.read = NULL; /* SIGSEGV in the middle of the delivery */
        signal(SIGSEGV, SIG_DFL);
        ops()->put(t, f, &item, 1, NULL);
        _exit(0);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status));
    snprintf(sub, sizeof(sub), "%s/.A", dir);
    CHECK_EQ(count_files(sub, "tmp"), 1);
    snprintf(path, sizeof(path), "%s/tmp/1234.M1P2.other", sub);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    snprintf(path, sizeof(path), "%s/tmp/pstfs_99999999_1_elsewhere.1", sub);
    close(open(path, O_CREAT | O_WRONLY, 0600));

    struct target *t = open_target(dir);
    struct target_folder *f = folder(t, "A", NULL);
    struct target_item item;
    struct err err = {0};
    item_set(&item, 1, "text");
    CHECK_EQ(ops()->find(t, f, &item, 1, &err), 0);
    CHECK_EQ(item.error, ENOENT);
    CHECK_EQ(count_files(sub, "tmp"), 2);
    CHECK(there(sub, "tmp/1234.M1P2.other"));
    CHECK(there(sub, "tmp/pstfs_99999999_1_elsewhere.1"));
    ops()->close(t);
}

static void test_collisions(void)
{
    static const struct {
        const char *a, *b, *name;
    } table[] = {
        {NULL, NULL, "."},
        {"Inbox", NULL, "."},
        {"a.b", NULL, ".a_b"},
        {"a_b", NULL, ".a_b~2"},
        {"a/b", NULL, ".a_b~3"},
        {"a_b", "x", ".a_b~2.x"},
        {"a.b", "x", ".a_b.x"},
        {"a.b", "x", ".a_b.x"},
        {"", NULL, "._"},
        {"_", NULL, "._~2"},
        {"..", NULL, ".__"},
        {"line\nfeed", NULL, ".line_feed"},
        {"~home", NULL, "._home"},
        {"台北", "😀", ".&U,BTFw-.&2D3eAA-"},
        {"Inbox", "Sub", ".Inbox.Sub"},
    };
    char dir[PATH_MAX / 2];

    in_top(dir, "collide");
    struct target *t = open_target(dir);
    for (size_t i = 0; i < array_len(table); i++)
        CHECK_STR(ops()->folder_name(folder(t, table[i].a, table[i].b)),
                  table[i].name);
    CHECK(folder(t, "a.b", "x") == folder(t, "a.b", "x"));
    ops()->close(t);
    /* Another run, asking in another order, gets the same. */
    t = open_target(dir);
    for (size_t i = array_len(table); i-- > 0;)
        CHECK_STR(ops()->folder_name(folder(t, table[i].a, table[i].b)),
                  table[i].name);
    ops()->close(t);
}

/* A folder that was there before us belongs to the path of its own name. */
static void test_foreign(void)
{
    char dir[PATH_MAX / 2], path[PATH_MAX];

    in_top(dir, "foreign");
    ops()->close(open_target(dir));
    snprintf(path, sizeof(path), "%s/.a_b", dir);
    CHECK_EQ(mkdir(path, 0700), 0);
    struct target *t = open_target(dir);
    CHECK_STR(ops()->folder_name(folder(t, "a.b", NULL)), ".a_b~2");
    CHECK_STR(ops()->folder_name(folder(t, "a_b", NULL)), ".a_b");
    ops()->close(t);
    /* No way out of DIR by a link. */
    snprintf(path, sizeof(path), "%s/.link", dir);
    CHECK_EQ(symlink("/tmp", path), 0);
    t = open_target(dir);
    CHECK_STR(ops()->folder_name(folder(t, "link", NULL)), ".link~2");
    ops()->close(t);
}

static void test_long_names(void)
{
    char dir[PATH_MAX / 2], a[400], b[400];
    const char *path[40];
    struct target_folder *f = NULL, *g = NULL;
    struct err err = {0};

    in_top(dir, "long");
    struct target *t = open_target(dir);
    memset(a, 'x', sizeof(a));
    a[sizeof(a) - 1] = '\0';
    memcpy(b, a, sizeof(a));
    b[sizeof(b) - 2] = 'y';
    f = folder(t, a, NULL);
    g = folder(t, b, NULL);
    CHECK(f != g && strcmp(ops()->folder_name(f), ops()->folder_name(g)) != 0);
    CHECK(strlen(ops()->folder_name(f)) <= 250);
    for (size_t i = 0; i < array_len(path); i++)
        path[i] = "日本語のフォルダ";
    CHECK_EQ(ops()->folder(t, path, 40, &f, &err), 0);
    CHECK_EQ(ops()->folder(t, path, 39, &g, &err), 0);
    CHECK(f != g && strcmp(ops()->folder_name(f), ops()->folder_name(g)) != 0);
    struct target_item item;
    item_set(&item, 1, "text");
    CHECK_EQ(ops()->put(t, f, &item, 1, &err), 0);
    CHECK_EQ(item.error, 0);
    ops()->close(t);
}

static ssize_t read_pieces(void *ctx, uint64_t off, void *buf, size_t len,
                           struct err *err)
{
    const uint64_t *size = ctx;

    if (off >= *size)
        return 0;
    if (len > *size - off)
        len = (size_t)(*size - off);
    memset(buf, 'a', len);
    return (ssize_t)len;
}

static ssize_t read_broken(void *ctx, uint64_t off, void *buf, size_t len,
                           struct err *err)
{
    return err_set(err, EIO, "block 0x42 is damaged");
}

static void test_stream(void)
{
    char dir[PATH_MAX / 2];
    struct target_item items[4];
    uint64_t size = 3000001;
    struct err err = {0};

    in_top(dir, "stream");
    struct target *t = open_target(dir);
    struct target_folder *f = folder(t, "A", NULL);
    for (unsigned i = 0; i < 4; i++) {
        item_set(&items[i], i + 1, "");
        items[i].data = NULL;
        items[i].size = size;
        items[i].read = read_pieces;
        items[i].ctx = &size;
    }
    items[1].read = read_broken;
    items[2].size = size + 1; /* ends too early */
    items[3].id = "../../etc/passwd";
    CHECK_EQ(ops()->put(t, f, items, 4, &err), 0);
    CHECK_EQ(items[0].error, 0);
    CHECK_EQ(items[1].error, EIO);
    CHECK_STR(items[1].reason, "block 0x42 is damaged");
    CHECK_EQ(items[2].error, EIO);
    CHECK_EQ(items[3].error, EINVAL);
    check_readback(t, f, items, 1);
    CHECK_EQ(count_files(dir, ".A/tmp"), 0);
    ops()->close(t);
}

/* A full disk: the put as a whole fails, and nothing of it is there. */
static void test_full(void)
{
    char dir[PATH_MAX / 2];
    struct target_item items[2];
    uint64_t size = 8 << 20;
    struct err err = {0};

    if (getenv("PSTFS_SMALL_DISK") == NULL)
        return;
    snprintf(dir, sizeof(dir), "%s/full", getenv("PSTFS_SMALL_DISK"));
    struct target *t = open_target(dir);
    struct target_folder *f = folder(t, "A", NULL);
    item_set(&items[0], 1, "fits");
    item_set(&items[1], 2, "");
    items[1].data = NULL;
    items[1].size = size;
    items[1].read = read_pieces;
    items[1].ctx = &size;
    CHECK_EQ(ops()->put(t, f, items, 2, &err), -ENOSPC);
    CHECK_EQ(items[0].error, EINPROGRESS);
    CHECK_EQ(items[1].error, EINPROGRESS);
    CHECK_EQ(count_files(dir, ".A/tmp"), 0);
    CHECK_EQ(count_files(dir, ".A/cur"), 0);
    ops()->close(t);
}

static void test_parse(void)
{
    static const struct {
        const char *text, *full;
    } table[] = {
        {"maildir:/srv/mail", "maildir:/srv/mail"},
        {"/srv/mail", "maildir:/srv/mail"},
        {"/srv/a:b", "maildir:/srv/a:b"},
        {"maildir:", NULL},
        {"", NULL},
        {"maildir:relative", NULL},
        {"relative", NULL},
        {"maildir:/srv/../etc", NULL},
        {"maildir:/..", NULL},
        {"maildir:/", NULL},
        {"maildir:/a\nb", NULL},
        {"maildir:/a\x01", NULL},
        {"maildir:/a\xff", NULL},
        {"nosuch:/srv/mail", NULL},
    };
    char full[4200], longest[5000] = "maildir:/";
    const struct target_ops *got;

    for (size_t i = 0; i < array_len(table); i++) {
        struct err err = {0};
        int ret = target_parse(settings, table[i].text, full, sizeof(full),
                               &got, &err);
        CHECK_EQ(ret, table[i].full ? 0 : -EINVAL);
        if (table[i].full)
            CHECK_STR(full, table[i].full);
        else
            CHECK(err.code == EINVAL && err.msg[0]);
    }
    memset(longest + 9, 'x', sizeof(longest) - 10);
    CHECK_EQ(target_parse(settings, longest, full, sizeof(full), &got, NULL),
             -EINVAL);
    CHECK_EQ(target_parse(settings, "/srv/mail", full, 10, &got, NULL),
             -EINVAL);
}

/* With maildir.root nothing outside it can be named. */
static void test_root(void)
{
    char ini[PATH_MAX / 2], root[PATH_MAX / 2], path[PATH_MAX], text[PATH_MAX];
    const struct target_ops *got;
    struct settings *s = NULL;
    struct err err = {0};

    in_top(ini, "root.ini");
    in_top(root, "root");
    CHECK_EQ(mkdir(root, 0700), 0);
    FILE *out = fopen(ini, "w");
    fprintf(out, "[maildir]\nroot = %s\n", root);
    fclose(out);
    if (!CHECK(settings_new(ini, &s, &err) == 0))
        return;
    CHECK_EQ(
        target_parse(s, "alice@example.com", text, sizeof(text), &got, &err),
        0);
    CHECK_STR(text, "maildir:alice@example.com");
    CHECK_EQ(target_parse(s, "/etc/x", text, sizeof(text), &got, &err),
             -EINVAL);
    snprintf(path, sizeof(path), "%sx/y", root);
    CHECK_EQ(target_parse(s, path, text, sizeof(text), &got, &err), -EINVAL);
    snprintf(path, sizeof(path), "%s/evil", root);
    CHECK_EQ(symlink("/tmp", path), 0);
    struct target_params params = {s, "evil/x"};
    struct target *t = NULL;
    CHECK(ops()->open(&params, &t, &err) != 0);
    params.address = "alice@example.com";
    CHECK_EQ(ops()->open(&params, &t, &err), 0);
    ops()->close(t);
    CHECK(there(root, "alice@example.com/cur"));
    settings_free(&s);
}

/* More folders than descriptors are kept for. */
static void test_many_folders(void)
{
    char dir[PATH_MAX / 2], name[32];
    struct target_folder *f[40];
    struct target_item item;
    struct err err = {0};

    in_top(dir, "many");
    struct target *t = open_target(dir);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "f%u", i);
        f[i] = folder(t, name, NULL);
        item_set(&item, i, name);
        CHECK_EQ(ops()->put(t, f[i], &item, 1, &err), 0);
    }
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "f%u", i);
        item_set(&item, i, name);
        CHECK_EQ(ops()->put(t, f[i], &item, 1, &err), 0);
        check_readback(t, f[i], &item, 1);
    }
    ops()->close(t);
}

int main(void)
{
    const char *tmp = getenv("TMPDIR");
    struct err err = {0};
    char command[PATH_MAX];

    snprintf(top, sizeof(top), "%s/pstfs-maildir.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(top) || settings_new(NULL, &settings, &err) != 0)
        return 1;
    test_parse();
    test_put();
    test_find();
    test_damage();
    test_leftovers();
    test_collisions();
    test_foreign();
    test_long_names();
    test_stream();
    test_full();
    test_root();
    test_many_folders();
    settings_free(&settings);
    snprintf(command, sizeof(command), "rm -rf '%s'", top);
    return check_report() | (system(command) != 0);
}
