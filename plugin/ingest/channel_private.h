/* channel_private: parsed JSON, between the files that read a channel's requests. */
#ifndef NT_INGEST_CHANNEL_PRIVATE_H
#define NT_INGEST_CHANNEL_PRIVATE_H

#include "ingest/channel_request.h"

#include <cjson/cJSON.h>

/* The text of a member, "" unless it is a string. Borrowed from object (NULL is fine). */
const char *channel_text(const cJSON *object, const char *name);
/* The params of SendNotification → r->macros and r->to. NT_EINVAL with words in error; NT_ENOMEM. */
enum nt_status channel_notification_read(const cJSON *params, const char *type, struct channel_request *r,
                                         struct buf *error) NT_MUST_USE;

#endif
