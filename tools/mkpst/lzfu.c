#include "tools/mkpst/lzfu.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/pst/crypt.h"
#include "tools/mkpst/bytes.h"

#define WINDOW     4096
#define MATCH_MIN  3
#define MATCH_MAX  17
#define HEADER     16
#define MAGIC_LZFU 0x75465A4C
#define MAGIC_MELA 0x414C454D
#define CHAIN_MAX  32
#define HASH_BITS  12

static const char preset[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman "
    "\\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New "
    "RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0"
    "\\fs20\\b\\i\\u\\tab\\tx";
#define PRESET (sizeof(preset) - 1)

/* Positions count from the start of the preset text, so the place in the
 * reader's ring is the position modulo its size. */
struct packer {
    uint8_t *text; /* preset and RTF */
    size_t len;
    int32_t head[1 << HASH_BITS]; /* last place of a hash, -1 = none */
    int32_t *before;              /* the one before it */
};

static unsigned hash_at(const uint8_t *p)
{
    return ((unsigned)p[0] * 2654435761u ^ (unsigned)p[1] * 40503u ^
            (unsigned)p[2] * 2246822519u) >>
               7 &
           ((1 << HASH_BITS) - 1);
}

static void remember(struct packer *p, size_t at)
{
    unsigned h;

    if (at + MATCH_MIN > p->len)
        return;
    h = hash_at(p->text + at);
    p->before[at] = p->head[h];
    p->head[h] = (int32_t)at;
}

/* Longest earlier occurrence of what stands at `at`, inside the ring. */
static size_t find_match(const struct packer *p, size_t at, size_t *from_r)
{
    size_t best = 0, most = p->len - at < MATCH_MAX ? p->len - at : MATCH_MAX;
    int32_t from;

    if (most < MATCH_MIN)
        return 0;
    from = p->head[hash_at(p->text + at)];
    for (int i = 0; from >= 0 && i < CHAIN_MAX; i++) {
        size_t n = 0;
        if (at - (size_t)from >= WINDOW - MATCH_MAX)
            break;
        while (n < most && p->text[(size_t)from + n] == p->text[at + n])
            n++;
        if (n > best) {
            best = n;
            *from_r = (size_t)from;
        }
        from = p->before[from];
    }
    return best >= MATCH_MIN ? best : 0;
}

static void add_reference(struct buf *out, size_t place, size_t len)
{
    unsigned v = (unsigned)(place % WINDOW) << 4 | (unsigned)(len - 2);

    buf_addc(out, (char)(v >> 8)); /* big-endian, alone in the format */
    buf_addc(out, (char)v);
}

/* Up to eight tokens and the byte in front that tells them apart. */
static bool add_run(struct packer *p, size_t *at, struct buf *out)
{
    size_t control = out->len, from = 0;

    buf_addc(out, 0);
    for (int bit = 0; bit < 8; bit++) {
        size_t n = *at < p->len ? find_match(p, *at, &from) : 0;
        if (*at == p->len || n)
            out->data[control] |= (char)(1 << bit);
        if (*at == p->len) {
            add_reference(out, *at, 2);
            return false;
        }
        if (n)
            add_reference(out, from, n);
        else
            buf_addc(out, (char)p->text[*at]);
        for (n = n ? n : 1; n; n--)
            remember(p, (*at)++);
    }
    return true;
}

static void add_header(struct buf *out, size_t packed, size_t raw,
                       uint32_t magic)
{
    add32(out, (uint32_t)packed + HEADER - 4);
    add32(out, (uint32_t)raw);
    add32(out, magic);
    add32(out, 0);
}

void lzfu_compress(const void *rtf, size_t len, struct buf *out)
{
    struct packer *p = mem_new(sizeof(*p));
    size_t start = out->len, at = PRESET;

    p->len = PRESET + len;
    p->text = mem_new(p->len);
    p->before = mem_new(p->len * sizeof(*p->before));
    memset(p->head, 0xFF, sizeof(p->head));
    memcpy(p->text, preset, PRESET);
    memcpy(p->text + PRESET, rtf, len);
    for (size_t i = 0; i < PRESET; i++)
        remember(p, i);
    add_header(out, 0, len, MAGIC_LZFU);
    while (add_run(p, &at, out))
        ;
    mem_check(out);
    put32(out->data + start, (uint32_t)(out->len - start - 4));
    put32(out->data + start + 12,
          crypt_crc(out->data + start + HEADER, out->len - start - HEADER));
    free(p->text);
    free(p->before);
    free(p);
}

void lzfu_store(const void *rtf, size_t len, struct buf *out)
{
    add_header(out, len, len, MAGIC_MELA);
    buf_add(out, rtf, len);
    mem_check(out);
}
