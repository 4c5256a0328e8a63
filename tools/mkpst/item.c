#include "tools/mkpst/item.h"

#include <stdlib.h>

struct item *item_new(const char *class, const struct script *script,
                      bool unicode)
{
    struct item *item = mem_new(sizeof(*item));

    item->class = class;
    item->script = script;
    item->enc = (struct encoding){unicode, script->codepage};
    item->html_codepage = unicode ? 65001 : script->codepage;
    item->delivered = item->submitted = TIME_NONE;
    item->importance = 1;
    item->text = item->html = item->rtf = (struct buf)MEM_BUF;
    item->json = (struct buf)MEM_BUF;
    props_init(&item->props, &item->enc);
    return item;
}

void item_free(struct item **ip)
{
    struct item *item = *ip;

    if (!item)
        return;
    for (size_t i = 0; i < item->part_count; i++) {
        free(item->parts[i].name);
        free(item->parts[i].content_id);
        buf_finish(&item->parts[i].data);
        item_free(&item->parts[i].item);
    }
    free(item->parts);
    free(item->recipients);
    free(item->subject);
    free(item->message_id);
    free(item->in_reply_to);
    free(item->headers);
    buf_finish(&item->text);
    buf_finish(&item->html);
    buf_finish(&item->rtf);
    buf_finish(&item->json);
    props_finish(&item->props);
    free(item);
    *ip = NULL;
}

void item_recipient(struct item *item, enum recipient_type type,
                    const struct person *who)
{
    item->recipients =
        mem_grow(item->recipients, item->recipient_count, &item->recipient_cap,
                 sizeof(*item->recipients));
    item->recipients[item->recipient_count++] = (struct recipient){type, who};
}

struct part *item_part(struct item *item)
{
    item->parts = mem_grow(item->parts, item->part_count, &item->part_cap,
                           sizeof(*item->parts));
    item->parts[item->part_count] = (struct part){.data = MEM_BUF};
    return &item->parts[item->part_count++];
}

void item_display(const struct item *item, enum recipient_type type,
                  struct buf *out)
{
    bool first = true;

    for (size_t i = 0; i < item->recipient_count; i++) {
        if (item->recipients[i].type != type)
            continue;
        if (!first)
            buf_adds(out, "; ");
        buf_adds(out, item->recipients[i].who->name);
        first = false;
    }
    mem_check(out);
}
