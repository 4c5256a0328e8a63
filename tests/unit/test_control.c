/* The control tree over a real db, with a catalog and targets of its own. */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/catalog.h"
#include "fs/control.h"
#include "fs/control_priv.h"
#include "fs/health.h"
#include "fs/keeper.h"
#include "fs/mail.h"
#include "fs/workers.h"
#include "pipeline/base/clock.h"
#include "pipeline/reader/client.h"
#include "pipeline/target/target.h"

static struct fs fs;
static const struct control_caller root = {0, 0, 4711};
static int wakes, rescans;

/* ---- the neighbours ---- */

static struct catalog_store stores[] = {
    {.id = 1,
     .shown = (char *)"alice/a.pst",
     .reason = (char *)"",
     .reader = (struct reader *)&stores,
     .size = 1000,
     .mtime = 1000000000},
    {.id = 2,
     .shown = (char *)"b.pst",
     .rejected = true,
     .reason = (char *)"no PST"},
};

struct catalog_store *catalog_store(struct catalog *catalog, int64_t id)
{
    return id >= 1 && id <= 2 ? &stores[id - 1] : NULL;
}

int keeper_rescan(struct keeper *keeper, bool *changed_r, struct err *err)
{
    rescans++;
    *changed_r = false;
    return 0;
}

int health_ask(struct health *health, int64_t store, struct err *err)
{
    return 0;
}

int health_show(struct health *health, int64_t store, struct buf *out,
                struct err *err)
{
    return buf_adds(out, "state unchecked\n");
}

int mail_recover(struct mail *mail, struct catalog_store *store,
                 struct err *err)
{
    return 0;
}

void workers_wake(struct workers *workers)
{
    wakes++;
}

static const struct target_ops known = {.kind = "maildir"};

const struct target_ops *target_kind(const char *kind)
{
    return strcmp(kind, "maildir") == 0 ? &known : NULL;
}

int target_parse(const struct settings *settings, const char *text,
                 char *full_r, size_t full_size,
                 const struct target_ops **ops_r, struct err *err)
{
    if (strncmp(text, "maildir:", 8) != 0)
        return err_set(err, EINVAL, "unknown kind of target");
    if (text[8] != '/')
        return err_set(err, EINVAL, "not an absolute path");
    snprintf(full_r, full_size, "%s", text);
    return 0;
}

static int inside;

void mail_follow(struct mail *mail, struct catalog_store *store)
{
}

int mail_enter(struct mail *mail, struct catalog_store *store)
{
    inside++;
    return 0;
}

void mail_leave(struct mail *mail, struct catalog_store *store)
{
    inside--;
}

static int reader_fails;
static const char *notes = "";

int reader_info(struct reader *reader, struct reader_info *info_r,
                struct err *err)
{
    CHECK_EQ(inside, 1);
    if (reader_fails)
        return err_set(err, EIO, "the header is cut off");
    *info_r = (struct reader_info){.format = "Unicode",
                                   .crypt = "permute",
                                   .version = 23,
                                   .file_size = 1000,
                                   .codepage = 1252};
    return 0;
}

int reader_notes(struct reader *reader, struct buf *out, struct err *err)
{
    return buf_adds(out, notes);
}

void reader_bad(struct reader *reader, reader_bad_fn *fn, void *ctx)
{
}

int reader_folders(struct reader *reader, reader_folder_fn *fn, void *ctx,
                   struct err *err)
{
    struct reader_folder f = {.nid = 1, .items = 7, .name = "x", .class = ""};

    fn(ctx, &f);
    f.is_search = true;
    return fn(ctx, &f);
}

/* ---- help ---- */

static struct control_handle *opened(int64_t store, const char *name, int flags)
{
    struct control_handle *h = NULL;
    int row = control_find(store, name);

    CHECK(row >= 0);
    CHECK_EQ(control_open(&fs, store, (unsigned)row, flags, &h), 0);
    return h;
}

static char text[1 << 20];

static const char *text_at(struct control_handle *h, uint64_t off)
{
    ssize_t n = control_read(h, off, text, sizeof(text) - 1);

    text[n < 0 ? 0 : n] = '\0';
    return text;
}

/* The whole text; its length must be what stat says. */
static const char *shown(int64_t store, const char *name)
{
    struct control_handle *h = opened(store, name, O_RDONLY);
    struct stat st;

    text_at(h, 0);
    control_release(&h, &root);
    CHECK_EQ(control_stat(&fs, store, (unsigned)control_find(store, name), &st),
             0);
    CHECK_EQ(st.st_size, strlen(text));
    return text;
}

static ssize_t put(struct control_handle *h, const char *line)
{
    return control_write(h, line, strlen(line), &root);
}

static ssize_t put_once(int64_t store, const char *name, const char *line)
{
    struct control_handle *h = opened(store, name, O_WRONLY);
    ssize_t n = put(h, line);

    control_release(&h, &root);
    return n;
}

static struct db_job latest(void)
{
    struct db_job job = {.state = JOB_STATES};

    CHECK_EQ(db_job_latest(fs.db, 1, &job, NULL), 0);
    return job;
}

static char dir[] = "/tmp/test_control.XXXXXX";

static void drop_db(void)
{
    char path[64];

    db_close(&fs.db);
    snprintf(path, sizeof(path), "%s/db", dir);
    CHECK_EQ(unlink(path), 0);
    control_finish();
}

static void fresh_db(void)
{
    char path[64];
    struct db_store put[2] = {
        {.path = "/src/alice/a.pst",
         .state = "ok",
         .reason = "",
         .record_key = "",
         .size = 1000,
         .mtime = 1000000000},
        {.path = "/src/b.pst",
         .state = "rejected",
         .reason = "no, \"PST\"",
         .record_key = "",
         .size = 5},
    };

    snprintf(path, sizeof(path), "%s/db", dir);
    CHECK_EQ(db_open(path, &fs.db, NULL), 0);
    CHECK_EQ(db_store_put_all(fs.db, put, 2, NULL), 0);
    CHECK_EQ(put[0].id, 1);
}

/* ---- tests ---- */

static void test_table(void)
{
    const struct control_row *row;
    unsigned n = 0;

    for (int64_t store = 0; store < 2; store++)
        for (unsigned i = 0; (row = control_row(store, i)); i++, n++) {
            CHECK_EQ(control_find(store, row->name), i);
            CHECK(row->help && *row->help);
            CHECK(row->show || row->store);
        }
    CHECK(n > 12);
    CHECK_EQ(control_find(1, "nothing"), -ENOENT);
    CHECK(strstr(shown(0, "help"), "ledger.csv"));
    CHECK_STR(shown(0, "version"), "pstfs " PSTFS_VERSION "\n");
    CHECK(strstr(shown(1, "action"), "pause"));
}

static void test_none(void)
{
    CHECK(strncmp(shown(1, "status"), "state none\n", 11) == 0);
    CHECK_STR(shown(1, "progress"), "none - 0/0 0% 0/s -\n");
    CHECK_STR(shown(1, "target"), "");
    CHECK_STR(shown(1, "log"), "");
    CHECK_STR(shown(1, "ledger.csv"),
              "nid,folder,class,subject,time,size,state,hash,remote,reason,"
              "defects\n");
    CHECK_EQ(put_once(1, "action", "pause\n"), -EINVAL);
}

static void test_pieces(void)
{
    struct control_handle *h = opened(1, "target", O_WRONLY);

    CHECK_EQ(put(h, ""), 0);
    CHECK_EQ(put(h, "\n \t\r\n"), 5);
    CHECK_EQ(put(h, "  mail"), 6);
    CHECK_EQ(put(h, "dir:/a"), 6);
    CHECK_EQ(db_job_latest(fs.db, 1, &(struct db_job){0}, NULL), -ENOENT);
    CHECK_EQ(put(h, "b \r\n"), 4);
    CHECK_STR(latest().target, "maildir:/ab");
    CHECK_EQ(latest().pid, 4711);
    CHECK_EQ(wakes, 1);
    control_release(&h, &root);
    CHECK_STR(shown(1, "target"), "maildir:/ab\n");
}

static void test_last_line(void)
{
    struct control_handle *h = opened(1, "target", O_WRONLY);

    CHECK_EQ(put(h, "maildir:/unterminated"), 21);
    CHECK_EQ(db_job_latest(fs.db, 1, &(struct db_job){0}, NULL), -ENOENT);
    control_release(&h, &root);
    CHECK_STR(latest().target, "maildir:/unterminated");
}

static void test_many_lines(void)
{
    struct control_handle *h = opened(1, "action", O_WRONLY);
    static const char lines[] = "pause\nresume\njump\npause\n";

    CHECK_EQ(put_once(1, "target", "maildir:/x\n"), 11);
    control_errors_clear();
    /* Two done, then the rest again, as a shell does it. */
    CHECK_EQ(put(h, lines), 13);
    CHECK_EQ(latest().state, JOB_QUEUED);
    CHECK_EQ(put(h, lines + 13), -EINVAL);
    CHECK_EQ(latest().state, JOB_QUEUED);
    control_release(&h, &root);
    shown(0, "errors");
    CHECK(strstr(text, "jump"));
    CHECK(strstr(strstr(text, "jump") + 1, "jump") == NULL); /* noted once */
    /* Again on a new handle it is noted again. */
    CHECK_EQ(put_once(1, "action", "jump\n"), -EINVAL);
    shown(0, "errors");
    CHECK(strstr(strstr(text, "jump") + 1, "jump"));
}

static void test_too_long(void)
{
    struct control_handle *h = opened(1, "target", O_WRONLY);
    static char line[CONTROL_LINE_MAX * 2];

    memset(line, 'x', sizeof(line));
    memcpy(line, "maildir:/", 9);
    CHECK_EQ(control_write(h, line, sizeof(line), &root), -E2BIG);
    /* Its rest is no command, nor is what comes with it. */
    CHECK_EQ(put(h, "maildir:/rest"), -E2BIG);
    CHECK_EQ(put(h, "maildir:/rest\nmaildir:/more\n"), -E2BIG);
    CHECK_EQ(db_job_latest(fs.db, 1, &(struct db_job){0}, NULL), -ENOENT);
    CHECK(strstr(shown(0, "errors"), "E2BIG"));
    /* In two pieces, with its newline: the next line is good again. */
    CHECK_EQ(control_write(h, line, CONTROL_LINE_MAX, &root), CONTROL_LINE_MAX);
    CHECK_EQ(put(h, "y\n"), -E2BIG);
    CHECK_EQ(put(h, "maildir:/good\n"), 14);
    CHECK_STR(latest().target, "maildir:/good");
    control_release(&h, &root);
}

static void test_errors(void)
{
    struct control_handle *h;
    const struct control_caller other = {1234, 1234, 1};

    control_errors_clear();
    CHECK_STR(shown(0, "errors"), "");
    CHECK_EQ(put_once(1, "target", "bogus:x\n"), -EINVAL);
    shown(0, "errors");
    CHECK(strstr(text, "uid 0 alice/a.pst/.ctl/target\n  bogus:x\n  ^\n"
                       "  unknown kind of target (EINVAL)\n"));
    CHECK_EQ(put_once(1, "target", "maildir:rel\n"), -EINVAL);
    CHECK(strstr(shown(0, "errors"), "  maildir:rel\n          ^\n"));
    CHECK_EQ(put_once(1, "action", "pause  \xc3\xa9 now\n"), -EINVAL);
    CHECK(strstr(shown(0, "errors"), "now\n         ^\n"));
    CHECK_EQ(put_once(2, "target", "maildir:/x\n"), -EROFS);
    CHECK_EQ(put_once(3, "target", "maildir:/x\n"), -ENOENT);
    h = opened(1, "target", O_WRONLY);
    CHECK_EQ(control_write(h, "maildir:/\xc3\xa9\0b\n", 14, &root), -EINVAL);
    CHECK(strstr(shown(0, "errors"), "  maildir:/\xc3\xa9?b\n            ^\n"));
    CHECK_EQ(control_write(h, "maildir:/a\n", 11, &other), -EACCES);
    control_release(&h, &root);
    CHECK_EQ(
        control_open(&fs, 1, (unsigned)control_find(1, "status"), O_RDWR, &h),
        -EPERM);
}

static void test_ring(void)
{
    char line[32];

    for (int i = 0; i < CONTROL_ERRORS + 4; i++) {
        snprintf(line, sizeof(line), "wrong%02d\n", i);
        CHECK_EQ(put_once(0, "action", line), -EINVAL);
    }
    shown(0, "errors");
    CHECK(!strstr(text, "wrong03"));
    CHECK(strstr(text, "wrong04"));
    CHECK(strstr(text, "wrong19"));
    CHECK_EQ(put_once(0, "errors", "clear\n"), 6);
    CHECK_STR(shown(0, "errors"), "");
    put_once(0, "action", "wrong\n");
    CHECK_EQ(control_truncate(&fs, 0, (unsigned)control_find(0, "errors")), 0);
    CHECK_STR(shown(0, "errors"), "");
    CHECK_EQ(control_truncate(&fs, 0, (unsigned)control_find(0, "log")),
             -EPERM);
    put_once(0, "action", "wrong\n");
    CHECK_EQ(put_once(0, "action", "rescan\n"), 7);
    CHECK_EQ(rescans, 1);
    CHECK(strstr(shown(0, "errors"), "wrong"));
    CHECK(strstr(shown(0, "log"), "info rescan"));
}

static void add_items(int64_t job)
{
    const struct db_folder folder = {8,
                                     "Top\x1f"
                                     "a/b",
                                     3};
    const struct db_item items[] = {
        {.nid = 36,
         .folder = 8,
         .state = ITEM_LISTED,
         .time = 1000000000,
         .size = 10,
         .class = "IPM.Note",
         .subject = "say \"hi\", all",
         .hash = "",
         .remote = "",
         .reason = ""},
        {.nid = 68,
         .folder = 8,
         .state = ITEM_LISTED,
         .size = 20,
         .class = "IPM.Note",
         .subject = "two\nlines",
         .hash = "",
         .remote = "",
         .reason = ""},
        {.nid = 100,
         .folder = 8,
         .state = ITEM_LISTED,
         .size = 30,
         .class = "IPM.Task",
         .subject = "",
         .hash = "",
         .remote = "",
         .reason = ""},
    };

    CHECK_EQ(db_ledger_folder(fs.db, job, &folder, NULL), 0);
    CHECK_EQ(db_ledger_add(fs.db, job, items, 3, NULL), 0);
    CHECK_EQ(db_job_extracted(fs.db, job, NULL), 0);
    CHECK_EQ(db_job_stage(fs.db, job, "ingest", "", NULL), 0);
}

static void mark(int64_t job, uint32_t nid, enum item_state state,
                 const char *reason)
{
    struct db_item item = {.nid = nid,
                           .state = state,
                           .size = 11,
                           .hash = "",
                           .remote = "r,1",
                           .reason = reason,
                           .defects = *reason ? "2: a; b" : ""};

    CHECK_EQ(db_ledger_mark(fs.db, job, &item, 1, NULL), 0);
}

static int64_t running_job(void)
{
    struct db_job job;

    CHECK_EQ(put_once(1, "target", "maildir:/x\n"), 11);
    CHECK_EQ(db_job_claim(fs.db, 0, &job, NULL), 1);
    add_items(job.id);
    return job.id;
}

static int failed_one(void *ctx, const struct control_failed *item)
{
    CHECK_EQ(item->nid, 68);
    CHECK_STR(item->subject, "two\nlines");
    CHECK_STR(item->reason, "too big");
    ++*(int *)ctx;
    return 0;
}

static void test_job(void)
{
    int64_t job = running_job();
    int n = 0;

    mark(job, 36, ITEM_INGESTED, "");
    mark(job, 68, ITEM_FAILED, "too big");
    shown(1, "status");
    CHECK(strstr(text, "state running\nstage ingest\ntarget maildir:/x\n"
                       "total 3\nlisted 1\nsending 0\ningested 1\nverified 0\n"
                       "filtered 0\nduplicate 0\nfailed 1\nbytes 11\n"));
    CHECK(strstr(text, "\nended -\n") && strstr(text, "\nerror -\n"));
    CHECK(strncmp(shown(1, "progress"), "running ingest 2/3 66% ", 23) == 0);
    CHECK_STR(
        shown(1, "ledger.csv"),
        "nid,folder,class,subject,time,size,state,hash,remote,reason,"
        "defects\n"
        "0x24,Top/a_b,IPM.Note,\"say \"\"hi\"\", all\",2001-09-09T01:46:40Z,"
        "11,ingested,\"\",\"r,1\",\"\",\"\"\n"
        "0x44,Top/a_b,IPM.Note,\"two\nlines\",\"\",11,failed,\"\",\"r,1\","
        "too big,2: a; b\n"
        "0x64,Top/a_b,IPM.Task,\"\",\"\",30,listed,\"\",\"\",\"\",\"\"\n");
    CHECK_EQ(control_failed_each(&fs, 1, failed_one, &n), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(put_once(1, "target", "maildir:/x\n"), -EBUSY);
    mark(job, 100, ITEM_INGESTED, "");
    CHECK(strstr(shown(1, "ledger.csv"), ",11,ingested,")); /* not the old */
    CHECK(strstr(text, "0x64,Top/a_b,IPM.Task,\"\",\"\",11,ingested"));
    CHECK_EQ(db_job_set(fs.db, job, JOB_PARTIAL, "1 item\nfailed", NULL), 0);
    CHECK(strstr(shown(1, "status"), "\nerror 1 item?failed\n"));
    CHECK(strncmp(shown(1, "progress"), "partial ingest 3/3 100% ", 24) == 0);
    CHECK(strstr(shown(0, "jobs.csv"),
                 "1,1,alice/a.pst,maildir:/x,partial,ingest,3,0,0,2,0,0,0,1,"));
    shown(0, "stores.csv");
    CHECK(strstr(text, "1,/src/alice/a.pst,alice/a.pst,ok,\"\",\"\",1000,"
                       "2001-09-09T01:46:40Z,\"\",partial,maildir:/x\n"));
    CHECK(strstr(text, "2,/src/b.pst,b.pst,rejected,\"no, \"\"PST\"\"\","));
    shown(0, "status");
    CHECK(strstr(text, "stores 1\nrejected 1\n"));
    CHECK(strstr(text, "jobs_partial 1\n") && strstr(text, "jobs_done 0\n"));
    CHECK(strstr(text, "items_ingested 2\nbytes_ingested 22\n"));
    CHECK(strstr(shown(0, "metrics"), "pstfs_jobs{state=\"partial\"} 1\n"));
}

static void test_exist(void)
{
    int64_t job = running_job();

    CHECK_EQ(db_job_set(fs.db, job, JOB_DONE, "", NULL), 0);
    CHECK_EQ(put_once(1, "target", "maildir:/x\n"), -EEXIST);
    CHECK_EQ(put_once(1, "target", "maildir:/y\n"), 11);
}

static void test_snapshot(void)
{
    struct control_handle *h, *polled, *writer;
    int64_t job = running_job();
    char *first;

    h = opened(1, "ledger.csv", O_RDONLY);
    polled = opened(1, "status", O_RDONLY);
    writer = opened(1, "target", O_WRONLY);
    first = strdup(text_at(h, 0));
    CHECK(!control_changed(polled));
    mark(job, 36, ITEM_INGESTED, "");
    CHECK_STR(text_at(h, 0), first); /* stays, also from the start */
    CHECK_STR(text_at(h, 10), first + 10);
    CHECK(control_changed(h));
    CHECK(strcmp(text_at(h, 0), first) != 0);
    free(first);
    CHECK(!control_changed(h));
    CHECK(control_changed(polled));
    CHECK(strstr(text_at(polled, 0), "ingested 1\n"));
    CHECK(!control_changed(polled));
    CHECK_STR(text_at(writer, 0), "");
    control_release(&h, &root);
    control_release(&polled, &root);
    control_release(&writer, &root);
}

static void test_wait(void)
{
    struct control_handle *h = opened(1, "wait", O_RDONLY), *none;
    int64_t job;

    CHECK_EQ(control_wait_ready(h), 1); /* no job: at once */
    CHECK(strncmp(text_at(h, 0), "state none\n", 11) == 0);
    none = h;
    job = running_job();
    CHECK_STR(shown(1, "wait"), "");
    h = opened(1, "wait", O_RDONLY);
    CHECK_EQ(control_wait_ready(h), 0);
    CHECK(!control_changed(h));
    CHECK_STR(text_at(h, 0), "");
    CHECK_EQ(db_job_set(fs.db, job, JOB_FAILED, "no disk", NULL), 0);
    CHECK_EQ(put_once(1, "target", "maildir:/next\n"), 14);
    CHECK_EQ(control_wait_ready(h), 1); /* its own job, not the next */
    CHECK(strstr(text_at(h, 0), "state failed\n"));
    CHECK(strstr(text, "error no disk\n"));
    control_release(&h, &root);
    CHECK(strncmp(text_at(none, 0), "state none\n", 11) == 0);
    control_release(&none, &root);
}

static void test_log(void)
{
    struct control_handle *h;
    cleanup_free char *big = malloc(4001);
    size_t len;

    db_event_add(fs.db, 1, 0, "info", "one\x1b[2J");
    h = opened(1, "log", O_RDONLY);
    CHECK(strstr(text_at(h, 0), "Z info one?[2J\n"));
    len = strlen(text);
    CHECK_STR(text_at(h, len), "");
    db_event_add(fs.db, 1, 0, "warning", "two");
    CHECK_STR(text_at(h, len) + 21, "warning two\n"); /* tail -f */
    control_release(&h, &root);
    CHECK(strstr(shown(0, "log"), "info alice/a.pst: one"));

    memset(big, 'z', 4000);
    big[4000] = '\0';
    for (int i = 0; i < 300; i++) /* past CONTROL_LOG_MAX: the old half goes */
        db_event_add(fs.db, 1, 0, "info", big);
    shown(1, "log");
    CHECK(!strstr(text, "two"));
    CHECK(strlen(text) < CONTROL_LOG_MAX);
    CHECK(strlen(text) > CONTROL_LOG_MAX / 3);
    CHECK(text[4] == '-' && strncmp(text + 21, "info zzz", 8) == 0);
}

static void test_tail_progress(void)
{
    struct control_handle *h = opened(1, "progress", O_RDONLY);
    size_t len = strlen(text_at(h, 0));
    int64_t job;

    CHECK_STR(text_at(h, len), "");
    CHECK_STR(text_at(h, len), ""); /* nothing new */
    job = running_job();
    CHECK_EQ(control_read(h, len, text, 10), 0); /* no piece of a line */
    CHECK(strncmp(text_at(h, len), "running ingest 0/3 0% ", 22) == 0);
    len += strlen(text);
    mark(job, 36, ITEM_INGESTED, "");
    CHECK_STR(text_at(h, len), ""); /* cat: one line, then the end */
    CHECK(strncmp(text_at(h, len), "running ingest 1/3 33% ", 23) == 0);
    /* From the start again, as tail does when the line got shorter. */
    CHECK(strncmp(text_at(h, 0), "running ingest 1/3 33% ", 23) == 0);
    control_release(&h, &root);
}

static void test_info(void)
{
    control_bump();
    CHECK(strstr(shown(1, "info"), "format Unicode\n"));
    CHECK(strstr(text, "encryption permute\n"));
    CHECK(strstr(text, "folders 1\nitems 7\nhealth ok\n"));
    CHECK(strstr(shown(0, "stores.csv"), ",ok,\"\",Unicode,1000,"));
    notes = "block 12: bad CRC\npage 7\n";
    stores[0].mtime++; /* another file */
    CHECK(strstr(shown(1, "info"),
                 "health damaged\ndamage block 12: bad CRC\ndamage page 7\n"));
    reader_fails = 1;
    stores[0].mtime++;
    CHECK(strstr(shown(1, "info"), "health unreadable\n"
                                   "reason the header is cut off\n"));
    CHECK_EQ(inside, 0);
    CHECK(strstr(shown(2, "info"), "health unreadable\nreason no PST\n"));
}

static void test_mtime(void)
{
    unsigned row = (unsigned)control_find(1, "status");
    int64_t job = running_job();
    struct stat st;

    CHECK_EQ(db_job_set(fs.db, job, JOB_DONE, "", NULL), 0);
    CHECK_EQ(control_stat(&fs, 1, row, &st), 0);
    CHECK(st.st_mtime >= time_now() - 5);
    CHECK_EQ(st.st_mode, S_IFREG | 0444);
    CHECK_EQ(control_stat(&fs, 0, (unsigned)control_find(0, "version"), &st),
             0);
    CHECK_EQ(st.st_mtime, fs.mounted);
}

int main(void)
{
    static void (*const tests[])(void) = {
        test_table,      test_none,          test_pieces,   test_last_line,
        test_many_lines, test_too_long,      test_errors,   test_ring,
        test_job,        test_exist,         test_snapshot, test_wait,
        test_log,        test_tail_progress, test_info,     test_mtime,
    };

    CHECK(mkdtemp(dir) != NULL);
    fs.mounted = time_now() - 1000;
    for (size_t i = 0; i < array_len(tests); i++) {
        fresh_db();
        wakes = 0;
        tests[i]();
        drop_db();
    }
    CHECK_EQ(rmdir(dir), 0);
    return check_report();
}
