/*
 * What the recurrence test needs of a store, as it is stored: for each event,
 * request or task with a recurrence blob a line of JSON with the blobs in hex.
 * Only pipeline/pst is used: nothing here knows what is in them.
 *
 * usage: calendar-raw STORE
 */
#include <fcntl.h>
#include <stdio.h>

#include "pipeline/base/clock.h"
#include "pipeline/pst/pst.h"

#define BLOB_MAX (1u << 20)

static const uint8_t appointment[16] = {0x02, 0x20, 6, 0, 0, 0, 0, 0,
                                        0xC0, 0,    0, 0, 0, 0, 0, 0x46};
static const uint8_t task[16] = {0x03, 0x20, 6, 0, 0, 0, 0, 0,
                                 0xC0, 0,    0, 0, 0, 0, 0, 0x46};

static const struct {
    const uint8_t *set;
    uint16_t number;
    const char *name;
} fields[] = {
    {appointment, 0x8216, "recur"},      {appointment, 0x8233, "zone_struct"},
    {appointment, 0x825E, "zone_start"}, {appointment, 0x8260, "zone_recur"},
    {appointment, 0x820D, "start"},      {appointment, 0x820E, "end"},
    {appointment, 0x8215, "all_day"},    {task, 0x8116, "task_recur"},
    {task, 0x8104, "task_start"},        {task, 0x8105, "task_due"},
};

static struct pst *pst;

static void put_field(struct pst_props *p, size_t i)
{
    uint16_t id = pst_named_number(pst, fields[i].set, fields[i].number);
    cleanup_buf struct buf bytes = BUF(BLOB_MAX);
    unsigned type = id ? pst_props_type(p, id) : 0;

    if (type == PT_BINARY && pst_props_bytes(p, id, &bytes, NULL) == 0) {
        printf(",\"%s\":\"", fields[i].name);
        for (size_t k = 0; k < bytes.len; k++)
            printf("%02x", (uint8_t)bytes.data[k]);
        printf("\"");
    } else if (type == PT_TIME) {
        printf(",\"%s\":%lld", fields[i].name,
               (long long)time_from_filetime(pst_props_time(p, id), NULL));
    } else if (type == PT_BOOL) {
        printf(",\"%s\":%s", fields[i].name,
               pst_props_bool(p, id, false) ? "true" : "false");
    }
}

static int put_item(void *ctx, const struct pst_entry *entry)
{
    struct pst_item *item = NULL;
    struct pst_props *p;

    if (pst_item_open(pst, entry->nid, &item, NULL) < 0)
        return 0;
    p = pst_item_props(item);
    for (size_t i = 0; i < array_len(fields); i++) {
        uint16_t id = pst_named_number(pst, fields[i].set, fields[i].number);
        if (fields[i].number != 0x8216 && fields[i].number != 0x8116)
            continue;
        if (!id || pst_props_type(p, id) != PT_BINARY)
            continue;
        printf("{\"nid\":%u", entry->nid);
        for (size_t k = 0; k < array_len(fields); k++)
            put_field(p, k);
        printf("}\n");
    }
    pst_item_free(&item);
    return 0;
}

static int put_folder(void *ctx, const struct pst_folder *folder)
{
    if (!folder->is_search)
        pst_entries(pst, folder->nid, 0, put_item, NULL, NULL, NULL);
    return 0;
}

int main(int argc, char **argv)
{
    cleanup_fd int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    struct err err = {0};

    if (fd < 0 || pst_open(fd, &pst, &err) < 0) {
        fprintf(stderr, "calendar-raw: %s\n", err.msg);
        return 1;
    }
    pst_folders(pst, put_folder, NULL, NULL);
    pst_free(&pst);
    return 0;
}
