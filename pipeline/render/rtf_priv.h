/* What the files of the RTF converter share: rtf.c reads, rtf_words.c knows
 * the control words, rtf_out.c is text on its way, rtf_html.c writes HTML. */
#ifndef RENDER_RTF_PRIV_H
#define RENDER_RTF_PRIV_H

#include "pipeline/render/limits.h"
#include "pipeline/render/rtf.h"

#define RTF_FONT_NAME_MAX 40
#define RTF_FIELD_MAX     4096 /* instruction of a field */
#define RTF_PAGE_DEFAULT  1252
#define RTF_PAGE_SYMBOL   42 /* a font of pictures, as Windows counts */

enum rtf_mode {
    RTF_UNWRAP, /* the HTML in it */
    RTF_WRITE,  /* HTML of true RTF */
    RTF_STRIP,  /* bare text */
};

/* Where text goes. */
enum rtf_dest { DEST_BODY, DEST_SKIP, DEST_FONTS, DEST_COLORS, DEST_FIELD };

struct rtf_format {
    int font, size, color; /* size in half points, 0 none */
    unsigned link;         /* number of its field, 0 none */
    bool bold, italic, underline, strike, super, sub;
};

enum rtf_align { ALIGN_LEFT, ALIGN_CENTER, ALIGN_RIGHT, ALIGN_JUSTIFY };

struct rtf_para {
    enum rtf_align align;
    int indent; /* twips */
    bool in_table, right_to_left;
};

struct rtf_state {
    enum rtf_dest dest;
    int uc;
    bool tag;     /* inside htmltag: shown even where ... */
    bool htmlrtf; /* ... RTF-only text is not */
    bool hidden;
    struct rtf_format format;
    struct rtf_para para;
};

struct rtf_font {
    int number;
    unsigned codepage; /* 0: that of the document */
    char name[RTF_FONT_NAME_MAX];
};

/* What the HTML writer has open. */
struct rtf_html {
    struct rtf_format format;
    bool styled, linked; /* tags of format are open; a link among them */
    bool para, table, row, cell;
    bool blank;   /* the last character was a blank */
    bool ink;     /* there is something to read */
    size_t start; /* of the output */
};

struct rtf {
    const char *at, *end;
    struct buf *out;
    enum rtf_mode mode;
    struct rtf_state stack[RTF_DEPTH_MAX], now;
    size_t depth, too_deep;
    /* 8-bit text not yet converted, its code page and format */
    struct buf pending;
    unsigned pending_page;
    struct rtf_format pending_format;
    struct rtf_font fonts[RTF_FONTS_MAX];
    size_t font_count;
    uint32_t colors[RTF_COLORS_MAX]; /* RGB, RTF_COLOR_AUTO */
    size_t color_count;
    uint32_t color; /* of the entry being read */
    unsigned codepage;
    int default_font;
    int skip_chars;   /* fallbacks of a \u still to be dropped */
    bool star;        /* \* seen: an unknown word skips its group */
    unsigned high;    /* first half of a surrogate pair, or 0 */
    struct buf field; /* instruction of the last field */
    struct buf href;  /* address of the link ... */
    unsigned href_of; /* ... with this number */
    unsigned links;   /* so far */
    bool left;        /* something was left out */
    struct rtf_html html;
};

#define RTF_COLOR_AUTO UINT32_MAX

/* Marks in the text that are no characters. */
enum rtf_mark { MARK_NONE, MARK_PAR, MARK_LINE, MARK_TAB, MARK_CELL, MARK_ROW };

/* rtf_out.c: text on its way. */
void rtf_put_byte(struct rtf *r, char c);
void rtf_put_run(struct rtf *r, const char *text, size_t len);
/* A character or mark that a control word stands for; html: as a reference,
 * where HTML is unwrapped. */
void rtf_put_special(struct rtf *r, const char *text, const char *html,
                     enum rtf_mark mark);
void rtf_put_unicode(struct rtf *r, int value);
void rtf_flush(struct rtf *r);
void rtf_dest(struct rtf *r, enum rtf_dest dest);
bool rtf_format_same(const struct rtf_format *a, const struct rtf_format *b);
struct rtf_font *rtf_font_find(struct rtf *r, int number);

/* rtf_words.c */
void rtf_word(struct rtf *r, const char *name, int value, bool has_value);

/* rtf_html.c: the writer of RTF_WRITE. */
void rtf_html_begin(struct rtf *r);
void rtf_html_text(struct rtf *r, const struct rtf_format *format,
                   const char *utf8, size_t len);
void rtf_html_mark(struct rtf *r, enum rtf_mark mark);
void rtf_html_end(struct rtf *r);
/* The address of a field's instruction, into r->href; false when it is no
 * link that may be followed. */
bool rtf_html_link(struct rtf *r);

#endif
