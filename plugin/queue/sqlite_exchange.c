/*
 * sqlite_exchange: PATH.new takes the place of a damaged database, which is kept with its log under another name.
 *
 *   1. PATH.corrupt-EPOCH becomes a second name of the damaged database, and its log PATH.corrupt-EPOCH-wal;
 *   2. PATH.new takes the name PATH.
 * What cannot be done is undone. Who is killed in between leaves the damaged database at its place, but the latest that
 * is known, which is in its log, elsewhere. It is told by its two names; nobody opens it before the log is back.
 *
 * All of it happens under the write lock.
 *
 * DIAGNOSTICS: NT_EFULL, NT_EIO, NT_EACCES, NT_ENOMEM, with words.
 */
#include "queue/sqlite_private.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASIDE ".corrupt-"

struct files {
    char *database, *log, *index;
};

static void files_clean(struct files *f)
{
    mem_free(f->database);
    mem_free(f->log);
    mem_free(f->index);
    *f = (struct files){NULL, NULL, NULL};
}

static enum nt_status files_init(struct files *f, const char *path, const char *tail)
{
    *f = (struct files){place_joined(path, tail), NULL, NULL};
    if (f->database) {
        f->log = place_joined(f->database, "-wal");
        f->index = place_joined(f->database, "-shm");
    }
    if (f->log && f->index)
        return NT_OK;
    files_clean(f);
    return NT_ENOMEM;
}

/* There may be neither. */
static void move_log(const struct files *from, const struct files *to)
{
    (void)rename(from->log, to->log);
    (void)rename(from->index, to->index);
}

/* The first free PATH.corrupt-EPOCH, made as a second name of the damaged database; its log goes along. */
static enum nt_status set_aside(const struct files *here, int64_t now, struct files *aside, struct buf *error)
{
    enum nt_status status = NT_EEXIST;
    for (int64_t epoch = now / 1000; status == NT_EEXIST; epoch++) {
        char tail[64];
        snprintf(tail, sizeof tail, ASIDE "%lld", (long long)epoch);
        status = files_init(aside, here->database, tail);
        if (status == NT_OK && link(here->database, aside->database) != 0) {
            status = errno == EEXIST ? NT_EEXIST : place_errno(errno);
            files_clean(aside);
        }
    }
    if (status)
        place_say(error, "store: %s: cannot be set aside: %s", here->database, nt_status_text(status));
    else
        move_log(here, aside);
    return status;
}

/* Where somebody has begun a log meanwhile, which only other programs do, that one stays. */
static void put_back(const struct files *aside, const struct files *here)
{
    struct stat st;
    if (stat(here->log, &st) != 0 || st.st_size == 0)
        move_log(aside, here);
    (void)unlink(aside->database); /* NOLINT(clang-analyzer-core.NonNullParamChecker): it has a name, see below */
}

enum nt_status sqlite_exchange(const struct place *place, int64_t now, struct buf *error)
{
    struct files here, aside = {NULL, NULL, NULL};
    char *made = place_joined(place->database, ".new");
    enum nt_status status = files_init(&here, place->database, "");
    if (!made)
        status = NT_ENOMEM;
    if (status == NT_OK)
        status = set_aside(&here, now, &aside, error);
    if (status)
        goto done;
    if (rename(made, here.database) == 0) {
        /* It is named: set_aside() says NT_OK only then, since place_errno() never does. */
        (void)unlink(aside.index); /* NOLINT(clang-analyzer-core.NonNullParamChecker) */
        status = place_sync(place);
        goto done;
    }
    status = place_errno(errno);
    place_say(error, "store: %s: %s", here.database, strerror(errno));
    put_back(&aside, &here); /* the next try wants what is in its log, too */
done:
    files_clean(&here);
    files_clean(&aside);
    mem_free(made);
    return status;
}

/* Is that the name under which it would have been set aside? Not those of its log. */
static bool is_name_aside(const char *database, const char *name)
{
    const char *slash = strrchr(database, '/'), *base = slash ? slash + 1 : database;
    size_t n = strlen(base), tail = strlen(ASIDE);
    return strncmp(name, base, n) == 0 && strncmp(name + n, ASIDE, tail) == 0 &&
           strspn(name + n + tail, "0123456789") == strlen(name + n + tail);
}

/* Its other name, *out; NT_ENOENT when there is none. */
static enum nt_status find_aside(const struct place *place, char **out)
{
    struct stat here, there;
    *out = NULL;
    if (stat(place->database, &here) != 0 || here.st_nlink < 2)
        return NT_ENOENT;
    DIR *folder = opendir(place->folder);
    if (!folder) /* who may not look cannot have set anything aside there */
        return errno == EACCES ? NT_ENOENT : place_errno(errno);
    enum nt_status status = NT_ENOENT;
    for (const struct dirent *e; status == NT_ENOENT && (e = readdir(folder)) != NULL;) {
        if (!is_name_aside(place->database, e->d_name))
            continue;
        char *path = place_beside(place, e->d_name);
        if (!path) {
            status = NT_ENOMEM;
        } else if (lstat(path, &there) == 0 && there.st_dev == here.st_dev && there.st_ino == here.st_ino) {
            *out = path;
            status = NT_OK;
        } else {
            mem_free(path);
        }
    }
    closedir(folder);
    return status;
}

enum nt_status sqlite_exchange_look(const struct place *place, bool *halfway)
{
    char *path = NULL;
    enum nt_status status = find_aside(place, &path);
    *halfway = status == NT_OK;
    mem_free(path);
    return status == NT_ENOENT ? NT_OK : status;
}

enum nt_status sqlite_exchange_undo(const struct place *place)
{
    struct files here = {NULL, NULL, NULL}, aside = {NULL, NULL, NULL};
    char *path = NULL;
    enum nt_status status = find_aside(place, &path);
    if (status == NT_OK && (status = files_init(&here, place->database, "")) == NT_OK &&
        (status = files_init(&aside, path, "")) == NT_OK)
        put_back(&aside, &here);
    files_clean(&here);
    files_clean(&aside);
    mem_free(path);
    return status == NT_ENOENT ? NT_OK : status;
}
