/*
 * Seeds from a sound store of mkpst:  seed STORE OUT
 *     OUT/nodes/N     the store's own nodes and one item (pack.h)
 *     OUT/store/N     the same, built into a store
 *     OUT/heap/N      single nodes
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/base/hash.h"
#include "pipeline/base/io.h"
#include "pipeline/pst/heap.h"
#include "tests/fuzz/pack.h"

#define SEED_MAX  (256u << 10)
#define ITEMS_MAX 6
#define HEAP_MAX  4096u
#define HEAPS_MAX 60u

static const char *out_dir;
static unsigned heaps;

static void save(const char *kind, const struct buf *b)
{
    cleanup_buf struct buf path = BUF(4096);
    int fd;

    buf_addf(&path, "%s/%s", out_dir, kind);
    io_mkdirs(buf_str(&path), 0777, NULL);
    buf_addf(&path, "/%016llx",
             (unsigned long long)hash_fnv(buf_str(b), b->len));
    fd = open(buf_str(&path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || io_write(fd, buf_str(b), b->len) != 0) {
        perror(buf_str(&path));
        exit(1);
    }
    close(fd);
}

static void data_of(struct pst *pst, uint64_t bid, struct buf *out)
{
    struct pst_stream *stream = NULL;
    uint8_t piece[8192];
    ssize_t n;

    if (stream_open(pst, bid, &stream, NULL) != 0)
        return;
    while ((n = pst_stream_read(stream, out->len, piece, sizeof(piece), NULL)) >
           0)
        buf_add(out, piece, (size_t)n);
    pst_stream_free(&stream);
}

/* A node by itself, as fuzz_heap has it. kind: its place in that table. */
static void save_heap(const struct pst *pst, unsigned kind,
                      const struct buf *data)
{
    cleanup_buf struct buf b = BUF(SEED_MAX);
    const uint8_t head[4] = {(uint8_t)(pst->info.format), (uint8_t)kind};

    if (data->len > HEAP_MAX || heaps++ > HEAPS_MAX)
        return;
    buf_add(&b, head, sizeof(head));
    buf_add(&b, data->data, data->len);
    save("heap", &b);
}

struct dump {
    struct pst *pst;
    struct buf *out;
    unsigned depth;
    bool items; /* of the node tree: also those with parent folders */
    uint32_t only;
};

static int dump_node(void *ctx, const struct node *node)
{
    struct dump *d = ctx, inner = *d;
    cleanup_buf struct buf data = BUF(SEED_MAX);
    struct pack_node out = {d->depth, node->nid, node->parent, NULL, 0};
    unsigned type = NID_TYPE(node->nid);

    if (d->depth == 0 && node->nid != d->only &&
        (type == NID_MESSAGE || type == NID_ASSOCIATED))
        return 0;
    data_of(d->pst, node->data, &data);
    out.data = (const uint8_t *)buf_str(&data);
    out.len = data.len;
    pack_print_node(&out, d->out);
    if (data.len > 3 && (uint8_t)data.data[2] == HEAP_SIGNATURE)
        save_heap(d->pst,
                  node->nid == NID_NAMES                ? 4
                  : (uint8_t)data.data[3] == HEAP_TABLE ? 2
                                                        : 0,
                  &data);
    inner.depth++;
    if (d->depth < PACK_DEPTH_MAX)
        subnodes_walk(d->pst, node->sub, dump_node, &inner, NULL);
    return 0;
}

static void save_item(struct pst *pst, uint32_t nid)
{
    cleanup_buf struct buf nodes = BUF(SEED_MAX), store = BUF(PACK_STORE_MAX);
    struct dump d = {.pst = pst, .out = &nodes, .only = nid};
    static struct pack_list list;

    list.format = pst->info.format;
    list.crypt = pst->crypt;
    pack_print_head(&list, &nodes);
    nodes_walk(pst, 0, dump_node, &d);
    if (nodes.error)
        return; /* a big item: no seed */
    save("nodes", &nodes);
    pack_parse((const uint8_t *)nodes.data, nodes.len, &list);
    pack_store(&list, &store);
    save("store", &store);
}

struct items {
    uint32_t nids[ITEMS_MAX];
    unsigned n;
};

static int see_node(void *ctx, const struct node *node)
{
    struct items *items = ctx;

    if (NID_TYPE(node->nid) == NID_MESSAGE)
        items->nids[items->n++] = node->nid;
    return items->n == ITEMS_MAX;
}

int main(int argc, char **argv)
{
    struct items items = {0};
    struct pst *pst = NULL;
    struct err err = {0};
    int fd = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0 || pst_open(fd, &pst, &err) != 0) {
        fprintf(stderr, "usage: seed STORE OUT  %s\n", err.msg);
        return 2;
    }
    out_dir = argv[2];
    nodes_walk(pst, 0, see_node, &items);
    for (unsigned i = 0; i < items.n; i++)
        save_item(pst, items.nids[i]);
    pst_free(&pst);
    close(fd);
    return items.n == 0;
}
