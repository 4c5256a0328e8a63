#include "pipeline/stage/outline.h"

#include <string.h>

#define SLOTS_FIRST 256

static uint32_t *slot_of(const struct outline *outline, uint32_t nid)
{
    size_t at = (nid >> 5) * 2654435761u & (outline->slot_n - 1);

    while (outline->slots[at] &&
           outline->list[outline->slots[at] - 1].nid != nid)
        at = (at + 1) & (outline->slot_n - 1);
    return &outline->slots[at];
}

static int64_t place_of(const struct outline *outline, uint32_t nid)
{
    return outline->slot_n ? (int64_t)*slot_of(outline, nid) - 1 : -1;
}

/* List and hash grow together: the hash is never over half full. */
static int outline_grow(struct outline *outline)
{
    size_t n = outline->slot_n ? outline->slot_n * 2 : SLOTS_FIRST;
    struct outline_folder *list =
        reallocarray(outline->list, n / 2, sizeof(*outline->list));
    uint32_t *slots = calloc(n, sizeof(*slots));

    if (list)
        outline->list = list;
    if (!list || !slots) {
        free(slots);
        return -ENOMEM;
    }
    free(outline->slots);
    outline->slots = slots;
    outline->slot_n = n;
    for (size_t i = 0; i < outline->n; i++)
        *slot_of(outline, outline->list[i].nid) = (uint32_t)i + 1;
    return 0;
}

static char *name_copy(const char *name)
{
    char *copy = strdup(name);

    for (char *c = copy; c && *c; c++)
        if (*c == '\x1f')
            *c = ' ';
    return copy;
}

static int folder_add(void *ctx, const struct reader_folder *from)
{
    struct outline *outline = ctx;
    struct outline_folder *to;
    int64_t parent = place_of(outline, from->parent);

    if (place_of(outline, from->nid) >= 0)
        return 0;
    if (outline->n >= OUTLINE_FOLDERS_MAX)
        return -EFBIG;
    if (outline->n >= outline->slot_n / 2 && outline_grow(outline) != 0)
        return -ENOMEM;
    to = &outline->list[outline->n];
    *to = (struct outline_folder){.nid = from->nid,
                                  .items = from->items,
                                  .is_search = from->is_search,
                                  .parent = parent,
                                  .name = name_copy(from->name)};
    if (!to->name)
        return -ENOMEM;
    to->in_subtree = from->nid == outline->subtree ||
                     (parent >= 0 && outline->list[parent].in_subtree);
    *slot_of(outline, from->nid) = (uint32_t)++outline->n;
    return 0;
}

int outline_load(struct reader *reader, struct outline *outline_r,
                 struct err *err)
{
    struct reader_info info;
    int rc;

    *outline_r = (struct outline){0};
    rc = reader_info(reader, &info, err);
    if (rc != 0)
        return rc;
    outline_r->root = info.root;
    outline_r->subtree = info.ipm_subtree;
    rc = reader_folders(reader, folder_add, outline_r, err);
    if (rc == 0)
        return 0;
    outline_free(outline_r);
    if (rc == -ENOMEM)
        return err_set(err, ENOMEM, "no memory");
    if (rc == -EFBIG)
        return err_set(err, EFBIG, "more than %d folders", OUTLINE_FOLDERS_MAX);
    return rc;
}

void outline_free(struct outline *outline)
{
    for (size_t i = 0; i < outline->n; i++)
        free(outline->list[i].name);
    free(outline->list);
    free(outline->slots);
    *outline = (struct outline){0};
}

int outline_path(const struct outline *outline,
                 const struct outline_folder *folder, struct buf *path)
{
    const struct outline_folder *up[OUTLINE_DEPTH_MAX];
    size_t n = 0;

    while (folder->nid != outline->root && n < OUTLINE_DEPTH_MAX) {
        up[n++] = folder;
        if (folder->parent < 0)
            break;
        folder = &outline->list[folder->parent];
    }
    while (n-- > 0) {
        buf_adds(path, up[n]->name);
        if (n)
            buf_addc(path, '\x1f');
    }
    return -path->error;
}
