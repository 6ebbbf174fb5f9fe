/* outcome: what became of one request to Twilio, as a value (a record). */
#ifndef NT_TWILIO_OUTCOME_H
#define NT_TWILIO_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

enum outcome_kind {
    OUTCOME_SENT,        /* accepted, sid known */
    OUTCOME_RETRY,       /* surely not processed: again later (retry_after when told) */
    OUTCOME_NEXT_SENDER, /* this sender cannot reach this number: try the next at once */
    OUTCOME_TEXT_ONLY,   /* the media were refused: once more without */
    OUTCOME_NO_CALLBACK, /* the callback URL was refused: once more without */
    OUTCOME_REFUSED,     /* final for this number */
    OUTCOME_AMBIGUOUS,   /* may have been processed: look before sending again */
    OUTCOME_ACCOUNT      /* credentials, suspended: all pages are kept, one try a minute */
};

enum { OUTCOME_SID = 64, OUTCOME_MESSAGE = 400 };

struct outcome {
    enum outcome_kind kind;
    int code;                      /* Twilio's error code; 0 none */
    long http_status;              /* 0: no answer */
    bool opted_out;                /* 21610 */
    bool alarm;                    /* an admin must act (account, filtered, unregistered sender) */
    int64_t retry_after;           /* ms; -1 not told */
    char sid[OUTCOME_SID];         /* "" unless sent */
    char status[24];               /* Twilio's word on the message: queued, accepted, … */
    int segments;                  /* num_segments; 0 unknown */
    char message[OUTCOME_MESSAGE]; /* in words, never with a secret in it; "" when sent */
    char request_id[64];           /* Twilio-Request-Id */
};

#endif
