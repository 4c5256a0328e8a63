#include <string.h>

#include "fs/keeper.h"
#include "fs/mail_priv.h"
#include "pipeline/base/log.h"

int mail_code(int rc)
{
    return rc == -ENOMEM || rc == -ESTALE ? rc : -EIO;
}

unsigned mail_changes(struct mail *mail, int64_t store)
{
    unsigned n;

    pthread_mutex_lock(&mail->lock);
    n = mail->stores[store] ? mail->stores[store]->generation : 0;
    pthread_mutex_unlock(&mail->lock);
    return n;
}

static void tell_known(const struct mail_store *s, const struct tree *tree,
                       const struct mail_dir *dirs, mail_known_fn *fn,
                       void *ctx)
{
    struct node node = {.kind = s->recovered ? NODE_RECOVERED : NODE_FOLDER,
                        .store = s->store->id};

    for (size_t i = 0; tree && i < tree_count(tree); i++) {
        node.id = tree_at(tree, i)->nid;
        fn(ctx, node_join(node));
    }
    node.kind = s->recovered ? NODE_RECOVERED_ITEM : NODE_ITEM;
    for (; dirs; dirs = dirs->older) {
        const struct nameset *names = listing_names(dirs->listing);
        for (size_t i = 0; i < nameset_count(names); i++) {
            node.id = nameset_nid(names, i);
            fn(ctx, node_join(node));
        }
    }
}

/* What was known of a store: the listings held and chained by older. */
struct forgotten {
    struct tree *tree;
    struct mail_dir *dirs;
};

/* Forgets tree and listings, which the caller gets. */
static struct forgotten store_forget(struct mail *mail, struct mail_store *s)
{
    struct forgotten f = {0};

    if (s->recovered) /* a search may take long, and is in vain now */
        reader_interrupt(s->store->reader, true);
    pthread_mutex_lock(&s->build);
    pthread_mutex_lock(&mail->lock);
    s->generation++;
    s->asked = 0;
    f.tree = steal_ptr(s->tree);
    while (s->dirs) {
        struct mail_dir *dir = s->dirs;
        mail_cache_remove(mail, dir);
        dir->refs++;
        dir->fresh = 0;
        dir->older = f.dirs;
        f.dirs = dir;
    }
    pthread_mutex_unlock(&mail->lock);
    if (s->store->reader)
        reader_renew(s->store->reader);
    if (s->recovered)
        mail_twin_resume(mail, s);
    pthread_mutex_unlock(&s->build);
    return f;
}

static void store_change(struct mail *mail, struct mail_store *s,
                         mail_known_fn *fn, void *ctx)
{
    struct forgotten f = store_forget(mail, s);

    if (fn)
        tell_known(s, f.tree, f.dirs, fn, ctx);
    while (f.dirs) {
        struct mail_dir *dir = f.dirs;
        f.dirs = steal_ptr(dir->older);
        mail_close(mail, &dir);
    }
    tree_free(&f.tree);
}

/* It and its twin. generation: the change that is known of; when that is no
 * more, somebody else has done it: false. */
static bool store_changes(struct mail *mail, struct mail_store *s,
                          const unsigned *generation, mail_known_fn *fn,
                          void *ctx)
{
    struct mail_store *twin, *libpff;
    bool mine;

    pthread_mutex_lock(&s->change);
    pthread_mutex_lock(&mail->lock);
    mine = !generation || *generation == s->generation;
    twin = s->twin;
    libpff = twin ? twin->twin : NULL;
    pthread_mutex_unlock(&mail->lock);
    if (mine) {
        store_change(mail, s, fn, ctx);
        parts_cache_drop(mail->parts, s->store->id, fn, ctx);
    }
    if (mine && twin)
        store_change(mail, twin, fn, ctx);
    if (mine && libpff)
        store_change(mail, libpff, fn, ctx);
    pthread_mutex_unlock(&s->change);
    return mine;
}

static struct mail_store *store_known(struct mail *mail, int64_t id)
{
    struct mail_store *s;

    if (id > NODE_STORE_MAX)
        return NULL;
    pthread_mutex_lock(&mail->lock);
    s = mail->stores[id];
    pthread_mutex_unlock(&mail->lock);
    return s; /* NULL: nobody has looked into it */
}

/* Somebody asked meanwhile and got the new state already. */
static bool follows_already(const struct catalog_store *store)
{
    struct reader_file file;

    if (store->gone || store->rejected || !store->reader)
        return false;
    reader_file(store->reader, &file);
    return file.now == store->file;
}

void mail_changed(struct mail *mail, struct catalog_store *store,
                  mail_known_fn *fn, void *ctx)
{
    struct mail_store *s = store_known(mail, store->id);

    if (s && !follows_already(store))
        store_changes(mail, s, NULL, fn, ctx);
}

/* ---- what a call finds ---- */

static void store_refresh(struct mail *mail, struct mail_store *s,
                          unsigned generation)
{
    if (!store_changes(mail, s, &generation, NULL, NULL))
        return;
    log_info("%s: has changed, and is read anew", s->store->path);
    pthread_mutex_lock(&mail->lock);
    s->refreshed = mail->refreshed = true;
    pthread_mutex_unlock(&mail->lock);
    keeper_wake(mail->fs->keeper);
}

void mail_follow(struct mail *mail, struct catalog_store *store)
{
    struct mail_store *s = store_known(mail, store->id);

    if (s)
        store_refresh(mail, s, mail_changes(mail, store->id));
    else if (store->reader)
        reader_renew(store->reader);
}

struct attempt attempt_begin(struct mail *mail, int64_t store)
{
    return (struct attempt){.generation = mail_changes(mail, store)};
}

bool attempt_again(struct mail *mail, struct catalog_store *store, int rc,
                   struct attempt *attempt)
{
    struct mail_store *s = store_known(mail, store->id);

    if (rc != -ESTALE || !s || store->gone || store->rejected ||
        attempt->n++ >= MAIL_FOLLOW_MAX)
        return false;
    store_refresh(mail, s, attempt->generation);
    attempt->generation = mail_changes(mail, store->id);
    return true;
}

ssize_t mail_read_end(struct mail *mail, struct catalog_store *store, ssize_t n,
                      struct attempt *attempt, struct err *err)
{
    if (n >= 0 && mail_changes(mail, store->id) != attempt->generation)
        return err_set(err, ESTALE, "%s has changed", store->path);
    attempt_again(mail, store, n == -ESTALE ? -ESTALE : 0, attempt);
    return n;
}

struct catalog_store *mail_refreshed(struct mail *mail)
{
    struct catalog_store *store = NULL;

    pthread_mutex_lock(&mail->lock);
    for (size_t id = 1; mail->refreshed && !store && id <= NODE_STORE_MAX; id++)
        if (mail->stores[id] && mail->stores[id]->refreshed) {
            mail->stores[id]->refreshed = false;
            store = mail->stores[id]->store;
        }
    mail->refreshed = store != NULL;
    pthread_mutex_unlock(&mail->lock);
    return store;
}

void mail_kernel_told(struct mail *mail, const struct catalog_store *store,
                      unsigned change)
{
    struct mail_store *s = store_known(mail, store->id);

    pthread_mutex_lock(&mail->lock);
    if (s && s->told < change)
        s->told = change;
    pthread_mutex_unlock(&mail->lock);
}

bool mail_is_told(struct mail *mail, int64_t store)
{
    struct mail_store *s = store_known(mail, store);
    bool told;

    pthread_mutex_lock(&mail->lock);
    told = !s || s->told == s->generation;
    pthread_mutex_unlock(&mail->lock);
    return told;
}

/* A store whose record key the state has to learn, and the key; NULL none. */
static struct mail_store *take_key(struct mail *mail, char key_r[KEY_SIZE])
{
    struct mail_store *s = NULL;

    pthread_mutex_lock(&mail->lock);
    for (size_t id = 1; mail->keys && !s && id <= NODE_STORE_MAX; id++)
        if (mail->stores[id] && mail->stores[id]->key[0])
            s = mail->stores[id];
    mail->keys = s != NULL;
    if (s) {
        memcpy(key_r, s->key, KEY_SIZE);
        s->key[0] = '\0';
    }
    pthread_mutex_unlock(&mail->lock);
    return s;
}

void keys_save(struct mail *mail)
{
    char key[KEY_SIZE];
    struct mail_store *s;

    while ((s = take_key(mail, key))) {
        struct db_store row = {.path = s->store->path,
                               .state = "ok",
                               .reason = "",
                               .record_key = key,
                               .size = s->store->size,
                               .mtime = s->store->mtime};
        struct err err = {0};
        int64_t id;
        if (db_store_put(mail->fs->db, &row, &id, &err) < 0)
            log_warn("%s: record key: %s", row.path, err.msg);
    }
}
