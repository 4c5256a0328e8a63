#include <string.h>

#include "pipeline/pst/bytes.h"
#include "pipeline/pst/heap.h"

/* Section 12. */
static const struct {
    uint16_t type;
    uint8_t width;
} widths[] = {
    {PT_INT16, 2},    {PT_INT32, 4},   {PT_FLOAT32, 4}, {PT_FLOAT64, 8},
    {PT_CURRENCY, 8}, {PT_APPTIME, 8}, {PT_ERROR, 4},   {PT_BOOL, 1},
    {PT_INT64, 8},    {PT_TIME, 8},
};

unsigned value_width(unsigned type)
{
    for (size_t i = 0; i < array_len(widths); i++)
        if (widths[i].type == type)
            return widths[i].width;
    return 0;
}

/* The data tree of a value that lies in a subnode of the heap's node. */
static int outside_open(const struct cell *cell, struct pst_stream **stream_r,
                        struct err *err)
{
    struct pst *pst = heap_store(cell->heap);
    struct damage *before = damage_enter(pst, heap_sink(cell->heap));
    struct node node;
    int rc = subnode_find(pst, heap_sub(cell->heap), cell->hnid, &node, err);

    *stream_r = NULL;
    if (rc == -ENOENT)
        rc = err_set(err, EBADMSG, "the subnode %#x of a value is missing",
                     cell->hnid);
    else if (rc == 0 && bid_clean(node.data) == 0)
        rc = stream_memory("", 0, stream_r, err);
    else if (rc == 0)
        rc = stream_open(pst, node.data, stream_r, err);
    damage_leave(pst, before);
    return rc;
}

static int outside_load(const struct cell *cell, size_t max, bool cut,
                        struct value *v, struct err *err)
{
    struct pst_stream *s;
    ssize_t got;
    size_t len;
    int rc = outside_open(cell, &s, err);

    if (rc < 0)
        return rc;
    len = pst_stream_size(s) < max ? (size_t)pst_stream_size(s) : max;
    if (pst_stream_size(s) > max && !cut) {
        rc = err_set(err, EFBIG, "a value of %llu bytes",
                     (unsigned long long)pst_stream_size(s));
        pst_stream_free(&s);
        return rc;
    }
    v->owned = malloc(len ? len : 1);
    got = v->owned ? pst_stream_read(s, 0, v->owned, len, err)
                   : err_sys(err, ENOMEM, "value");
    pst_stream_free(&s);
    if (got < 0) {
        value_finish(v);
        return (int)got;
    }
    v->data = v->owned;
    v->len = (size_t)got;
    return 0;
}

int value_load(const struct cell *cell, size_t max, bool cut, struct value *v,
               struct err *err)
{
    int rc;

    v->owned = NULL;
    if (cell->width) {
        memcpy(v->fixed, cell->fixed, sizeof(v->fixed));
        v->data = v->fixed;
        v->len = cell->width;
        return 0;
    }
    if (!hnid_is_heap(cell->hnid))
        return outside_load(cell, max, cut, v, err);
    rc = heap_get(cell->heap, cell->hnid, &v->data, &v->len, err);
    if (rc == 0 && v->len > max) {
        if (!cut)
            return err_set(err, EFBIG, "a value of %zu bytes", v->len);
        v->len = max;
    }
    return rc;
}

void value_finish(struct value *v)
{
    free(v->owned);
    v->owned = NULL;
}

int64_t value_size(const struct cell *cell)
{
    struct pst_stream *s;
    const uint8_t *data;
    int64_t size;
    size_t len;
    int rc;

    if (cell->width)
        return cell->width;
    if (hnid_is_heap(cell->hnid)) {
        rc = heap_get(cell->heap, cell->hnid, &data, &len, NULL);
        return rc < 0 ? rc : (int64_t)len;
    }
    rc = outside_open(cell, &s, NULL);
    if (rc < 0)
        return rc;
    size = (int64_t)pst_stream_size(s);
    pst_stream_free(&s);
    return size;
}

int value_stream(const struct cell *cell, struct pst_stream **stream_r,
                 struct err *err)
{
    struct value v;
    int rc;

    *stream_r = NULL;
    if (!cell->width && !hnid_is_heap(cell->hnid))
        return outside_open(cell, stream_r, err);
    rc = value_load(cell, PST_VALUE_MEMORY, false, &v, err);
    if (rc < 0)
        return rc;
    rc = stream_memory(v.data, v.len, stream_r, err);
    value_finish(&v);
    return rc;
}

/* Fixed-size elements are packed, without a count. */
static int packed_element(const struct value *v, size_t width, size_t i,
                          const uint8_t **data_r, size_t *len_r)
{
    if (i >= v->len / width)
        return -ENOENT;
    *data_r = v->data + i * width;
    *len_r = width;
    return 0;
}

int value_element(const struct value *v, unsigned type, size_t i,
                  const uint8_t **data_r, size_t *len_r)
{
    unsigned single = type & ~PT_MV;
    unsigned width = single == PT_GUID ? 16 : value_width(single);
    uint32_t count, begin, end;

    if (!(type & PT_MV))
        return -ENOENT;
    if (width)
        return packed_element(v, width, i, data_r, len_r);
    count = v->len >= 4 ? get32(v->data) : 0;
    if (count > v->len / 4)
        count = (uint32_t)((v->len - 4) / 4);
    if (i >= count || 4 + 4 * (i + 1) > v->len)
        return -ENOENT;
    begin = get32(v->data + 4 + 4 * i);
    end = i + 1 < count && 4 + 4 * (i + 2) <= v->len
              ? get32(v->data + 8 + 4 * i)
              : (uint32_t)v->len;
    if (begin > end || end > v->len)
        return -EBADMSG;
    *data_r = v->data + begin;
    *len_r = end - begin;
    return 0;
}
