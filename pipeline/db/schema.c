#include "pipeline/db/schema.h"

/* States are stored as the numbers of db.h, which are never changed.
 *
 * item: the ledger. A batch is a run of neighbours in one folder (but not in
 * the store: nids of all folders interleave), so the table lies in folder
 * order, and a mark rewrites few pages. item_state serves "the next of this
 * folder in this state"; item_nid finds an item by its nid and is written
 * once. item has no reference to job: it would cost a look-up a row, and the
 * ledger calls check the job once a batch.
 *
 * tally: items and bytes per state, changed in the ledger's transactions. */
static const struct schema_step steps[] = {
    {"stores, jobs, ledger, events, sizes",
     "CREATE TABLE store ("
     " id " DRIVER_ID ","
     " path BLOB NOT NULL UNIQUE,"
     " state TEXT NOT NULL,"
     " reason TEXT NOT NULL,"
     " record_key TEXT NOT NULL,"
     " size BIGINT NOT NULL,"
     " mtime BIGINT NOT NULL);"

     "CREATE TABLE job ("
     " id " DRIVER_ID ","
     " store BIGINT NOT NULL REFERENCES store (id),"
     " target BLOB NOT NULL,"
     " stage TEXT NOT NULL,"
     " error TEXT NOT NULL,"
     " state INTEGER NOT NULL,"
     " request INTEGER NOT NULL,"
     " slot INTEGER NOT NULL,"
     " attempts INTEGER NOT NULL,"
     " uid BIGINT NOT NULL,"
     " gid BIGINT NOT NULL,"
     " pid BIGINT NOT NULL,"
     " created BIGINT NOT NULL,"
     " started BIGINT NOT NULL,"
     " ended BIGINT NOT NULL,"
     " extracted INTEGER NOT NULL);"
     "CREATE INDEX job_store ON job (store, id);"
     "CREATE INDEX job_state ON job (state, id);"
     /* 0, 1, 2: queued, running, paused */
     "CREATE UNIQUE INDEX job_active ON job (store) WHERE state IN (0, 1, 2);"

     "CREATE TABLE tally ("
     " job BIGINT NOT NULL,"
     " state INTEGER NOT NULL,"
     " items BIGINT NOT NULL,"
     " bytes BIGINT NOT NULL,"
     " PRIMARY KEY (job, state))" DRIVER_CLUSTERED ";"

     "CREATE TABLE folder ("
     " job BIGINT NOT NULL,"
     " nid BIGINT NOT NULL,"
     " path TEXT NOT NULL,"
     " listed BIGINT NOT NULL,"
     " PRIMARY KEY (job, nid))" DRIVER_CLUSTERED ";"

     "CREATE TABLE item ("
     " job BIGINT NOT NULL,"
     " nid BIGINT NOT NULL,"
     " folder BIGINT NOT NULL,"
     " state INTEGER NOT NULL,"
     " time BIGINT NOT NULL,"
     " size BIGINT NOT NULL,"
     " class TEXT NOT NULL,"
     " subject TEXT NOT NULL,"
     " hash TEXT NOT NULL,"
     " remote TEXT NOT NULL,"
     " reason TEXT NOT NULL,"
     " PRIMARY KEY (job, folder, nid))" DRIVER_CLUSTERED ";"
     "CREATE UNIQUE INDEX item_nid ON item (job, nid);"
     "CREATE INDEX item_state ON item (job, folder, state, nid);"

     "CREATE TABLE event ("
     " id " DRIVER_ID ","
     " time BIGINT NOT NULL,"
     " store BIGINT NOT NULL,"
     " job BIGINT NOT NULL,"
     " level TEXT NOT NULL,"
     " text TEXT NOT NULL);"
     "CREATE INDEX event_store ON event (store, id);"

     "CREATE TABLE sizes ("
     " store BIGINT NOT NULL,"
     " folder BIGINT NOT NULL,"
     " stamp BIGINT NOT NULL,"
     " version INTEGER NOT NULL,"
     " data BLOB NOT NULL,"
     " PRIMARY KEY (store, folder));"},

    {"defects of items",
     "ALTER TABLE item ADD COLUMN defects TEXT NOT NULL DEFAULT '';"},

    /* stamp: of the state of the store that the ledger lists, 0 unknown;
     * round: how often it was listed anew; kept: items of the folder that
     * earlier rounds have listed. */
    {"jobs of stores that change",
     "ALTER TABLE job ADD COLUMN stamp BIGINT NOT NULL DEFAULT 0;"
     "ALTER TABLE job ADD COLUMN round INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE folder ADD COLUMN kept BIGINT NOT NULL DEFAULT 0;"
     "ALTER TABLE item ADD COLUMN round INTEGER NOT NULL DEFAULT 0;"},

    /* stamp: of the file that was checked. */
    {"checks of stores", "CREATE TABLE health ("
                         " store BIGINT NOT NULL PRIMARY KEY,"
                         " stamp BIGINT NOT NULL,"
                         " time BIGINT NOT NULL,"
                         " text TEXT NOT NULL);"},

    /* stamp: of the state of the file in which the item is bad. */
    {"items that end readers",
     "CREATE TABLE bad_item ("
     " store BIGINT NOT NULL REFERENCES store (id),"
     " stamp BIGINT NOT NULL,"
     " nid BIGINT NOT NULL,"
     " reason TEXT NOT NULL,"
     " time BIGINT NOT NULL,"
     " PRIMARY KEY (store, nid))" DRIVER_CLUSTERED ";"},
};

const struct schema_step *schema_steps(size_t *n_r)
{
    *n_r = array_len(steps);
    return steps;
}

static int schema_climb(struct driver *driver, const struct schema_step *step,
                        size_t n, struct err *err)
{
    int version;
    int rc = driver_schema(driver, &version, err);

    if (rc)
        return rc;
    if (version < 0 || (size_t)version > n)
        return err_set(err, EPROTO,
                       "database: its schema is version %d, this program"
                       " knows versions up to %zu",
                       version, n);
    for (size_t i = (size_t)version; i < n; i++) {
        rc = driver_exec(driver, step[i].sql, err);
        if (!rc)
            rc = driver_schema_set(driver, (int)i + 1, err);
        if (rc) {
            err_wrap(err, "schema step %zu (%s)", i + 1, step[i].what);
            return rc;
        }
    }
    return 0;
}

int schema_migrate(struct driver *driver, const struct schema_step *step,
                   size_t n, struct err *err)
{
    int version;
    int rc = driver_schema(driver, &version, err);

    if (rc || (size_t)version == n)
        return rc;
    /* Again inside: another process may be doing the same. */
    rc = driver_begin_write(driver, err);
    if (rc)
        return rc;
    rc = schema_climb(driver, step, n, err);
    if (!rc)
        return driver_commit(driver, err);
    driver_rollback(driver);
    return rc;
}
