/*
 * File names from subjects: valid UTF-8 in NFC, safe for the kernel, Samba
 * and Windows, at most NAME_MAX_BYTES.
 */
#ifndef FS_NAME_H
#define FS_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/buf.h"

#define NAME_MAX_BYTES 255

/*
 * Appends to out the name for text: \ / : * ? " < > | and controls become
 * '_', bidi controls are removed, leading dots become '_', trailing dots and
 * spaces are cut, a DOS device name gets '_' in front, an empty name becomes
 * fallback. suffix ("" none) and "."ext (NULL or "": none) follow; text is cut
 * at a character so that all of it fits. fallback, suffix and ext are safe
 * already and short. Returns 0 or out->error.
 */
int name_make(const char *text, const char *fallback, const char *suffix,
              const char *ext, struct buf *out);
/* The same within max bytes, at most NAME_MAX_BYTES. */
int name_make_within(size_t max, const char *text, const char *fallback,
                     const char *suffix, const char *ext, struct buf *out);

/* A hash by which names that differ only in case are equal. */
uint64_t name_fold(const char *name, size_t len);

#endif
