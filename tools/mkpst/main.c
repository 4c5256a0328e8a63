/* mkpst: writes a valid store from a seed, and says what is in it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/mkpst/plan.h"

#define FOLDERS_MAX 10000
#define DEPTH_MAX   64

static const char help[] =
    "usage: mkpst [options] OUT.pst\n"
    "Writes a store of made-up items and a manifest of them.\n"
    "  --seed N              what it is made from (default 1)\n"
    "  --messages N          items (default 200)\n"
    "  --format FORMAT       unicode (default), ansi, ost4k\n"
    "  --crypt METHOD        none, permute (default), cyclic\n"
    "  --folders N           folders besides the standard ones (default 8)\n"
    "  --depth N             how deep they may nest (default 4)\n"
    "  --big BYTES           one attachment of that size (suffixes K M G)\n"
    "  --large BYTES         one more, in a mixed store (default 9M)\n"
    "  --attachment-rate P   percent of the mail that has any (default 20)\n"
    "  --body-size BYTES     mean length of a body (default 1500)\n"
    "  --profile PROFILE     mixed (default): all classes; mail: IPM.Note;\n"
    "                        calendar: events and tasks, most of them "
    "recurring\n"
    "  --manifest FILE       default OUT.jsonl; - for none\n"
    "  --largest P           percent of the mail in the Inbox (default 30)\n"
    "  --size BYTES          add attachments until it is about that large\n"
    "  --ole FILE            attachments of no known type are OLE objects "
    "of it\n"
    "  --password TEXT       the store's password (a checksum only)\n"
    "  --cases               besides, one item of each thing that mail has\n"
    "  --smime FILE          with --cases: a signed or encrypted message\n"
    "  --help                this text\n";

enum option_code {
    OPT_SEED = 256,
    OPT_MESSAGES,
    OPT_FORMAT,
    OPT_CRYPT,
    OPT_FOLDERS,
    OPT_DEPTH,
    OPT_BIG,
    OPT_LARGE,
    OPT_RATE,
    OPT_BODY,
    OPT_PROFILE,
    OPT_MANIFEST,
    OPT_LARGEST,
    OPT_SIZE,
    OPT_PASSWORD,
    OPT_OLE,
    OPT_CASES,
    OPT_SMIME,
    OPT_HELP
};

static const struct option long_options[] = {
    {"seed", required_argument, NULL, OPT_SEED},
    {"messages", required_argument, NULL, OPT_MESSAGES},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"crypt", required_argument, NULL, OPT_CRYPT},
    {"folders", required_argument, NULL, OPT_FOLDERS},
    {"depth", required_argument, NULL, OPT_DEPTH},
    {"big", required_argument, NULL, OPT_BIG},
    {"large", required_argument, NULL, OPT_LARGE},
    {"attachment-rate", required_argument, NULL, OPT_RATE},
    {"body-size", required_argument, NULL, OPT_BODY},
    {"profile", required_argument, NULL, OPT_PROFILE},
    {"manifest", required_argument, NULL, OPT_MANIFEST},
    {"largest", required_argument, NULL, OPT_LARGEST},
    {"size", required_argument, NULL, OPT_SIZE},
    {"password", required_argument, NULL, OPT_PASSWORD},
    {"ole", required_argument, NULL, OPT_OLE},
    {"cases", no_argument, NULL, OPT_CASES},
    {"smime", required_argument, NULL, OPT_SMIME},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static void usage(const char *why, const char *what)
{
    fprintf(stderr, "mkpst: %s: %s\ntry mkpst --help\n", what, why);
    exit(2);
}

/* A number with an optional K, M or G, at most `most`. */
static uint64_t number(const char *text, uint64_t most)
{
    static const char units[] = "KMG";
    char *end;
    unsigned long long n;
    const char *unit;
    int shift = 0;

    errno = 0;
    n = strtoull(text, &end, 0);
    unit = *end ? strchr(units, *end) : NULL;
    if (unit) {
        shift = 10 * (int)(unit - units + 1);
        end++;
    }
    if (errno || end == text || *end || *text == '-' || n > most >> shift)
        usage("not a number that fits", text);
    return (uint64_t)n << shift;
}

/* The place of text in a list of words. */
static unsigned word(const char *text, const char *const *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(text, words[i]) == 0)
            return i;
    usage("no such choice", text);
    return 0;
}

/* All of a file, to the end of the program. */
static const uint8_t *file_load(const char *path, size_t *size_r)
{
    int cleanup_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *data;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        fatal("%s: %s", path, strerror(errno));
    data = mem_new((size_t)st.st_size);
    if (read(fd, data, (size_t)st.st_size) != st.st_size)
        fatal("%s: cannot read it", path);
    *size_r = (size_t)st.st_size;
    return data;
}

static void set_word(struct options *o, int code, const char *text)
{
    static const char *const crypts[] = {"none", "permute", "cyclic"};
    static const char *const profiles[] = {"mixed", "mail", "calendar"};

    if (code == OPT_FORMAT) {
        o->variant = variant_find(text);
        if (!o->variant)
            usage("no such format", text);
    } else if (code == OPT_CRYPT) {
        o->crypt = word(text, crypts, array_len(crypts));
    } else if (code == OPT_PROFILE) {
        unsigned profile = word(text, profiles, array_len(profiles));
        o->mail_only = profile == 1;
        o->calendar_only = profile == 2;
    } else if (code == OPT_MANIFEST) {
        o->manifest = text;
    } else if (code == OPT_PASSWORD) {
        o->password = text;
    } else if (code == OPT_OLE) {
        o->ole = file_load(text, &o->ole_size);
    } else if (code == OPT_CASES) {
        o->cases = true;
    } else if (code == OPT_SMIME) {
        if (o->smime_count == SMIME_MOST)
            usage("too many", text);
        o->smime[o->smime_count++] = text;
    }
}

static void set_option(struct options *o, int code, const char *text)
{
    switch (code) {
    case OPT_SEED:
        o->seed = number(text, INT64_MAX);
        break;
    case OPT_MESSAGES:
        o->messages = (uint32_t)number(text, 100000000);
        break;
    case OPT_FOLDERS:
        o->folders = (uint32_t)number(text, FOLDERS_MAX);
        break;
    case OPT_DEPTH:
        o->depth = (uint32_t)number(text, DEPTH_MAX);
        break;
    case OPT_BIG:
        o->big = number(text, UINT32_MAX);
        break;
    case OPT_LARGE:
        o->large = number(text, UINT32_MAX);
        break;
    case OPT_RATE:
        o->attachment_rate = (unsigned)number(text, 100);
        break;
    case OPT_BODY:
        o->body_size = number(text, 100 << 20);
        break;
    case OPT_LARGEST:
        o->largest = (unsigned)number(text, 100);
        break;
    case OPT_SIZE:
        o->size = number(text, (uint64_t)1 << 37);
        break;
    default:
        set_word(o, code, text);
    }
}

static void parse(int argc, char **argv, struct options *o)
{
    int code;

    while ((code = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (code == OPT_HELP) {
            fputs(help, stdout);
            exit(0);
        }
        if (code == '?') {
            fputs("try mkpst --help\n", stderr);
            exit(2);
        }
        set_option(o, code, optarg);
    }
    if (argc - optind != 1)
        usage("one OUT.pst is needed", "arguments");
    o->out = argv[optind];
}

/* OUT.jsonl beside OUT.pst; malloc'd, NULL for "-". */
static char *manifest_path(const struct options *o)
{
    const char *slash = strrchr(o->out, '/'), *dot = strrchr(o->out, '.');
    size_t stem = strlen(o->out);

    if (o->manifest)
        return strcmp(o->manifest, "-") == 0 ? NULL : mem_text(o->manifest);
    if (dot && dot > (slash ? slash + 1 : o->out))
        stem = (size_t)(dot - o->out);
    return mem_textf("%.*s.jsonl", (int)stem, o->out);
}

static void run(const struct options *o, int fd)
{
    char *cleanup_free path = manifest_path(o);
    struct store store;
    struct tree tree;
    struct store_folders folders;
    struct manifest *manifest = manifest_new(path);

    store_init(&store, o, fd);
    tree_init(&tree, &store);
    manifest_store(manifest, &tree);
    plan_run(o, &tree, manifest);
    manifest_folders(manifest, &tree);
    manifest_end(&manifest);
    tree_write(&tree, &folders);
    store_finish(&store, &folders);
    tree_finish(&tree);
}

int main(int argc, char **argv)
{
    struct options o = {.variant = variant_find("unicode"),
                        .crypt = PST_CRYPT_PERMUTE,
                        .seed = 1,
                        .messages = 200,
                        .folders = 8,
                        .depth = 4,
                        .attachment_rate = 20,
                        .large = 9 << 20,
                        .largest = 30,
                        .body_size = 1500};
    int cleanup_fd fd = -1;
    struct stat st;

    parse(argc, argv, &o);
    fd = open(o.out, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        fatal("%s: %s", o.out, strerror(errno));
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        fatal_removes(o.out);
    run(&o, fd);
    return 0;
}
