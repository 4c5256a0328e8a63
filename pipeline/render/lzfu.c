#include "pipeline/render/rtf.h"

#include <stdbool.h>
#include <string.h>

#include "pipeline/pst/crypt.h"
#include "pipeline/render/limits.h"

#define HEADER_SIZE  16
#define MAGIC_LZFU   0x75465A4C
#define MAGIC_MELA   0x414C454D
#define WINDOW       4096
#define PRIMER_SIZE  207
#define COUNTED_FROM 4 /* the size field does not count itself */

/* What the window holds at the start ([MS-OXRTFCP] 2.1.2.1). */
static const char primer[PRIMER_SIZE + 1] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman "
    "\\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial"
    "Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    "\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/* The window holds the last bytes put out; it is copied to out whenever it
 * comes round. */
struct lzfu {
    const uint8_t *at, *end;
    struct buf *out;
    uint8_t window[WINDOW];
    unsigned pos, copied; /* window up to here is in out */
};

static uint32_t u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static void copy_out(struct lzfu *z)
{
    buf_add(z->out, z->window + z->copied, z->pos - z->copied);
    z->copied = z->pos;
}

static inline void put(struct lzfu *z, uint8_t c)
{
    z->window[z->pos++] = c;
    if (z->pos == WINDOW) {
        copy_out(z);
        z->pos = z->copied = 0;
    }
}

/* One reference; false at the end mark. */
static bool copy_back(struct lzfu *z, unsigned ref)
{
    unsigned from = ref >> 4, n = (ref & 15) + 2;

    if (from == z->pos)
        return false;
    while (n--) {
        put(z, z->window[from]);
        from = (from + 1) % WINDOW;
    }
    return true;
}

/* True when the end mark was met. */
static bool inflate_all(struct lzfu *z)
{
    while (z->at < z->end && !z->out->error) {
        unsigned control = *z->at++;
        for (int bit = 0; bit < 8; bit++, control >>= 1) {
            if (z->at + (control & 1) >= z->end)
                return false;
            if (!(control & 1)) {
                put(z, *z->at++);
                continue;
            }
            z->at += 2;
            if (!copy_back(z, (unsigned)z->at[-2] << 8 | z->at[-1]))
                return true;
        }
    }
    return false;
}

static void lzfu_run(const uint8_t *data, size_t len, uint32_t crc,
                     struct buf *out, const char **note_r)
{
    struct lzfu z = {data, data + len, out, {0}, PRIMER_SIZE, PRIMER_SIZE};

    if (crc && crypt_crc(data, len) != crc)
        *note_r = "RTF checksum is wrong";
    memcpy(z.window, primer, PRIMER_SIZE);
    if (!inflate_all(&z) && !*note_r)
        *note_r = "RTF ends early";
    copy_out(&z);
}

int rtf_decompress(const uint8_t *data, size_t len, struct buf *out,
                   const char **note_r, struct err *err)
{
    uint32_t size, magic;

    *note_r = NULL;
    if (len < HEADER_SIZE)
        return err_set(err, EBADMSG, "RTF body of %zu bytes", len);
    size = u32(data);
    magic = u32(data + 8);
    if (size < HEADER_SIZE - COUNTED_FROM || size > len - COUNTED_FROM)
        size = (uint32_t)(len - COUNTED_FROM);
    else
        len = size + COUNTED_FROM;
    if (magic == MAGIC_LZFU)
        lzfu_run(data + HEADER_SIZE, len - HEADER_SIZE, u32(data + 12), out,
                 note_r);
    else if (magic == MAGIC_MELA)
        buf_add(out, data + HEADER_SIZE, len - HEADER_SIZE);
    else
        return err_set(err, EBADMSG, "RTF body is of unknown kind %08x", magic);
    if (out->error)
        return err_set(err, out->error, "RTF body is too big");
    return 0;
}
