/* session: opening what a command works with, and saying what is wrong. */
#ifndef NT_NOTIFY_SESSION_H
#define NT_NOTIFY_SESSION_H

#include "flow/runtime.h"
#include "notify/arguments.h"

#include <stdbool.h>

/* Loads the configuration; problems go to stderr when it does not load (or verbose). to_stderr: log to stderr instead
 * of the configured target. On failure the exit status 75, else 0. */
int session_open(struct runtime *r, const char *config, bool to_stderr, bool verbose);
/* The socket to use: --socket, else the config's (or, without --config, $NOTIFY_TWILIO_SOCKET). */
const char *session_socket(const struct runtime *r, const struct arguments *a);
/* The user to work as: root becomes the owner of the store's folder, so that files it makes are usable by the others.
 */
void session_drop_root(const struct runtime *r);

#endif
