/*
 * One node's bytes as a heap: property context, table or named properties,
 * with a second node as its only subnode.
 *     format + 4 * crypt, kind, length of the subnode (2), subnode, heap
 */
#include <string.h>

#include "pipeline/pst/heap.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pack.h"
#include "tests/fuzz/walk.h"

#define ROWS_MAX 100
#define SUBNODE  0x8000003Fu

static const uint32_t kinds[] = {
    0x200024, /* a message: property context */
    0x200022, /* a folder */
    0x20000E, /* contents table */
    0x20000D, /* hierarchy table */
    NID_NAMES, NID_ATTACHMENTS, NID_RECIPIENTS,
};

static const uint8_t guid[16] = {0x29, 0x03, 0x02};

static void walk_table(struct pst *pst, const struct node *node)
{
    struct table *table = NULL;
    struct pst_props props = {0};

    if (table_open(pst, node, &table, NULL) != 0)
        return;
    table_has_column(table, 0x37);
    for (uint64_t r = 0; r < table_rows(table) && r < ROWS_MAX; r++) {
        struct pst_props *kept = table_row_keep(table, r);
        if (table_row(table, r, &props)) {
            row_id(&props);
            walk_props(&props);
        }
        if (kept)
            walk_props(kept);
        props_free(&kept);
    }
    table_free(&table);
}

static void walk_heap(struct pst *pst, uint32_t nid)
{
    struct pst_props *props = NULL;
    struct node node;

    if (node_find(pst, nid, &node, NULL) != 0)
        return;
    if (props_open(pst, &node, &props, NULL) == 0)
        walk_props(props);
    props_free(&props);
    walk_table(pst, &node);
    pst_named_number(pst, guid, 0x8205);
    pst_named_text(pst, guid, "Keywords");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_buf struct buf store = BUF(PACK_STORE_MAX);
    static struct pack_list list;
    struct fuzz_in in = {data, size};
    uint8_t variant = (uint8_t)fuzz_number(&in, 1);
    uint32_t nid = kinds[fuzz_number(&in, 1) % array_len(kinds)];
    size_t len = (size_t)fuzz_number(&in, 2);
    struct pst *pst = NULL;

    if (len > in.left)
        len = in.left;
    pack_parse(&variant, 1, &list);
    list.nodes[0] =
        (struct pack_node){0, nid, 0x122, in.p + len, in.left - len};
    list.nodes[1] = (struct pack_node){1, SUBNODE, 0, in.p, len};
    list.count = 2;
    pack_store(&list, &store);
    if (pst_open(fuzz_file(store.data, store.len), &pst, NULL) == 0)
        walk_heap(pst, nid);
    pst_free(&pst);
    return 0;
}
