/* Settings: defaults, a file over them, and errors that name their line. */
#include "pipeline/base/settings.h"

#include <stdlib.h>

#include "pipeline/base/io.h"
#include "tests/unit/check.h"

static char path[] = "/tmp/pstfs-settings-XXXXXX";

static int load(const char *text, struct settings **s, struct err *err)
{
    FILE *file = fopen(path, "w");

    fputs(text, file);
    fclose(file);
    *s = NULL;
    return settings_new(path, s, err);
}

static void test_defaults(void)
{
    struct settings *s = NULL;
    struct err err = {0};

    CHECK_EQ(settings_new(NULL, &s, &err), 0);
    CHECK_STR(settings_text(s, "job.default_kind"), "maildir");
    CHECK_EQ(settings_int(s, "imap.port"), 143);
    CHECK_EQ(settings_int(s, "imap.batch_bytes"), 8 << 20);
    CHECK(settings_bool(s, "maildir.fsync"));
    settings_free(&s);
    CHECK(s == NULL);
}

static void test_defaults_pass_their_checks(void)
{
    const struct setting_row *row = settings_table();
    const char *why = "";

    for (; row->name; row++)
        CHECK(row->check(row->fallback, &why) && *row->help);
}

static void test_file(void)
{
    struct settings *s;
    struct err err = {0};

    CHECK_EQ(load("# a comment\n[imap]\nport = 993\ntls=tls\n"
                  "verify = no\nuser = %s*admin\nbatch_bytes = 512K\n"
                  "[maildir]\nroot = /srv/mail\n",
                  &s, &err),
             0);
    CHECK_EQ(settings_int(s, "imap.port"), 993);
    CHECK_EQ(settings_int(s, "imap.batch_bytes"), 512 << 10);
    CHECK_STR(settings_text(s, "imap.user"), "%s*admin");
    CHECK_STR(settings_text(s, "maildir.root"), "/srv/mail");
    CHECK(!settings_bool(s, "imap.verify"));
    settings_free(&s);
}

static const struct {
    const char *text, *words;
} bad[] = {
    {"[imap]\nport = 0\n", ":2: imap.port must be a port"},
    {"[imap]\n\nport = 99x\n", ":3: imap.port must be"},
    {"[imap]\nport = 70000\n", ":2: imap.port"},
    {"[imap]\nbatch_bytes = 1T\n", ":2: imap.batch_bytes must be a size"},
    {"[imap]\nbatch_bytes = 99999999999G\n", ":2: imap.batch_bytes"},
    {"[imap]\nverify = maybe\n", ":2: imap.verify must be yes or no"},
    {"[imap]\nuser = %d\n", ":2: imap.user"},
    {"[imap]\nuser = %s%s\n", ":2: imap.user"},
    {"[imap]\ntls = ssl\n", ":2: imap.tls must be none, starttls or tls"},
    {"[maildir]\nroot = mail\n", ":2: maildir.root must be empty or an abs"},
    {"[job]\nworkers = 65\n", ":2: job.workers"},
    {"[job]\ncolour = red\n", ":2: no setting job.colour"},
    {"colour = red\n", ":1: no setting colour"},
    {"[job]\nnonsense\n[job]\ncolour = 1\n", ":2: not a [section]"},
    {"[job]\ncolour = 1\nnonsense\n", ":2: no setting job.colour"},
};

static void test_errors(void)
{
    for (size_t i = 0; i < array_len(bad); i++) {
        struct settings *s;
        struct err err = {0};
        CHECK_EQ(load(bad[i].text, &s, &err), -EINVAL);
        CHECK(s == NULL);
        if (!CHECK(strstr(err.msg, bad[i].words) != NULL))
            fprintf(stderr, "    %s\n", err.msg);
        CHECK(strncmp(err.msg, path, strlen(path)) == 0);
    }
}

static void test_long_line(void)
{
    struct settings *s;
    struct err err = {0};
    char text[700];

    snprintf(text, sizeof(text), "[imap]\nhost = %0600d\n", 1);
    CHECK_EQ(load(text, &s, &err), -EINVAL);
    CHECK(strstr(err.msg, ":2: line longer than") != NULL);
}

static void test_no_file(void)
{
    struct settings *s = NULL;
    struct err err = {0};

    CHECK_EQ(settings_new("/nonexistent/pstfs.ini", &s, &err), -ENOENT);
    CHECK(strstr(err.msg, "/nonexistent/pstfs.ini") != NULL);
}

int main(void)
{
    close(mkstemp(path));
    test_defaults();
    test_defaults_pass_their_checks();
    test_file();
    test_errors();
    test_long_line();
    test_no_file();
    unlink(path);
    return check_report();
}
