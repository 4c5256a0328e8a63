#include <ctype.h>
#include <string.h>

#include "pipeline/render/fetch.h"
#include "pipeline/render/render_priv.h"
#include "pipeline/render/vcf_priv.h"

/* Set once, before anything is rendered. */
static unsigned version = 3;

void render_setup(unsigned vcard)
{
    version = vcard == 4 ? 4 : 3;
}

unsigned vcf_version(void)
{
    return version;
}

/* What has another name in version 4.0 (RFC 6350). */
static const struct {
    const char *three, *four;
} names[] = {
    {"X-SPOUSE", "RELATED;TYPE=spouse;VALUE=text"},
    {"X-CHILD", "RELATED;TYPE=child;VALUE=text"},
    {"X-ASSISTANT", "RELATED;TYPE=agent;VALUE=text"},
    {"X-ANNIVERSARY", "ANNIVERSARY"},
    {"X-GENDER", "GENDER"},
    {"CLASS", "X-CLASS"},
    {"UID", "UID;VALUE=text"},
    {"X-ADDRESSBOOKSERVER-KIND", "KIND"},
    {"X-ADDRESSBOOKSERVER-MEMBER", "MEMBER"},
};

/* Words that a type may have there, or what stands for them. */
static const struct {
    const char *three, *four;
} types[] = {
    {"WORK", "work"},   {"HOME", "home"},       {"VOICE", "voice"},
    {"CELL", "cell"},   {"FAX", "fax"},         {"PAGER", "pager"},
    {"INTERNET", NULL}, {"X-TTY", "textphone"}, {"POSTAL", "x-postal"},
    {"CAR", "x-car"},   {"MSG", "x-msg"},       {"ISDN", "x-isdn"},
};

static void put_type(struct buf *out, const char *word, size_t len, bool *any)
{
    cleanup_buf struct buf lower = BUF(64);
    const char *four = NULL;
    bool known = false;

    for (size_t i = 0; i < len; i++)
        buf_addc(&lower, (char)tolower((unsigned char)word[i]));
    for (size_t i = 0; !known && i < array_len(types); i++) {
        known = strlen(types[i].three) == len &&
                strncmp(types[i].three, word, len) == 0;
        if (known)
            four = types[i].four;
    }
    if (known && !four)
        return;
    buf_addf(out, "%s%s", *any ? "," : ";TYPE=", four ? four : buf_str(&lower));
    *any = true;
}

/* "TEL;TYPE=WORK,PREF" to "TEL;TYPE=work;PREF=1". */
static const char *convert_types(struct work *w, const char *name,
                                 const char *list)
{
    cleanup_buf struct buf out = BUF(RENDER_FIELD_MAX);
    bool any = false, pref = false;

    if (strncmp(name, "LABEL;", strlen("LABEL;")) == 0)
        buf_adds(&out, "X-");
    buf_add(&out, name, (size_t)(list - name) - strlen(";TYPE="));
    while (*list) {
        size_t n = strcspn(list, ",");
        if (n == strlen("PREF") && strncmp(list, "PREF", n) == 0)
            pref = true;
        else
            put_type(&out, list, n, &any);
        list += n + (list[n] == ',');
    }
    if (pref)
        buf_adds(&out, ";PREF=1");
    return fetch_copy(w, buf_str(&out), out.len);
}

const char *vcf_line(struct work *w, const char *name)
{
    const char *list = strstr(name, ";TYPE=");

    if (version == 3)
        return name;
    for (size_t i = 0; i < array_len(names); i++)
        if (strcmp(names[i].three, name) == 0)
            return names[i].four;
    return list ? convert_types(w, name, list + strlen(";TYPE=")) : name;
}
