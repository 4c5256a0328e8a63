/*
 * The control grammar: lines written in pieces to a file of a store or of the
 * root, over a real state, with the real kinds of targets.
 *     file, then pieces: length, bytes
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "fs/catalog.h"
#include "fs/control.h"
#include "fs/health.h"
#include "fs/keeper.h"
#include "fs/mail.h"
#include "fs/workers.h"
#include "tests/fuzz/fuzz.h"

#define RUNS_PER_DB 500
#define TEXT_SIZE   65536

static struct fs fs;
static const struct control_caller caller = {1, 2, 3};
static char dir[200], path[256];
static int64_t store_id;
static struct reader *reader; /* of a file that is not there */

/* ---- the neighbours ---- */

struct catalog_store *catalog_store(struct catalog *catalog, int64_t id)
{
    static struct catalog_store store = {.shown = (char *)"alice/a.pst",
                                         .reason = (char *)""};

    store.id = id;
    store.reader = reader;
    return id == store_id ? &store : NULL;
}

int keeper_rescan(struct keeper *keeper, bool *changed_r, struct err *err)
{
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
}

void mail_follow(struct mail *mail, struct catalog_store *store)
{
}

int mail_enter(struct mail *mail, struct catalog_store *store)
{
    return 0;
}

void mail_leave(struct mail *mail, struct catalog_store *store)
{
}

/* ---- the state ---- */

static void drop_db(void)
{
    reader_free(&reader);
    db_close(&fs.db);
    unlink(path);
    rmdir(dir);
}

static void fresh_db(void)
{
    const char *tmp = getenv("TMPDIR");

    control_finish();
    if (fs.db) {
        db_close(&fs.db);
        unlink(path);
    } else {
        snprintf(dir, sizeof(dir), "%s/fuzz_control.XXXXXX",
                 tmp && *tmp ? tmp : "/tmp");
        if (!mkdtemp(dir) || settings_new(NULL, &fs.settings, NULL) != 0 ||
            reader_new("/nowhere/a.pst", &reader, NULL) != 0)
            fuzz_fail(__FILE__, __LINE__, "no state");
        snprintf(path, sizeof(path), "%s/db", dir);
        atexit(drop_db);
    }
    if (db_open(path, &fs.db, NULL) != 0)
        fuzz_fail(__FILE__, __LINE__, "no state");
}

static void fresh_store(void)
{
    static unsigned runs;
    char name[64];
    struct db_store store = {
        .path = name, .state = "ok", .reason = "", .record_key = ""};

    if (runs % RUNS_PER_DB == 0)
        fresh_db();
    snprintf(name, sizeof(name), "/src/%u.pst", runs++ % RUNS_PER_DB);
    if (db_store_put(fs.db, &store, &store_id, NULL) != 0)
        fuzz_fail(__FILE__, __LINE__, "no store");
}

/* ---- writing and reading ---- */

static unsigned count_rows(int64_t store)
{
    unsigned n = 0;

    while (control_row(store, n))
        n++;
    return n;
}

static void write_pieces(struct fuzz_in *in, int64_t store, unsigned row)
{
    struct control_handle *h = NULL;

    if (control_open(&fs, store, row, O_WRONLY, &h) != 0)
        return;
    for (int i = 0; in->left && i < 30; i++) {
        size_t len = (size_t)fuzz_number(in, 1), got;
        uint8_t *piece = fuzz_bytes(in, len, &got);
        ssize_t n = control_write(h, piece, got, &caller);
        FUZZ_MUST(n <= (ssize_t)got && (n > 0 || n < 0 || !got));
        free(piece);
    }
    control_release(&h, &caller);
    FUZZ_MUST(!h);
}

/* Reads a file; it must be text that a terminal can be shown. */
static void read_row(int64_t store, unsigned row)
{
    static char text[TEXT_SIZE];
    struct control_handle *h = NULL;
    ssize_t n;

    if (control_open(&fs, store, row, O_RDONLY, &h) != 0)
        return;
    n = control_read(h, 0, text, sizeof(text));
    control_release(&h, &caller);
    for (ssize_t i = 0; i < n; i++)
        FUZZ_MUST(text[i] == '\n' ||
                  ((uint8_t)text[i] >= 32 && text[i] != 127));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const shown[] = {"status", "target", "log", "progress"};
    struct fuzz_in in = {data, size};
    unsigned pick = (unsigned)fuzz_number(&in, 1), row, all;
    int64_t store;

    fresh_store();
    all = count_rows(store_id) + count_rows(0);
    row = pick % all;
    store = row < count_rows(store_id) ? store_id : 0;
    write_pieces(&in, store, store ? row : row - count_rows(store_id));
    for (size_t i = 0; i < array_len(shown); i++)
        if (control_find(store_id, shown[i]) >= 0)
            read_row(store_id, (unsigned)control_find(store_id, shown[i]));
    if (control_find(0, "errors") >= 0)
        read_row(0, (unsigned)control_find(0, "errors"));
    return 0;
}
