/* Bounds on what a file may ask of the reader (section 25). What goes over
 * one of them is damage or an attack: it costs that object, never the store. */
#ifndef PST_LIMITS_H
#define PST_LIMITS_H

/* bytes of the header; those of the file's begin that must come from the disk
 * when it is asked whether it still answers */
#define PST_HEADER_BYTES 564u
#define PST_LIVE_DROP    4096

/* notes kept for a store, and the length of one */
#define PST_NOTES_MAX     4096
#define PST_NOTE_TEXT_MAX 240

/* memory: B-tree pages, decoded blocks, one read of adjacent blocks */
#define PST_PAGE_CACHE  (4u << 20)
#define PST_BLOCK_CACHE (8u << 20)
#define PST_RUN_BYTES   (256u << 10)
/* unused bytes read over to join two reads; blocks and bytes read ahead at
 * most; what the system is told to read around a tree page */
#define PST_RUN_GAP      (16u << 10)
#define PST_RUN_AHEAD    64u
#define PST_AHEAD_BYTES  (512u << 10)
#define PST_PAGE_WINDOW  (128u << 10)
#define PST_WINDOWS_KEPT 64u /* windows remembered as asked for */
/* bytes read at once where a page or a block is wanted */
#define PST_NEAR_PAGES  (4u << 10)
#define PST_NEAR_BLOCKS (16u << 10)

/* trees */
#define PST_BTREE_LEVELS   12
#define PST_BTH_LEVELS     8
#define PST_STREAM_LEVELS  2
#define PST_SUBNODES_MAX   1000000u
#define PST_HEAP_BLOCKS    65536u
#define PST_INFLATE_FACTOR 1032u /* zlib's best: bounds streams of a K file */

/* objects */
#define PST_PROPS_MAX       65536u
#define PST_ROWS_MAX        16000000u
#define PST_ROW_BYTES       65535u
#define PST_VALUE_MEMORY    (64u << 20) /* one value held in memory */
#define PST_NAMES_MAX       32768u
#define PST_FOLDERS_MAX     1000000u
#define PST_FOLDER_DEPTH    128u
#define PST_EMBED_DEPTH     32u
#define PST_ATTACHMENTS_MAX 65536u
#define PST_RECIPIENTS_MAX  100000u

/* salvage: parts of a tree that are lost, pages and blocks remembered from a
 * scan, nodes put together again; bytes read at once; checksums counted, as a
 * multiple of the file's size; neighbours looked at for what belongs together;
 * items found again */
#define PST_LOST_MAX        1000000u
#define PST_SCAN_PAGES_MAX  4000000u
#define PST_SCAN_BLOCKS_MAX 8000000u
#define PST_SCAN_BLOCK_BYTES                                                   \
    (2ull << 30) /* largest file read for blocks alone */
#define PST_SCAN_STEP       (1u << 20)
#define PST_SCAN_CRC_FACTOR 4u
#define PST_SAVED_NODES_MAX 4000000u
#define PST_PAIR_NEAR       64u
#define PST_CLAIMS_FOLDERS  16384u
#define PST_RECOVERED_MAX   1000000u

/* a check of everything: damaged blocks whose owners are looked for, and how
 * deep subnodes may nest */
#define PST_CHECK_BLOCKS_MAX 65536u
#define PST_CHECK_DEPTH      8u
#define PST_CHECK_VISITS     16u    /* of nodes' blocks, a block there is */
#define PST_CHECK_VISITS_MIN 65536u /* and these */

/* damaged blocks counted for an item */
#define PST_DAMAGE_MAX 64u

/* text in a listing is cut here; messages asked for the usual code page */
#define PST_LIST_TEXT_MAX   (64u << 10)
#define PST_CODEPAGE_SAMPLE 64u

#endif
