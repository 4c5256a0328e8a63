/*
 * Reads all items of a store, whole, and prints what it found, for
 * measure.py. A line each: "item NID DIGEST ERRORS DAMAGE ORIGIN", the digest
 * over all that the item has; "folder NID PARENT NAME"; "note TEXT". With
 * -r the recovered items too: "found NUMBER DIGEST ERRORS DAMAGE ORIGIN".
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/base/hash.h"
#include "pipeline/pst/pst.h"

#define STEP       65536
#define EMBED_MAX  8
#define FOLDER_MAX 100000
#define ITEM_MAX   1000000

struct walk {
    struct pst *pst;
    uint32_t *list; /* folders, or items of one */
    size_t count, most;
};

/* The digest of one item so far. */
struct digest {
    uint64_t hash;
    unsigned errors;
};

static void digest_add(struct digest *d, const void *data, size_t len)
{
    uint64_t parts[2] = {d->hash, hash_fnv(data, len)};

    d->hash = hash_fnv(parts, sizeof(parts));
}

static void digest_stream(struct digest *d, struct pst_stream *s)
{
    static uint8_t data[STEP];
    uint64_t off = 0;

    while (off < pst_stream_size(s)) {
        ssize_t n = pst_stream_read(s, off, data, sizeof(data), NULL);
        if (n <= 0) {
            d->errors++;
            return;
        }
        digest_add(d, data, (size_t)n);
        off += (uint64_t)n;
    }
}

static void digest_props(struct digest *d, struct pst_props *props)
{
    for (size_t i = 0; i < pst_props_count(props); i++) {
        struct pst_stream *s = NULL;
        uint16_t id, type;
        pst_props_at(props, i, &id, &type);
        if (pst_props_type(props, id) == 0)
            continue;
        digest_add(d, &id, sizeof(id));
        if (type != PT_OBJECT && pst_props_stream(props, id, &s, NULL) < 0)
            d->errors++;
        else if (s)
            digest_stream(d, s);
        pst_stream_free(&s);
    }
}

static void digest_item(struct digest *d, struct pst_item *item, int depth)
{
    digest_props(d, pst_item_props(item));
    for (size_t i = 0; i < pst_item_recipients(item); i++)
        digest_props(d, pst_item_recipient(item, i));
    for (size_t i = 0; i < pst_item_attachments(item); i++) {
        struct pst_attachment *a = NULL;
        struct pst_item *inner = NULL;
        struct pst_stream *s = NULL;
        if (pst_attachment_open(item, i, &a, NULL) < 0) {
            d->errors++;
            continue;
        }
        digest_props(d, pst_attachment_props(a));
        if (depth < EMBED_MAX && pst_attachment_item(a, &inner, NULL) == 0)
            digest_item(d, inner, depth + 1);
        else if (pst_attachment_data(a, &s, NULL) == 0)
            digest_stream(d, s);
        else if (pst_props_int(pst_attachment_props(a), PR_ATTACH_METHOD, 0))
            d->errors++;
        pst_stream_free(&s);
        pst_item_free(&inner);
        pst_attachment_free(&a);
    }
}

static void item_print(const char *what, uint32_t number, struct pst_item *item)
{
    struct digest d = {1, 0};

    digest_item(&d, item, 0);
    printf("%s %#x %016llx %u %u %s\n", what, number,
           (unsigned long long)d.hash, d.errors, pst_item_damage(item),
           pst_item_origin(item));
}

static void list_add_nid(struct walk *w, uint32_t nid)
{
    if (w->count < w->most)
        w->list[w->count++] = nid;
}

static int on_folder(void *ctx, const struct pst_folder *f)
{
    printf("folder %#x %#x %s\n", f->nid, f->parent, f->name);
    if (!f->is_search)
        list_add_nid(ctx, f->nid);
    return 0;
}

static int on_entry(void *ctx, const struct pst_entry *e)
{
    list_add_nid(ctx, e->nid);
    return 0;
}

static void folder_walk(struct pst *pst, uint32_t nid, uint32_t *room)
{
    struct walk w = {pst, room, 0, ITEM_MAX};
    struct pst_item *item = NULL;

    if (pst_entries(pst, nid, 0, on_entry, &w, NULL, NULL) < 0)
        printf("unlisted %#x\n", nid);
    for (size_t i = 0; i < w.count; i++) {
        if (pst_item_open(pst, room[i], &item, NULL) < 0)
            printf("unopened %#x\n", room[i]);
        else
            item_print("item", room[i], item);
        pst_item_free(&item);
    }
}

static int on_found(void *ctx, const struct pst_recovered *r)
{
    struct walk *w = ctx;

    list_add_nid(w, r->number);
    printf("recovered %u %#x %s | %s\n", r->number, r->nid, r->origin,
           r->subject);
    return 0;
}

static void recovered_walk(struct pst *pst, uint32_t *room)
{
    struct walk w = {pst, room, 0, ITEM_MAX};
    struct pst_item *item = NULL;

    pst_recovered(pst, 0, on_found, &w, NULL);
    for (size_t i = 0; i < w.count; i++) {
        if (pst_item_open_recovered(pst, room[i], &item, NULL) == 0)
            item_print("found", room[i], item);
        pst_item_free(&item);
    }
}

static int store_walk(const char *path, bool recovered)
{
    cleanup_free uint32_t *folders = calloc(FOLDER_MAX, sizeof(*folders));
    cleanup_free uint32_t *items = calloc(ITEM_MAX, sizeof(*items));
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct walk w = {NULL, folders, 0, FOLDER_MAX};
    struct err err = {0};
    int rc;

    if (fd < 0 || !folders || !items)
        return 2;
    rc = pst_open(fd, &w.pst, &err);
    if (rc < 0) {
        printf("refused %s\n", err.msg);
        return 0;
    }
    pst_folders(w.pst, on_folder, &w, NULL);
    for (size_t i = 0; i < w.count; i++)
        folder_walk(w.pst, folders[i], items);
    if (recovered)
        recovered_walk(w.pst, items);
    for (size_t i = 0; i < pst_note_count(w.pst); i++)
        printf("note %s\n", pst_note_text(w.pst, i));
    pst_free(&w.pst);
    return 0;
}

int main(int argc, char **argv)
{
    bool recovered = argc == 3 && strcmp(argv[1], "-r") == 0;

    return argc < 2 ? 2 : store_walk(argv[argc - 1], recovered);
}
