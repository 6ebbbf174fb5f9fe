/*
 * published: what lies on a server and is to be deleted one day.
 *
 * One file a picture, below the state folder: its name is the picture's, its age is the picture's, its text is the
 * address. It needs no database, works when that is broken, and any process of ours may write or read it.
 */
#ifndef NT_MEDIA_PUBLISHED_H
#define NT_MEDIA_PUBLISHED_H

#include "base/buf.h"

/* The folder's path: state_dir + "/published". NT_ENOENT when state_dir is "". */
enum nt_status published_folder(const char *state_dir, struct buf *out) NT_MUST_USE;
/* To be called before the first byte is sent. What fails here is told in the log and stops nobody. */
void published_note(const char *state_dir, const char *name, const char *address);
void published_forget(const char *state_dir, const char *name);

#endif
