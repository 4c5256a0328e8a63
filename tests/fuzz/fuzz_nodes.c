/* A list of nodes (pack.h), built into a sound store: folders, tables,
 * subnodes, named properties, items, renderings. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pack.h"
#include "tests/fuzz/walk.h"

static struct pack_list list;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_buf struct buf store = BUF(PACK_STORE_MAX);

    pack_parse(data, size, &list);
    pack_store(&list, &store);
    walk_store(fuzz_file(store.data, store.len));
    return 0;
}
