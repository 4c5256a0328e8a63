#include "pipeline/base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/base/clock.h"
#include "pipeline/base/io.h"

#define LOG_LINE_MAX 2048

static const char *log_name = "pstfs";
static enum log_level log_max = LOG_LEVEL_INFO;
static int log_fd = -1;

static const char *const level_words[] = {
    [LOG_LEVEL_ERROR] = "error",   [LOG_LEVEL_WARN] = "warning",
    [LOG_LEVEL_NOTICE] = "notice", [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

int log_open(const char *name, enum log_level max, const char *path)
{
    log_name = name;
    log_max = max;
    if (!path)
        return 0;
    log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    return log_fd < 0 ? -errno : 0;
}

/* A message may quote mail: line breaks in it must not forge log lines. */
static void flatten(char *line)
{
    for (; *line; line++)
        if ((unsigned char)*line < 0x20)
            *line = ' ';
}

void log_line(enum log_level level, const char *fmt, ...)
{
    char text[LOG_LINE_MAX], line[LOG_LINE_MAX + 128], when[TIME_TEXT_MAX];
    va_list ap;
    int n;

    if (level > log_max)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    flatten(text);
    n = snprintf(line, sizeof(line), "%s %s[%d] %s: %s\n",
                 time_rfc3339(time_now(), when), log_name, (int)getpid(),
                 level_words[level], text);
    if (n < 0)
        return;
    if (log_fd >= 0)
        io_write(log_fd, line, strlen(line));
    io_write(STDERR_FILENO, line, strlen(line));
}
