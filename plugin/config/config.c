/*
 * config: the end of a configuration, and of every struct that a schema table describes.
 *
 * What binding has put into a struct is found again by the same tables, so a new key cannot leak.
 *
 * DIAGNOSTICS
 * None. A struct that was filled only in part (no memory) is freed as well.
 */
#include "config/reading.h"

#include "base/mem.h"

#include <string.h>

static void free_text(const struct field *f, char **text)
{
    if (*text && (f->type == FIELD_SECRET || f->flags & FIELD_QUIET))
        explicit_bzero(*text, strlen(*text));
    mem_free(*text);
    *text = NULL;
}

static void free_array(const struct field *f, void *target)
{
    char *array;
    memcpy(&array, field_of(f, target), sizeof array);
    for (size_t i = 0; array && i < *field_count_of(f, target); i++)
        unbind_section(f->section, array + i * f->section->size);
    mem_free(array);
    memset(field_of(f, target), 0, sizeof array);
    *field_count_of(f, target) = 0;
}

static void free_list(struct strlist *list)
{
    for (size_t i = 0; i < list->n; i++)
        explicit_bzero(list->item[i], strlen(list->item[i])); /* header lines and arguments may hold secrets */
    strlist_clean(list);
}

void unbind_section(const struct section *s, void *target)
{
    for (size_t i = 0; i < s->fields; i++) {
        const struct field *f = &s->field[i];
        switch (f->type) {
        case FIELD_TEXT:
        case FIELD_SECRET:
        case FIELD_PATH:
        case FIELD_WORD:
            free_text(f, field_of(f, target));
            break;
        case FIELD_LIST:
            free_list(field_of(f, target));
            break;
        case FIELD_SECTION:
            unbind_section(f->section, field_of(f, target));
            break;
        case FIELD_SECTIONS:
            free_array(f, target);
            break;
        default:
            break;
        }
    }
}

void config_free(struct config *c)
{
    if (!c)
        return;
    unbind_section(&schema_config, c);
    mem_free(c->path);
    mem_free(c->store_path);
    mem_free(c->last_good_reason);
    mem_free(c);
}
