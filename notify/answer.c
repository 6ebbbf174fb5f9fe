/*
 * answer: just enough reading of the answer that our own drainer writes, without a JSON library.
 *
 * The writer puts no blanks between tokens and escapes every quote inside strings, so that "key": can only be a member.
 * Nothing of it is trusted beyond that: a text that does not look like an answer is no answer.
 */
#include "notify/answer.h"

#include "notify/arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Past the end of the value at s: a string, or an object or array with strings in it. NULL: damaged. */
static const char *skip(const char *s)
{
    int depth = 0;
    bool string = false;
    for (; *s; s++) {
        if (string) {
            if (*s == '\\' && s[1])
                s++;
            else if (*s == '"')
                string = false;
        } else if (*s == '"') {
            string = true;
        } else if (*s == '{' || *s == '[') {
            depth++;
        } else if (*s == '}' || *s == ']') {
            depth--;
        }
        if (!string && depth <= 0)
            return s + 1;
    }
    return NULL;
}

/* The text of the JSON string at s (which starts with its quote) to a stream; \u escapes below 0x80 are written, others
 * as '?'. */
static void print_string(const char *s, FILE *to)
{
    if (*s++ != '"')
        return;
    for (; *s && *s != '"'; s++) {
        if (*s != '\\') {
            fputc(*s, to);
            continue;
        }
        s++;
        if (*s == 'n') {
            fputc('\n', to);
        } else if (*s == 't') {
            fputc(' ', to);
        } else if (*s == 'u' && strlen(s) > 4) {
            char digits[5] = {s[1], s[2], s[3], s[4], '\0'};
            unsigned long c = strtoul(digits, NULL, 16);
            fputc(c >= ' ' && c < 0x7f ? (int)c : '?', to);
            s += 4;
        } else if (*s) {
            fputc(*s == 'b' || *s == 'f' || *s == 'r' ? ' ' : *s, to);
        } else {
            return;
        }
    }
}

static const char *member(const char *object, const char *end, const char *key)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(object, quoted);
    return at && at < end ? at + strlen(quoted) : NULL;
}

static void tell_page(const char *page, const char *end, bool json)
{
    const char *state = member(page, end, "state"), *to = member(page, end, "to"), *error = member(page, end, "error");
    if (json) {
        fwrite(page, 1, (size_t)(end - page), stdout);
        fputc('\n', stdout);
    }
    if (!state || strncmp(state, "\"failed\"", 8) != 0)
        return;
    const char *message = error ? member(error, end, "message") : NULL;
    fputs("notify_twilio: ", stderr);
    if (to)
        print_string(to, stderr);
    fputs(": ", stderr);
    if (message)
        print_string(message, stderr);
    fputc('\n', stderr);
}

int answer_tell(const char *answer, bool json)
{
    static const char good[] = "{\"ok\":true,\"exit\":", bad[] = "{\"ok\":false,\"exit\":";
    bool ok = !strncmp(answer, good, strlen(good));
    if (!ok && strncmp(answer, bad, strlen(bad)) != 0)
        return -1;
    const char *number = answer + strlen(ok ? good : bad), *end = answer + strlen(answer);
    char *rest = NULL;
    long status = *number >= '0' && *number <= '9' ? strtol(number, &rest, 10) : EXIT_TRY_AGAIN;
    /* Try again, which working alone is, or nothing that a drainer of ours says. */
    if (status != EXIT_OK && status != EXIT_NO_RECIPIENT && status != EXIT_ALL_REFUSED)
        return -1;
    if (*rest != ',' && *rest != '}')
        return -1;
    if (!ok) {
        const char *error = member(answer, end, "error");
        fputs("notify_twilio: ", stderr);
        if (error)
            print_string(error, stderr);
        fputc('\n', stderr);
        return (int)status;
    }
    const char *at = member(answer, end, "pages");
    if (!at || *at != '[')
        return -1;
    at++;
    while (at && *at == '{') {
        const char *after = skip(at);
        if (!after)
            break;
        tell_page(at, after, json);
        at = *after == ',' ? after + 1 : after;
    }
    const char *notes = at ? member(at, end, "notes") : NULL;
    if (notes)
        print_string(notes, stderr);
    return (int)status;
}
