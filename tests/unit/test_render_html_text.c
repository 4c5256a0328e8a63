/* HTML bodies as text: every word, no markup. */
#include "pipeline/render/html_text.h"
#include "tests/unit/check.h"

static void check_text(const char *html, const char *expected)
{
    cleanup_buf struct buf out = BUF(1u << 20);

    html_text(html, strlen(html), &out);
    CHECK(out.error == 0);
    CHECK_STR(buf_str(&out), expected);
}

static void test_blocks(void)
{
    check_text("", "");
    check_text("plain", "plain\n");
    check_text("<p>one  two\n three</p><p>four</p>", "one two three\nfour\n");
    check_text("a<br>b<br/><br>c", "a\nb\n\nc\n");
    check_text("<ul><li>x<li>y</ul>", "x\ny\n");
    check_text("<table><tr><td>1<td>2<tr><td>3</table>", "1 2\n3\n");
    check_text("<b>bo</b>ld", "bold\n");
}

static void test_hidden(void)
{
    check_text("<html><head><title>t</title><style>p{}</style></head>"
               "<body><script>if (a<b) x();</script>word</body></html>",
               "word\n");
    check_text("a<!-- <p>no</p> -->b", "ab\n");
    check_text("<style>never closed", "");
    check_text("<a title='1 > 0' href=x>link</a>", "link\n");
}

static void test_characters(void)
{
    check_text("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2\n");
    check_text("&#228;&#xE4;&auml;", "\u00e4\u00e4\u00e4\n");
    check_text("&#x1F680;&#0;&#xD800;&nothing;",
               "\U0001F680&#0;&#xD800;&nothing;\n");
    check_text("a < b & c", "a < b & c\n");
    check_text("x&nbsp;y", "x y\n");
    check_text("caf\u00e9 \u4f1a", "caf\u00e9 \u4f1a\n");
}

/* Tags without an end, odd quotes: no more work than the text is long. */
static void test_hostile(void)
{
    cleanup_buf struct buf html = BUF(8u << 20), out = BUF(16u << 20);

    while (html.len < (1u << 20))
        buf_adds(&html, "<a '");
    html_text(buf_str(&html), html.len, &out);
    CHECK(out.error == 0);
    check_text("<", "<\n");
    check_text("<a", "");
    check_text("<!--", "");
    check_text("&", "&\n");
}

int main(void)
{
    test_blocks();
    test_hidden();
    test_characters();
    test_hostile();
    return check_report();
}
