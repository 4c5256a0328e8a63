/* Which state of its file a reader reads, and when that is no more. */
#include "pipeline/reader/client_priv.h"
#include "pipeline/reader/rules.h"
#include "pipeline/reader/source.h"

static void file_set(struct reader *reader, const struct reader_file *file)
{
    pthread_mutex_lock(&reader->state);
    reader->file = *file;
    reader->stale.code = 0;
    pthread_mutex_unlock(&reader->state);
}

/* It is another state now, whoever says so: until renewed. */
void client_stale_set(struct reader *reader, const struct err *why)
{
    pthread_mutex_lock(&reader->state);
    if (!reader->stale.code)
        reader->stale = *why;
    pthread_mutex_unlock(&reader->state);
}

/* -ESTALE with the reason, when it is known to be. */
int client_stale(struct reader *reader, struct err *err)
{
    int rc = 0;

    pthread_mutex_lock(&reader->state);
    if (reader->stale.code)
        rc = err_set(err, ESTALE, "%s", reader->stale.msg);
    pthread_mutex_unlock(&reader->state);
    return rc;
}

void reader_file(struct reader *reader, struct reader_file *file_r)
{
    pthread_mutex_lock(&reader->state);
    *file_r = reader->file;
    pthread_mutex_unlock(&reader->state);
}

void reader_renew(struct reader *reader)
{
    static const struct reader_file any;

    reader_expect(reader, &any);
}

void reader_expect(struct reader *reader, const struct reader_file *file)
{
    pthread_mutex_lock(&reader->lock);
    child_end(&reader->child);
    file_set(reader, file);
    pthread_mutex_unlock(&reader->lock);
}

/* The state just met against the one that is read; the first is it. */
int client_meet(struct reader *reader, const struct reader_file *met,
                struct err *err)
{
    struct reader_file file;

    reader_file(reader, &file);
    if (file.now == met->now)
        return 0;
    if (!file.now) {
        file_set(reader, met);
        return 0;
    }
    return err_set(err, ESTALE, "%s",
                   file.lasting == met->lasting
                       ? "another file lies in the place of the store"
                       : "the file has changed");
}

int reader_look(struct reader *reader, struct reader_file *file_r,
                struct err *err)
{
    struct reader_file file, met = {0};
    int rc = source_look(reader->path, reader_rules()->timeout_ms, &met, err);

    if (file_r)
        *file_r = met;
    if (rc != 0)
        client_blame(reader, err);
    if (rc != 0)
        return rc == -ETIMEDOUT ? rc : READER_NO_SOURCE;
    rc = client_stale(reader, err);
    reader_file(reader, &file);
    if (rc == 0 && file.now && file.now != met.now)
        rc = client_meet(reader, &met, err);
    return rc ? client_blame(reader, err) : 0;
}
