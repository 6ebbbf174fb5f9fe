/*
 * frail_store: a store in front of the real one that dies under its process at a chosen write, or fails as told.
 *
 * Once dead, nothing gets through any more, and what the open transaction had written is gone: to the store that looks
 * as a SIGKILL of the process does.
 */
#ifndef NT_TEST_FLOW_FRAIL_STORE_H
#define NT_TEST_FLOW_FRAIL_STORE_H

#include "queue/store.h"

struct frail {
    long die_at; /* the nth write (a commit counts before and after) is not made any more; 0 = never */
    bool dead;
    enum nt_status trouble; /* what every begin says; NT_OK = no trouble */
    bool unreadable;        /* then no pages can be listed either */
    long writes;            /* so far */
    long fail_at;           /* the nth operation from now fails, once; 0 = none */
    enum nt_status fail_with;
    bool failed; /* it has */
};

/* Takes real over. control is the caller's and outlives the store. */
struct store *frail_store_new(struct store *real, struct frail *control);

#endif
