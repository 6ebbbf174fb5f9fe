/*
 * request: a page and a sender → the exact form of a Messages request; and the URLs of the other calls.
 */
#ifndef NT_TWILIO_REQUEST_H
#define NT_TWILIO_REQUEST_H

#include "base/buf.h"
#include "config/config.h"
#include "queue/page.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct form_field {
    const char *name; /* static */
    char *value;
};

struct form {
    struct form_field *item;
    size_t n, size;
};

void form_init(struct form *f);
void form_clean(struct form *f);
/* application/x-www-form-urlencoded. */
enum nt_status form_encode(const struct form *f, struct buf *out) NT_MUST_USE;

/* True for a messaging service (MG and 32 more), false for a From. */
bool request_is_service(const char *sender);
/* The form of page sent by sender (a From, short code, alphanumeric or MG…): To, From | MessagingServiceSid, Body,
 * MediaUrl…, StatusCallback, ApplicationSid, ValidityPeriod, RiskCheck, as DESIGN says; flags of the page (text only,
 * without callback) are obeyed. now: ms since the epoch. out is initialised and empty. */
enum nt_status request_form(const struct config *config, const struct page *page, const char *sender, int64_t now,
                            struct form *out) NT_MUST_USE;

/* …/2010-04-01/Accounts/AC…/Messages.json */
enum nt_status request_messages_url(const struct config_twilio *t, struct buf *out) NT_MUST_USE;
/* The same with ?To=…&PageSize=…: the newest messages to a number. */
enum nt_status request_list_url(const struct config_twilio *t, const char *to, int page_size,
                                struct buf *out) NT_MUST_USE;
/* The same by sender: what a person has written to us. */
enum nt_status request_from_url(const struct config_twilio *t, const char *from, int page_size,
                                struct buf *out) NT_MUST_USE;
/* The newest messages of all (receipts in one call): ?DateSent>=YYYY-MM-DD when since > 0 (ms since the epoch). */
enum nt_status request_recent_url(const struct config_twilio *t, int64_t since, int page_size,
                                  struct buf *out) NT_MUST_USE;
enum nt_status request_message_url(const struct config_twilio *t, const char *sid, struct buf *out) NT_MUST_USE;
/* User and password for Basic: AC…:token or SK…:secret. Borrowed from t. */
void request_credentials(const struct config_twilio *t, const char **user, const char **password);

/* The index into t->sender of the skip-th sender that serves number (its prefixes match, or it has none); -1 when there
 * is none. */
int request_sender(const struct config_twilio *t, const char *number, int skip);

#endif
