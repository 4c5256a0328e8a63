#include "pipeline/target/maildir_name.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/base/clock.h"
#include "pipeline/base/io.h"

#define HASH_DIGITS   16
#define TMP_MARK      "pstfs_"
#define TMP_OLD       (36 * 3600) /* seconds */
#define HOST_MAX      48
#define STAT_MAX      1024
#define STARTED_FIELD 20 /* of /proc/PID/stat, counted after the name */

static bool id_is_good(const char *id, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!islower((unsigned char)id[i]) && !isdigit((unsigned char)id[i]))
            return false;
    return len > 0 && len <= MAILDIR_ID_MAX;
}

static size_t flags_text(uint32_t flags, char *out)
{
    /* In ASCII order, as Maildir wants them. */
    static const struct {
        uint32_t flag;
        char letter;
    } table[] = {
        {TARGET_DRAFT, 'D'},    {TARGET_FLAGGED, 'F'}, {TARGET_FORWARDED, 'P'},
        {TARGET_ANSWERED, 'R'}, {TARGET_SEEN, 'S'},
    };
    size_t n = 0;

    for (size_t i = 0; i < array_len(table); i++)
        if (flags & table[i].flag)
            out[n++] = table[i].letter;
    out[n] = '\0';
    return n;
}

int maildir_name_make(const struct target_item *item,
                      char name_r[MAILDIR_NAME_MAX], struct err *err)
{
    char id[MAILDIR_ID_MAX + 2], hash[HASH_TEXT_MAX], flags[8];
    size_t n = 0;

    for (const char *p = item->id ? item->id : ""; *p; p++)
        if (*p != '.' && n < sizeof(id) - 1)
            id[n++] = *p;
    id[n] = '\0';
    if (!id_is_good(id, n))
        return err_set(err, EINVAL, "bad item id \"%.80s\"",
                       item->id ? item->id : "");
    hash_text(item->hash, hash);
    flags_text(item->flags, flags);
    snprintf(name_r, MAILDIR_NAME_MAX,
             "%" PRId64 ".P%sH%.*s.pstfs,S=%" PRIu64 ":2,%s",
             item->time > 0 ? item->time : 0, id, HASH_DIGITS, hash, item->size,
             flags);
    return 0;
}

static const char *skip_digits(const char *p)
{
    while (isdigit((unsigned char)*p))
        p++;
    return p;
}

size_t maildir_name_parse(const char *name, uint64_t *key_r)
{
    const char *p = skip_digits(name), *key, *end;

    if (p == name || strncmp(p, ".P", 2) != 0)
        return 0;
    key = p + 1;
    end = strchr(key, 'H');
    if (!end || !id_is_good(key + 1, (size_t)(end - key - 1)))
        return 0;
    end++;
    if (strspn(end, "0123456789abcdef") != HASH_DIGITS)
        return 0;
    end += HASH_DIGITS;
    if (strncmp(end, ".pstfs,S=", 9) != 0 || !isdigit((unsigned char)end[9]))
        return 0;
    *key_r = hash_fnv(key, (size_t)(end - key));
    return strcspn(name, ":");
}

/* When the process started, in ticks since boot; 0 when there is none. Tells
 * a process from a later one with the same number. */
static uint64_t process_started(pid_t pid)
{
    char path[64], text[STAT_MAX];
    cleanup_fd int fd = -1;
    ssize_t n;
    char *p;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : io_read(fd, text, sizeof(text) - 1);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    p = strrchr(text, ')');
    for (int i = 0; p && i < STARTED_FIELD; i++)
        p = strchr(p + 1, ' ');
    return p ? strtoull(p + 1, NULL, 10) : 0;
}

static void host_name(char host[HOST_MAX])
{
    memset(host, 0, HOST_MAX);
    if (gethostname(host, HOST_MAX - 1) != 0 || !*host)
        snprintf(host, HOST_MAX, "localhost");
    for (char *p = host; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '-')
            *p = '-';
}

void maildir_tmp_make(char name_r[MAILDIR_NAME_MAX])
{
    static _Atomic uint64_t count;
    static _Thread_local char prefix[HOST_MAX + 64];
    static _Thread_local pid_t owner;
    char host[HOST_MAX];

    if (owner != getpid()) {
        owner = getpid();
        host_name(host);
        snprintf(prefix, sizeof(prefix), TMP_MARK "%d_%" PRIu64 "_%s",
                 (int)owner, process_started(owner), host);
    }
    snprintf(name_r, MAILDIR_NAME_MAX, "%s.%" PRIu64, prefix, count++);
}

bool maildir_tmp_is_dead(const char *name, int64_t mtime)
{
    char host[HOST_MAX];
    uint64_t started, now;
    int pid, at = 0;
    size_t len;

    if (sscanf(name, TMP_MARK "%d_%" SCNu64 "_%n", &pid, &started, &at) != 2 ||
        !at || pid <= 0)
        return false;
    host_name(host);
    len = strlen(host);
    if (strncmp(name + at, host, len) != 0 || name[(size_t)at + len] != '.')
        return mtime + TMP_OLD < time_now();
    now = process_started(pid);
    /* 0: none, or /proc hides it. */
    return now ? now != started : kill(pid, 0) != 0 && errno == ESRCH;
}
