/*
 * conformance: what every store must do, whatever is behind it.
 */
#ifndef NT_TEST_QUEUE_CONFORMANCE_H
#define NT_TEST_QUEUE_CONFORMANCE_H

/* url names an empty store that may be filled. */
void store_conformance(const char *url);

#endif
