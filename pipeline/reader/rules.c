#include "pipeline/reader/rules.h"

#include <pwd.h>
#include <stdio.h>

#include "pipeline/reader/client.h"

#define NOBODY         65534
#define VCARD4         0x800 /* in reader_rendering: cards of version 4.0 */
#define CODEPAGE_SHIFT 12    /* in it: the code page */

/* Set once, before there are readers and threads. */
static struct reader_rules rules = {.sandbox = "auto",
                                    .uid = NOBODY,
                                    .gid = NOBODY,
                                    .vcard = 3,
                                    .timeout_ms = 30000,
                                    .libpff_ms = 60000};

static struct reader_share shared;

void reader_share(const struct reader_share *share)
{
    shared = *share;
}

const struct reader_share *reader_shared(void)
{
    return &shared;
}

const struct reader_rules *reader_rules(void)
{
    return &rules;
}

unsigned reader_rendering(void)
{
    return READER_RENDER_VERSION + (rules.vcard == 4 ? VCARD4 : 0) +
           (rules.codepage << CODEPAGE_SHIFT);
}

int reader_setup(const struct settings *settings, struct err *err)
{
    const char *name = settings_text(settings, "reader.user");
    const struct passwd *user;

    snprintf(rules.sandbox, sizeof(rules.sandbox), "%s",
             settings_text(settings, "reader.sandbox"));
    rules.vcard = settings_text(settings, "mount.vcard")[0] == '4' ? 4 : 3;
    rules.timeout_ms =
        (unsigned)settings_int(settings, "reader.timeout") * 1000;
    rules.libpff_ms =
        (unsigned)settings_int(settings, "reader.libpff_seconds") * 1000;
    rules.codepage = (unsigned)settings_int(settings, "reader.codepage");
    if (geteuid() != 0)
        return 0;
    user = getpwnam(name);
    if (!user)
        return err_set(err, EINVAL, "reader.user: no user %s", name);
    if (user->pw_uid == 0 || user->pw_gid == 0)
        return err_set(err, EINVAL, "reader.user: %s is root", name);
    rules.uid = user->pw_uid;
    rules.gid = user->pw_gid;
    return 0;
}
