/*
 * outcome: the names of what may become of a request, for logs and tests. The judging is response.c's.
 *
 * DIAGNOSTICS: none; a value out of range is called "?".
 */
#include "twilio/outcome.h"

const char *outcome_kind_name(enum outcome_kind k)
{
    switch (k) {
    case OUTCOME_SENT:
        return "sent";
    case OUTCOME_RETRY:
        return "retry";
    case OUTCOME_NEXT_SENDER:
        return "next-sender";
    case OUTCOME_TEXT_ONLY:
        return "text-only";
    case OUTCOME_NO_CALLBACK:
        return "without-callback";
    case OUTCOME_REFUSED:
        return "refused";
    case OUTCOME_AMBIGUOUS:
        return "ambiguous";
    case OUTCOME_ACCOUNT:
        return "account";
    }
    return "?";
}
