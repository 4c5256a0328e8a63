#include <stdio.h>
#include <string.h>

#include "fs/mail_priv.h"
#include "fs/name.h"

static int parts_once(struct mail *mail, struct catalog_store *store,
                      uint32_t nid, struct parts **parts_r, struct err *err)
{
    unsigned generation;
    struct mail_store *s;
    int rc = mail_store_get(mail, store, nid, &s, err);

    *parts_r = NULL;
    if (rc < 0)
        return rc;
    generation = mail_changes(mail, store->id);
    *parts_r = parts_cache_find(mail->parts, store->id, nid, generation);
    if (*parts_r)
        return 0;
    if ((rc = mail_admit(mail, s, err)) < 0 || (rc = mail_gate(mail, s)) < 0)
        return rc;
    mail_reader_enter(mail, s);
    rc = parts_make(mail->parts, store, nid, generation, parts_r, err);
    mail_reader_leave(mail, s);
    if (rc == 0)
        return 0;
    err_wrap(err, "%s", store->path);
    return rc == -ENOENT ? rc : mail_code(rc);
}

int mail_parts(struct mail *mail, struct catalog_store *store, uint32_t nid,
               struct parts **parts_r, struct err *err)
{
    struct attempt attempt = attempt_begin(mail, store->id);
    int rc;

    do
        rc = parts_once(mail, store, nid, parts_r, err);
    while (attempt_again(mail, store, rc, &attempt));
    return rc;
}

void mail_parts_put(struct mail *mail, struct parts **parts)
{
    parts_put(mail->parts, parts);
}

ssize_t mail_part_read(struct mail *mail, struct catalog_store *store,
                       uint32_t nid, unsigned part, unsigned change,
                       uint64_t off, void *buf, size_t len, struct err *err)
{
    struct attempt attempt = {.generation = change};
    struct mail_store *s;
    ssize_t n;

    if ((n = mail_store_get(mail, store, nid, &s, err)) < 0 ||
        (n = mail_admit(mail, s, err)) < 0 || (n = mail_gate(mail, s)) < 0)
        return n;
    mail_reader_enter(mail, s);
    n = reader_part_read(store->reader, nid, part, off, buf, len, err);
    mail_reader_leave(mail, s);
    return mail_read_end(mail, store, n, &attempt, err);
}

static int fact_once(struct mail *mail, struct catalog_store *store,
                     uint32_t nid, const char *name, struct buf *value,
                     struct err *err)
{
    unsigned generation;
    struct mail_store *s;
    int rc = mail_store_get(mail, store, nid, &s, err);

    if (rc < 0)
        return rc;
    generation = mail_changes(mail, store->id);
    rc = facts_find(mail->facts, store->id, nid, generation, name, value);
    if (rc != -ENOENT)
        return rc;
    if ((rc = mail_admit(mail, s, err)) < 0 || (rc = mail_gate(mail, s)) < 0)
        return rc;
    mail_reader_enter(mail, s);
    rc = facts_make(mail->facts, store, nid, generation, name, value, err);
    mail_reader_leave(mail, s);
    if (rc == 0 || rc == -ENOMEM || rc == -ENODATA)
        return rc;
    err_wrap(err, "%s", store->path);
    return mail_code(rc);
}

int mail_fact(struct mail *mail, struct catalog_store *store, uint32_t nid,
              const char *name, struct buf *value, struct err *err)
{
    struct attempt attempt = attempt_begin(mail, store->id);
    int rc;

    do
        rc = fact_once(mail, store, nid, name, value, err);
    while (attempt_again(mail, store, rc, &attempt));
    return rc;
}

/* The item of a name that is LISTING_PARTS longer; -ENOENT. */
static ssize_t find_parted(const struct nameset *names, const char *name)
{
    size_t len = strlen(name), tail = strlen(LISTING_PARTS);
    char stem[NAME_MAX_BYTES + 1];

    if (len <= tail || len > NAME_MAX_BYTES ||
        strcmp(name + len - tail, LISTING_PARTS) != 0)
        return -ENOENT;
    snprintf(stem, sizeof(stem), "%.*s", (int)(len - tail), name);
    return nameset_find(names, stem);
}

/* Whether there are any is asked where the row says that there are none. */
int mail_find_parts(struct mail *mail, struct mail_dir *dir, const char *name,
                    struct mail_found *found_r, struct err *err)
{
    const struct nameset *names = listing_names(dir->listing);
    ssize_t i = mail->fs->attachments ? find_parted(names, name) : -ENOENT;
    struct parts *parts = NULL;
    int rc = i < 0 ? -ENOENT : 0;

    if (rc == 0)
        *found_r = (struct mail_found){.is_parts = true,
                                       .nid = nameset_nid(names, (size_t)i)};
    if (rc == 0 && !listing_has_parts(dir->listing, (size_t)i)) {
        rc = mail_parts(mail, dir->of->store, found_r->nid, &parts, err);
        if (rc == 0 && !nameset_count(parts_names(parts)))
            rc = -ENOENT;
        mail_parts_put(mail, &parts);
    }
    return rc == -ENOENT ? err_set(err, ENOENT, "no such item") : rc;
}
