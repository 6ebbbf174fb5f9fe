/* channel: `channel`, and the names that the program is called by when it is one. */
#ifndef NT_NOTIFY_CHANNEL_H
#define NT_NOTIFY_CHANNEL_H

#include "notify/arguments.h"

/* The name for the link in Icinga Notifications' folder: letters and digits alone are what each of its versions takes.
 */
#define CHANNEL_TYPE "twiliosms"

/* argv[0] → is the program called as a channel? */
bool channel_is_called(const char *path);
/* Speaks the protocol until its input ends; the exit status. type: contacts' addresses of it are for us. */
int channel_run(const char *type, const struct arguments *a);

#endif
