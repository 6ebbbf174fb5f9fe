/*
 * sqlite_log: the write-ahead log: when it is written back, and its room on the disk.
 *
 * Written back when there is time, or after a commit once it is long, with the write lock already given back, and
 * earlier when a store is closed: who opens it first afterwards has to read it through. It is never deleted.
 *
 * Making a page of it durable takes twice as long where the file has to grow for it (measured: 0.40 ms against 0.23 for
 * a commit of 50 KB), since the file system then writes its own log first. So the file is made longer than it gets on
 * ordinary days while nobody waits, a piece at a time, with zeros: SQLite stops reading at the first frame whose
 * checksum is wrong. What is reserved like this also takes pages on when the disk has become full.
 *
 * DIAGNOSTICS: none. A log that is not written back gets longer, one without room slower.
 */
#include "queue/sqlite_private.h"

#include "base/mem.h"

#include <sys/statvfs.h>

enum {
    FRAME = 24 + 4096,
    ROOM = LOG_ROOM * FRAME,
    PIECE = 512 * 1024, /* made at a time */
    ZEROS = 64 * 1024,
    SPARE = 32 /* times the room: what has to be free on the disk before that much of it is taken */
};

void sqlite_log_write_back(struct sqlite_store *s, int pages)
{
    int left = 0;
    if (s->wal_pages < pages)
        return;
    /* Passive: takes what no reader is in the way of, waits for nobody. Its failure costs nothing but a longer log. */
    if (sqlite3_wal_checkpoint_v2(s->db, "main", SQLITE_CHECKPOINT_PASSIVE, &left, NULL) == SQLITE_OK)
        s->wal_pages = 0;
}

bool sqlite_log_is_short(const struct sqlite_store *s)
{
    return !s->log_is_roomy && !s->place.memory && !s->readonly;
}

static bool disk_has_plenty(const char *folder)
{
    struct statvfs disk;
    return statvfs(folder, &disk) == 0 && (double)disk.f_bavail * (double)disk.f_frsize >= (double)ROOM * SPARE;
}

/* Zeros behind its end. false: no more is wanted, or possible. */
static bool grow(sqlite3_file *log)
{
    const sqlite3_io_methods *methods = log->pMethods;
    sqlite3_int64 size = 0;
    if (methods->xFileSize(log, &size) != SQLITE_OK || size >= ROOM)
        return false;
    char *zeros = mem_zalloc(ZEROS);
    if (!zeros)
        return false;
    int rc = SQLITE_OK;
    for (sqlite3_int64 end = size + PIECE; rc == SQLITE_OK && size < end && size < ROOM; size += ZEROS)
        rc = methods->xWrite(log, zeros, size + ZEROS < ROOM ? ZEROS : (int)(ROOM - size), size);
    mem_free(zeros);
    return rc == SQLITE_OK && methods->xSync(log, SQLITE_SYNC_NORMAL) == SQLITE_OK;
}

void sqlite_log_make_room(struct sqlite_store *s)
{
    sqlite3_file *log = NULL;
    if (!disk_has_plenty(s->place.folder) ||
        sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK || !log ||
        !log->pMethods || !grow(log))
        s->log_is_roomy = true;
}
