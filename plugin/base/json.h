/*
 * json: writing JSON into a buf (reading is cJSON's). Commas are put in by the writer.
 *
 *     struct json j; json_begin(&j, &buf);
 *     json_object(&j); json_key(&j, "id"); json_int(&j, 7); json_end(&j);   → {"id":7}
 *
 * Errors stick in the buf. Strings are UTF-8 in; each invalid byte is written as U+FFFD, so
 * the output is always valid.
 */
#ifndef NT_BASE_JSON_H
#define NT_BASE_JSON_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum { JSON_DEPTH = 32 };

struct json {
    struct buf *out;
    int depth;
    char closer[JSON_DEPTH];
    bool first[JSON_DEPTH];
    bool after_key;
};

void json_begin(struct json *j, struct buf *out);
void json_object(struct json *j);
void json_array(struct json *j);
void json_end(struct json *j); /* closes the innermost object or array */
void json_key(struct json *j, const char *key);
void json_string(struct json *j, const char *s); /* NULL writes null */
void json_stringn(struct json *j, const char *s, size_t len);
void json_int(struct json *j, int64_t v);
void json_bool(struct json *j, bool v);
void json_null(struct json *j);
void json_raw(struct json *j, const char *text); /* already JSON */

#endif
