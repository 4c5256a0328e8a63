#include "fs/control_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/base/clock.h"

#define SHOWN_MAX 256 /* bytes of a command that are shown */

struct entry {
    char *text; /* as shown; NULL: unused */
};

static pthread_mutex_t ring_lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry ring[CONTROL_ERRORS];
static size_t ring_next;
static _Thread_local int blamed = -1;

void control_blame(int column)
{
    blamed = column;
}

int control_blamed(void)
{
    return blamed;
}

void control_clean(struct buf *out, const char *text, size_t len)
{
    char *to = buf_grow(out, len);

    if (!to)
        return;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        to[i] = c < ' ' || c == 0x7f ? '?' : text[i];
    }
}

/* The caret stands under a character: bytes that continue one count 0. */
static void add_caret(struct buf *out, const char *command, size_t column)
{
    buf_adds(out, "  ");
    for (size_t i = 0; i < column; i++)
        if (((unsigned char)command[i] & 0xc0) != 0x80)
            buf_addc(out, ' ');
    buf_adds(out, "^\n");
}

static void add_command(struct buf *out, const char *command, size_t len,
                        int column)
{
    size_t shown = len < SHOWN_MAX ? len : SHOWN_MAX;

    while (shown < len && ((unsigned char)command[shown] & 0xc0) == 0x80)
        shown--;
    buf_adds(out, "  ");
    control_clean(out, command, shown);
    buf_adds(out, shown < len ? "...\n" : "\n");
    if (column >= 0 && (size_t)column <= shown)
        add_caret(out, command, (size_t)column);
}

void control_errors_add(struct fs *fs, const char *file,
                        const struct control_caller *caller,
                        const char *command, size_t len, int column,
                        const struct err *err)
{
    cleanup_buf struct buf out = BUF(CONTROL_LINE_MAX * 4);
    char when[TIME_TEXT_MAX];
    struct entry *e;

    buf_addf(&out, "%s uid %u ", time_rfc3339(time_now(), when), caller->uid);
    control_clean(&out, file, strlen(file));
    buf_addc(&out, '\n');
    add_command(&out, command, len, column);
    buf_adds(&out, "  ");
    control_clean(&out, err->msg, strlen(err->msg));
    buf_addf(&out, " (%s)\n",
             strerrorname_np(err->code) ? strerrorname_np(err->code) : "error");
    pthread_mutex_lock(&ring_lock);
    e = &ring[ring_next++ % CONTROL_ERRORS];
    free(e->text);
    e->text = buf_steal(&out);
    pthread_mutex_unlock(&ring_lock);
    control_bump();
}

int control_errors_show(struct fs *fs, int64_t store, struct buf *out,
                        struct err *err)
{
    pthread_mutex_lock(&ring_lock);
    for (size_t i = 0; i < CONTROL_ERRORS; i++) {
        const char *text = ring[(ring_next + i) % CONTROL_ERRORS].text;

        if (text)
            buf_adds(out, text);
    }
    pthread_mutex_unlock(&ring_lock);
    return 0;
}

void control_errors_clear(void)
{
    pthread_mutex_lock(&ring_lock);
    for (size_t i = 0; i < CONTROL_ERRORS; i++) {
        free(ring[i].text);
        ring[i].text = NULL;
    }
    pthread_mutex_unlock(&ring_lock);
    control_bump();
}
