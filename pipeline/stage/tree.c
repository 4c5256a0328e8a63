#include "pipeline/stage/tree.h"

#include <string.h>

#define SLOTS_FIRST 256

static uint32_t *slot_of(const struct tree *tree, uint32_t nid)
{
    size_t at = (nid >> 5) * 2654435761u & (tree->slot_n - 1);

    while (tree->slots[at] && tree->list[tree->slots[at] - 1].nid != nid)
        at = (at + 1) & (tree->slot_n - 1);
    return &tree->slots[at];
}

static int64_t place_of(const struct tree *tree, uint32_t nid)
{
    return tree->slot_n ? (int64_t)*slot_of(tree, nid) - 1 : -1;
}

/* List and hash grow together: the hash is never over half full. */
static int tree_grow(struct tree *tree)
{
    size_t n = tree->slot_n ? tree->slot_n * 2 : SLOTS_FIRST;
    struct tree_folder *list =
        reallocarray(tree->list, n / 2, sizeof(*tree->list));
    uint32_t *slots = calloc(n, sizeof(*slots));

    if (list)
        tree->list = list;
    if (!list || !slots) {
        free(slots);
        return -ENOMEM;
    }
    free(tree->slots);
    tree->slots = slots;
    tree->slot_n = n;
    for (size_t i = 0; i < tree->n; i++)
        *slot_of(tree, tree->list[i].nid) = (uint32_t)i + 1;
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
    struct tree *tree = ctx;
    struct tree_folder *to;
    int64_t parent = place_of(tree, from->parent);

    if (place_of(tree, from->nid) >= 0)
        return 0;
    if (tree->n >= TREE_FOLDERS_MAX)
        return -EFBIG;
    if (tree->n >= tree->slot_n / 2 && tree_grow(tree) != 0)
        return -ENOMEM;
    to = &tree->list[tree->n];
    *to = (struct tree_folder){.nid = from->nid,
                               .items = from->items,
                               .is_search = from->is_search,
                               .parent = parent,
                               .name = name_copy(from->name)};
    if (!to->name)
        return -ENOMEM;
    to->in_subtree = from->nid == tree->subtree ||
                     (parent >= 0 && tree->list[parent].in_subtree);
    *slot_of(tree, from->nid) = (uint32_t)++tree->n;
    return 0;
}

int tree_load(struct reader *reader, struct tree *tree_r, struct err *err)
{
    struct reader_info info;
    int rc;

    *tree_r = (struct tree){0};
    rc = reader_info(reader, &info, err);
    if (rc != 0)
        return rc;
    tree_r->root = info.root;
    tree_r->subtree = info.ipm_subtree;
    rc = reader_folders(reader, folder_add, tree_r, err);
    if (rc == 0)
        return 0;
    tree_free(tree_r);
    if (rc == -ENOMEM)
        return err_set(err, ENOMEM, "no memory");
    if (rc == -EFBIG)
        return err_set(err, EFBIG, "more than %d folders", TREE_FOLDERS_MAX);
    return rc;
}

void tree_free(struct tree *tree)
{
    for (size_t i = 0; i < tree->n; i++)
        free(tree->list[i].name);
    free(tree->list);
    free(tree->slots);
    *tree = (struct tree){0};
}

int tree_path(const struct tree *tree, const struct tree_folder *folder,
              struct buf *path)
{
    const struct tree_folder *up[TREE_DEPTH_MAX];
    size_t n = 0;

    while (folder->nid != tree->root && n < TREE_DEPTH_MAX) {
        up[n++] = folder;
        if (folder->parent < 0)
            break;
        folder = &tree->list[folder->parent];
    }
    while (n-- > 0) {
        buf_adds(path, up[n]->name);
        if (n)
            buf_addc(path, '\x1f');
    }
    return -path->error;
}
