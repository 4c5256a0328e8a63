/*
 * The IMAP target against a real server; tests/e2e/imap_target starts one.
 *
 *     test_imap [SCENARIO [ARGUMENT...]]
 *
 * PSTFS_IMAP_PORT, and where the defaults do not fit PSTFS_IMAP_HOST
 * (localhost) _USER (alice) _PASSWORD (secret) _TLS (none) _CA _PREFIX,
 * tell where it is. Without a port it is skipped (77).
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "pipeline/base/clock.h"
#include "pipeline/target/imap.h"
#include "pipeline/target/target.h"
#include "tests/unit/check.h"
#include "tests/unit/relay.h"

#define KEY "00112233445566778899aabbccddeeff"

static const char *env(const char *name, const char *fallback)
{
    const char *value = getenv(name);

    return value && *value ? value : fallback;
}

static const struct target_ops *ops(void)
{
    return target_kind("imap");
}

/* Settings of the environment; port 0 takes that of the environment too. */
static struct settings *settings_make(int port, const char *more)
{
    char path[] = "/tmp/pstfs-imap.XXXXXX";
    struct settings *s = NULL;
    struct err err = {0};
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");

    fprintf(f,
            "[imap]\nhost = %s\nport = %d\ntls = %s\npassword = %s\n"
            "ca = %s\nprefix = %s\n%s\n",
            env("PSTFS_IMAP_HOST", "localhost"),
            port ? port : atoi(env("PSTFS_IMAP_PORT", "0")),
            env("PSTFS_IMAP_TLS", "none"), env("PSTFS_IMAP_PASSWORD", "secret"),
            env("PSTFS_IMAP_CA", ""), env("PSTFS_IMAP_PREFIX", ""), more);
    fclose(f);
    if (!CHECK(settings_new(path, &s, &err) == 0)) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
    unlink(path);
    return s;
}

static const char *user(void)
{
    return env("PSTFS_IMAP_USER", "alice");
}

static struct target *target_open(struct settings *s)
{
    struct target_params params = {s, user()};
    struct target *t = NULL;
    struct err err = {0};

    if (!CHECK(ops()->open(&params, &t, &err) == 0)) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
    return t;
}

static struct target_folder *folder(struct target *t, const char *a,
                                    const char *b)
{
    const char *path[] = {a, b};
    struct target_folder *f = NULL;
    struct err err = {0};

    if (!CHECK(ops()->folder(t, path, b ? 2 : 1, &f, &err) == 0)) {
        fprintf(stderr, "%s/%s: %s\n", a, b ? b : "", err.msg);
        exit(1);
    }
    return f;
}

/* n messages of size bytes, all different, from number first on. */
static struct target_item *items_make(unsigned first, size_t n, size_t size)
{
    struct target_item *items = calloc(n, sizeof(*items));

    for (size_t i = 0; i < n; i++) {
        unsigned nid = first + (unsigned)i;
        char *id = malloc(64), *data = malloc(size + 256);
        int head;
        snprintf(id, 64, KEY ".%08x", nid);
        head = snprintf(data, 256,
                        "X-Pstfs-Id: %s\r\nSubject: number %06u\r\n"
                        "From: a@example.com\r\n\r\n",
                        id, nid);
        for (size_t k = (size_t)head; k < size; k++)
            data[k] = k % 78 == 76   ? '\r'
                      : k % 78 == 77 ? '\n'
                                     : (char)('a' + (k * 7 + nid) % 26);
        if ((size_t)head < size) {
            data[size - 1] = '\n';
            data[size - 2] = '\r';
            if (size > 3 && data[size - 3] == '\r')
                data[size - 3] = 'x';
        }
        items[i] = (struct target_item){
            .nid = nid,
            .id = id,
            .data = data,
            .size = size > (size_t)head ? size : (size_t)head,
            .time = 1000000000 + (int64_t)nid * 3600,
            .flags = nid & 31};
    }
    return items;
}

static void items_free(struct target_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free((void *)items[i].id);
        free((void *)items[i].data);
    }
    free(items);
}

struct seen {
    const struct target_item *items;
    size_t items_n, n, same;
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

/* The folder holds exactly total messages, among them all n items. */
static void check_readback(struct target *t, struct target_folder *f,
                           const struct target_item *items, size_t n,
                           size_t total)
{
    struct seen s = {.items = items, .items_n = n};
    struct err err = {0};

    if (!CHECK(ops()->readback(t, f, seen_one, &s, &err) == 0))
        fprintf(stderr, "%s\n", err.msg);
    CHECK_EQ(s.n, total);
    CHECK_EQ(s.same, n);
}

static void check_put(struct target *t, struct target_folder *f,
                      struct target_item *items, size_t n)
{
    struct err err = {0};

    if (!CHECK(ops()->put(t, f, items, n, &err) == 0))
        fprintf(stderr, "%s\n", err.msg);
    for (size_t i = 0; i < n; i++)
        if (!CHECK(items[i].error == 0))
            fprintf(stderr, "item %zu: %s\n", i, items[i].reason);
}

static ssize_t read_data(void *ctx, uint64_t off, void *buf, size_t len,
                         struct err *err)
{
    const struct target_item *item = ctx;

    if (off + len > item->size)
        len = (size_t)(item->size - off);
    memcpy(buf, (const char *)item->data + off, len);
    return (ssize_t)len;
}

static ssize_t read_broken(void *ctx, uint64_t off, void *buf, size_t len,
                           struct err *err)
{
    if (off)
        return err_set(err, EIO, "block 0x42 is damaged");
    memset(buf, 'x', len);
    return (ssize_t)len;
}

/* Everything that works, in two folders and INBOX. The script that called us
 * looks at flags and dates of what this leaves behind. */
static void test_basic(void)
{
    struct settings *s = settings_make(0, "batch_items = 7");
    struct target *t = target_open(s);
    struct target_folder *f =
        folder(t, "Top of Personal Folders", "台北 & Grüße");
    struct target_folder *inbox = folder(t, "Inbox", NULL);
    struct target_item *items = items_make(0, 64, 3000);

    CHECK(f == folder(t, "Top of Personal Folders", "台北 & Grüße"));
    check_put(t, f, items, 64);
    check_readback(t, f, items, 64, 64);
    CHECK(strstr(ops()->folder_name(f), "Top of Personal Folders"));
    CHECK_STR(ops()->folder_name(inbox), "INBOX");
    items[0].time = 0;
    check_put(t, inbox, items, 1);
    check_readback(t, inbox, items, 1, 1);
    items_free(items, 64);
    ops()->close(t);
    settings_free(&s);
}

static void test_names(void)
{
    static const char *const names[] = {
        "a.b", "a_b", "a/b",   "100% *", "\"quoted\\", "~home", "line\nfeed",
        "",    "..",  "INBOX", "x&y",    "&",          "#news", "日本語/台北.😀",
    };
    struct settings *s = settings_make(0, "");
    struct target *t = target_open(s);
    struct target_folder *got[array_len(names)];
    struct target_item *items = items_make(0, array_len(names), 500);
    char longest[400];

    for (size_t i = 0; i < array_len(names); i++) {
        got[i] = folder(t, "Names", names[i]);
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(ops()->folder_name(got[i]),
                         ops()->folder_name(got[k])) != 0);
        check_put(t, got[i], items + i, 1);
        check_readback(t, got[i], items + i, 1, 1);
    }
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    struct target_folder *f = folder(t, "Names", longest);
    struct target_item *last = items_make(900, 1, 500);
    check_put(t, f, last, 1);
    ops()->close(t);
    /* The same names again, in another run and another order. */
    t = target_open(s);
    for (size_t i = array_len(names); i-- > 0;)
        check_readback(t, folder(t, "Names", names[i]), items + i, 1, 1);
    check_readback(t, folder(t, "Names", longest), last, 1, 1);
    items_free(last, 1);
    items_free(items, array_len(names));
    ops()->close(t);
    settings_free(&s);
}

static void test_items(void)
{
    struct settings *s = settings_make(0, "batch_bytes = 64K");
    struct target *t = target_open(s);
    struct target_folder *f = folder(t, "Items", NULL);
    struct target_item *items = items_make(0, 7, 40000);
    struct target_item *big = items_make(100, 1, 3000000);
    struct target_item got[8], nul = items[3], empty = items[4];
    struct err err = {0};

    memcpy(got, items, 7 * sizeof(*items));
    got[1].data = NULL; /* streamed */
    got[1].size = big->size;
    got[1].id = big->id;
    got[1].read = read_data;
    got[1].ctx = big;
    got[2].data = NULL; /* breaks in the middle */
    got[2].size = 2000000;
    got[2].read = read_broken;
    ((char *)nul.data)[1000] = '\0';
    empty.size = 0;
    got[4] = empty;
    CHECK_EQ(ops()->put(t, f, got, 7, &err), 0);
    CHECK_EQ(got[2].error, EIO);
    CHECK_STR(got[2].reason, "block 0x42 is damaged");
    CHECK_EQ(got[3].error, EILSEQ);
    CHECK_EQ(got[4].error, EINVAL);
    struct target_item good[4] = {got[0], got[1], got[5], got[6]};
    for (int i = 0; i < 4; i++)
        CHECK_EQ(good[i].error, 0);
    check_readback(t, f, good, 4, 4);
    items_free(items, 7);
    items_free(big, 1);
    ops()->close(t);
    settings_free(&s);
}

static void test_find(void)
{
    struct settings *s = settings_make(0, "");
    struct target *t = target_open(s);
    struct target_folder *f = folder(t, "Find", NULL);
    struct target_item *items = items_make(0, 400, 700), look[400];
    struct err err = {0};

    CHECK_EQ(ops()->find(t, f, items, 400, &err), 0);
    for (int i = 0; i < 400; i++)
        CHECK_EQ(items[i].error, ENOENT);
    check_put(t, f, items, 150);
    check_put(t, f, items + 150, 150);
    memcpy(look, items, sizeof(look));
    for (int i = 0; i < 400; i++)
        look[i].remote[0] = '\0';
    ((char *)look[5].data)[600] ^= 1; /* the id is there, the bytes are not */
    CHECK_EQ(ops()->find(t, f, look, 400, &err), 0);
    for (int i = 0; i < 400; i++) {
        CHECK_EQ(look[i].error, i < 300 && i != 5 ? 0 : ENOENT);
        if (!look[i].error)
            CHECK_STR(look[i].remote, items[i].remote);
    }
    items_free(items, 400);
    ops()->close(t);
    settings_free(&s);
}

/* The connection ends while a batch is under way. */
static void test_cut(enum relay_break how, size_t after)
{
    struct target_item *items = items_make(0, 100, 5000);
    struct err err = {0};
    size_t found = 0;
    char name[32];
    int port;
    pid_t relay =
        relay_start(atoi(env("PSTFS_IMAP_PORT", "0")), how, after, &port);
    struct settings *s = settings_make(port, "batch_items = 20");
    struct target *t = target_open(s);

    bool multi =
        imap_conn_caps(((struct imap *)t)->conn) & IMAP_CAP_MULTIAPPEND;
    snprintf(name, sizeof(name), "Cut %d %zu", (int)how, after);
    struct target_folder *f = folder(t, name, NULL);
    CHECK_EQ(ops()->put(t, f, items, 100, &err), -ECONNRESET);
    CHECK(err.msg[0] != '\0');
    size_t dark = 0;
    for (int i = 0; i < 100; i++)
        dark += items[i].error == EINPROGRESS;
    CHECK(dark > 0);
    /* The same target again: it connects by itself. */
    CHECK_EQ(ops()->find(t, f, items, 100, &err), 0);
    for (size_t i = 0; i < 100; i++) {
        found += items[i].error == 0;
        if (!CHECK(items[i].error == 0 || items[i].error == ENOENT))
            break;
        if (items[i].error)
            check_put(t, f, items + i, 1);
    }
    printf("%s: %zu in the dark, %zu of 100 found\n", name, dark, found);
    /* MULTIAPPEND stores all of a command or nothing. */
    CHECK(!multi || found % 20 == 0);
    CHECK(how == RELAY_CUT || found > 100 - dark);
    check_readback(t, f, items, 100, 100);
    items_free(items, 100);
    ops()->close(t);
    settings_free(&s);
    relay_stop(relay);
}

static void test_cuts(void)
{
    test_cut(RELAY_CUT, 150000);
    test_cut(RELAY_CUT, 250001);
    /* All of the second command arrives, and its answer gets lost. */
    test_cut(RELAY_MUTE, 205000);
}

/* Quota of 100 KB: one message of 90 does not fit, the others do. */
static void test_quota(void)
{
    struct settings *s = settings_make(0, "");
    struct target *t = target_open(s);
    struct target_folder *f = folder(t, "Quota", NULL);
    struct target_item *items = items_make(0, 8, 5000);
    struct target_item *big = items_make(50, 1, 95000);
    struct target_item *rest = items_make(60, 8, 40000), *culprit = &items[3];
    struct target_item small = items[3];
    struct err err = {0};

    items[3].data = big->data;
    items[3].size = big->size;
    items[3].id = big->id;
    CHECK_EQ(ops()->put(t, f, items, 8, &err), 0);
    for (int i = 0; i < 8; i++)
        CHECK_EQ(items[i].error, &items[i] == culprit ? EDQUOT : 0);
    CHECK(strstr(culprit->reason, "uota") != NULL);
    printf("%s\n", culprit->reason);
    items[3] = items[7];
    check_readback(t, f, items, 7, 7);
    /* None of several fits: the mailbox is full, not the messages wrong. */
    CHECK_EQ(ops()->put(t, f, rest + 2, 6, &err), 0);
    CHECK_EQ(ops()->put(t, f, rest, 2, &err), -EDQUOT);
    CHECK(strstr(err.msg, "uota") != NULL);
    CHECK_EQ(rest[0].error, EINPROGRESS);
    items[3] = small;
    items_free(items, 8);
    items_free(big, 1);
    items_free(rest, 8);
    ops()->close(t);
    settings_free(&s);
}

/* Somebody deletes the folder while we deliver. */
static void test_gone(void)
{
    struct settings *s = settings_make(0, "");
    struct target *t = target_open(s), *other = target_open(s);
    struct target_folder *f = folder(t, "Gone", NULL);
    struct target_item *items = items_make(0, 10, 600);
    struct err err = {0};

    check_put(t, f, items, 5);
    if (!CHECK(imap_must(((struct imap *)other)->conn, "DELETE Gone", NULL,
                         &err) == 0))
        fprintf(stderr, "%s\n", err.msg);
    check_put(t, f, items + 5, 5);
    check_readback(t, f, items + 5, 5, 5);
    ops()->close(other);
    items_free(items, 10);
    ops()->close(t);
    settings_free(&s);
}

/* open() is refused with that errno, and with words. */
static void test_refused(const char *expected, const char *more)
{
    struct settings *s = settings_make(0, more);
    struct target_params params = {s, user()};
    struct target *t = NULL;
    struct err err = {0};

    CHECK_EQ(ops()->open(&params, &t, &err), -atoi(expected));
    CHECK(t == NULL);
    printf("%s\n", err.msg);
    CHECK(strlen(err.msg) > 20);
    CHECK(strstr(err.msg, env("PSTFS_IMAP_PASSWORD", "secret")) == NULL);
    settings_free(&s);
}

static void test_accepted(const char *more)
{
    struct settings *s = settings_make(0, more);

    ops()->close(target_open(s));
    settings_free(&s);
}

static void test_check(void)
{
    static const char *const good[] = {"alice", "alice@example.com",
                                       "o'brien+x@a.b-c.de", "ü@exämple.com"};
    static const char *const bad[] = {
        "",           "@",
        "alice@",     "@example.com",
        "a@b@c",      "a b@example.com",
        "a@.de",      "a@de.",
        "a@ex ample", "a@b..c",
        "a/b",        "a\"b@c.de",
        "a@-b",
    };
    struct settings *s = settings_make(0, "");

    for (size_t i = 0; i < array_len(good); i++) {
        struct target_params params = {s, good[i]};
        CHECK_EQ(ops()->check(&params, NULL), 0);
    }
    for (size_t i = 0; i < array_len(bad); i++) {
        struct target_params params = {s, bad[i]};
        struct err err = {0};
        CHECK_EQ(ops()->check(&params, &err), -EINVAL);
        CHECK(err.msg[0] != '\0');
    }
    settings_free(&s);
}

/* A server without MULTIAPPEND and LITERAL+, as told by the script. */
static void test_caps(const char *without)
{
    struct settings *s = settings_make(0, "");
    struct target *t = target_open(s);
    unsigned caps = imap_conn_caps(((struct imap *)t)->conn);

    CHECK(!(caps & (unsigned)atoi(without)));
    ops()->close(t);
    settings_free(&s);
}

static void test_rate(size_t n, size_t size)
{
    struct settings *s = settings_make(0, "");
    struct target *t = target_open(s);
    struct target_folder *f = folder(t, "Rate", NULL);
    struct target_item *items = items_make(0, n, size);
    uint64_t begin = time_mono_ms(), put, read;
    clock_t cpu = clock();

    for (size_t i = 0; i < n; i += 256)
        check_put(t, f, items + i, n - i < 256 ? n - i : 256);
    put = time_mono_ms() - begin;
    printf("%.1f us of our own time each, ",
           (double)(clock() - cpu) / (CLOCKS_PER_SEC / 1e6) / (double)n);
    begin = time_mono_ms();
    struct seen seen = {0};
    CHECK_EQ(ops()->readback(t, f, seen_one, &seen, NULL), 0);
    read = time_mono_ms() - begin;
    CHECK_EQ(seen.n, n);
    printf("put %.0f/s, readback %.0f/s\n", (double)n * 1e3 / (double)(put + 1),
           (double)n * 1e3 / (double)(read + 1));
    begin = time_mono_ms();
    size_t last = n < 256 ? n : 256;
    CHECK_EQ(ops()->find(t, f, items + n - last, last, NULL), 0);
    for (size_t i = n - last; i < n; i++)
        CHECK_EQ(items[i].error, 0);
    printf("find of the last %zu: %llu ms\n", last,
           (unsigned long long)(time_mono_ms() - begin));
    items_free(items, n);
    ops()->close(t);
    settings_free(&s);
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"basic", test_basic}, {"names", test_names}, {"items", test_items},
    {"find", test_find},   {"cuts", test_cuts},   {"quota", test_quota},
    {"gone", test_gone},   {"check", test_check},
};

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "basic";

    if (!getenv("PSTFS_IMAP_PORT"))
        return 77;
    for (size_t i = 0; i < array_len(scenarios); i++)
        if (strcmp(name, scenarios[i].name) == 0)
            scenarios[i].run();
    if (strcmp(name, "refused") == 0 && argc > 3)
        test_refused(argv[2], argv[3]);
    if (strcmp(name, "accepted") == 0 && argc > 2)
        test_accepted(argv[2]);
    if (strcmp(name, "caps") == 0 && argc > 2)
        test_caps(argv[2]);
    if (strcmp(name, "rate") == 0 && argc > 3)
        test_rate(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
    return check_report();
}
