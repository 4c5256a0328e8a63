#include "pipeline/render/card.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/limits.h"

#define LINE_LIMIT (RENDER_BODY_MAX * 2)

static bool is_control(char c)
{
    return (uint8_t)c < ' ' || c == 127;
}

/* text: LF, comma, semicolon and backslash are escaped. */
static void add_escaped(struct buf *to, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at == '\n')
            buf_add(to, "\\n", 2);
        else if (strchr(",;\\", *at))
            buf_addf(to, "\\%c", *at);
        else if (is_control(*at) && *at != '\t')
            buf_addc(to, ' ');
        else
            buf_addc(to, *at);
    }
}

static void add_folded(struct buf *out, const char *line, size_t len)
{
    size_t width = CARD_COLUMNS;

    while (len > width) {
        size_t n = charset_cut(line, len, width);
        if (!n) /* never in valid UTF-8 */
            n = width;
        buf_add(out, line, n);
        buf_add(out, "\n ", 2);
        line += n;
        len -= n;
        width = CARD_COLUMNS - 1;
    }
    buf_add(out, line, len);
    buf_addc(out, '\n');
}

static void finish_line(struct buf *out, const struct buf *line)
{
    if (line->error)
        out->error = line->error;
    add_folded(out, buf_str(line), line->len);
}

void card_raw(struct buf *out, const char *name, const char *value)
{
    cleanup_buf struct buf line = BUF(LINE_LIMIT);

    buf_addf(&line, "%s:", name);
    for (const char *at = value; *at; at++)
        buf_addc(&line, is_control(*at) ? ' ' : *at);
    finish_line(out, &line);
}

void card_text(struct buf *out, const char *name, const char *value)
{
    card_list(out, name, &value, 1, ',');
}

void card_list(struct buf *out, const char *name, const char *const *values,
               size_t count, char between)
{
    cleanup_buf struct buf line = BUF(LINE_LIMIT);
    bool any = false;

    buf_addf(&line, "%s:", name);
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_addc(&line, between);
        add_escaped(&line, values[i]);
        any |= *values[i] != '\0';
    }
    if (any)
        finish_line(out, &line);
}

void card_param(struct buf *to, const char *value)
{
    bool quote = strpbrk(value, ":;, ") != NULL;

    if (quote)
        buf_addc(to, '"');
    for (const char *at = value; *at; at++)
        buf_addc(to, *at == '"' ? '\'' : is_control(*at) ? ' ' : *at);
    if (quote)
        buf_addc(to, '"');
}
