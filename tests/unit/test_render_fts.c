/*
 * The upload stream's writer: the golden vector of targets.md 7.6, made from
 * properties described here, and records that end where they may. What items
 * of real stores become is checked by tests/e2e/test_fts.py, with a decoder
 * of its own.
 */
#include "pipeline/render/fts_stream.h"

#include "pipeline/base/hash.h"
#include "tests/unit/check.h"

#define PREFIX      62
#define RECORD_HEAD 8
#define SOURCE_SIZE 200000

static const uint8_t common_set[16] = {0x08, 0x20, 0x06, 0, 0, 0, 0, 0,
                                       0xC0, 0,    0,    0, 0, 0, 0, 0x46};

static void text(struct fts_stream *f, uint16_t id, const char *ascii)
{
    struct mapi_prop p = {.id = id, .type = PT_STRING};
    uint8_t wide[100] = {0};

    for (; ascii[p.size / 2]; p.size += 2)
        wide[p.size] = (uint8_t)ascii[p.size / 2];
    p.data = wide;
    fts_property(f, id, &p);
}

static void value(struct fts_stream *f, uint16_t id, uint16_t type,
                  const void *data, size_t len)
{
    fts_property(
        f, id,
        &(struct mapi_prop){.id = id, .type = type, .size = len, .data = data});
}

static void golden_write(struct fts_stream *f)
{
    struct pst_name private = {.number = 0x8506};

    memcpy(private.guid, common_set, sizeof(common_set));
    text(f, PR_MESSAGE_CLASS, "IPM.Note");
    text(f, PR_SUBJECT, "Hi");
    fts_number(f, PR_MESSAGE_FLAGS, 1);
    value(f, PR_DELIVERY_TIME, PT_TIME, "\0\0\x3f\x8b\x5e\x7c\xda\x01", 8);
    fts_property(f, 0x8000,
                 &(struct mapi_prop){.id = 0x9123,
                                     .type = PT_BOOL,
                                     .name = &private,
                                     .size = 2,
                                     .data = (const uint8_t *)"\1\0"});
    fts_marker(f, FTS_START_RECIP);
    fts_number(f, 0x3000, 0);
    fts_number(f, PR_RECIPIENT_TYPE, 1);
    text(f, PR_ADDRTYPE, "SMTP");
    text(f, PR_EMAIL_ADDRESS, "a@b.c");
    text(f, PR_DISPLAY_NAME, "A");
    fts_marker(f, FTS_END_RECIP);
    fts_marker(f, FTS_NEW_ATTACH);
    fts_number(f, PR_ATTACH_NUM, 0);
    fts_number(f, PR_ATTACH_METHOD, ATTACH_BY_VALUE);
    text(f, PR_ATTACH_LONG_FILENAME, "x.txt");
    value(f, PR_ATTACH_DATA, PT_BINARY, "hey", 3);
    fts_marker(f, FTS_END_ATTACH);
}

static void test_golden(void)
{
    struct segments *out = segments_new(false);
    struct fts_stream *f = fts_stream_new(out);
    char whole[1000], hex[HASH_TEXT_MAX];
    uint8_t digest[HASH_SIZE];
    ssize_t n;

    golden_write(f);
    fts_stream_finish(&f);
    CHECK_EQ(segments_error(out), 0);
    n = segments_read(out, 0, whole, sizeof(whole), NULL);
    CHECK_EQ(n, 286);
    CHECK_EQ(segments_size(out), 286);
    CHECK(memcmp(whole + PREFIX, "\x02\0\0\0\xd8\0\0\0", 8) == 0);
    hash_once(whole, (size_t)n, digest);
    CHECK_STR(
        hash_text(digest, hex),
        "336f20000d2505f8394da5a9df5e1d8384675f66acbbe8322950f7015d3e423b");
    segments_free(&out);
}

/* ---- records ---- */

static uint8_t bytes[SOURCE_SIZE];
static unsigned reads;

static ssize_t source_read(void *ctx, uint64_t off, void *buf, size_t len,
                           struct err *err)
{
    reads++;
    memcpy(buf, bytes + off, len);
    return (ssize_t)len;
}

static uint32_t get(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
           (uint32_t)at[3] << 24;
}

/* The stream without its envelope; 0 when that is not as it should be. */
static size_t unwrap(const uint8_t *whole, size_t size, uint8_t *stream)
{
    size_t at = PREFIX, n = 0;

    while (at < size) {
        uint32_t len = get(whole + at + 4);
        if (get(whole + at) != 2 || !len || len > FTS_BUFFER)
            return 0;
        memcpy(stream + n, whole + at + RECORD_HEAD, len);
        n += len;
        at += RECORD_HEAD + len;
    }
    return at == size ? n : 0;
}

/* An attachment of `size` bytes after `before` bytes of the record. */
static void test_source(size_t before, size_t size)
{
    static uint8_t whole[2 * SOURCE_SIZE], stream[2 * SOURCE_SIZE], piece[999];
    struct segments *out = segments_new(false);
    struct fts_stream *f = fts_stream_new(out);
    struct mapi_prop p = {
        .type = PT_BINARY, .size = size, .source = {source_read, NULL, size}};
    size_t n, head = before + 16;

    reads = 0;
    value(f, 0x1009, PT_BINARY, bytes, before);
    fts_property(f, PR_ATTACH_DATA, &p);
    fts_marker(f, FTS_END_ATTACH);
    fts_stream_finish(&f);
    CHECK_EQ(segments_error(out), 0);
    CHECK_EQ(reads, 0); /* a size reads nothing */
    n = (size_t)segments_read(out, 0, whole, sizeof(whole), NULL);
    CHECK_EQ(n, segments_size(out));
    CHECK_EQ(unwrap(whole, n, stream), head + size + 4);
    CHECK_EQ(get(stream + head - 4), size);
    CHECK(memcmp(stream + head, bytes, size) == 0);
    CHECK_EQ(get(stream + head + size), FTS_END_ATTACH);
    for (size_t off = 0; off < n; off += 997) {
        ssize_t got = segments_read(out, off, piece, sizeof(piece), NULL);
        CHECK(got > 0 && memcmp(piece, whole + off, (size_t)got) == 0);
    }
    segments_free(&out);
}

/* Atoms that do not fit begin a new record, which is the only way that one
 * is not full. */
static void test_atoms(void)
{
    static uint8_t whole[2 * FTS_BUFFER];

    for (size_t before = FTS_BUFFER - 40; before < FTS_BUFFER; before++) {
        struct segments *out = segments_new(false);
        struct fts_stream *f = fts_stream_new(out);
        value(f, 0x1009, PT_BINARY, bytes, before - 8);
        value(f, PR_CREATION_TIME, PT_TIME, "\1\2\3\4\5\6\7\x8", 8);
        fts_marker(f, FTS_START_EMBED);
        fts_stream_finish(&f);
        segments_read(out, 0, whole, sizeof(whole), NULL);
        size_t first = get(whole + PREFIX + 4);
        /* a tag of 4, a value of 8, a marker of 4 */
        size_t room = FTS_BUFFER - before;
        size_t want = room < 4 ? 0 : room < 12 ? 4 : room < 16 ? 12 : 16;
        CHECK_EQ(first, before + want);
        segments_free(&out);
    }
}

/* What the stream cannot say is left out; an empty text is a NUL. */
static void test_empty(void)
{
    struct segments *out = segments_new(false);
    struct fts_stream *f = fts_stream_new(out);
    uint8_t whole[200];

    value(f, PR_RTF_COMPRESSED, PT_BINARY, "", 0);
    value(f, 0x8055, PT_MV_BINARY, NULL, 0);
    text(f, PR_SUBJECT, "");
    fts_stream_finish(&f);
    CHECK_EQ(segments_read(out, 0, whole, sizeof(whole), NULL), PREFIX + 18);
    CHECK(memcmp(whole + PREFIX, "\2\0\0\0\x0a\0\0\0\xb0\x84\x37\0\2\0\0\0\0\0",
                 18) == 0);
    segments_free(&out);
}

int main(void)
{
    static const size_t befores[] = {1, 31663, 31664, 31665, 31679, 31680};
    static const size_t sizes[] = {1,     31663, 31664, 31665,
                                   31680, 63344, 63345, 200000};

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    test_golden();
    test_atoms();
    test_empty();
    for (size_t b = 0; b < array_len(befores); b++)
        for (size_t s = 0; s < array_len(sizes); s++)
            test_source(befores[b], sizes[s]);
    return check_report();
}
