/* dropin: called by the names of Icinga's mail scripts. */
#ifndef NT_NOTIFY_DROPIN_H
#define NT_NOTIFY_DROPIN_H

#include <stdbool.h>

int dropin_run(int argc, char **argv, bool service);

#endif
