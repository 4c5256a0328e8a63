/*
 * Text to UTF-8, by ICU only (iconv and tzdata open files, which the reader's
 * sandbox forbids). Bad input never fails: it becomes U+FFFD.
 */
#ifndef BASE_CHARSET_H
#define BASE_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/buf.h"

/* What became of the bytes; larger is worse. */
enum charset_result {
    CHARSET_EXACT,    /* every character was converted */
    CHARSET_REPLACED, /* at least one became U+FFFD */
    CHARSET_UNKNOWN,  /* no such code page: taken as windows-1252 */
};

/* From now on ICU looks for no file: the tables in its library must do. False
 * when they do not. */
bool charset_seal(void);

bool charset_is_utf8(const void *data, size_t len); /* strict, NUL allowed */

/* UTF-16LE bytes (an odd last byte is dropped) appended to out as UTF-8. */
enum charset_result charset_from_utf16(const void *data, size_t len,
                                       struct buf *out);

/* Bytes in a Windows code page number (932, 1252, 65001, 50220 ...). */
enum charset_result charset_from_codepage(unsigned codepage, const void *data,
                                          size_t len, struct buf *out);

/* UTF-8 (bad bytes replaced) to UTF-16LE bytes appended to out. */
void charset_to_utf16(const char *utf8, size_t len, struct buf *out);

/* The i-th code page that is known here; 0 past the last. */
unsigned charset_page(size_t i);
/* The IANA/MIME name of a code page ("utf-8", "iso-2022-jp"), or NULL. */
const char *charset_mime_name(unsigned codepage);
/* ICU's converter name of a code page, or NULL when unknown. */
const char *charset_icu_name(unsigned codepage);
/* ANSI code page of a Windows locale id; 1252 when unknown. */
unsigned charset_codepage_of_locale(uint32_t lcid);

/* Copies UTF-8 text, bad sequences replaced: out is always valid UTF-8. */
void charset_clean_utf8(const char *text, size_t len, struct buf *out);

/* One unit of UTF-16 in upper case as compound files compare names ([MS-CFB]
 * 2.6.4): by Unicode 3.0.1, letter for letter; surrogates as they are. */
uint16_t charset_upper(uint16_t unit);

/* Longest length <= max of text that does not cut a UTF-8 character. */
size_t charset_cut(const char *text, size_t len, size_t max);

#endif
