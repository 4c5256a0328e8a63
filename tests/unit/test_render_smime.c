/* S/MIME: the entity as it was sent, or the CMS object, or neither. */
#include "pipeline/render/mime.h"

#include "tests/unit/check.h"

static ssize_t text_read(void *ctx, uint64_t off, void *buf, size_t len,
                         struct err *err)
{
    memcpy(buf, (const char *)ctx + off, len);
    return (ssize_t)len;
}

/* Renders one attachment of a message of this class; NULL: not S/MIME. */
static const char *run(const char *class, const char *bytes, size_t len,
                       bool crlf)
{
    static char got[4096];
    struct work w = {.out = segments_new(crlf), .arena = arena_new()};
    struct message m = {.work = &w, .class = class};
    struct part part = {.kind = PART_DATA, .source = {text_read}};
    struct parts parts = {&part, 1};
    bool done;
    ssize_t n;

    part.source.ctx = (void *)(uintptr_t)bytes;
    part.source.size = len;
    done = smime_write(&m, &parts);
    n = segments_read(w.out, 0, got, sizeof(got) - 1, NULL);
    got[n < 0 ? 0 : n] = '\0';
    segments_free(&w.out);
    arena_free(&w.arena);
    return done ? got : NULL;
}

static const char *run_text(const char *class, const char *text, bool crlf)
{
    return run(class, text, strlen(text), crlf);
}

static const char signed_class[] = "IPM.Note.SMIME.MultipartSigned";

static void test_signed(void)
{
    const char *entity = "Content-Type: multipart/signed;\r\n\tboundary=x\r\n"
                         "X-Other: dropped\r\n\r\n--x\r\nsigned \r\n--x--\r\n";
    const char *got = run_text(signed_class, entity, false);

    CHECK_STR(got ? got : "", "Content-Type: multipart/signed;\n\tboundary=x\n"
                              "\n--x\nsigned \n--x--\n");
    got = run_text(signed_class, entity, true);
    CHECK_STR(got ? got : "",
              "Content-Type: multipart/signed;\r\n\tboundary=x\r\n"
              "\r\n--x\r\nsigned \r\n--x--\r\n");
}

static void test_refused(void)
{
    CHECK(!run_text("IPM.Note", "Content-Type: a/b\n\nx", false));
    CHECK(!run_text(signed_class, "no headers here", false));
    CHECK(!run_text(signed_class, "Content-Type: a/b", false));
    CHECK(!run_text(signed_class, "Content-Other: a\n\nx", false));
    CHECK(!run_text(signed_class, "", false));
    /* Our own boundary inside would break the structure around it. */
    CHECK(
        !run_text(signed_class, "Content-Type: a/b\n\n--=_pstfs_1_\n", false));
    CHECK(!run(signed_class, "Content-Type: a/b\n\n\0", 20, false));
}

static void test_cms(void)
{
    const char *got = run("IPM.Note.SMIME", "\x30\x80\x01", 3, false);

    CHECK(got && strstr(got, "application/pkcs7-mime") &&
          strstr(got, "\n\nMIAB\n"));
    CHECK(!run("IPM.Note.SMIME", "\x31\x80\x01", 3, false));
}

int main(void)
{
    test_signed();
    test_refused();
    test_cms();
    return check_report();
}
