/* full: the one name by which the front enters notify_twilio-full.so. */
#ifndef NT_NOTIFY_FULL_H
#define NT_NOTIFY_FULL_H

#include "base/status.h"

/* What main() would be; the exit status. */
NT_EXPORT int nt_main(int argc, char **argv);

#endif
