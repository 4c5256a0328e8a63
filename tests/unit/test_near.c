/* Reads of neighbours: always the file's own bytes, at its ends too. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/pst/near.h"
#include "tests/unit/check.h"

#define FILE_BYTES 10000u

static uint8_t bytes[FILE_BYTES];

static int file_make(void)
{
    FILE *f = tmpfile();

    for (size_t i = 0; i < FILE_BYTES; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 256);
    if (!f || fwrite(bytes, 1, FILE_BYTES, f) != FILE_BYTES || fflush(f))
        abort();
    return dup(fileno(f));
}

static void check_read(struct near *near, int fd, size_t ib, size_t len)
{
    uint8_t got[FILE_BYTES];
    size_t left = ib < FILE_BYTES ? FILE_BYTES - ib : 0;
    size_t want = len < left ? len : left;

    CHECK(near_pread(near, fd, got, len, ib) == (ssize_t)want);
    CHECK(memcmp(got, bytes + ib, want) == 0);
}

static void test_anywhere(int fd, size_t size, size_t before)
{
    struct near near;

    CHECK(near_init(&near, size, before) == 0);
    srand(1);
    for (int i = 0; i < 2000; i++)
        check_read(&near, fd, (size_t)rand() % FILE_BYTES,
                   1 + (size_t)rand() % 900);
    check_read(&near, fd, 0, 1);
    check_read(&near, fd, FILE_BYTES - 1, 1);
    check_read(&near, fd, FILE_BYTES - 1, 700);
    near_finish(&near);
}

int main(void)
{
    int fd = file_make();
    struct near near;
    uint8_t byte;

    test_anywhere(fd, 2048, 1024);
    test_anywhere(fd, 512, 64); /* some reads are longer than that */
    test_anywhere(fd, 4 * FILE_BYTES, FILE_BYTES);
    close(fd);
    CHECK(near_init(&near, 512, 0) == 0);
    CHECK(near_pread(&near, fd, &byte, 1, 0) == -EBADF);
    near_finish(&near);
    return check_report();
}
