/* sim: the simulator's whole state, and one exchange (a request and its answer) on its way through it. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "account.h"
#include "faults.h"
#include "fields.h"
#include "ledger.h"
#include "record.h"
#include "timers.h"

#include "base/strlist.h"

#include <pthread.h>

struct MHD_Connection;

enum { BODY_MAX = 1 << 20 };

struct sim {
    struct account account; /* fixed once it runs */
    pthread_mutex_t lock;   /* guards everything below but timers and stopping */
    struct settings settings;
    struct ledger ledger;
    struct faults faults;
    struct record record;
    int64_t clock, clock_at; /* the messages' clock, and when it was last set, boot ms */
    uint64_t ids;
    int64_t links; /* connections so far */
    struct timers timers;
    _Atomic bool stopping;
};

int64_t sim_wall(void);
/* The messages' clock, ms. Needs the lock. */
int64_t sim_clock(struct sim *s);

/* One TCP connection. */
struct link {
    int64_t number, served;
    bool counted; /* it carried a request of the API, not only of the tests */
};

enum exchange_step { EXCHANGE_ARRIVING, EXCHANGE_LATE, EXCHANGE_ANSWER, EXCHANGE_HANGING };

struct exchange {
    struct sim *sim;
    struct MHD_Connection *connection;
    struct link *link; /* borrowed */
    enum exchange_step step;
    bool begun, too_big, control;

    /* the request */
    char *path, *method; /* path: percent-encoded still, without the query */
    char *query_text;
    struct fields query, form;
    struct buf body;
    struct strlist violations;
    char user[64]; /* of Basic, "" none */

    /* the answer */
    int status, code;
    char sid[SID_SIZE];
    char request_id[SID_SIZE];
    struct buf answer;
    int64_t retry_after; /* s; -1 none */

    /* the fault that struck */
    enum fault_action action;
    enum fault_when when;
    int64_t delay; /* ms, latency included */
    int fault_status, fault_code;
    char *header, *fault_body, *fault_message;

    struct tally *tally; /* NULL unless counted as in flight */
    bool in_flight;
    int64_t hung_until; /* monotonic, ns */
};

void exchange_violation(struct exchange *x, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes the answer an error as Twilio words it. */
void exchange_refuse(struct exchange *x, int status, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A request header, NULL when missing. Borrowed. */
const char *exchange_header(const struct exchange *x, const char *name);

/* Adds the judged exchange to the record. Needs the lock. */
void record_exchange(struct sim *s, struct exchange *x);

/* Judge a request of the API; with effect false nothing is created or changed. Needs the lock. */
void api_answer(struct sim *s, struct exchange *x, bool effect);
/* Checks a create request; false: refused, the answer is there. What it puts into d is borrowed from x. */
bool strict_message(struct sim *s, struct exchange *x, struct draft *d);
bool strict_call(struct sim *s, struct exchange *x);
/* A request under /_sim/. Needs the lock. */
void control_answer(struct sim *s, struct exchange *x);

#endif
