#include "pipeline/base/settings.h"
#include "pipeline/base/charset.h"

#include <assert.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN 64

/* ---- reading values ---- */

/* Decimal with an optional K, M or G (powers of 1024). */
static bool parse_int(const char *value, int64_t *out)
{
    static const char units[] = "KMG";
    char *end;
    long long n;

    errno = 0;
    n = strtoll(value, &end, 10);
    if (end == value || errno)
        return false;
    if (*end) {
        const char *unit = strchr(units, *end & ~0x20);
        int shift = unit ? 10 * (int)(unit - units + 1) : 0;
        if (!unit || end[1] || n > INT64_MAX >> shift || n < 0)
            return false;
        n <<= shift;
    }
    *out = n;
    return true;
}

static bool parse_bool(const char *value, bool *out)
{
    static const char *const yes[] = {"yes", "true", "1", "on"};
    static const char *const no[] = {"no", "false", "0", "off"};

    for (size_t i = 0; i < array_len(yes); i++) {
        *out = strcasecmp(value, yes[i]) == 0;
        if (*out || strcasecmp(value, no[i]) == 0)
            return true;
    }
    return false;
}

static bool in_range(const char *value, int64_t low, int64_t high)
{
    int64_t n;

    return parse_int(value, &n) && n >= low && n <= high;
}

static bool one_of(const char *value, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(value, *words) == 0)
            return true;
    return false;
}

/* ---- checks ---- */

static bool check_any(const char *value, const char **why)
{
    return true;
}

static bool check_bool(const char *value, const char **why)
{
    bool on;

    *why = "must be yes or no";
    return parse_bool(value, &on);
}

static bool check_word(const char *value, const char **why)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

    *why = "must be a word of lower-case letters, digits and -";
    return *value && value[strspn(value, letters)] == '\0';
}

static bool check_workers(const char *value, const char **why)
{
    *why = "must be a number from 1 to 64";
    return in_range(value, 1, 64);
}

static bool check_seconds(const char *value, const char **why)
{
    *why = "must be seconds, from 0 to 86400";
    return in_range(value, 0, 86400);
}

static bool check_readers(const char *value, const char **why)
{
    *why = "must be a number from 1 to 1024";
    return in_range(value, 1, 1024);
}

static bool check_codepage(const char *value, const char **why)
{
    *why = "must be 0 or the number of a known code page";
    return in_range(value, 0, 65535) &&
           (strcmp(value, "0") == 0 ||
            charset_icu_name((unsigned)strtoul(value, NULL, 10)));
}

static bool check_change(const char *value, const char **why)
{
    *why = "must be wait, follow or stop";
    return one_of(value, (const char *const[]){"wait", "follow", "stop", NULL});
}

static bool check_missing(const char *value, const char **why)
{
    *why = "must be wait or stop";
    return one_of(value, (const char *const[]){"wait", "stop", NULL});
}

static bool check_dir(const char *value, const char **why)
{
    *why = "must be empty or an absolute path";
    return !*value || *value == '/';
}

static bool check_host(const char *value, const char **why)
{
    *why = "must be a host name or an address";
    return *value && !value[strcspn(value, " \t/@")];
}

static bool check_port(const char *value, const char **why)
{
    *why = "must be a port from 1 to 65535";
    return in_range(value, 1, 65535);
}

static bool check_tls(const char *value, const char **why)
{
    *why = "must be none, starttls or tls";
    return one_of(value,
                  (const char *const[]){"none", "starttls", "tls", NULL});
}

static bool check_auth(const char *value, const char **why)
{
    *why = "must be plain or xoauth2";
    return one_of(value, (const char *const[]){"plain", "xoauth2", NULL});
}

/* "%s" at most once and no other percent sign: it never goes to printf, but
 * a mistyped template should be seen at start, not at the first login. */
static bool check_user(const char *value, const char **why)
{
    const char *percent = strchr(value, '%');

    *why = "must be a name with at most one %s";
    return *value &&
           (!percent || (percent[1] == 's' && !strchr(percent + 1, '%')));
}

static bool check_items(const char *value, const char **why)
{
    *why = "must be a number from 1 to 4096";
    return in_range(value, 1, 4096);
}

static bool check_bytes(const char *value, const char **why)
{
    *why = "must be a size from 64K to 256M";
    return in_range(value, 64 << 10, 256 << 20);
}

static bool check_sandbox(const char *value, const char **why)
{
    *why = "must be auto, require or off";
    return one_of(value, (const char *const[]){"auto", "require", "off", NULL});
}

static bool check_vcard(const char *value, const char **why)
{
    *why = "must be 3.0 or 4.0";
    return one_of(value, (const char *const[]){"3.0", "4.0", NULL});
}

static bool check_login(const char *value, const char **why)
{
    *why = "must be the name of a user";
    return *value && !value[strcspn(value, " \t/:")];
}

static bool check_timeout(const char *value, const char **why)
{
    *why = "must be seconds, from 1 to 3600";
    return in_range(value, 1, 3600);
}

static bool check_level(const char *value, const char **why)
{
    *why = "must be error, warning, notice, info or debug";
    return one_of(value, (const char *const[]){"error", "warning", "notice",
                                               "info", "debug", NULL});
}

/* ---- the table ---- */

static const struct setting_row rows[] = {
    {"job.default_kind", "maildir", "target kind of a bare address", false,
     check_word},
    {"job.workers", "1", "worker processes (1..64)", false, check_workers},
    {"job.on_change", "wait",
     "when its store is written to, a job waits until it lies still (wait), "
     "goes on at once (follow) or ends as failed (stop)",
     false, check_change},
    {"job.on_missing", "wait",
     "when its store is gone, a job waits for it or ends as failed (stop)",
     false, check_missing},
    {"job.settle", "10", "seconds a changed store must lie still", false,
     check_seconds},
    {"mount.rescan", "30", "seconds between scans of the sources, 0 off", false,
     check_seconds},
    {"mount.readers", "16", "most reader processes at once", false,
     check_readers},
    {"mount.reader_idle", "60", "seconds after which an idle reader ends",
     false, check_seconds},
    {"mount.recovered", "yes",
     "Recovered/ in each store: looking into it reads the whole file", false,
     check_bool},
    {"mount.refuse_password", "no",
     "stores that have a password are not opened, nor migrated", false,
     check_bool},
    {"mount.attachments", "yes",
     "attachments are files too, in a directory beside their item", false,
     check_bool},
    {"mount.vcard", "3.0", "version of the cards of contacts: 3.0 or 4.0",
     false, check_vcard},
    {"reader.sandbox", "auto",
     "auto (what the kernel has), require (or read nothing), off", false,
     check_sandbox},
    {"reader.user", "nobody", "who the readers of a root's mount are", false,
     check_login},
    {"reader.timeout", "30", "seconds after which a silent reader is ended",
     false, check_timeout},
    {"reader.libpff_seconds", "60",
     "seconds that libpff may take to recover items", false, check_timeout},
    {"reader.codepage", "0",
     "of 8-bit text where the store does not say (1252 ...), 0 by majority",
     false, check_codepage},
    {"maildir.root", "", "directory that all maildir targets lie in", false,
     check_dir},
    {"maildir.fsync", "true", "messages are on disk before they count", false,
     check_bool},
    {"imap.host", "localhost", "server", false, check_host},
    {"imap.port", "143", "port", false, check_port},
    {"imap.tls", "starttls", "none, starttls or tls", false, check_tls},
    {"imap.verify", "true", "check the server's certificate", false,
     check_bool},
    {"imap.ca", "", "file of certificates to trust, empty: the system's", false,
     check_dir},
    {"imap.user", "%s", "login name, %s is the address (%s*admin)", false,
     check_user},
    {"imap.password_file", "", "file whose first line is the password", false,
     check_dir},
    {"imap.password", "", "password", true, check_any},
    {"imap.auth", "plain", "plain or xoauth2", false, check_auth},
    {"imap.prefix", "", "folder that all folders are put in", false, check_any},
    {"imap.batch_items", "128", "most messages in one append", false,
     check_items},
    {"imap.batch_bytes", "8M", "most bytes in one append", false, check_bytes},
    {"log.level", "info", "error, warning, notice, info or debug", false,
     check_level},
    {NULL, NULL, NULL, false, NULL},
};

#define ROWS (array_len(rows) - 1)

struct settings {
    char *values[ROWS]; /* owned; rows[i].fallback until set */
};

const struct setting_row *settings_table(void)
{
    return rows;
}

static int row_find(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* ---- the file ---- */

struct load {
    struct settings *settings;
    FILE *file;
    const char *path;
    int line;        /* read so far */
    int error;       /* 0 until the first bad line, which err describes */
    struct err *err; /* may be NULL */
};

static int value_set(struct settings *s, size_t row, const char *value)
{
    char *copy = strdup(value);

    if (!copy)
        return -ENOMEM;
    free(s->values[row]);
    s->values[row] = copy;
    return 0;
}

/* ini.h: as fgets. A handler is not told its line, so we count; and inih
 * would take the rest of a long line for the next one. */
static char *line_read(char *text, int size, void *ctx)
{
    struct load *load = ctx;

    if (load->error || !fgets(text, size, load->file))
        return NULL;
    load->line++;
    if (strchr(text, '\n') || feof(load->file))
        return text;
    load->error = err_set(load->err, EINVAL, "%s:%d: line longer than %d bytes",
                          load->path, load->line, size - 2);
    return NULL;
}

/* ini.h: 1 goes on, 0 is an error at this line. */
static int line_take(void *ctx, const char *section, const char *key,
                     const char *value)
{
    struct load *load = ctx;
    char name[NAME_MAX_LEN];
    const char *why = "";
    int row;

    if (load->error)
        return 0;
    snprintf(name, sizeof(name), "%s%s%s", section, *section ? "." : "", key);
    row = row_find(name);
    if (row < 0)
        load->error = err_set(load->err, EINVAL, "%s:%d: no setting %s",
                              load->path, load->line, name);
    else if (!rows[row].check(value, &why))
        load->error = err_set(load->err, EINVAL, "%s:%d: %s %s", load->path,
                              load->line, name, why);
    else if (value_set(load->settings, (size_t)row, value) != 0)
        load->error = err_set(load->err, ENOMEM, "no memory");
    return load->error == 0;
}

static int file_load(struct settings *s, const char *path, struct err *err)
{
    struct load load = {.settings = s, .path = path, .err = err};
    int rc, bad;

    load.file = fopen(path, "re");
    if (!load.file)
        return err_sys(err, errno, "%s", path);
    rc = ini_parse_stream(line_read, &load, line_take, &load);
    bad = ferror(load.file);
    fclose(load.file);
    if (bad)
        return err_set(err, EIO, "%s: cannot be read", path);
    /* The earlier of inih's first complaint and ours. */
    if (rc > 0 && (!load.error || rc < load.line))
        return err_set(err, EINVAL,
                       "%s:%d: not a [section] or a line key = value", path,
                       rc);
    return rc < 0 ? err_set(err, ENOMEM, "no memory") : load.error;
}

int settings_new(const char *path, struct settings **s_r, struct err *err)
{
    struct settings *s = calloc(1, sizeof(*s));
    int rc = s ? 0 : -ENOMEM;

    for (size_t i = 0; rc == 0 && i < ROWS; i++)
        rc = value_set(s, i, rows[i].fallback);
    if (rc != 0)
        err_set(err, ENOMEM, "no memory");
    else if (path)
        rc = file_load(s, path, err);
    if (rc != 0) {
        settings_free(&s);
        return rc;
    }
    *s_r = s;
    return 0;
}

void settings_free(struct settings **s)
{
    if (!*s)
        return;
    for (size_t i = 0; i < ROWS; i++)
        free((*s)->values[i]);
    free(*s);
    *s = NULL;
}

/* ---- asking ---- */

const char *settings_text(const struct settings *s, const char *name)
{
    int row = row_find(name);

    assert(row >= 0);
    return s->values[row];
}

int64_t settings_int(const struct settings *s, const char *name)
{
    int64_t n = 0;
    bool ok = parse_int(settings_text(s, name), &n);

    assert(ok);
    (void)ok;
    return n;
}

bool settings_bool(const struct settings *s, const char *name)
{
    bool on = false, ok = parse_bool(settings_text(s, name), &on);

    assert(ok);
    (void)ok;
    return on;
}
