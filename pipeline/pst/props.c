#include <string.h>

#include "pipeline/pst/bytes.h"
#include "pipeline/pst/heap.h"

#define PC_KEY    2u
#define PC_DATA   6u
#define PC_RECORD (PC_KEY + PC_DATA)

static int records_add(void *ctx, const uint8_t *records, size_t count)
{
    struct pst_props *p = ctx;
    struct prop *list;

    if (count > PST_PROPS_MAX - p->count)
        count = PST_PROPS_MAX - p->count;
    if (count == 0)
        return 0;
    list = realloc(p->list, (p->count + count) * sizeof(*list));
    if (!list)
        return -ENOMEM;
    p->list = list;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = records + i * PC_RECORD;
        struct prop prop = {get16(at), get16(at + 2), get32(at + 4)};
        if (prop.type == 0) /* padding of third-party writers */
            continue;
        if (p->count && p->list[p->count - 1].id >= prop.id)
            p->sorted = false;
        p->list[p->count++] = prop;
    }
    return 0;
}

static int records_read(struct pst_props *p, struct err *err)
{
    struct err damage = {0};
    struct bth bth;
    int rc = bth_open(p->heap, heap_root(p->heap), &bth, err);

    if (rc < 0)
        return rc;
    if (bth.key_size != PC_KEY || bth.data_size != PC_DATA)
        return err_set(err, EBADMSG, "a property list of impossible shape");
    p->sorted = true;
    rc = bth_walk(&bth, records_add, p, &damage);
    if (rc < 0 && p->count == 0)
        return err_set(err, damage.code ? damage.code : -rc, "%s", damage.msg);
    if (rc < 0) {
        damage_lost(heap_sink(p->heap), 0);
        pst_note(p->pst, "a property list is not whole: %s", damage.msg);
    }
    return 0;
}

int props_open(struct pst *pst, const struct node *node,
               struct pst_props **props_r, struct err *err)
{
    struct pst_props *p = calloc(1, sizeof(*p));
    int rc;

    *props_r = NULL;
    if (!p)
        return err_sys(err, ENOMEM, "properties");
    p->pst = pst;
    rc = heap_open(pst, node, HEAP_PROPS, &p->heap, err);
    if (rc == 0)
        rc = records_read(p, err);
    if (rc < 0)
        props_free(&p);
    *props_r = p;
    return rc;
}

void props_free(struct pst_props **props)
{
    struct pst_props *p = *props;

    if (!p)
        return;
    if (!p->table)
        heap_free(&p->heap);
    free(p->list);
    free(p->kept);
    free(p);
    *props = NULL;
}

/* Of records with one id the first counts. */
static const struct prop *prop_find(const struct pst_props *p, uint16_t id)
{
    size_t low = 0, high = p->count;

    if (!p->sorted) {
        for (size_t i = 0; i < p->count; i++)
            if (p->list[i].id == id)
                return &p->list[i];
        return NULL;
    }
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (p->list[middle].id == id)
            return &p->list[middle];
        if (p->list[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool pc_cell(struct pst_props *p, uint16_t id, struct cell *cell_r)
{
    const struct prop *prop = prop_find(p, id);
    struct err err = {0};
    const uint8_t *data;
    size_t len;

    if (!prop)
        return false;
    cell_r->type = prop->type;
    cell_r->width = (uint8_t)value_width(prop->type);
    cell_r->hnid = prop->hnid;
    cell_r->heap = p->heap;
    if (cell_r->width == 8) {
        if (heap_get(p->heap, prop->hnid, &data, &len, &err) < 0 || len < 8) {
            damage_lost(heap_sink(p->heap), id);
            pst_note(p->pst, "property %04x has no value: %s", id, err.msg);
            return false;
        }
        memcpy(cell_r->fixed, data, 8);
    } else if (cell_r->width) {
        uint32_t inline_value = htole32(prop->hnid);
        memset(cell_r->fixed, 0, sizeof(cell_r->fixed));
        memcpy(cell_r->fixed, &inline_value, cell_r->width);
    }
    return true;
}

bool props_cell(struct pst_props *p, uint16_t id, struct cell *cell_r)
{
    return p->table ? table_cell(p, id, cell_r) : pc_cell(p, id, cell_r);
}

unsigned pst_props_type(struct pst_props *p, uint16_t id)
{
    const struct prop *prop;
    struct cell cell;

    if (p->table)
        return table_cell(p, id, &cell) ? cell.type : 0;
    prop = prop_find(p, id);
    return prop ? prop->type : 0;
}

size_t pst_props_count(struct pst_props *p)
{
    return p->table ? table_columns(p->table) : p->count;
}

void pst_props_at(struct pst_props *p, size_t i, uint16_t *id_r,
                  uint16_t *type_r)
{
    if (p->table) {
        table_column(p->table, i, id_r, type_r);
    } else {
        *id_r = i < p->count ? p->list[i].id : 0;
        *type_r = i < p->count ? p->list[i].type : 0;
    }
}

bool pst_props_bool(struct pst_props *p, uint16_t id, bool fallback)
{
    struct cell c;

    if (!props_cell(p, id, &c) || c.type != PT_BOOL)
        return fallback;
    return c.fixed[0] != 0;
}

int32_t pst_props_int(struct pst_props *p, uint16_t id, int32_t fallback)
{
    struct cell c;

    if (!props_cell(p, id, &c))
        return fallback;
    if (c.type == PT_INT16)
        return (int16_t)get16(c.fixed);
    if (c.type == PT_INT32 || c.type == PT_ERROR)
        return (int32_t)get32(c.fixed);
    return fallback;
}

int64_t pst_props_int64(struct pst_props *p, uint16_t id, int64_t fallback)
{
    struct cell c;

    if (!props_cell(p, id, &c))
        return fallback;
    if (c.type == PT_INT64 || c.type == PT_CURRENCY)
        return (int64_t)get64(c.fixed);
    if (c.type == PT_INT32)
        return (int32_t)get32(c.fixed);
    return c.type == PT_INT16 ? (int16_t)get16(c.fixed) : fallback;
}

double pst_props_double(struct pst_props *p, uint16_t id, double fallback)
{
    struct cell c;
    uint64_t bits;
    uint32_t low;
    double wide;
    float narrow;

    if (!props_cell(p, id, &c))
        return fallback;
    bits = get64(c.fixed);
    low = get32(c.fixed);
    memcpy(&wide, &bits, sizeof(wide));
    memcpy(&narrow, &low, sizeof(narrow));
    if (c.type == PT_FLOAT64 || c.type == PT_APPTIME)
        return wide;
    return c.type == PT_FLOAT32 ? (double)narrow : fallback;
}

uint64_t pst_props_time(struct pst_props *p, uint16_t id)
{
    struct cell c;

    if (!props_cell(p, id, &c) || c.type != PT_TIME)
        return 0;
    return get64(c.fixed);
}
