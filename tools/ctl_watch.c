#include "tools/ctl_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/io.h"
#include "tools/ctl_mount.h"

#define WATCH_MS      500 /* looks at least this often */
#define WATCH_REST_MS 100 /* and at most */
#define PROGRESS_MAX  256
#define COLUMNS_ELSE  80
#define BAR_MIN       10
#define BAR_MAX       60

/* ---- drawing ---- */

static size_t terminal_columns(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return COLUMNS_ELSE;
}

static void add_eta(struct buf *out, int64_t eta)
{
    if (eta < 0)
        return;
    if (eta >= 3600)
        buf_addf(out, " %" PRId64 "h%02dm", eta / 3600, (int)(eta / 60 % 60));
    else if (eta >= 60)
        buf_addf(out, " %dm%02ds", (int)(eta / 60), (int)(eta % 60));
    else
        buf_addf(out, " %ds", (int)eta);
}

/* What stands right of the bar. */
static void add_figures(struct buf *out, const struct ctl_progress *p)
{
    if (p->total > 0)
        buf_addf(out, "%3d%% %" PRId64 "/%" PRId64, p->percent, p->done,
                 p->total);
    else
        buf_addf(out, "%" PRId64 " found", p->done);
    if (p->rate > 0)
        buf_addf(out, " %" PRId64 "/s", p->rate);
    add_eta(out, p->eta);
}

static void add_bar(struct buf *out, int percent, size_t width)
{
    size_t full = width * (size_t)percent / 100;

    buf_addc(out, '[');
    for (size_t i = 0; i < width; i++)
        buf_addc(out, i < full ? '#' : '.');
    buf_adds(out, "] ");
}

/* Takes bytes off the end, whole characters, until it fits. */
static void cut_columns(struct buf *b, size_t columns)
{
    while (b->len && ctl_width(b->data) > columns) {
        b->len = charset_cut(b->data, b->len, b->len - 1);
        b->data[b->len] = '\0';
    }
}

void ctl_watch_bar(const char *name, const struct ctl_progress *p,
                   size_t columns, struct buf *out)
{
    cleanup_buf struct buf left = BUF(PATH_MAX * 4);
    cleanup_buf struct buf right = BUF(PROGRESS_MAX);
    size_t used;

    ctl_clean(&left, name, strlen(name));
    buf_addf(&left, " %s ",
             strcmp(p->state, "running") == 0 ? p->stage : p->state);
    add_figures(&right, p);
    used = ctl_width(buf_str(&left)) + ctl_width(buf_str(&right)) + 3;
    buf_adds(out, buf_str(&left));
    if (p->total > 0 && used + BAR_MIN <= columns)
        add_bar(out, p->percent,
                columns - used < BAR_MAX ? columns - used : BAR_MAX);
    buf_adds(out, buf_str(&right));
    if (!out->error)
        cut_columns(out, columns);
}

static void draw_line(const struct ctl_watched *w)
{
    cleanup_buf struct buf line = BUF(PATH_MAX * 4);
    const struct ctl_progress *p = &w->now;

    ctl_clean(&line, w->place, strlen(w->place));
    if (strcmp(p->state, "none") == 0) {
        buf_adds(&line, ": no job");
    } else {
        buf_addf(&line, ": %s %s ", p->state, p->stage);
        add_figures(&line, p);
    }
    printf("%s\n", buf_str(&line));
}

/* Several jobs in one bar. */
static void sum_up(const struct ctl_watched *stores, size_t n,
                   struct ctl_progress *sum, char *name, size_t size)
{
    size_t going = 0;
    const struct ctl_watched *one = NULL;

    *sum = (struct ctl_progress){.state = "running", .eta = -1};
    for (size_t i = 0; i < n; i++) {
        sum->done += stores[i].now.done;
        sum->total += stores[i].now.total;
        if (stores[i].ended)
            continue;
        going++;
        one = &stores[i];
        sum->rate += one->now.rate;
    }
    if (going == 1 && one && n == 1) {
        *sum = one->now;
        snprintf(name, size, "%s", one->place);
        return;
    }
    snprintf(name, size, "%zu of %zu jobs", going, n);
    if (sum->total > 0)
        sum->percent = (int)(sum->done * 100 / sum->total);
    if (sum->percent > 100)
        sum->percent = 100;
    if (sum->rate > 0 && sum->total > sum->done)
        sum->eta = (sum->total - sum->done) / sum->rate;
}

static void draw_bar(const struct ctl_watched *stores, size_t n)
{
    cleanup_buf struct buf line = BUF(PATH_MAX * 4);
    struct ctl_progress sum;
    char name[PATH_MAX];

    sum_up(stores, n, &sum, name, sizeof(name));
    /* The last column stays free: some terminals wrap there. */
    ctl_watch_bar(name, &sum, terminal_columns() - 1, &line);
    printf("\r\033[K%s", buf_str(&line));
    fflush(stdout);
}

/* ---- following ---- */

/* The store's progress as it is now; the open file in *fd_r, for poll. */
static int look(const struct ctl_watched *w, struct ctl_progress *p, int *fd_r,
                struct err *err)
{
    cleanup_free char *path = io_join(w->dir, ".ctl/progress");
    char line[PROGRESS_MAX];
    ssize_t n;

    if (!path)
        return err_set(err, ENOMEM, "no memory");
    *fd_r = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd_r < 0)
        return err_sys(err, errno, "%s", path);
    n = io_read(*fd_r, line, sizeof(line) - 1);
    if (n < 0)
        return err_sys(err, (int)-n, "%s", path);
    line[n] = '\0';
    if (ctl_progress_parse(line, p) < 0)
        return err_set(err, EPROTO, "%s: not understood: %s", path, line);
    return 0;
}

static bool same(const struct ctl_progress *a, const struct ctl_progress *b)
{
    return strcmp(a->state, b->state) == 0 && strcmp(a->stage, b->stage) == 0 &&
           a->done == b->done && a->total == b->total;
}

/* One store: draws what is new of it. 1 when it goes on. */
static int follow(struct ctl_watched *w, bool bar, int *fd_r, struct err *err)
{
    struct ctl_progress p = {0};
    int rc = look(w, &p, fd_r, err);
    bool news;

    if (rc)
        return rc;
    news = !same(&p, &w->now);
    w->now = p;
    w->ended = ctl_progress_ended(&p);
    if (bar && w->ended)
        printf("\r\033[K");
    if (w->ended || (news && !bar))
        draw_line(w);
    fflush(stdout);
    return !w->ended;
}

/* One look at all that go on; how many that are. With one store left open in
 * *fd_r, its progress file. */
static int follow_all(struct ctl_watched *stores, size_t n, bool bar, int *fd_r,
                      struct err *err)
{
    int going = 0;

    for (size_t i = 0; i < n; i++) {
        cleanup_fd int fd = -1;
        int rc;

        if (stores[i].ended)
            continue;
        rc = follow(&stores[i], bar, &fd, err);
        if (rc < 0)
            return rc;
        going += rc;
        if (n == 1)
            *fd_r = steal_fd(&fd);
    }
    return going;
}

/* Until the file changes or it is time to look. */
static void rest(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLPRI};

    if (fd < 0 || poll(&p, 1, WATCH_MS) > 0)
        usleep((fd < 0 ? WATCH_MS : WATCH_REST_MS) * 1000);
}

int ctl_watch(struct ctl_watched *stores, size_t n, struct err *err)
{
    bool bar = isatty(STDOUT_FILENO);
    int going, bad = 0;

    for (;;) {
        cleanup_fd int fd = -1;
        going = follow_all(stores, n, bar, &fd, err);
        if (going <= 0)
            break;
        if (bar)
            draw_bar(stores, n);
        rest(fd);
    }
    for (size_t i = 0; i < n; i++)
        bad |= strcmp(stores[i].now.state, "done") != 0;
    return going < 0 ? going : bad;
}
