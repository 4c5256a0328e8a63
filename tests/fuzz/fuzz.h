/*
 * What every fuzz target has. A target is one file, fuzz_NOUN.c, with an
 * LLVMFuzzerTestOneInput; with the option `fuzz` it is linked with libFuzzer,
 * else with main.c, which runs it on the files it is given: so the inputs
 * that once crashed are a test of every build.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Called once, where a target needs it. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
/* Targets may have the second; the first is the engine's (FUZZ_ENGINE). */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned seed);

/* An input that is taken apart from the front; missing bytes are zeros. */
struct fuzz_in {
    const uint8_t *p;
    size_t left;
};
uint64_t fuzz_number(struct fuzz_in *in, unsigned bytes);
/* At most len bytes in memory of just their length, malloc'd: so that a read
 * past the end is seen. */
uint8_t *fuzz_bytes(struct fuzz_in *in, size_t len, size_t *len_r);
/* The same with a NUL behind; an earlier NUL of the input ends it too. */
char *fuzz_text(struct fuzz_in *in, size_t len);

/* A file in memory with these bytes; the same descriptor each time. */
int fuzz_file(const void *data, size_t len);

/* What must hold whatever the input is; else the program aborts. */
void fuzz_fail(const char *file, int line, const char *text)
    __attribute__((noreturn));
#define FUZZ_MUST(cond)                                                        \
    do {                                                                       \
        if (!(cond))                                                           \
            fuzz_fail(__FILE__, __LINE__, #cond);                              \
    } while (0)

/* Text for the outside: valid UTF-8 without NUL. */
void fuzz_must_be_text(const char *text, size_t len);

#endif
