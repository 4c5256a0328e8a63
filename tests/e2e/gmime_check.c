/*
 * GMime as the judge of our MIME: parses each file named on standard input
 * and prints what GMime warns of, one line a finding. Exit code 1 when there
 * was one.
 */
#include <gmime/gmime.h>
#include <stdio.h>
#include <string.h>

#define PATH_LINE_MAX 8192

static const char *current;
static int findings;

static void warn(gint64 offset, GMimeParserWarning code, const gchar *item,
                 gpointer data)
{
    findings++;
    printf("%s: offset %lld: warning %d: %s\n", current, (long long)offset,
           (int)code, item ? item : "");
}

static void check_file(GMimeParserOptions *options)
{
    GMimeStream *stream = g_mime_stream_file_open(current, "r", NULL);
    GMimeMessage *message = NULL;
    GMimeParser *parser;

    if (!stream) {
        findings++;
        printf("%s: cannot be opened\n", current);
        return;
    }
    parser = g_mime_parser_new_with_stream(stream);
    message = g_mime_parser_construct_message(parser, options);
    if (!message) {
        findings++;
        printf("%s: no message\n", current);
    } else {
        g_object_unref(message);
    }
    g_object_unref(parser);
    g_object_unref(stream);
}

int main(void)
{
    GMimeParserOptions *options;
    char line[PATH_LINE_MAX];

    g_mime_init();
    options = g_mime_parser_options_new();
    g_mime_parser_options_set_warning_callback(options, warn, NULL);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        current = line;
        check_file(options);
    }
    g_mime_parser_options_free(options);
    g_mime_shutdown();
    return findings != 0;
}
