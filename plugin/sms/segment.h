/*
 * segment: how a text travels as SMS — encoding, units, parts — counted as Twilio counts.
 */
#ifndef NT_SMS_SEGMENT_H
#define NT_SMS_SEGMENT_H

#include "base/status.h"

#include <stddef.h>

enum sms_encoding { SMS_GSM7, SMS_UCS2 };

/* What a message of one part holds, and each part of several. */
enum { SEPTETS_ALONE = 160, SEPTETS_PART = 153, UNITS_ALONE = 70, UNITS_PART = 67 };

struct sms_count {
    enum sms_encoding encoding;
    size_t units; /* septets, or UTF-16 units */
    size_t utf16; /* UTF-16 units in either encoding: what limits a message's body */
    int segments; /* 0 for an empty text, else at least 1 */
};

/* text is valid UTF-8. GSM-7 when every character is in the table or its extension, else UCS-2. */
struct sms_count sms_count(const char *text, size_t len);
/* The same with the encoding given; SMS_GSM7 is followed only where it can be. */
struct sms_count sms_count_as(const char *text, size_t len, enum sms_encoding encoding);
/* "GSM-7" or "UCS-2". */
const char *sms_encoding_name(enum sms_encoding e);

#endif
