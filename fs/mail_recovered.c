/*
 * Recovered items: those that no folder lists. A store that somebody looks
 * into for them gets a twin, with a reader process of its own, since that has
 * to read the whole file first: whoever reads the store's folders meanwhile
 * does not wait for it. What is known of them is not written to the state:
 * their numbers belong to one state of the file, of which the stamp in its
 * header tells less than they need.
 *
 * What libpff finds besides is asked for by mail_recover only, and listed when
 * the next look into the directory makes a new listing: its process is a twin
 * of the twin.
 */
#include <stdlib.h>

#include "fs/mail_priv.h"

/* s->twin, made with a reader of its own. */
static struct mail_store *twin_make(struct mail *mail, struct mail_store *s,
                                    int (*reader_make)(const char *path,
                                                       struct reader **reader_r,
                                                       struct err *err))
{
    struct mail_store *twin;

    if (s->twin || !(twin = calloc(1, sizeof(*twin))))
        return s->twin;
    /* id and path of a store never change. */
    twin->own =
        (struct catalog_store){.id = s->store->id, .path = s->store->path};
    if (reader_make(s->store->path, &twin->own.reader, NULL) < 0) {
        free(twin);
        return NULL;
    }
    reader_interrupt(twin->own.reader, mail->ending);
    twin->store = &twin->own;
    twin->recovered = true;
    twin->cost_us = s->cost_us;
    pthread_mutex_init(&twin->change, NULL);
    pthread_mutex_init(&twin->build, NULL);
    s->twin = twin;
    return twin;
}

struct mail_store *mail_twin(struct mail *mail, struct mail_store *s)
{
    return twin_make(mail, s, reader_new);
}

struct mail_store *mail_answers(struct mail_store *s, uint32_t nid)
{
    return s->recovered && reader_is_libpff(nid) && s->twin ? s->twin : s;
}

void mail_twin_resume(struct mail *mail, struct mail_store *twin)
{
    pthread_mutex_lock(&mail->lock);
    reader_interrupt(twin->own.reader, mail->ending);
    pthread_mutex_unlock(&mail->lock);
}

int mail_recover(struct mail *mail, struct catalog_store *store,
                 struct err *err)
{
    struct mail_store *twin, *libpff;
    int rc = mail_store_get(mail, store, READER_RECOVERED, &twin, err);

    if (rc == 0 && !reader_has_libpff())
        rc = err_set(err, EOPNOTSUPP, "built without libpff");
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&mail->lock);
    libpff = twin_make(mail, twin, reader_new_libpff);
    if (libpff) {
        libpff->of = twin;
        twin->asked++;
    }
    pthread_mutex_unlock(&mail->lock);
    return libpff ? 0 : err_sys(err, ENOMEM, "%s", store->path);
}

void mail_give_up(struct mail *mail)
{
    struct mail_store *s;

    pthread_mutex_lock(&mail->lock);
    mail->ending = true;
    for (size_t id = 1; id <= NODE_STORE_MAX; id++)
        if (mail->stores[id])
            for (s = mail->stores[id]->twin; s; s = s->twin)
                reader_interrupt(s->own.reader, true);
    pthread_mutex_unlock(&mail->lock);
}
