/*
 * The client, given hostile replies and window content. In the place of
 * child.c stands a child that says what the input says:
 *     call; then for each reply: kind, next (2), used (3), count (2), errno,
 *     length of the window's data (2), data
 * What child.c itself would have refused (child_ask's frame) is not made.
 */
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/reader/child.h"
#include "tests/fuzz/fuzz.h"

#define NIDS      5
#define GUARD     65536
#define NOTES_MAX (1u << 20)

static uint8_t *window;
static struct fuzz_in in;
static const uint32_t nids[NIDS] = {0x24, 0x44, 0x64, 0x84, 0xA4};

/* ---- the child ---- */

int child_start(struct child *child, const char *store, struct err *err)
{
    if (!window)
        window = calloc(1, READER_WINDOW + GUARD);
    child->window = window;
    child->pid = 1;
    return window ? 0 : err_set(err, ENOMEM, "no memory");
}

bool child_has_program(const char *name)
{
    return false;
}

bool child_is_worn(const struct child *child)
{
    return false;
}

void child_end(struct child *child)
{
    child->pid = 0;
    child->window = NULL;
}

static void fill_window(void)
{
    size_t len = (size_t)fuzz_number(&in, 2), off = PROTO_DATA_OFF;

    if (len > in.left)
        len = in.left;
    if (len)
        memcpy(window + off, in.p, len);
    in.p += len;
    in.left -= len;
}

int child_ask(struct child *child, struct proto_request *request,
              struct proto_reply *reply_r, uint32_t *board_r, struct err *err)
{
    unsigned kind = (unsigned)fuzz_number(&in, 1);

    *reply_r = (struct proto_reply){.op = request->op};
    if (kind == 0xFF || !in.left) {
        if (board_r)
            *board_r = nids[fuzz_number(&in, 1) % NIDS];
        child_end(child);
        return err_set(err, EIO, "the reader was killed");
    }
    reply_r->next = fuzz_number(&in, 2);
    reply_r->used = (uint32_t)fuzz_number(&in, 3) % (PROTO_DATA_MAX + 1);
    reply_r->count = (uint32_t)fuzz_number(&in, 2);
    reply_r->status = -(int32_t)fuzz_number(&in, 1);
    memset(reply_r->text, 'x', 20);
    fill_window();
    return 0;
}

/* ---- who is told ---- */

static int see_folder(void *ctx, const struct reader_folder *f)
{
    fuzz_must_be_text(f->name, strlen(f->name));
    fuzz_must_be_text(f->class, strlen(f->class));
    return 0;
}

static int see_entry(void *ctx, const struct reader_entry *e)
{
    fuzz_must_be_text(e->class, strlen(e->class));
    fuzz_must_be_text(e->subject, strlen(e->subject));
    fuzz_must_be_text(e->from, strlen(e->from));
    fuzz_must_be_text(e->to, strlen(e->to));
    fuzz_must_be_text(e->ext, strlen(e->ext));
    return 0;
}

static int see_fact(void *ctx, const char *name, const char *value)
{
    fuzz_must_be_text(name, strlen(name));
    fuzz_must_be_text(value, strlen(value));
    return 0;
}

static int see_part(void *ctx, const struct reader_part *part)
{
    unsigned *last = ctx;

    fuzz_must_be_text(part->name, strlen(part->name));
    FUZZ_MUST(part->number > *last && part->number <= READER_PART_MAX);
    *last = part->number;
    return 0;
}

static int see_item(void *ctx, size_t i, const struct reader_meta *meta,
                    const void *data)
{
    const uint8_t *p = data;
    size_t *expected = ctx;

    FUZZ_MUST(i == *expected && i < NIDS);
    ++*expected;
    FUZZ_MUST(meta->error >= 0 && (!meta->error || !data));
    if (p)
        FUZZ_MUST(p >= window && p + meta->size <= window + READER_WINDOW);
    return 0;
}

/* ---- the calls ---- */

static void call_info(struct reader *reader)
{
    struct reader_info info;

    if (reader_info(reader, &info, NULL) != 0)
        return;
    fuzz_must_be_text(info.display_name, strlen(info.display_name));
    fuzz_must_be_text(info.format, strlen(info.format));
    fuzz_must_be_text(info.crypt, strlen(info.crypt));
    FUZZ_MUST(!*info.record_key || strlen(info.record_key) == 32);
}

static void call_notes(struct reader *reader)
{
    cleanup_buf struct buf out = BUF(NOTES_MAX);
    struct reader_check check;

    reader_notes(reader, &out, NULL);
    reader_check(reader, &check, NULL);
    fuzz_must_be_text(buf_str(&out), out.len);
}

static void call_lists(struct reader *reader)
{
    reader_folders(reader, see_folder, NULL, NULL);
    reader_entries(reader, 0x8022, see_entry, NULL, NULL);
}

static void call_bulk(struct reader *reader)
{
    struct reader_meta metas[NIDS] = {0};
    size_t expected = 0;

    reader_metas(reader, READER_MAIL, nids, NIDS, metas, NULL);
    reader_fetch(reader, READER_FILE, nids, NIDS, see_item, &expected, NULL);
}

static void call_parts(struct reader *reader)
{
    unsigned last = 0;
    uint32_t folder;

    reader_parts(reader, 0x24, &folder, see_part, &last, NULL);
    reader_facts(reader, 0x44, see_fact, NULL, NULL);
}

static void call_read(struct reader *reader)
{
    size_t len = (size_t)fuzz_number(&in, 2);
    char *to = malloc(len + 1);

    FUZZ_MUST(to && reader_read(reader, 0x24, READER_MAIL, 5, to, len, NULL) <=
                        (ssize_t)len);
    free(to);
}

static void (*const calls[])(struct reader *) = {
    call_info, call_notes, call_lists, call_bulk, call_read, call_parts,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader *reader = NULL;

    in = (struct fuzz_in){data, size};
    if (reader_new("/nowhere", &reader, NULL) != 0)
        return 0;
    for (int i = 0; i < 4 && in.left; i++)
        calls[fuzz_number(&in, 1) % array_len(calls)](reader);
    reader_free(&reader);
    return 0;
}
