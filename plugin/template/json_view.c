/*
 * json_view: JSON data as a context, for trying templates out.
 *
 * The data are borrowed. Members named `host` and `service` are marked as an alert's are, so that fitting treats both
 * alike.
 *
 * DIAGNOSTICS
 * None: what is not there is not found.
 */
#include "template/node.h"
#include "template/view.h"

#include <cjson/cJSON.h>
#include <string.h>

static bool json_get(const struct view *object, const struct name *name, long part, struct view *out)
{
    const cJSON *item = object->data;
    const char *key = name->whole;
    if (part >= 0)
        for (key = name->path; part > 0; part--)
            key += strlen(key) + 1;
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(item, key);
    if (!member)
        return false;
    json_view(member, out);
    if (out->kind == VIEW_TEXT)
        out->mark = strcmp(key, "host") == 0 ? MARK_HOST : strcmp(key, "service") == 0 ? MARK_SERVICE : MARK_NONE;
    return true;
}

static bool json_next(const struct view *list, const void **cursor, struct view *out)
{
    const cJSON *array = list->data, *last = *cursor;
    const cJSON *item = last ? last->next : array->child;
    if (!item)
        return false;
    *cursor = item;
    json_view(item, out);
    return true;
}

static const struct view_ops json_ops = {.get = json_get, .next = json_next};

void json_view(const struct cJSON *item, struct view *out)
{
    *out = (struct view){.kind = VIEW_NULL};
    if (cJSON_IsBool(item)) {
        out->kind = VIEW_BOOL;
        out->number = cJSON_IsTrue(item);
    } else if (cJSON_IsNumber(item)) {
        out->kind = VIEW_NUMBER;
        out->real = item->valuedouble;
    } else if (cJSON_IsString(item) && item->valuestring) {
        out->kind = VIEW_TEXT;
        out->text = item->valuestring;
        out->len = strlen(item->valuestring);
    } else if (cJSON_IsArray(item) || cJSON_IsObject(item)) {
        out->kind = cJSON_IsArray(item) ? VIEW_LIST : VIEW_OBJECT;
        out->ops = &json_ops;
        out->data = item;
    }
}
