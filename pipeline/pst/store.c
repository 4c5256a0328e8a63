#include <string.h>

#include "pipeline/pst/bytes.h"
#include "pipeline/pst/heap.h"

#define NAME_MAX_BYTES  4096u
#define ENTRYID_SIZE    24u
#define ENTRYID_NID_AT  20u
#define PR_INBOX_FOLDER 0x6605 /* in the receive-folder table */
#define PAGES_SEEN_MAX  16u

/* Section 15: entry ids in the properties of the store. */
static const struct {
    uint16_t id;
    size_t offset; /* in struct pst_info */
    uint32_t ost;  /* the folder's number in every OST (section 20) */
} folder_ids[] = {
    {PR_IPM_SUBTREE_ENTRYID, offsetof(struct pst_info, ipm_subtree), 0x2142},
    {PR_IPM_OUTBOX_ENTRYID, offsetof(struct pst_info, outbox), 0x21A2},
    {PR_IPM_DELETED_ENTRYID, offsetof(struct pst_info, deleted), 0x2162},
    {PR_IPM_SENT_ENTRYID, offsetof(struct pst_info, sent), 0x21C2},
};
#define OST_INBOX 0x2182u

static uint32_t existing(struct pst *pst, uint32_t nid)
{
    struct node node;

    return nid && node_find(pst, nid, &node, NULL) == 0 ? nid : 0;
}

/* The folder that an entry id of this store names, 0 for none. */
static uint32_t folder_of_entryid(struct pst_props *props, uint16_t id)
{
    struct pst *pst = props->pst;
    struct buf entry = BUF(1024);
    uint32_t nid = 0;

    if (pst_props_bytes(props, id, &entry, NULL) == 0 &&
        entry.len == ENTRYID_SIZE)
        nid = get32(entry.data + ENTRYID_NID_AT);
    if (nid && pst->info.has_record_key &&
        memcmp(entry.data + 4, pst->info.record_key, PST_RECORD_KEY_SIZE) != 0)
        nid = 0; /* in another store */
    buf_finish(&entry);
    return existing(pst, nid);
}

static void folders_from_props(struct pst *pst, struct pst_props *props)
{
    for (size_t i = 0; i < array_len(folder_ids); i++) {
        uint32_t nid = folder_of_entryid(props, folder_ids[i].id);
        memcpy((char *)&pst->info + folder_ids[i].offset, &nid, sizeof(nid));
    }
}

static void folders_from_numbers(struct pst *pst)
{
    for (size_t i = 0; i < array_len(folder_ids); i++) {
        char *at = (char *)&pst->info + folder_ids[i].offset;
        uint32_t nid;
        memcpy(&nid, at, sizeof(nid));
        if (nid)
            continue;
        nid = existing(pst, folder_ids[i].ost);
        memcpy(at, &nid, sizeof(nid));
    }
}

static void store_props_read(struct pst *pst, struct pst_props *props)
{
    struct buf key = BUF(1024), name = BUF(NAME_MAX_BYTES);

    if (pst_props_bytes(props, PR_RECORD_KEY, &key, NULL) == 0 &&
        key.len == PST_RECORD_KEY_SIZE) {
        memcpy(pst->info.record_key, key.data, key.len);
        pst->info.has_record_key = true;
    }
    buf_finish(&key);
    if (props_text_cut(props, PR_DISPLAY_NAME, NAME_MAX_BYTES / 4, true, &name,
                       NULL) == 0)
        pst->display_name = buf_steal(&name);
    buf_finish(&name);
    pst->info.has_password = pst_props_int(props, PR_PST_PASSWORD, 0) != 0;
    folders_from_props(pst, props);
}

/* The row of class "" in the receive-folder table names the inbox. */
static uint32_t inbox_find(struct pst *pst)
{
    struct node node;
    struct table *table = NULL;
    uint32_t inbox = 0;

    if (node_find(pst, NID_RECEIVE_FOLDERS, &node, NULL) < 0 ||
        table_open(pst, &node, &table, NULL) < 0)
        return 0;
    for (uint64_t r = 0; r < table_rows(table) && !inbox; r++) {
        struct buf class = BUF(1024);
        struct pst_props row;
        if (!table_row(table, r, &row))
            continue;
        props_text_cut(&row, PR_MESSAGE_CLASS, 256, true, &class, NULL);
        if (class.len == 0)
            inbox = (uint32_t)pst_props_int(&row, PR_INBOX_FOLDER, 0);
        buf_finish(&class);
    }
    table_free(&table);
    return inbox == NID_ROOT ? 0 : existing(pst, inbox);
}

/* Inbox and root folder name the drafts. */
static uint32_t drafts_find(struct pst *pst)
{
    const uint32_t where[] = {pst->info.inbox, NID_ROOT};
    uint32_t drafts = 0;

    for (size_t i = 0; i < array_len(where) && !drafts; i++) {
        struct pst_props *props = NULL;
        struct node node;
        if (where[i] && node_find(pst, where[i], &node, NULL) == 0 &&
            props_open(pst, &node, &props, NULL) == 0)
            drafts = folder_of_entryid(props, PR_IPM_DRAFTS_ENTRYID);
        props_free(&props);
    }
    return drafts;
}

/* Some writers encrypt and say that they do not (section 8): the store's own
 * properties tell. */
static void crypt_probe(struct pst *pst)
{
    struct pst_stream *s = NULL;
    struct node node;
    uint8_t head[4];

    if (pst->crypt != PST_CRYPT_NONE ||
        node_find(pst, NID_STORE, &node, NULL) < 0 ||
        stream_open(pst, node.data, &s, NULL) < 0)
        return;
    if (pst_stream_read(s, 0, head, sizeof(head), NULL) == sizeof(head) &&
        head[2] != HEAP_SIGNATURE) {
        crypt_decode(PST_CRYPT_PERMUTE, 0, head, sizeof(head));
        if (head[2] == HEAP_SIGNATURE && head[3] == HEAP_PROPS)
            pst->crypt = PST_CRYPT_PERMUTE;
    }
    pst_stream_free(&s);
    if (pst->crypt == PST_CRYPT_NONE)
        return;
    pst->info.crypt_name = "permute";
    pst_note(pst, "header: says not encrypted, but the blocks are");
    cache_clear(&pst->blocks);
}

void store_read(struct pst *pst)
{
    struct pst_props *props = NULL;
    struct err err = {0};
    struct node node;
    int rc;

    crypt_probe(pst);
    rc = node_find(pst, NID_STORE, &node, &err);
    if (pst->info.format == PST_ANSI)
        pst->info.codepage = codepage_of_items(pst);
    if (pst->info.codepage == 0)
        pst->info.codepage = 1252;
    pst->info.display_name = "";
    pst->info.root = existing(pst, NID_ROOT);
    if (rc == 0)
        rc = props_open(pst, &node, &props, &err);
    if (rc == 0)
        store_props_read(pst, props);
    else
        pst_note(pst, "the store's properties: %s", err.msg);
    props_free(&props);
    if (pst->display_name)
        pst->info.display_name = pst->display_name;
    pst->info.inbox = inbox_find(pst);
    if (pst->info.is_ost) {
        folders_from_numbers(pst);
        if (!pst->info.inbox)
            pst->info.inbox = existing(pst, OST_INBOX);
    }
    pst->info.drafts = drafts_find(pst);
}

void pst_set_codepage(struct pst *pst, unsigned codepage)
{
    pst->info.codepage = codepage;
}

struct pages {
    struct pst *pst;
    unsigned asked;
    unsigned count;
    struct {
        unsigned page, votes;
    } seen[PAGES_SEEN_MAX];
};

static void page_vote(struct pages *p, unsigned page)
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->seen[i].page == page) {
            p->seen[i].votes++;
            return;
        }
    if (p->count < PAGES_SEEN_MAX) {
        p->seen[p->count].page = page;
        p->seen[p->count++].votes = 1;
    }
}

static int item_ask(void *ctx, const struct node *node)
{
    struct pages *p = ctx;
    struct pst_props *props = NULL;
    unsigned page;

    if (NID_TYPE(node->nid) != NID_MESSAGE)
        return 0;
    if (props_open(p->pst, node, &props, NULL) < 0)
        return 0;
    page = props_named_codepage(props);
    if (page)
        page_vote(p, page);
    props_free(&props);
    return ++p->asked == PST_CODEPAGE_SAMPLE;
}

unsigned codepage_of_items(struct pst *pst)
{
    struct pages p = {.pst = pst};
    unsigned best = 0;

    nodes_walk(pst, 0, item_ask, &p);
    for (unsigned i = 1; i < p.count; i++)
        if (p.seen[i].votes > p.seen[best].votes)
            best = i;
    return p.count ? p.seen[best].page : 0;
}
