#include "pipeline/reader/skips.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/reader/client.h"

static struct skip *skip_find(const struct skips *skips, uint32_t nid)
{
    for (size_t i = 0; i < skips->n; i++)
        if (skips->list[i].nid == nid)
            return &skips->list[i];
    return NULL;
}

void skips_add(struct skips *skips, uint32_t nid)
{
    struct skip *skip = skip_find(skips, nid);

    if (!nid)
        return;
    if (skip) {
        skip->kills++;
        return;
    }
    if (!skips->list)
        skips->list = calloc(SKIPS_MAX, sizeof(*skips->list));
    if (!skips->list)
        return;
    if (skips->n == SKIPS_MAX)
        memmove(skips->list, skips->list + 1,
                --skips->n * sizeof(*skips->list));
    skips->list[skips->n++] = (struct skip){nid, 1};
}

bool skips_refused(const struct skips *skips, uint32_t nid)
{
    const struct skip *skip = skip_find(skips, nid);

    return skip && skip->kills >= READER_KILLS_MAX;
}

void skips_free(struct skips *skips)
{
    free(skips->list);
    skips->list = NULL;
    skips->n = 0;
}
