#include "tools/ctl_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "pipeline/base/charset.h"

/* One field, quotes undone in place; *at stands at what ended it. */
static char *csv_field(char **at)
{
    char *from = *at, *to, *start;
    bool quoted = *from == '"';

    if (quoted)
        from++;
    start = to = from;
    for (; *from; from++) {
        if (quoted && *from == '"') {
            if (from[1] != '"') {
                quoted = false;
                continue;
            }
            from++;
        } else if (!quoted && strchr(",\r\n", *from)) {
            break;
        }
        *to++ = *from;
    }
    *at = from;
    /* The end of the field may be where the separator stands. */
    if (to != from)
        *to = '\0';
    return start;
}

size_t ctl_csv_row(char **text, char *fields[CTL_FIELDS_MAX])
{
    char *at = *text, ended;
    size_t n = 0;

    if (!*at)
        return 0;
    do {
        char *field = csv_field(&at);
        if (n < CTL_FIELDS_MAX)
            fields[n++] = field;
        ended = *at;
        if (ended)
            *at++ = '\0';
    } while (ended == ',');
    if (ended == '\r' && *at == '\n')
        at++;
    *text = at;
    return n;
}

int ctl_csv_column(char *const *head, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(head[i], name) == 0)
            return (int)i;
    return -1;
}

static bool is_word(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz-")] == '\0';
}

int ctl_progress_parse(const char *line, struct ctl_progress *p_r)
{
    char eta[24];

    if (sscanf(line,
               "%15s %15s %" SCNd64 "/%" SCNd64 " %d%% %" SCNd64 "/s %23s",
               p_r->state, p_r->stage, &p_r->done, &p_r->total, &p_r->percent,
               &p_r->rate, eta) != 7)
        return -EINVAL;
    if (p_r->percent < 0 || p_r->percent > 100 || !is_word(p_r->state) ||
        !is_word(p_r->stage))
        return -EINVAL; /* words go to the terminal as they are */
    if (sscanf(eta, "%" SCNd64 "s", &p_r->eta) != 1)
        p_r->eta = -1;
    return 0;
}

bool ctl_progress_ended(const struct ctl_progress *p)
{
    static const char *const going[] = {"queued", "running", "paused"};

    for (size_t i = 0; i < array_len(going); i++)
        if (strcmp(p->state, going[i]) == 0)
            return false;
    return true;
}

bool ctl_value(const char *text, const char *key, struct buf *out)
{
    size_t len = strlen(key);

    for (; *text; text = strchrnul(text, '\n'), text += *text != '\0') {
        if (strncmp(text, key, len) != 0 || text[len] != ' ')
            continue;
        text += len + 1;
        buf_add(out, text, (size_t)(strchrnul(text, '\n') - text));
        return true;
    }
    return false;
}

static bool line_ends_with(const char *line, size_t len, const char *end)
{
    size_t n = strlen(end);

    return len > n && line[len - n - 1] == ' ' &&
           memcmp(line + len - n, end, n) == 0;
}

bool ctl_error_of(const char *errors, const char *file, struct buf *out)
{
    bool ours = false, found = false;

    for (const char *line = errors; *line;) {
        size_t len = (size_t)(strchrnul(line, '\n') - line);
        if (*line != ' ') {
            ours = line_ends_with(line, len, file);
        } else if (ours) {
            size_t indent = strspn(line, " ");
            buf_clear(out);
            if (indent < len)
                buf_add(out, line + indent, len - indent);
            found = true;
        }
        line += len + (line[len] != '\0');
    }
    return found;
}

void ctl_clean(struct buf *out, const char *text, size_t len)
{
    size_t start = out->len;

    charset_clean_utf8(text, len, out);
    for (size_t i = start; i < out->len; i++) {
        unsigned char c = (unsigned char)out->data[i];
        unsigned char next = (unsigned char)out->data[i + 1];
        if (c < ' ' || c == 0x7f)
            out->data[i] = '?';
        else if (c == 0xc2 && next < 0xa0) /* U+0080 .. U+009F */
            out->data[i] = out->data[i + 1] = '?';
    }
}

size_t ctl_width(const char *text)
{
    size_t columns = 0;
    mbstate_t state = {0};
    wchar_t c;

    while (*text) {
        size_t n = mbrtowc(&c, text, strlen(text), &state);
        if (n == (size_t)-1 || n == (size_t)-2 || n == 0) {
            memset(&state, 0, sizeof(state));
            n = 1;
            columns++;
        } else {
            int w = wcwidth(c);
            columns += w > 0 ? (size_t)w : 0;
        }
        text += n;
    }
    return columns;
}

void ctl_add_size(struct buf *out, int64_t bytes)
{
    static const char units[] = "KMGTP";
    double value = (double)bytes;
    int unit = -1;

    while (value >= 1024 && units[unit + 1]) {
        value /= 1024;
        unit++;
    }
    if (unit < 0)
        buf_addf(out, "%" PRId64, bytes);
    else
        buf_addf(out, "%.*f%c", value < 9.95 ? 1 : 0, value, units[unit]);
}
