/* supervisor: systemd's protocols — readiness, watchdog, passed sockets — without linking systemd. */
#ifndef NT_NOTIFY_SUPERVISOR_H
#define NT_NOTIFY_SUPERVISOR_H

#include <stdint.h>

/* "READY=1", "STOPPING=1", "RELOADING=1…", "STATUS=…", "WATCHDOG=1" to $NOTIFY_SOCKET; nothing without one. */
void supervisor_tell(const char *state);
/* ms between two signs of life (half of $WATCHDOG_USEC), or 0. */
int64_t supervisor_watchdog(void);
/* The first socket passed in ($LISTEN_FDS, $LISTEN_PID), or −1. */
int supervisor_socket(void);

#endif
