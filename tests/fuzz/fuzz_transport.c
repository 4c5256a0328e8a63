/* The headers a message arrived with: parsed, judged, their addresses and
 * encoded words read. What is called clean must be so. */
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/address.h"
#include "pipeline/render/encode.h"
#include "pipeline/render/msgid.h"
#include "pipeline/render/transport.h"
#include "pipeline/render/words.h"
#include "tests/fuzz/fuzz.h"

#define OUT_MAX  (4u << 20)
#define LINE_MAX 998

static void check_clean(const struct field *f)
{
    size_t col = f->name_len + 1;

    for (size_t i = 0; i < f->value_len; i++) {
        uint8_t c = (uint8_t)f->value[i];
        FUZZ_MUST(c == '\n' || c == '\t' || (c >= 32 && c < 127));
        col = c == '\n' ? 0 : col + 1;
        FUZZ_MUST(col <= LINE_MAX);
        if (c == '\n')
            FUZZ_MUST(i + 1 < f->value_len &&
                      (f->value[i + 1] == ' ' || f->value[i + 1] == '\t'));
    }
}

static void check_addresses(struct work *w, const struct field *f)
{
    struct mailboxes list = {0};

    address_is_strict(f->value, f->value_len);
    address_parse(w, f->value, f->value_len, &list);
    for (size_t i = 0; i < list.count; i++) {
        const struct mailbox *box = &list.list[i];
        fuzz_must_be_text(box->name, strlen(box->name));
        if (box->addr)
            FUZZ_MUST(address_is_valid(box->addr, strlen(box->addr)));
    }
}

static void check_field(struct work *w, const struct field *f)
{
    cleanup_buf struct buf out = BUF(OUT_MAX);

    if (transport_is_clean(f))
        check_clean(f);
    words_are_valid(f->value, f->value_len);
    words_decode(f->value, f->value_len, &out);
    check_addresses(w, f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in;
    struct work w = {.arena = arena_new(), .scratch = BUF(OUT_MAX)};
    struct transport t = {0};
    cleanup_buf struct buf clean = BUF(OUT_MAX);
    size_t len;
    char *copy;

    /* the property comes as clean text with LF ends */
    charset_clean_utf8((const char *)data, size, &clean);
    encode_lf(&clean, 0);
    in = (struct fuzz_in){(const uint8_t *)buf_str(&clean), clean.len};
    copy = (char *)fuzz_bytes(&in, in.left, &len);
    if (transport_parse(copy, len, w.arena, &t) == 0) {
        for (size_t i = 0; i < t.count && i < 50; i++)
            check_field(&w, &t.fields[i]);
        transport_find(&t, "from");
    }
    free(copy);
    buf_finish(&w.scratch);
    arena_free(&w.arena);
    return 0;
}
