/*
 * output: splitting a check's text into its first line and the rest.
 *
 * Nagios hands long output over with its newlines as backslash-n and its backslashes doubled, and command lines that
 * join
 * "$SERVICEOUTPUT$\n$LONGSERVICEOUTPUT$" put a backslash-n between the two. In the short output, where nothing is
 * doubled, a Windows path looks the same, so from a drive to the next blank no newline is read:
 *
 *     disk low\nC: 91 %          → "disk low", "C: 91 %"
 *     C:\nagios\new.log grew     → one line, as it is
 *     drive C:\\nnext            → "drive C:\", "next": a backslash ends the path
 *
 * DIAGNOSTICS
 * NT_ENOMEM.
 */
#include "ingest/output.h"

#include "base/buf.h"
#include "ingest/macros.h"

#include <stdint.h>
#include <string.h>

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Is text[at] the letter of a drive: "C:\" with no letter or digit before it? */
static bool starts_path(const char *text, size_t at)
{
    return is_alnum(text[at]) && text[at + 1] == ':' && text[at + 2] == '\\' && (!at || !is_alnum(text[at - 1]));
}

/* Appends text with literal backslash-n as newlines; doubled: each backslash of the original stands twice. */
static void add_unescaped(struct buf *out, const char *text, bool doubled)
{
    bool path = false;
    for (size_t at = 0; text[at]; at++) {
        if (doubled && text[at] == '\\' && text[at + 1] == '\\') {
            buf_addc(out, '\\');
            at++;
        } else if (text[at] == '\\' && text[at + 1] == 'n' && (!path || text[at - 1] == '\\')) {
            buf_addc(out, '\n');
            path = false;
            at++;
        } else {
            buf_addc(out, text[at]);
            path = !doubled && (path ? !strchr(" \t\n", text[at]) : starts_path(text, at));
        }
    }
}

static enum nt_status set_cut(char **field, struct buf *scratch, const char *text, size_t len)
{
    while (len && strchr(" \t\r\n", text[len - 1]))
        len--;
    buf_reset(scratch);
    enum nt_status status = buf_add(scratch, text, macros_cut(text, len, MACRO_VALUE_MAX));
    return status ? status : alert_set(field, buf_text(scratch));
}

enum nt_status output_set(struct alert *a, const char *first, const char *rest, bool escaped)
{
    struct buf all, part;
    buf_init(&all, SIZE_MAX / 4);
    buf_init(&part, MACRO_VALUE_MAX);
    if (escaped) {
        add_unescaped(&all, first, false);
        buf_addc(&all, '\n');
        add_unescaped(&all, rest, true);
    } else {
        buf_adds(&all, first);
        buf_addc(&all, '\n');
        buf_adds(&all, rest);
    }
    enum nt_status status = buf_status(&all);
    if (status)
        goto done;

    const char *text = buf_text(&all);
    /* Blank lines go, but not the blanks at the start of a line: they may be a table's. */
    for (size_t blank; (blank = strspn(text, " \t\r"), text[blank] == '\n');)
        text += blank + 1;
    size_t line = strcspn(text, "\n");
    const char *more = text + line + (text[line] == '\n');
    status = set_cut(&a->output, &part, text, line);
    if (!status)
        status = set_cut(&a->long_output, &part, more, strlen(more));
done:
    buf_clean(&all);
    buf_clean(&part);
    return status;
}
