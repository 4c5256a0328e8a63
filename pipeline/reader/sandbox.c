#include "pipeline/reader/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "pipeline/reader/proto.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) ||       \
    __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZED 1 /* shadow memory is terabytes of address space */
#else
#define SANDBOX_SANITIZED 0
#endif

static const struct {
    int resource;
    rlim_t max;
    const char *name;
    bool sanitized; /* holds in those builds too */
} limits[] = {
    {RLIMIT_CORE, 0, "core", true},
    {RLIMIT_NPROC, 0, "processes", true},
    {RLIMIT_FSIZE, 0, "file size", false},
    {RLIMIT_NOFILE, SANDBOX_FILES_MAX, "files", true},
    {RLIMIT_AS, SANDBOX_MEMORY_MAX, "memory", false},
    {RLIMIT_CPU, SANDBOX_CPU_MAX, "processor time", true},
};

bool sandbox_mode_find(const char *word, enum sandbox_mode *mode_r)
{
    static const char *const words[] = {
        [SANDBOX_AUTO] = "auto",
        [SANDBOX_REQUIRE] = "require",
        [SANDBOX_OFF] = "off",
    };

    for (size_t i = 0; i < array_len(words); i++)
        if (strcmp(word, words[i]) == 0) {
            *mode_r = (enum sandbox_mode)i;
            return true;
        }
    return false;
}

static int limit_all(struct err *err)
{
    for (size_t i = 0; i < array_len(limits); i++) {
        struct rlimit lim = {limits[i].max, limits[i].max}, old;
        if (SANDBOX_SANITIZED && !limits[i].sanitized)
            continue;
        /* Else it dies of SIGKILL, which does not say why. */
        if (limits[i].resource == RLIMIT_CPU)
            lim.rlim_max++;
        if (getrlimit(limits[i].resource, &old) == 0 &&
            old.rlim_max < lim.rlim_max)
            lim.rlim_cur = lim.rlim_max = old.rlim_max;
        if (setrlimit(limits[i].resource, &lim) != 0)
            return err_sys(err, errno, "limit of %s", limits[i].name);
    }
    return 0;
}

/* What holds, and after it what does not. */
struct report {
    enum sandbox_mode mode;
    bool landlock, filter;
    char missing[SANDBOX_TEXT_MAX / 2]; /* words */
    struct err *err;
};

/* A part that is not to be had: an error only where it was required. */
static int part_missing(struct report *r, const char *part, int code, bool must)
{
    const char *name = strerrorname_np(code);
    size_t used = strlen(r->missing);

    if (must && r->mode == SANDBOX_REQUIRE)
        return err_set(r->err, EPERM, "no sandbox: %s: %s", part,
                       strerror(code));
    snprintf(r->missing + used, sizeof(r->missing) - used, "%sno %s: %s",
             used ? ", " : "", part, name ? name : "?");
    return 0;
}

/* A user namespace may not have the user: then root stays what it is there,
 * and that shows. */
static int enter_user(const struct sandbox_rules *rules, struct report *r)
{
    int code = 0;

    if (geteuid() != 0)
        return 0;
    if (setgroups(0, NULL) != 0 ||
        setresgid(rules->gid, rules->gid, rules->gid) != 0 ||
        setresuid(rules->uid, rules->uid, rules->uid) != 0)
        code = errno;
    else if (geteuid() == 0 || getegid() == 0 || setuid(0) == 0)
        code = EPERM;
    return code ? part_missing(r, "user", code, true) : 0;
}

static int enter_landlock(struct report *r)
{
    int abi, rc = sandbox_landlock(&abi);

    if (rc != 0) /* the filter forbids the same: never a must */
        return part_missing(r, "landlock", -rc, false);
    r->landlock = true;
    return 0;
}

static int enter_filter(struct report *r)
{
    int rc = sandbox_filter();

    if (rc != 0)
        return part_missing(r, "seccomp", -rc, true);
    r->filter = true;
    return 0;
}

static void report_write(const struct report *r, unsigned uid, char *text)
{
    snprintf(text, SANDBOX_TEXT_MAX, "%s%suid %u%s%s%s",
             r->filter ? "seccomp " : "", r->landlock ? "landlock " : "", uid,
             *r->missing ? " (" : "", r->missing, *r->missing ? ")" : "");
}

/* The filter is the last: it forbids to enter the others. */
static int enter_parts(const struct sandbox_rules *rules, char *text,
                       struct err *err)
{
    struct report r = {.mode = rules->mode, .err = err};
    unsigned uid;
    int rc = 0;

    if (rules->parts & SANDBOX_USER)
        rc = enter_user(rules, &r);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (rc == 0)
        rc = limit_all(err);
    if (rc == 0 && (rules->parts & SANDBOX_LANDLOCK))
        rc = enter_landlock(&r);
    uid = geteuid(); /* not to be asked once the filter is there */
    if (rc == 0 && (rules->parts & SANDBOX_FILTER))
        rc = enter_filter(&r);
    report_write(&r, uid, text);
    return rc;
}

static int enter_off(const struct sandbox_rules *rules, char *text,
                     struct err *err)
{
    const char *why = SANDBOX_SANITIZED ? "sanitizer build" : "setting";

    if (rules->mode == SANDBOX_REQUIRE)
        return err_set(err, EPERM, "no sandbox: %s", why);
    snprintf(text, SANDBOX_TEXT_MAX, "off (%s)", why);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return limit_all(err);
}

int sandbox_enter(const struct sandbox_rules *rules,
                  char text_r[SANDBOX_TEXT_MAX], struct err *err)
{
    if (close_range(PROTO_WINDOW_FD + 1, ~0u, 0) != 0)
        return err_sys(err, errno, "close_range");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_sys(err, errno, "no_new_privs");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (SANDBOX_SANITIZED || rules->mode == SANDBOX_OFF)
        return enter_off(rules, text_r, err);
    return enter_parts(rules, text_r, err);
}
