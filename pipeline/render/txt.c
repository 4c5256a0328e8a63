#include "pipeline/render/txt.h"

#include <string.h>

#include "pipeline/render/body.h"

static void write_remark(void *ctx, enum message_remark what, const char *line)
{
    static const char *const names[] = {[MESSAGE_RECOVERED] =
                                            "X-Pstfs-Recovered",
                                        [MESSAGE_DEFECT] = "X-Pstfs-Defect"};

    buf_addf(ctx, "[%s: %s]\n", names[what], line);
}

void txt_note(struct message *m, const char *method, struct native *out)
{
    const char *subject = message_subject(m);
    const char *body = body_plain(m);
    size_t n = strlen(subject);

    /* Outlook takes the first line of a note for its subject. */
    if (n && strncmp(body, subject, n) != 0) {
        buf_adds(&out->head, subject);
        buf_adds(&out->head, *body ? "\n\n" : "");
    }
    buf_adds(&out->head, body);
    if (out->head.len && out->head.data[out->head.len - 1] != '\n')
        buf_addc(&out->head, '\n');
    message_remarks(m, write_remark, &out->head);
}
