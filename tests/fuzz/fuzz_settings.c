/* A settings file. */
#include <stdio.h>
#include <string.h>

#include "pipeline/base/settings.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings *s = NULL;
    struct err err = {0};
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fuzz_file(data, size));
    if (settings_new(path, &s, &err) == 0) {
        const struct setting_row *row = settings_table();
        const char *why = "";
        for (; row->name; row++)
            FUZZ_MUST(row->check(settings_text(s, row->name), &why));
    } else {
        FUZZ_MUST(err.code && *err.msg && !s);
    }
    settings_free(&s);
    return 0;
}
