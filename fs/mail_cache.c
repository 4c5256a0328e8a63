#include <stdlib.h>

#include "fs/mail_priv.h"

void mail_cache_free(struct mail_dir *dir)
{
    pthread_mutex_destroy(&dir->sizing);
    listing_free(&dir->listing);
    free(dir);
}

static void age_remove(struct mail *mail, struct mail_dir *dir)
{
    *(dir->older ? &dir->older->newer : &mail->oldest) = dir->newer;
    *(dir->newer ? &dir->newer->older : &mail->newest) = dir->older;
    dir->older = dir->newer = NULL;
}

static void age_add(struct mail *mail, struct mail_dir *dir)
{
    dir->older = mail->newest;
    *(mail->newest ? &mail->newest->newer : &mail->oldest) = dir;
    mail->newest = dir;
}

static void store_remove(struct mail_dir *dir)
{
    *(dir->prev ? &dir->prev->next : &dir->of->dirs) = dir->next;
    if (dir->next)
        dir->next->prev = dir->prev;
    dir->next = dir->prev = NULL;
}

static void store_add(struct mail_dir *dir)
{
    dir->next = dir->of->dirs;
    if (dir->next)
        dir->next->prev = dir;
    dir->of->dirs = dir;
}

bool mail_cache_remove(struct mail *mail, struct mail_dir *dir)
{
    age_remove(mail, dir);
    store_remove(dir);
    mail->weight -= listing_weight(dir->listing);
    dir->cached = false;
    return dir->refs == 0;
}

void mail_cache_touch(struct mail *mail, struct mail_dir *dir)
{
    if (mail->newest != dir) {
        age_remove(mail, dir);
        age_add(mail, dir);
    }
    if (dir->of->dirs != dir) {
        store_remove(dir);
        store_add(dir);
    }
}

/* Listings in use, or with sizes the state does not have yet, stay. */
static void mail_cache_trim(struct mail *mail)
{
    struct mail_dir *dir = mail->oldest;

    while (dir && mail->weight > MAIL_CACHE_BYTES) {
        struct mail_dir *newer = dir->newer;
        if (dir->refs == 0 && dir->fresh == 0 && mail_cache_remove(mail, dir))
            mail_cache_free(dir);
        dir = newer;
    }
}

void mail_cache_add(struct mail *mail, struct mail_dir *dir)
{
    dir->cached = true;
    age_add(mail, dir);
    store_add(dir);
    mail->weight += listing_weight(dir->listing);
    mail_cache_trim(mail);
}

struct mail_dir *mail_cache_find(struct mail *mail, struct mail_store *s,
                                 uint32_t folder)
{
    struct mail_dir *dir = s->dirs;

    while (dir && (dir->folder != folder || dir->asked != s->asked))
        dir = dir->next;
    if (dir) {
        dir->refs++;
        mail_cache_touch(mail, dir);
    }
    return dir;
}

void mail_close(struct mail *mail, struct mail_dir **dir)
{
    bool last;

    if (!*dir)
        return;
    pthread_mutex_lock(&mail->lock);
    last = --(*dir)->refs == 0 && !(*dir)->cached;
    pthread_mutex_unlock(&mail->lock);
    if (last)
        mail_cache_free(*dir);
    *dir = NULL;
}

struct mail_dir *mail_hold(struct mail *mail, struct mail_dir *dir)
{
    pthread_mutex_lock(&mail->lock);
    dir->refs++;
    pthread_mutex_unlock(&mail->lock);
    return dir;
}

bool mail_told(const struct mail_dir *dir)
{
    return __atomic_load_n(&dir->told, __ATOMIC_RELAXED);
}

void mail_tell(struct mail_dir *dir)
{
    __atomic_store_n(&dir->told, true, __ATOMIC_RELAXED);
}
