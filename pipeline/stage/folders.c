/* The folders of a job's ledger, with their paths taken apart. */
#include <string.h>

#include "pipeline/stage/run.h"

#define NAMES_MAX 1024 /* names of one path */

void run_folders_free(struct run_folders *folders)
{
    for (size_t i = 0; i < folders->n; i++) {
        for (size_t k = 0; k < folders->list[i].n; k++)
            free(folders->list[i].names[k]);
        free(folders->list[i].names);
    }
    free(folders->list);
    *folders = (struct run_folders){0};
}

static int names_split(struct run_folder *folder, const char *path)
{
    folder->names = calloc(NAMES_MAX, sizeof(*folder->names));
    if (!folder->names)
        return -ENOMEM;
    while (*path && folder->n < NAMES_MAX) {
        size_t len = strcspn(path, "\x1f");
        char *name = strndup(path, len);
        if (!name)
            return -ENOMEM;
        folder->names[folder->n++] = name;
        path += len + (path[len] != '\0');
    }
    return 0;
}

static int folder_add(void *ctx, const struct db_folder *from)
{
    struct run_folders *folders = ctx;
    struct run_folder *list = reallocarray(folders->list, folders->n + 1,
                                           sizeof(*folders->list)),
                      *to;
    char **names;
    int rc;

    if (!list)
        return -ENOMEM;
    folders->list = list;
    to = &list[folders->n++];
    *to = (struct run_folder){.nid = from->nid, .listed = from->listed};
    rc = names_split(to, from->path);
    if (rc != 0)
        return rc;
    names = reallocarray(to->names, to->n + 1, sizeof(*names));
    if (names)
        to->names = names;
    return 0;
}

int run_folders_load(struct run *run, struct run_folders *folders_r,
                     struct err *err)
{
    int rc;

    *folders_r = (struct run_folders){0};
    rc = db_ledger_folders(run->db, run->job.id, folder_add, folders_r, err);
    if (rc == 0)
        return 0;
    run_folders_free(folders_r);
    return rc == -ENOMEM ? err_set(err, ENOMEM, "no memory") : rc;
}
