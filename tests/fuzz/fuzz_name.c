/* File names of any text: what name.h promises holds. */
#include <string.h>

#include "fs/name.h"
#include "tests/fuzz/fuzz.h"

static const char *const exts[] = {"eml", "vcf", "", NULL};
static const char *const suffixes[] = {"", " (2)", " 00200024"};

static void check(const char *name, size_t len)
{
    fuzz_must_be_text(name, len);
    FUZZ_MUST(len > 0 && len <= NAME_MAX_BYTES);
    FUZZ_MUST(!strpbrk(name, "\\/:*?\"<>|\r\n\t"));
    FUZZ_MUST(name[0] != '.' && name[0] != ' ');
    FUZZ_MUST(name[len - 1] != '.' && name[len - 1] != ' ');
    for (size_t i = 0; i < len; i++)
        FUZZ_MUST((uint8_t)name[i] >= 32 && name[i] != 127);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    unsigned how = (unsigned)fuzz_number(&in, 1);
    cleanup_buf struct buf out = BUF(4096), again = BUF(4096);
    cleanup_free char *text = fuzz_text(&in, in.left);

    FUZZ_MUST(name_make(text, "item", suffixes[how % 3], exts[how / 3 % 4],
                        &out) == 0);
    check(buf_str(&out), out.len);
    name_fold(buf_str(&out), out.len);
    name_fold(text, strlen(text));
    /* a name without an end of ours is its own name; the longest lose the
     * byte that is kept free for a device's underscore */
    if (how % 12 == 6 && out.len < NAME_MAX_BYTES) {
        name_make(buf_str(&out), "item", "", "", &again);
        FUZZ_MUST(strcmp(buf_str(&out), buf_str(&again)) == 0);
    }
    return 0;
}
