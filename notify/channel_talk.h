/* channel_talk: the conversation of a notification channel, on standard input and output. */
#ifndef NT_NOTIFY_CHANNEL_TALK_H
#define NT_NOTIFY_CHANNEL_TALK_H

#include "notify/channel_page.h"

/* Until its input ends, or SIGTERM or SIGINT comes; the exit status: 75 when answers find nobody. type: contacts'
 * addresses of it are for us. way: how `send` is called; its settings are what the other side says. */
int channel_talk(const char *type, const struct channel_way *way);

#endif
