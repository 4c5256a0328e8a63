/*
 * Error in words. Functions that can fail return 0 or a negative errno and
 * fill a struct err at the lowest layer that knows the reason; upper layers
 * may put their context in front. It is logged or shown once, at the top.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "pipeline/base/cleanup.h"

#define ERR_MSG_MAX 512

struct err {
    int code; /* positive errno, 0 = none */
    char msg[ERR_MSG_MAX];
};

/* Sets code (a positive errno) and text; returns -code. err may be NULL. */
int err_set(struct err *err, int code, const char *fmt, ...) printf_like(3, 4);

/* As err_set, with ": " and the words for code appended. */
int err_sys(struct err *err, int code, const char *fmt, ...) printf_like(3, 4);

/* Puts "context: " before the text that is there; returns -err->code. */
int err_wrap(struct err *err, const char *fmt, ...) printf_like(2, 3);

#endif
