/*
 * range: see the header. "10" alerts below 0 and above 10, "10:" below 10, "~:10" above 10, "10:20" outside of both,
 * "@10:20" from 10 to 20.
 */
#include "notify/range.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool number(const char *text, size_t len, int64_t *out)
{
    char *end;
    if (!len || (!isdigit((unsigned char)*text) && (*text != '-' || len == 1)))
        return false;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return !errno && end == text + len;
}

bool range_parse(const char *text, struct range *out)
{
    struct range r = {.text = text, .low = 0, .high = INT64_MAX};
    r.inside = *text == '@';
    text += r.inside;
    const char *colon = strchr(text, ':');
    if (colon) {
        size_t len = (size_t)(colon - text);
        if (len == 1 && *text == '~')
            r.low = INT64_MIN;
        else if (!number(text, len, &r.low))
            return false;
        text = colon + 1;
    }
    if ((!colon || *text) && !number(text, strlen(text), &r.high))
        return false;
    if (r.low > r.high)
        return false;
    *out = r;
    return true;
}

bool range_alerts(const struct range *r, int64_t value)
{
    bool within = r->text && value >= r->low && value <= r->high;
    return r->text && (r->inside ? within : !within);
}

const char *range_text(const struct range *r)
{
    return r->text ? r->text : "";
}
