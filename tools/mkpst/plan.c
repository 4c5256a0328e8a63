#include "tools/mkpst/plan.h"

#include "tools/mkpst/message.h"

#define SHUFFLE     8 /* node numbers are given out in batches, mixed */
#define FILL_LEAST  4096
#define FILL_MOST   (64 << 20)
#define ITEM_STREAM 0x4954454D00000000

struct plan {
    const struct options *opt;
    struct tree *tree;
    struct maker maker;
    uint32_t batch[SHUFFLE];
    unsigned batch_left;
};

/* Rows of a folder are thus not quite in the order of their numbers. */
static uint32_t next_nid(struct plan *p, struct rng *r)
{
    if (!p->batch_left) {
        for (unsigned i = 0; i < SHUFFLE; i++)
            p->batch[i] = store_nid(p->tree->store, NID_MESSAGE);
        for (unsigned i = SHUFFLE; i > 1; i--) {
            unsigned k = rng_below(r, i);
            uint32_t swap = p->batch[i - 1];
            p->batch[i - 1] = p->batch[k];
            p->batch[k] = swap;
        }
        p->batch_left = SHUFFLE;
    }
    return p->batch[--p->batch_left];
}

/* --size: an attachment that brings the store back to its line. */
static void fill_up(struct plan *p, struct item *item)
{
    uint64_t want, have = space_position(&p->tree->store->space);

    want = p->opt->size / p->opt->messages * (p->maker.number + 1);
    if (!p->opt->size || want < have + FILL_LEAST)
        return;
    want -= have;
    parts_add(&p->maker, item, want < FILL_MOST ? want : FILL_MOST, NULL);
}

static void write_item(struct plan *p, struct folder *f, struct item *item,
                       struct manifest *out)
{
    item->nid = next_nid(p, &p->maker.rng);
    message_write(p->tree, f, item);
    manifest_item(out, f, item);
    item_free(&item);
}

static void add_one(struct plan *p, struct manifest *out)
{
    struct maker *m = &p->maker;
    struct item *item = note_make(m, "IPM.Note", 0);

    if (m->number == 0 && p->opt->big)
        parts_add(m, item, p->opt->big, NULL);
    fill_up(p, item);
    write_item(p, tree_pick_mail(p->tree, &m->rng), item, out);
}

void plan_run(const struct options *opt, struct tree *t, struct manifest *out)
{
    struct plan p = {.opt = opt, .tree = t};

    p.maker.opt = opt;
    p.maker.unicode = opt->variant->unicode;
    cast_init(&p.maker.cast, opt->seed, p.maker.unicode);
    for (uint32_t i = 0; i < opt->messages; i++) {
        p.maker.number = i;
        rng_init(&p.maker.rng, opt->seed, ITEM_STREAM + i);
        add_one(&p, out);
    }
    cast_finish(&p.maker.cast);
    script_release();
}
