/*
 * A whole store as bytes: header, pages, block tree, blocks and all above.
 * The mutator changes a small window of it and then makes checksums and
 * signatures right again, most times.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pack.h"
#include "tests/fuzz/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    walk_store(fuzz_file(data, size));
    return 0;
}

#ifdef FUZZ_ENGINE
#define WINDOW 128u

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned seed)
{
    size_t units = size / 64, at;
    unsigned pick = seed >> 8;

    if (units < 16 || seed % 32 == 0)
        return LLVMFuzzerMutate(data, size, max);
    /* one in eight the roots in the header, else any unit */
    at = seed % 8 == 1 ? 160 : pick % (units - 1) * 64;
    LLVMFuzzerMutate(data + at, WINDOW < size - at ? WINDOW : size - at,
                     WINDOW < size - at ? WINDOW : size - at);
    if (seed % 16 != 3)
        pack_repair(data, size);
    return size;
}
#endif
