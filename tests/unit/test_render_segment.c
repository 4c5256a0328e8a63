/* Segments: any read at any offset equals the whole, both line ends. */
#include "pipeline/render/segment.h"

#include "pipeline/render/encode.h"
#include "tests/unit/check.h"

#define SOURCE_MAX 100000

static uint8_t bytes[SOURCE_MAX];
static uint64_t broken_at = UINT64_MAX; /* reads over this byte fail */
static unsigned reads;

static ssize_t source_read(void *ctx, uint64_t off, void *buf, size_t len,
                           struct err *err)
{
    const struct segment_source *s = ctx;

    reads++;
    if (off <= broken_at && broken_at < off + len)
        return err_set(err, EIO, "broken");
    if (len > s->size - off)
        len = (size_t)(s->size - off);
    memcpy(buf, bytes + off, len);
    return (ssize_t)len;
}

static uint32_t seed = 1;

static uint32_t next_random(void)
{
    return seed = seed * 1664525 + 1013904223;
}

/* What a view must read as, made in another way. */
static void expect_view(struct buf *out, size_t size, bool crlf, bool fold)
{
    size_t width = fold ? SEGMENT_FOLD_BYTES : SEGMENT_LINE_BYTES;

    for (size_t i = 0; i < size; i += width) {
        char line[80];
        size_t n = size - i < width ? size - i : width;
        encode_base64_raw(bytes + i, n, line);
        buf_adds(out, fold ? " " : "");
        buf_add(out, line, (n + 2) / 3 * 4);
        buf_adds(out, crlf ? "\r\n" : "\n");
    }
}

static void check_reads(struct segments *s, const struct buf *whole)
{
    static char got[SOURCE_MAX * 4];
    ssize_t n = segments_read(s, 0, got, sizeof(got), NULL);

    CHECK_EQ(n, whole->len);
    CHECK(n >= 0 && memcmp(got, whole->data, whole->len) == 0);
    for (int i = 0; i < 2000; i++) {
        size_t off = next_random() % (whole->len + 10);
        size_t len = next_random() % (i % 2 ? 300 : 40000);
        size_t want = off >= whole->len ? 0 : whole->len - off;
        if (want > len)
            want = len;
        n = segments_read(s, off, got, len, NULL);
        if (n != (ssize_t)want || memcmp(got, whole->data + off, want) != 0) {
            CHECK(!"a read differs from the whole");
            return;
        }
    }
}

static void test_mix(bool crlf, size_t size)
{
    cleanup_buf struct buf whole = BUF(1u << 24);
    struct segments *s = segments_new(crlf);
    struct segment_source source = {source_read, &source, size};

    CHECK(s != NULL);
    reads = 0;
    segments_str(s, "head\n\nbody");
    segments_str(s, " more\n");
    segments_view(s, &source, SEGMENT_MIME);
    segments_str(s, "between\n");
    segments_view(s, &source, SEGMENT_FOLD);
    segments_view(s, &source, SEGMENT_RAW);
    segments_str(s, "end");
    CHECK_EQ(segments_error(s), 0);
    CHECK_EQ(reads, 0); /* a size reads nothing */
    buf_adds(&whole,
             crlf ? "head\r\n\r\nbody more\r\n" : "head\n\nbody more\n");
    expect_view(&whole, size, crlf, false);
    buf_adds(&whole, crlf ? "between\r\n" : "between\n");
    expect_view(&whole, size, crlf, true);
    buf_add(&whole, bytes, size);
    buf_adds(&whole, "end");
    CHECK_EQ(segments_size(s), whole.len);
    check_reads(s, &whole);
    segments_free(&s);
    CHECK(s == NULL);
}

/* Damage in the middle: EIO there, and only there. */
static void test_broken(void)
{
    struct segments *s = segments_new(false);
    struct segment_source source = {source_read, &source, 50000};
    char got[200];

    segments_view(s, &source, SEGMENT_MIME);
    broken_at = 25000;
    CHECK_EQ(segments_read(s, 0, got, sizeof(got), NULL), sizeof(got));
    CHECK_EQ(segments_read(s, 25000 / 57 * 77, got, 10, NULL), -EIO);
    CHECK_EQ(segments_read(s, 25000 / 57 * 77 - 77, got, 77, NULL), 77);
    CHECK_EQ(segments_read(s, (25000 / 57 + 1) * 77, got, 200, NULL), 200);
    broken_at = UINT64_MAX;
    segments_free(&s);
}

/* A source that ends early is damage, not silence. */
static void test_short(void)
{
    struct segments *s = segments_new(false);
    struct segment_source less = {source_read, &less, 100}, more = less;
    char got[200];

    more.size = 114;
    segments_view(s, &more, SEGMENT_MIME);
    CHECK_EQ(segments_size(s), 2 * 77);
    CHECK_EQ(segments_read(s, 77, got, 77, NULL), -EIO);
    segments_free(&s);
}

static int released;

static void release(void *object)
{
    CHECK_EQ(*(int *)object, --released);
}

static void test_holds(void)
{
    struct segments *s = segments_new(false);
    int number[20];

    for (int i = 0; i < 20; i++) {
        number[i] = i;
        CHECK_EQ(segments_hold(s, &number[i], release), 0);
    }
    released = 20;
    segments_free(&s);
    CHECK_EQ(released, 0);
}

static void test_encodings(void)
{
    cleanup_buf struct buf out = BUF(1u << 20);
    char line[1200];

    CHECK_EQ(encode_choice("abc\n", 4), ENCODING_7BIT);
    CHECK_EQ(encode_choice("\xC3\xBC\n", 3), ENCODING_8BIT);
    CHECK_EQ(encode_choice("a\0b", 3), ENCODING_BASE64);
    CHECK_EQ(encode_choice("some text\r\n", 11), ENCODING_QP);
    CHECK_EQ(encode_choice("a\n--=_pstfs_1\n", 14), ENCODING_QP);
    memset(line, 'x', sizeof(line));
    CHECK_EQ(encode_choice(line, 998), ENCODING_7BIT);
    CHECK_EQ(encode_choice(line, 999), ENCODING_QP);
    encode_add(&out, ENCODING_QP, "a=\xC3 \nb\t", 7);
    CHECK_STR(buf_str(&out), "a=3D=C3=20\nb=09");
    buf_clear(&out);
    encode_add(&out, ENCODING_QP, line, 100);
    CHECK_EQ(out.len, 102);
    CHECK(memcmp(out.data + 75, "=\n", 2) == 0);
    buf_clear(&out);
    buf_adds(&out, "a\r\nb\rc\n\r\r\n");
    encode_lf(&out, 0);
    CHECK_STR(buf_str(&out), "a\nb\nc\n\n\n");
}

int main(void)
{
    static const size_t sizes[] = {1,   2,    3,     53,    54,   55,
                                   56,  57,   58,    108,   113,  114,
                                   115, 1000, 29184, 29185, 70001};

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(next_random() >> 24);
    for (size_t i = 0; i < array_len(sizes); i++) {
        test_mix(false, sizes[i]);
        test_mix(true, sizes[i]);
    }
    test_broken();
    test_short();
    test_holds();
    test_encodings();
    return check_report();
}
