/* What the tests of the db share. */
#ifndef UNIT_DB_HELP_H
#define UNIT_DB_HELP_H

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipeline/db/db.h"
#include "tests/unit/check.h"

/* A new directory under $TMPDIR; 0 or -1. */
static inline int help_dir(char *dir, size_t size)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(dir, size, "%s/pstfs-db.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(dir) ? 0 : -1;
}

/* It and the files in it. */
static inline void help_dir_remove(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    char path[PATH_MAX + 300];

    while (d && (e = readdir(d))) {
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(dir);
}

/* What a listing saw: how many, which, and texts. */
struct help_seen {
    int n, stop;
    int64_t ids[8];
    char text[512];
};

static inline int64_t help_store(struct db *db, const char *path)
{
    struct db_store s = {
        .path = path, .state = "ok", .reason = "", .record_key = ""};
    struct err err = {0};
    int64_t id = 0;

    CHECK_EQ(db_store_put(db, &s, &id, &err), 0);
    return id;
}

/* The counters are what the rows say; returns their sum of items. */
static inline int64_t help_check_counters(struct db *db, int64_t job)
{
    int64_t items[ITEM_STATES], bytes[ITEM_STATES], sum = 0;
    struct err err = {0};
    struct db_job j;

    CHECK_EQ(db_job_get(db, job, &j, &err), 0);
    CHECK_EQ(db_ledger_recount(db, job, items, bytes, &err), 0);
    for (int i = 0; i < ITEM_STATES; i++) {
        CHECK_EQ(j.items[i], items[i]);
        CHECK_EQ(j.bytes[i], bytes[i]);
        sum += items[i];
    }
    return sum;
}

#endif
