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

void damage_note(struct pst *pst, struct damage *sink, const struct chunk *c)
{
    if (!c->damaged || !sink || sink->count == PST_DAMAGE_MAX)
        return;
    for (unsigned i = 0; i < sink->count; i++)
        if (sink->bids[i] == c->key)
            return;
    sink->bids[sink->count++] = c->key;
    pst_note_node(pst, sink->nid, "block %#llx is damaged, but was used",
                  (unsigned long long)c->key);
}
