#include "fs/mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/lane.h"
#include "fs/mail_priv.h"
#include "pipeline/base/charset.h"
#include "pipeline/base/log.h"

int mail_new(struct fs *fs, struct mail **mail_r, struct err *err)
{
    int64_t readers = settings_int(fs->settings, "mount.readers");
    int64_t idle = settings_int(fs->settings, "mount.reader_idle");
    struct mail *mail = calloc(1, sizeof(*mail));
    int rc;

    *mail_r = NULL;
    if (!mail)
        return err_sys(err, ENOMEM, "mail");
    rc = pool_new((unsigned)readers, (uint64_t)idle * 1000, &mail->pool, err);
    if (rc == 0)
        rc = pool_new((unsigned)readers / MAIL_RECOVERED_PART,
                      (uint64_t)idle * 1000, &mail->pool_recovered, err);
    if (rc == 0 &&
        (!(mail->parts = parts_cache_new()) || !(mail->facts = facts_new())))
        rc = err_sys(err, ENOMEM, "mail");
    if (rc < 0) {
        parts_cache_free(&mail->parts);
        pool_free(&mail->pool);
        pool_free(&mail->pool_recovered);
        free(mail);
        return rc;
    }
    mail->fs = fs;
    mail->refuse_password =
        settings_bool(fs->settings, "mount.refuse_password");
    pthread_mutex_init(&mail->lock, NULL);
    *mail_r = mail;
    return 0;
}

static struct mail_store *store_make(struct catalog_store *store)
{
    struct mail_store *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->store = store;
    s->cost_us = 500; /* a guess; soon measured */
    pthread_mutex_init(&s->change, NULL);
    pthread_mutex_init(&s->build, NULL);
    return s;
}

int mail_store_get(struct mail *mail, struct catalog_store *store, uint32_t nid,
                   struct mail_store **s_r, struct err *err)
{
    struct mail_store **place;
    bool unasked;

    *s_r = NULL;
    if (store->gone || !store->reader || store->id > NODE_STORE_MAX)
        return err_set(err, ESTALE, "%s is gone", store->path);
    pthread_mutex_lock(&mail->lock);
    place = &mail->stores[store->id];
    if (!*place)
        *place = store_make(store);
    *s_r = *place;
    if (*place && reader_is_recovered(nid))
        *s_r = mail_twin(mail, *place);
    unasked = *s_r && reader_is_libpff(nid) && !(*s_r)->asked;
    if (*s_r)
        *s_r = mail_answers(*s_r, nid);
    pthread_mutex_unlock(&mail->lock);
    if (unasked)
        return err_set(err, ENOENT, "%s: libpff was not asked", store->path);
    return *s_r ? 0 : err_sys(err, ENOMEM, "%s", store->path);
}

int mail_gate(struct mail *mail, const struct mail_store *s)
{
    int64_t lane = s->store->id + (s->recovered ? NODE_STORE_MAX : 0);

    return lane_enter(mail->fs->lanes, lane);
}

static struct pool *pool_of(struct mail *mail, const struct mail_store *s)
{
    return s->recovered ? mail->pool_recovered : mail->pool;
}

void mail_reader_enter(struct mail *mail, struct mail_store *s)
{
    pool_enter(pool_of(mail, s), s->store);
}

void mail_reader_leave(struct mail *mail, struct mail_store *s)
{
    pool_leave(pool_of(mail, s), s->store);
}

/* ---- trees ---- */

static int refuse(struct mail *mail, struct mail_store *s, struct err *err)
{
    static const char why[] = "has a password: refused (mount.refuse_password)";

    if (!s->refusal_told) {
        log_info("%s: %s", s->store->path, why);
        db_event_add(mail->fs->db, s->store->id, 0, "warning", why);
    }
    s->refusal_told = true;
    return err_set(err, EACCES, "%s: %s", s->store->path, why);
}

static int tree_ask(struct mail_store *s, struct tree **tree_r, struct err *err)
{
    if (!s->recovered)
        return tree_new(s->store->reader, tree_r, err);
    return tree_single(READER_RECOVERED, tree_r) < 0
               ? err_sys(err, ENOMEM, "recovered items")
               : 0;
}

/* s->build is held. */
static int tree_make(struct mail *mail, struct mail_store *s, struct err *err)
{
    struct reader_info info = {0};
    struct tree *tree = NULL;
    bool refused = false;
    int rc;

    mail_reader_enter(mail, s);
    rc = reader_info(s->store->reader, &info, err);
    if (rc == 0)
        refused = mail->refuse_password && info.has_password;
    if (rc == 0 && !refused)
        rc = tree_ask(s, &tree, err);
    mail_reader_leave(mail, s);
    if (refused)
        return refuse(mail, s, err);
    if (rc < 0) {
        err_wrap(err, "%s", s->store->path);
        return mail_code(rc);
    }
    if (tree_dropped(tree))
        log_warn("%s: %zu folders are not shown", s->store->path,
                 tree_dropped(tree));
    pthread_mutex_lock(&mail->lock);
    s->tree = tree;
    s->stamp = info.stamp;
    memcpy(s->key, info.record_key, KEY_SIZE);
    mail->keys = mail->keys || s->key[0];
    pthread_mutex_unlock(&mail->lock);
    return 0;
}

/* On success the tree is there and mail->lock is held. */
static int tree_lock(struct mail *mail, struct mail_store *s, struct err *err)
{
    int rc = 0;

    pthread_mutex_lock(&mail->lock);
    if (s->tree)
        return 0;
    pthread_mutex_unlock(&mail->lock);
    if ((rc = mail_gate(mail, s)) < 0)
        return rc;
    pthread_mutex_lock(&s->build);
    if (!s->tree)
        rc = tree_make(mail, s, err);
    if (rc == 0)
        pthread_mutex_lock(&mail->lock);
    pthread_mutex_unlock(&s->build);
    return rc;
}

int mail_admit(struct mail *mail, struct mail_store *s, struct err *err)
{
    struct mail_store *teller = s->of ? s->of : s;
    int rc = mail->refuse_password ? tree_lock(mail, teller, err) : 0;

    if (mail->refuse_password && rc == 0)
        pthread_mutex_unlock(&mail->lock);
    return rc;
}

static int no_folder(const struct mail_store *s, uint32_t nid, struct err *err)
{
    return err_set(err, ENOENT, "%s: no folder %x", s->store->path, nid);
}

static int folder_once(struct mail *mail, struct catalog_store *store,
                       uint32_t nid, uint32_t *parent_r, struct err *err)
{
    const struct tree_folder *folder;
    struct mail_store *s;
    int rc = mail_store_get(mail, store, nid, &s, err);

    if (rc < 0 || (rc = tree_lock(mail, s, err)) < 0)
        return rc;
    folder = tree_get(s->tree, nid);
    if (folder)
        *parent_r = folder->parent;
    pthread_mutex_unlock(&mail->lock);
    return folder ? 0 : no_folder(s, nid, err);
}

int mail_folder(struct mail *mail, struct catalog_store *store, uint32_t nid,
                uint32_t *parent_r, struct err *err)
{
    struct attempt attempt = attempt_begin(mail, store->id);
    int rc;

    do
        rc = folder_once(mail, store, nid, parent_r, err);
    while (attempt_again(mail, store, rc, &attempt));
    return rc;
}

static int folders_once(struct mail *mail, struct catalog_store *store,
                        uint32_t nid, mail_folder_fn *fn, void *ctx,
                        struct err *err)
{
    const struct tree_folder *folder;
    struct mail_store *s;
    int rc = mail_store_get(mail, store, nid, &s, err);

    if (rc < 0 || (rc = tree_lock(mail, s, err)) < 0)
        return rc;
    folder = tree_get(s->tree, nid);
    if (!folder)
        rc = no_folder(s, nid, err);
    for (size_t i = 0; rc == 0 && folder->names; i++) {
        if (i == nameset_count(folder->names))
            break;
        rc = fn(ctx, nameset_nid(folder->names, i),
                nameset_at(folder->names, i));
    }
    pthread_mutex_unlock(&mail->lock);
    return rc;
}

int mail_folders(struct mail *mail, struct catalog_store *store, uint32_t nid,
                 mail_folder_fn *fn, void *ctx, struct err *err)
{
    struct attempt attempt = attempt_begin(mail, store->id);
    int rc;

    do
        rc = folders_once(mail, store, nid, fn, ctx, err);
    while (attempt_again(mail, store, rc, &attempt));
    return rc;
}

static int counts_once(struct mail *mail, struct catalog_store *store,
                       uint32_t nid, struct mail_counts *counts_r,
                       struct err *err)
{
    const struct tree_folder *folder;
    struct mail_store *s;
    int rc = mail_store_get(mail, store, nid, &s, err);

    if (rc < 0 || (rc = tree_lock(mail, s, err)) < 0)
        return rc;
    folder = tree_get(s->tree, nid);
    if (folder) {
        size_t n = folder->names ? nameset_count(folder->names) : 0;
        *counts_r =
            (struct mail_counts){folder->items, folder->unread, (int64_t)n, ""};
        memcpy(counts_r->class, folder->class,
               charset_cut(folder->class, strlen(folder->class),
                           MAIL_CLASS_MAX - 1));
    }
    pthread_mutex_unlock(&mail->lock);
    return folder ? 0 : no_folder(s, nid, err);
}

int mail_counts(struct mail *mail, struct catalog_store *store, uint32_t nid,
                struct mail_counts *counts_r, struct err *err)
{
    struct attempt attempt = attempt_begin(mail, store->id);
    int rc;

    do
        rc = counts_once(mail, store, nid, counts_r, err);
    while (attempt_again(mail, store, rc, &attempt));
    return rc;
}

/* ---- listings ---- */

static struct mail_dir *dir_new(struct mail *mail, struct mail_store *s,
                                uint32_t folder)
{
    struct mail_dir *dir = calloc(1, sizeof(*dir));

    if (!dir)
        return NULL;
    dir->of = s;
    dir->folder = folder;
    dir->generation = s->generation;
    dir->stamp = s->stamp;
    pthread_mutex_lock(&mail->lock);
    dir->asked = s->asked;
    pthread_mutex_unlock(&mail->lock);
    dir->refs = 1;
    dir->last_found = SIZE_MAX - 1;
    pthread_mutex_init(&dir->sizing, NULL);
    return dir;
}

/* What libpff says is an addition: without it the rest is still there. */
static void dir_ask_libpff(struct mail *mail, struct mail_dir *dir)
{
    struct mail_store *s = dir->of->twin;
    size_t before = listing_count(dir->listing);
    struct err err = {0};
    char text[ERR_MSG_MAX + 40];
    int rc;

    mail_reader_enter(mail, s);
    rc = listing_ask(dir->listing, s->store->reader, READER_LIBPFF, &err);
    mail_reader_leave(mail, s);
    if (rc < 0)
        snprintf(text, sizeof(text), "libpff: %s", err.msg);
    else
        snprintf(text, sizeof(text), "libpff has recovered %zu items more",
                 listing_count(dir->listing) - before);
    log_info("%s: %s", s->store->path, text);
    db_event_add(mail->fs->db, s->store->id, 0, rc < 0 ? "warning" : "info",
                 text);
}

static int dir_list(struct mail *mail, struct mail_dir *dir,
                    const struct tree_folder *folder, struct err *err)
{
    int rc = listing_new(folder->nid, folder->names, &dir->listing, err);

    if (rc < 0)
        return rc;
    mail_reader_enter(mail, dir->of);
    rc = listing_ask(dir->listing, dir->of->store->reader, folder->nid, err);
    mail_reader_leave(mail, dir->of);
    if (rc == 0 && dir->asked)
        dir_ask_libpff(mail, dir);
    return rc < 0 ? rc : listing_settle(dir->listing, err);
}

static int dir_fill(struct mail *mail, struct mail_dir *dir,
                    const struct tree_folder *folder, struct err *err)
{
    struct catalog_store *store = dir->of->store;
    int rc = dir_list(mail, dir, folder, err);

    if (rc < 0) {
        err_wrap(err, "%s", store->path);
        return mail_code(rc);
    }
    if (listing_dropped(dir->listing))
        log_warn("%s: folder %x: %zu entries are not shown", store->path,
                 folder->nid, listing_dropped(dir->listing));
    size_load(mail, dir);
    return 0;
}

/* s->build is held and there is a tree. */
static int dir_make(struct mail *mail, struct mail_store *s, uint32_t nid,
                    struct mail_dir **dir_r, struct err *err)
{
    const struct tree_folder *folder = tree_get(s->tree, nid);
    struct mail_dir *dir;
    int rc;

    if (!folder)
        return no_folder(s, nid, err);
    if (!(dir = dir_new(mail, s, nid)))
        return err_sys(err, ENOMEM, "%s", s->store->path);
    rc = dir_fill(mail, dir, folder, err);
    if (rc < 0) {
        mail_cache_free(dir);
        return rc;
    }
    pthread_mutex_lock(&mail->lock);
    mail_cache_add(mail, dir);
    pthread_mutex_unlock(&mail->lock);
    *dir_r = dir;
    return 0;
}

static int open_once(struct mail *mail, struct catalog_store *store,
                     uint32_t folder, struct mail_dir **dir_r, struct err *err)
{
    struct mail_store *s;
    int rc = mail_store_get(mail, store, folder, &s, err);

    *dir_r = NULL;
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&mail->lock);
    *dir_r = mail_cache_find(mail, s, folder);
    pthread_mutex_unlock(&mail->lock);
    if (*dir_r)
        return 0;
    if ((rc = mail_gate(mail, s)) < 0)
        return rc;
    pthread_mutex_lock(&s->build);
    pthread_mutex_lock(&mail->lock);
    *dir_r = mail_cache_find(mail, s, folder);
    pthread_mutex_unlock(&mail->lock);
    if (!*dir_r && !s->tree)
        rc = tree_make(mail, s, err);
    if (!*dir_r && rc == 0)
        rc = dir_make(mail, s, folder, dir_r, err);
    pthread_mutex_unlock(&s->build);
    return rc;
}

int mail_open(struct mail *mail, struct catalog_store *store, uint32_t folder,
              struct mail_dir **dir_r, struct err *err)
{
    struct attempt attempt = attempt_begin(mail, store->id);
    int rc;

    do
        rc = open_once(mail, store, folder, dir_r, err);
    while (attempt_again(mail, store, rc, &attempt));
    return rc;
}

const struct listing *mail_listing(const struct mail_dir *dir)
{
    return dir->listing;
}

/* 1 found, 0 not among the subfolders. */
static int find_folder(struct mail *mail, struct mail_store *s, uint32_t nid,
                       const char *name, struct mail_found *found_r,
                       struct err *err)
{
    const struct tree_folder *folder;
    int rc = tree_lock(mail, s, err);
    ssize_t i = -1;

    if (rc < 0)
        return rc;
    folder = tree_get(s->tree, nid);
    if (folder && folder->names)
        i = nameset_find(folder->names, name);
    if (i >= 0)
        *found_r = (struct mail_found){
            .is_folder = true, .nid = nameset_nid(folder->names, (size_t)i)};
    pthread_mutex_unlock(&mail->lock);
    if (!folder)
        return no_folder(s, nid, err);
    return i >= 0;
}

static int find_item(struct mail *mail, struct mail_dir *dir, const char *name,
                     struct mail_found *found_r, struct err *err)
{
    const struct nameset *names = listing_names(dir->listing);
    ssize_t i = nameset_find(names, name);
    int rc;

    if (i < 0)
        return mail_find_parts(mail, dir, name, found_r, err);
    if ((rc = size_found(mail, dir, (size_t)i, err)) < 0)
        return rc;
    *found_r = (struct mail_found){.nid = nameset_nid(names, (size_t)i)};
    listing_item(dir->listing, (size_t)i, &found_r->item);
    return 0;
}

static int find_once(struct mail *mail, struct catalog_store *store,
                     uint32_t folder, const char *name,
                     struct mail_found *found_r, struct err *err)
{
    struct mail_dir *dir;
    struct mail_store *s;
    int rc = mail_store_get(mail, store, folder, &s, err);

    if (rc < 0)
        return rc;
    rc = find_folder(mail, s, folder, name, found_r, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if ((rc = open_once(mail, store, folder, &dir, err)) < 0)
        return rc;
    rc = find_item(mail, dir, name, found_r, err);
    mail_close(mail, &dir);
    return rc;
}

int mail_find(struct mail *mail, struct catalog_store *store, uint32_t folder,
              const char *name, struct mail_found *found_r, struct err *err)
{
    struct attempt attempt = attempt_begin(mail, store->id);
    int rc;

    do
        rc = find_once(mail, store, folder, name, found_r, err);
    while (attempt_again(mail, store, rc, &attempt));
    return rc;
}

/* ---- single items ---- */

/* The listing in the cache that has the item, held; NULL none. */
static struct mail_dir *dir_with(struct mail *mail, struct mail_store *s,
                                 uint32_t nid, size_t *i_r)
{
    struct mail_dir *dir;
    ssize_t i = -1;

    pthread_mutex_lock(&mail->lock);
    for (dir = s->dirs; dir; dir = dir->next)
        if ((i = nameset_of_nid(listing_names(dir->listing), nid)) >= 0)
            break;
    if (dir) {
        dir->refs++;
        mail_cache_touch(mail, dir);
    }
    pthread_mutex_unlock(&mail->lock);
    *i_r = (size_t)i;
    return dir;
}

static int item_once(struct mail *mail, struct catalog_store *store,
                     uint32_t nid, struct listing_item *item_r, struct err *err)
{
    struct mail_store *s;
    struct mail_dir *dir;
    size_t i;
    int rc = mail_store_get(mail, store, nid, &s, err);

    if (rc < 0)
        return rc;
    dir = dir_with(mail, s, nid, &i);
    if (!dir)
        return size_item(mail, s, nid, READER_FILE, item_r, err);
    rc = size_found(mail, dir, i, err);
    if (rc == 0)
        listing_item(dir->listing, i, item_r);
    mail_close(mail, &dir);
    return rc;
}

int mail_item(struct mail *mail, struct catalog_store *store, uint32_t nid,
              struct listing_item *item_r, struct err *err)
{
    struct attempt attempt = attempt_begin(mail, store->id);
    int rc;

    do
        rc = item_once(mail, store, nid, item_r, err);
    while (attempt_again(mail, store, rc, &attempt));
    return rc;
}

static int sized_once(struct mail *mail, struct catalog_store *store,
                      uint32_t nid, enum reader_format format,
                      struct listing_item *item_r, struct err *err)
{
    struct mail_store *s;
    int rc = mail_store_get(mail, store, nid, &s, err);

    return rc < 0 ? rc : size_item(mail, s, nid, format, item_r, err);
}

int mail_sized(struct mail *mail, struct catalog_store *store, uint32_t nid,
               enum reader_format format, struct listing_item *item_r,
               struct err *err)
{
    struct attempt attempt = attempt_begin(mail, store->id);
    int rc;

    do
        rc = sized_once(mail, store, nid, format, item_r, err);
    while (attempt_again(mail, store, rc, &attempt));
    return rc;
}

ssize_t mail_read(struct mail *mail, struct catalog_store *store, uint32_t nid,
                  enum reader_format format, unsigned change, uint64_t off,
                  void *buf, size_t len, struct err *err)
{
    struct attempt attempt = {.generation = change};
    struct mail_store *s;
    ssize_t n;

    if ((n = mail_store_get(mail, store, nid, &s, err)) < 0 ||
        (n = mail_admit(mail, s, err)) < 0 || (n = mail_gate(mail, s)) < 0)
        return n;
    mail_reader_enter(mail, s);
    n = reader_read(s->store->reader, nid, format, off, buf, len, err);
    mail_reader_leave(mail, s);
    return mail_read_end(mail, store, n, &attempt, err);
}

int mail_enter(struct mail *mail, struct catalog_store *store)
{
    int rc = lane_enter(mail->fs->lanes, store->id);

    if (rc == 0)
        pool_enter(mail->pool, store);
    return rc;
}

void mail_leave(struct mail *mail, struct catalog_store *store)
{
    pool_leave(mail->pool, store);
}

void mail_keep(struct mail *mail)
{
    pool_idle(mail->pool);
    pool_idle(mail->pool_recovered);
    keys_save(mail);
    size_save(mail, false);
}

static void store_free(struct mail *mail, struct mail_store *s)
{
    while (s->dirs) {
        struct mail_dir *dir = s->dirs;
        mail_cache_remove(mail, dir);
        mail_cache_free(dir);
    }
    if (s->twin)
        store_free(mail, s->twin);
    reader_free(&s->own.reader);
    tree_free(&s->tree);
    pthread_mutex_destroy(&s->build);
    pthread_mutex_destroy(&s->change);
    free(s);
}

void mail_free(struct mail **mail)
{
    struct mail *m = *mail;

    if (!m)
        return;
    keys_save(m);
    size_save(m, true);
    for (size_t id = 0; id <= NODE_STORE_MAX; id++)
        if (m->stores[id])
            store_free(m, m->stores[id]);
    pool_free(&m->pool);
    pool_free(&m->pool_recovered);
    parts_cache_free(&m->parts);
    facts_free(&m->facts);
    pthread_mutex_destroy(&m->lock);
    free(m);
    *mail = NULL;
}
