/*
 * request: what is asked of Twilio, down to the last byte.
 *
 * The forms are built from fields, never by pasting text, so that nothing in a plugin's output can become a field of
 * its own. Everything outside RFC 3986's unreserved characters is percent-encoded; a space becomes "+", as HTML's forms
 * have it. A form owns its values; the names are static.
 *
 * DIAGNOSTICS: NT_EINVAL for a page that cannot be a message: no number, no sender, neither text nor media.
 * NT_ENOMEM; NT_ETOOBIG from a buf that is too small. On failure the form is empty.
 */
#include "twilio/request.h"

#include "base/mem.h"
#include "base/vector.h"
#include "twilio/date.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    MEDIA_MAX = 10,
    /* Twilio keeps a message at most this long; the lower end leaves the carrier time to try. */
    VALIDITY_MIN = 120,
    VALIDITY_MAX = 36000
};

void form_init(struct form *f)
{
    *f = (struct form){0};
}

void form_clean(struct form *f)
{
    for (size_t i = 0; i < f->n; i++)
        mem_free(f->item[i].value);
    mem_free(f->item);
    form_init(f);
}

static enum nt_status form_add(struct form *f, const char *name, const char *value)
{
    if (!VECTOR_GROW(f, item))
        return NT_ENOMEM;
    char *copy = mem_strdup(value);
    if (!copy)
        return NT_ENOMEM;
    f->item[f->n++] = (struct form_field){name, copy};
    return NT_OK;
}

static bool unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

/* space: what a space becomes. */
static void encode(struct buf *out, const char *s, const char *space)
{
    static const char hex[] = "0123456789ABCDEF";
    while (*s) {
        const char *run = s;
        while (unreserved((unsigned char)*s))
            s++;
        buf_add(out, run, (size_t)(s - run));
        if (*s == ' ') {
            buf_adds(out, space);
            s++;
        } else if (*s) {
            unsigned char c = (unsigned char)*s++;
            buf_add(out, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
        }
    }
}

enum nt_status form_encode(const struct form *f, struct buf *out)
{
    for (size_t i = 0; i < f->n; i++) {
        if (i)
            buf_addc(out, '&');
        encode(out, f->item[i].name, "+");
        buf_addc(out, '=');
        encode(out, f->item[i].value, "+");
    }
    return buf_status(out);
}

bool request_is_service(const char *sender)
{
    return strncmp(sender, "MG", 2) == 0 && strlen(sender) == 34;
}

static int64_t validity(const struct page *page, int64_t now)
{
    if (!page->expire)
        return VALIDITY_MAX;
    int64_t left = page->expire > now ? (page->expire - now) / 1000 : 0;
    return left < VALIDITY_MIN ? VALIDITY_MIN : left > VALIDITY_MAX ? VALIDITY_MAX : left;
}

enum nt_status request_form(const struct config *config, const struct page *page, const char *sender, int64_t now,
                            struct form *out)
{
    const struct config_twilio *t = &config->twilio;
    enum nt_status status = NT_OK;
    size_t media = page->flags & PAGE_TEXT_ONLY ? 0 : page->media.n;

    if (!*page->number || !*sender || (!*page->body && !media))
        return NT_EINVAL;
    if ((status = form_add(out, "To", page->number)))
        goto done;
    if ((status = form_add(out, request_is_service(sender) ? "MessagingServiceSid" : "From", sender)))
        goto done;
    if (*page->body && (status = form_add(out, "Body", page->body)))
        goto done;
    for (size_t i = 0; i < media && i < MEDIA_MAX; i++) {
        if (!strncmp(page->media.item[i], PAGE_GRAPH, sizeof PAGE_GRAPH - 1))
            continue; /* a picture that is not there */
        if ((status = form_add(out, "MediaUrl", page->media.item[i])))
            goto done;
    }
    /* An application only directs callbacks as well, so a refused callback takes it along. */
    if (!(page->flags & PAGE_NO_CALLBACK)) {
        if (*t->status_callback && (status = form_add(out, "StatusCallback", t->status_callback)))
            goto done;
        if (*t->application_sid && (status = form_add(out, "ApplicationSid", t->application_sid)))
            goto done;
    }
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%" PRId64, validity(page, now));
    if ((status = form_add(out, "ValidityPeriod", seconds)))
        goto done;
    status = form_add(out, "RiskCheck", *t->risk_check ? t->risk_check : "disable");
done:
    if (status)
        form_clean(out);
    return status;
}

/* base_url/2010-04-01/Accounts/AC… */
static void account_url(const struct config_twilio *t, struct buf *out)
{
    buf_adds(out, t->base_url);
    buf_adds(out, "/2010-04-01/Accounts/");
    encode(out, t->account_sid, "%20");
}

enum nt_status request_messages_url(const struct config_twilio *t, struct buf *out)
{
    account_url(t, out);
    return buf_adds(out, "/Messages.json");
}

static enum nt_status filtered_url(const struct config_twilio *t, const char *filter, const char *number, int page_size,
                                   struct buf *out)
{
    account_url(t, out);
    buf_addf(out, "/Messages.json?%s=", filter);
    encode(out, number, "%20");
    return buf_addf(out, "&PageSize=%d", page_size);
}

enum nt_status request_list_url(const struct config_twilio *t, const char *to, int page_size, struct buf *out)
{
    return filtered_url(t, "To", to, page_size, out);
}

enum nt_status request_from_url(const struct config_twilio *t, const char *from, int page_size, struct buf *out)
{
    return filtered_url(t, "From", from, page_size, out);
}

enum nt_status request_recent_url(const struct config_twilio *t, int64_t since, int page_size, struct buf *out)
{
    account_url(t, out);
    buf_adds(out, "/Messages.json?");
    if (since > 0) {
        char day[DATE_DAY];
        date_day(since, day);
        buf_addf(out, "DateSent%%3E=%s&", day);
    }
    return buf_addf(out, "PageSize=%d", page_size);
}

enum nt_status request_message_url(const struct config_twilio *t, const char *sid, struct buf *out)
{
    account_url(t, out);
    buf_adds(out, "/Messages/");
    encode(out, sid, "%20");
    return buf_adds(out, ".json");
}

void request_credentials(const struct config_twilio *t, const char **user, const char **password)
{
    bool key = *t->api_key_sid;
    *user = key ? t->api_key_sid : t->account_sid;
    *password = key ? t->api_key_secret : t->auth_token;
}

static bool serves(const struct config_sender *s, const char *number)
{
    if (!s->prefixes.n)
        return true;
    for (size_t i = 0; i < s->prefixes.n; i++) {
        const char *prefix = s->prefixes.item[i];
        if (strncmp(number, prefix, strlen(prefix)) == 0)
            return true;
    }
    return false;
}

int request_sender(const struct config_twilio *t, const char *number, int skip)
{
    for (size_t i = 0; i < t->senders; i++) {
        if (serves(&t->sender[i], number) && skip-- <= 0)
            return (int)i;
    }
    return -1;
}
