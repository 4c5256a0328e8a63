#include "tools/mkpst/maker.h"

#include "pipeline/base/clock.h"
#include "tools/mkpst/json.h"

#define TIME_FIRST    915148800  /* 1999-01-01 */
#define TIME_LAST     1735603200 /* 2024-12-31 */
#define KEYWORDS_MOST 4

int64_t maker_time(struct maker *m)
{
    return TIME_FIRST +
           (int64_t)((rng_next(&m->rng) >> 11) % (TIME_LAST - TIME_FIRST));
}

uint16_t maker_name(const struct maker *m, enum named name)
{
    return named_id(m->opt->seed, name);
}

struct item *maker_item(struct maker *m, const char *class)
{
    const struct script *script = script_pick(&m->rng, m->unicode);
    struct item *item = item_new(class, script, m->unicode);

    if (m->unicode && script->codepage && rng_chance(&m->rng, 25))
        item->html_codepage = script->codepage;
    item->delivered = maker_time(m);
    item->submitted = item->delivered - rng_below(&m->rng, 600);
    item->read = rng_chance(&m->rng, 80);
    item->prefix = PREFIX_NO_MARK;
    item->subject = mem_text("");
    return item;
}

char *maker_words(struct maker *m, const struct item *item, unsigned count)
{
    struct buf words = MEM_BUF;

    script_words(item->script, &m->rng, count, &words);
    return buf_steal(&words);
}

void maker_keywords(struct maker *m, struct item *item)
{
    char *words[KEYWORDS_MOST];
    unsigned count = 1 + rng_below(&m->rng, KEYWORDS_MOST);

    json_key(&item->json, "keywords");
    buf_addc(&item->json, '[');
    for (unsigned i = 0; i < count; i++) {
        words[i] = i ? maker_words(m, item, 1) : mem_text("Red Category");
        if (i)
            buf_addc(&item->json, ',');
        json_text(&item->json, words[i]);
    }
    buf_addc(&item->json, ']');
    props_texts(&item->props, maker_name(m, NAMED_KEYWORDS),
                (const char *const *)words, count);
    for (unsigned i = 0; i < count; i++)
        free(words[i]);
}
