/* The two time zone blobs, and both clocks by what they say. */
#include <string.h>

#include "pipeline/render/limits.h"
#include "pipeline/render/zone.h"
#include "tests/fuzz/fuzz.h"

#define OFFSET_MAX (27 * 3600)

static void check(const struct zone *z, int64_t when, struct arena *arena)
{
    int64_t there = zone_to_local(z, when) - when;
    int64_t back = zone_to_utc(z, when) - when;
    const char *name = zone_iana(z->key, arena);

    FUZZ_MUST(z->count && z->count <= ZONE_RULES_MAX);
    FUZZ_MUST(there <= OFFSET_MAX && there >= -OFFSET_MAX);
    FUZZ_MUST(back <= OFFSET_MAX && back >= -OFFSET_MAX);
    FUZZ_MUST(zone_date(z, when) % 86400 == 0);
    fuzz_must_be_text(z->key, strlen(z->key));
    FUZZ_MUST(name && !strpbrk(name, ":;,\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    int64_t when = (int64_t)(fuzz_number(&in, 5) << 3) - (INT64_C(1) << 41);
    struct arena *arena = arena_new();
    struct zone z;
    size_t len;
    uint8_t *copy = fuzz_bytes(&in, in.left, &len);

    if (zone_parse_struct(copy, len, arena, &z) == 0)
        check(&z, when, arena);
    if (zone_parse_definition(copy, len, arena, &z) == 0)
        check(&z, when, arena);
    free(copy);
    arena_free(&arena);
    return 0;
}
