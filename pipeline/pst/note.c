#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/hash.h"
#include "pipeline/pst/heap.h"

#define PATH_LEVELS_SHOWN 8u
#define NAME_SHOWN        40u
#define WHERE_MAX         (PST_NOTE_TEXT_MAX / 2u)
#define UNCUT_MAX         (2u * PST_NOTE_TEXT_MAX)

/* Names make texts long: never cut inside a character. What follows the cut
 * must be there to see one, so texts are made longer first. */
static void text_cut(char *text, size_t size)
{
    text[charset_cut(text, strlen(text), size - 1)] = '\0';
}

static void note_keep(struct pst *pst, const struct pst_note *what, char *text)
{
    struct note *note = &pst->notes[pst->note_count];
    uint64_t hash;

    text_cut(text, PST_NOTE_TEXT_MAX);
    hash = hash_fnv(text, strlen(text));
    for (size_t i = 0; i < pst->note_count; i++)
        if (pst->notes[i].hash == hash)
            return;
    note->text = strdup(text);
    if (!note->text)
        return;
    note->hash = hash;
    note->what = *what;
    note->what.text = note->text;
    pst->note_count++;
}

/* False: it is not to be kept. */
static bool note_begin(struct pst *pst)
{
    if (pst->note_count == PST_NOTES_MAX && !pst->noting)
        pst->notes_dropped++;
    return pst->note_count < PST_NOTES_MAX && !pst->noting;
}

void pst_note(struct pst *pst, const char *fmt, ...)
{
    struct pst_note what = {.kind = PST_NOTE_STORE};
    char text[UNCUT_MAX];
    va_list ap;

    if (!note_begin(pst))
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    note_keep(pst, &what, text);
}

void pst_note_at(struct pst *pst, enum pst_note_kind kind, uint64_t offset,
                 const char *fmt, ...)
{
    struct pst_note what = {.kind = kind, .offset = offset};
    char text[UNCUT_MAX];
    va_list ap;

    if (!note_begin(pst))
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    note_keep(pst, &what, text);
}

/* A text property of a node; "" when it cannot be read. */
static void name_of(struct pst *pst, uint32_t nid, uint16_t id, struct buf *out)
{
    struct pst_props *props = NULL;
    struct node node;

    buf_clear(out);
    if (node_find(pst, nid, &node, NULL) == 0 &&
        props_open(pst, &node, &props, NULL) == 0)
        props_text_cut(props, id, NAME_SHOWN, true, out, NULL);
    props_free(&props);
    out->error = 0;
}

/* "/Inbox/Projects" of a folder, the root left out. */
static void path_of(struct pst *pst, uint32_t folder, char *out, size_t size)
{
    struct buf name = BUF(8 * NAME_SHOWN);
    size_t at = size - 1; /* it is written from the end */
    struct node node;

    out[at] = '\0';
    for (unsigned i = 0; i < PATH_LEVELS_SHOWN && folder != NID_ROOT; i++) {
        if (node_find(pst, folder, &node, NULL) < 0)
            break;
        name_of(pst, folder, PR_DISPLAY_NAME, &name);
        if (name.len + 1 > at)
            break;
        at -= name.len + 1;
        out[at] = '/';
        memcpy(out + at + 1, buf_str(&name), name.len);
        folder = node.parent;
    }
    memmove(out, out + at, size - at);
    buf_finish(&name);
}

/* "item 0x200024 in /Inbox, Subject", as far as it is known. */
static void where_of(struct pst *pst, uint32_t nid, bool folder, char *out,
                     size_t size)
{
    struct buf subject = BUF(8 * NAME_SHOWN);
    char path[WHERE_MAX / 2];
    struct node node = {.parent = 0};

    if (!folder)
        node_find(pst, nid, &node, NULL);
    path_of(pst, folder ? nid : node.parent, path, sizeof(path));
    if (!folder)
        name_of(pst, nid, PR_SUBJECT, &subject);
    snprintf(out, size, "%s %#x%s%s%s%s%s", folder ? "folder" : "item", nid,
             *path ? folder ? " " : " in " : "", path, subject.len ? " \"" : "",
             buf_str(&subject), subject.len ? "\"" : "");
    buf_finish(&subject);
}

void pst_note_node(struct pst *pst, uint32_t nid, const char *fmt, ...)
{
    bool folder = NID_TYPE(nid) != NID_MESSAGE;
    struct pst_note what = {folder ? PST_NOTE_FOLDER : PST_NOTE_ITEM, 0, nid,
                            NULL};
    char text[UNCUT_MAX], where[UNCUT_MAX];
    struct damage *before;
    size_t len;
    va_list ap;

    if (!note_begin(pst))
        return;
    pst->noting = true;
    before = damage_enter(pst, NULL);
    where_of(pst, nid, folder, where, sizeof(where));
    text_cut(where, WHERE_MAX);
    damage_leave(pst, before);
    pst->noting = false;
    len = (size_t)snprintf(text, sizeof(text), "%s: ", where);
    va_start(ap, fmt);
    vsnprintf(text + len, sizeof(text) - len, fmt, ap);
    va_end(ap);
    note_keep(pst, &what, text);
}

void notes_finish(struct pst *pst)
{
    for (size_t i = 0; i < pst->note_count; i++)
        free(pst->notes[i].text);
    pst->note_count = 0;
}

size_t pst_note_count(const struct pst *pst)
{
    return pst->note_count;
}

const struct pst_note *pst_note_get(const struct pst *pst, size_t i)
{
    return i < pst->note_count ? &pst->notes[i].what : NULL;
}

const char *pst_note_text(const struct pst *pst, size_t i)
{
    return i < pst->note_count ? pst->notes[i].text : "";
}
