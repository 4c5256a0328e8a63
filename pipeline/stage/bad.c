#include "pipeline/stage/bad.h"

#include "pipeline/base/hash.h"
#include "pipeline/base/log.h"
#include "pipeline/reader/client.h"

/* Another version may do better. */
static uint64_t stamp_of(uint64_t lasting)
{
    uint64_t version = hash_fnv(PSTFS_VERSION, sizeof(PSTFS_VERSION));

    return hash_fnv((uint64_t[]){lasting, version}, 2 * sizeof(uint64_t));
}

static void bad_add(void *ctx, const char *path, uint64_t lasting, uint32_t nid,
                    const char *why)
{
    struct err err = {0};

    log_info("%s: item 0x%x ended the reader twice, it is passed over: %s",
             path, nid, why);
    if (db_bad_add(ctx, path, stamp_of(lasting), nid, why, &err) < 0)
        log_warn("%s: %s", path, err.msg);
}

struct taking {
    reader_bad_fn *take;
    void *ctx;
};

static int bad_take(void *ctx, uint32_t nid, const char *reason)
{
    struct taking *taking = ctx;

    taking->take(taking->ctx, nid, reason);
    return 0;
}

static void bad_each(void *ctx, const char *path, uint64_t lasting,
                     reader_bad_fn *take, void *take_ctx)
{
    struct taking taking = {take, take_ctx};
    struct err err = {0};

    if (db_bad_each(ctx, path, stamp_of(lasting), bad_take, &taking, &err) < 0)
        log_warn("%s: %s", path, err.msg);
}

void bad_share(struct db *db)
{
    reader_share(&(struct reader_share){bad_add, bad_each, db});
}
