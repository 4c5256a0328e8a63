/*
 * The IMAP target against a hostile server. In the place of imap_conn.c
 * stands a connection whose server says what the input says, a line at a
 * time; a byte 1 in it stands for the tag of the command at work.
 *     capabilities, what is done (bits), then the server's bytes
 */
#include <stdio.h>
#include <string.h>

#include "pipeline/target/imap.h"
#include "tests/fuzz/fuzz.h"

#define ITEMS      3
#define TAG_MARK   1
#define RECEIVED   65536 /* bytes not taken yet, at most */
#define LINE_LIMIT ((size_t)1 << 20)

struct imap_conn {
    struct buf in, line;
    size_t taken;
    bool broken;
};

static struct fuzz_in wire;
static unsigned tag, caps;

/* ---- the connection ---- */

int imap_conn_new(const struct imap_login *login, struct imap_conn **c_r,
                  struct err *err)
{
    struct imap_conn *c = wire.left ? calloc(1, sizeof(*c)) : NULL;

    if (!c)
        return err_set(err, EHOSTUNREACH, "the server is gone");
    c->in.max = RECEIVED;
    c->line.max = LINE_LIMIT;
    *c_r = c;
    return 0;
}

void imap_conn_free(struct imap_conn **c)
{
    if (!*c)
        return;
    buf_finish(&(*c)->in);
    buf_finish(&(*c)->line);
    free(*c);
    *c = NULL;
}

bool imap_conn_broken(const struct imap_conn *c)
{
    return c->broken;
}

void imap_conn_cut(struct imap_conn *c)
{
    c->broken = true;
}

unsigned imap_conn_caps(const struct imap_conn *c)
{
    return caps;
}

uint64_t imap_conn_append_limit(const struct imap_conn *c)
{
    return caps & 0x80 ? 100 : 0;
}

int imap_conn_fail(struct imap_conn *c, struct err *err, int code,
                   const char *words)
{
    c->broken = true;
    return err_set(err, code, "IMAP: %s", words);
}

int imap_flush(struct imap_conn *c, struct err *err)
{
    return c->broken ? imap_conn_fail(c, err, ECONNRESET, "no connection") : 0;
}

int imap_write(struct imap_conn *c, const void *data, size_t len,
               struct err *err)
{
    return imap_flush(c, err);
}

int imap_begin(struct imap_conn *c, const char *text, unsigned *tag_r,
               struct err *err)
{
    FUZZ_MUST(!strpbrk(text, "\r\n"));
    *tag_r = ++tag;
    return imap_flush(c, err);
}

int imap_in_fill(struct imap_conn *c, struct err *err)
{
    bool more = true;

    if (c->broken || !wire.left)
        return imap_conn_fail(c, err, ECONNRESET, "the server is gone");
    if (c->taken == c->in.len) {
        buf_clear(&c->in);
        c->taken = 0;
    }
    while (more && wire.left) {
        char byte = (char)fuzz_number(&wire, 1);
        if (byte == TAG_MARK)
            buf_addf(&c->in, "PX%u", tag);
        else
            buf_addc(&c->in, byte);
        more = byte != '\n' && c->in.len - c->taken < 200;
    }
    return 0;
}

const char *imap_in_data(const struct imap_conn *c, size_t *len_r)
{
    *len_r = c->in.len - c->taken;
    return buf_str(&c->in) + c->taken;
}

void imap_in_take(struct imap_conn *c, size_t len)
{
    FUZZ_MUST(len <= c->in.len - c->taken);
    c->taken += len;
}

struct buf *imap_conn_line(struct imap_conn *c)
{
    return &c->line;
}

/* ---- the work ---- */

static int see(void *ctx, const char *remote, uint64_t size,
               const uint8_t hash[HASH_SIZE])
{
    FUZZ_MUST(strlen(remote) < TARGET_REMOTE_MAX);
    return 0;
}

static void fill_items(struct target_item *items)
{
    static const char *const ids[ITEMS] = {
        "00112233445566778899aabbccddeeff.00200024",
        "00112233445566778899aabbccddeeff.00200044",
        "00112233445566778899aabbccddeeff.00200064"};

    memset(items, 0, ITEMS * sizeof(*items));
    for (unsigned i = 0; i < ITEMS; i++) {
        items[i].nid = 0x200024 + 32 * i;
        items[i].time = 1000000000;
        items[i].flags = TARGET_SEEN | (i ? TARGET_FORWARDED : 0);
        items[i].id = ids[i];
        items[i].data = "Subject: x\r\n\r\nbody\r\n";
        items[i].size = 20;
    }
}

static void check_items(const struct target_item *items)
{
    for (unsigned i = 0; i < ITEMS; i++) {
        FUZZ_MUST(items[i].error >= 0);
        FUZZ_MUST(memchr(items[i].remote, 0, TARGET_REMOTE_MAX));
        FUZZ_MUST(memchr(items[i].reason, 0, sizeof(items[i].reason)));
    }
}

static void work(struct target *t, unsigned what)
{
    const char *const path[] = {"Archive", "J\xC3\xBCrgen/x"};
    struct target_item items[ITEMS];
    struct target_folder *f = NULL;

    if (imap_ops.folder(t, path, what & 1 ? 2 : 1, &f, NULL) != 0)
        return;
    FUZZ_MUST(f && imap_ops.folder_name(f));
    fill_items(items);
    if (what & 2) {
        imap_ops.put(t, f, items, ITEMS, NULL);
        check_items(items);
    }
    if (what & 4) {
        imap_ops.find(t, f, items, ITEMS, NULL);
        check_items(items);
    }
    if (what & 8)
        imap_ops.readback(t, f, see, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct settings *settings;
    struct target_params params = {.address = "alice"};
    struct target *t = NULL;
    unsigned what;

    if (!settings && settings_new(NULL, &settings, NULL) != 0)
        abort();
    params.settings = settings;
    wire = (struct fuzz_in){data, size};
    tag = 0;
    caps = (unsigned)fuzz_number(&wire, 1);
    what = (unsigned)fuzz_number(&wire, 1);
    if (imap_ops.open(&params, &t, NULL) == 0) {
        work(t, what);
        imap_ops.close(t);
    }
    return 0;
}
