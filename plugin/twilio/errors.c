/*
 * errors: the one table of Twilio's error codes, with what to do and what they mean in plain words.
 *
 * The codes come in two kinds: those that answer a request at once (1xxxx, 2xxxx), and those that a message gets later
 * (3xxxx), which a receipt brings. A code that is missing here is judged by its HTTP status (response.c).
 *
 * An alarm is asked for where pages will go on failing until somebody changes the configuration, the account, or the
 * registration of a number; what only concerns one recipient asks for none.
 *
 * DIAGNOSTICS: none. The table is sorted by code; a test holds it to that.
 */
#include "twilio/response.h"

#include <stdlib.h>

/* code, advice, alarm, opted out, meaning */
static const struct error_entry table[] = {
    {10001, ADVICE_ACCOUNT, true, false, "the Twilio account is not active"},
    {11751, ADVICE_TEXT_ONLY, false, false, "the media is too large"},
    {12300, ADVICE_TEXT_ONLY, false, false, "the media is not what its Content-Type says"},
    {14107, ADVICE_RETRY_ONCE, false, false, "too many messages between these two numbers within 30 seconds"},
    {20003, ADVICE_ACCOUNT, true, false, "Twilio does not accept the credentials"},
    {20005, ADVICE_ACCOUNT, true, false, "the Twilio account is not active"},
    {20008, ADVICE_ACCOUNT, true, false, "test credentials cannot be used for this"},
    {20403, ADVICE_ACCOUNT, true, false, "the credentials lack the permission to send messages"},
    {20404, ADVICE_ACCOUNT, true, false, "Twilio does not know the account: account_sid or base_url is wrong"},
    {20429, ADVICE_RETRY, false, false, "too many requests at once"},
    {20500, ADVICE_AMBIGUOUS, false, false, "an error inside Twilio"},
    {20503, ADVICE_AMBIGUOUS, false, false, "Twilio is temporarily unavailable"},
    {21211, ADVICE_REFUSED, false, false, "the recipient's number is not valid"},
    {21212, ADVICE_NEXT_SENDER, true, false, "the sender's number is not valid"},
    {21217, ADVICE_REFUSED, false, false, "the recipient's number does not look valid"},
    {21265, ADVICE_REFUSED, false, false, "the recipient is a short code"},
    {21266, ADVICE_NEXT_SENDER, false, false, "the recipient and the sender are the same number"},
    {21267, ADVICE_NEXT_SENDER, true, false, "a trial account cannot use an alphanumeric sender"},
    {21268, ADVICE_REFUSED, false, false, "the recipient is a premium or information service number"},
    {21408, ADVICE_REFUSED, true, false, "the account may not send to the recipient's country"},
    {21601, ADVICE_NEXT_SENDER, true, false, "the sender's number cannot send messages"},
    {21602, ADVICE_REFUSED, true, false, "the message has no text"},
    {21603, ADVICE_NEXT_SENDER, true, false, "the sender is missing"},
    {21604, ADVICE_REFUSED, false, false, "the recipient is missing"},
    {21605, ADVICE_REFUSED, true, false, "the text is too long"},
    {21606, ADVICE_NEXT_SENDER, true, false,
     "the sender's number does not belong to the account or cannot send messages"},
    {21607, ADVICE_NEXT_SENDER, true, false, "the sender's number cannot send messages"},
    {21608, ADVICE_REFUSED, true, false, "a trial account sends to verified numbers alone"},
    {21609, ADVICE_NO_CALLBACK, true, false, "the status callback's URL is not valid"},
    {21610, ADVICE_REFUSED, false, true, "the recipient has opted out (STOP)"},
    {21611, ADVICE_RETRY, false, false, "the sender's queue is full"},
    {21612, ADVICE_NEXT_SENDER, false, false, "this sender cannot reach the recipient"},
    {21614, ADVICE_REFUSED, false, false, "the recipient is not a mobile number"},
    {21616, ADVICE_NEXT_SENDER, true, false, "the sender matches several numbers of the account"},
    {21617, ADVICE_REFUSED, true, false, "the text is longer than 1600 characters"},
    {21618, ADVICE_REFUSED, true, false, "Twilio cannot send this text"},
    {21619, ADVICE_REFUSED, true, false, "the message has neither text nor media"},
    {21620, ADVICE_TEXT_ONLY, false, false, "the URL of the media is not valid"},
    {21621, ADVICE_TEXT_ONLY, false, false, "the sender cannot send media"},
    {21623, ADVICE_TEXT_ONLY, false, false, "too many media"},
    {21635, ADVICE_REFUSED, false, false, "the recipient is a landline"},
    {21659, ADVICE_NEXT_SENDER, true, false, "the sender is not a number of Twilio's"},
    {21660, ADVICE_NEXT_SENDER, true, false, "the sender's number belongs to another account"},
    {21661, ADVICE_NEXT_SENDER, true, false, "the sender's number cannot send text messages"},
    {21701, ADVICE_NEXT_SENDER, true, false, "the messaging service does not exist"},
    {21702, ADVICE_NEXT_SENDER, true, false, "the messaging service cannot be used"},
    {21703, ADVICE_NEXT_SENDER, true, false, "the messaging service has no number to send from"},
    {21704, ADVICE_NEXT_SENDER, true, false, "the messaging service cannot be used"},
    {21705, ADVICE_NEXT_SENDER, true, false, "the messaging service is not valid"},
    {30001, ADVICE_RETRY, false, false, "the sender's queue is full"},
    {30002, ADVICE_ACCOUNT, true, false, "the Twilio account is suspended"},
    {30003, ADVICE_RETRY_ONCE, false, false, "the handset is switched off or out of reach"},
    {30004, ADVICE_REFUSED, true, false, "the message was blocked"},
    {30005, ADVICE_REFUSED, false, false, "the recipient's number is unknown"},
    {30006, ADVICE_REFUSED, false, false, "a landline, or a carrier that cannot be reached"},
    {30007, ADVICE_REFUSED, true, false, "the carrier filtered the message"},
    {30008, ADVICE_RETRY_ONCE, false, false, "the carrier gave no reason"},
    {30017, ADVICE_RETRY_ONCE, false, false, "the carrier's network is congested"},
    {30019, ADVICE_TEXT_ONLY, false, false, "the media is too large for the carrier"},
    {30022, ADVICE_RETRY_ONCE, false, false, "the sender's rate at the carrier was exceeded"},
    {30032, ADVICE_REFUSED, true, false, "the toll-free number is not verified"},
    {30033, ADVICE_REFUSED, true, false, "the sender's campaign is suspended"},
    {30034, ADVICE_REFUSED, true, false, "the sender's number is not registered (A2P 10DLC)"},
    {30036, ADVICE_RETRY_ONCE, false, false, "the message was not delivered within its validity period"},
    {30410, ADVICE_RETRY_ONCE, false, false, "the carrier did not answer in time"},
    {30454, ADVICE_ACCOUNT, true, false, "the account has sent all the messages it may for now"},
    {30500, ADVICE_RETRY_ONCE, false, false, "an error inside Twilio while the message was on its way"},
    {63038, ADVICE_ACCOUNT, true, false, "the account has sent all the messages it may within 24 hours"},
};

static int by_code(const void *key, const void *element)
{
    int code = *(const int *)key;
    const struct error_entry *e = element;
    return code < e->code ? -1 : code > e->code;
}

const struct error_entry *error_lookup(int code)
{
    return bsearch(&code, table, sizeof table / sizeof *table, sizeof *table, by_code);
}

bool error_of_account(int code)
{
    const struct error_entry *e = error_lookup(code);
    return e ? e->advice == ADVICE_ACCOUNT : code == 401 || code == 402 || code == 403 || code == 404 || code == 407;
}
