/*
 * filters: the table of filters and what each does to a value.
 *
 * A value is clean UTF-8 and stays so. It owns two bufs: a filter reads one and writes the other, then they change
 * places, so that a chain of filters allocates next to nothing.
 *
 * DIAGNOSTICS
 * A wrong argument is found when the template is parsed, never when it is rendered. A value that a filter can make
 * nothing of
 * ("abc" as a duration) passes unchanged. A value that would grow past 64 KB is cut.
 */
#include "template/filters.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "template/tag.h"
#include "template/value.h"

#include <stdlib.h>
#include <string.h>

enum arg_rule { ARG_NONE, ARG_NUMBER_OPTIONAL, ARG_NUMBER, ARG_TEXT, ARG_FORMAT };

struct filter_kind {
    const char *name;
    enum arg_rule arg;
    enum nt_status (*apply)(const struct filter *f, const struct filter_context *c, struct value *v);
};

enum { NUMBER_ARG_MAX = 10000 };

/* What was written to spare becomes the text. Too big is no reason to fail: nothing that long is ever sent, and the
 * text stays. */
static enum nt_status take_spare(struct value *v)
{
    enum nt_status status = buf_status(&v->spare);
    if (status == NT_OK) {
        struct buf text = v->text;
        v->text = v->spare;
        v->spare = text;
        v->counted = false;
    }
    buf_reset(&v->spare);
    return status == NT_ENOMEM ? NT_ENOMEM : NT_OK;
}

static bool text_blank(const struct buf *b)
{
    for (size_t i = 0; i < b->len; i++)
        if (!char_blank(b->data[i]))
            return false;
    return true;
}

/* The number behind the value: the one it was made of, else the one it spells. */
static bool value_seconds(const struct value *v, int64_t *out)
{
    if (v->counted) {
        *out = v->number;
        return true;
    }
    const char *text = buf_text(&v->text);
    size_t digits = strspn(text + (*text == '-'), "0123456789");
    if (!digits || digits > 15 || text[digits + (*text == '-')])
        return false;
    *out = strtoll(text, NULL, 10);
    return true;
}

static enum nt_status apply_nothing(const struct filter *f, const struct filter_context *c, struct value *v)
{
    (void)f, (void)c, (void)v;
    return NT_OK;
}

/* web01.example.org → web01. An address has no short form, and a sentence with a dot in it is no host. */
static enum nt_status apply_short(const struct filter *f, const struct filter_context *c, struct value *v)
{
    (void)f, (void)c;
    const char *text = buf_text(&v->text);
    size_t label = strcspn(text, ".");
    bool address = strspn(text, "0123456789.") == v->text.len || strchr(text, ':');
    if (label && label < v->text.len && !address && !text[strcspn(text, " \n")]) {
        buf_truncate(&v->text, label);
        v->counted = false;
    }
    return NT_OK;
}

static enum nt_status apply_upper(const struct filter *f, const struct filter_context *c, struct value *v)
{
    (void)f, (void)c;
    utf8_upper(&v->spare, buf_text(&v->text), v->text.len);
    return take_spare(v);
}

static enum nt_status apply_lower(const struct filter *f, const struct filter_context *c, struct value *v)
{
    (void)f, (void)c;
    utf8_lower(&v->spare, buf_text(&v->text), v->text.len);
    return take_spare(v);
}

static enum nt_status apply_oneline(const struct filter *f, const struct filter_context *c, struct value *v)
{
    (void)f, (void)c;
    const char *text = buf_text(&v->text);
    for (size_t i = 0; i < v->text.len;) {
        size_t word = i;
        while (word < v->text.len && char_blank(text[word]))
            word++;
        size_t end = word;
        while (end < v->text.len && !char_blank(text[end]))
            end++;
        if (end > word && v->spare.len)
            buf_addc(&v->spare, ' ');
        buf_add(&v->spare, text + word, end - word);
        i = end;
    }
    return take_spare(v);
}

static enum nt_status apply_default(const struct filter *f, const struct filter_context *c, struct value *v)
{
    (void)c;
    if (!text_blank(&v->text))
        return NT_OK;
    utf8_clean(&v->spare, f->arg, strlen(f->arg));
    return take_spare(v);
}

static enum nt_status apply_first(const struct filter *f, const struct filter_context *c, struct value *v)
{
    (void)c;
    size_t end = 0;
    for (size_t i = 0; i < f->n && end < v->text.len; i++)
        end += utf8_grapheme(buf_text(&v->text) + end, v->text.len - end);
    if (end < v->text.len) {
        buf_truncate(&v->text, end);
        v->counted = false;
    }
    return NT_OK;
}

static enum nt_status apply_time(const struct filter *f, const struct filter_context *c, struct value *v)
{
    int64_t seconds;
    if (!value_seconds(v, &seconds))
        return NT_OK;
    time_text(&v->spare, c->zone, seconds, f->arg);
    return take_spare(v);
}

static enum nt_status apply_duration(const struct filter *f, const struct filter_context *c, struct value *v)
{
    (void)f, (void)c;
    int64_t seconds;
    if (!value_seconds(v, &seconds))
        return NT_OK;
    duration_text(&v->spare, seconds);
    return take_spare(v);
}

static enum nt_status apply_ago(const struct filter *f, const struct filter_context *c, struct value *v)
{
    (void)f;
    int64_t seconds;
    if (!value_seconds(v, &seconds))
        return NT_OK;
    age_text(&v->spare, age_between(c->now, seconds));
    return take_spare(v);
}

static enum nt_status apply_url(const struct filter *f, const struct filter_context *c, struct value *v)
{
    static const char hex[] = "0123456789ABCDEF";
    (void)f, (void)c;
    for (size_t i = 0; i < v->text.len; i++) {
        unsigned char b = (unsigned char)v->text.data[i];
        if ((b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || (b && strchr("-._~", b))) {
            buf_addc(&v->spare, (char)b);
        } else {
            const char encoded[3] = {'%', hex[b >> 4], hex[b & 15]};
            buf_add(&v->spare, encoded, sizeof encoded);
        }
    }
    return take_spare(v);
}

static const struct filter_kind kinds[] = {
    {"fit", ARG_NUMBER_OPTIONAL, apply_nothing}, /* the renderer marks the text */
    {"short", ARG_NONE, apply_short},
    {"upper", ARG_NONE, apply_upper},
    {"lower", ARG_NONE, apply_lower},
    {"oneline", ARG_NONE, apply_oneline},
    {"default", ARG_TEXT, apply_default},
    {"first", ARG_NUMBER, apply_first},
    {"time", ARG_FORMAT, apply_time},
    {"duration", ARG_NONE, apply_duration},
    {"ago", ARG_NONE, apply_ago},
    {"url", ARG_NONE, apply_url},
};

static const struct filter_kind *kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static bool read_number(const char *arg, size_t *out)
{
    size_t n = strlen(arg);
    if (!n || n > 5 || strspn(arg, "0123456789") != n)
        return false;
    *out = strtoul(arg, NULL, 10);
    return *out <= NUMBER_ARG_MAX;
}

/* What is wrong with the argument, in words; NULL: nothing. */
static const char *judge(const struct filter_kind *kind, const char *arg, size_t *n)
{
    switch (kind->arg) {
    case ARG_NUMBER_OPTIONAL:
        return arg && !read_number(arg, n) ? "wants a number of characters up to 10000, such as 20" : NULL;
    case ARG_NUMBER:
        return !arg || !read_number(arg, n) || !*n ? "needs a number of characters from 1 to 10000, such as 20" : NULL;
    case ARG_TEXT:
        return !arg || !*arg ? "needs a text" : NULL;
    case ARG_FORMAT:
        return !arg || !*arg || !time_format_valid(arg) ? "needs a format that strftime knows, such as %H:%M" : NULL;
    case ARG_NONE:
        break;
    }
    return arg ? "takes no argument" : NULL;
}

enum nt_status filter_set(struct filter *out, const char *name, const char *arg, struct buf *complaint)
{
    size_t n = 0;
    *out = (struct filter){.kind = kind_find(name)};
    if (!out->kind) {
        buf_addf(complaint, "unknown filter \"%.40s\"", name);
        return buf_status(complaint) == NT_ENOMEM ? NT_ENOMEM : NT_EINVAL;
    }
    const char *wrong = judge(out->kind, arg, &n);
    if (wrong) {
        buf_addf(complaint, "the filter %s %s", name, wrong);
        return buf_status(complaint) == NT_ENOMEM ? NT_ENOMEM : NT_EINVAL;
    }
    out->n = n;
    if (arg) {
        out->arg = mem_strdup(arg);
        if (!out->arg)
            return NT_ENOMEM;
    }
    return NT_OK;
}

void filter_clean(struct filter *f)
{
    mem_free(f->arg);
    *f = (struct filter){.kind = NULL};
}

enum nt_status filter_apply(const struct filter *f, const struct filter_context *c, struct value *v)
{
    return f->kind->apply(f, c, v);
}

bool filter_is_fit(const struct filter *f, size_t *minimum)
{
    if (f->kind->apply != apply_nothing)
        return false;
    *minimum = f->n;
    return true;
}

bool filter_hides_age(const struct filter *f)
{
    return f->kind->apply == apply_ago || f->kind->apply == apply_url;
}
