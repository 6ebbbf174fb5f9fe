/*
 * order: one `send` as data — an alert's raw input and what is asked to be done with it.
 *
 * It comes from a command line or from a hand-over frame; both ways give the same order.
 */
#ifndef NT_FLOW_ORDER_H
#define NT_FLOW_ORDER_H

#include "base/buf.h"
#include "base/kv.h"
#include "base/random.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <stdint.h>

enum { ORDER_MEDIA_MAX = 10 };

struct order {
    char uuid[UUID_SIZE]; /* of the hand-over request; "" = none */
    int64_t deadline;     /* ms since the epoch after which it must not be accepted any more; 0 = none */
    char *source;         /* nagios|icinga2|zabbix|generic; NULL = guess */
    struct strlist to;
    char *template_name;     /* NULL = the event's */
    struct strlist media;    /* URLs */
    struct strlist graphs;   /* names; empty = as configured */
    char *from;              /* NULL = the configured senders */
    int max_segments;        /* 0 = the config's */
    char *subject, *message; /* Zabbix; NULL = not given */
    char *text;              /* generic's standard input; NULL = not given */
    bool test;
    struct kv pairs; /* MACRO=VALUE */
    struct kv env;
};

void order_init(struct order *o);
void order_clean(struct order *o);

/* Replaces one of the strings; value NULL unsets it. */
enum nt_status order_set(char **field, const char *value) NT_MUST_USE;

/* Reads a hand-over frame. NT_EINVAL with words in error: not a frame of version 1, damaged, more than ten media, a bad
 * number, media that is no URL. The options come before the first macro; a pair `notify_twilio_macros=1` ends them even
 * where a macro has an option's name, and `notify_twilio_environment=1` says that what follows comes from the
 * environment. */
enum nt_status order_read(const char *frame, size_t len, struct order *out, struct buf *error) NT_MUST_USE;

#endif
