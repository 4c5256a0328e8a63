/* What pstctl makes of the mount's texts, and how it finds the mount. */
#include "tests/unit/check.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/base/io.h"
#include "tools/ctl_list.h"
#include "tools/ctl_mount.h"
#include "tools/ctl_text.h"
#include "tools/ctl_watch.h"

/* ---- CSV ---- */

static void check_row(char **at, size_t n, const char *first, const char *last)
{
    char *fields[CTL_FIELDS_MAX];

    CHECK_EQ(ctl_csv_row(at, fields), n);
    CHECK_STR(fields[0], first);
    CHECK_STR(fields[n - 1], last);
}

static void test_csv(void)
{
    char text[] = "a,b,c\n"
                  "\"x,\"\"y\"\"\",,\"two\nlines\"\r\n"
                  "\"\",\n"
                  "one\n"
                  "\"open,never closed\n";
    char many[CTL_FIELDS_MAX * 4] = "", *at = text;
    char *fields[CTL_FIELDS_MAX];

    check_row(&at, 3, "a", "c");
    check_row(&at, 3, "x,\"y\"", "two\nlines");
    check_row(&at, 2, "", "");
    check_row(&at, 1, "one", "one");
    check_row(&at, 1, "open,never closed\n", "open,never closed\n");
    CHECK_EQ(ctl_csv_row(&at, fields), 0);
    memset(many, ',', sizeof(many) - 1);
    at = many;
    CHECK_EQ(ctl_csv_row(&at, fields), CTL_FIELDS_MAX);
    CHECK_EQ(ctl_csv_row(&at, fields), 0);
}

/* ---- progress ---- */

static void test_progress(void)
{
    struct ctl_progress p;

    CHECK_EQ(ctl_progress_parse("running ingest 1234/5678 21% 310/s 14s\n", &p),
             0);
    CHECK_STR(p.state, "running");
    CHECK_STR(p.stage, "ingest");
    CHECK(p.done == 1234 && p.total == 5678 && p.percent == 21);
    CHECK(p.rate == 310 && p.eta == 14);
    CHECK(!ctl_progress_ended(&p));
    CHECK_EQ(ctl_progress_parse("none - 0/0 0% 0/s -\n", &p), 0);
    CHECK_EQ(p.eta, -1);
    CHECK(ctl_progress_ended(&p));
    CHECK_EQ(ctl_progress_parse("", &p), -EINVAL);
    CHECK_EQ(ctl_progress_parse("running ingest 1/2", &p), -EINVAL);
    CHECK_EQ(ctl_progress_parse("running ingest 1/2 999% 1/s -", &p), -EINVAL);
}

static void check_bar(const char *line, size_t columns, const char *expected)
{
    cleanup_buf struct buf out = BUF(4096);
    struct ctl_progress p;

    CHECK_EQ(ctl_progress_parse(line, &p), 0);
    ctl_watch_bar("a\033.pst", &p, columns, &out);
    CHECK_STR(buf_str(&out), expected);
    CHECK(ctl_width(buf_str(&out)) <= columns);
}

static void test_bar(void)
{
    const char *half = "running ingest 50/100 50% 10/s 5s";

    check_bar(half, 60,
              "a?.pst ingest [############............]  50% 50/100 10/s 5s");
    check_bar(half, 40, "a?.pst ingest  50% 50/100 10/s 5s");
    check_bar(half, 20, "a?.pst ingest  50% 5");
    check_bar("running extract 70/0 0% 0/s -", 80, "a?.pst extract 70 found");
    check_bar("paused ingest 0/9 0% 0/s -", 30, "a?.pst paused   0% 0/9");
    check_bar("running verify 1/2 50% 1/s 3700s", 36,
              "a?.pst verify  50% 1/2 1/s 1h01m");
    check_bar("running verify 1/2 50% 1/s 61s", 36,
              "a?.pst verify  50% 1/2 1/s 1m01s");
}

/* ---- values, errors, clean ---- */

static void test_values(void)
{
    cleanup_buf struct buf out = BUF(4096);
    const char *text = "state done\nerror \ntarget maildir:/a b\n";

    CHECK(ctl_value(text, "target", &out));
    CHECK_STR(buf_str(&out), "maildir:/a b");
    buf_clear(&out);
    CHECK(ctl_value(text, "error", &out));
    CHECK_EQ(out.len, 0);
    CHECK(!ctl_value(text, "stat", &out));
    ctl_list_pairs("a 1\nlonger two words\nalone\n", &out);
    CHECK_STR(buf_str(&out), "a       1\nlonger  two words\nalone\n");
}

static void test_errors(void)
{
    static const char text[] = "2026-01-01T00:00:00Z uid 0 a.pst/.ctl/target\n"
                               "  bogus:x\n"
                               "  ^\n"
                               "  old (EINVAL)\n"
                               "2026-01-01T00:00:01Z uid 0 a.pst/.ctl/target\n"
                               "  bogus:x\n"
                               "  ^\n"
                               "  unknown kind (EINVAL)\n"
                               "2026-01-01T00:00:02Z uid 0 b/a.pst/.ctl/target"
                               "\n  imap:\n  another (EBUSY)\n";
    cleanup_buf struct buf out = BUF(4096);

    CHECK(ctl_error_of(text, "a.pst/.ctl/target", &out));
    CHECK_STR(buf_str(&out), "unknown kind (EINVAL)");
    CHECK(ctl_error_of(text, "b/a.pst/.ctl/target", &out));
    CHECK_STR(buf_str(&out), "another (EBUSY)");
    CHECK(!ctl_error_of(text, "c.pst/.ctl/target", &out));
    CHECK(!ctl_error_of("", "c.pst/.ctl/target", &out));
}

static void check_clean(const char *text, const char *expected)
{
    cleanup_buf struct buf out = BUF(4096);

    ctl_clean(&out, text, strlen(text));
    CHECK_STR(buf_str(&out), expected);
}

static void test_clean(void)
{
    check_clean("caf\xc3\xa9", "caf\xc3\xa9");
    check_clean("\033[2J\n\x7f", "?[2J??");
    check_clean("\xc2\x9b"
                "2J",
                "??2J"); /* CSI in one character */
    check_clean("\xc2\xa0", "\xc2\xa0");
    check_clean("\xff", "\xef\xbf\xbd");
    CHECK_EQ(ctl_width("caf\xc3\xa9"), 4);
    CHECK_EQ(ctl_width("\xe6\xbc\xa2\xe5\xad\x97"), 4);
}

static void check_size(int64_t bytes, const char *expected)
{
    cleanup_buf struct buf out = BUF(64);

    ctl_add_size(&out, bytes);
    CHECK_STR(buf_str(&out), expected);
}

static void test_sizes(void)
{
    check_size(0, "0");
    check_size(1023, "1023");
    check_size(1024, "1.0K");
    check_size(10 * 1024 - 1, "10K");
    check_size(271360, "265K");
    check_size((int64_t)3 << 40, "3.0T");
}

/* ---- lists ---- */

static const char stores_csv[] =
    "id,path,place,state,reason,format,size,modified,record_key,job_state,"
    "target\n"
    "1,/s/a.pst,a.pst,ok,,unicode,271360,2026-01-01,ab,running,maildir:/x\n"
    "2,/s/b,b,ok,,ansi,12,2026-01-01,ab,done,imap:u@h\n"
    "3,/s/c.pst,,rejected,\"no, it\nis none\",,5,2026-01-01,,none,\n";

static void test_list(void)
{
    cleanup_buf struct buf csv = BUF(1 << 16);
    cleanup_buf struct buf out = BUF(1 << 16);
    struct err err = {0};

    buf_adds(&csv, stores_csv);
    CHECK_EQ(ctl_list_stores(&csv, &out, &err), 0);
    CHECK_STR(buf_str(&out),
              "STORE     SIZE  STATE     JOB      TARGET\n"
              "a.pst     265K  ok        running  maildir:/x\n"
              "b           12  ok        done     imap:u@h\n"
              "/s/c.pst     5  rejected  none     no, it?is none\n");
    buf_clear(&csv);
    buf_adds(&csv, "id,path\n1,/x\n");
    CHECK_EQ(ctl_list_stores(&csv, &out, &err), -EPROTO);
    buf_clear(&csv);
    CHECK_EQ(ctl_list_stores(&csv, &out, &err), -EPROTO);
}

static void test_active(void)
{
    cleanup_buf struct buf csv = BUF(1 << 16);
    struct ctl_watched *stores = NULL;
    struct err err = {0};
    size_t n = 0;

    buf_adds(&csv, stores_csv);
    CHECK_EQ(ctl_list_active("/mnt", &csv, &stores, &n, &err), 0);
    CHECK_EQ(n, 1);
    if (n)
        CHECK_STR(stores[0].dir, "/mnt/a.pst");
    ctl_list_free(stores, n);
}

/* ---- the mount ---- */

static void make_file(const char *dir, const char *name)
{
    char path[PATH_MAX];
    FILE *f;

    snprintf(path, sizeof(path), "%s/.ctl/%s", dir, name);
    f = fopen(path, "w");
    CHECK(f != NULL);
    if (f)
        fclose(f);
}

static void check_store(const char *mount, const char *name, const char *dir,
                        int rc)
{
    cleanup_free char *found = NULL;
    struct err err = {0};

    CHECK_EQ(ctl_store_find(mount, name, &found, &err), rc);
    if (found)
        CHECK_STR(found, dir);
}

static void test_mount(void)
{
    char root[] = "/tmp/pstctl-test.XXXXXX", store[64], sub[80], ctl[80];
    cleanup_free char *mount = NULL, *above = NULL;
    struct err err = {0};

    CHECK(mkdtemp(root) != NULL);
    snprintf(store, sizeof(store), "%s/alice/a.pst", root);
    snprintf(sub, sizeof(sub), "%s/Top/Inbox", store);
    CHECK_EQ(io_mkdirs(sub, 0700, &err), 0);
    snprintf(ctl, sizeof(ctl), "%s/.ctl", store);
    CHECK_EQ(mkdir(ctl, 0700), 0);
    make_file(store, "target");
    CHECK(ctl_mount_find(root, NULL, &mount, &err) == -ENOENT);
    snprintf(ctl, sizeof(ctl), "%s/.ctl", root);
    CHECK_EQ(mkdir(ctl, 0700), 0);
    make_file(root, "version");
    CHECK_EQ(ctl_mount_find(root, NULL, &mount, &err), 0);
    CHECK_STR(mount, root);
    CHECK_EQ(ctl_mount_find(NULL, sub, &above, &err), 0);
    CHECK_STR(above, root);
    check_store(root, "alice/a.pst", store, 0);
    check_store(root, store, store, 0);
    check_store(root, "alice", NULL, -ENOENT);
    check_store(root, "none.pst", NULL, -ENOENT);
    check_store(root, "../../etc", NULL, -ENOENT);
    CHECK_EQ(chdir(sub), 0);
    check_store(root, "../..", store, 0);
    check_store(root, "..", NULL, -ENOENT);
    CHECK_STR(ctl_place(root, store), "alice/a.pst");
    CHECK_EQ(chdir("/"), 0);
    snprintf(ctl, sizeof(ctl), "rm -r %s", root);
    CHECK_EQ(system(ctl), 0);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    unsetenv("PSTFS_MOUNT");
    test_csv();
    test_progress();
    test_bar();
    test_values();
    test_errors();
    test_clean();
    test_sizes();
    test_list();
    test_active();
    test_mount();
    return check_report();
}
