/*
 * dump: a configuration → YAML that loads as the same configuration, less the secrets that stood in it.
 *
 * Written from the same tables that it was read by. Paths are absolute already. What may hold a secret is left out:
 * inline secrets, header lines, addresses with a user in them. Texts are always quoted.
 *
 * DIAGNOSTICS
 * The buf's: NT_ENOMEM, NT_ETOOBIG.
 */
#include "config/reading.h"

#include <string.h>

static void add_quoted(struct buf *out, const char *text)
{
    buf_addc(out, '"');
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            buf_addf(out, "\\%c", *c);
        else if (*c < ' ' || *c == 0x7F)
            buf_addf(out, "\\x%02X", *c);
        else
            buf_addc(out, (char)*c);
    }
    buf_addc(out, '"');
}

/* An address with a user, and perhaps a password, in it. */
static bool names_user(const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *host = scheme ? scheme + 3 : url;
    return host[strcspn(host, "@/?#")] == '@';
}

static void *items_of(const struct field *f, void *target)
{
    void *array;
    memcpy(&array, field_of(f, target), sizeof array);
    return array;
}

/* A section with something required in it is there when that is; one without always is. */
static bool section_given(const struct field *f, void *target)
{
    const struct section *s = f->section;
    if (f->flags & FIELD_INHERITS)
        return ((const struct config_throttle *)target)->given;
    for (size_t i = 0; i < s->fields; i++)
        if (s->field[i].flags & FIELD_REQUIRED && s->field[i].type == FIELD_TEXT)
            return **(char **)field_of(&s->field[i], target) != '\0';
    return true;
}

static bool worth_writing(const struct field *f, void *target)
{
    const char *text;
    const struct strlist *list;
    if (f->flags & FIELD_LOCAL)
        return false;
    switch (f->type) {
    case FIELD_SECRET:
        return false;
    case FIELD_TEXT:
    case FIELD_PATH:
    case FIELD_WORD:
        text = *(char **)field_of(f, target);
        return *text && !(f->flags & FIELD_QUIET && names_user(text));
    case FIELD_LIST:
        list = field_of(f, target);
        /* An empty list says something where the default is not empty. */
        return !(f->flags & FIELD_QUIET) && (list->n || f->initial);
    case FIELD_RATE:
        return *(double *)field_of(f, target) > 0; /* 0 was not given */
    case FIELD_SECTIONS:
        return *field_count_of(f, target) || f->initial;
    case FIELD_SECTION:
        return section_given(f, field_of(f, target));
    default:
        return true;
    }
}

static void add_value(struct buf *out, const struct field *f, void *slot)
{
    const struct strlist *list = slot;
    char duration[FORM_DURATION_SIZE];
    unsigned index;
    switch (f->type) {
    case FIELD_CHOICE:
        memcpy(&index, slot, sizeof index);
        buf_adds(out, f->words[index]);
        break;
    case FIELD_INT:
        buf_addf(out, "%d", *(int *)slot);
        break;
    case FIELD_BOOL:
        buf_adds(out, *(bool *)slot ? "true" : "false");
        break;
    case FIELD_DURATION:
        form_duration_text(*(int64_t *)slot, duration);
        buf_adds(out, duration);
        break;
    case FIELD_RATE: {
        /* In whole millionths, so that no locale's comma gets in. */
        long long millionths = (long long)(*(double *)slot * 1e6 + 0.5);
        buf_addf(out, "%lld.%06lld", millionths / 1000000, millionths % 1000000);
        break;
    }
    case FIELD_LIST:
        buf_addc(out, '[');
        for (size_t i = 0; i < list->n; i++) {
            buf_adds(out, i ? ", " : "");
            add_quoted(out, list->item[i]);
        }
        buf_addc(out, ']');
        break;
    default:
        add_quoted(out, *(char **)slot);
        break;
    }
}

static void add_section(struct buf *out, const struct section *s, void *target, int indent);

/* The items of an array, one after the other: "- " stands where the first key's indent would end. */
static void add_sections(struct buf *out, const struct field *f, void *target, int indent)
{
    size_t n = *field_count_of(f, target);
    char *item = items_of(f, target);
    if (!n) {
        buf_adds(out, " []\n");
        return;
    }
    buf_addc(out, '\n');
    for (size_t i = 0; i < n; i++, item += f->section->size) {
        size_t start = out->len;
        add_section(out, f->section, item, indent + 4);
        if (!buf_status(out) && out->len > start + (size_t)indent + 2)
            out->data[start + (size_t)indent + 2] = '-';
    }
}

static void add_section(struct buf *out, const struct section *s, void *target, int indent)
{
    for (size_t i = 0; i < s->fields; i++) {
        const struct field *f = &s->field[i];
        if (!worth_writing(f, target))
            continue;
        buf_addf(out, "%*s%s:", indent, "", f->key);
        if (f->type == FIELD_SECTION) {
            buf_addc(out, '\n');
            add_section(out, f->section, field_of(f, target), indent + 2);
        } else if (f->type == FIELD_SECTIONS) {
            add_sections(out, f, target, indent);
        } else {
            buf_addc(out, ' ');
            add_value(out, f, field_of(f, target));
            buf_addc(out, '\n');
        }
    }
}

enum nt_status config_dump(const struct config *c, struct buf *out)
{
    struct config copy = *c; /* the tables lead through pointers that are not const */
    add_section(out, &schema_config, &copy, 0);
    return buf_status(out);
}
