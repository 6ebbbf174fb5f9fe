/*
 * answer: collects what a server says, without trusting its size or its form.
 *
 * Of the headers two matter: Retry-After, as seconds or as a date, and Twilio-Request-Id. An interim answer (1xx) is
 * followed by another status line, with which the headers start anew.
 *
 * DIAGNOSTICS: false beyond ANSWER_BODY_MAX or ANSWER_HEADER_MAX bytes, or without memory. Headers that make no sense
 * are left out.
 */
#include "twilio/answer.h"

#include "twilio/date.h"

#include <string.h>
#include <strings.h>

enum { KEEP = 64 * 1024 };

void answer_init(struct answer *a)
{
    *a = (struct answer){.retry_after = -1};
    buf_init(&a->body, ANSWER_BODY_MAX);
}

void answer_clean(struct answer *a)
{
    buf_clean(&a->body);
    answer_init(a);
}

void answer_reset(struct answer *a)
{
    struct buf body = a->body;
    if (body.size > KEEP)
        buf_clean(&body);
    else
        buf_reset(&body);
    *a = (struct answer){.body = body, .retry_after = -1};
}

/* The value of the header called name, without blanks around it; false when the line is another header. */
static bool value_of(const char *line, size_t len, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);
    if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
        return false;
    const char *s = line + n + 1, *end = line + len;
    while (s < end && (*s == ' ' || *s == '\t'))
        s++;
    while (end > s && (unsigned char)end[-1] <= ' ')
        end--;
    size_t value_len = (size_t)(end - s);
    if (value_len >= size)
        return false;
    memcpy(out, s, value_len);
    out[value_len] = '\0';
    return true;
}

/* "120", or a date; ms from now, -1 for anything else. A date that has passed is 0. */
static int64_t delay(const char *value, int64_t now)
{
    size_t digits = strspn(value, "0123456789");
    if (digits && !value[digits]) {
        int64_t seconds = 0;
        /* Nine digits are 31 years; beyond that only the size matters. */
        for (size_t i = 0; i < digits && i < 9; i++)
            seconds = seconds * 10 + (value[i] - '0');
        return seconds * 1000;
    }
    int64_t at;
    if (!date_parse(value, &at))
        return -1;
    return at > now ? at - now : 0;
}

bool answer_header(struct answer *a, const char *line, size_t len, int64_t now)
{
    a->header_len += len;
    if (a->header_len > ANSWER_HEADER_MAX)
        return false;
    char value[64] = "";
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        a->retry_after = -1;
        a->request_id[0] = '\0';
    } else if (value_of(line, len, "Retry-After", value, sizeof value)) {
        a->retry_after = delay(value, now);
    } else if (value_of(line, len, "Twilio-Request-Id", value, sizeof value)) {
        memcpy(a->request_id, value, sizeof a->request_id);
    }
    return true;
}

bool answer_body(struct answer *a, const char *data, size_t len)
{
    return buf_add(&a->body, data, len) == NT_OK;
}
