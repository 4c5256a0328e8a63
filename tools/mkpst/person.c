#include "tools/mkpst/person.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PER_SCRIPT     12
#define LEGACY_PERCENT 25
#define PEOPLE_STREAM  0x50454F50

static const char *const domains[] = {"contoso.com", "fabrikam.example",
                                      "example.org", "sub.mail.example.net",
                                      "xn--bcher-kva.example"};

static char *name_of(const struct script *s, struct rng *r)
{
    const char *given = s->given[rng_below(r, (uint32_t)s->given_count)];
    const char *family = s->family[rng_below(r, (uint32_t)s->family_count)];

    if (s->family_first)
        return mem_textf("%s%s%s", family, s->joint, given);
    if (rng_chance(r, 20))
        return mem_textf("%s, %s", family, given);
    return mem_textf("%s %s", given, family);
}

/* Letters of the name where it has any, and a number that makes it unique. */
static char *address_of(const char *name, size_t number, struct rng *r)
{
    char local[24];
    size_t n = 0;

    for (const char *p = name; *p && n < sizeof(local) - 1; p++)
        if (isalpha((unsigned char)*p) && (unsigned char)*p < 0x80)
            local[n++] = (char)tolower((unsigned char)*p);
    local[n] = 0;
    return mem_textf("%s.%zu@%s", n ? local : "user", number,
                     domains[rng_below(r, array_len(domains))]);
}

static void person_make(struct person *p, const struct script *s, size_t number,
                        struct rng *r)
{
    p->script = s;
    p->name = name_of(s, r);
    p->smtp = address_of(p->name, number, r);
    if (rng_chance(r, LEGACY_PERCENT))
        p->legacy = mem_textf("/O=CONTOSO/OU=EXCHANGE ADMINISTRATIVE GROUP "
                              "(FYDIBOHF23SPDLT)/CN=RECIPIENTS/CN=U%05zu",
                              number);
}

void cast_init(struct cast *c, uint64_t seed, bool unicode)
{
    struct rng r;

    rng_init(&r, seed, PEOPLE_STREAM);
    c->unicode = unicode;
    c->count = script_count * PER_SCRIPT;
    c->list = mem_new(c->count * sizeof(*c->list));
    for (size_t i = 0; i < c->count; i++)
        person_make(&c->list[i], &scripts[i / PER_SCRIPT], i, &r);
}

void cast_finish(struct cast *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->list[i].name);
        free(c->list[i].smtp);
        free(c->list[i].legacy);
    }
    free(c->list);
    *c = (struct cast){0};
}

const struct person *cast_owner(const struct cast *c)
{
    return &c->list[0];
}

const struct person *cast_pick(const struct cast *c, struct rng *r,
                               const struct script *script)
{
    size_t row = rng_chance(r, 50) ? (size_t)(script - scripts) : 0;

    return &c->list[row * PER_SCRIPT + rng_below(r, PER_SCRIPT)];
}
