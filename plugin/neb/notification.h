/* notification: what a core tells of a notification, as a hand-over frame and as the line of its log. */
#ifndef NT_NEB_NOTIFICATION_H
#define NT_NEB_NOTIFICATION_H

#include "handover/frame.h"
#include "neb/core.h"
#include "neb/names.h"

#include <stdint.h>

/* "PROBLEM", "FLAPPINGSTART", … */
const char *notification_type(const struct neb_contact_method *n);

/* Writes the frame: options first, then what decides, then all other macros that have a value. deadline: ms since the
 * epoch. macros: filled by core_grab(). */
void notification_write(const struct core *core, const struct neb_contact_method *n, union neb_macros *macros,
                        const struct names *custom, const char *uuid, int64_t deadline, struct frame *frame);

/* Logs what the core leaves out for a notification that was taken over. */
void notification_log(const struct core *core, const struct neb_contact_method *n, union neb_macros *macros);

#endif
