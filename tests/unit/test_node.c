/* Inode numbers: there and back, and nothing else taken for one. */
#include "check.h"
#include "fs/node.h"

static void test_round(struct node node)
{
    struct node back;
    uint64_t ino = node_join(node);

    CHECK(ino != 0);
    CHECK(node_split(ino, &back));
    CHECK_EQ(back.kind, node.kind);
    CHECK_EQ(back.store, node.store);
    CHECK_EQ(back.id, node.id);
    CHECK_EQ(back.part, node.part);
}

static void test_rounds(void)
{
    static const struct node nodes[] = {
        {NODE_DIR, 0, 0, 0},
        {NODE_DIR, 0, 1, 0},
        {NODE_DIR, 0, UINT32_MAX, 0},
        {NODE_STORE, 1, 0, 0},
        {NODE_STORE, NODE_STORE_MAX, 0, 0},
        {NODE_FOLDER, 1, 0x8022, 0},
        {NODE_FOLDER, NODE_STORE_MAX, 0xffffffe2, 0},
        {NODE_ITEM, 1, 0x200024, 0},
        {NODE_ITEM, NODE_STORE_MAX, 0xffffffe4, 0},
        {NODE_CTL, 0, 0, 0},
        {NODE_CTL, 77, 0, 0},
        {NODE_CONTROL, 0, 0, 0},
        {NODE_CONTROL, 77, 12, 0},
        {NODE_FAILED, 5, 0, 0},
        {NODE_FAILED_ITEM, 5, 0x200024, 0},
        {NODE_REASON, 5, 0x200024, 0},
        {NODE_PARTS, 5, 0x200024, 0},
        {NODE_PART, 5, 0x200024, 0},
        {NODE_PART, 5, 0x200024, NODE_PART_MAX},
        {NODE_RECOVERED, 5, 0, 0},
        {NODE_RECOVERED_ITEM, 5, 0x3c, 0},
        {NODE_RECOVERED_ITEM, NODE_STORE_MAX, 0xfffffffc, 0},
        {NODE_EXPORTS, 5, 0, 0},
        {NODE_EXPORT, 5, 0x200024, 0},
        {NODE_EXPORT, NODE_STORE_MAX, 0xffffffe4, NODE_PART_WIDE},
        {NODE_EXPORT_RECOVERED, NODE_STORE_MAX, 0xfffffffc, 2},
    };

    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
        test_round(nodes[i]);
}

/* The numbers are on disks and in NFS handles: they may never change. */
static void test_fixed(void)
{
    CHECK_EQ(node_join((struct node){.kind = NODE_DIR}), 1);
    CHECK_EQ(node_join((struct node){NODE_ITEM, 3, 0x200024, 0}),
             (long long)(4ull << 60 | 3ull << 43 | 0x10001ull << 16));
    CHECK_EQ(node_join((struct node){NODE_EXPORT, 3, 0x200024, 1}),
             (long long)(3ull << 43 | 0x10001ull << 16 | 0x2001));
    CHECK_EQ(node_join((struct node){NODE_DIR, 0, 0xfedcba98, 0}),
             (long long)(1ull << 60 | 0xfedcba98));
}

static void test_strangers(void)
{
    struct node node;

    CHECK(!node_split(0, &node));
    CHECK(!node_split(2, &node));
    CHECK(!node_split(15ull << 60, &node));
    CHECK(!node_split(14ull << 60 | 1ull << 43, &node));
    CHECK(!node_split((uint64_t)NODE_ITEM << 60 | 1 << 16, &node));
    CHECK(!node_split((uint64_t)NODE_STORE << 60 | 1ull << 43 | 1, &node));
    CHECK(!node_split((uint64_t)NODE_ITEM << 60 | 1ull << 43 | 7, &node));
    CHECK(!node_split((uint64_t)NODE_DIR << 60 | 1ull << 43 | 7, &node));
    CHECK(!node_split((uint64_t)NODE_DIR << 60, &node));
    for (unsigned kind = NODE_KINDS; kind < 31; kind++)
        CHECK(!node_split(1ull << 43 | (uint64_t)(kind - 15) << 12, &node));
    CHECK(!node_split(0x1000, &node));
    CHECK(!node_split(1ull << 43, &node));
    CHECK(!node_split(1ull << 43 | 0x1001, &node));
}

static void test_fits(void)
{
    CHECK(node_fits(NODE_FOLDER, 0x122));
    CHECK(!node_fits(NODE_FOLDER, 0x2223));
    CHECK(node_fits(NODE_ITEM, 0x200024));
    CHECK(!node_fits(NODE_ITEM, 0x8022));
    CHECK(!node_fits(NODE_CTL, 0));
    CHECK(node_fits(NODE_RECOVERED_ITEM, 0x3c));
    CHECK(!node_fits(NODE_RECOVERED_ITEM, 0x1c));
    CHECK(!node_fits(NODE_RECOVERED_ITEM, 0x24));
    CHECK(node_is_control(NODE_REASON));
    CHECK(!node_is_control(NODE_ITEM));
}

int main(void)
{
    test_rounds();
    test_fixed();
    test_strangers();
    test_fits();
    return check_report();
}
