/* ledger: every message the simulator took, how far each has come, and what the recipients' phones show. */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "account.h"

#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum message_status {
    MESSAGE_ACCEPTED,
    MESSAGE_QUEUED,
    MESSAGE_SENDING,
    MESSAGE_SENT,
    MESSAGE_DELIVERED,
    MESSAGE_UNDELIVERED,
    MESSAGE_FAILED,
    MESSAGE_CANCELED,
    MESSAGE_RECEIVED /* inbound: only by planting it */
};

enum { LEDGER_MEDIA = 10 };

struct message {
    char sid[SID_SIZE];
    char *to, *from, *service, *body; /* from: the sender or the pool's number; service "" without one */
    char *media[LEDGER_MEDIA];
    int n_media;
    char *callback;  /* "" none */
    long validity;   /* s; 0 not given */
    int64_t created; /* ms since the epoch */
    int64_t born;    /* on the messages' clock, ms */
    int64_t step[STEPS];
    int end, error; /* the last status it will reach */
    bool forced;    /* end holds already */
    bool deleted, emptied;
    bool ucs2;
    int segments;
    long older_to, older_sid; /* chains; -1 the end */
};

struct ledger {
    struct message *item; /* oldest first */
    size_t n, size;
    long *by_to, *by_sid; /* heads of hash chains */
    uint64_t seed;
};

/* What a create request asks for; everything borrowed. */
struct draft {
    const char *to, *from, *service, *body;
    const char *media[LEDGER_MEDIA];
    int n_media;
    const char *callback;
    long validity;
    int64_t age; /* ms it is already old */
};

void ledger_init(struct ledger *l, uint64_t seed);
void ledger_clean(struct ledger *l);
/* The new message, borrowed until the next one is added. */
struct message *ledger_add(struct ledger *l, const struct account *a, struct settings *s, const struct draft *d,
                           int64_t wall, int64_t clock);
/* Moves the message added last to where its age puts it among the others; returns it there. */
struct message *ledger_settle_in(struct ledger *l);
/* NULL: unknown or deleted. */
struct message *ledger_find(struct ledger *l, const char *sid);

enum message_status message_status_at(const struct message *m, int64_t clock);
/* Ends the message's progress with this status. */
void message_settle(struct message *m, enum message_status status, int error);
/* -1: no such word. */
int message_status_parse(const char *word);
const char *message_status_name(int status);
/* When it left for the carrier, ms since the epoch; 0: not yet. */
int64_t message_date_sent(const struct message *m, int64_t clock, double speed);

/* The resource as Twilio shows it. */
void message_json(const struct message *m, const struct account *a, const struct settings *s, int64_t clock,
                  struct json *j);
/* As it stands on the phone. */
void message_phone_json(const struct message *m, int64_t clock, struct json *j);

struct ledger_filter {
    const char *to, *from; /* NULL: any */
    int64_t since, before; /* ms since the epoch, date sent (else created) in [since, before); 0: any */
    const char *after;     /* a sid: only older ones; NULL: from the newest */
    long skip, limit;
    int64_t now; /* messages created later than this do not show */
};

/* Fills at most limit indices, newest first; *more tells whether others follow. */
size_t ledger_list(struct ledger *l, const struct ledger_filter *f, int64_t clock, double speed, size_t *out,
                   bool *more);

#endif
