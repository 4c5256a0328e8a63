/*
 * The reader process, given hostile requests about a store (FUZZ_STORE, from
 * mkpst) of which an item was deleted and one is an orphan. Each request:
 * operation, flags, then what the flags say is there: nid, start, length, count
 * with nids.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "pipeline/base/charset.h"
#include "pipeline/reader/ops.h"
#include "tests/fuzz/fuzz.h"

#define REQUESTS_MAX 12
#define ITEMS_MAX    6 /* rendered in one request: time, not safety */

enum { HAS_NID = 1, HAS_START = 2, HAS_LENGTH = 4, HAS_COUNT = 8 };

static struct server server;
static const uint32_t nids[] = {
    0x21,     0x122,    0x8022,           0x8062, 0x2223, 0x200024, 0x200044,
    0x200064, 0x200084, READER_RECOVERED, 0x3C,   0x5C,   0x7C};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *given = getenv("PSTFS_FUZZ_STORE");
    int fd = open(given ? given : FUZZ_STORE, O_RDONLY | O_CLOEXEC);
    long page = sysconf(_SC_PAGESIZE);

    if (fd < 0 || dup2(fd, PROTO_STORE_FD) < 0)
        fuzz_fail(__FILE__, __LINE__, "no store");
    /* What is behind the window must not be touched. */
    server.window = mmap(NULL, READER_WINDOW + (size_t)page, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (server.window == MAP_FAILED ||
        mprotect(server.window, READER_WINDOW, PROT_READ | PROT_WRITE) != 0)
        fuzz_fail(__FILE__, __LINE__, "no window");
    return 0;
}

static uint32_t pick_nid(struct fuzz_in *in)
{
    uint32_t n = (uint32_t)fuzz_number(in, 1);

    return n < 200 ? nids[n % array_len(nids)] : (uint32_t)fuzz_number(in, 4);
}

static void make_request(struct fuzz_in *in, struct proto_request *r)
{
    unsigned flags;

    r->op = (uint16_t)(fuzz_number(in, 1) % (PROTO_OPS + 2));
    flags = (unsigned)fuzz_number(in, 1);
    r->format = flags >> 4 & 3;
    if (flags & HAS_NID)
        r->nid = pick_nid(in);
    if (flags & HAS_START)
        r->start = fuzz_number(in, flags & 0x40 ? 8 : 2);
    r->length = 65536;
    if (flags & HAS_LENGTH)
        r->length = fuzz_number(in, flags & 0x80 ? 8 : 3);
    r->part = (uint32_t)(r->start % 5 == 4 ? r->length : r->start % 5);
    if (flags & HAS_COUNT)
        r->count = (uint32_t)fuzz_number(in, 2);
    if (r->count <= PROTO_NIDS_MAX)
        r->count %= ITEMS_MAX + 1;
    for (uint32_t i = 0; i < r->count && i < ITEMS_MAX; i++) {
        uint32_t nid = pick_nid(in);
        memcpy(server.window + PROTO_NIDS_OFF + 4 * (size_t)i, &nid, 4);
    }
}

static void check_reply(const struct proto_request *request,
                        const struct proto_reply *reply)
{
    FUZZ_MUST(reply->op == request->op && reply->seq == request->seq);
    FUZZ_MUST(reply->status <= 0 && reply->status > -4096);
    FUZZ_MUST(memchr(reply->text, '\0', sizeof(reply->text)));
    FUZZ_MUST(charset_is_utf8(reply->text, strlen(reply->text)));
    FUZZ_MUST(reply->used <= PROTO_DATA_MAX);
    if (reply->status == 0 && request->op == PROTO_READ)
        FUZZ_MUST(reply->used <= request->length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};

    server.recent = recent_new();
    for (int i = 0; i < REQUESTS_MAX && in.left; i++) {
        struct proto_request request = {.magic = PROTO_MAGIC,
                                        .version = PROTO_VERSION,
                                        .seq = (uint64_t)i + 1};
        struct proto_reply reply = {.magic = PROTO_MAGIC,
                                    .version = PROTO_VERSION};
        make_request(&in, &request);
        ops_run(&server, &request, &reply);
        check_reply(&request, &reply);
    }
    recent_free(&server.recent);
    pst_free(&server.pst);
    return 0;
}
