/* Items that are refused, and that others are told of. */
#include "pipeline/reader/client_priv.h"
#include "pipeline/reader/rules.h"
#include "pipeline/reader/skips.h"

void reader_bad(struct reader *reader, reader_bad_fn *fn, void *ctx)
{
    char why[SKIPS_WHY_MAX];
    uint32_t nid;

    for (size_t i = 0; skips_at(reader->skips, i, &nid, why); i++)
        fn(ctx, nid, why);
}

static void bad_seed(void *ctx, uint32_t nid, const char *why)
{
    struct reader *reader = ctx;

    skips_seed(reader->skips, &reader->child.file, nid, why);
}

void client_bad_take(struct reader *reader)
{
    const struct reader_share *share = reader_shared();

    skips_belong(reader->skips, &reader->child.file);
    if (share->each)
        share->each(share->ctx, reader->path, reader->child.file.lasting,
                    bad_seed, reader);
}

void client_end(struct reader *reader)
{
    const struct reader_share *share = reader_shared();
    char why[SKIPS_WHY_MAX];
    uint64_t lasting;
    uint32_t nid;

    pthread_mutex_unlock(&reader->lock);
    while (share->add && skips_news(reader->skips, &lasting, &nid, why))
        share->add(share->ctx, reader->path, lasting, nid, why);
}
