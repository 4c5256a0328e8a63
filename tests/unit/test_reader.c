/*
 * The reader's client. Against itself as a hostile reader (this program is
 * started as pstfs-reader and breaks the protocol in the way PSTFS_EVIL
 * says), and against the real one on a store of mkpst, when PSTFS_MKPST and
 * PSTFS_REAL_READER name them.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "pipeline/base/clock.h"
#include "pipeline/base/io.h"
#include "pipeline/reader/proto.h"
#include "tests/unit/check.h"

#define KILLER 0x84 /* the item that ends the hostile reader */
#define ITEMS  5

/* ---- the hostile reader ---- */

static uint8_t *window;

static struct proto_record *evil_record(struct proto_reply *reply)
{
    struct proto_record *r = (void *)(window + PROTO_DATA_OFF);

    memset(r, 0, 64);
    r->size = sizeof(*r) + 8;
    reply->count = 1;
    reply->used = r->size;
    return r;
}

static void evil_size_zero(struct proto_reply *reply)
{
    evil_record(reply)->size = 0;
}

static void evil_size_past_used(struct proto_reply *reply)
{
    evil_record(reply)->size = 4096;
}

static void evil_size_past_record(struct proto_reply *reply)
{
    evil_record(reply)->size = PROTO_RECORD_MAX + 8;
    reply->used = PROTO_DATA_MAX;
}

static void evil_text_past_record(struct proto_reply *reply)
{
    evil_record(reply)->lengths[4] = 60000;
}

static void evil_no_nul(struct proto_reply *reply)
{
    memset(evil_record(reply)->text, 'x', 8);
}

static void evil_not_utf8(struct proto_reply *reply)
{
    struct proto_record *r = evil_record(reply);

    r->lengths[1] = 1;
    r->text[1] = (char)0xFF;
}

static void evil_too_many(struct proto_reply *reply)
{
    evil_record(reply);
    reply->count = 1000000;
}

static void evil_used(struct proto_reply *reply)
{
    evil_record(reply);
    reply->used = PROTO_DATA_MAX + 1;
}

static void evil_seq(struct proto_reply *reply)
{
    evil_record(reply);
    reply->seq++;
}

static void evil_stands_still(struct proto_reply *reply)
{
    evil_record(reply);
    reply->next = 1;
}

static void evil_words(struct proto_reply *reply)
{
    reply->status = -EIO;
    memset(reply->text, 'x', sizeof(reply->text));
}

static void evil_status(struct proto_reply *reply)
{
    reply->status = 5;
}

static void evil_dies(struct proto_reply *reply)
{
    abort();
}

static void evil_hangs(struct proto_reply *reply)
{
    pause();
}

/* Stands still in an item, but not by itself. */
static void evil_stops(struct proto_reply *reply)
{
    ((struct proto_board *)window)->nid = KILLER;
    kill(getpid(), SIGSTOP);
}

static void evil_shrinks(struct proto_reply *reply)
{
    if (ftruncate(PROTO_WINDOW_FD, 0) == 0)
        return; /* the client dies of SIGBUS */
    reply->status = -EPERM;
}

static struct proto_item *evil_items(struct proto_reply *reply)
{
    struct proto_item *items = (void *)(window + PROTO_DATA_OFF);

    memset(items, 0, 64 * sizeof(*items));
    reply->count = ITEMS;
    reply->used = PROTO_DATA_MAX;
    return items;
}

static void evil_item_off(struct proto_reply *reply)
{
    struct proto_item *items = evil_items(reply);

    items[0].has_data = 1;
    items[0].size = 100;
    items[0].off = UINT64_MAX - 50;
}

static void evil_item_size(struct proto_reply *reply)
{
    struct proto_item *items = evil_items(reply);

    items[0].has_data = 1;
    items[0].size = PROTO_DATA_MAX;
    items[0].off = 8;
}

static void evil_item_error(struct proto_reply *reply)
{
    evil_items(reply)[0].error = -5;
}

static void evil_item_none(struct proto_reply *reply)
{
    evil_items(reply);
    reply->count = 0;
}

static void evil_item_more(struct proto_reply *reply)
{
    evil_items(reply);
    reply->count = ITEMS + 1;
}

/* Answers, but dies in one item, which it has written on the board. */
static void evil_killer(struct proto_reply *reply)
{
    const uint32_t *nids = (void *)(window + PROTO_NIDS_OFF);
    struct proto_item *items = (void *)(window + PROTO_DATA_OFF);

    for (uint32_t i = 0; i < reply->count; i++) {
        ((struct proto_board *)window)->nid = nids[i];
        if (nids[i] == KILLER)
            abort();
        items[i] = (struct proto_item){.size = nids[i]};
    }
    reply->used = reply->count * sizeof(*items);
}

static const struct {
    const char *name;
    void (*act)(struct proto_reply *reply);
    bool bulk; /* seen by reader_metas, else by reader_folders */
    int want;
} evils[] = {
    {"size-zero", evil_size_zero, false, -EIO},
    {"size-past-used", evil_size_past_used, false, -EIO},
    {"size-past-record", evil_size_past_record, false, -EIO},
    {"text-past-record", evil_text_past_record, false, -EIO},
    {"no-nul", evil_no_nul, false, -EIO},
    {"not-utf8", evil_not_utf8, false, -EIO},
    {"too-many", evil_too_many, false, -EIO},
    {"used", evil_used, false, -EIO},
    {"seq", evil_seq, false, -EIO},
    {"stands-still", evil_stands_still, false, -EIO},
    {"words", evil_words, false, -EIO},
    {"status", evil_status, false, -EIO},
    {"dies", evil_dies, false, -EIO},
    {"shrinks", evil_shrinks, false, -EPERM},
    {"item-off", evil_item_off, true, -EIO},
    {"item-size", evil_item_size, true, -EIO},
    {"item-error", evil_item_error, true, -EIO},
    {"item-none", evil_item_none, true, -EIO},
    {"item-more", evil_item_more, true, -EIO},
    {"killer", evil_killer, true, 0},
    {"stops", evil_stops, false, -ETIMEDOUT},
    {"hangs", evil_hangs, false, -EINTR},
};

static int evil_main(void)
{
    const char *name = getenv("PSTFS_EVIL");
    struct proto_request request;

    window = mmap(NULL, READER_WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED,
                  PROTO_WINDOW_FD, 0);
    while (recv(PROTO_SOCKET_FD, &request, sizeof(request), 0) > 0) {
        struct proto_reply reply = {.magic = PROTO_MAGIC,
                                    .version = PROTO_VERSION,
                                    .op = request.op,
                                    .seq = request.seq,
                                    .count = request.count};
        for (size_t i = 0; i < array_len(evils); i++)
            if (strcmp(evils[i].name, name) == 0)
                evils[i].act(&reply);
        send(PROTO_SOCKET_FD, &reply, sizeof(reply), MSG_NOSIGNAL);
    }
    return 0;
}

/* ---- against it ---- */

static int folder_count(void *ctx, const struct reader_folder *folder)
{
    ++*(int *)ctx;
    return 0;
}

static struct reader *reader_make(const char *path)
{
    struct reader *reader = NULL;

    CHECK_EQ(reader_new(path, &reader, NULL), 0);
    return reader;
}

static void test_hostile(const char *store)
{
    static const uint32_t nids[ITEMS] = {0x24, 0x44, 0x64, 0x84, 0xA4};

    for (size_t i = 0; i < array_len(evils) - 3; i++) {
        struct reader *reader = reader_make(store);
        struct reader_meta metas[ITEMS];
        struct err err = {0};
        int n = 0, rc;
        setenv("PSTFS_EVIL", evils[i].name, 1);
        if (evils[i].bulk)
            rc = reader_metas(reader, READER_MAIL, nids, ITEMS, metas, &err);
        else
            rc = reader_folders(reader, folder_count, &n, &err);
        if (!CHECK(rc == evils[i].want && n <= 1))
            fprintf(stderr, "    %s: %d %s\n", evils[i].name, rc, err.msg);
        CHECK(strlen(err.msg) < sizeof(err.msg) && strchr(err.msg, ':'));
        reader_free(&reader);
    }
}

static void test_killer_is_refused(const char *store)
{
    static const uint32_t nids[ITEMS] = {0x24, 0x44, KILLER, 0x64, 0xA4};
    struct reader *reader = reader_make(store);
    struct reader_meta metas[ITEMS];
    struct err err = {0};
    char byte;

    setenv("PSTFS_EVIL", "killer", 1);
    CHECK_EQ(reader_metas(reader, READER_MAIL, nids, ITEMS, metas, &err), 0);
    for (int i = 0; i < ITEMS; i++) {
        CHECK_EQ(metas[i].error, nids[i] == KILLER ? EIO : 0);
        CHECK_EQ(metas[i].size, nids[i] == KILLER ? 0 : nids[i]);
    }
    CHECK_EQ(reader_read(reader, KILLER, READER_MAIL, 0, &byte, 1, &err), -EIO);
    CHECK(strstr(err.msg, "ended the reader before") != NULL);
    reader_free(&reader);
}

static void *interrupt_soon(void *ctx)
{
    usleep(200000);
    reader_interrupt(ctx, true);
    return NULL;
}

static void test_interrupt(const char *store)
{
    struct reader *reader = reader_make(store);
    uint64_t began = time_mono_ms();
    struct err err = {0};
    pthread_t thread;
    int n = 0;

    setenv("PSTFS_EVIL", "hangs", 1);
    pthread_create(&thread, NULL, interrupt_soon, reader);
    CHECK_EQ(reader_folders(reader, folder_count, &n, &err), -EINTR);
    CHECK(time_mono_ms() - began < 5000);
    CHECK_EQ(reader_pid(reader), 0);
    pthread_join(thread, NULL);
    reader_free(&reader);
}

/* What others would keep, of one file. */
struct kept {
    struct reader *reader; /* asked from within: no lock is held */
    const char *path;
    uint64_t lasting;
    int added, asked;
    uint32_t nid;
};

static void kept_add(void *ctx, const char *path, uint64_t lasting,
                     uint32_t nid, const char *why)
{
    struct kept *kept = ctx;
    struct reader_info info;

    CHECK_STR(path, kept->path);
    CHECK(lasting != 0 && strstr(why, "died of signal") != NULL);
    kept->lasting = lasting;
    kept->nid = nid;
    kept->added++;
    reader_info(kept->reader, &info, NULL);
}

static void kept_each(void *ctx, const char *path, uint64_t lasting,
                      reader_bad_fn *take, void *take_ctx)
{
    struct kept *kept = ctx;

    kept->asked++;
    if (kept->nid && lasting == kept->lasting)
        take(take_ctx, kept->nid, "known");
}

/* Killed twice, told once; a reader that comes later asks nothing of it. */
static void test_killer_is_shared(const char *store)
{
    static const uint32_t nids[ITEMS] = {0x24, 0x44, KILLER, 0x64, 0xA4};
    struct kept kept = {.path = store};
    struct reader_share share = {kept_add, kept_each, &kept};
    struct reader_meta metas[ITEMS];
    struct err err = {0};
    char byte;

    setenv("PSTFS_EVIL", "killer", 1);
    reader_share(&share);
    kept.reader = reader_make(store);
    CHECK_EQ(reader_metas(kept.reader, READER_MAIL, nids, ITEMS, metas, &err),
             0);
    CHECK_EQ(kept.added, 1);
    CHECK_EQ(kept.nid, KILLER);
    CHECK_EQ(kept.asked, 3);
    reader_free(&kept.reader);
    kept.reader = reader_make(store);
    CHECK_EQ(reader_metas(kept.reader, READER_MAIL, nids, ITEMS, metas, &err),
             0);
    CHECK_EQ(metas[2].error, EIO);
    CHECK_EQ(reader_read(kept.reader, KILLER, READER_MAIL, 0, &byte, 1, &err),
             -EIO);
    CHECK(strstr(err.msg, "known") != NULL);
    CHECK_EQ(kept.added, 1);
    CHECK_EQ(kept.asked, 4);
    reader_free(&kept.reader);
    reader_share(&(struct reader_share){NULL, NULL, NULL});
}

static void settings_use(const char *dir, const char *text)
{
    struct settings *settings = NULL;
    char path[PATH_MAX];
    FILE *f;

    snprintf(path, sizeof(path), "%s/settings", dir);
    f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    CHECK_EQ(settings_new(path, &settings, NULL), 0);
    CHECK_EQ(reader_setup(settings, NULL), 0);
    settings_free(&settings);
}

/* A disk that does not answer blames no item, and after two time limits the
 * others do not wait. */
static void test_held_up(const char *store, const char *dir)
{
    struct reader *reader = reader_make(store);
    struct err err = {0};
    uint64_t began;
    char byte;

    settings_use(dir, "[reader]\ntimeout = 1\n");
    setenv("PSTFS_EVIL", "stops", 1);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(reader_read(reader, KILLER, READER_MAIL, 0, &byte, 1, &err),
                 -ETIMEDOUT);
    began = time_mono_ms();
    for (int i = 0; i < 100; i++)
        CHECK_EQ(reader_read(reader, KILLER, READER_MAIL, 0, &byte, 1, &err),
                 -ETIMEDOUT);
    CHECK(time_mono_ms() - began < 900);
    CHECK(strstr(err.msg, "tried again in") != NULL);
    reader_free(&reader);
    settings_use(dir, "");
}

/* ---- against the real one ---- */

struct listing {
    struct reader *reader;
    uint32_t folders[1000], nids[10000], sums[10000];
    bool in_pieces[10000];
    size_t folder_n, n, big;
    struct reader_meta metas[10000];
};

static int folder_keep(void *ctx, const struct reader_folder *folder)
{
    struct listing *l = ctx;

    if (!folder->is_search && l->folder_n < array_len(l->folders))
        l->folders[l->folder_n++] = folder->nid;
    return 0;
}

static int entry_keep(void *ctx, const struct reader_entry *entry)
{
    struct listing *l = ctx;

    if (l->n < array_len(l->nids))
        l->nids[l->n++] = entry->nid;
    return *entry->ext ? 0 : -EINVAL;
}

/* The bytes that come in bulk are those that come in odd pieces. */
static int fetch_compare(void *ctx, size_t i, const struct reader_meta *meta,
                         const void *data)
{
    struct listing *l = ctx;

    if (meta->error || meta->size != l->metas[i].size ||
        meta->time != l->metas[i].time || meta->flags != l->metas[i].flags)
        return -EBADMSG;
    if (data) { /* fn may not call the reader: keep a sum for later */
        uint64_t sum = 0;
        for (size_t k = 0; k < meta->size; k++)
            sum = sum * 31 + ((const uint8_t *)data)[k];
        l->sums[i] = (uint32_t)sum;
    }
    l->in_pieces[i] = !data;
    l->big += !data;
    return data || meta->size > READER_WINDOW / 2 ? 0 : -EFBIG;
}

static void pieces_compare(struct listing *l, size_t i)
{
    uint64_t off = 0, sum = 0;
    uint8_t buf[7919];
    ssize_t n;

    while ((n = reader_read(l->reader, l->nids[i], READER_MAIL, off, buf,
                            sizeof(buf), NULL)) > 0) {
        for (ssize_t k = 0; k < n; k++)
            sum = sum * 31 + buf[k];
        off += (uint64_t)n;
    }
    if (!CHECK(n == 0 && off == l->metas[i].size &&
               (l->in_pieces[i] || (uint32_t)sum == l->sums[i])))
        fprintf(stderr, "    item 0x%x\n", l->nids[i]);
}

static void test_store(const char *store, size_t items)
{
    static struct listing l;
    struct reader_info info = {0};
    struct err err = {0};

    l.reader = reader_make(store);
    CHECK_EQ(reader_pid(l.reader), 0);
    CHECK_EQ(reader_info(l.reader, &info, &err), 0);
    CHECK_EQ(strlen(info.record_key), 32);
    CHECK_EQ(reader_folders(l.reader, folder_keep, &l, &err), 0);
    for (size_t i = 0; i < l.folder_n; i++)
        CHECK_EQ(reader_entries(l.reader, l.folders[i], entry_keep, &l, &err),
                 0);
    CHECK_EQ(l.n, items);
    CHECK_EQ(reader_metas(l.reader, READER_MAIL, l.nids, l.n, l.metas, &err),
             0);
    /* A reader that was killed is started again. */
    kill(reader_pid(l.reader), SIGKILL);
    CHECK_EQ(reader_info(l.reader, &info, &err), -EIO);
    CHECK_EQ(reader_fetch(l.reader, READER_MAIL, l.nids, l.n, fetch_compare, &l,
                          &err),
             0);
    CHECK(l.big >= 1); /* the attachment of 12 MB */
    for (size_t i = 0; i < l.n; i++)
        pieces_compare(&l, i);
    reader_rest(l.reader);
    CHECK_EQ(reader_pid(l.reader), 0);
    reader_free(&l.reader);
}

/* Recovered items: the same numbers, sizes and bytes whichever child is
 * asked, as often as it is. */
static void test_recovered(const char *store, size_t items)
{
    static struct listing l, again;
    struct reader_meta meta = {0};
    uint32_t none = reader_recovered_nid((uint32_t)items + 1);
    struct err err = {0};
    char c;

    memset(&l, 0, sizeof(l));
    memset(&again, 0, sizeof(again));
    l.reader = reader_make(store);
    CHECK_EQ(reader_entries(l.reader, READER_RECOVERED, entry_keep, &l, &err),
             0);
    CHECK_EQ(l.n, items);
    CHECK_EQ(reader_metas(l.reader, READER_MAIL, l.nids, l.n, l.metas, &err),
             0);
    CHECK_EQ(reader_metas(l.reader, READER_MAIL, &none, 1, &meta, &err), 0);
    CHECK_EQ(meta.error, ENOENT);
    CHECK_EQ(reader_read(l.reader, none, READER_FILE, 0, &c, 1, &err), -ENOENT);
    CHECK_EQ(reader_fetch(l.reader, READER_MAIL, l.nids, l.n, fetch_compare, &l,
                          &err),
             0);
    reader_rest(l.reader);
    for (size_t i = 0; i < l.n; i++) {
        CHECK(reader_is_recovered(l.nids[i]));
        CHECK_EQ(l.metas[i].error, 0);
        CHECK_EQ(l.metas[i].defects, 0);
        pieces_compare(&l, i);
    }
    CHECK_EQ(
        reader_entries(l.reader, READER_RECOVERED, entry_keep, &again, &err),
        0);
    CHECK_EQ(again.n, l.n);
    CHECK_EQ(memcmp(again.nids, l.nids, l.n * sizeof(l.nids[0])), 0);
    reader_free(&l.reader);
}

static void test_bad_stores(const char *dir)
{
    static const struct {
        const char *path;
        int want;
    } bad[] = {{"absent.pst", READER_NO_SOURCE},
               {"junk.pst", -EBADMSG},
               {"", -EINVAL}};
    char path[PATH_MAX];
    struct err err = {0};

    snprintf(path, sizeof(path), "%s/junk.pst", dir);
    FILE *f = fopen(path, "w");
    fprintf(f, "%04096d", 7);
    fclose(f);
    for (size_t i = 0; i < array_len(bad); i++) {
        struct reader_info info;
        snprintf(path, sizeof(path), "%s/%s", dir, bad[i].path);
        struct reader *reader = reader_make(path);
        CHECK_EQ(reader_info(reader, &info, &err), bad[i].want);
        CHECK(strncmp(err.msg, bad[i].path, strlen(bad[i].path)) == 0);
        reader_free(&reader);
    }
}

/* What a change of the file means to who reads it. */
static void check_stale(struct reader *reader, const char *words)
{
    struct reader_info info;
    struct err err = {0};

    for (int i = 0; i < 2; i++) {
        CHECK_EQ(reader_info(reader, &info, &err), -ESTALE);
        if (!CHECK(strstr(err.msg, words) != NULL))
            fprintf(stderr, "    %s\n", err.msg);
    }
    CHECK_EQ(reader_pid(reader), 0);
    reader_renew(reader);
}

static void file_write(const char *path, off_t off, const char *byte)
{
    int fd = open(path, O_WRONLY);

    CHECK_EQ(io_pwrite(fd, byte, 1, (uint64_t)off), 0);
    close(fd);
}

static void file_copy(const char *from, const char *to)
{
    char command[3 * PATH_MAX];

    snprintf(command, sizeof(command), "cp -p '%s' '%s'", from, to);
    CHECK_EQ(system(command), 0);
}

static void test_changes(const char *dir, const char *store)
{
    char path[PATH_MAX], other[PATH_MAX];
    struct reader_file file, zero = {0};
    struct reader_info info;
    struct err err = {0};
    struct reader *reader, *second;
    struct stat st;
    uint64_t stamp;

    snprintf(path, sizeof(path), "%s/live.pst", dir);
    snprintf(other, sizeof(other), "%s/other.pst", dir);
    file_copy(store, path);
    file_copy(store, other);
    reader = reader_make(path);
    second = reader_make(path);
    reader_file(reader, &file);
    CHECK_EQ(file.now, 0);
    CHECK_EQ(reader_info(reader, &info, &err), 0);
    stamp = info.stamp;
    reader_file(reader, &file);
    CHECK(file.now && file.lasting && reader_look(reader, NULL, NULL) == 0);
    reader_expect(second, &file);
    /* Another file of the same size and time, moved over it. */
    CHECK_EQ(rename(other, path), 0);
    CHECK_EQ(reader_look(reader, &zero, &err), -ESTALE);
    CHECK(zero.now != file.now && zero.lasting == file.lasting);
    check_stale(reader, "replaced or removed");
    CHECK_EQ(reader_info(second, &info, &err), -ESTALE);
    CHECK(strstr(err.msg, "another file lies") != NULL);
    CHECK_EQ(reader_info(reader, &info, &err), 0);
    CHECK_EQ(info.stamp, stamp);
    /* Written to, one byte, in the data; also while no child runs. */
    file_write(path, 100000, "x");
    check_stale(reader, "written to");
    CHECK_EQ(reader_info(reader, &info, &err), 0);
    CHECK(info.stamp != stamp);
    reader_rest(reader);
    file_write(path, 100000, "y");
    check_stale(reader, "has changed");
    /* The header alone, the time put back. */
    CHECK_EQ(reader_info(reader, &info, &err), 0);
    CHECK_EQ(stat(path, &st), 0);
    file_write(path, 20, "x");
    CHECK_EQ(utimensat(AT_FDCWD, path,
                       (struct timespec[]){st.st_atim, st.st_mtim}, 0),
             0);
    check_stale(reader, "header");
    CHECK_EQ(reader_info(reader, &info, &err), 0);
    CHECK_EQ(truncate(path, st.st_size / 2), 0);
    check_stale(reader, "bytes, had");
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(reader_look(reader, NULL, &err), READER_NO_SOURCE);
    CHECK_EQ(reader_info(reader, &info, &err), READER_NO_SOURCE);
    reader_free(&reader);
    reader_free(&second);
}

static void test_sandbox_told(const char *store, const char *dir)
{
    static const char *const modes[] = {"auto", "require", "off"};
    struct reader_info info;
    char text[64];

    for (size_t i = 0; i < array_len(modes); i++) {
        struct reader *reader = reader_make(store);
        struct err err = {0};
        int rc;
        snprintf(text, sizeof(text), "[reader]\nsandbox = %s\n", modes[i]);
        settings_use(dir, text);
        rc = reader_info(reader, &info, &err);
        if (rc == 0 && i < 2)
            CHECK(strncmp(info.sandbox, "seccomp ", 8) == 0 ||
                  (i == 0 && strncmp(info.sandbox, "off (san", 8) == 0));
        else if (rc == 0)
            CHECK(strncmp(info.sandbox, "off (", 5) == 0);
        else /* required where there is none */
            CHECK(rc == -EPERM && i == 1 && strstr(err.msg, "no sandbox"));
        reader_free(&reader);
    }
    settings_use(dir, "");
}

static void test_real(const char *dir, const char *mkpst, const char *program)
{
    char store[PATH_MAX], command[3 * PATH_MAX];

    setenv("PSTFS_READER", program, 1);
    snprintf(store, sizeof(store), "%s/store.pst", dir);
    snprintf(command, sizeof(command),
             "'%s' --messages 300 --seed 11 --big 12M '%s'", mkpst, store);
    if (!CHECK(system(command) == 0))
        return;
    test_store(store, 300);
    test_recovered(store, 0);
    if (getenv("PSTFS_ERASED"))
        test_recovered(getenv("PSTFS_ERASED"), 7);
    test_changes(dir, store);
    test_sandbox_told(store, dir);
    test_bad_stores(dir);
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/pstfs-reader-XXXXXX", self[PATH_MAX], command[PATH_MAX];
    const char *mkpst = getenv("PSTFS_MKPST");
    const char *real = getenv("PSTFS_REAL_READER");
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (strcmp(argv[0], "pstfs-reader") == 0)
        return evil_main();
    if (n < 0 || !mkdtemp(dir))
        return 1;
    self[n] = '\0';
    setenv("PSTFS_READER", self, 1);
    test_hostile(self);
    test_killer_is_refused(self);
    test_killer_is_shared(self);
    test_interrupt(self);
    test_held_up(self, dir);
    if (mkpst && real)
        test_real(dir, mkpst, real);
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    CHECK_EQ(system(command), 0);
    return check_report();
}
