/* What the files of this folder share while one item is being rendered. */
#ifndef RENDER_PRIV_H
#define RENDER_PRIV_H

#include "pipeline/base/buf.h"
#include "pipeline/pst/pst.h"
#include "pipeline/render/arena.h"
#include "pipeline/render/limits.h"
#include "pipeline/render/named.h"
#include "pipeline/render/render.h"
#include "pipeline/render/segment.h"

/* One rendering in work. */
struct work {
    struct pst *pst;
    struct segments *out;
    struct arena *arena; /* texts and lists; freed when the work is done */
    struct buf scratch;
    int error;        /* errno that ends the whole rendering, else 0 */
    uint32_t flags;   /* RENDER_* of the top item */
    bool is_file;     /* RENDER_FILE: for a folder, not a target */
    uint32_t nid;     /* the top-level item */
    bool recovered;   /* which no listing shows */
    uint32_t defects; /* of all messages */
    char what[RENDER_WHAT_MAX]; /* the first of them */
    unsigned damaged;           /* blocks told of already */
    unsigned parts;             /* boundaries given so far */
    unsigned items;             /* embedded messages so far */
    unsigned written;           /* messages begun */
    size_t nested;              /* bytes of messages in native forms */
    uint64_t seed;              /* of boundaries: store and item */
    char key[33];               /* the store's record key in hex */
    int32_t names[NAME_COUNT];  /* ids of named properties, -1 unasked */
};

struct render {
    struct segments *segments;
    struct render_meta meta;
};

/* How a rendering is made: begin, open the item (the segments own it), run.
 * On failure the caller frees the render. */
int render_begin(bool crlf, struct render **render_r, struct err *err);
int render_open(struct render *r, struct pst *pst, uint32_t nid,
                struct pst_item **item_r, struct err *err);
/* Calls write, which appends to w->out; everything but the segments goes when
 * it is done. */
typedef void render_write(struct work *w, void *ctx, struct render_meta *meta);
int render_run(struct render *r, struct pst *pst, uint32_t nid,
               render_write *write, void *ctx, struct err *err);
/* An item in that format, whole; depth 0: not inside another. */
void render_item(struct work *w, struct pst_item *item, unsigned depth,
                 enum render_format format, struct render_meta *meta);

/* RENDER_SEEN ... of an item of that class. */
uint32_t render_flags(struct pst_props *props, const char *class);

/* One message of the rendering: the top one or an embedded one. */
struct message {
    struct work *work;
    struct pst_item *item;
    struct pst_props *props;
    const char *class;
    unsigned depth;
    unsigned number;       /* in order of writing; 0 is the top one */
    unsigned defects;      /* written so far below, or left out */
    struct buf defect_log; /* one line each */
};

/* Opens the shop for one item; class "" is told as IPM.Note. */
void message_init(struct message *m, struct work *w, struct pst_item *item,
                  unsigned depth);
void message_finish(struct message *m);
/* Adds words to what the whole rendering's defects are, while there is room. */
void work_defect(struct work *w, const char *words, size_t len);

/* Notes damage: it is counted, and named in what m becomes. */
void message_defect(struct message *m, const char *fmt, ...) printf_like(2, 3);
/* Calls fn for what is to be said of m beside what it holds: where it was
 * recovered from, then each defect so far, the damage that the store knows of
 * with them. */
enum message_remark { MESSAGE_RECOVERED, MESSAGE_DEFECT };
typedef void message_remark_fn(void *ctx, enum message_remark what,
                               const char *line);
void message_remarks(struct message *m, message_remark_fn *fn, void *ctx);

/* "<record key>.<nid>" of the top item, 41 characters. */
const char *work_id(struct work *w);

/* PR_SUBJECT without its prefix mark (mspst.md section 18). */
const char *message_subject(struct message *m);
/* Delivery, else submission, modification, creation: as a listing has it. */
int64_t message_time(struct pst_props *props);

/* Bytes within a native form's head: base64 behind the text so far. */
struct native_view {
    size_t at; /* offset in the head */
    struct segment_source source;
    struct native_view *next;
};

/* A native form: text, and within it at most one picture. */
struct native {
    struct buf head;
    struct native_view *views;     /* by their place; in files only */
    struct segment_source picture; /* size 0: none; SEGMENT_FOLD lines */
    struct buf tail;
};

/* method: of the calendar object inside a mail, NULL in a file. */
typedef void native_fn(struct message *m, const char *method,
                       struct native *out);

/* Everything about a class: which file it makes, who writes it. */
struct class_row {
    const char *prefix; /* whole components, any case */
    const char *extension;
    native_fn *native;    /* NULL: mail and nothing else */
    const char *mime;     /* of the native form as a part of a mail */
    const char *filename; /* of that part */
    const char *method;   /* of that part, when it is a calendar object */
    bool invites;         /* the part is an alternative of the body */
};
const struct class_row *class_find(const char *message_class);
/* True when class is prefix or one below it ("IPM.Note" and "IPM.Note.X"). */
bool class_is(const char *message_class, const char *prefix);

#endif
