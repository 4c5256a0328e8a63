/* Names found in a Maildir, where anybody may have put files. */
#include <string.h>

#include "pipeline/target/maildir_name.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    cleanup_free char *text = fuzz_text(&in, 255);
    uint64_t key = 0;
    size_t len = maildir_name_parse(text, &key);

    FUZZ_MUST(len <= strlen(text));
    maildir_tmp_is_dead(text, 0);
    return 0;
}
