/* faults: rules that make the simulator answer wrongly, late or not at all. */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include "base/buf.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

enum fault_action {
    FAULT_NONE,
    FAULT_STATUS,   /* answer with status, code, message, body, headers as given */
    FAULT_RESET,    /* RST instead of an answer */
    FAULT_CLOSE,    /* FIN instead of an answer */
    FAULT_HANG,     /* no answer, the connection stays open */
    FAULT_SLOW,     /* the right answer, late */
    FAULT_GARBAGE,  /* HTML where JSON is due */
    FAULT_TRUNCATE, /* the right JSON cut in half, with a Content-Length that fits the half */
    FAULT_SHORT,    /* the right Content-Length, half of the body, then FIN */
    FAULT_NO_SID    /* the right answer with its sid left out */
};

/* When it strikes: before the body is read, before the request is judged, after its effect. */
enum fault_when { FAULT_HEADERS, FAULT_BEFORE, FAULT_AFTER };

struct fault_rule {
    /* what it applies to; NULL or 0: anything */
    char *method, *path, *to, *from, *contains; /* path: a part of it; contains: a part of the body's text */
    int reused;           /* 1: only on a connection that has served a request; -1: only on a new one */
    int64_t after, times; /* leave the first `after` matches alone; then strike `times` (-1: always) */
    double probability;
    /* what it does */
    enum fault_action action;
    enum fault_when when;
    int status, code;
    int64_t retry_after;           /* s; -1 none */
    int64_t delay;                 /* ms */
    char *message, *body, *header; /* header: "Name: value" */
    /* how often */
    int64_t matched, applied;
};

struct faults {
    struct fault_rule *item;
    size_t n, size;
    uint64_t random;
};

struct fault_subject {
    const char *method, *path, *to, *from, *body; /* "" unknown */
    bool reused, headers_only;
};

void faults_clean(struct faults *f);
/* [rule,…] or {"rules":[…],"seed":N,"append":true}; replaces the rules unless append. False, words in error, and the
 * old rules as they were, when anything is wrong. */
bool faults_load(struct faults *f, const struct cJSON *json, struct buf *error);
/* The first rule that strikes, counted as applied; NULL: none. Borrowed until the next load. */
const struct fault_rule *faults_pick(struct faults *f, const struct fault_subject *subject);
void faults_json(const struct faults *f, struct json *j);
const char *fault_action_name(enum fault_action a);
const char *fault_when_name(enum fault_when w);

#endif
