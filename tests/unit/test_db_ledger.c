/* The ledger and its counters. */
#include "tests/unit/check.h"

#include <errno.h>
#include <stdlib.h>

#include "pipeline/db/db.h"
#include "tests/unit/db_help.h"

#define FOLDER_A 0x8022u
#define FOLDER_B 0x8042u

static int64_t new_job(struct db *db, const char *path, const char *target)
{
    struct err err = {0};
    int64_t id = 0;

    CHECK_EQ(db_job_new(db, help_store(db, path), target, 0, 0, 0, &id, &err),
             0);
    return id;
}

static struct db_item item_of(uint32_t nid, uint32_t folder, uint64_t size)
{
    struct db_item it = {.nid = nid, .folder = folder, .size = size};

    it.time = 1000 + nid;
    it.class = "IPM.Note";
    it.subject = "caf\xc3\xa9";
    return it;
}

/* Folder B has even, folder A odd numbers: nid order is not folder order. */
static void add_ten(struct db *db, int64_t job)
{
    struct db_folder a = {FOLDER_A, "Top\x1fInbox", 5};
    struct db_folder b = {FOLDER_B, "Top\x1fSent", 5};
    struct db_item it[10];
    struct err err = {0};

    CHECK_EQ(db_ledger_folder(db, job, &a, &err), 0);
    CHECK_EQ(db_ledger_folder(db, job, &b, &err), 0);
    for (uint32_t i = 0; i < 10; i++)
        it[i] = item_of(i, i % 2 ? FOLDER_A : FOLDER_B, 100);
    CHECK_EQ(db_ledger_add(db, job, it, 10, &err), 0);
}

static int see_item(void *ctx, const struct db_item *it, const char *path)
{
    struct help_seen *seen = ctx;
    size_t len = strlen(seen->text);

    seen->n++;
    snprintf(seen->text + len, sizeof(seen->text) - len, "%u%c", it->nid,
             path[4]);
    return seen->n == seen->stop ? -EINTR : 0;
}

static int see_all(void *ctx, const struct db_item *it, const char *path)
{
    struct help_seen *seen = ctx;

    snprintf(seen->text, sizeof(seen->text),
             "%u|%x|%s|%lld|%llu|%s|%s|%s|%s|%s|%s|%s", it->nid, it->folder,
             item_state_name(it->state), (long long)it->time,
             (unsigned long long)it->size, it->class, it->subject, it->hash,
             it->remote, it->reason, it->defects, path);
    return 0;
}

static void test_ledger_mark(struct db *db)
{
    int64_t job = new_job(db, "/ledger/mark", "maildir:/lm");
    struct db_item it[3] = {{.nid = 1}, {.nid = 3}, {.nid = 4}};
    struct err err = {0};
    struct help_seen seen = {0};
    struct db_job j;

    add_ten(db, job);
    add_ten(db, job); /* known nids stay as they are */
    for (int i = 0; i < 3; i++) {
        it[i].state = ITEM_INGESTED;
        it[i].size = 150;
        it[i].hash = "aa55";
        it[i].remote = "cur/1";
    }
    it[2].state = ITEM_FAILED;
    it[2].reason = "too large";
    it[2].defects = "1: text body";
    CHECK_EQ(db_ledger_mark(db, job, it, 3, &err), 0);
    CHECK_EQ(db_job_get(db, job, &j, &err), 0);
    CHECK_EQ(j.items[ITEM_LISTED], 7);
    CHECK_EQ(j.bytes[ITEM_LISTED], 700);
    CHECK_EQ(j.items[ITEM_INGESTED], 2);
    CHECK_EQ(j.bytes[ITEM_INGESTED], 300);
    CHECK_EQ(j.items[ITEM_FAILED], 1);
    CHECK_EQ(db_ledger_get(db, job, 4, see_all, &seen, &err), 0);
    CHECK_STR(seen.text, "4|8042|failed|1004|150|IPM.Note|caf\xc3\xa9|aa55|"
                         "cur/1|too large|1: text body|Top\x1fSent");
    CHECK_EQ(db_ledger_get(db, job, 99, see_all, &seen, &err), -ENOENT);
    /* All or none. */
    it[0].state = ITEM_VERIFIED;
    it[2].nid = 99;
    CHECK_EQ(db_ledger_mark(db, job, it, 3, &err), -ENOENT);
    it[0].state = (enum item_state)77;
    CHECK_EQ(db_ledger_mark(db, job, it, 1, &err), -EINVAL);
    CHECK_EQ(db_ledger_mark(db, 4711, it, 0, &err), 0);
    it[0].state = ITEM_VERIFIED;
    CHECK_EQ(db_ledger_mark(db, 4711, it, 1, &err), -ENOENT);
    help_check_counters(db, job);
    CHECK(db_remote_known(db, "maildir:/lm", "cur/1"));
    CHECK(!db_remote_known(db, "maildir:/lm", "cur/2"));
    CHECK(!db_remote_known(db, "maildir:/other", "cur/1"));
    CHECK(db_item_remote_known(db, "maildir:/lm", 1, "cur/1"));
    CHECK(!db_item_remote_known(db, "maildir:/lm", 2, "cur/1"));
    CHECK_EQ(db_job_act(db, job, JOB_ACT_CANCEL, &err), 0);
}

static void test_ledger_order(struct db *db)
{
    int64_t job = new_job(db, "/ledger/order", "maildir:/lo");
    struct db_item it = {.nid = 5, .state = ITEM_VERIFIED};
    struct err err = {0};
    struct help_seen seen = {0};

    add_ten(db, job);
    CHECK_EQ(db_ledger_mark(db, job, &it, 1, &err), 0);
    CHECK_EQ(db_ledger_each(db, job, -1, see_item, &seen, &err), 0);
    CHECK_STR(seen.text, "1I3I5I7I9I0S2S4S6S8S");
    seen = (struct help_seen){0};
    CHECK_EQ(db_ledger_each(db, job, ITEM_LISTED, see_item, &seen, &err), 0);
    CHECK_STR(seen.text, "1I3I7I9I0S2S4S6S8S");
    seen = (struct help_seen){.stop = 6};
    CHECK_EQ(db_ledger_each(db, job, -1, see_item, &seen, &err), -EINTR);
    CHECK_STR(seen.text, "1I3I5I7I9I0S");
    seen = (struct help_seen){0};
    CHECK_EQ(db_ledger_each(db, job, ITEM_FAILED, see_item, &seen, &err), 0);
    CHECK_EQ(seen.n, 0);
    CHECK_EQ(db_ledger_each(db, 4711, -1, see_item, &seen, &err), 0);
    CHECK_EQ(seen.n, 0);
    CHECK_EQ(db_job_act(db, job, JOB_ACT_CANCEL, &err), 0);
}

static void test_ledger_next(struct db *db)
{
    int64_t job = new_job(db, "/ledger/next", "maildir:/ln");
    struct db_item *it, done = {.nid = 5, .state = ITEM_SENDING};
    struct err err = {0};
    size_t n;

    add_ten(db, job);
    CHECK_EQ(db_ledger_mark(db, job, &done, 1, &err), 0);
    CHECK_EQ(
        db_ledger_next(db, job, FOLDER_A, ITEM_LISTED, 1, 2, &it, &n, &err), 0);
    CHECK_EQ(n, 2);
    CHECK_EQ(it[0].nid, 3);
    CHECK_EQ(it[1].nid, 7);
    CHECK_EQ(it[1].folder, FOLDER_A);
    CHECK_STR(it[0].class, "IPM.Note");
    CHECK_STR(it[1].subject, "caf\xc3\xa9");
    CHECK_STR(it[1].reason, "");
    free(it);
    CHECK_EQ(
        db_ledger_next(db, job, FOLDER_A, ITEM_SENDING, 0, 100, &it, &n, &err),
        0);
    CHECK_EQ(n, 1);
    free(it);
    CHECK_EQ(
        db_ledger_next(db, job, FOLDER_B, ITEM_LISTED, 8, 100, &it, &n, &err),
        0);
    CHECK_EQ(n, 0);
    free(it);
    CHECK_EQ(db_job_act(db, job, JOB_ACT_CANCEL, &err), 0);
}

static int see_folder(void *ctx, const struct db_folder *f)
{
    struct help_seen *seen = ctx;
    size_t len = strlen(seen->text);

    snprintf(seen->text + len, sizeof(seen->text) - len, "%x %s %lld;", f->nid,
             f->path, (long long)f->listed);
    return 0;
}

static void test_ledger_folders(struct db *db)
{
    int64_t job = new_job(db, "/ledger/folders", "maildir:/lf");
    struct db_folder a = {FOLDER_A, "Top\x1fNew", 6};
    struct err err = {0};
    struct help_seen seen = {0};

    add_ten(db, job);
    CHECK_EQ(db_ledger_folder(db, job, &a, &err), 0);
    CHECK_EQ(db_ledger_folder(db, 4711, &a, &err), -ENOENT);
    CHECK_EQ(db_ledger_folders(db, job, see_folder, &seen, &err), 0);
    CHECK_STR(seen.text, "8022 Top\x1fNew 6;8042 Top\x1fSent 5;");
    CHECK_EQ(db_job_act(db, job, JOB_ACT_CANCEL, &err), 0);
}

static void test_ledger_retry(struct db *db)
{
    int64_t job = new_job(db, "/ledger/retry", "maildir:/lr");
    struct db_item it[4] = {{.nid = 1}, {.nid = 2}, {.nid = 3}, {.nid = 4}};
    struct err err = {0};
    struct help_seen seen = {0};
    struct db_job j;

    add_ten(db, job);
    for (int i = 0; i < 4; i++) {
        it[i].state = i < 2 ? ITEM_FAILED : ITEM_VERIFIED;
        it[i].size = 10;
        it[i].remote = "r";
        it[i].reason = i < 2 ? "refused" : "";
    }
    CHECK_EQ(db_ledger_mark(db, job, it, 4, &err), 0);
    CHECK_EQ(db_job_set(db, job, JOB_PARTIAL, "2 failed", &err), 0);
    CHECK_EQ(db_job_act(db, job, JOB_ACT_RETRY, &err), 0);
    CHECK_EQ(db_job_get(db, job, &j, &err), 0);
    CHECK_STR(j.error, "");
    CHECK_EQ(j.items[ITEM_FAILED], 0);
    CHECK_EQ(j.bytes[ITEM_FAILED], 0);
    CHECK_EQ(j.items[ITEM_LISTED], 8);
    CHECK_EQ(j.items[ITEM_VERIFIED], 2);
    help_check_counters(db, job);
    CHECK_EQ(db_ledger_get(db, job, 2, see_all, &seen, &err), 0);
    CHECK_STR(seen.text, "2|8042|listed|1002|10|IPM.Note|caf\xc3\xa9|||||"
                         "Top\x1fSent");
    CHECK_EQ(db_job_act(db, job, JOB_ACT_CANCEL, &err), 0);
}

/* Hostile texts are cut between characters; ids never. */
static void test_ledger_limits(struct db *db)
{
    int64_t job = new_job(db, "/ledger/limits", "maildir:/ll");
    struct db_item it = item_of(1, FOLDER_A, 5), *got;
    static char text[9001];
    struct err err = {0};
    size_t n;

    for (size_t i = 0; i + 1 < sizeof(text); i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    it.subject = it.reason = text;
    it.class = NULL;
    CHECK_EQ(db_ledger_add(db, job, &it, 1, &err), 0);
    CHECK_EQ(
        db_ledger_next(db, job, FOLDER_A, ITEM_LISTED, 0, 1, &got, &n, &err),
        0);
    CHECK_EQ(n, 1);
    CHECK_EQ(strlen(got[0].subject), DB_SUBJECT_MAX / 3 * 3);
    CHECK_EQ(strlen(got[0].reason), DB_REASON_MAX / 3 * 3);
    CHECK_STR(got[0].class, "");
    free(got);
    it.remote = text;
    CHECK_EQ(db_ledger_mark(db, job, &it, 1, &err), -EINVAL);
    it.remote = "";
    it.size = UINT64_MAX;
    CHECK_EQ(db_ledger_mark(db, job, &it, 1, &err), -EINVAL);
    CHECK_EQ(db_job_set(db, job, JOB_FAILED, text, &err), 0);
}

static int see_round(void *ctx, const struct db_item *it, const char *path)
{
    int *rounds = ctx;

    if (it->round >= 0 && it->round < 2)
        rounds[it->round]++;
    return 0;
}

static int see_listed(void *ctx, const struct db_folder *folder)
{
    int64_t *listed = ctx;

    listed[folder->nid == FOLDER_B] = folder->listed;
    CHECK(folder->nid != FOLDER_A || strcmp(folder->path, "Top\x1fInbox") == 0);
    return 0;
}

/* The store has changed: another round of listing adds to what is there. */
static void test_ledger_relist(struct db *db)
{
    int64_t job = new_job(db, "/relist.pst", "maildir:/r"), listed[2] = {0};
    struct db_folder a = {FOLDER_A, "Top\x1fOther", 1};
    struct db_item more = item_of(11, FOLDER_A, 50);
    struct db_item whole = item_of(FOLDER_A, FOLDER_A, 9);
    int rounds[2] = {0};
    struct err err = {0};
    struct db_job j;

    add_ten(db, job);
    whole.state = ITEM_FAILED;
    CHECK_EQ(db_ledger_add(db, job, &whole, 1, &err), 0);
    CHECK_EQ(db_job_stamp(db, job, UINT64_MAX, &err), 0);
    CHECK_EQ(db_job_extracted(db, job, &err), 0);
    CHECK_EQ(db_job_get(db, job, &j, &err), 0);
    CHECK(j.extracted && j.stamp == UINT64_MAX && j.round == 0);
    CHECK_EQ(db_job_relist(db, job, &err), 0);
    CHECK_EQ(db_job_get(db, job, &j, &err), 0);
    CHECK(!j.extracted && j.stamp == 0 && j.round == 1);
    CHECK_EQ(j.items[ITEM_FAILED], 0);
    CHECK_EQ(j.bytes[ITEM_FAILED], 0);
    CHECK_EQ(help_check_counters(db, job), 10);
    /* Twice, as after a crash; and one that is known. */
    for (int i = 0; i < 2; i++) {
        struct db_item known = item_of(3, FOLDER_A, 1);
        CHECK_EQ(db_ledger_add(db, job, &more, 1, &err), 0);
        CHECK_EQ(db_ledger_add(db, job, &known, 1, &err), 0);
        CHECK_EQ(db_ledger_folder(db, job, &a, &err), 0);
    }
    CHECK_EQ(help_check_counters(db, job), 11);
    CHECK_EQ(db_ledger_each(db, job, -1, see_round, rounds, &err), 0);
    CHECK_EQ(rounds[0], 10);
    CHECK_EQ(rounds[1], 1);
    CHECK_EQ(db_ledger_folders(db, job, see_listed, listed, &err), 0);
    CHECK_EQ(listed[0], 6);
    CHECK_EQ(listed[1], 5);
    CHECK_EQ(db_job_relist(db, 999999, &err), -ENOENT);
}

int main(void)
{
    struct err err = {0};
    struct db *db = NULL;
    char dir[256], path[300];

    if (help_dir(dir, sizeof(dir)))
        return 99;
    snprintf(path, sizeof(path), "%s/state.db", dir);
    CHECK_EQ(db_open(path, &db, &err), 0);
    test_ledger_mark(db);
    test_ledger_order(db);
    test_ledger_next(db);
    test_ledger_folders(db);
    test_ledger_retry(db);
    test_ledger_limits(db);
    test_ledger_relist(db);
    db_close(&db);
    help_dir_remove(dir);
    return check_report();
}
