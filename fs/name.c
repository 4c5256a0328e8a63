#include "fs/name.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <unicode/ucasemap.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/hash.h"

#define TEXT_MAX 900                  /* bytes of a subject looked at */
#define SAFE_MAX (3 * TEXT_MAX + 8)   /* a bad byte becomes three */
#define FOLD_MAX (4 * NAME_MAX_BYTES) /* folding may lengthen a text */

static bool is_ascii(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] & 0x80)
            return false;
    return true;
}

static bool is_removed(UChar32 c)
{
    return c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
           c == 0xfeff;
}

static bool is_replaced(UChar32 c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
        return true;
    return c < 0x80 && strchr("\\/:*?\"<>|", (int)c) != NULL;
}

/* Copies text with unsafe characters replaced or removed; bytes written. */
static size_t put_safe(const char *text, size_t len, char *to)
{
    int32_t in = 0, out = 0;

    while (in < (int32_t)len) {
        UChar32 c;
        U8_NEXT(text, in, (int32_t)len, c);
        if (c < 0)
            c = 0xfffd;
        if (is_removed(c))
            continue;
        if (is_replaced(c))
            c = '_';
        U8_APPEND_UNSAFE(to, out, c);
    }
    return (size_t)out;
}

/* Brings text (len bytes of valid UTF-8) to NFC in place. A text that does
 * not fit afterwards stays as it was: such a one is no real subject. */
static size_t make_nfc(char *text, size_t len, size_t room)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&status);
    UChar wide[SAFE_MAX], made[SAFE_MAX];
    int32_t n, out;

    u_strFromUTF8(wide, SAFE_MAX, &n, text, (int32_t)len, &status);
    if (U_FAILURE(status) || unorm2_isNormalized(nfc, wide, n, &status))
        return len;
    n = unorm2_normalize(nfc, wide, n, made, SAFE_MAX, &status);
    u_strToUTF8(NULL, 0, &out, made, U_SUCCESS(status) ? n : 0, &status);
    if (status != U_BUFFER_OVERFLOW_ERROR || (size_t)out > room)
        return len;
    status = U_ZERO_ERROR;
    u_strToUTF8(text, (int32_t)room, &out, made, n, &status);
    return U_FAILURE(status) ? len : (size_t)out;
}

static bool is_device(const char *text, size_t len)
{
    static const char *const words[] = {"con", "prn",    "aux",
                                        "nul", "conin$", "conout$"};
    size_t stem = 0;

    while (stem < len && text[stem] != '.')
        stem++;
    while (stem && text[stem - 1] == ' ')
        stem--;
    for (size_t i = 0; i < array_len(words); i++)
        if (strlen(words[i]) == stem && !strncasecmp(text, words[i], stem))
            return true;
    return stem == 4 && text[3] >= '0' && text[3] <= '9' &&
           (!strncasecmp(text, "com", 3) || !strncasecmp(text, "lpt", 3));
}

static size_t cut_tail(const char *text, size_t len)
{
    while (len && (text[len - 1] == ' ' || text[len - 1] == '.'))
        len--;
    return len;
}

static size_t skip_head(char *text, size_t len)
{
    size_t at = 0;

    while (at < len && text[at] == ' ')
        at++;
    for (size_t i = at; i < len && text[i] == '.'; i++)
        text[i] = '_';
    return at;
}

int name_make(const char *text, const char *fallback, const char *suffix,
              const char *ext, struct buf *out)
{
    return name_make_within(NAME_MAX_BYTES, text, fallback, suffix, ext, out);
}

int name_make_within(size_t max, const char *text, const char *fallback,
                     const char *suffix, const char *ext, struct buf *out)
{
    char safe[SAFE_MAX];
    size_t extra = strlen(suffix) + (ext && *ext ? strlen(ext) + 1 : 0);
    size_t room = max - 1 - extra; /* 1: guard of a device */
    size_t len = charset_cut(text, strnlen(text, TEXT_MAX + 1), TEXT_MAX), at;

    len = put_safe(text, len, safe);
    if (!is_ascii(safe, len))
        len = make_nfc(safe, len, sizeof(safe));
    len = cut_tail(safe, len);
    at = skip_head(safe, len);
    len = cut_tail(safe + at, charset_cut(safe + at, len - at, room));
    if (len == 0)
        buf_adds(out, fallback);
    else if (is_device(safe + at, len))
        buf_addc(out, '_');
    buf_add(out, safe + at, len);
    buf_adds(out, suffix);
    if (ext && *ext)
        buf_addf(out, ".%s", ext);
    return -out->error;
}

static uint64_t fold_ascii(const char *name, size_t len)
{
    char low[NAME_MAX_BYTES + 1];

    if (len > NAME_MAX_BYTES)
        len = NAME_MAX_BYTES;
    for (size_t i = 0; i < len; i++)
        low[i] = name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i];
    return hash_fnv(low, len);
}

uint64_t name_fold(const char *name, size_t len)
{
    UErrorCode status = U_ZERO_ERROR;
    char low[FOLD_MAX];
    UCaseMap *map;
    int32_t n;

    if (is_ascii(name, len))
        return fold_ascii(name, len);
    map = ucasemap_open("", U_FOLD_CASE_DEFAULT, &status);
    if (U_FAILURE(status))
        return hash_fnv(name, len);
    n = ucasemap_utf8FoldCase(map, low, FOLD_MAX, name, (int32_t)len, &status);
    ucasemap_close(map);
    return hash_fnv(U_FAILURE(status) ? name : low,
                    U_FAILURE(status) ? len : (size_t)n);
}
