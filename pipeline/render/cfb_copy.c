#include "pipeline/render/cfb_copy.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/pst/bytes.h"
#include "pipeline/render/cfb_tables.h"

struct entry {
    struct cfb_name name;
    uint8_t type;
    uint32_t parent; /* number in the list */
    uint8_t class[CFB_CLASS_SIZE];
    uint64_t size;
    struct cfb_extent extent; /* of a stream that is viewed */
    uint8_t *data;            /* of one that is not */
};

struct cfb_copy {
    struct cfb_tables tables;
    uint8_t *mini; /* the mini stream, while it is opened */
    size_t mini_size;
    struct entry *list; /* the root first */
    size_t count;
};

static void copy_release(void *object)
{
    struct cfb_copy *k = object;

    for (size_t i = 0; i < k->count; i++) {
        free(k->list[i].extent.runs);
        free(k->list[i].data);
    }
    free(k->list);
    free(k->mini);
    cfb_tables_finish(&k->tables);
    free(k);
}

static int mini_load(struct cfb_copy *k, uint32_t at, struct entry *s)
{
    size_t done = 0;

    s->data = malloc((size_t)s->size + 1);
    if (!s->data)
        return -ENOMEM;
    while (done < s->size) {
        size_t step = 1ul << CFB_MINI_SHIFT, left = (size_t)s->size - done;
        size_t from = (size_t)at << CFB_MINI_SHIFT;
        if (at >= k->tables.mini_count || from >= k->mini_size ||
            !cfb_take(k->tables.mini_taken, at))
            return -EBADMSG;
        if (left < step)
            step = left;
        if (step > k->mini_size - from)
            return -EBADMSG;
        memcpy(s->data + done, k->mini + from, step);
        done += step;
        at = k->tables.mini_fat[at];
    }
    return 0;
}

static int stream_open(struct cfb_copy *k, const uint8_t *d, struct entry *s)
{
    uint32_t start = get32(d + 116);
    int e;

    s->size = k->tables.shift == 9 ? get32(d + 120) : get64(d + 120);
    if (s->size < CFB_MINI_CUTOFF)
        return mini_load(k, start, s);
    e = cfb_extent_open(&k->tables, start, &s->extent);
    if (e == 0 && (s->extent.sectors << k->tables.shift) < s->size)
        e = -EBADMSG;
    return e;
}

static int entry_open(struct cfb_copy *k, const uint8_t *d, uint32_t parent)
{
    struct entry *s = &k->list[k->count];
    unsigned bytes = get16(d + 64);

    if (bytes < 4 || bytes > 2 * (CFB_NAME_MAX + 1) || bytes % 2)
        return -EBADMSG;
    *s = (struct entry){
        .name.len = bytes / 2 - 1, .type = d[66], .parent = parent};
    for (size_t i = 0; i < s->name.len; i++)
        s->name.units[i] = get16(d + 2 * i);
    memcpy(s->class, d + 80, CFB_CLASS_SIZE);
    k->count++;
    if (s->type == CFB_STREAM)
        return stream_open(k, d, s);
    return s->type == CFB_STORAGE ? 0 : -EBADMSG;
}

/* One place in the directory that is still to be seen. */
struct todo {
    uint32_t number, parent;
    unsigned depth;
};

static void todo_add(struct todo *list, size_t *count, uint32_t number,
                     struct todo from)
{
    from.number = number;
    if (number != CFB_FREE)
        list[(*count)++] = from;
}

/* Each entry is seen once, so no tree can be endless. */
static int entries_walk(struct cfb_copy *k, struct todo *list, uint8_t *seen)
{
    size_t left = 0;

    todo_add(list, &left, get32(k->tables.directory + 76), (struct todo){0});
    while (left) {
        struct todo t = list[--left];
        if (t.number >= k->tables.directory_count ||
            !cfb_take(seen, t.number) || t.depth > CFB_COPY_DEPTH_MAX)
            return -EBADMSG;
        const uint8_t *d =
            k->tables.directory + (size_t)t.number * CFB_ENTRY_SIZE;
        int e = entry_open(k, d, t.parent);
        if (e < 0)
            return e;
        todo_add(list, &left, get32(d + 68), t);
        todo_add(list, &left, get32(d + 72), t);
        t.depth++;
        t.parent = (uint32_t)k->count - 1;
        if (k->list[t.parent].type == CFB_STORAGE)
            todo_add(list, &left, get32(d + 76), t);
    }
    return 0;
}

static int order(const void *a, const void *b)
{
    const struct entry *x = *(struct entry *const *)a;
    const struct entry *y = *(struct entry *const *)b;

    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    return cfb_name_compare(&x->name, &y->name);
}

/* The other file takes no two entries of one name. */
static int names_check(const struct cfb_copy *k)
{
    cleanup_free struct entry **sorted = calloc(k->count, sizeof(*sorted));
    size_t n = k->count - 1;

    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        sorted[i] = &k->list[i + 1];
    qsort(sorted, n, sizeof(*sorted), order);
    for (size_t i = 1; i < n; i++)
        if (order(&sorted[i - 1], &sorted[i]) == 0)
            return -EBADMSG;
    return 0;
}

static int directory_read(struct cfb_copy *k)
{
    cleanup_free struct todo *todo = NULL;
    cleanup_free uint8_t *seen = NULL;
    int e = 0;

    if (!k->tables.directory_count || k->tables.directory[66] != CFB_ROOT_TYPE)
        return -EBADMSG;
    if (k->tables.mini_count)
        e = cfb_extent_load(&k->tables, get32(k->tables.directory + 116),
                            CFB_COPY_MINI_MAX, &k->mini, &k->mini_size);
    if (e < 0)
        return e;
    k->list = calloc(k->tables.directory_count + 1, sizeof(*k->list));
    /* Each entry names three others, and is seen once. */
    todo = calloc(3 * k->tables.directory_count + 1, sizeof(*todo));
    seen = calloc(k->tables.directory_count / 8 + 1, 1);
    if (!k->list || !todo || !seen)
        return -ENOMEM;
    memcpy(k->list[k->count++].class, k->tables.directory + 80, CFB_CLASS_SIZE);
    cfb_take(seen, 0);
    e = entries_walk(k, todo, seen);
    return e < 0 ? e : names_check(k);
}

int cfb_copy_open(const struct segment_source *source, struct segments *hold,
                  struct cfb_copy **copy_r)
{
    struct cfb_copy *k = calloc(1, sizeof(*k));
    int e;

    if (!k)
        return -ENOMEM;
    k->tables.source = *source;
    e = cfb_tables_load(&k->tables);
    if (e == 0)
        e = directory_read(k);
    if (e < 0) {
        copy_release(k);
        return e;
    }
    cfb_tables_finish(&k->tables);
    free(k->mini);
    k->mini = NULL;
    e = segments_hold(hold, k, copy_release);
    *copy_r = e < 0 ? NULL : k;
    return e;
}

uint64_t cfb_copy_held(const struct cfb_copy *k)
{
    uint64_t bytes = sizeof(*k);

    for (size_t i = 0; i < k->count; i++)
        bytes += sizeof(*k->list) + (k->list[i].data ? k->list[i].size : 0) +
                 k->list[i].extent.room * sizeof(struct cfb_run);
    return bytes;
}

void cfb_copy_add(const struct cfb_copy *k, struct cfb *c, uint32_t storage)
{
    uint32_t base = (uint32_t)cfb_count(c) - 1;

    /* Entry i of the list becomes the i-th that is added here. */
    cfb_class(c, storage, k->list[0].class);
    for (size_t i = 1; i < k->count; i++) {
        struct entry *s = &k->list[i];
        uint32_t parent = s->parent ? base + s->parent : storage;
        if (s->type == CFB_STORAGE) {
            uint32_t own = cfb_storage(c, parent, s->name);
            cfb_class(c, own, s->class);
        } else if (s->data) {
            cfb_stream(c, parent, s->name, s->data, (size_t)s->size);
        } else {
            struct segment_source view = {cfb_extent_read, &s->extent, s->size};
            cfb_view(c, parent, s->name, &view);
        }
    }
}
