#include "pipeline/base/charset.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/udata.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#define REPLACEMENT     0xFFFD
#define FALLBACK_PAGE   1252
#define PIVOT_UNITS     1024
#define LANGUAGE_MASK   0x3FF
#define CONVERTER_SLOTS 8

struct codepage {
    unsigned number;
    const char *icu;
    const char *mime;
};

/* Pages whose names do not follow from the number (anchors.md D3). */
static const struct codepage codepages[] = {
    {708, "ISO-8859-6", "iso-8859-6"},
    {720, "ibm-720", "ibm-720"},
    {874, "windows-874", "windows-874"},
    {932, "ibm-943_P15A-2003", "shift_jis"},
    {936, "GBK", "gb2312"},
    {949, "windows-949", "ks_c_5601-1987"},
    {950, "windows-950", "big5"},
    {1200, "UTF-16LE", "utf-16le"},
    {1201, "UTF-16BE", "utf-16be"},
    {709, "ISO-8859-6", "iso-8859-6"},
    {12000, "UTF-32LE", "utf-32le"},
    {12001, "UTF-32BE", "utf-32be"},
    {20000, "EUC-TW", "euc-tw"},
    {20105, "US-ASCII", "us-ascii"},
    {29001, "ibm-858", "ibm00858"},
    {50229, "ISO-2022-CN", "iso-2022-cn"},
    {10000, "macintosh", "macintosh"},
    {10001, "ibm-943_P15A-2003", "shift_jis"},
    {10006, "x-mac-greek", "x-mac-greek"},
    {10007, "x-mac-cyrillic", "x-mac-cyrillic"},
    {10002, "windows-950", "big5"},
    {10003, "windows-949", "ks_c_5601-1987"},
    {10008, "GBK", "gb2312"},
    {10017, "x-mac-ukraine", "x-mac-ukrainian"},
    {10079, "macintosh", "macintosh"}, /* Icelandic: but for 6 letters */
    {10029, "x-mac-centraleurroman", "x-mac-ce"},
    {10081, "x-mac-turkish", "x-mac-turkish"},
    {20127, "US-ASCII", "us-ascii"},
    {20866, "KOI8-R", "koi8-r"},
    {20932, "EUC-JP", "euc-jp"},
    {20936, "GB2312", "gb2312"},
    {20949, "windows-949", "ks_c_5601-1987"},
    {21866, "KOI8-U", "koi8-u"},
    {28591, "ISO-8859-1", "iso-8859-1"},
    {38598, "ISO-8859-8-I", "iso-8859-8-i"},
    {50220, "ISO-2022-JP", "iso-2022-jp"},
    {50221, "ISO-2022-JP", "iso-2022-jp"},
    {50222, "ISO-2022-JP", "iso-2022-jp"},
    {50225, "ISO-2022-KR", "iso-2022-kr"},
    {50227, "ISO-2022-CN", "iso-2022-cn"},
    {51932, "EUC-JP", "euc-jp"},
    {51936, "EUC-CN", "gb2312"},
    {51949, "EUC-KR", "euc-kr"},
    {51950, "EUC-TW", "euc-tw"},
    {52936, "HZ-GB-2312", "hz-gb-2312"},
    {54936, "GB18030", "gb18030"},
    {65000, "UTF-7", "utf-7"},
    {65001, "UTF-8", "utf-8"},
};

/* Number ranges whose names are built: windows-N, iso-8859-N, ibm-N. */
static const struct codepage ranges[] = {
    {1250, "windows-1250", "windows-1250"},
    {1251, "windows-1251", "windows-1251"},
    {1252, "windows-1252", "windows-1252"},
    {1253, "windows-1253", "windows-1253"},
    {1254, "windows-1254", "windows-1254"},
    {1255, "windows-1255", "windows-1255"},
    {1256, "windows-1256", "windows-1256"},
    {1257, "windows-1257", "windows-1257"},
    {1258, "windows-1258", "windows-1258"},
    {28592, "ISO-8859-2", "iso-8859-2"},
    {28593, "ISO-8859-3", "iso-8859-3"},
    {28594, "ISO-8859-4", "iso-8859-4"},
    {28595, "ISO-8859-5", "iso-8859-5"},
    {28596, "ISO-8859-6", "iso-8859-6"},
    {28597, "ISO-8859-7", "iso-8859-7"},
    {28598, "ISO-8859-8", "iso-8859-8"},
    {28599, "ISO-8859-9", "iso-8859-9"},
    {28603, "ISO-8859-13", "iso-8859-13"},
    {28605, "ISO-8859-15", "iso-8859-15"},
    {437, "ibm-437", "ibm437"},
    {737, "ibm-737", "ibm737"},
    {775, "ibm-775", "ibm775"},
    {850, "ibm-850", "ibm850"},
    {852, "ibm-852", "ibm852"},
    {855, "ibm-855", "ibm855"},
    {857, "ibm-857", "ibm857"},
    {858, "ibm-858", "ibm00858"},
    {860, "ibm-860", "ibm860"},
    {861, "ibm-861", "ibm861"},
    {862, "ibm-862", "ibm862"},
    {863, "ibm-863", "ibm863"},
    {864, "ibm-864", "ibm864"},
    {865, "ibm-865", "ibm865"},
    {866, "ibm-866", "ibm866"},
    {869, "ibm-869", "ibm869"},
    {37, "ibm-37", "ibm037"},
    {500, "ibm-500", "ibm500"},
    {875, "ibm-875", "cp875"},
    {1026, "ibm-1026", "ibm1026"},
    {1047, "ibm-1047", "ibm1047"},
    {20273, "ibm-273", "ibm273"},
    {20277, "ibm-277", "ibm277"},
    {20278, "ibm-278", "ibm278"},
    {20280, "ibm-280", "ibm280"},
    {20284, "ibm-284", "ibm284"},
    {20285, "ibm-285", "ibm285"},
    {20290, "ibm-290", "ibm290"},
    {20297, "ibm-297", "ibm297"},
    {20420, "ibm-420", "ibm420"},
    {20424, "ibm-424", "ibm424"},
    {20838, "ibm-838", "ibm838"},
    {20871, "ibm-871", "ibm871"},
    {21025, "ibm-1025", "ibm1025"},
    {1140, "ibm-1140", "ibm01140"},
    {1141, "ibm-1141", "ibm01141"},
    {1142, "ibm-1142", "ibm01142"},
    {1143, "ibm-1143", "ibm01143"},
    {1144, "ibm-1144", "ibm01144"},
    {1145, "ibm-1145", "ibm01145"},
    {1146, "ibm-1146", "ibm01146"},
    {1147, "ibm-1147", "ibm01147"},
    {1148, "ibm-1148", "ibm01148"},
    {1149, "ibm-1149", "ibm01149"},
    {870, "ibm-870", "ibm870"},
    {930, "ibm-930", "ibm930"},
    {933, "ibm-933", "ibm933"},
    {935, "ibm-935", "ibm935"},
    {937, "ibm-937", "ibm937"},
    {939, "ibm-939", "ibm939"},
    {50930, "ibm-930", "ibm930"},
    {50931, "ibm-930", "ibm930"},
    {50933, "ibm-933", "ibm933"},
    {50935, "ibm-935", "ibm935"},
    {50937, "ibm-937", "ibm937"},
    {50939, "ibm-939", "ibm939"},
    {28600, "ISO-8859-10", "iso-8859-10"},
    {28601, "ISO-8859-11", "iso-8859-11"},
    {28604, "ISO-8859-14", "iso-8859-14"},
    {57002, "ISCII,version=0", "x-iscii"},
    {57003, "ISCII,version=1", "x-iscii"},
    {57004, "ISCII,version=5", "x-iscii"},
    {57005, "ISCII,version=6", "x-iscii"},
    {57006, "ISCII,version=1", "x-iscii"},
    {57007, "ISCII,version=4", "x-iscii"},
    {57008, "ISCII,version=7", "x-iscii"},
    {57009, "ISCII,version=8", "x-iscii"},
    {57010, "ISCII,version=3", "x-iscii"},
    {57011, "ISCII,version=2", "x-iscii"},
};

static const struct {
    uint16_t lcid; /* whole id, or language when below 0x400 */
    uint16_t codepage;
} locales[] = {
    {1041, 932},  {2052, 936},  {4100, 936},  {1042, 949},  {1028, 950},
    {3076, 950},  {5124, 950},  {1054, 874},  {3098, 1251}, {0x05, 1250},
    {0x0E, 1250}, {0x15, 1250}, {0x18, 1250}, {0x1A, 1250}, {0x1B, 1250},
    {0x1C, 1250}, {0x24, 1250}, {0x02, 1251}, {0x19, 1251}, {0x22, 1251},
    {0x23, 1251}, {0x2F, 1251}, {0x3F, 1251}, {0x08, 1253}, {0x1F, 1254},
    {0x2C, 1254}, {0x0D, 1255}, {0x01, 1256}, {0x29, 1256}, {0x20, 1256},
    {0x25, 1257}, {0x26, 1257}, {0x27, 1257}, {0x2A, 1258},
};

static const struct codepage *page_find(unsigned number)
{
    for (size_t i = 0; i < array_len(codepages); i++)
        if (codepages[i].number == number)
            return &codepages[i];
    for (size_t i = 0; i < array_len(ranges); i++)
        if (ranges[i].number == number)
            return &ranges[i];
    return NULL;
}

unsigned charset_page(size_t i)
{
    if (i < array_len(codepages))
        return codepages[i].number;
    i -= array_len(codepages);
    return i < array_len(ranges) ? ranges[i].number : 0;
}

const char *charset_mime_name(unsigned codepage)
{
    const struct codepage *p = page_find(codepage);

    return p ? p->mime : NULL;
}

const char *charset_icu_name(unsigned codepage)
{
    const struct codepage *p = page_find(codepage);

    return p ? p->icu : NULL;
}

unsigned charset_codepage_of_locale(uint32_t lcid)
{
    for (size_t i = 0; i < array_len(locales); i++) {
        uint32_t want = locales[i].lcid;
        if (want == lcid || (want < 0x400 && want == (lcid & LANGUAGE_MASK)))
            return locales[i].codepage;
    }
    return FALLBACK_PAGE;
}

bool charset_is_utf8(const void *data, size_t len)
{
    const uint8_t *s = data;
    size_t i = 0;

    while (i < len) {
        UChar32 c;
        if (s[i] < 0x80) {
            i++;
            continue;
        }
        U8_NEXT(s, i, len, c);
        if (c < 0)
            return false;
    }
    return true;
}

static void add_char(struct buf *out, UChar32 c)
{
    uint8_t bytes[U8_MAX_LENGTH];
    size_t n = 0;

    U8_APPEND_UNSAFE(bytes, n, c);
    buf_add(out, bytes, n);
}

void charset_clean_utf8(const char *text, size_t len, struct buf *out)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t i = 0;

    if (charset_is_utf8(text, len)) {
        buf_add(out, text, len);
        return;
    }
    while (i < len) {
        UChar32 c;
        U8_NEXT(s, i, len, c);
        add_char(out, c < 0 ? REPLACEMENT : c);
    }
}

/* Copies ASCII units, four at a time while all four are; how many. */
static size_t ascii_run(const uint8_t *s, size_t units, uint8_t *to)
{
    size_t n = 0;

    for (; n + 4 <= units; n += 4) {
        uint64_t w;
        uint32_t four;
        memcpy(&w, s + 2 * n, sizeof(w));
        w = le64toh(w);
        if (w & 0xFF80FF80FF80FF80)
            break;
        w = (w | w >> 8) & 0x0000FFFF0000FFFF;
        four = htole32((uint32_t)(w | w >> 16));
        memcpy(to + n, &four, sizeof(four));
    }
    for (; n < units && s[2 * n] < 0x80 && s[2 * n + 1] == 0; n++)
        to[n] = s[2 * n];
    return n;
}

/* One character at s, of at most units units; how many it took. */
static size_t utf16_next(const uint8_t *s, size_t units, UChar32 *c_r)
{
    UChar32 c = s[0] | s[1] << 8, trail;

    *c_r = c;
    if (!U_IS_SURROGATE(c))
        return 1;
    *c_r = -1;
    if (!U16_IS_SURROGATE_LEAD(c) || units < 2)
        return 1;
    trail = s[2] | s[3] << 8;
    if (!U16_IS_TRAIL(trail))
        return 1;
    *c_r = U16_GET_SUPPLEMENTARY(c, trail);
    return 2;
}

/* Through a block on the stack: one append for many characters. */
enum charset_result charset_from_utf16(const void *data, size_t len,
                                       struct buf *out)
{
    const uint8_t *s = data;
    size_t units = len / 2, i = 0;
    enum charset_result result = CHARSET_EXACT;

    while (i < units && !out->error) {
        uint8_t block[PIVOT_UNITS * 3 + 1]; /* a pair may pass its end */
        size_t stop = units - i < PIVOT_UNITS ? units : i + PIVOT_UNITS, n = 0;
        while (i < stop) {
            size_t run = ascii_run(s + 2 * i, stop - i, block + n);
            UChar32 c;
            i += run;
            n += run;
            if (i >= stop)
                break;
            i += utf16_next(s + 2 * i, units - i, &c);
            if (c < 0)
                result = CHARSET_REPLACED;
            U8_APPEND_UNSAFE(block, n, c < 0 ? REPLACEMENT : c);
        }
        buf_add(out, block, n);
    }
    return result;
}

void charset_to_utf16(const char *utf8, size_t len, struct buf *out)
{
    const uint8_t *s = (const uint8_t *)utf8;
    size_t i = 0;

    while (i < len) {
        UChar unit[2];
        size_t n = 0;
        UChar32 c;
        U8_NEXT(s, i, len, c);
        U16_APPEND_UNSAFE(unit, n, c < 0 ? REPLACEMENT : c);
        for (size_t k = 0; k < n; k++) {
            buf_addc(out, (char)(unit[k] & 0xFF));
            buf_addc(out, (char)(unit[k] >> 8));
        }
    }
}

/* Converters are costly to open: a few are kept per thread. */
static __thread struct {
    unsigned codepage;
    UConverter *conv;
} converters[CONVERTER_SLOTS];
static __thread unsigned converter_next;

/* ICU's own substitution is U+001A for a lone bad byte of some pages. */
static void replace_bad(const void *ctx, UConverterToUnicodeArgs *args,
                        const char *bytes, int32_t n,
                        UConverterCallbackReason reason, UErrorCode *status)
{
    static const UChar replacement = REPLACEMENT;

    if (reason > UCNV_IRREGULAR)
        return;
    *status = U_ZERO_ERROR;
    ucnv_cbToUWriteUChars(args, &replacement, 1, 0, status);
}

static UConverter *converter_get(unsigned codepage)
{
    UErrorCode status = U_ZERO_ERROR;
    const char *name = charset_icu_name(codepage);
    unsigned slot;

    for (unsigned i = 0; i < CONVERTER_SLOTS; i++)
        if (converters[i].conv && converters[i].codepage == codepage)
            return converters[i].conv;
    if (!name)
        return NULL;
    slot = converter_next++ % CONVERTER_SLOTS;
    if (converters[slot].conv)
        ucnv_close(converters[slot].conv);
    converters[slot].conv = ucnv_open(name, &status);
    converters[slot].codepage = codepage;
    if (U_SUCCESS(status))
        ucnv_setToUCallBack(converters[slot].conv, replace_bad, NULL, NULL,
                            NULL, &status);
    return U_SUCCESS(status) ? converters[slot].conv : NULL;
}

static void add_units(struct buf *out, const UChar *units, int32_t n)
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t need = 0;
    char *dest;

    u_strToUTF8WithSub(NULL, 0, &need, units, n, REPLACEMENT, NULL, &status);
    dest = buf_grow(out, (size_t)need);
    status = U_ZERO_ERROR;
    if (dest)
        u_strToUTF8WithSub(dest, need, NULL, units, n, REPLACEMENT, NULL,
                           &status);
}

static enum charset_result convert(UConverter *conv, const char *src,
                                   size_t len, struct buf *out)
{
    const char *end = src + len;
    enum charset_result result = CHARSET_EXACT;
    UChar pivot[PIVOT_UNITS];
    int32_t kept = 0; /* a lead unit whose trail comes in the next round */
    UErrorCode status;

    ucnv_resetToUnicode(conv);
    do {
        UChar *to = pivot + kept;
        status = U_ZERO_ERROR;
        ucnv_toUnicode(conv, &to, pivot + PIVOT_UNITS, &src, end, NULL, true,
                       &status);
        int32_t n = (int32_t)(to - pivot);
        for (int32_t i = 0; i < n; i++)
            if (pivot[i] == REPLACEMENT)
                result = CHARSET_REPLACED;
        kept =
            status == U_BUFFER_OVERFLOW_ERROR && n && U16_IS_LEAD(pivot[n - 1]);
        add_units(out, pivot, n - kept);
        if (kept)
            pivot[0] = pivot[n - 1];
    } while (status == U_BUFFER_OVERFLOW_ERROR && !out->error);
    return U_SUCCESS(status) ? result : CHARSET_REPLACED;
}

enum charset_result charset_from_codepage(unsigned codepage, const void *data,
                                          size_t len, struct buf *out)
{
    UConverter *conv;

    if (codepage == 1200)
        return charset_from_utf16(data, len, out);
    if (codepage == 65001) {
        bool exact = charset_is_utf8(data, len);
        charset_clean_utf8(data, len, out);
        return exact ? CHARSET_EXACT : CHARSET_REPLACED;
    }
    conv = converter_get(codepage);
    if (conv)
        return convert(conv, data, len, out);
    conv = converter_get(FALLBACK_PAGE);
    if (conv)
        convert(conv, data, len, out);
    return CHARSET_UNKNOWN;
}

size_t charset_cut(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max && ((uint8_t)text[max] & 0xC0) == 0x80)
        max--;
    return max;
}

bool charset_seal(void)
{
    UErrorCode status = U_ZERO_ERROR;
    UConverter *converter;

    udata_setFileAccess(UDATA_NO_FILES, &status);
    converter = ucnv_open("ibm-943_P15A-2003", &status);
    ucnv_close(converter);
    return U_SUCCESS(status);
}

uint16_t charset_upper(uint16_t unit)
{
    UChar32 c = unit < 0x80 || !U_IS_SURROGATE(unit) ? u_toupper(unit) : unit;

    /* What has got a capital since then: Georgian, mostly. */
    return (unit >= 0x10D0 && unit <= 0x10FF) || c > 0xFFFF ? unit
                                                            : (uint16_t)c;
}
