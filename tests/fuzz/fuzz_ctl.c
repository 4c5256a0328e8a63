/* What pstctl reads from the mount: CSV, progress, values, errors. First
 * byte: which. */
#include <string.h>

#include "pipeline/base/charset.h"
#include "tests/fuzz/fuzz.h"
#include "tools/ctl_list.h"
#include "tools/ctl_text.h"

#define OUT_MAX (4u << 20)

/* Nothing that a terminal would obey. */
static void check_shown(const struct buf *out)
{
    fuzz_must_be_text(buf_str(out), out->len);
    for (size_t i = 0; i < out->len; i++)
        FUZZ_MUST(out->data[i] == '\n' || (uint8_t)out->data[i] >= 32);
}

static void csv(char *text)
{
    char *fields[CTL_FIELDS_MAX];
    const char *end = text + strlen(text);
    size_t n;

    while ((n = ctl_csv_row(&text, fields)) > 0) {
        FUZZ_MUST(n <= CTL_FIELDS_MAX && text <= end);
        for (size_t i = 0; i < n; i++)
            FUZZ_MUST(fields[i] <= end);
        ctl_csv_column(fields, n, "state");
    }
}

static void stores(const char *text)
{
    cleanup_buf struct buf in = BUF(OUT_MAX), out = BUF(OUT_MAX);
    struct ctl_watched *list = NULL;
    size_t n = 0;

    buf_adds(&in, text);
    if (ctl_list_stores(&in, &out, NULL) == 0)
        check_shown(&out);
    buf_clear(&in);
    buf_adds(&in, text);
    if (ctl_list_active("/mnt", &in, &list, &n, NULL) == 0)
        ctl_list_free(list, n);
}

static void progress(const char *text)
{
    cleanup_buf struct buf out = BUF(OUT_MAX);
    struct ctl_progress p = {0};

    if (ctl_progress_parse(text, &p) != 0)
        return;
    ctl_progress_ended(&p);
    ctl_watch_bar("store", &p, 80, &out);
    check_shown(&out);
}

static void words(const char *text)
{
    cleanup_buf struct buf out = BUF(OUT_MAX);

    ctl_error_of(text, "target", &out);
    ctl_value(text, "state", &out);
    buf_clear(&out);
    ctl_clean(&out, text, strlen(text));
    check_shown(&out);
    ctl_width(buf_str(&out));
    buf_clear(&out);
    ctl_list_pairs(text, &out);
    check_shown(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    unsigned which = (unsigned)fuzz_number(&in, 1);
    char *text = fuzz_text(&in, in.left);

    if (which % 4 == 0)
        csv(text);
    else if (which % 4 == 1)
        stores(text);
    else if (which % 4 == 2)
        progress(text);
    else
        words(text);
    free(text);
    return 0;
}
