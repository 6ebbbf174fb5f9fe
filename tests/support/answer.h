/* answer: puts an exchange's answer, or the fault in its place, on the wire. */
#ifndef SIM_ANSWER_H
#define SIM_ANSWER_H

#include "sim.h"

#include <microhttpd.h>

int answer_socket(const struct exchange *x);
/* The answer becomes Twilio's error object of x's status and code. */
void answer_error(struct exchange *x, const char *message);
/* Puts the words of the fault in the place of the answer's. */
void answer_distort(struct exchange *x);
enum MHD_Result answer_send(struct exchange *x);
/* RST; FIN. What they return goes back to the library. */
enum MHD_Result answer_reset(struct exchange *x);
enum MHD_Result answer_close(struct exchange *x);

#endif
