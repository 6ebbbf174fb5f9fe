/* account: whose Twilio this is: credentials, senders, and how it behaves (settings that may change while it runs). */
#ifndef SIM_ACCOUNT_H
#define SIM_ACCOUNT_H

#include "base/buf.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

enum { SID_SIZE = 35, ACCOUNT_KEYS = 8, ACCOUNT_SENDERS = 64, ACCOUNT_SERVICES = 16, SERVICE_POOL = 32 };

struct sender {
    char *name; /* E.164, short code or alphanumeric */
    bool no_media;
};

struct service {
    char sid[SID_SIZE];
    char *pool[SERVICE_POOL];
    int n;
};

enum sender_kind { SENDER_BAD, SENDER_NUMBER, SENDER_SHORT, SENDER_ALPHA };

struct account {
    char sid[SID_SIZE];
    char *token;
    char *key[ACCOUNT_KEYS]; /* "SK…:secret" */
    int n_keys;
    struct sender sender[ACCOUNT_SENDERS];
    int n_senders;
    struct service service[ACCOUNT_SERVICES];
    int n_services;
};

/* What becomes of the messages to one number. */
struct fate {
    char *to;
    int status; /* enum message_status */
    int error;
    int64_t left; /* messages it still applies to; -1 all */
};

enum { STEP_ACCEPTED, STEP_QUEUED, STEP_SENDING, STEP_SENT, STEPS };

struct settings {
    int64_t latency;             /* ms added to every API answer */
    int64_t step[STEPS];         /* how long a message stays in each status, ms */
    int64_t list_delay;          /* ms before a new message shows in lists */
    double speed;                /* of the messages' clock */
    int max_concurrent;          /* more requests at once get 20429; 0 = no limit */
    bool trial, redact, lenient; /* lenient: unknown parameters are recorded but not refused */
    char *balance;
    struct fate *fate;
    size_t n, size;
};

void account_defaults(struct account *a);
void account_clean(struct account *a);
/* "+1…", "+1…:sms" (no media), a short code or an alphanumeric name. False: malformed or too many. */
bool account_add_sender(struct account *a, const char *text);
/* "MG…" or "MG…:+1…,+1…". */
bool account_add_service(struct account *a, const char *text);
bool account_add_key(struct account *a, const char *text);
const struct sender *account_sender(const struct account *a, const char *name);
const struct service *account_service(const struct account *a, const char *sid);
/* user:password as Basic gave them. */
bool account_admits(const struct account *a, const char *user, const char *password);
enum sender_kind sender_kind(const char *name);
/* Two letters and 32 hex digits. */
bool sid_is(const char *s, const char *prefix);

void settings_init(struct settings *s);
void settings_clean(struct settings *s);
/* Takes over what an object names; false and words on the first thing wrong. */
bool settings_apply(struct settings *s, const struct cJSON *object, struct buf *error);
void settings_json(const struct settings *s, struct json *j);
/* What will become of a message to this number (uses one up); NULL: it is delivered. Borrowed. */
const struct fate *settings_fate(struct settings *s, const char *to);

#endif
