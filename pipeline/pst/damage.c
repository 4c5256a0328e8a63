#include "pipeline/pst/disk.h"

struct damage *damage_enter(struct pst *pst, struct damage *sink)
{
    struct damage *before = pst->sink;

    pst->sink = sink;
    return before;
}

void damage_leave(struct pst *pst, struct damage *before)
{
    pst->sink = before;
}

/* False when it is counted already. */
static bool damage_count(struct damage *sink, uint64_t id)
{
    if (!sink || sink->count == PST_DAMAGE_MAX)
        return false;
    for (unsigned i = 0; i < sink->count; i++)
        if (sink->bids[i] == id)
            return false;
    sink->bids[sink->count++] = id;
    return true;
}

void damage_lost(struct damage *sink, uint32_t part)
{
    damage_count(sink, UINT64_C(1) << 63 | part);
}

void damage_note(struct pst *pst, struct damage *sink, const struct chunk *c)
{
    if (!c->damaged || !damage_count(sink, c->key) || !sink->nid)
        return;
    pst_note_node(pst, sink->nid, "block %#llx is damaged, but was used",
                  (unsigned long long)c->key);
}
