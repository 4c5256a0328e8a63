#include <string.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/limits.h"
#include "pipeline/render/zone.h"

static bool is_plain(const char *key)
{
    size_t n = strlen(key);

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)key[i] < ' ' || (unsigned char)key[i] > 126)
            return false;
    return n && n < ZONE_KEY_MAX;
}

static int32_t find(const UChar *key, UChar *name_r)
{
    UErrorCode status = U_ZERO_ERROR;
    UBool known = 0;
    int32_t n = ucal_getTimeZoneIDForWindowsID(key, -1, NULL, name_r,
                                               ZONE_KEY_MAX, &status);

    if (U_SUCCESS(status) && n > 0)
        return n;
    status = U_ZERO_ERROR;
    n = ucal_getCanonicalTimeZoneID(key, -1, name_r, ZONE_KEY_MAX, &known,
                                    &status);
    /* Names such as "EST" or "GMT+5" are no places. */
    return U_SUCCESS(status) && known && u_strchr(key, '/') ? n : 0;
}

const char *zone_iana(const char *key, struct arena *arena)
{
    UChar wide[ZONE_KEY_MAX], name[ZONE_KEY_MAX];
    char text[ZONE_KEY_MAX];
    int32_t n;

    if (!is_plain(key))
        return "";
    u_uastrcpy(wide, key);
    n = find(wide, name);
    if (n <= 0 || n >= ZONE_KEY_MAX)
        return "";
    u_austrncpy(text, name, n);
    return arena_copy(arena, text, (size_t)n);
}

bool zone_seal(void)
{
    static const char *const keys[] = {"UTC", "Europe/Berlin", "-"};
    UChar wide[ZONE_KEY_MAX], name[ZONE_KEY_MAX];
    bool good = true;

    for (size_t i = 0; i < array_len(keys); i++) {
        u_uastrcpy(wide, keys[i]);
        good &= (find(wide, name) > 0) == (i < 2);
    }
    return good;
}
