/*
 * Renders all items of a store to nowhere, or makes only their sizes, in one
 * thread, and prints what that took: "items N bytes N defects N cpu SECONDS
 * peak_kb N". For tests/bench/render.
 *
 *     render_all size|read STORE
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pipeline/base/cleanup.h"
#include "pipeline/base/err.h"
#include "pipeline/render/render.h"

#define STEP (128u << 10)

struct list {
    uint32_t *nids;
    size_t count, room;
};

struct run {
    struct pst *pst;
    struct list folders, items;
    bool read;
    uint64_t done, bytes, defects, failed;
};

static void list_put(struct list *l, uint32_t nid)
{
    if (l->count == l->room) {
        l->room = l->room ? 2 * l->room : 4096;
        l->nids = realloc(l->nids, l->room * sizeof(*l->nids));
        if (!l->nids)
            abort();
    }
    l->nids[l->count++] = nid;
}

static int folder_seen(void *ctx, const struct pst_folder *folder)
{
    struct run *run = ctx;

    if (!folder->is_search)
        list_put(&run->folders, folder->nid);
    return 0;
}

static int entry_seen(void *ctx, const struct pst_entry *entry)
{
    struct run *run = ctx;

    list_put(&run->items, entry->nid);
    return 0;
}

static void item_read(struct run *run, struct render *render)
{
    static char data[STEP];
    uint64_t off = 0;
    ssize_t n;

    while ((n = render_read(render, off, data, sizeof(data), NULL)) > 0)
        off += (uint64_t)n;
    run->failed += n < 0 || off != render_meta(render)->size;
}

static void item_run(struct run *run, uint32_t nid)
{
    struct render *render = NULL;

    if (render_new(run->pst, nid, RENDER_FILE, &render, NULL) < 0) {
        run->failed++;
        return;
    }
    run->bytes += render_meta(render)->size;
    run->defects += render_meta(render)->defects;
    if (run->read)
        item_read(run, render);
    render_free(&render);
}

static void store_run(struct run *run)
{
    pst_folders(run->pst, folder_seen, run, NULL);
    for (size_t i = 0; i < run->folders.count; i++) {
        run->items.count = 0;
        pst_entries(run->pst, run->folders.nids[i], 0, entry_seen, run, NULL,
                    NULL);
        for (size_t k = 0; k < run->items.count; k++)
            item_run(run, run->items.nids[k]);
        run->done += run->items.count;
    }
}

static double seconds(struct timeval a, struct timeval b)
{
    return (double)(a.tv_sec + b.tv_sec) +
           (double)(a.tv_usec + b.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    struct run run = {.read = argc == 3 && !strcmp(argv[1], "read")};
    struct err err = {0};
    struct rusage use;
    cleanup_fd int fd = argc == 3 ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0 || pst_open(fd, &run.pst, &err) < 0) {
        fprintf(stderr, "usage: render_all size|read STORE %s\n", err.msg);
        return 2;
    }
    store_run(&run);
    pst_free(&run.pst);
    getrusage(RUSAGE_SELF, &use);
    printf(
        "items %llu bytes %llu defects %llu failed %llu cpu %.2f peak_kb %ld\n",
        (unsigned long long)run.done, (unsigned long long)run.bytes,
        (unsigned long long)run.defects, (unsigned long long)run.failed,
        seconds(use.ru_utime, use.ru_stime), use.ru_maxrss);
    free(run.folders.nids);
    free(run.items.nids);
    return run.failed != 0;
}
