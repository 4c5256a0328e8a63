#include "fs/export.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A row's place is the part of an inode number: add at the end only. */
static const struct {
    const char *ext;
    enum reader_format format;
    const char *help;
} formats[] = {
    {"eml", READER_MAIL, "a message, whatever the item is"},
    {"fts", READER_FTS, "the Exchange upload stream: all properties"},
    {"msg", READER_MSG, "Outlook's message file: all properties"},
};

int export_find(const char *name, struct node *node_r)
{
    unsigned long nid;
    char *end;

    *node_r = (struct node){.kind = NODE_EXPORT};
    /* One name for one file: no sign, no zeros in front, small letters. */
    if (strncmp(name, "0x", 2) != 0 || !isxdigit((unsigned char)name[2]) ||
        name[2] == '0' || strpbrk(name + 2, "ABCDEFX"))
        return -ENOENT;
    errno = 0;
    nid = strtoul(name + 2, &end, 16);
    if (errno || nid > UINT32_MAX || *end != '.')
        return -ENOENT;
    if (node_fits(NODE_EXPORT_RECOVERED, (uint32_t)nid))
        node_r->kind = NODE_EXPORT_RECOVERED;
    else if (!node_fits(NODE_EXPORT, (uint32_t)nid))
        return -ENOENT;
    node_r->id = (uint32_t)nid;
    for (; node_r->part < array_len(formats); node_r->part++)
        if (strcmp(end + 1, formats[node_r->part].ext) == 0)
            return 0;
    return -ENOENT;
}

enum reader_format export_format(const struct node *node)
{
    bool export =
        node->kind == NODE_EXPORT || node->kind == NODE_EXPORT_RECOVERED;

    if (export && node->part < array_len(formats))
        return formats[node->part].format;
    return node->kind == NODE_FAILED_ITEM ? READER_MAIL : READER_FILE;
}

void export_help(struct buf *out)
{
    buf_addf(out,
             "  %-17s  any item by its node id (0x2003a4.eml), to be "
             "opened\n                     by name: the listing is "
             "empty\n",
             EXPORT_NAME "/");
    for (size_t i = 0; i < array_len(formats); i++)
        buf_addf(out, "                     .%s  %s\n", formats[i].ext,
                 formats[i].help);
}
