/* The entries of each storage as a red-black tree ([MS-CFB] 2.6.4). */
#include <stdlib.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/cfb_priv.h"

int cfb_name_compare(const struct cfb_name *a, const struct cfb_name *b)
{
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    for (size_t i = 0; i < a->len; i++) {
        uint16_t x = charset_upper(a->units[i]), y = charset_upper(b->units[i]);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

static int entry_order(const void *a, const void *b)
{
    const struct cfb_entry *x = *(struct cfb_entry *const *)a;
    const struct cfb_entry *y = *(struct cfb_entry *const *)b;

    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    return cfb_name_compare(&x->name, &y->name);
}

/* The tree of a sorted run. Split in the middle, all its levels but the lowest
 * are full; with that one red each way down has as many black ones. */
static uint32_t tree_build(const struct cfb *c, struct cfb_entry **run,
                           size_t count, unsigned levels)
{
    size_t mid = count / 2;
    struct cfb_entry *e;

    if (!count)
        return CFB_FREE;
    e = run[mid];
    e->red = levels == 1;
    e->left = tree_build(c, run, mid, levels - 1);
    e->right = tree_build(c, run + mid + 1, count - mid - 1, levels - 1);
    return (uint32_t)(e - c->list);
}

static int run_build(struct cfb *c, struct cfb_entry **run, size_t count)
{
    uint32_t root;
    unsigned levels = 0;

    for (size_t i = 1; i < count; i++)
        if (entry_order(&run[i - 1], &run[i]) == 0)
            return -EEXIST;
    while (count >> levels)
        levels++;
    root = tree_build(c, run, count, levels);
    c->list[root].red = false;
    c->list[run[0]->parent].child = root;
    return 0;
}

int cfb_tree(struct cfb *c)
{
    cleanup_free struct cfb_entry **sorted = calloc(c->count, sizeof(*sorted));
    size_t n = c->count - 1, from = 0;

    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < c->count; i++) {
        struct cfb_entry *e = &c->list[i];
        e->left = e->right = e->child = CFB_FREE;
        if (i)
            sorted[i - 1] = e;
    }
    qsort(sorted, n, sizeof(*sorted), entry_order);
    for (size_t i = 1; i <= n; i++) {
        if (i < n && sorted[i]->parent == sorted[from]->parent)
            continue;
        int e = run_build(c, sorted + from, i - from);
        if (e < 0)
            return e;
        from = i;
    }
    return 0;
}
