/* file: whole files in and out. On failure errno is that of the call that failed. */
#ifndef NT_BASE_FILE_H
#define NT_BASE_FILE_H

#include "base/buf.h"

#include <stdbool.h>
#include <sys/types.h>

/* Appends a regular file (or any readable one) to out, at most out->max bytes: NT_ETOOBIG past it, NT_ENOENT,
 * NT_EACCES, NT_EIO. mode, when not NULL, gets st_mode. */
enum nt_status file_read(const char *path, struct buf *out, mode_t *mode) NT_MUST_USE;
/* Replaces path by a new file: temporary name beside it, fsync, rename, fsync of the folder. */
enum nt_status file_replace(const char *path, const void *data, size_t len, mode_t mode) NT_MUST_USE;
/* base's folder + "/" + name, or name itself when it is absolute; base is a file's path. For mem_free(); NULL = no memory. */
char *file_beside(const char *base, const char *name);
/* Makes path absolute against the working directory, without resolving links. For mem_free(). */
char *file_absolute(const char *path);

#endif
