#include "pipeline/render/voting.h"

#include "pipeline/base/charset.h"
#include "pipeline/pst/bytes.h"

#define VERSION       0x0102
#define VERSION_EXTRA 0x0104
#define VERB_VOTE     4
#define NAMES         4  /* texts of one option */
#define OPTION_REST   29 /* bytes behind them */

struct stream {
    const uint8_t *at;
    size_t left;
};

static const uint8_t *take(struct stream *s, size_t n)
{
    const uint8_t *at = s->at;

    if (n > s->left)
        return NULL;
    s->at += n;
    s->left -= n;
    return at;
}

/* A length and so many characters of width bytes. */
static bool take_text(struct stream *s, size_t width, const uint8_t **text_r,
                      size_t *len_r)
{
    const uint8_t *n = take(s, 1);

    *len_r = n ? *n * width : 0;
    *text_r = n ? take(s, *len_r) : NULL;
    return *text_r;
}

struct option {
    const uint8_t *name;
    size_t len;
    bool wide;
};

/* Four texts: name, message class, unused, name again. */
static bool take_option(struct stream *s, struct option *option_r,
                        bool *votes_r)
{
    const uint8_t *verb = take(s, 4), *text;
    size_t len;

    *option_r = (struct option){0};
    *votes_r = verb && get32(verb) == VERB_VOTE;
    for (int i = 0; i < NAMES; i++) {
        if (!verb || !take_text(s, 1, &text, &len))
            return false;
        if (i == 0)
            *option_r = (struct option){text, len, false};
    }
    return take(s, OPTION_REST);
}

/* The same names in Unicode, of all options in their order. */
static void take_wide(struct stream *s, struct option *list, size_t n)
{
    const uint8_t *version = take(s, 2), *text;
    size_t len;

    if (!version || get16(version) != VERSION_EXTRA)
        return;
    for (size_t i = 0; i < n; i++) {
        if (!take_text(s, 2, &text, &len))
            return;
        list[i] = (struct option){text, len, true};
        if (!take_text(s, 2, &text, &len))
            return;
    }
}

void voting_options(const uint8_t *data, size_t len, unsigned codepage,
                    struct buf *out)
{
    struct option list[VOTING_OPTIONS_MAX];
    bool votes[VOTING_OPTIONS_MAX];
    struct stream s = {data, len};
    const uint8_t *head = take(&s, 6);
    size_t n = 0, count;

    if (!head || get16(head) != VERSION)
        return;
    count = get32(head + 2);
    while (n < count && n < VOTING_OPTIONS_MAX &&
           take_option(&s, &list[n], &votes[n]))
        n++;
    if (n == count)
        take_wide(&s, list, n);
    for (size_t i = 0, said = 0; i < n; i++) {
        if (!votes[i] || !list[i].len)
            continue;
        if (said++)
            buf_adds(out, "; ");
        if (list[i].wide)
            charset_from_utf16(list[i].name, list[i].len, out);
        else
            charset_from_codepage(codepage, list[i].name, list[i].len, out);
    }
}
