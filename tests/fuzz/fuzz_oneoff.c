/* One-off entry ids, members of lists (links to contacts), lists of them. First
 * byte: code page. */
#include <string.h>

#include "pipeline/render/member.h"
#include "pipeline/render/oneoff.h"
#include "tests/fuzz/fuzz.h"

#define OUT_MAX (1u << 20)

static const unsigned codepages[] = {1252, 932, 65001, 0, 50220, 28591};

static void parse_member(struct work *w, unsigned cp, const uint8_t *data,
                         size_t len)
{
    struct member member;

    if (!member_parse(w, cp, data, len, &member))
        return;
    fuzz_must_be_text(member.box.name, strlen(member.box.name));
    fuzz_must_be_text(member.box.other, strlen(member.box.other));
    FUZZ_MUST(member.email < 3);
    FUZZ_MUST(member.kind == MEMBER_BOX || !member.box.addr);
}

static void parse(struct work *w, unsigned cp, const uint8_t *data, size_t len)
{
    struct mailbox box = {0};

    parse_member(w, cp, data, len);
    if (!oneoff_parse(w, cp, data, len, &box))
        return;
    fuzz_must_be_text(box.name, strlen(box.name));
    fuzz_must_be_text(box.other, strlen(box.other));
    if (box.addr)
        FUZZ_MUST(address_is_valid(box.addr, strlen(box.addr)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    unsigned cp = codepages[fuzz_number(&in, 1) % array_len(codepages)];
    struct work w = {.arena = arena_new(), .scratch = BUF(OUT_MAX)};
    const uint8_t *part;
    size_t len, part_len;
    uint8_t *copy = fuzz_bytes(&in, in.left, &len);

    memset(w.key, '0', sizeof(w.key) - 1);
    parse(&w, cp, copy, len);
    for (size_t i = 0; i < 20; i++) {
        part = oneoff_element(copy, len, i, &part_len);
        if (!part)
            break;
        FUZZ_MUST(part >= copy && part_len <= (size_t)(copy + len - part));
        parse(&w, cp, part, part_len);
    }
    free(copy);
    buf_finish(&w.scratch);
    arena_free(&w.arena);
    return 0;
}
