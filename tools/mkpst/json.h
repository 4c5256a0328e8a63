/* JSON text for the manifest. Objects are begun and ended by the caller; a
 * comma is put in front where one is needed. */
#ifndef MKPST_JSON_H
#define MKPST_JSON_H

#include "tools/mkpst/memory.h"

/* A string literal; NULL gives null. */
void json_text(struct buf *b, const char *utf8);
/* ,"name": with the comma unless an object or list has just begun. */
void json_key(struct buf *b, const char *name);
void json_key_text(struct buf *b, const char *name, const char *utf8);
void json_key_int(struct buf *b, const char *name, int64_t value);
void json_key_bool(struct buf *b, const char *name, bool value);
/* The SHA-256 of some bytes; NULL gives null. */
void json_key_hash(struct buf *b, const char *name, const uint8_t *digest);

#endif
