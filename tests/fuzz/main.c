/* Runs a fuzz target on files: those given, and all in directories given. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/base/io.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (16u << 20)

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    return 0;
}

static int run_file(const char *path)
{
    cleanup_buf struct buf b = BUF(INPUT_MAX);
    struct fuzz_in in;
    uint8_t *copy;
    size_t len;

    if (io_slurp(path, &b, NULL) != 0)
        return -1;
    in = (struct fuzz_in){(const uint8_t *)buf_str(&b), b.len};
    copy = fuzz_bytes(&in, b.len, &len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
    return 1;
}

/* Inputs run, -1 when one cannot be read. prefix: of their names. */
static int run_dir(const char *path, const char *prefix)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    int n = 0, one = 0;

    while (dir && one >= 0 && (e = readdir(dir)) != NULL) {
        cleanup_free char *file = io_join(path, e->d_name);
        struct stat st;
        if (strncmp(e->d_name, prefix, strlen(prefix)) != 0 || !file ||
            stat(file, &st) != 0 || !S_ISREG(st.st_mode))
            continue;
        one = run_file(file);
        n += one;
    }
    if (!dir || one < 0)
        n = -1;
    if (dir)
        closedir(dir);
    return n;
}

/* "DIR" or "DIR:PREFIX" or a file. */
static int run_any(const char *arg)
{
    cleanup_free char *path = strdup(arg);
    char *colon = path ? strrchr(path, ':') : NULL;
    struct stat st;

    if (colon)
        *colon = '\0';
    if (!path || stat(path, &st) != 0)
        return -1;
    if (S_ISDIR(st.st_mode))
        return run_dir(path, colon ? colon + 1 : "");
    return run_file(path);
}

int main(int argc, char **argv)
{
    int runs = 0;

    LLVMFuzzerInitialize(&argc, &argv);
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        int n = run_any(argv[i]);
        if (n < 0) {
            fprintf(stderr, "cannot read %s\n", argv[i]);
            return 2;
        }
        runs += n;
    }
    printf("%d inputs\n", runs);
    return 0;
}
