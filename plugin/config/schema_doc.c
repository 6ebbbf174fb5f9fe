/*
 * schema: the documentation that the tables hold, as a commented example and as a manual page.
 *
 * In the example a comment has a blank after its sign, a setting that is not in force has none: "#max_segments: 1".
 * Taking the sign away is all it takes to change it.
 *
 * DIAGNOSTICS
 * The buf's: NT_ENOMEM, NT_ETOOBIG.
 */
#include "config/schema.h"

#include "base/paths.h"
#include "config/field.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 100 };

/* Words in lines of at most COLUMNS, each after the indent and "# ". */
static void add_comment(struct buf *out, int indent, const char *text)
{
    size_t column = 0;
    if (!text || !*text)
        return;
    while (*text) {
        size_t n = strcspn(text, " ");
        if (column && column + 1 + n > COLUMNS) {
            buf_addc(out, '\n');
            column = 0;
        }
        if (!column) {
            buf_addf(out, "%*s#", indent, "");
            column = (size_t)indent + 1;
        }
        buf_addc(out, ' ');
        buf_add(out, text, n);
        column += n + 1;
        text += n;
        text += strspn(text, " ");
    }
    buf_addc(out, '\n');
}

static void example_section(struct buf *out, const struct section *s, int indent, bool hidden, bool item);

/* One setting; dash: the first of a list's item. */
static void example_field(struct buf *out, const struct field *f, int indent, bool hidden, bool dash)
{
    const char *sign = hidden || (!f->section && !(f->flags & FIELD_SHOWN)) ? "#" : "";
    const char *value = f->initial ? f->initial : f->example;
    if (dash)
        indent -= 2;
    if (f->section && f->section->doc && !value)
        add_comment(out, indent, f->section->doc);
    add_comment(out, indent, f->doc);
    if (f->section && value)
        sign = "#"; /* in one line, with its default or an example */
    buf_addf(out, "%*s%s%s%s:", indent, "", sign, dash ? "- " : "", f->key);
    if (value)
        buf_addf(out, " %s\n", value);
    else
        buf_addc(out, '\n');
    if (!f->section || value)
        return;
    bool list = f->type == FIELD_SECTIONS;
    example_section(out, f->section, list ? indent + 4 : indent + 2, hidden || (list && !(f->flags & FIELD_SHOWN)),
                    list);
}

static void example_section(struct buf *out, const struct section *s, int indent, bool hidden, bool item)
{
    for (size_t i = 0; i < s->fields; i++) {
        if (!indent && i)
            buf_addc(out, '\n');
        example_field(out, &s->field[i], indent, hidden, item && !i);
    }
}

enum nt_status schema_write_example(struct buf *out)
{
    add_comment(out, 0, "notify_twilio: the configuration, usually " NT_CONFIG_PATH ". See notify_twilio.yaml(5).");
    add_comment(
        out, 0,
        "A line with '#' and no blank after it is a setting as it is by default, or an example: take the sign away "
        "to change it. Then run: notify_twilio config check");
    buf_addc(out, '\n');
    example_section(out, &schema_config, 0, false, false);
    return buf_status(out);
}

/* Text of a roff paragraph: nothing in it is taken for a request or an escape. */
static void add_roff(struct buf *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        buf_adds(out, "\\&");
    for (; *text; text++) {
        if (*text == '\\')
            buf_adds(out, "\\e");
        else if (*text == '-')
            buf_adds(out, "\\-");
        else if (!strncmp(text, "…", strlen("…"))) {
            buf_adds(out, "...");
            text += strlen("…") - 1;
        } else
            buf_addc(out, *text);
    }
}

static void man_type(struct buf *out, const struct field *f)
{
    char least[FORM_DURATION_SIZE], most[FORM_DURATION_SIZE];
    switch (f->type) {
    case FIELD_PATH:
        buf_adds(out, "path");
        break;
    case FIELD_WORD:
    case FIELD_CHOICE:
        for (size_t i = 0; f->words[i]; i++) {
            buf_adds(out, i ? " | " : "");
            add_roff(out, f->words[i]);
        }
        break;
    case FIELD_INT:
        buf_addf(out, "%lld to %lld", (long long)f->min, (long long)f->max);
        break;
    case FIELD_RATE:
        buf_addf(out, "number up to %lld", (long long)f->max);
        break;
    case FIELD_BOOL:
        buf_adds(out, "true | false");
        break;
    case FIELD_DURATION:
        form_duration_text(f->min, least);
        form_duration_text(f->max, most);
        buf_addf(out, "duration from %s to %s", least, most);
        break;
    case FIELD_LIST:
        buf_adds(out, "list");
        break;
    case FIELD_SECTION:
        buf_adds(out, "mapping");
        break;
    case FIELD_SECTIONS:
        buf_adds(out, "list of mappings");
        break;
    default:
        buf_adds(out, "text");
        break;
    }
}

static void man_field(struct buf *out, const struct field *f)
{
    buf_adds(out, ".TP\n\\fB");
    add_roff(out, f->key);
    buf_adds(out, "\\fR (");
    man_type(out, f);
    if (f->flags & FIELD_REQUIRED)
        buf_adds(out, ", required");
    if (f->initial) {
        buf_adds(out, "; default ");
        add_roff(out, f->initial);
    }
    buf_adds(out, ")\n");
    add_roff(out, f->doc ? f->doc : "See below.");
    buf_addc(out, '\n');
    if (!f->initial && f->example && !(f->type == FIELD_SECRET)) {
        buf_adds(out, "Example: ");
        add_roff(out, f->example);
        buf_addc(out, '\n');
    }
}

/* A section's own settings, then the sections in it. above: "twilio." and the like. */
static void man_section(struct buf *out, const struct section *s, const char *above, const char *key)
{
    char path[128];
    snprintf(path, sizeof path, "%s%s%s", above, *above && *key ? "." : "", key);
    buf_adds(out, ".SS ");
    add_roff(out, *path ? path : "The outermost level");
    buf_addc(out, '\n');
    if (*s->doc) {
        add_roff(out, s->doc);
        buf_addc(out, '\n');
    }
    for (size_t i = 0; i < s->fields; i++)
        if (s->field[i].doc || !s->field[i].section)
            man_field(out, &s->field[i]);
    for (size_t i = 0; i < s->fields; i++)
        if (s->field[i].section && !(s->field[i].flags & FIELD_INHERITS) && !s->field[i].initial)
            man_section(out, s->field[i].section, path, s->field[i].key);
}

static const char man_head[] =
    ".TH NOTIFY_TWILIO.YAML 5 \"\" \"notify_twilio " NT_VERSION "\"\n"
    ".SH NAME\n"
    "notify_twilio.yaml \\- configuration of notify_twilio\n"
    ".SH DESCRIPTION\n"
    "A YAML file, usually\n"
    ".IR " NT_CONFIG_PATH ",\n"
    "read by every command of\n"
    ".BR notify_twilio (1).\n"
    "Everything but the section\n"
    ".B twilio\n"
    "has a default. Unknown keys are errors; aliases, tags and merge keys are refused.\n"
    ".PP\n"
    "A duration is a number with a unit, or several of them: 250ms, 30s, 5m, 1h30m, 90d. 0 needs no unit.\n"
    "A path is relative to the folder of this file. Telephone numbers are written as E.164 has it: a plus, the "
    "country\n"
    "code and the number; put them in quotes.\n"
    ".PP\n"
    "A file that a secret is read from must be closed to others (chmod o=). When it is named without a folder, it is "
    "taken\n"
    "from\n"
    ".B $CREDENTIALS_DIRECTORY\n"
    "if it is there.\n"
    ".SH WHEN THE FILE IS FAULTY\n"
    ".B notify_twilio config check\n"
    "tells everything that is wrong at once. Where pages are sent, an unknown member, a bad number, a secret that "
    "others can\n"
    "read and the like cost only the faulty part. A file that does not load (not YAML, unknown keys, wrong values, no "
    "sender)\n"
    "gives way to the last good copy, which\n"
    ".B notify_twilio serve\n"
    "and\n"
    ".B notify_twilio config check \\-\\-save\n"
    "write into\n"
    ".B $STATE_DIRECTORY\n"
    "or\n"
    ".IR " NT_STATE_DIR ".\n"
    "The copy holds no secret that stood in the file itself; such a one is searched for in the file as it is. Without "
    "a copy,\n"
    "what is right in the file is used if the section\n"
    ".B twilio\n"
    "has no fault.\n"
    ".SH SETTINGS\n";

static const char man_tail[] = ".SH SEE ALSO\n"
                               ".BR notify_twilio (1)\n";

enum nt_status schema_write_man(struct buf *out)
{
    buf_adds(out, man_head);
    man_section(out, &schema_config, "", "");
    buf_adds(out, man_tail);
    return buf_status(out);
}
