/* A tiny test harness: counts checks, prints what failed, one exit code. */
#ifndef UNIT_CHECK_H
#define UNIT_CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int check_done, check_failed;

static inline int check_note(int ok, const char *file, int line,
                             const char *text)
{
    check_done++;
    if (!ok) {
        check_failed++;
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
    }
    return ok;
}

#define CHECK(cond) check_note(!!(cond), __FILE__, __LINE__, #cond)

#define CHECK_EQ(a, b)                                                         \
    do {                                                                       \
        long long a_ = (long long)(a), b_ = (long long)(b);                    \
        if (!check_note(a_ == b_, __FILE__, __LINE__, #a " == " #b))           \
            fprintf(stderr, "    %lld, expected %lld\n", a_, b_);              \
    } while (0)

#define CHECK_STR(a, b)                                                        \
    do {                                                                       \
        const char *a_ = (a), *b_ = (b);                                       \
        if (!check_note(strcmp(a_, b_) == 0, __FILE__, __LINE__,               \
                        #a " == " #b))                                         \
            fprintf(stderr, "    \"%s\"\n    expected \"%s\"\n", a_, b_);      \
    } while (0)

static inline int check_report(void)
{
    printf("%d passed, %d failed\n", check_done - check_failed, check_failed);
    return check_failed != 0 || check_done == 0;
}

#endif
