/*
 * A rendering as a list of segments: literal text held in memory, and views of
 * byte sources, in base64 or as they are, whose length is arithmetic. Adding
 * never reads a source; reading at any offset reads only what it returns (and
 * at most one chunk more, which is kept for the next read).
 */
#ifndef RENDER_SEGMENT_H
#define RENDER_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pipeline/base/err.h"

#define SEGMENT_LINE_BYTES 57 /* 76 characters (RFC 2045) */
#define SEGMENT_FOLD_BYTES 54 /* 72 characters behind a blank (vCard) */

/* Every boundary of ours starts so; no literal line may (encode_choice). */
#define SEGMENT_BOUNDARY "=_pstfs_"

struct segments;

/* Bytes for a view: read gives exactly len bytes or a negative errno. */
struct segment_source {
    ssize_t (*read)(void *ctx, uint64_t off, void *buf, size_t len,
                    struct err *err);
    void *ctx; /* must live as long as the segments (segments_hold) */
    uint64_t size;
};

enum segment_shape {
    SEGMENT_MIME, /* lines of 76 characters */
    SEGMENT_FOLD, /* each line begins with a blank: continuation lines */
    SEGMENT_RAW,  /* the bytes as they are */
};

/* crlf: every LF of literal text becomes CRLF, base64 views end lines so
 * too. */
struct segments *segments_new(bool crlf); /* NULL on ENOMEM */
void segments_free(struct segments **s);

/* Appenders; the first failure sticks and is told by segments_error. */
void segments_text(struct segments *s, const char *text, size_t len);
void segments_str(struct segments *s, const char *text);
void segments_view(struct segments *s, const struct segment_source *source,
                   enum segment_shape shape);
int segments_error(const struct segments *s); /* 0 or negative errno */

/* Has release(object) called by segments_free, the last one held first. On
 * ENOMEM it is called at once. */
typedef void segment_release(void *object);
int segments_hold(struct segments *s, void *object, segment_release *release);

/* Takes back all that was added since the mark was taken, when nothing but
 * holds had been added: what was held since is released, the last one first.
 * An error is forgotten too. */
size_t segments_mark(const struct segments *s);
void segments_reset(struct segments *s, size_t mark);

uint64_t segments_size(const struct segments *s);
size_t segments_weight(const struct segments *s); /* bytes of memory */

/* Bytes at off, fewer than len only at the end; negative errno when a source
 * cannot be read within the range. */
ssize_t segments_read(struct segments *s, uint64_t off, void *buf, size_t len,
                      struct err *err);

#endif
