/*
 * fault: named places at which a test build can be told to die.
 *
 * In a build with NT_FAULT_POINTS, NOTIFY_TWILIO_FAULT="name" or "name:n" makes the process kill itself (SIGKILL) when it
 * passes that place for the nth time; "name:n:errno-word" (enospc, eio, ebusy, corrupt) is for places that can fail and
 * makes fault_point() return that status from then on. "memory:n" lets the nth allocation of the process fail, once,
 * and "fault: out of memory" is written on stderr. In other builds the macro is NT_OK.
 */
#ifndef NT_BASE_FAULT_H
#define NT_BASE_FAULT_H

#include "base/status.h"

#ifdef NT_FAULT_POINTS
enum nt_status fault_point(const char *name);
#else
#define fault_point(name) (NT_OK)
#endif

#endif
