/*
 * What the client and the reader process say to each other. One request, one
 * reply, on a SOCK_SEQPACKET pair: a message is one fixed struct, host byte
 * order (both ends are one build on one machine), and holds no pointer. Bulk
 * goes through the window, READER_WINDOW bytes of sealed shared memory:
 *
 *     0               struct proto_board: what the reader works on now
 *     PROTO_NIDS_OFF  node ids of a METAS or FETCH request
 *     PROTO_DATA_OFF  the reply's data, PROTO_DATA_MAX bytes
 *
 * The client takes the reader for hostile: a hostile store may own it. The
 * client copies before it checks, checks every length against the window, and
 * needs nothing but bounded numbers and text from it.
 *
 * Operations, with what they use of the request and give in the reply:
 *
 *   INFO     -                      data: struct proto_info
 *   NOTES    start                  data: records with one text, next
 *   FOLDERS  start                  data: records, next
 *   ENTRIES  nid, start             data: records, next
 *   METAS    format, count, nids    data: count struct proto_item
 *   FETCH    format, count, nids    data: table of the request's count struct
 *                                   proto_item (the reply's count are filled),
 *                                   then the bytes they point to
 *   READ     nid, format, start,    data: the bytes, `used` of them
 *            length, part (0: the
 *            item itself)
 *   PARTS    nid, start             data: records, next; from start 0 the
 *                                   first has nid 0 and the folder as parent
 *   FACTS    nid                    data: records with two texts, the name
 *                                   and the value (render_facts)
 *   CHECK    -                      data: struct proto_check; NOTES then has
 *                                   what was found
 *
 * nids may be those of recovered items and of their folder (client.h); the
 * file is searched then, and the board beats meanwhile.
 *
 * A reply may do less than was asked (window full, PROTO_SLICE_MS over): count
 * says how many items, next where to go on; next 0 is the end.
 */
#ifndef READER_PROTO_H
#define READER_PROTO_H

#include <stdint.h>

#include "pipeline/base/err.h"
#include "pipeline/reader/client.h"

#define PROTO_MAGIC   0x52545350u /* "PSTR" */
#define PROTO_VERSION 2

/*
 * Arguments of the reader process: sandbox mode (auto, require, off), user
 * and group (numbers) to be when it was started as root, version of cards
 * (3, 4), code page (0: none). One that cannot enter its sandbox answers every
 * request with -EPERM and the reason.
 */
#define PROTO_ARGS 5

/* Descriptors of the reader process; it closes all others but 0, 1, 2. */
#define PROTO_SOCKET_FD 3
#define PROTO_STORE_FD  4
#define PROTO_WINDOW_FD 5

/* A reply of many items is cut after so long: the client's time limit is
 * for one item. */
#define PROTO_SLICE_MS 1000

#define PROTO_NIDS_MAX 4096 /* node ids in one request */
#define PROTO_NIDS_OFF 4096
#define PROTO_DATA_OFF (PROTO_NIDS_OFF + 4 * PROTO_NIDS_MAX)
#define PROTO_DATA_MAX (READER_WINDOW - PROTO_DATA_OFF)

enum proto_op {
    PROTO_INFO = 1,
    PROTO_NOTES,
    PROTO_FOLDERS,
    PROTO_ENTRIES,
    PROTO_METAS,
    PROTO_FETCH,
    PROTO_READ,
    PROTO_PARTS,
    PROTO_FACTS,
    PROTO_CHECK,
    PROTO_OPS
};

struct proto_request {
    uint32_t magic;
    uint16_t version, op;
    uint64_t seq; /* the reply has the same */
    uint64_t start, length;
    uint32_t nid, format, count;
    uint32_t part; /* of the item, see render_part_new */
};

struct proto_reply {
    uint32_t magic;
    uint16_t version, op;
    uint64_t seq;
    uint64_t next;
    uint32_t used; /* bytes of data */
    uint32_t count;
    int32_t status; /* 0 or negative errno, then text has the words */
    uint32_t unused;
    char text[ERR_MSG_MAX];
};

/* Written before each item, so that a reader that dies or hangs in one item
 * of many leaves word which it was. */
struct proto_board {
    uint32_t nid;
    uint32_t beat; /* changes while the reader searches through the file */
};

/* A folder, an entry, a part or a note: fixed part, then its texts, each with a
 * NUL that is not in its length; size covers all and is a multiple of 8. */
#define PROTO_TEXTS      5
#define PROTO_TEXT_MAX   4000 /* longer ones are cut at a character */
#define PROTO_RECORD_MAX 20480

struct proto_record {
    uint32_t size;
    uint32_t nid;    /* part: its number */
    uint32_t flags;  /* entry: message flags; folder: 1 = search folder; part:
                        errno of one that cannot be read */
    uint32_t parent; /* folder, and a part's first record */
    int64_t time;    /* entry, part: time; folder: items */
    uint64_t hint;   /* part: its size; folder: unread items + 1, 0 unknown */
    uint16_t lengths[PROTO_TEXTS];
    uint16_t unused[3];
    char text[];
};

/* Texts of an entry, of a folder and of a part, by place. */
enum { PROTO_CLASS, PROTO_SUBJECT, PROTO_FROM, PROTO_TO, PROTO_EXT };
enum { PROTO_NAME = 1 }; /* and, of a folder, PROTO_CLASS */

_Static_assert(sizeof(struct proto_record) +
                       PROTO_TEXTS * (PROTO_TEXT_MAX + 1) + 8 <=
                   PROTO_RECORD_MAX,
               "a record must fit");

struct proto_item {
    uint64_t size;
    int64_t time;
    uint32_t flags, defects;
    int32_t error;     /* 0 or a positive errno */
    uint32_t has_data; /* the bytes are at off in data */
    uint64_t off;
    char what[READER_WHAT_MAX];
};

struct proto_check {
    struct reader_check found;
};

struct proto_info {
    char format[16], crypt[16];
    char record_key[40];
    char display_name[READER_TEXT_MAX];
    char sandbox[READER_SANDBOX_MAX];
    uint64_t file_size, file_eof, stamp;
    uint32_t version, is_ost, has_password, codepage;
    uint32_t root, ipm_subtree, inbox, outbox, deleted, sent, drafts;
    uint32_t incomplete;
};

#endif
