/* Bounds on what a hostile item can cost. Past one of them the part is left
 * out (or streamed, or cut at a character) and a defect says so. */
#ifndef RENDER_LIMITS_H
#define RENDER_LIMITS_H

#define RENDER_DEPTH_MAX      32   /* messages inside messages */
#define RENDER_ITEMS_MAX      4096 /* embedded messages of one rendering */
#define RENDER_PARTS_MAX      65536
#define RENDER_RECIPIENTS_MAX 100000
#define RENDER_DEFECTS_MAX    64 /* X-Pstfs-Defect lines of one message */

#define RENDER_TEXT_MAX    (512u << 20) /* literal bytes of a rendering */
#define RENDER_TEXT_SOFT   (128u << 20) /* no further message beyond it */
#define RENDER_BODY_MAX    (32u << 20)  /* a longer body is streamed */
#define RENDER_HEADERS_MAX (4u << 20)   /* header block of a message */
#define RENDER_FIELD_MAX   (64u << 10)  /* one text header before encoding */
#define RENDER_TRANS_MAX   (1u << 20)   /* original transport headers */
#define RENDER_VALUE_MAX   (1u << 20)   /* any other text property */
#define RENDER_BLOB_MAX    (1u << 20)   /* recurrence, time zone, members */
#define RENDER_FIELDS_MAX  10000        /* fields of the transport headers */
#define RENDER_CIDS_MAX    10000        /* cid: references of an HTML body */

#define MAPI_PROPS_MAX 8192         /* properties of one object */
#define MAPI_LIST_MAX  65536        /* values of one multi-valued property */
#define MAPI_WHOLE_MAX (32u << 10)  /* a longer value is streamed */
#define MAPI_TEXT_MAX  (128u << 20) /* 8-bit text once it is UTF-16 */

#define RTF_SIZE_MAX   (32u << 20) /* decompressed */
#define RTF_DEPTH_MAX  256         /* open groups; deeper ones share a state */
#define RTF_FONTS_MAX  1024        /* entries of the font table */
#define RTF_COLORS_MAX 1024        /* of the colour table */

#define RECUR_DATES_MAX  4096 /* deleted or changed instances of a series */
#define RECUR_ALIGN_DAYS 3700 /* search for the first instance */
#define ZONE_RULES_MAX   256  /* spans of years of a time zone */
#define ZONE_KEY_MAX     128  /* characters of a zone's name */
#define MEMBERS_MAX      4096 /* members of a distribution list */
#define LISTS_MAX        256  /* lists inside a list */
#define LISTS_DEPTH_MAX  16   /* lists inside each other */

#endif
