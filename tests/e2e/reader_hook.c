/*
 * pstfs-reader-test: the reader with a fault built in, for tests; never
 * installed. Linked with --wrap=render_new. Where the subject of an item has
 * the word of one of the variables below in it, the reader does this instead
 * of rendering.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pipeline/base/cleanup.h"
#include "pipeline/pst/pst.h"
#include "pipeline/pst/tags.h"
#include "pipeline/render/render.h"

#define SUBJECT_MAX 4096

int __real_render_new(struct pst *pst, uint32_t nid, enum render_format format,
                      struct render **render_r, struct err *err);
int __wrap_render_new(struct pst *pst, uint32_t nid, enum render_format format,
                      struct render **render_r, struct err *err);

static void crash(void)
{
    abort();
}

static void spin(void)
{
    for (volatile int i = 0;; i++)
        ;
}

static void call_out(void)
{
    socket(AF_INET, SOCK_STREAM, 0);
}

static void open_file(void)
{
    open("/etc/passwd", O_RDONLY);
}

static void start_process(void)
{
    fork();
}

/* More than it may have: an error, not a death. */
static void eat(void)
{
    for (size_t i = 0; i < 4096; i++) {
        char *block = malloc(1 << 20);
        if (!block)
            abort();
        memset(block, 1, 1 << 20);
    }
}

static const struct {
    const char *variable;
    void (*act)(void);
} faults[] = {
    {"PSTFS_TEST_CRASH", crash},           {"PSTFS_TEST_HANG", spin},
    {"PSTFS_TEST_SOCKET", call_out},       {"PSTFS_TEST_FILE", open_file},
    {"PSTFS_TEST_PROCESS", start_process}, {"PSTFS_TEST_EAT", eat},
};

static void subject_act(const char *subject)
{
    for (size_t i = 0; i < array_len(faults); i++) {
        const char *word = getenv(faults[i].variable);
        if (word && *word && strstr(subject, word))
            faults[i].act();
    }
}

int __wrap_render_new(struct pst *pst, uint32_t nid, enum render_format format,
                      struct render **render_r, struct err *err)
{
    cleanup_buf struct buf subject = BUF(SUBJECT_MAX);
    struct pst_item *item;

    if (pst_item_open(pst, nid, &item, NULL) == 0) {
        pst_props_text(pst_item_props(item), PR_SUBJECT, &subject, NULL);
        pst_item_free(&item);
        subject_act(buf_str(&subject));
    }
    return __real_render_new(pst, nid, format, render_r, err);
}
