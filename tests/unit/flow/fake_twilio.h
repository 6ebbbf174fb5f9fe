/*
 * fake_twilio: Twilio as the engine sees it through twilio/http.h, whose functions are defined here: nothing leaves the
 * process, and time is the world's.
 *
 * Each request is answered after `latency` as the first fault that fits it says, else as Twilio would. Messages go on
 * to `delivered`, or as receipts say. A list shows what was there when it was asked for, the oldest that it may show.
 */
#ifndef NT_TEST_FLOW_FAKE_TWILIO_H
#define NT_TEST_FLOW_FAKE_TWILIO_H

#include "queue/page.h"
#include "twilio/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world;

enum fault_kind {
    FAULT_NONE,           /* accepted */
    FAULT_ANSWER,         /* .http and .code */
    FAULT_5XX_BEFORE,     /* 503, not accepted */
    FAULT_5XX_AFTER,      /* 503, accepted all the same */
    FAULT_RESET_BEFORE,   /* the connection ends, not accepted */
    FAULT_RESET_AFTER,    /* … accepted */
    FAULT_TIMEOUT_BEFORE, /* no answer within the client's time, not accepted */
    FAULT_TIMEOUT_AFTER,  /* … accepted at once */
    FAULT_TIMEOUT_LATE,   /* … accepted after 26 s */
    FAULT_GARBAGE_BEFORE, /* 200 with a page of HTML, not accepted */
    FAULT_GARBAGE_AFTER,  /* … accepted */
    FAULT_SLOW,           /* accepted, answered after .delay */
    FAULT_DEAD            /* no connection: nothing left */
};

struct fault {
    enum fault_kind kind;
    const char *to, *from; /* only these; NULL any. Static. */
    bool media;            /* only messages with media */
    bool callback;         /* only messages with a StatusCallback */
    bool lists;            /* for GETs, not for new messages */
    int http, code;
    int64_t delay;        /* ms, instead of the latency; 0 = the latency */
    int64_t retry_after;  /* ms; 0 = not told */
    int64_t since, until; /* ms since the world began; until 0: for ever */
    int times;            /* 0: always */
    int used;
};

/* What becomes of messages: the first that fits. */
struct receipt {
    const char *to, *from;
    const char *status; /* "" nothing ever */
    int code;
    int64_t after; /* ms */
    int times;     /* 0: always */
    int used;
};

/* A message that Twilio has. */
struct tw_message {
    char sid[40];
    char to[24], sender[48];
    char *body;
    int64_t boot; /* when it was accepted */
    int64_t wall; /* the same by Twilio's clock */
    int64_t page; /* the engine's page, as recorded before the request */
    int media;
    long validity;
    const char *end;
    int code;
    int64_t end_at; /* boot */
};

/* A request for a new message. */
struct tw_post {
    int64_t boot; /* when it was made */
    int64_t wall; /* the engine's clock then */
    char to[24], sender[48];
    char *body;
    int64_t page;
    unsigned flags; /* the page's then */
    int class;
    int attempt;
    int media;
    bool callback;
    long validity;
    enum fault_kind kind;
    long starts;      /* which drainer made it */
    bool misled;      /* the clock was set and the drainer replaced since the page's last request */
    bool settled;     /* an answer came that leaves no doubt */
    int64_t answered; /* boot; 0 not yet */
    long message;     /* index of what it made; −1 nothing */
};

struct tw_request; /* under way */

enum { TW_FAULTS = 64 };

struct fake_twilio {
    struct world *w;
    int64_t latency;
    int64_t skew;  /* Twilio's clock − the world's wall clock */
    bool redacted; /* lists show no bodies */
    int list_max;  /* messages a list shows at most; 0 = as asked for */
    struct fault fault[TW_FAULTS];
    size_t faults;
    struct receipt receipt[TW_FAULTS];
    size_t receipts;
    struct {
        struct tw_message *item;
        size_t n, size;
    } messages;
    struct {
        struct tw_post *item;
        size_t n, size;
    } posts;
    struct {
        struct tw_request **item;
        size_t n, size;
    } under_way;
    struct {
        struct {
            int64_t at;
            size_t post;
        } * item;
        size_t n, size;
    } coming; /* messages that will be accepted */
    size_t gets, lists;
    int most_at_once;
    long kill_at_post; /* the nth request from now is the engine's last; 0 never */
    bool kill_unsent;  /* … and it does not leave any more */
    /* Requests that look for their address for ever: to this number, or for what Twilio has ("GET"). NULL none, "" all
     */
    const char *stuck;
    struct http *clients; /* all that have not been freed */
};

void fake_twilio_init(struct fake_twilio *t, struct world *w);
void fake_twilio_clean(struct fake_twilio *t);
/* A client's requests under way are forgotten (it has died; NULL: all of them); what has left will still arrive. */
void fake_twilio_hang_up(struct fake_twilio *t, const struct http *client);
/* Accepts what is due by now. */
void fake_twilio_accept(struct fake_twilio *t);
void world_twilio(struct world *w, struct fault f);
void world_receipt(struct world *w, struct receipt r);
/* All is well again. */
void world_mend(struct world *w);
/* Messages to a number (NULL: all). */
size_t fake_twilio_messages(const struct fake_twilio *t, const char *to);
/* The newest message to the number; NULL none. */
const struct tw_message *fake_twilio_last(const struct fake_twilio *t, const char *to);
/* Messages and requests that belong to a page. */
size_t fake_twilio_of_page(const struct fake_twilio *t, int64_t page);
size_t fake_twilio_posts_of(const struct fake_twilio *t, int64_t page);

#endif
