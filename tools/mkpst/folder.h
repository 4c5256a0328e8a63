/* The folder tree of a store (mspst.md section 17). */
#ifndef MKPST_FOLDER_H
#define MKPST_FOLDER_H

#include "tools/mkpst/item.h"
#include "tools/mkpst/store.h"

enum folder_kind {
    FOLDER_PLAIN, /* takes mail */
    FOLDER_ROOT,
    FOLDER_TOP,
    FOLDER_INBOX,
    FOLDER_SENT,
    FOLDER_DELETED,
    FOLDER_OUTBOX,
    FOLDER_DRAFTS,
    FOLDER_CALENDAR,
    FOLDER_CONTACTS,
    FOLDER_TASKS,
    FOLDER_NOTES,
    FOLDER_JOURNAL,
    FOLDER_SEARCH_ROOT,
    FOLDER_VIEWS,
    FOLDER_EMPTY,
    FOLDER_SEARCH, /* its rows are links to items elsewhere */
    FOLDER_KINDS
};

struct folder {
    enum folder_kind kind;
    uint32_t nid;
    char *name;
    const char *class;
    struct folder *parent; /* NULL: the root */
    unsigned level;        /* below the top folder */
    bool has_children;
    uint32_t items, unread;
    struct table *contents; /* NULL while empty */
    struct table *hidden;   /* its FAI items; NULL: none */
    uint32_t hidden_items;
};

struct tree {
    struct store *store;
    struct folder **list; /* owned; parents first, [0] is the root */
    size_t count, cap;
    struct folder *special[FOLDER_KINDS];
    struct folder **mail; /* owned; plain folders that take mail */
    size_t mail_count, mail_cap;
};

/* Makes the standard folders and opt->folders of its own. */
void tree_init(struct tree *t, struct store *s);
/* The folder for mail number n: Inbox gets opt->largest percent. */
struct folder *tree_pick_mail(struct tree *t, struct rng *r);
/* Notes an item's row in its folder. */
void folder_add(struct tree *t, struct folder *f, const struct item *item,
                const struct node_data *data);
/* Writes all folder nodes; the list stays until tree_finish. */
void tree_write(struct tree *t, struct store_folders *f_r);
void tree_finish(struct tree *t);

#endif
