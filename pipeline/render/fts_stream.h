/*
 * Writes the Exchange upload stream (targets.md section 7.1 to 7.3): values
 * and markers of the FastTransfer stream ([MS-OXCFXICS] 2.2.4), cut into the
 * records of the envelope. Knows no item; fts.c does the grammar.
 *
 * Literal values are copied into the segments, sources become views of them,
 * so nothing of an attachment is read or held. A record ends only between two
 * atoms or within a value of variable size.
 */
#ifndef RENDER_FTS_STREAM_H
#define RENDER_FTS_STREAM_H

#include "pipeline/render/mapi.h"

#define FTS_BUFFER   31680 /* most stream bytes in one record */
#define FTS_NAME_MAX 1024  /* bytes of a property's name; longer: no name */

/* The partner version that the envelope tells: Exchange 15.20, build
 * 4566.6022. A server on premises may want its own (2010: 0E A4 80 00 00 00
 * with 01 in front); this is what to define then. */
#ifndef FTS_PARTNER_VERSION
#define FTS_PARTNER_VERSION "\x14\x0F\xD6\x91\x86\x17"
#endif
#define FTS_PARTNER_VERSION_SIZE 6

#define FTS_NEW_ATTACH  0x40000003u
#define FTS_START_EMBED 0x40010003u
#define FTS_END_EMBED   0x40020003u
#define FTS_START_RECIP 0x40030003u
#define FTS_END_RECIP   0x40040003u
#define FTS_END_ATTACH  0x400E0003u

/* Strings of UTF-16LE: 0x8000 and code page 1200. */
#define FTS_TYPE_TEXT  0x84B0
#define FTS_TYPE_TEXTS 0x94B0

struct fts_stream;

/* Begins the envelope in out, which is borrowed. NULL on ENOMEM. */
struct fts_stream *fts_stream_new(struct segments *out);
/* Ends the last record; segments_error(out) then tells whether all went well.
 * Frees. */
void fts_stream_finish(struct fts_stream **stream);

void fts_marker(struct fts_stream *stream, uint32_t marker);
void fts_number(struct fts_stream *stream, uint16_t id, uint32_t value);
/* A property; id: its number, or handle, in the stream. Empty binaries and
 * lists, which the stream cannot say, are left out. Its size must be below
 * FTS_SIZE_MAX, its name within FTS_NAME_MAX. */
#define FTS_SIZE_MAX (UINT32_MAX - 2ull)
void fts_property(struct fts_stream *stream, uint16_t id,
                  const struct mapi_prop *prop);

#endif
