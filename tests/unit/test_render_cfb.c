/* Compound files: a reader of a few lines finds in them what was put in, for
 * every class of size, and any read at any offset equals the whole. With a
 * directory as argument the files are written there for other readers. */
#include "pipeline/render/cfb.h"

#include <stdlib.h>

#include "pipeline/base/buf.h"
#include "pipeline/pst/bytes.h"
#include "pipeline/render/cfb_copy.h"
#include "tests/unit/check.h"

#define STREAMS_MAX 400
#define DEPTH_MAX   40
#define NONE        0xFFFFFFFFu
#define END         0xFFFFFFFEu

/* ---- contents, made on the fly ---- */

struct content {
    char name[CFB_NAME_MAX + 1];
    uint64_t size;
    uint32_t seed;
    struct segment_source source;
};

static uint8_t byte_at(uint32_t seed, uint64_t off)
{
    return (uint8_t)((off * 2654435761u >> 7) + seed + (off >> 20));
}

static unsigned reads;

static ssize_t content_read(void *ctx, uint64_t off, void *buf, size_t len,
                            struct err *err)
{
    const struct content *c = ctx;

    (void)err;
    reads++;
    CHECK(off + len <= c->size);
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = byte_at(c->seed, off + i);
    return (ssize_t)len;
}

static struct content contents[STREAMS_MAX];
static size_t content_count;

/* Every other one lies in memory. */
static void content_add(struct cfb *c, uint32_t parent, uint64_t size,
                        const char *name, struct buf *memory)
{
    struct content *s = &contents[content_count];

    *s = (struct content){.size = size, .seed = (uint32_t)content_count};
    snprintf(s->name, sizeof(s->name), "%s", name);
    s->source = (struct segment_source){content_read, s, size};
    if (content_count++ % 2 || size > 100000) {
        cfb_view(c, parent, cfb_name("%s", name), &s->source);
        return;
    }
    size_t at = memory->len;
    uint8_t *to = buf_grow(memory, (size_t)size);
    CHECK(memory->len <= memory->max);
    for (size_t i = 0; i < size; i++)
        to[i] = byte_at(s->seed, i);
    cfb_stream(c, parent, cfb_name("%s", name), memory->data + at,
               (size_t)size);
}

/* ---- the reader ---- */

struct file {
    struct segments *s;
    uint64_t size;
    size_t sector;
    unsigned version;
    uint32_t *fat, *mini_fat;
    size_t fat_count, mini_fat_count;
    uint8_t *directory;
    size_t entries, found;
    uint8_t *root;
};

static void get(struct file *f, uint64_t off, void *buf, size_t len)
{
    CHECK_EQ(segments_read(f->s, off, buf, len, NULL), len);
}

static uint64_t sector_off(const struct file *f, uint32_t number)
{
    return ((uint64_t)number + 1) * f->sector;
}

/* The sectors of the table, by the header and the chain behind it. */
static void fat_load(struct file *f, const uint8_t *h)
{
    size_t each = f->sector / 4, sectors = get32(h + 44), at = 0;
    uint32_t next = get32(h + 68), *places = calloc(sectors + each, 4);
    unsigned chained = 0;

    for (; at < sectors && at < 109; at++)
        places[at] = get32(h + 76 + 4 * at);
    for (; next < 0xFFFFFFFA; chained++) {
        uint32_t part[1024];
        get(f, sector_off(f, next), part, f->sector);
        for (size_t k = 0; k + 1 < each && at < sectors; k++)
            places[at++] = part[k];
        next = part[each - 1];
    }
    CHECK_EQ(next, END);
    CHECK_EQ(chained, get32(h + 72));
    CHECK_EQ(at, sectors);
    f->fat_count = sectors * each;
    f->fat = calloc(sectors, f->sector);
    for (size_t i = 0; i < sectors; i++) {
        get(f, sector_off(f, places[i]), f->fat + i * each, f->sector);
        CHECK(places[i] < f->fat_count);
    }
    for (size_t i = 0; i < sectors; i++)
        CHECK_EQ(f->fat[places[i]], 0xFFFFFFFD);
    free(places);
}

/* Bytes of a chain; NULL when it is not as long as it should be. */
static uint8_t *chain_load(struct file *f, uint32_t start, size_t *size_r)
{
    size_t count = 0, done = 0;
    uint8_t *bytes;

    for (uint32_t at = start; at < f->fat_count; at = f->fat[at])
        count++;
    bytes = malloc(count * f->sector + 1);
    for (uint32_t at = start; at < f->fat_count; at = f->fat[at], done++)
        get(f, sector_off(f, at), bytes + done * f->sector, f->sector);
    *size_r = count * f->sector;
    return bytes;
}

static void big_check(struct file *f, const struct content *c, uint32_t at)
{
    uint8_t piece[4096];
    uint64_t sectors = (c->size + f->sector - 1) / f->sector;
    uint64_t step = c->size > (64u << 20) ? 4099 : 1;

    for (uint64_t i = 0; i < sectors; i++, at = f->fat[at]) {
        bool last = i + 1 == sectors;
        if (!CHECK(at < f->fat_count))
            return;
        if (i % step && !last)
            continue;
        get(f, sector_off(f, at), piece, f->sector);
        for (size_t k = 0; k < f->sector; k++) {
            uint64_t off = i * f->sector + k;
            uint8_t want = off < c->size ? byte_at(c->seed, off) : 0;
            if (piece[k] != want) {
                CHECK(!"wrong bytes in a stream");
                return;
            }
        }
    }
    CHECK_EQ(at, END);
}

static void mini_check(struct file *f, const struct content *c, uint32_t at,
                       const uint8_t *mini)
{
    for (uint64_t off = 0; off < c->size; at = f->mini_fat[at]) {
        if (!CHECK(at < f->mini_fat_count))
            return;
        for (size_t k = 0; k < 64; k++, off++)
            if (off < c->size && mini[at * 64 + k] != byte_at(c->seed, off)) {
                CHECK(!"wrong bytes in a small stream");
                return;
            }
    }
    CHECK_EQ(at, END);
}

static void stream_check(struct file *f, const uint8_t *e, const uint8_t *mini)
{
    char name[CFB_NAME_MAX + 1] = "";
    uint64_t size = get64(e + 120);

    for (int i = 0; i < get16(e + 64) / 2 - 1; i++)
        name[i] = (char)e[2 * i];
    for (size_t i = 0; i < content_count; i++) {
        const struct content *c = &contents[i];
        if (strcmp(c->name, name) != 0)
            continue;
        f->found++;
        CHECK_EQ(size, c->size);
        if (size >= 4096)
            big_check(f, c, get32(e + 116));
        else
            mini_check(f, c, get32(e + 116), mini);
    }
}

static struct cfb_name name_of(const uint8_t *e)
{
    struct cfb_name name = {.len = get16(e + 64) / 2 - 1};

    for (size_t i = 0; i < name.len; i++)
        name.units[i] = get16(e + 2 * i);
    return name;
}

/* In order, no red below a red, as many black on each way: their number. */
static int tree_check(struct file *f, uint32_t at, bool red,
                      const struct cfb_name **last, const uint8_t *mini)
{
    static struct cfb_name names[DEPTH_MAX * STREAMS_MAX];
    static size_t used;
    const uint8_t *e = f->directory + 128ul * at;
    int left, right;

    if (at == NONE)
        return 1;
    if (!CHECK(at < f->entries))
        return 0;
    CHECK(!red || e[67] == 1);
    left = tree_check(f, get32(e + 68), !e[67], last, mini);
    struct cfb_name *name = &names[used++ % array_len(names)];
    *name = name_of(e);
    if (*last)
        CHECK(cfb_name_compare(*last, name) < 0);
    *last = name;
    if (e[66] == 1) {
        const struct cfb_name *none = NULL;
        tree_check(f, get32(e + 76), true, &none, mini);
    } else {
        CHECK_EQ(e[66], 2);
        stream_check(f, e, mini);
    }
    right = tree_check(f, get32(e + 72), !e[67], last, mini);
    CHECK_EQ(left, right);
    return left + e[67];
}

static void file_check(struct segments *s, unsigned version)
{
    struct file f = {.s = s, .size = segments_size(s), .sector = 512};
    const struct cfb_name *last = NULL;
    size_t bytes = 0;
    uint8_t h[512], *mini;

    get(&f, 0, h, sizeof(h));
    CHECK_EQ(get64(h), 0xE11AB1A1E011CFD0);
    f.version = get16(h + 26);
    CHECK_EQ(f.version, version);
    f.sector = 1u << get16(h + 30);
    CHECK_EQ(f.sector, version == 4 ? 4096 : 512);
    CHECK_EQ(f.size % f.sector, 0);
    fat_load(&f, h);
    CHECK(f.fat_count >= f.size / f.sector - 1);
    f.directory = chain_load(&f, get32(h + 48), &bytes);
    f.entries = bytes / 128;
    CHECK_EQ(get32(h + 40), version == 4 ? bytes / 4096 : 0);
    CHECK_EQ(f.directory[66], 5);
    mini = chain_load(&f, get32(f.directory + 116), &bytes);
    CHECK(bytes >= get64(f.directory + 120));
    f.mini_fat = (uint32_t *)chain_load(&f, get32(h + 60), &bytes);
    f.mini_fat_count = bytes / 4;
    CHECK_EQ(bytes / f.sector, get32(h + 64));
    tree_check(&f, get32(f.directory + 76), true, &last, mini);
    CHECK_EQ(f.found, content_count);
    free(f.fat);
    free(f.mini_fat);
    free(f.directory);
    free(mini);
}

/* ---- cases ---- */

static uint32_t seed = 1;

static uint32_t next_random(void)
{
    return seed = seed * 1664525 + 1013904223;
}

static void random_reads(struct segments *s)
{
    size_t size = (size_t)segments_size(s);
    char *whole = malloc(size), *got = malloc(70000);

    CHECK_EQ(segments_read(s, 0, whole, size, NULL), size);
    for (int i = 0; i < 500; i++) {
        size_t off = next_random() % (size + 10);
        size_t len = next_random() % (i % 2 ? 300 : 70000);
        size_t want = off >= size ? 0 : size - off;
        if (want > len)
            want = len;
        CHECK_EQ(segments_read(s, off, got, len, NULL), want);
        CHECK(memcmp(got, whole + (want ? off : 0), want) == 0);
    }
    free(whole);
    free(got);
}

static const char *out_dir;

static void file_keep(struct segments *s, const char *name)
{
    char path[4096], piece[65536];
    FILE *f;
    ssize_t n;

    if (!out_dir)
        return;
    snprintf(path, sizeof(path), "%s/%s.cfb", out_dir, name);
    f = fopen(path, "wb");
    for (uint64_t off = 0; f && off < segments_size(s); off += (uint64_t)n) {
        n = segments_read(s, off, piece, sizeof(piece), NULL);
        if (!CHECK(n > 0 && fwrite(piece, 1, (size_t)n, f) == (size_t)n))
            break;
    }
    CHECK(f && fclose(f) == 0);
}

static ssize_t segments_source(void *ctx, uint64_t off, void *buf, size_t len,
                               struct err *err)
{
    return segments_read(ctx, off, buf, len, err);
}

/* What is read of a file and put into another is the same. */
static void copy_check(struct segments *s)
{
    const struct segment_source source = {segments_source, s, segments_size(s)};
    struct segments *out = segments_new(false);
    struct cfb_copy *copy = NULL;
    struct cfb *c = cfb_new();
    uint32_t storage = cfb_storage(c, CFB_ROOT, cfb_name("copy"));

    CHECK_EQ(cfb_copy_open(&source, out, &copy), 0);
    cfb_stream(c, CFB_ROOT, cfb_name("another"), "x", 1);
    if (copy)
        cfb_copy_add(copy, c, storage);
    CHECK_EQ(cfb_write(c, out), 0);
    cfb_free(&c);
    file_check(out, segments_size(out) < (1ull << 31) ? 3 : 4);
    segments_free(&out);
}

/* count streams, their sizes in turn, spread over nested storages. */
static void test_file(const char *name, const uint64_t *sizes, size_t count,
                      unsigned depth)
{
    cleanup_buf struct buf memory = BUF(64u << 20);
    struct segments *s = segments_new(false);
    struct cfb *c = cfb_new();
    uint32_t at = CFB_ROOT;

    /* Its bytes must not move. */
    buf_grow(&memory, 16u << 20);
    memory.len = 0;
    content_count = 0;
    reads = 0;
    for (unsigned d = 0; d < depth; d++)
        at = cfb_storage(c, d % 3 ? at : CFB_ROOT, cfb_name("storage %u", d));
    for (size_t i = 0; i < count; i++) {
        char text[32];
        snprintf(text, sizeof(text), "%c%zx", (char)('a' + i % 26), i * i);
        content_add(c, i % 2 ? at : CFB_ROOT, sizes[i], text, &memory);
    }
    CHECK_EQ(cfb_count(c), 1 + depth + count);
    CHECK_EQ(cfb_write(c, s), 0);
    CHECK_EQ(reads, 0); /* a size reads nothing */
    cfb_free(&c);
    file_check(s, segments_size(s) < (1ull << 31) ? 3 : 4);
    copy_check(s);
    if (segments_size(s) < (64u << 20)) {
        random_reads(s);
        file_keep(s, name);
    }
    segments_free(&s);
}

static void test_sizes(void)
{
    static const uint64_t sizes[] = {0,    1,    63,   64,   65,    511,
                                     512,  513,  4095, 4096, 4097,  8192,
                                     9999, 4600, 0,    100,  70001, 4096};
    uint64_t many[STREAMS_MAX];
    char name[32];

    for (size_t n = 0; n <= array_len(sizes); n++) {
        snprintf(name, sizeof(name), "first-%zu", n);
        test_file(name, sizes, n, (unsigned)n % 5);
    }
    for (size_t i = 0; i < array_len(sizes); i++) {
        snprintf(name, sizeof(name), "alone-%zu", i);
        test_file(name, sizes + i, 1, 0);
    }
    for (size_t i = 0; i < STREAMS_MAX; i++)
        many[i] = (i * 37) % 5000;
    test_file("many", many, STREAMS_MAX, 30);
}

/* Around each place where a table of sectors gets one sector more. */
static void test_tables(void)
{
    for (unsigned n = 120; n < 134; n++)
        test_file("fat", (uint64_t[]){n * 512ul}, 1, 0);
    for (unsigned n = 109 * 127 - 8; n < 109 * 127 + 8; n++)
        test_file("difat", (uint64_t[]){n * 512ul, 7}, 2, 1);
    test_file("difat-2", (uint64_t[]){(109ul + 127) * 128 * 512, 9}, 2, 1);
}

static void test_huge(void)
{
    static const uint64_t at = 0x7FFFF000 - 4096; /* of the lock */

    test_file("huge", (uint64_t[]){3ull << 30, 5000, 17}, 3, 2);
    for (int64_t by = -4097; by <= 4097; by += 4097)
        test_file("lock", (uint64_t[]){at + (uint64_t)by, 4096, 20}, 3, 2);
    test_file("past", (uint64_t[]){at, 9000, 5ull << 30}, 3, 2);
}

struct bytes {
    uint8_t *data;
    size_t len;
};

static ssize_t bytes_read(void *ctx, uint64_t off, void *buf, size_t len,
                          struct err *err)
{
    const struct bytes *b = ctx;

    if (off > b->len || len > b->len - off)
        return err_set(err, EIO, "past the end");
    memcpy(buf, b->data + off, len);
    return (ssize_t)len;
}

/* Whatever is wrong in a file: refused, or a copy that can be read. */
static void damaged_open(struct bytes *b)
{
    const struct segment_source source = {bytes_read, b, b->len};
    struct segments *out = segments_new(false);
    struct cfb_copy *copy = NULL;
    struct cfb *c = cfb_new();
    char piece[4096];
    int e = cfb_copy_open(&source, out, &copy);

    CHECK(e == 0 ? copy != NULL : e == -EBADMSG || e == -EFBIG);
    if (copy) {
        cfb_copy_add(copy, c, CFB_ROOT);
        CHECK_EQ(cfb_write(c, out), 0);
        for (uint64_t off = 0; off < segments_size(out); off += sizeof(piece))
            segments_read(out, off, piece, sizeof(piece), NULL);
    }
    cfb_free(&c);
    segments_free(&out);
}

static void test_damage(void)
{
    struct segments *s = segments_new(false);
    struct cfb *c = cfb_new();
    uint32_t at = cfb_storage(c, CFB_ROOT, cfb_name("a"));
    struct bytes whole, b;

    cfb_stream(c, at, cfb_name("small"), "text", 4);
    cfb_stream(c, at, cfb_name("tiny"), "te", 2);
    cfb_stream(c, CFB_ROOT, cfb_name("large"), contents, 9000);
    cfb_stream(c, CFB_ROOT, cfb_name("larger"), contents, 7000);
    CHECK_EQ(cfb_write(c, s), 0);
    whole = (struct bytes){malloc((size_t)segments_size(s)),
                           (size_t)segments_size(s)};
    b.data = malloc(whole.len);
    CHECK_EQ(segments_read(s, 0, whole.data, whole.len, NULL), whole.len);
    for (size_t i = 0; i < whole.len; i += 1 + (i > 700 && i < 17000) * 61) {
        for (int bit = 0; bit < 8; bit += 3) {
            memcpy(b.data, whole.data, whole.len);
            b.len = whole.len;
            b.data[i] ^= (uint8_t)(1 << bit);
            damaged_open(&b);
        }
        b.len = i;
        damaged_open(&b);
    }
    free(whole.data);
    free(b.data);
    cfb_free(&c);
    segments_free(&s);
}

static void test_errors(void)
{
    struct segments *s = segments_new(false);
    struct cfb *c = cfb_new();
    struct cfb_name a = cfb_name("Name"), b = cfb_name("nAME");

    CHECK_EQ(cfb_name_compare(&a, &b), 0);
    b.units[0] = 0xE4;
    a.units[0] = 0xC4;
    CHECK_EQ(cfb_name_compare(&a, &b), 0);
    a = cfb_name("z");
    CHECK(cfb_name_compare(&a, &b) < 0);
    cfb_stream(c, CFB_ROOT, cfb_name("a"), "x", 1);
    cfb_stream(c, CFB_ROOT, cfb_name("A"), "y", 1);
    CHECK_EQ(cfb_write(c, s), -EEXIST);
    cfb_free(&c);
    c = cfb_new();
    for (unsigned i = 0; i < CFB_ENTRIES_MAX + 1; i++)
        cfb_storage(c, CFB_ROOT, cfb_name("%u", i));
    CHECK_EQ(cfb_write(c, s), -EFBIG);
    CHECK_EQ(segments_size(s), 0);
    cfb_free(&c);
    segments_free(&s);
}

int main(int argc, char **argv)
{
    out_dir = argc > 1 ? argv[1] : NULL;
    test_sizes();
    test_tables();
    test_huge();
    test_damage();
    test_errors();
    return check_report();
}
