/*
 * response: Twilio's JSON, and what it means. Never trusts a body: anything may be null, missing, of another type or
 * not JSON at all.
 */
#ifndef NT_TWILIO_RESPONSE_H
#define NT_TWILIO_RESPONSE_H

#include "base/status.h"
#include "twilio/http.h"
#include "twilio/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What became of POST Messages.json. has_media, has_callback: what the request carried (some codes only mean something
 * with them). */
void response_outcome(const struct http_result *r, bool has_media, bool has_callback, struct outcome *out);

/* One message as Twilio lists it. Strings borrowed from the parsed list. */
struct message {
    const char *sid, *status, *from, *to, *body, *messaging_service_sid, *error_message;
    int error_code;       /* 0 none */
    int64_t date_created; /* ms since the epoch; 0 unknown */
    int segments;
};

struct message_list {
    struct message *item;
    size_t n;
    const char *next_page_uri; /* "" = the last page */
    void *private;
};

enum nt_status response_list(const char *body, size_t len,
                             struct message_list *out) NT_MUST_USE; /* NT_EINVAL: not such a list */
enum nt_status response_message(const char *body, size_t len, struct message_list *out) NT_MUST_USE; /* a list of one */
void message_list_clean(struct message_list *l);

/* What the table of error codes says: for receipts (error_code of an undelivered message) and requests. */
enum error_advice {
    ADVICE_UNKNOWN, /* not in the table: judge by HTTP status */
    ADVICE_RETRY,
    ADVICE_NEXT_SENDER,
    ADVICE_TEXT_ONLY,
    ADVICE_NO_CALLBACK,
    ADVICE_REFUSED,
    ADVICE_AMBIGUOUS,
    ADVICE_ACCOUNT,
    ADVICE_RETRY_ONCE /* asynchronous: once more later if still relevant, then escalate */
};
struct error_entry {
    int code;
    enum error_advice advice;
    bool alarm, opted_out;
    const char *meaning; /* in words, for people */
};
/* NULL when unknown. Static. */
const struct error_entry *error_lookup(int code);
/* Does this (a code, or the HTTP status where there was none) mean that the account is not let in? */
bool error_of_account(int code);

#endif
