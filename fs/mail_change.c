#include <string.h>

#include "fs/mail_priv.h"
#include "pipeline/base/log.h"

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

/* Forgets tree and listings, which the caller gets: the listings held and
 * chained by older. */
static struct mail_dir *store_forget(struct mail *mail, struct mail_store *s,
                                     struct tree **tree_r)
{
    struct mail_dir *dirs = NULL;

    if (s->recovered) /* a search may take long, and is in vain now */
        reader_interrupt(s->store->reader, true);
    pthread_mutex_lock(&s->build);
    pthread_mutex_lock(&mail->lock);
    s->generation++;
    s->asked = 0;
    *tree_r = steal_ptr(s->tree);
    while (s->dirs) {
        struct mail_dir *dir = s->dirs;
        mail_cache_remove(mail, dir);
        dir->refs++;
        dir->fresh = 0;
        dir->older = dirs;
        dirs = dir;
    }
    pthread_mutex_unlock(&mail->lock);
    if (s->store->reader)
        reader_rest(s->store->reader);
    if (s->recovered)
        mail_twin_resume(mail, s);
    pthread_mutex_unlock(&s->build);
    return dirs;
}

static void store_change(struct mail *mail, struct mail_store *s,
                         mail_known_fn *fn, void *ctx)
{
    struct tree *tree = NULL;
    struct mail_dir *dirs = store_forget(mail, s, &tree);

    if (fn)
        tell_known(s, tree, dirs, fn, ctx);
    while (dirs) {
        struct mail_dir *dir = dirs;
        dirs = steal_ptr(dir->older);
        mail_close(mail, &dir);
    }
    tree_free(&tree);
}

void mail_changed(struct mail *mail, struct catalog_store *store,
                  mail_known_fn *fn, void *ctx)
{
    struct mail_store *s, *twin = NULL, *libpff = NULL;

    if (store->id > NODE_STORE_MAX)
        return;
    pthread_mutex_lock(&mail->lock);
    s = mail->stores[store->id];
    if (s && (twin = s->twin))
        libpff = twin->twin;
    pthread_mutex_unlock(&mail->lock);
    if (s) { /* else nobody has looked into it */
        store_change(mail, s, fn, ctx);
        parts_cache_drop(mail->parts, store->id, fn, ctx);
    }
    if (twin)
        store_change(mail, twin, fn, ctx);
    if (libpff)
        store_change(mail, libpff, fn, ctx);
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
