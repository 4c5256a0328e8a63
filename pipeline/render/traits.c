#include "pipeline/render/traits.h"

#include <string.h>

#include "pipeline/base/clock.h"
#include "pipeline/render/address.h"
#include "pipeline/render/encode.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/header.h"
#include "pipeline/render/voting.h"

#define CATEGORY_MAX 256
#define THREAD_MAX   4096

static void write_rank(struct message *m, struct buf *out,
                       const struct transport_seen *seen)
{
    static const char *const importance[] = {"low", NULL, "high"};
    static const char *const priority[] = {"5", NULL, "1"};
    static const char *const sensitivity[] = {NULL, "Personal", "Private",
                                              "Company-Confidential"};
    int32_t rank = pst_props_int(m->props, PR_IMPORTANCE, 1);
    int32_t sens = pst_props_int(m->props, PR_SENSITIVITY, 0);

    if (rank >= 0 && rank < 3 && importance[rank]) {
        if (!seen->importance)
            buf_addf(out, "Importance: %s\n", importance[rank]);
        if (!seen->priority)
            buf_addf(out, "X-Priority: %s\n", priority[rank]);
    }
    if (sens > 0 && sens < 4 && !seen->sensitivity)
        buf_addf(out, "Sensitivity: %s\n", sensitivity[sens]);
}

static void write_keywords(struct message *m, struct buf *out)
{
    uint16_t id = named_id(m->work, NAME_KEYWORDS);
    const char *word = fetch_element(m, id, 0);
    struct header h;

    if (!word || !*word)
        return;
    header_open(&h, out, "Keywords");
    for (size_t i = 0; word && i < CATEGORY_MAX;
         word = fetch_element(m, id, ++i)) {
        if (!*word)
            continue;
        if (i)
            header_glue(&h, ",");
        header_phrase(&h, word);
    }
    header_close(&h);
}

static void write_thread(struct message *m, struct buf *out)
{
    const char *topic = fetch_own(m, PR_CONVERSATION_TOPIC);
    size_t len;
    const uint8_t *index = fetch_blob(m, PR_CONVERSATION_INDEX, &len);
    struct header h;

    if (*topic)
        header_text(out, "Thread-Topic", topic);
    if (!index || !len || len > THREAD_MAX)
        return;
    header_open(&h, out, "Thread-Index");
    for (size_t i = 0; i < len; i += 45) {
        char line[60];
        size_t n = len - i < 45 ? len - i : 45;
        encode_base64_raw(index + i, n, line);
        header_token(&h, line, (n + 2) / 3 * 4);
    }
    header_close(&h);
}

/* Receipts go to who sent it, when nobody else is named. */
static void write_receipt(struct message *m, const struct transport *t,
                          struct buf *out, const char *name, uint16_t id)
{
    struct mailboxes one = {.count = 1, .room = 1};
    struct mailbox box;

    if (!pst_props_bool(m->props, id, false))
        return;
    box = address_receipt(m);
    if (!box.addr)
        box = address_represented(m, t);
    if (!box.addr)
        box = address_sender(m, t);
    one.list = &box;
    if (box.addr)
        address_write(m, out, name, &one);
}

static void write_time(struct buf *out, const char *name, uint64_t t)
{
    char text[TIME_TEXT_MAX];

    if (t)
        buf_addf(out, "%s: %s\n", name,
                 time_rfc5322(time_from_filetime(t, NULL), text));
}

static void write_times(struct message *m, struct buf *out,
                        const struct transport_seen *seen)
{
    uint64_t reply = pst_props_time(m->props, PR_REPLY_TIME);

    if (!reply)
        reply = fetch_time(m, NAME_TASK_DUE);
    if (!seen->expires)
        write_time(out, "Expires", pst_props_time(m->props, PR_EXPIRY_TIME));
    if (!seen->reply_by)
        write_time(out, "Reply-By", reply);
    write_time(out, "Deferred-Delivery",
               pst_props_time(m->props, PR_DEFERRED_SEND_TIME));
}

void traits_write(struct message *m, const struct transport *t,
                  const struct transport_seen *seen, struct buf *out)
{
    write_rank(m, out, seen);
    if (!seen->keywords)
        write_keywords(m, out);
    if (!t->count)
        write_thread(m, out);
    if (!seen->read_receipt)
        write_receipt(m, t, out, "Disposition-Notification-To",
                      PR_READ_RECEIPT);
    if (!seen->delivery_receipt)
        write_receipt(m, t, out, "Return-Receipt-To", PR_DELIVERY_RECEIPT);
    if (class_is(m->class, "IPM.Note"))
        write_times(m, out, seen);
}

/* ---- in its owner's folder ---- */

static void write_flag(struct message *m, struct buf *out)
{
    int32_t status = pst_props_int(m->props, PR_FLAG_STATUS, 0);
    const char *request = fetch_named(m, NAME_FLAG_REQUEST);

    if (status == FLAG_FOLLOW_UP)
        header_text(out, "X-Message-Flag", *request ? request : "Follow up");
    if (status == FLAG_COMPLETE) {
        buf_adds(out, "X-Pstfs-Flag: complete\n");
        write_time(out, "X-Pstfs-Flag-Completed",
                   pst_props_time(m->props, PR_FLAG_COMPLETE_TIME));
    }
}

static void write_votes(struct message *m, struct buf *out)
{
    cleanup_buf struct buf options = BUF(RENDER_FIELD_MAX);
    const char *vote = fetch_named(m, NAME_VOTE);
    size_t len;
    const uint8_t *data = fetch_blob(m, named_id(m->work, NAME_VOTING), &len);

    if (data)
        voting_options(data, len, pst_props_codepage(m->props), &options);
    if (options.len)
        header_text(out, "X-Pstfs-Voting-Options", buf_str(&options));
    if (*vote)
        header_text(out, "X-Pstfs-Vote", vote);
}

/* The flags as mbox readers and Thunderbird keep them. A file only: targets
 * have flags of their own. */
static void write_status(uint32_t flags, struct buf *out)
{
    unsigned mozilla = (flags & RENDER_SEEN ? 1u : 0) |
                       (flags & RENDER_ANSWERED ? 2u : 0) |
                       (flags & RENDER_FLAGGED ? 4u : 0) |
                       (flags & RENDER_FORWARDED ? 0x1000u : 0);

    buf_addf(out, "Status: %sO\n", flags & RENDER_SEEN ? "R" : "");
    if (flags & (RENDER_ANSWERED | RENDER_FLAGGED | RENDER_DRAFT))
        buf_addf(out, "X-Status: %s%s%s\n", flags & RENDER_ANSWERED ? "A" : "",
                 flags & RENDER_FLAGGED ? "F" : "",
                 flags & RENDER_DRAFT ? "T" : "");
    buf_addf(out, "X-Mozilla-Status: %04x\n", mozilla);
}

void traits_write_own(struct message *m, struct buf *out)
{
    write_flag(m, out);
    write_votes(m, out);
    if (m->depth)
        return;
    if (m->work->flags & RENDER_DRAFT)
        buf_adds(out, "X-Unsent: 1\n");
    if (m->work->is_file)
        write_status(m->work->flags, out);
}
