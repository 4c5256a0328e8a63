#include "pipeline/pst/disk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/base/hash.h"

void pst_note(struct pst *pst, const char *fmt, ...)
{
    char text[PST_NOTE_TEXT_MAX];
    va_list ap;
    uint64_t hash;

    if (pst->note_count == PST_NOTES_MAX)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    hash = hash_fnv(text, strlen(text));
    for (size_t i = 0; i < pst->note_count; i++)
        if (pst->notes[i].hash == hash)
            return;
    pst->notes[pst->note_count].text = strdup(text);
    if (!pst->notes[pst->note_count].text)
        return;
    pst->notes[pst->note_count++].hash = hash;
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

const char *pst_note_text(const struct pst *pst, size_t i)
{
    return i < pst->note_count ? pst->notes[i].text : "";
}
