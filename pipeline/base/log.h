/*
 * One line a message on stderr, "level time text", level as the journal
 * knows it (<3>..<7>) when stderr is not a terminal, and an optional file.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "pipeline/base/cleanup.h"

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARN,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
};

/* Messages above max are dropped. path may be NULL: stderr only; with a path
 * lines are appended there as well. name stands in each line. */
int log_open(const char *name, enum log_level max, const char *path);
void log_line(enum log_level level, const char *fmt, ...) printf_like(2, 3);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
