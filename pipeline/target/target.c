#include "pipeline/target/target.h"

#include <stdio.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/target/imap.h"
#include "pipeline/target/maildir.h"

static const struct target_ops *const kinds[] = {&maildir_ops, &imap_ops, NULL};

const struct target_ops *const *target_kinds(void)
{
    return kinds;
}

static const struct target_ops *kind_find(const char *kind, size_t len)
{
    for (size_t i = 0; kinds[i]; i++)
        if (strlen(kinds[i]->kind) == len &&
            strncmp(kinds[i]->kind, kind, len) == 0)
            return kinds[i];
    return NULL;
}

const struct target_ops *target_kind(const char *kind)
{
    return kind_find(kind, strlen(kind));
}

/* Length of what could be a kind before a colon, else 0. */
static size_t kind_length(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return text[n] == ':' ? n : 0;
}

static int kind_unknown(const char *kind, size_t len, struct err *err)
{
    char known[128] = "";
    size_t at = 0;

    for (size_t i = 0; kinds[i] && at < sizeof(known); i++)
        at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s",
                               i ? ", " : "", kinds[i]->kind);
    return err_set(err, EINVAL, "no target kind \"%.*s\" (there are: %s)",
                   len > 40 ? 40 : (int)len, kind, known);
}

static bool text_is_plain(const char *text)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    return charset_is_utf8(text, strlen(text));
}

int target_parse(const struct settings *settings, const char *text,
                 char *full_r, size_t full_size,
                 const struct target_ops **ops_r, struct err *err)
{
    const char *fallback = settings_text(settings, "job.default_kind");
    size_t n = kind_length(text);
    const char *kind = n ? text : fallback;
    const char *address = n ? text + n + 1 : text;
    const struct target_ops *ops = kind_find(kind, n ? n : strlen(fallback));
    struct target_params params = {.settings = settings, .address = address};
    int len, ret;

    if (!*text)
        return err_set(err, EINVAL, "the target is empty");
    if (!ops)
        return kind_unknown(kind, n ? n : strlen(fallback), err);
    if (!text_is_plain(address))
        return err_set(err, EINVAL, "the address is no clean UTF-8 text");
    ret = ops->check(&params, err);
    if (ret)
        return ret;
    len = snprintf(full_r, full_size, "%s:%s", ops->kind, address);
    if (len < 0 || (size_t)len >= full_size)
        return err_set(err, EINVAL, "the address is too long");
    *ops_r = ops;
    return 0;
}
