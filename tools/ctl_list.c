#include "tools/ctl_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/base/io.h"

#define CELL_MAX 65536

/* ---- stores.csv ---- */

enum column { PATH, PLACE, STATE, REASON, SIZE, JOB, TARGET, COLUMNS };

static const char *const column_names[COLUMNS] = {
    [PATH] = "path",     [PLACE] = "place", [STATE] = "state",
    [REASON] = "reason", [SIZE] = "size",   [JOB] = "job_state",
    [TARGET] = "target",
};

struct stores {
    char *at; /* next row */
    int where[COLUMNS];
    const char *cell[COLUMNS];
};

static int stores_begin(struct stores *s, struct buf *csv, struct err *err)
{
    char *head[CTL_FIELDS_MAX];
    size_t n;

    s->at = csv->data;
    n = csv->len ? ctl_csv_row(&s->at, head) : 0;
    for (int i = 0; i < COLUMNS; i++) {
        s->where[i] = ctl_csv_column(head, n, column_names[i]);
        if (s->where[i] < 0)
            return err_set(err, EPROTO, "stores.csv has no column %s",
                           column_names[i]);
    }
    return 0;
}

static bool stores_next(struct stores *s)
{
    char *fields[CTL_FIELDS_MAX];
    size_t n = ctl_csv_row(&s->at, fields);

    for (int i = 0; i < COLUMNS; i++)
        s->cell[i] = (size_t)s->where[i] < n ? fields[s->where[i]] : "";
    return n > 0;
}

/* ---- a table ---- */

#define TABLE_COLUMNS 5

struct table {
    size_t width[TABLE_COLUMNS];
    struct buf *out; /* NULL: only measures */
};

static void table_cell(struct table *t, int i, const char *text, bool right)
{
    cleanup_buf struct buf clean = BUF(CELL_MAX);
    size_t width;

    ctl_clean(&clean, text, strlen(text));
    width = ctl_width(buf_str(&clean));
    if (!t->out) {
        if (width > t->width[i])
            t->width[i] = width;
        return;
    }
    if (right)
        for (size_t k = width; k < t->width[i]; k++)
            buf_addc(t->out, ' ');
    buf_adds(t->out, buf_str(&clean));
    if (i + 1 == TABLE_COLUMNS)
        return;
    for (size_t k = right ? t->width[i] : width; k < t->width[i] + 2; k++)
        buf_addc(t->out, ' ');
}

static void table_end(struct table *t)
{
    if (!t->out)
        return;
    while (t->out->len && t->out->data[t->out->len - 1] == ' ')
        t->out->data[--t->out->len] = '\0';
    buf_addc(t->out, '\n');
}

static void table_head(struct table *t)
{
    static const char *const head[TABLE_COLUMNS] = {"STORE", "SIZE", "STATE",
                                                    "JOB", "TARGET"};

    for (int i = 0; i < TABLE_COLUMNS; i++)
        table_cell(t, i, head[i], i == 1);
    table_end(t);
}

/* A store that is not shown goes by its path, and says why instead of where
 * to. */
static void table_store(struct table *t, const struct stores *s)
{
    cleanup_buf struct buf size = BUF(32);
    bool ok = strcmp(s->cell[STATE], "ok") == 0;

    ctl_add_size(&size, strtoll(s->cell[SIZE], NULL, 10));
    table_cell(t, 0, *s->cell[PLACE] ? s->cell[PLACE] : s->cell[PATH], false);
    table_cell(t, 1, buf_str(&size), true);
    table_cell(t, 2, s->cell[STATE], false);
    table_cell(t, 3, s->cell[JOB], false);
    table_cell(t, 4, ok ? s->cell[TARGET] : s->cell[REASON], false);
    table_end(t);
}

static int table_run(struct table *t, const struct buf *csv, struct err *err)
{
    cleanup_buf struct buf copy = BUF(csv->max);
    struct stores s;
    int rc;

    if (buf_add(&copy, csv->data, csv->len))
        return err_set(err, copy.error, "stores.csv");
    rc = stores_begin(&s, &copy, err);
    if (rc)
        return rc;
    table_head(t);
    while (stores_next(&s))
        table_store(t, &s);
    return 0;
}

int ctl_list_stores(struct buf *csv, struct buf *out, struct err *err)
{
    struct table t = {0};
    int rc = table_run(&t, csv, err);

    if (rc)
        return rc;
    t.out = out;
    rc = table_run(&t, csv, err);
    return !rc && out->error ? err_set(err, out->error, "list") : rc;
}

/* ---- active ---- */

static int active_add(const char *mount, const char *place,
                      struct ctl_watched **stores, size_t *n)
{
    struct ctl_watched *more =
        realloc(*stores, (*n + 1) * sizeof(struct ctl_watched));

    if (!more)
        return -ENOMEM;
    *stores = more;
    more[*n] = (struct ctl_watched){.dir = io_join(mount, place),
                                    .place = strdup(place)};
    (*n)++;
    return more[*n - 1].dir && more[*n - 1].place ? 0 : -ENOMEM;
}

int ctl_list_active(const char *mount, struct buf *csv,
                    struct ctl_watched **stores_r, size_t *n_r, struct err *err)
{
    struct ctl_progress p = {0};
    struct stores s;
    int rc = stores_begin(&s, csv, err);

    while (!rc && stores_next(&s)) {
        strncpy(p.state, s.cell[JOB], sizeof(p.state) - 1);
        if (*s.cell[PLACE] && !ctl_progress_ended(&p))
            rc = active_add(mount, s.cell[PLACE], stores_r, n_r);
        if (rc)
            err_set(err, -rc, "no memory");
    }
    return rc;
}

void ctl_list_free(struct ctl_watched *stores, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(stores[i].dir);
        free(stores[i].place);
    }
    free(stores);
}

/* ---- pairs ---- */

void ctl_list_pairs(const char *text, struct buf *out)
{
    size_t widest = 0;

    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n"), key = strcspn(line, " \n");
        if (key < len && key > widest)
            widest = key;
        line += len + (line[len] != '\0');
    }
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n"), key = strcspn(line, " \n");
        ctl_clean(out, line, key);
        for (size_t i = key; key < len && i < widest + 2; i++)
            buf_addc(out, ' ');
        if (key < len)
            ctl_clean(out, line + key + 1, len - key - 1);
        buf_addc(out, '\n');
        line += len + (line[len] != '\0');
    }
}
