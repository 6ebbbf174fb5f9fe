/*
 * place: where the files of a store live, and under which mode and owner they come to be. Private to the stage.
 */
#ifndef NT_QUEUE_PLACE_H
#define NT_QUEUE_PLACE_H

#include "base/buf.h"
#include "base/status.h"

#include <stdbool.h>

struct place {
    char *database; /* with links resolved, so that everybody finds the same neighbours; ":memory:" has none */
    char *folder;
    bool memory; /* no files at all: gone with the process */
};

/* Words for the caller's error text; error may be NULL. */
void place_say(struct buf *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Names only, nothing is touched. NT_EINVAL: not a url of ours. place_clean() after success. */
enum nt_status place_init(struct place *p, const char *url, struct buf *error) NT_MUST_USE;
void place_clean(struct place *p);
/* Path of a file in the folder. For mem_free(); NULL = no memory. */
char *place_beside(const struct place *p, const char *name);
/* path + tail, likewise. */
char *place_joined(const char *path, const char *tail);

/* Makes the folder (2770, its last component only) when it is missing. */
enum nt_status place_make_folder(const struct place *p, struct buf *error) NT_MUST_USE;
/* Opens path for reading and writing, making it 0660 whatever the umask, and the folder owner's when root makes it. Not
 * for a database: closing a second descriptor of it would drop SQLite's locks. */
enum nt_status place_open(const struct place *p, const char *path, int *fd) NT_MUST_USE;
/* Makes path as an empty file with the mode and owner above unless it is there; a file of ours with another mode is put
 * right. */
enum nt_status place_make_file(const struct place *p, const char *path) NT_MUST_USE;
/* What errno means to a caller of the store. */
enum nt_status place_errno(int error);
/* Makes changes of names in the folder durable. */
enum nt_status place_sync(const struct place *p) NT_MUST_USE;

#endif
