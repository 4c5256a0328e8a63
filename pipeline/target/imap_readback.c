/* Reading a mailbox back, message by message, hashing as it comes. */
#include <stdio.h>
#include <string.h>

#include "pipeline/target/imap.h"
#include "pipeline/target/imap_text.h"

/* A lost connection may have left half a message in the hash. */
void imap_body_piece(struct imap_body *b, uint64_t total, uint64_t off,
                     const void *data, size_t len)
{
    if (off == 0)
        hash_end(b->hash, b->digest);
    hash_add(b->hash, data, len);
    if (off + len < total)
        return;
    hash_end(b->hash, b->digest);
    b->size = total;
    b->streamed = true;
}

bool imap_body_take(struct imap_body *b, const char *line, size_t len,
                    struct imap_fetch *f_r)
{
    bool streamed = b->streamed;

    b->streamed = false;
    if (!imap_fetch_parse(line, len, f_r) || !f_r->body || !f_r->uid)
        return false;
    if (!streamed) {
        hash_once(f_r->body, f_r->body_len, b->digest);
        b->size = f_r->body_len;
    }
    return true;
}

struct readback {
    struct imap_body body;
    target_seen_fn *fn;
    void *ctx;
    uint32_t uidvalidity;
};

static void body_literal(void *ctx, uint64_t total, uint64_t off,
                         const void *data, size_t len)
{
    struct readback *r = ctx;

    imap_body_piece(&r->body, total, off, data, len);
}

static int body_line(void *ctx, const char *line, size_t len, struct err *err)
{
    struct readback *r = ctx;
    char remote[TARGET_REMOTE_MAX];
    struct imap_fetch f;

    if (!imap_body_take(&r->body, line, len, &f))
        return 0;
    snprintf(remote, sizeof(remote), "%u.%llu", r->uidvalidity,
             (unsigned long long)f.uid);
    return r->fn(r->ctx, remote, r->body.size, r->body.digest);
}

int imap_readback(struct target *target, struct target_folder *folder,
                  target_seen_fn *fn, void *ctx, struct err *err)
{
    struct imap *t = (struct imap *)target;
    struct imap_folder *f = (struct imap_folder *)folder;
    struct readback r = {.body = {.hash = t->hash}, .fn = fn, .ctx = ctx};
    struct imap_handler h = {
        .line = body_line, .literal = body_literal, .ctx = &r};
    int ret = imap_need(t, err);

    if (!ret)
        ret = imap_folder_select(t, f, false, err);
    if (ret)
        return ret;
    r.uidvalidity = f->uidvalidity;
    if (f->exists)
        ret = imap_must(t->conn, "UID FETCH 1:* (UID BODY.PEEK[])", &h, err);
    return ret ? ret : imap_folder_unselect(t, f, false, err);
}
