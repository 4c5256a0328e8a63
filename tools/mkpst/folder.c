#include "tools/mkpst/folder.h"

#include <stdlib.h>
#include <string.h>

#define FOLDER_STREAM 0x464F4C44
#define EMPTY_PERCENT 10
#define SENT_PERCENT  20
#define SPAM_FOLDER   0x2223

static const char *const names_ansi[] = {
    "Projects",   "2004",          "Rechnungen (Büro)", "Équipe",
    "Customers",  "R&D / budget",  "Old mail",          "Straße",
    "a.b.c",      "CON",           "Personal",          "Zürich",
    "Inbox copy", "Trailing dot.", "Español: mañana?"};

static const char *const names_unicode[] = {
    "プロジェクト", "Проекты",  "项目",     "Έργα",   "פרויקטים",
    "مشاريع",       "🚀 Launch", "프로젝트", "Źródła", "e\xCC\x81tude"};

/* The standard folders; the number is the fixed node of an OST (section 20).
 */
static const struct {
    enum folder_kind kind, parent;
    const char *name, *class;
    uint32_t ost_nid;
    bool mixed_only;
} standard[] = {
    {FOLDER_TOP, FOLDER_ROOT, "Top of Personal Folders", NULL, 0x2142, false},
    {FOLDER_SEARCH_ROOT, FOLDER_ROOT, "Search Root", NULL, 0x20E2, false},
    {FOLDER_VIEWS, FOLDER_ROOT, "Common Views", NULL, 0x20C2, true},
    {FOLDER_DELETED, FOLDER_TOP, "Deleted Items", NULL, 0x2162, false},
    {FOLDER_INBOX, FOLDER_TOP, "Inbox", "IPF.Note", 0x2182, false},
    {FOLDER_OUTBOX, FOLDER_TOP, "Outbox", "IPF.Note", 0x21A2, true},
    {FOLDER_SENT, FOLDER_TOP, "Sent Items", "IPF.Note", 0x21C2, false},
    {FOLDER_DRAFTS, FOLDER_TOP, "Drafts", "IPF.Note", 0, true},
    {FOLDER_CALENDAR, FOLDER_TOP, "Calendar", "IPF.Appointment", 0, true},
    {FOLDER_CONTACTS, FOLDER_TOP, "Contacts", "IPF.Contact", 0, true},
    {FOLDER_TASKS, FOLDER_TOP, "Tasks", "IPF.Task", 0, true},
    {FOLDER_NOTES, FOLDER_TOP, "Notes", "IPF.StickyNote", 0, true},
    {FOLDER_JOURNAL, FOLDER_TOP, "Journal", "IPF.Journal", 0, true},
    {FOLDER_SEARCH, FOLDER_SEARCH_ROOT, "Unread Mail", NULL, 0, true},
};

static struct folder *folder_new(struct tree *t, enum folder_kind kind,
                                 uint32_t nid, struct folder *parent,
                                 const char *name, const char *class)
{
    struct folder *f = mem_new(sizeof(*f));

    f->kind = kind;
    f->nid = nid ? nid
                 : store_nid(t->store, kind == FOLDER_SEARCH ? NID_SEARCH_FOLDER
                                                             : NID_FOLDER);
    store_claim(t->store, f->nid);
    f->name = mem_text(name);
    f->class = class;
    f->parent = parent;
    f->level = parent && parent->kind != FOLDER_ROOT ? parent->level + 1 : 0;
    if (parent)
        parent->has_children = true;
    t->list = mem_grow(t->list, t->count, &t->cap, sizeof(*t->list));
    t->list[t->count++] = f;
    if (kind != FOLDER_PLAIN && kind != FOLDER_EMPTY)
        t->special[kind] = f;
    return f;
}

static void add_standard(struct tree *t)
{
    bool ost = t->store->v->large_pages;
    struct folder *root = folder_new(t, FOLDER_ROOT, NID_ROOT, NULL, "", NULL);

    if (ost) {
        folder_new(t, FOLDER_EMPTY, 0x2002, root, "Root - Public", NULL);
        t->special[FOLDER_ROOT] =
            folder_new(t, FOLDER_EMPTY, 0x20A2, root, "Root - Mailbox", NULL);
    }
    for (size_t i = 0; i < array_len(standard); i++) {
        if (standard[i].mixed_only && t->store->opt->mail_only)
            continue;
        folder_new(t, standard[i].kind, ost ? standard[i].ost_nid : 0,
                   t->special[standard[i].parent], standard[i].name,
                   standard[i].class);
    }
}

/* Below the top, the Inbox or an own folder that may still have children. */
static struct folder *pick_parent(struct tree *t, struct rng *r)
{
    struct folder *f;

    if (!t->mail_count || rng_chance(r, 25))
        return t->special[rng_chance(r, 50) ? FOLDER_TOP : FOLDER_INBOX];
    f = t->mail[rng_below(r, (uint32_t)t->mail_count)];
    return f->level < t->store->opt->depth ? f : t->special[FOLDER_TOP];
}

static bool is_taken(const struct tree *t, const struct folder *parent,
                     const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->list[i]->parent == parent && strcmp(t->list[i]->name, name) == 0)
            return true;
    return false;
}

static void add_own(struct tree *t, struct rng *r, unsigned number)
{
    struct folder *parent = pick_parent(t, r), *f;
    bool wide = t->store->v->unicode && rng_chance(r, 45);
    const char *base =
        wide ? names_unicode[rng_below(r, array_len(names_unicode))]
             : names_ansi[rng_below(r, array_len(names_ansi))];
    char *cleanup_free name = is_taken(t, parent, base)
                                  ? mem_textf("%s %u", base, number)
                                  : mem_text(base);

    if (rng_chance(r, EMPTY_PERCENT)) {
        folder_new(t, FOLDER_EMPTY, 0, parent, name, NULL);
        return;
    }
    f = folder_new(t, FOLDER_PLAIN, 0, parent, name, "IPF.Note");
    t->mail = mem_grow(t->mail, t->mail_count, &t->mail_cap, sizeof(*t->mail));
    t->mail[t->mail_count++] = f;
}

void tree_init(struct tree *t, struct store *s)
{
    struct rng r;

    *t = (struct tree){.store = s};
    rng_init(&r, s->opt->seed, FOLDER_STREAM);
    add_standard(t);
    for (unsigned i = 0; i < s->opt->folders; i++)
        add_own(t, &r, i + 1);
}

/* Folder k of the rest is taken about as often as k + 1 is rarer: squaring
 * the draw gives the long tail of real mailboxes. */
struct folder *tree_pick_mail(struct tree *t, struct rng *r)
{
    uint64_t u;

    if (rng_chance(r, t->store->opt->largest))
        return t->special[FOLDER_INBOX];
    if (!t->mail_count || rng_chance(r, SENT_PERCENT))
        return t->special[FOLDER_SENT];
    u = rng_next(r) >> 32;
    u = u * u >> 32;
    return t->mail[u * t->mail_count >> 32];
}

void tree_finish(struct tree *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->list[i]->name);
        free(t->list[i]);
    }
    free(t->list);
    free(t->mail);
    *t = (struct tree){0};
}

/* ---- writing ---- */

static uint32_t table_nid(const struct folder *f, enum nid_type type)
{
    return NID(type, f->nid >> 5);
}

static void write_hierarchy(struct tree *t, const struct folder *f)
{
    struct store *s = t->store;
    struct node_data data;
    struct table *table;

    if (!f->has_children) {
        store_node(s, table_nid(f, NID_HIERARCHY), &s->empty[COLUMNS_HIERARCHY],
                   0);
        return;
    }
    table = columns_table(&s->blocks, &s->enc, COLUMNS_HIERARCHY);
    for (size_t i = 0; i < t->count; i++) {
        const struct folder *child = t->list[i];
        if (child->parent != f)
            continue;
        table_row(table, child->nid);
        table_text(table, PR_DISPLAY_NAME, NULL, child->name);
        table_int(table, PR_CONTENT_COUNT, child->items);
        table_int(table, PR_CONTENT_UNREAD, child->unread);
        table_bool(table, PR_SUBFOLDERS, child->has_children);
        if (child->class)
            table_text(table, PR_CONTAINER_CLASS, NULL, child->class);
    }
    if (f->nid == NID_ROOT) {
        table_row(table, SPAM_FOLDER);
        table_text(table, PR_DISPLAY_NAME, NULL, "SPAM Search Folder 2");
        table_int(table, PR_CONTENT_COUNT, 0);
        table_int(table, PR_CONTENT_UNREAD, 0);
        table_bool(table, PR_SUBFOLDERS, false);
    }
    data = table_end(&table);
    store_node(s, table_nid(f, NID_HIERARCHY), &data, 0);
}

static void add_default_folders(struct tree *t, struct props *p)
{
    static const struct {
        uint16_t id;
        enum folder_kind kind;
    } links[] = {{0x36D0, FOLDER_CALENDAR}, {0x36D1, FOLDER_CONTACTS},
                 {0x36D2, FOLDER_JOURNAL},  {0x36D3, FOLDER_NOTES},
                 {0x36D4, FOLDER_TASKS},    {0x36D7, FOLDER_DRAFTS}};
    uint8_t entry[ENTRY_ID_SIZE];

    for (size_t i = 0; i < array_len(links); i++) {
        if (!t->special[links[i].kind])
            continue;
        store_entry_id(t->store, t->special[links[i].kind]->nid, entry);
        props_bytes(p, links[i].id, entry, sizeof(entry));
    }
}

static void write_props(struct tree *t, const struct folder *f)
{
    struct store *s = t->store;
    struct node_data data;
    struct props p;
    struct subs subs;
    bool linked =
        f->kind == FOLDER_INBOX || (f->nid == NID_ROOT && !s->v->large_pages);

    props_init(&p, &s->enc);
    props_text(&p, PR_DISPLAY_NAME, f->name);
    props_int(&p, PR_CONTENT_COUNT, f->items);
    props_int(&p, PR_CONTENT_UNREAD, f->unread);
    props_bool(&p, PR_SUBFOLDERS, f->has_children);
    if (f->class)
        props_text(&p, PR_CONTAINER_CLASS, f->class);
    if (f->hidden_items)
        props_int(&p, 0x3617, f->hidden_items);
    if (linked)
        add_default_folders(t, &p);
    subs_init(&subs, &s->blocks);
    data = props_end(&p, &subs, 0);
    store_node(s, f->nid, &data, f->parent ? f->parent->nid : f->nid);
    props_finish(&p);
}

static void add_table_node(struct store *s, uint32_t nid, struct table **table,
                           enum columns set)
{
    struct node_data data = s->empty[set];

    if (*table)
        data = table_end(table);
    store_node(s, nid, &data, 0);
}

/* Queue, criteria and links (section 21) in place of the three tables. */
static void write_search(struct tree *t, struct folder *f)
{
    struct store *s = t->store;
    struct node_data data = {0};
    struct props p;
    struct subs subs;

    store_node(s, table_nid(f, NID_UPDATE_QUEUE), &data, 0);
    props_init(&p, &s->enc);
    props_int(&p, 0x660B, 0);
    subs_init(&subs, &s->blocks);
    data = props_end(&p, &subs, 0);
    props_finish(&p);
    store_node(s, table_nid(f, NID_CRITERIA), &data, 0);
    add_table_node(s, table_nid(f, NID_SEARCH_CONTENTS), &f->contents,
                   COLUMNS_SEARCH);
}

static void write_folder(struct tree *t, struct folder *f)
{
    struct store *s = t->store;

    write_props(t, f);
    if (f->kind == FOLDER_SEARCH) {
        write_search(t, f);
        return;
    }
    add_table_node(s, table_nid(f, NID_CONTENTS), &f->contents,
                   COLUMNS_CONTENTS);
    add_table_node(s, table_nid(f, NID_HIDDEN_CONTENTS), &f->hidden,
                   COLUMNS_HIDDEN);
    write_hierarchy(t, f);
}

static uint32_t nid_of(const struct tree *t, enum folder_kind kind)
{
    return t->special[kind] ? t->special[kind]->nid : 0;
}

void tree_write(struct tree *t, struct store_folders *f_r)
{
    for (size_t i = 0; i < t->count; i++)
        write_folder(t, t->list[i]);
    *f_r = (struct store_folders){
        .top = nid_of(t, FOLDER_TOP),
        .deleted = nid_of(t, FOLDER_DELETED),
        .sent = nid_of(t, FOLDER_SENT),
        .outbox = nid_of(t, FOLDER_OUTBOX),
        .search_root = nid_of(t, FOLDER_SEARCH_ROOT),
        .inbox = nid_of(t, FOLDER_INBOX),
        .views = nid_of(t, FOLDER_VIEWS),
    };
}
