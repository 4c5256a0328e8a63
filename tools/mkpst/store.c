#include "tools/mkpst/store.h"

#include <string.h>

#include "tools/mkpst/bytes.h"
#include "tools/mkpst/named.h"
#include "tools/mkpst/random.h"

#define KEY_STREAM       0x4B4559
#define SPAM_FOLDER      0x2223
#define SPAM_QUEUE       0x2226
#define SPAM_CRITERIA    0x2227
#define SPAM_CONTENTS    0x2230
#define SEARCH_QUEUE     0x1E1
#define SEARCH_ACTIVITY  0x201
#define SEARCH_DOMAIN    0x261
#define FIRST_UNIQUE     0x100
#define DEFAULT_CODEPAGE 1252

/* The counters' start values (section 3). */
static void init_counters(struct store *s)
{
    for (int i = 0; i < NID_TYPES; i++)
        s->highest[i] = 0x400;
    s->highest[NID_SEARCH_FOLDER] = 0x4000;
    s->highest[NID_MESSAGE] = 0x10000;
    s->highest[NID_HIDDEN] = 0x8000;
}

static void write_templates(struct store *s)
{
    for (int i = 0; i < COLUMNS_COUNT; i++) {
        struct table *t = columns_table(&s->blocks, &s->enc, i);
        s->empty[i] = table_end(&t);
        if (i != COLUMNS_RECEIVE)
            store_node(s, column_sets[i].nid, &s->empty[i], 0);
    }
}

void store_init(struct store *s, const struct options *opt, int fd)
{
    struct rng r;

    *s = (struct store){.opt = opt, .v = opt->variant};
    s->enc = (struct encoding){s->v->unicode, DEFAULT_CODEPAGE};
    rng_init(&r, opt->seed, KEY_STREAM);
    rng_fill(&r, s->record_key, sizeof(s->record_key));
    space_init(&s->space, s->v, fd);
    blocks_init(&s->blocks, &s->space, opt->crypt);
    nodes_init(&s->nodes, &s->blocks);
    init_counters(s);
    write_templates(s);
}

uint32_t store_nid(struct store *s, enum nid_type type)
{
    return NID(type, ++s->highest[type]);
}

void store_claim(struct store *s, uint32_t nid)
{
    uint32_t *highest = &s->highest[nid & (NID_TYPES - 1)];

    if (nid >> 5 > *highest)
        *highest = nid >> 5;
}

void store_node(struct store *s, uint32_t nid, const struct node_data *data,
                uint32_t parent)
{
    node_add(&s->nodes, nid, data, parent);
}

void store_entry_id(const struct store *s, uint32_t nid,
                    uint8_t id_r[ENTRY_ID_SIZE])
{
    memset(id_r, 0, 4);
    memcpy(id_r + 4, s->record_key, RECORD_KEY_SIZE);
    put32(id_r + 20, nid);
}

/* A node of plain properties without subnodes' parents. */
static void add_props_node(struct store *s, uint32_t nid, uint32_t parent,
                           struct props *p)
{
    struct subs subs;
    struct node_data data;

    subs_init(&subs, &s->blocks);
    data = props_end(p, &subs, 0);
    store_node(s, nid, &data, parent);
    props_finish(p);
}

static void add_raw_node(struct store *s, uint32_t nid, const void *bytes,
                         size_t len)
{
    struct node_data data = {.data = block_value(&s->blocks, bytes, len)};

    store_node(s, nid, &data, 0);
}

static void add_entry(struct store *s, struct props *p, uint16_t id,
                      uint32_t nid)
{
    uint8_t entry[ENTRY_ID_SIZE];

    if (!nid)
        return;
    store_entry_id(s, nid, entry);
    props_bytes(p, id, entry, sizeof(entry));
}

/* Node 0x21 (section 15). 4k stores have no 35E0 .. 35E7: section 20. */
static void write_store_props(struct store *s, const struct store_folders *f)
{
    struct props p;
    const char *password = s->opt->password;

    props_init(&p, &s->enc);
    props_bytes(&p, PR_RECORD_KEY, s->record_key, RECORD_KEY_SIZE);
    props_text(&p, PR_DISPLAY_NAME, "mkpst store");
    if (!s->v->large_pages) {
        add_entry(s, &p, PR_IPM_SUBTREE_ENTRYID, f->top);
        add_entry(s, &p, PR_IPM_OUTBOX_ENTRYID, f->outbox);
        add_entry(s, &p, PR_IPM_DELETED_ENTRYID, f->deleted);
        add_entry(s, &p, PR_IPM_SENT_ENTRYID, f->sent);
        add_entry(s, &p, 0x35E5, f->views);
        add_entry(s, &p, 0x35E7, f->search_root);
        props_int(&p, 0x35DF, 1 | 4 | 8 | 0x10 | 0x20 | 0x80);
    }
    props_int(&p, PR_PST_PASSWORD,
              password ? crypt_crc(password, strlen(password)) : 0);
    props_bool(&p, 0x6633, true);
    props_int(&p, 0x66FA, 0x000E0011);
    add_props_node(s, NID_STORE, 0, &p);
}

static void write_names(struct store *s)
{
    struct props p;

    props_init(&p, &s->enc);
    named_props(s->opt->seed, &p);
    add_props_node(s, NID_NAMES, 0, &p);
}

/* 0x62B: which folder takes which class (section 15). */
static void write_receive_table(struct store *s, const struct store_folders *f)
{
    const struct {
        const char *class;
        uint32_t nid;
    } rows[] = {{"", f->inbox}, {"IPM", f->inbox}, {"IPC", NID_ROOT}};
    struct table *t = columns_table(&s->blocks, &s->enc, COLUMNS_RECEIVE);
    struct node_data data;

    for (size_t i = 0; i < array_len(rows); i++) {
        table_row(t, (uint32_t)i + 1);
        table_text(t, PR_MESSAGE_CLASS, NULL, rows[i].class);
        table_int(t, 0x6605, rows[i].nid ? rows[i].nid : NID_ROOT);
    }
    data = table_end(&t);
    store_node(s, column_sets[COLUMNS_RECEIVE].nid, &data, 0);
}

/* "SPAM Search Folder 2" and the queues (sections 14, 21). */
static void write_search_nodes(struct store *s)
{
    uint8_t spam[4], domain[4];
    struct props folder, criteria;
    struct node_data none = {0};

    put32(spam, SPAM_FOLDER);
    put32(domain, NID_ROOT);
    props_init(&folder, &s->enc);
    props_text(&folder, PR_DISPLAY_NAME, "SPAM Search Folder 2");
    props_int(&folder, PR_CONTENT_COUNT, 0);
    props_int(&folder, PR_CONTENT_UNREAD, 0);
    props_bool(&folder, PR_SUBFOLDERS, false);
    add_props_node(s, SPAM_FOLDER, NID_ROOT, &folder);
    props_init(&criteria, &s->enc);
    props_int(&criteria, 0x660B, 0);
    add_props_node(s, SPAM_CRITERIA, 0, &criteria);
    store_node(s, SPAM_QUEUE, &none, 0);
    store_node(s, SPAM_CONTENTS, &s->empty[COLUMNS_SEARCH], 0);
    store_node(s, SEARCH_QUEUE, &none, 0);
    add_raw_node(s, SEARCH_ACTIVITY, spam, sizeof(spam));
    add_raw_node(s, SEARCH_DOMAIN, domain, sizeof(domain));
}

void store_finish(struct store *s, const struct store_folders *f)
{
    struct header h = {.crypt = s->opt->crypt};

    write_store_props(s, f);
    write_names(s);
    write_receive_table(s, f);
    write_search_nodes(s);
    nodes_sort(&s->nodes);
    h.nodes = btree_write_nodes(&s->space, &s->nodes);
    h.blocks = btree_write_blocks(&s->space, &s->blocks);
    h.next_block = ((uint64_t)s->blocks.count + 1) * 4;
    h.unique = FIRST_UNIQUE + (uint32_t)(s->opt->seed & 0xFFFF);
    memcpy(h.highest, s->highest, sizeof(h.highest));
    space_finish(&s->space);
    header_write(&s->space, &h);
    nodes_finish(&s->nodes);
    blocks_finish(&s->blocks);
}
