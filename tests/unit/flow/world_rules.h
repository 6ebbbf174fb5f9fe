/*
 * world_rules: what must hold whatever happens. Called by the fake Twilio for each request and message, from the
 * engine's thread; what is broken is noted by world_break().
 */
#ifndef NT_TEST_FLOW_WORLD_RULES_H
#define NT_TEST_FLOW_WORLD_RULES_H

#include "fake_twilio.h"

struct world;

/* A request for a new message was made: fills in its page. The intent must be on record, no more pages sending than
 * connections, one request an object and number, none within 30 s of one that nobody knows the end of, no routine page
 * before an urgent one of its number. */
void world_rules_post(struct world *w, struct tw_post *p);
/* A message was accepted: the page's only one. */
void world_rules_message(struct world *w, const struct tw_message *m, const struct tw_post *p);
/* Once all is quiet: nothing lost, nothing told twice, no step back, no tier broken. */
void world_rules_end(struct world *w);

#endif
