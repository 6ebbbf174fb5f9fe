/*
 * bind: a tree and a schema table → a struct.
 *
 * Whatever is wrong is told and goes on with the default, so that one look shows everything, and so that what is right
 * could be used if it had to be. The struct owns every text and array that is put there.
 *
 * DIAGNOSTICS
 * Problems with the place of the value (of the key for one that is unknown); r->status for no memory. Values of secret
 * and quiet fields are never quoted.
 */
#include "config/reading.h"

#include "base/file.h"
#include "base/mem.h"

#include <string.h>

enum { KEY_LONGEST = 63, LINE_TEXT = 1024 };

/* Levenshtein's distance; long words are far from anything. Worked: "conect" → "connect" is 1 (one letter put in). */
static size_t distance(const char *a, const char *b)
{
    size_t row[KEY_LONGEST + 1], n = strlen(b), m = strlen(a);
    if (m > KEY_LONGEST || n > KEY_LONGEST)
        return KEY_LONGEST;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t change = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            size_t best = row[j] < row[j - 1] ? row[j] : row[j - 1];
            row[j] = best + 1 < change ? best + 1 : change;
        }
    }
    return row[n];
}

static const struct field *field_find(const struct section *s, const char *key)
{
    for (size_t i = 0; i < s->fields; i++)
        if (!strcmp(s->field[i].key, key))
            return &s->field[i];
    return NULL;
}

/* The section in which key would be right; NULL if none is. Depth is that of the schema. */
static const struct section *home_of(const struct section *in, const char *key)
{
    if (field_find(in, key))
        return in;
    for (size_t i = 0; i < in->fields; i++) {
        const struct section *inner = in->field[i].section ? home_of(in->field[i].section, key) : NULL;
        if (inner)
            return inner;
    }
    return NULL;
}

static void unknown_key(struct reading *r, const struct section *s, const struct node *key)
{
    const char *near = NULL;
    size_t best = strlen(key->text) / 3 + 1;
    for (size_t i = 0; i < s->fields; i++) {
        size_t d = distance(key->text, s->field[i].key);
        if (d <= best && d < strlen(s->field[i].key)) {
            near = s->field[i].key;
            best = d - (d > 0);
        }
    }
    const char *in = *s->name ? " in " : "";
    if (near) {
        reading_fault(r, key, true, "unknown key '%.*s'%s%s (did you mean '%s'?)", READING_QUOTE, key->text, in,
                      s->name, near);
        return;
    }
    const struct section *home = home_of(&schema_config, key->text);
    if (home)
        reading_fault(r, key, true, "unknown key '%.*s'%s%s (it belongs %s%s)", READING_QUOTE, key->text, in, s->name,
                      *home->name ? "into " : "to the outermost level", home->name);
    else
        reading_fault(r, key, true, "unknown key '%.*s'%s%s", READING_QUOTE, key->text, in, s->name);
}

/* "a, b or c" */
static void join_words(const char *const *words, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; words[i]; i++) {
        const char *glue = !i ? "" : words[i + 1] ? ", " : " or ";
        size_t more = strlen(glue) + strlen(words[i]);
        if (used + more >= size)
            return;
        memcpy(out + used, glue, strlen(glue));
        memcpy(out + used + strlen(glue), words[i], strlen(words[i]) + 1);
        used += more;
    }
}

static bool word_index(const char *const *words, const char *text, unsigned *index)
{
    for (unsigned i = 0; words[i]; i++)
        if (!strcmp(words[i], text)) {
            *index = i;
            return true;
        }
    return false;
}

static void not_as_expected(struct reading *r, const struct field *f, const struct node *n, bool fatal,
                            const char *expects)
{
    if (f->flags & FIELD_QUIET || f->type == FIELD_SECRET)
        reading_fault(r, n, fatal, "%s must be %s", f->key, expects);
    else
        reading_fault(r, n, fatal, "%s must be %s, not '%.*s'", f->key, expects, READING_QUOTE,
                      n && n->text ? n->text : "");
}

/* The kinds of text: false when it is told and cannot be taken; otherwise what is kept is in kept. */
static bool take_text(struct reading *r, const struct field *f, const struct node *n, struct buf *kept)
{
    size_t longest = f->flags & FIELD_LINES ? FIELD_LINES_MAX : FIELD_TEXT_MAX;
    if (strlen(n->text) > longest) {
        reading_fault(r, n, true, "%s is longer than %zu bytes", f->key, longest);
        return false;
    }
    for (const char *c = n->text; *c; c++)
        if (((unsigned char)*c < ' ' && !(f->flags & FIELD_LINES && strchr("\n\t", *c))) || *c == 0x7F) {
            reading_fault(r, n, true, "%s must not hold control characters or line ends", f->key);
            return false;
        }
    if (f->words) {
        unsigned index;
        if (!word_index(f->words, n->text, &index)) {
            char words[256];
            join_words(f->words, words, sizeof words);
            /* In a list one wrong word is left out; alone it is the whole setting. */
            not_as_expected(r, f, n, f->type != FIELD_LIST, words);
            return false;
        }
    }
    if (!f->form) {
        buf_adds(kept, n->text);
        return true;
    }
    enum form_verdict verdict = f->form->look(n->text, kept);
    if (verdict == FORM_BAD) {
        not_as_expected(r, f, n, !f->form->mild, f->form->expects);
        return false;
    }
    if (verdict == FORM_ODD) {
        const char *text = buf_text(kept);
        if (strcmp(text, n->text) != 0)
            reading_fault(r, n, false, "%s: '%.*s' %s (taken as %s)", f->key, READING_QUOTE, n->text, f->form->odd,
                          text);
        else
            reading_fault(r, n, false, "%s: '%.*s' %s", f->key, READING_QUOTE, n->text, f->form->odd);
    }
    return true;
}

static void bind_text(struct reading *r, const struct field *f, const struct node *n, const char *initial, char **slot)
{
    struct buf kept;
    buf_init(&kept, FIELD_LINES_MAX);
    const char *value = initial ? initial : "";
    if (n && take_text(r, f, n, &kept))
        value = buf_text(&kept);
    if (buf_status(&kept))
        r->status = buf_status(&kept);
    if (f->type == FIELD_PATH && *value && !r->status) {
        char *absolute = file_beside(r->base, value);
        if (absolute)
            reading_set(r, slot, absolute);
        else
            r->status = NT_ENOMEM;
        mem_free(absolute);
    } else {
        reading_set(r, slot, value);
    }
    if (kept.data)
        explicit_bzero(kept.data, kept.len);
    buf_clean(&kept);
}

static bool take_duration(struct reading *r, const struct field *f, const struct node *n, const char *text, int64_t *ms)
{
    int64_t number;
    if (!form_duration(text, ms)) {
        if (form_integer(text, &number) && number > 0)
            reading_fault(r, n, true, "%s needs a unit: '%.*ss' if seconds are meant", f->key, READING_QUOTE, text);
        else
            not_as_expected(r, f, n, true, "a duration like 30s, 5m, 1h30m or 90d");
        return false;
    }
    if (*ms < f->min || *ms > f->max) {
        char least[FORM_DURATION_SIZE], most[FORM_DURATION_SIZE];
        form_duration_text(f->min, least);
        form_duration_text(f->max, most);
        reading_fault(r, n, true, "%s must be between %s and %s, not %.*s", f->key, least, most, READING_QUOTE, text);
        return false;
    }
    return true;
}

static bool take_integer(struct reading *r, const struct field *f, const struct node *n, const char *text,
                         int64_t *value)
{
    if (!form_integer(text, value)) {
        not_as_expected(r, f, n, true, "a whole number");
        return false;
    }
    if (*value < f->min || *value > f->max) {
        reading_fault(r, n, true, "%s must be between %lld and %lld, not %lld", f->key, (long long)f->min,
                      (long long)f->max, (long long)*value);
        return false;
    }
    return true;
}

/* Texts that mean something else: numbers, words, durations. False: told, and nothing stored. */
static bool bind_value(struct reading *r, const struct field *f, const struct node *n, const char *text, void *slot)
{
    char words[256];
    int64_t number;
    double rate;
    bool truth;
    unsigned index;
    switch (f->type) {
    case FIELD_INT:
        if (!take_integer(r, f, n, text, &number))
            return false;
        *(int *)slot = (int)number;
        return true;
    case FIELD_DURATION:
        if (!take_duration(r, f, n, text, &number))
            return false;
        *(int64_t *)slot = number;
        return true;
    case FIELD_RATE:
        if (!form_rate(text, &rate) || rate < 1e-6 || rate > (double)f->max) {
            not_as_expected(r, f, n, true, "a number above 0, like 1 or 0.5");
            return false;
        }
        *(double *)slot = rate;
        return true;
    case FIELD_BOOL:
        if (!form_boolean(text, &truth)) {
            not_as_expected(r, f, n, true, "true or false");
            return false;
        }
        *(bool *)slot = truth;
        return true;
    default:
        if (!word_index(f->words, text, &index)) {
            join_words(f->words, words, sizeof words);
            not_as_expected(r, f, n, true, words);
            return false;
        }
        memcpy(slot, &index, sizeof index); /* an enum of ours, which gcc and clang make unsigned */
        return true;
    }
}

static void bind_list(struct reading *r, const struct field *f, const struct node *n, struct strlist *list)
{
    for (const struct node *item = n->first; item && !r->status; item = item->next) {
        struct buf kept;
        if (item->kind == NODE_BROKEN)
            continue;
        if (item->kind != NODE_TEXT || (node_empty(item) && !(f->flags & FIELD_LINES))) {
            reading_fault(r, item, true, "%s: each item must be a text", f->key);
            continue;
        }
        buf_init(&kept, FIELD_LINES_MAX);
        if (take_text(r, f, item, &kept)) {
            r->status = buf_status(&kept);
            if (!r->status)
                r->status = strlist_add(list, buf_text(&kept));
        }
        buf_clean(&kept);
    }
}

static void bind_sections(struct reading *r, const struct field *f, const struct node *n, void *target)
{
    char *array = mem_array(n->n ? n->n : 1, f->section->size);
    if (!array) {
        r->status = NT_ENOMEM;
        return;
    }
    memcpy(field_of(f, target), &array, sizeof array);
    *field_count_of(f, target) = n->n;
    /* One struct an item, faulty ones too: the nth struct is the nth item's. */
    for (const struct node *item = n->first; item && !r->status; item = item->next, array += f->section->size) {
        if (item->kind == NODE_TEXT)
            reading_fault(r, item, true, "%s: each item must be a mapping (key: value)", f->key);
        bind_section(r, f->section, item->kind == NODE_TEXT ? NULL : item, array);
    }
}

/* Lists and arrays, with their default parsed as it is documented. */
static void bind_many(struct reading *r, const struct field *f, const struct node *n, void *target)
{
    struct node *made = NULL;
    if (!n && f->initial) {
        r->status = node_parse("default", f->initial, strlen(f->initial), r->problems, &made);
        n = made;
    }
    if (n && !r->status) {
        if (f->type == FIELD_LIST)
            bind_list(r, f, n, field_of(f, target));
        else
            bind_sections(r, f, n, target);
    }
    node_free(made);
}

/* The value, if it is of the kind that the field wants; NULL (told) otherwise. */
static const struct node *usable(struct reading *r, const struct field *f, const struct node *n)
{
    if (!n || node_empty(n) || n->kind == NODE_BROKEN)
        return NULL;
    if (f->type == FIELD_SECTION)
        return n; /* bind_section() looks */
    if (f->type == FIELD_LIST || f->type == FIELD_SECTIONS) {
        size_t most = f->max ? (size_t)f->max : FIELD_ITEMS_MAX;
        if (n->kind != NODE_LIST) {
            reading_fault(r, n, true, "%s must be a list ([…], or lines that begin with '-')", f->key);
            return NULL;
        }
        if (n->n > most) {
            reading_fault(r, n, true, "%s has %zu items; %zu is the most", f->key, n->n, most);
            return NULL;
        }
        return n;
    }
    if (n->kind == NODE_TEXT)
        return n;
    reading_fault(r, n, true, "%s must be a single value, not a %s", f->key, n->kind == NODE_LIST ? "list" : "mapping");
    return NULL;
}

static void bind_field(struct reading *r, const struct field *f, const struct node *n, void *target)
{
    const struct node *value = usable(r, f, n);
    bool vital = r->vital;
    r->vital |= (f->flags & FIELD_VITAL) != 0;
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_SECRET:
    case FIELD_PATH:
    case FIELD_WORD:
        bind_text(r, f, value, f->initial, field_of(f, target));
        break;
    case FIELD_LIST:
    case FIELD_SECTIONS:
        bind_many(r, f, value, target);
        break;
    case FIELD_SECTION:
        if (value || !(f->flags & FIELD_INHERITS))
            bind_section(r, f->section, value, field_of(f, target));
        break;
    default:
        if ((!value || !bind_value(r, f, value, value->text, field_of(f, target))) && f->initial)
            (void)bind_value(r, f, NULL, f->initial, field_of(f, target));
        break;
    }
    r->vital = vital;
}

void bind_section(struct reading *r, const struct section *s, const struct node *map, void *target)
{
    if (map && map->kind != NODE_MAP) {
        if (map->kind != NODE_BROKEN)
            reading_fault(r, map, true, "%s must be a mapping (lines of key: value)",
                          *s->name ? s->name : "the configuration");
        map = NULL;
    }
    if (map)
        for (const struct node *key = map->first; key; key = key->next)
            if (key->kind == NODE_TEXT && !field_find(s, key->text))
                unknown_key(r, s, key);
    for (size_t i = 0; i < s->fields && !r->status; i++) {
        const struct field *f = &s->field[i];
        const struct node *n = node_get(map, f->key);
        if (map && f->flags & FIELD_REQUIRED && node_empty(n)) {
            bool vital = r->vital;
            r->vital |= (f->flags & FIELD_VITAL) != 0;
            reading_fault(r, n ? n : map, true, "%s%s%s is missing", s->name, *s->name ? ": " : "", f->key);
            r->vital = vital;
        }
        bind_field(r, f, n, target);
    }
}
