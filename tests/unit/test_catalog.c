/* The sources: what is a store, where it is shown, what a rescan finds. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/catalog.h"
#include "fs/scan.h"
#include "fs/view.h"
#include "pipeline/base/io.h"

static char home[] = "/tmp/pstfs-catalog-XXXXXX";

static void put_file(const char *name, const char *data, size_t len)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    CHECK(fd >= 0);
    CHECK_EQ(io_write(fd, data, len), 0);
    close(fd);
}

#define PST "!BDN\0\0\0\0SM--"

static void put_files(void)
{
    mkdir("a", 0700);
    mkdir("a/deep", 0700);
    mkdir("none", 0700);
    put_file("a/one.pst", PST, 12);
    put_file("a/deep/two.bin", "!BDN\0\0\0\0SO", 10);
    put_file("none/book.pab", "!BDN\0\0\0\0AB", 10);
    put_file("none/text.pst", "hello, this is text", 19);
    put_file("none/empty.pst", "", 0);
    put_file(".ctl", PST, 12);
    CHECK_EQ(symlink("a/one.pst", "link.pst"), 0);
    CHECK_EQ(symlink("a", "linked"), 0);
}

static const struct scan_file *found(const struct scan *scan, const char *end)
{
    for (size_t i = 0; i < scan->n; i++) {
        const char *path = scan->list[i].path;
        if (strlen(path) >= strlen(end) &&
            !strcmp(path + strlen(path) - strlen(end), end))
            return &scan->list[i];
    }
    return NULL;
}

static void test_scan(void)
{
    const char *sources[] = {home};
    struct scan scan;

    CHECK_EQ(scan_run(sources, 1, NULL, NULL, NULL, &scan, NULL), 0);
    CHECK_EQ(scan.n, 6);
    CHECK_EQ(scan.rejected, 3);
    CHECK(found(&scan, "/a/one.pst") && !found(&scan, "/a/one.pst")->reason);
    CHECK_STR(found(&scan, "/a/one.pst")->shown, "a/one.pst");
    CHECK_STR(found(&scan, "/two.bin")->shown, "a/deep/two.bin");
    CHECK_STR(found(&scan, "/.ctl")->shown, ".ctl~2");
    CHECK_STR(found(&scan, "/text.pst")->reason, "no PST signature");
    CHECK_STR(found(&scan, "/empty.pst")->reason, "empty file");
    CHECK(found(&scan, "/book.pab")->reason != NULL);
    CHECK(!found(&scan, "link.pst"));
    scan_finish(&scan);
}

static void test_sources(void)
{
    char one[64], two[64], file[64];
    const char *sources[] = {one, two, file};
    struct scan scan;

    snprintf(one, sizeof(one), "%s/a", home);
    snprintf(two, sizeof(two), "%s/a/deep", home);
    snprintf(file, sizeof(file), "%s/a/one.pst", home);
    CHECK_EQ(scan_run(sources, 3, two, NULL, NULL, &scan, NULL), 0);
    CHECK_EQ(scan.n, 1); /* seen twice, and deep is skipped */
    CHECK_STR(scan.list[0].shown, "a/one.pst");
    scan_finish(&scan);
    CHECK_EQ(scan_run(sources + 2, 1, NULL, NULL, NULL, &scan, NULL), 0);
    CHECK_EQ(scan.n, 1);
    CHECK_STR(scan.list[0].shown, "one.pst");
    scan_finish(&scan);
    snprintf(two, sizeof(two), "%s/missing", home);
    CHECK_EQ(scan_run(sources + 1, 1, NULL, NULL, NULL, &scan, NULL), 0);
    CHECK_EQ(scan.n, 1);
    CHECK_STR(scan.list[0].reason, "No such file or directory");
    scan_finish(&scan);
}

static int count_entry(void *ctx, const struct catalog_entry *entry)
{
    ++*(int *)ctx;
    return 0;
}

static void count_diff(void *ctx, uint32_t dir, const char *name)
{
    ++*(int *)ctx;
}

static struct view *view_of(const char *const *places, size_t n)
{
    struct view *view = view_new();

    for (size_t i = 0; i < n; i++)
        CHECK_EQ(view_add(view, places[i], (int64_t)i + 1), 0);
    view_settle(view);
    return view;
}

static void test_view(void)
{
    static const char *const places[] = {"a/one", "a/b/two", "three", "z/four"};
    struct view *view = view_of(places, 4), *less = view_of(places, 3);
    struct catalog_entry a, b;
    uint32_t dir, parent;
    int n = 0;

    CHECK_EQ(view_each(view, 0, count_entry, &n), 0);
    CHECK_EQ(n, 3);
    CHECK_EQ(view_find(view, 0, "a", &a), 0);
    CHECK(a.dir && !a.store);
    CHECK_EQ(view_find(less, 0, "a", &b), 0);
    CHECK_EQ(a.dir, b.dir); /* numbers depend on paths only */
    CHECK_EQ(view_find(view, a.dir, "b", &b), 0);
    CHECK_EQ(view_find(view, b.dir, "two", &a), 0);
    CHECK_EQ(a.store, 2);
    CHECK_EQ(view_store_dir(view, 2, &dir), 0);
    CHECK_EQ(dir, b.dir);
    CHECK_EQ(view_parent(view, dir, &parent), 0);
    CHECK_EQ(view_parent(view, parent, &parent), 0);
    CHECK_EQ(parent, 0);
    CHECK_EQ(view_find(view, 0, "four", &a), -ENOENT);
    CHECK_EQ(view_store_dir(less, 4, &dir), -ENOENT);
    CHECK_EQ(view_add(less, "three/x", 9), -EEXIST);
    CHECK_EQ(view_add(less, "a", 9), -EEXIST);
    n = 0;
    CHECK(view_diff(less, view, count_diff, &n));
    CHECK_EQ(n, 2); /* z, and four in it */
    CHECK(!view_diff(view, view, count_diff, &n));
    view_free(&view);
    view_free(&less);
}

/* Each change a rescan tells of, as a letter. */
static char told[64];

static void tell(char what)
{
    size_t len = strlen(told);

    if (len + 1 < sizeof(told))
        told[len] = what;
}

static void on_entry(void *ctx, uint32_t dir, const char *name)
{
    tell('e');
}

static void on_store(void *ctx, struct catalog_store *store)
{
    tell(store->gone ? 'g' : store->rejected ? 'r' : 's');
}

static void rescan(struct catalog *catalog, const char *expect)
{
    struct catalog_watch watch = {on_entry, on_store, NULL};
    bool changed;

    memset(told, 0, sizeof(told));
    CHECK_EQ(catalog_rescan_watched(catalog, &watch, &changed, NULL), 0);
    CHECK_STR(told, expect);
    CHECK_EQ(changed, strchr(expect, 'e') != NULL);
}

static void test_catalog(void)
{
    const char *sources[] = {home};
    struct fs fs = {.mountpoint = "/nowhere"};
    struct catalog *catalog;
    struct catalog_entry entry;
    int64_t id;

    CHECK_EQ(db_open("none/state.db", &fs.db, NULL), 0);
    CHECK_EQ(catalog_new(&fs, sources, 1, &catalog, NULL), 0);
    rescan(catalog, "");
    CHECK_EQ(catalog_find(catalog, 0, "none", &entry), -ENOENT);
    CHECK_EQ(catalog_find(catalog, 0, "a", &entry), 0);
    CHECK_EQ(catalog_find(catalog, entry.dir, "one.pst", &entry), 0);
    id = entry.store;
    CHECK(catalog_store(catalog, id)->reader != NULL);
    put_file("a/one.pst", PST "more", 16);
    rescan(catalog, "s");
    unlink("a/one.pst");
    rescan(catalog, "ge");
    CHECK(catalog_store(catalog, id)->gone);
    put_file("a/one.pst", "not any more", 12);
    rescan(catalog, ""); /* it was not shown and is not */
    put_file("a/one.pst", PST, 12);
    rescan(catalog, "se");
    catalog_free(&catalog);
    /* A new start finds the numbers it had. */
    CHECK_EQ(catalog_new(&fs, sources, 1, &catalog, NULL), 0);
    CHECK_STR(catalog_store(catalog, id)->shown, "a/one.pst");
    catalog_free(&catalog);
    db_close(&fs.db);
}

int main(void)
{
    char command[128];

    CHECK(mkdtemp(home) != NULL);
    snprintf(command, sizeof(command), "rm -rf %s", home);
    CHECK_EQ(chdir(home), 0);
    put_files();
    test_scan();
    test_sources();
    test_view();
    test_catalog();
    CHECK_EQ(system(command), 0);
    return check_report();
}
