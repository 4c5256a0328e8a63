/* The two time zone blobs, and dates by what they say. */
#include "pipeline/render/zone.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    int64_t when = (int64_t)(fuzz_number(&in, 5) << 3) - (INT64_C(1) << 41);
    struct zone z = {0};
    size_t len;
    uint8_t *copy = fuzz_bytes(&in, in.left, &len);

    if (zone_parse_struct(copy, len, &z))
        FUZZ_MUST(z.count <= ZONE_OFFSETS && zone_date(&z, when) % 86400 == 0);
    z = (struct zone){0};
    if (zone_parse_definition(copy, len, &z))
        FUZZ_MUST(z.count <= ZONE_OFFSETS && zone_date(&z, when) % 86400 == 0);
    free(copy);
    return 0;
}
