#include "pipeline/target/names.h"

#include <search.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/hash.h"
#include "pipeline/target/mutf7.h"

#define SUFFIX_MAX 16 /* "~" and a hash, "~" and a number */

struct names {
    const struct names_rules *rules;
    struct names_node root;
    void *by_own, *by_name; /* trees of nodes, see tsearch(3) */
};

static int node_cmp_own(const void *a, const void *b)
{
    const struct names_node *x = a, *y = b;

    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    return strcmp(x->own, y->own);
}

static int node_cmp_name(const void *a, const void *b)
{
    const struct names_node *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static void node_free(void *p)
{
    struct names_node *node = p;

    if (!node)
        return;
    free(node->own);
    free(node->name);
    free(node);
}

static void node_keep(void *p)
{
    (void)p;
}

struct names *names_new(const struct names_rules *rules)
{
    struct names *names = calloc(1, sizeof(*names));

    if (!names)
        return NULL;
    names->rules = rules;
    names->root.own = strdup("");
    names->root.name = strdup("");
    if (!names->root.own || !names->root.name)
        names_free(&names);
    return names;
}

void names_free(struct names **names)
{
    struct names *n = *names;

    if (!n)
        return;
    tdestroy(n->by_name, node_keep);
    tdestroy(n->by_own, node_free);
    free(n->root.own);
    free(n->root.name);
    free(n);
    *names = NULL;
}

struct names_node *names_root(struct names *names)
{
    return &names->root;
}

struct names_node *names_child(struct names *names,
                               const struct names_node *parent, const char *own)
{
    struct names_node key = {.parent = parent, .own = (char *)own};
    struct names_node **at = tfind(&key, &names->by_own, node_cmp_own);

    return at ? *at : NULL;
}

/* The store's name as UTF-8 that the target can hold. A leading '~' means a
 * home directory to some servers. */
static void component_clean(const char *own, const char *bad, bool first,
                            struct buf *out)
{
    charset_clean_utf8(own, strnlen(own, NAMES_TEXT_MAX), out);
    if (out->error)
        return;
    if (!out->len)
        buf_addc(out, '_');
    for (size_t i = 0; i < out->len; i++) {
        unsigned char c = (unsigned char)out->data[i];
        if (c < 0x20 || c == 0x7f || strchr(bad, c))
            out->data[i] = '_';
    }
    if (first && out->len && out->data[0] == '~')
        out->data[0] = '_';
}

/* The nearest folder above that leaves room for a name worth the word. */
static const struct names_node *room_find(const struct names *names,
                                          const struct names_node *parent)
{
    while (parent->parent &&
           strlen(parent->name) + 3 * SUFFIX_MAX > names->rules->max)
        parent = parent->parent;
    return parent;
}

static void name_join(const struct names *names, const struct names_node *above,
                      const char *utf8, size_t len, const char *suffix,
                      struct buf *out)
{
    buf_clear(out);
    if (above->parent) {
        buf_adds(out, above->name);
        buf_addc(out, names->rules->sep);
    } else {
        buf_adds(out, names->rules->prefix);
    }
    mutf7_encode(utf8, len, out);
    buf_adds(out, suffix);
}

/* Cut names could meet, so they carry what the whole path hashes to. */
static void name_cut(const struct names *names, const struct names_node *parent,
                     const struct buf *utf8, const char *own, unsigned nth,
                     struct buf *out)
{
    char suffix[SUFFIX_MAX];
    size_t len = utf8->len;
    uint64_t hash = hash_fnv(parent->name, strlen(parent->name));

    hash ^= hash_fnv(own, strlen(own)) * 31 + nth;
    snprintf(suffix, sizeof(suffix), "~%08x",
             (unsigned)((hash >> 32) ^ (hash & 0xffffffff)));
    do {
        len = charset_cut(utf8->data, utf8->len, len ? len - 1 : 0);
        name_join(names, room_find(names, parent), utf8->data, len, suffix,
                  out);
    } while (len && out->len > names->rules->max);
}

/* changed: what the name was before, NULL when it needs no tag. */
static void suffix_make(char suffix_r[SUFFIX_MAX], const char *changed,
                        unsigned nth)
{
    uint64_t hash = changed ? hash_fnv(changed, strlen(changed)) : 0;
    size_t n = 0;

    *suffix_r = '\0';
    if (changed)
        n = (size_t)snprintf(suffix_r, SUFFIX_MAX, "~%04x",
                             (unsigned)((hash >> 48) ^ (hash & 0xffff)));
    if (nth > 1)
        snprintf(suffix_r + n, SUFFIX_MAX - n, "~%u", nth);
}

int names_propose(struct names *names, const struct names_node *parent,
                  const char *own, bool strict, unsigned nth,
                  struct buf *name_r)
{
    const struct names_rules *rules = names->rules;
    cleanup_buf struct buf utf8 = BUF(4 * NAMES_TEXT_MAX);
    char suffix[SUFFIX_MAX];

    component_clean(own, strict ? rules->strict : rules->bad, !parent->parent,
                    &utf8);
    if (utf8.error)
        return -utf8.error;
    suffix_make(suffix, rules->tag && strcmp(utf8.data, own) != 0 ? own : NULL,
                nth);
    name_join(names, parent, utf8.data, utf8.len, suffix, name_r);
    if (name_r->error || name_r->len > rules->max ||
        strlen(own) > NAMES_TEXT_MAX)
        name_cut(names, parent, &utf8, own, nth, name_r);
    if (name_r->error)
        return -name_r->error;
    struct names_node key = {.name = name_r->data};
    return tfind(&key, &names->by_name, node_cmp_name) ? -EEXIST : 0;
}

struct names_node *names_bind(struct names *names,
                              const struct names_node *parent, const char *own,
                              const char *name)
{
    struct names_node *node = calloc(1, sizeof(*node));

    if (!node)
        return NULL;
    node->parent = parent;
    node->own = strdup(own);
    node->name = strdup(name);
    if (!node->own || !node->name ||
        !tsearch(node, &names->by_own, node_cmp_own)) {
        node_free(node);
        return NULL;
    }
    if (!tsearch(node, &names->by_name, node_cmp_name)) {
        tdelete(node, &names->by_own, node_cmp_own);
        node_free(node);
        return NULL;
    }
    return node;
}

static void each_visit(const void *nodep, VISIT which, void *fn)
{
    const struct names_node *node = *(struct names_node *const *)nodep;
    void (**call)(void *) = fn;

    if ((which == postorder || which == leaf) && node->folder)
        (*call)(node->folder);
}

void names_each(struct names *names, void (*fn)(void *folder))
{
    twalk_r(names->by_own, each_visit, &fn);
    if (names->root.folder)
        fn(names->root.folder);
}
