/*
 * Reads everything in each store given, or in every file of $PSTFS_SAMPLES,
 * and prints what it found: one line a store, and with -v the notes and
 * errors too. -nCOUNT: each store must have so many items and no fault. Exit 77
 * (skipped) when there is nothing to read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/io.h"
#include "pipeline/pst/pst.h"
#include "tests/unit/check.h"

#define TEXT_MAX    (16u << 20)
#define STREAM_STEP 65536
#define EMBED_MAX   10000 /* hostile files can nest without end */
#define SKIPPED     77

struct tally {
    struct pst *pst;
    unsigned long folders, searches, items, embedded, attachments, recipients;
    unsigned long props, errors;
    unsigned long long bytes;
    uint32_t *queue; /* folders whose items are to be read */
    size_t queued;
    uint32_t *nids; /* items of the folder */
    size_t nid_count;
};

static bool verbose, list_only;
static long expected = -1; /* items in each store, and nothing wrong */

static void item_read(struct tally *t, struct pst_item *item);

static void error_add(struct tally *t, const char *what, uint32_t nid,
                      const struct err *err)
{
    t->errors++;
    if (verbose)
        printf("    %s %#x: %s\n", what, nid, err->msg);
}

static void stream_drain(struct tally *t, struct pst_stream *s, uint32_t nid)
{
    static uint8_t data[STREAM_STEP];
    uint64_t off = 0, size = pst_stream_size(s);

    while (off < size) {
        struct err err = {0};
        ssize_t n = pst_stream_read(s, off, data, sizeof(data), &err);
        if (n < 0) {
            error_add(t, "stream of item", nid, &err);
            break;
        }
        CHECK(n > 0);
        if (n == 0)
            break;
        off += (uint64_t)n;
    }
    t->bytes += off;
    pst_stream_free(&s);
}

static void text_check(const struct buf *text)
{
    CHECK(!memchr(buf_str(text), 0, text->len));
    CHECK(charset_is_utf8(buf_str(text), text->len));
}

static void prop_read(struct tally *t, struct pst_props *props, uint16_t id,
                      uint32_t nid)
{
    struct buf text = BUF(TEXT_MAX), raw = BUF(TEXT_MAX);
    struct pst_stream *s = NULL;
    struct err err = {0};
    int64_t size = pst_props_size(props, id);
    int rc = pst_props_text(props, id, &text, &err);

    if (rc == 0)
        text_check(&text);
    else if (rc != -ENOENT && rc != -EFBIG)
        error_add(t, "text of item", nid, &err);
    for (size_t i = 0; i < 1000; i++) {
        buf_clear(&text);
        if (pst_props_text_at(props, id, i, &text, NULL) < 0)
            break;
        text_check(&text);
    }
    if (pst_props_bytes(props, id, &raw, NULL) == 0)
        CHECK_EQ(raw.len, size);
    if (pst_props_stream(props, id, &s, &err) == 0)
        stream_drain(t, s, nid);
    buf_finish(&text);
    buf_finish(&raw);
}

static void props_read(struct tally *t, struct pst_props *props, uint32_t nid)
{
    size_t count = pst_props_count(props);

    CHECK(pst_props_codepage(props) != 0);
    for (size_t i = 0; i < count; i++) {
        uint16_t id, type;
        pst_props_at(props, i, &id, &type);
        t->props++;
        prop_read(t, props, id, nid);
        pst_props_bool(props, id, false);
        pst_props_int64(props, id, pst_props_int(props, id, 0));
        pst_props_double(props, id, 0);
        pst_props_time(props, id);
    }
}

static void attachment_read(struct tally *t, struct pst_item *item, size_t i)
{
    struct pst_attachment *att = NULL;
    struct pst_stream *s = NULL;
    struct pst_item *inner = NULL;
    uint32_t nid = pst_item_nid(item);
    struct err err = {0};
    int rc = pst_attachment_open(item, i, &att, &err);

    if (rc < 0) {
        error_add(t, "attachment of item", nid, &err);
        return;
    }
    t->attachments++;
    props_read(t, pst_attachment_props(att), nid);
    rc = pst_attachment_data(att, &s, &err);
    if (rc == 0)
        stream_drain(t, s, nid);
    else if (rc != -ENOENT)
        error_add(t, "attachment data of item", nid, &err);
    if (pst_props_int(pst_attachment_props(att), PR_ATTACH_METHOD, 0) ==
            ATTACH_EMBEDDED &&
        t->embedded < EMBED_MAX) {
        rc = pst_attachment_item(att, &inner, &err);
        if (rc == 0) {
            t->embedded++;
            item_read(t, inner);
        } else {
            error_add(t, "embedded in item", nid, &err);
        }
        pst_item_free(&inner);
    }
    pst_attachment_free(&att);
}

static void item_read(struct tally *t, struct pst_item *item)
{
    size_t recipients = pst_item_recipients(item);
    size_t attachments = pst_item_attachments(item);

    props_read(t, pst_item_props(item), pst_item_nid(item));
    for (size_t i = 0; i < recipients; i++)
        props_read(t, pst_item_recipient(item, i), pst_item_nid(item));
    t->recipients += recipients;
    for (size_t i = 0; i < attachments; i++)
        attachment_read(t, item, i);
}

static int on_folder(void *ctx, const struct pst_folder *f)
{
    struct tally *t = ctx;

    t->folders++;
    if (verbose)
        printf("  folder %#x in %#x: %s [%s] %lld%s\n", f->nid, f->parent,
               f->name, f->class, (long long)f->items,
               f->is_search ? " search" : "");
    CHECK(charset_is_utf8(f->name, strlen(f->name)));
    if (f->is_search) {
        t->searches++;
        return 0;
    }
    if ((t->queued & (t->queued - 1)) == 0)
        t->queue = realloc(t->queue, (2 * t->queued + 1) * sizeof(*t->queue));
    t->queue[t->queued++] = f->nid;
    return 0;
}

static int on_entry(void *ctx, const struct pst_entry *e)
{
    struct tally *t = ctx;
    char text[TIME_TEXT_MAX];

    if (verbose)
        printf("    %#x [%s] %s | %s | %s | %s %#x %llu\n", e->nid, e->class,
               e->subject, e->from, e->to, time_rfc3339(e->time, text),
               e->flags, (unsigned long long)e->size);
    CHECK(charset_is_utf8(e->subject, strlen(e->subject)));
    if ((t->nid_count & (t->nid_count - 1)) == 0)
        t->nids = realloc(t->nids, (2 * t->nid_count + 1) * sizeof(*t->nids));
    t->nids[t->nid_count++] = e->nid;
    return 0;
}

static int count_entry(void *ctx, const struct pst_entry *e)
{
    return ++*(unsigned long *)ctx >= 3;
}

/* A listing in parts of three gives as many as one in a piece. */
static void check_parts(struct tally *t, uint32_t folder)
{
    unsigned long total = 0, part;
    uint64_t next = 0;

    if (t->nid_count > 1000)
        return;
    do {
        part = 0;
        pst_entries(t->pst, folder, next, count_entry, &part, &next, NULL);
        total += part;
    } while (part == 3);
    CHECK_EQ(total, t->nid_count);
}

static void folder_read(struct tally *t, uint32_t nid)
{
    struct err err = {0};

    t->nid_count = 0;
    if (pst_entries(t->pst, nid, 0, on_entry, t, NULL, &err) < 0)
        error_add(t, "folder", nid, &err);
    if (!list_only)
        check_parts(t, nid);
    for (size_t i = 0; i < t->nid_count; i++) {
        struct pst_item *item = NULL;
        uint32_t parent;
        t->items++;
        if (list_only)
            continue;
        if (pst_node_parent(t->pst, t->nids[i], &parent, &err) < 0)
            error_add(t, "parent of item", t->nids[i], &err);
        if (pst_item_open(t->pst, t->nids[i], &item, &err) < 0)
            error_add(t, "item", t->nids[i], &err);
        else
            item_read(t, item);
        pst_item_free(&item);
    }
}

static uint16_t name_find(struct pst *pst, const struct pst_name *name)
{
    cleanup_buf struct buf text = BUF(1u << 20);

    if (!name->is_text)
        return pst_named_number(pst, name->guid, name->number);
    charset_from_utf16(name->text, name->text_len, &text);
    return pst_named_text(pst, name->guid, buf_str(&text));
}

/* From a number to its name and back: the same, or one of an equal name. */
static void names_check(struct pst *pst)
{
    struct pst_name name, again;
    unsigned bad = 0;

    for (unsigned id = 0x8000; id <= UINT16_MAX; id++) {
        if (!pst_named_get(pst, (uint16_t)id, &name))
            continue;
        uint16_t found = name_find(pst, &name);
        bad += !found || !pst_named_get(pst, found, &again) ||
               memcmp(name.guid, again.guid, sizeof(name.guid)) != 0 ||
               name.is_text != again.is_text || name.number != again.number;
    }
    CHECK(!pst_named_get(pst, 0x1000, &name));
    if (expected >= 0)
        CHECK_EQ(bad, 0);
}

static void tally_print(const struct tally *t, const char *path,
                        uint64_t opened, uint64_t spent)
{
    const struct pst_info *info = pst_info(t->pst);
    const char *base = strrchr(path, '/');

    for (size_t i = 0; verbose && i < pst_note_count(t->pst); i++)
        printf("    note: %s\n", pst_note_text(t->pst, i));
    if (verbose)
        printf("  \"%s\" codepage %u root %#x ipm %#x inbox %#x outbox %#x "
               "deleted %#x sent %#x drafts %#x\n",
               info->display_name, info->codepage, info->root,
               info->ipm_subtree, info->inbox, info->outbox, info->deleted,
               info->sent, info->drafts);
    printf("%-44s %s %s: folders %lu (%lu search) items %lu embedded %lu "
           "attachments %lu recipients %lu props %lu bytes %llu errors %lu "
           "notes %zu; opened in %llu ms, read in %llu ms\n",
           base ? base + 1 : path, info->format_name, info->crypt_name,
           t->folders, t->searches, t->items, t->embedded, t->attachments,
           t->recipients, t->props, t->bytes, t->errors, pst_note_count(t->pst),
           (unsigned long long)opened, (unsigned long long)spent);
    fflush(stdout);
}

static void store_read(const char *path)
{
    struct tally t = {0};
    struct err err = {0};
    uint64_t start = time_mono_ms(), opened;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || pst_open(fd, &t.pst, &err) < 0) {
        printf("%s: %s\n", path, fd < 0 ? strerror(errno) : err.msg);
        CHECK(expected < 0);
        cleanup_close_fd(&fd);
        return;
    }
    opened = time_mono_ms();
    if (pst_folders(t.pst, on_folder, &t, &err) < 0)
        error_add(&t, "folders", 0, &err);
    for (size_t i = 0; i < t.queued; i++)
        folder_read(&t, t.queue[i]);
    names_check(t.pst);
    tally_print(&t, path, opened - start, time_mono_ms() - opened);
    if (expected >= 0) {
        CHECK_EQ(t.items, expected);
        CHECK_EQ(t.errors, 0);
        CHECK_EQ(pst_note_count(t.pst), 0);
    }
    free(t.queue);
    free(t.nids);
    pst_free(&t.pst);
    close(fd);
}

static int directory_read(const char *path)
{
    DIR *dir = path ? opendir(path) : NULL;
    struct dirent *entry;
    int count = 0;

    while (dir && (entry = readdir(dir))) {
        const char *dot = strrchr(entry->d_name, '.');
        cleanup_free char *full = NULL;
        if (!dot || (strcmp(dot, ".pst") != 0 && strcmp(dot, ".ost") != 0))
            continue;
        full = io_join(path, entry->d_name);
        store_read(full);
        count++;
    }
    if (dir)
        closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    int i = 1, count = 0;

    for (; i < argc && argv[i][0] == '-'; i++) {
        verbose |= strcmp(argv[i], "-v") == 0;
        list_only |= strcmp(argv[i], "-l") == 0;
        if (strncmp(argv[i], "-n", 2) == 0)
            expected = strtol(argv[i] + 2, NULL, 10);
    }
    for (; i < argc; i++, count++)
        store_read(argv[i]);
    if (count == 0)
        count = directory_read(getenv("PSTFS_SAMPLES"));
    if (count == 0)
        return SKIPPED;
    CHECK(count > 0);
    return check_report();
}
