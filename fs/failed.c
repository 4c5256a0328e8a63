#include "fs/failed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/control.h"
#include "fs/node.h"

#define EXT_ITEM   "eml"
#define EXT_REASON "txt"

static int make_name(uint32_t nid, const char *subject, bool is_reason,
                     struct buf *out)
{
    char suffix[24];

    snprintf(suffix, sizeof(suffix), " (%x)", nid);
    return name_make(subject, "(no subject)", suffix,
                     is_reason ? EXT_REASON : EXT_ITEM, out);
}

struct each {
    failed_fn *fn;
    void *ctx;
};

static int each_item(void *ctx, const struct control_failed *item)
{
    struct each *each = ctx;
    int rc = 0;

    if (!node_fits(NODE_FAILED_ITEM, item->nid))
        return 0;
    for (int reason = 0; reason < 2 && rc == 0; reason++) {
        cleanup_buf struct buf name = BUF(NAME_MAX_BYTES + 1);
        rc = make_name(item->nid, item->subject, reason, &name);
        if (rc == 0)
            rc = each->fn(each->ctx, buf_str(&name), item->nid, reason);
    }
    return rc;
}

int failed_each(struct fs *fs, int64_t store, failed_fn *fn, void *ctx)
{
    struct each each = {fn, ctx};

    return control_failed_each(fs, store, each_item, &each);
}

/* The one item asked for, as the ledger has it. */
struct ledger_item {
    bool failed;
    struct buf subject, reason;
};

static int take_item(void *ctx, const struct db_item *item,
                     const char *folder_path)
{
    struct ledger_item *got = ctx;

    got->failed = item->state == ITEM_FAILED;
    buf_adds(&got->subject, item->subject);
    buf_adds(&got->reason, item->reason);
    return 0;
}

static int ledger_get(struct fs *fs, int64_t store, uint32_t nid,
                      struct ledger_item *got)
{
    struct db_job job;
    int rc = db_job_latest(fs->db, store, &job, NULL);

    if (rc == 0)
        rc = db_ledger_get(fs->db, job.id, nid, take_item, got, NULL);
    return rc < 0 ? rc : got->failed ? 0 : -ENOENT;
}

static struct ledger_item ledger_item(void)
{
    return (struct ledger_item){.subject = BUF(1u << 20),
                                .reason = BUF(1u << 16)};
}

static void ledger_finish(struct ledger_item *got)
{
    buf_finish(&got->subject);
    buf_finish(&got->reason);
}

/* The node id in "... (200024).ext", 0 when there is none. */
static uint32_t nid_in(const char *name)
{
    const char *at = strrchr(name, '(');
    unsigned long nid;
    char *end;

    if (!at)
        return 0;
    errno = 0;
    nid = strtoul(at + 1, &end, 16);
    return errno || *end != ')' || nid > UINT32_MAX ? 0 : (uint32_t)nid;
}

int failed_find(struct fs *fs, int64_t store, const char *name, uint32_t *nid_r,
                bool *is_reason_r)
{
    struct ledger_item got = ledger_item();
    cleanup_buf struct buf expect = BUF(NAME_MAX_BYTES + 1);
    const char *dot = strrchr(name, '.');
    uint32_t nid = nid_in(name);
    int rc = -ENOENT;

    if (dot && node_fits(NODE_FAILED_ITEM, nid)) {
        *nid_r = nid;
        *is_reason_r = strcmp(dot + 1, EXT_REASON) == 0;
        rc = ledger_get(fs, store, nid, &got);
    }
    if (rc == 0)
        rc = make_name(nid, buf_str(&got.subject), *is_reason_r, &expect);
    if (rc == 0 && strcmp(buf_str(&expect), name) != 0)
        rc = -ENOENT;
    ledger_finish(&got);
    return rc;
}

int failed_reason(struct fs *fs, int64_t store, uint32_t nid, struct buf *out)
{
    struct ledger_item got = ledger_item();
    int rc = ledger_get(fs, store, nid, &got);

    if (rc == 0) {
        buf_adds(out, buf_str(&got.reason));
        rc = buf_addc(out, '\n');
    }
    ledger_finish(&got);
    return rc;
}
