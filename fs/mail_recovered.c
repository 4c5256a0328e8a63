/*
 * Recovered items: those that no folder lists. A store that somebody looks
 * into for them gets a twin, with a reader process of its own, since that has
 * to read the whole file first: whoever reads the store's folders meanwhile
 * does not wait for it. What is known of them is not written to the state:
 * their numbers belong to one state of the file, of which the stamp in its
 * header tells less than they need.
 */
#include <stdlib.h>

#include "fs/mail_priv.h"

struct mail_store *mail_twin(struct mail *mail, struct mail_store *s)
{
    struct mail_store *twin;

    if (s->twin || !(twin = calloc(1, sizeof(*twin))))
        return s->twin;
    /* id and path of a store never change. */
    twin->own =
        (struct catalog_store){.id = s->store->id, .path = s->store->path};
    if (reader_new(s->store->path, &twin->own.reader, NULL) < 0) {
        free(twin);
        return NULL;
    }
    reader_interrupt(twin->own.reader, mail->ending);
    twin->store = &twin->own;
    twin->recovered = true;
    twin->cost_us = s->cost_us;
    pthread_mutex_init(&twin->build, NULL);
    s->twin = twin;
    return twin;
}

void mail_twin_resume(struct mail *mail, struct mail_store *twin)
{
    pthread_mutex_lock(&mail->lock);
    reader_interrupt(twin->own.reader, mail->ending);
    pthread_mutex_unlock(&mail->lock);
}

void mail_give_up(struct mail *mail)
{
    pthread_mutex_lock(&mail->lock);
    mail->ending = true;
    for (size_t id = 1; id <= NODE_STORE_MAX; id++)
        if (mail->stores[id] && mail->stores[id]->twin)
            reader_interrupt(mail->stores[id]->twin->own.reader, true);
    pthread_mutex_unlock(&mail->lock);
}
