/* answer: the drainer's JSON answer, told to whoever ran `send`. libc only. */
#ifndef NT_NOTIFY_ANSWER_H
#define NT_NOTIFY_ANSWER_H

#include <stdbool.h>

/* Prints pages (json) on stdout, notes, refusals and errors on stderr. The exit status; −1: the drainer could not take
 * it, work alone. */
int answer_tell(const char *answer, bool json);

#endif
