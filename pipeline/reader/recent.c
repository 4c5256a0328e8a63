#include "pipeline/reader/recent.h"

struct recent_slot {
    uint32_t nid;
    enum render_format format;
    unsigned part;
    uint64_t used; /* tick of the last use; 0 = free */
    size_t weight;
    struct render *render;
};

struct recent {
    struct recent_slot slots[RECENT_ITEMS_MAX];
    uint64_t tick;
    size_t weight;
};

struct recent *recent_new(void)
{
    return calloc(1, sizeof(struct recent));
}

static void slot_drop(struct recent *recent, struct recent_slot *slot)
{
    recent->weight -= slot->weight;
    render_free(&slot->render);
    slot->used = 0;
    slot->weight = 0;
}

void recent_free(struct recent **recent)
{
    if (!*recent)
        return;
    for (size_t i = 0; i < RECENT_ITEMS_MAX; i++)
        if ((*recent)->slots[i].used)
            slot_drop(*recent, &(*recent)->slots[i]);
    free(*recent);
    *recent = NULL;
}

struct render *recent_find(struct recent *recent, uint32_t nid,
                           enum render_format format, unsigned part)
{
    for (size_t i = 0; i < RECENT_ITEMS_MAX; i++) {
        struct recent_slot *slot = &recent->slots[i];
        if (slot->used && slot->nid == nid && slot->format == format &&
            slot->part == part) {
            slot->used = ++recent->tick;
            return slot->render;
        }
    }
    return NULL;
}

/* A free slot, else the one not used for longest; NULL when all are free
 * and only used ones are wanted. */
static struct recent_slot *slot_oldest(struct recent *recent, bool in_use)
{
    struct recent_slot *best = NULL;

    for (size_t i = 0; i < RECENT_ITEMS_MAX; i++) {
        struct recent_slot *slot = &recent->slots[i];
        if (in_use && !slot->used)
            continue;
        if (!best || slot->used < best->used)
            best = slot;
    }
    return best;
}

void recent_put(struct recent *recent, uint32_t nid, enum render_format format,
                unsigned part, struct render *render)
{
    size_t weight = render_weight(render);
    struct recent_slot *slot;

    while (recent->weight && recent->weight + weight > RECENT_WEIGHT_MAX)
        slot_drop(recent, slot_oldest(recent, true));
    slot = slot_oldest(recent, false);
    if (slot->used)
        slot_drop(recent, slot);
    *slot =
        (struct recent_slot){nid, format, part, ++recent->tick, weight, render};
    recent->weight += weight;
}
