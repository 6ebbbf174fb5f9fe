/*
 * say: see the header. Owner of nothing; a buf that is full keeps what fits.
 *
 * DIAGNOSTICS: what could not be put together is said on stderr once, and is say_status()'s to tell.
 */
#include "notify/say.h"

#include "base/utf8.h"
#include "notify/arguments.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
static const int64_t day_ms = 24LL * HOUR;

void say_span(int64_t ms, char out[SAY_SIZE])
{
    if (ms < 0)
        ms = 0;
    if (ms < 2LL * MINUTE)
        snprintf(out, SAY_SIZE, "%llds", (long long)(ms / SECOND));
    else if (ms < HOUR)
        snprintf(out, SAY_SIZE, "%lldm", (long long)(ms / MINUTE));
    else if (ms < day_ms)
        snprintf(out, SAY_SIZE, "%lldh%02lldm", (long long)(ms / HOUR), (long long)(ms % HOUR / MINUTE));
    else
        snprintf(out, SAY_SIZE, "%lldd%02lldh", (long long)(ms / day_ms), (long long)(ms % day_ms / HOUR));
}

void say_time(int64_t ms, bool day, char out[SAY_SIZE])
{
    time_t seconds = (time_t)(ms / SECOND);
    struct tm local;
    char text[SAY_SIZE - 8] = "";
    if (!localtime_r(&seconds, &local) ||
        !strftime(text, sizeof text, day ? "%Y-%m-%d %H:%M:%S %Z" : "%H:%M:%S", &local))
        snprintf(text, sizeof text, "@%lld", (long long)seconds);
    if (day)
        snprintf(out, SAY_SIZE, "%s", text);
    else
        snprintf(out, SAY_SIZE, "%s.%03d", text, (int)(ms % SECOND));
}

void say_line(struct buf *out, const char *text)
{
    size_t from = out->len;
    (void)!utf8_clean(out, text, strlen(text));
    for (size_t i = from; i < out->len; i++)
        if (out->data[i] == '\n')
            out->data[i] = ' ';
    while (out->len > from && out->data[out->len - 1] == ' ')
        buf_truncate(out, out->len - 1);
}

void say_object(struct buf *out, const struct page *p)
{
    if (*p->host) {
        say_line(out, p->host);
        if (*p->service) {
            buf_addc(out, '/');
            say_line(out, p->service);
        }
    } else if (*p->service) {
        say_line(out, p->service);
    } else if (p->flags & PAGE_DIGEST) {
        buf_adds(out, "several");
    } else {
        buf_adds(out, "-");
    }
}

void say_news(struct buf *out, const struct page *p)
{
    bool plain = p->event == EVENT_PROBLEM && *p->alert_state;
    if (p->flags & PAGE_DIGEST) {
        buf_adds(out, "digest");
        return;
    }
    if (!plain) {
        buf_adds(out, alert_event_name(p->event));
        if (p->phase != PHASE_NONE)
            buf_addf(out, " %s", alert_phase_name(p->phase));
    }
    if (*p->alert_state) {
        buf_adds(out, plain ? "" : " ");
        say_line(out, p->alert_state);
    }
}

void say_number(struct buf *out, const char *number, const char *contact)
{
    buf_adds(out, *number ? number : "-");
    if (*contact) {
        buf_adds(out, " (");
        say_line(out, contact);
        buf_addc(out, ')');
    }
}

static bool something_lost;

static void lose(enum nt_status st)
{
    if (!something_lost)
        fprintf(stderr, "notify_twilio: not all could be told: %s\n", nt_status_text(st));
    something_lost = true;
}

bool say_whole(const struct buf *text)
{
    if (buf_status(text) != NT_ENOMEM)
        return true;
    lose(NT_ENOMEM);
    return false;
}

void say_json(const struct buf *line)
{
    if (buf_status(line) == NT_OK)
        puts(buf_text(line));
    else
        lose(buf_status(line));
}

int say_status(int status)
{
    return something_lost && status == EXIT_OK ? EXIT_TRY_AGAIN : status;
}

bool say_is_about(const struct page *p, const char *word)
{
    size_t host = strlen(p->host);
    if (!strcmp(p->object, word))
        return *word != '\0';
    if (!host || strncmp(p->host, word, host) != 0)
        return false;
    return !word[host] || (word[host] == '/' && !strcmp(p->service, word + host + 1));
}
