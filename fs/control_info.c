#include "fs/control_priv.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fs/catalog.h"
#include "fs/mail.h"
#include "pipeline/base/hash.h"
#include "pipeline/reader/client.h"

#define FORMATS_MAX 1000000 /* stores whose format is remembered */
#define NOTES_MAX   (1u << 20)

static pthread_mutex_t format_lock = PTHREAD_MUTEX_INITIALIZER;
static char (*formats)[16]; /* by store number */
static size_t formats_n;

void control_format(int64_t store, char format_r[16])
{
    format_r[0] = '\0';
    pthread_mutex_lock(&format_lock);
    if (store >= 0 && (size_t)store < formats_n)
        memcpy(format_r, formats[store], sizeof(formats[store]));
    pthread_mutex_unlock(&format_lock);
}

static void format_remember(int64_t store, const char format[16])
{
    size_t n = (size_t)store + 1;
    char(*more)[16];
    bool news = false;

    if (store < 0 || store >= FORMATS_MAX)
        return;
    pthread_mutex_lock(&format_lock);
    if (n > formats_n) {
        n = n < formats_n * 2 ? formats_n * 2 : n;
        more = realloc(formats, n * sizeof(*more));
        if (more) {
            memset(more + formats_n, 0, (n - formats_n) * sizeof(*more));
            formats = more;
            formats_n = n;
        }
    }
    if ((size_t)store < formats_n) {
        news = strncmp(formats[store], format, sizeof(formats[store])) != 0;
        memcpy(formats[store], format, sizeof(formats[store]));
    }
    pthread_mutex_unlock(&format_lock);
    if (news)
        control_bump(); /* stores.csv shows it */
}

static void add_words(struct buf *out, const char *key, const char *text)
{
    buf_addf(out, "%s ", key);
    if (*text)
        control_clean(out, text, strlen(text));
    else
        buf_addc(out, '-');
    buf_addc(out, '\n');
}

static void add_head(struct buf *out, const struct reader_info *info)
{
    add_words(out, "format", info->format);
    buf_addf(out, "type %s\n", info->is_ost ? "ost" : "pst");
    add_words(out, "encryption", info->crypt);
    buf_addf(out, "version %u\n", info->version);
    buf_addf(out, "size %" PRIu64 "\n", info->file_size);
    buf_addf(out, "eof %" PRIu64 "\n", info->file_eof);
    add_words(out, "record_key", info->record_key);
    add_words(out, "name", info->display_name);
    buf_addf(out, "password %s\n", info->has_password ? "yes" : "no");
    buf_addf(out, "codepage %u\n", info->codepage);
    add_words(out, "sandbox", info->sandbox);
}

struct counts {
    int64_t folders, items;
};

static int count_folder(void *ctx, const struct reader_folder *folder)
{
    struct counts *counts = ctx;

    if (folder->is_search)
        return 0;
    counts->folders++;
    counts->items += folder->items;
    return 0;
}

void control_notes(struct buf *out, const struct buf *notes)
{
    const char *at = buf_str(notes), *end = at + notes->len;

    while (at < end) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((nl ? nl : end) - at);

        if (len) {
            buf_adds(out, "damage ");
            control_clean(out, at, len);
            buf_addc(out, '\n');
        }
        at += len + 1;
    }
}

/* Items that ended readers: passed over from then on. */
static void add_bad(void *ctx, uint32_t nid, const char *why)
{
    buf_addf(ctx, "item 0x%x ended the reader: %s\n", nid, why);
}

static void add_health(struct fs *fs, struct reader *reader, struct buf *out)
{
    cleanup_buf struct buf notes = BUF(NOTES_MAX);
    struct counts counts = {0, 0};
    struct err err = {0};

    if (reader_folders(reader, count_folder, &counts, &err) < 0)
        buf_addf(&notes, "folders cannot be listed: %s\n", err.msg);
    if (reader_notes(reader, &notes, &err) < 0 && !notes.error)
        buf_addf(&notes, "%s\n", err.msg);
    reader_bad(reader, add_bad, &notes);
    buf_addf(out, "folders %" PRId64 "\nitems %" PRId64 "\nhealth %s\n",
             counts.folders, counts.items, notes.len ? "damaged" : "ok");
    control_notes(out, &notes);
}

static void add_unreadable(struct buf *out, int64_t size, const char *reason)
{
    buf_addf(out, "size %" PRId64 "\nhealth unreadable\n", size);
    add_words(out, "reason", reason);
}

static int add_store(struct fs *fs, struct catalog_store *s, struct buf *out)
{
    struct reader_info info;
    struct err why = {0};
    int rc = mail_enter(fs->mail, s);

    if (rc < 0)
        return rc;
    rc = reader_info(s->reader, &info, &why);
    if (rc == -ESTALE) {
        mail_follow(fs->mail, s);
        rc = reader_info(s->reader, &info, &why);
    }
    if (rc < 0) {
        add_unreadable(out, s->size, why.msg);
    } else {
        format_remember(s->id, info.format);
        add_head(out, &info);
        if (info.has_password && fs->settings &&
            settings_bool(fs->settings, "mount.refuse_password"))
            buf_adds(out, "refused it has a password "
                          "(mount.refuse_password)\n");
        add_health(fs, s->reader, out);
    }
    mail_leave(fs->mail, s);
    return 0;
}

int control_show_info(struct fs *fs, int64_t store, struct buf *out,
                      struct err *err)
{
    struct catalog_store *s = catalog_store(fs->catalog, store);
    int rc;

    if (!s)
        return err_set(err, ENOENT, "no such store");
    if (s->rejected || s->gone || !s->reader)
        add_unreadable(out, s->size, s->reason);
    else if ((rc = add_store(fs, s, out)) < 0)
        return rc;
    return -out->error;
}

static void count_bad(void *ctx, uint32_t nid, const char *why)
{
    ++*(int64_t *)ctx;
}

/* The file's own marks: polling info never opens the store. What reading
 * finds later shows because a cached text is kept for seconds only. */
int control_info_stamp(struct fs *fs, int64_t store, uint64_t *stamp_r)
{
    const struct catalog_store *s = catalog_store(fs->catalog, store);
    int64_t facts[4] = {0};

    if (!s)
        return -ENOENT;
    facts[0] = s->size;
    facts[1] = s->mtime;
    facts[2] = s->gone;
    if (s->reader)
        reader_bad(s->reader, count_bad, &facts[3]);
    *stamp_r = hash_fnv(facts, sizeof(facts));
    return 0;
}

int64_t control_info_mtime(struct fs *fs, int64_t store)
{
    const struct catalog_store *s = catalog_store(fs->catalog, store);

    return s && s->mtime ? s->mtime : fs->mounted;
}

void control_info_finish(void)
{
    pthread_mutex_lock(&format_lock);
    free(formats);
    formats = NULL;
    formats_n = 0;
    pthread_mutex_unlock(&format_lock);
}
