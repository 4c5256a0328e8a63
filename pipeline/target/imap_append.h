/*
 * The APPEND commands of the IMAP target. Each sets error of its items: 0
 * there (remote is "" when the server did not tell it), EINPROGRESS not known,
 * or the item's own error with words.
 *
 * Negative results: lost connection, or the server asks to come back later.
 */
#ifndef TARGET_IMAP_APPEND_H
#define TARGET_IMAP_APPEND_H

#include "pipeline/target/imap.h"

/* The error of items whose command was refused and that may be tried one by
 * one, to find who is to blame: MULTIAPPEND stores all or none. */
#define IMAP_REFUSED ECANCELED

/* One command for n items that are in memory, under way. */
struct imap_flight {
    struct target_item **items;
    size_t n; /* 0: nothing under way */
    unsigned tag;
};

/* Sends the command, and hashes the items while the server works on it. A
 * command that is refused early is not under way any more (n 0), its items
 * are IMAP_REFUSED. Another may be sent before this one has landed, if no
 * literal needs the server's consent. */
int imap_append_send(struct imap *t, struct imap_folder *f,
                     struct target_item **items, size_t n,
                     struct imap_flight *flight_r, struct err *err);
/* Awaits the end of the command. */
int imap_append_land(struct imap *t, struct imap_flight *flight,
                     struct err *err);
/* May commands for these items be sent ahead of each other's answers? */
bool imap_append_may_lead(const struct imap *t, struct target_item **items,
                          size_t n);

/* One command an item, several under way where they may be. */
int imap_append_singles(struct imap *t, struct imap_folder *f,
                        struct target_item **items, size_t n, struct err *err);

/* Appends one item piece by piece, and sets its hash. When it cannot be read
 * to its end the connection is cut: the server drops what it has of it. */
int imap_append_stream(struct imap *t, struct imap_folder *f,
                       struct target_item *item, struct err *err);

#endif
