/*
 * retention: pictures that were published long enough ago are taken away again.
 *
 * In a folder, age is the file's, and only names that could be ours are looked at: 32 hexadecimal digits and the
 * extension of a picture, or such a name that was never finished. Nothing but plain files is deleted, and links are not
 * followed. On a server, the note says where the picture is; the publisher whose picture that would be is asked to
 * delete it. When no publisher of the configuration says so any more, the note goes after a week, and the picture
 * stays.
 *
 * A server that does not answer ends the sweep for what lies on servers: the rest would fare no better.
 *
 * DIAGNOSTICS: the first failure of a sweep is a warning in the log; the rest of them are not told.
 */
#include "media/retention.h"

#include "base/log.h"
#include "base/mem.h"
#include "media/published.h"
#include "media/publisher.h"
#include "media/upload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ENTRIES = 256, /* looked at in a turn */
    REMOVALS = 4,  /* requests at once */
    PATIENCE = 10 * 1000,
    HALF_AFTER = 3600 * 1000,            /* nobody is still writing it */
    GIVE_UP_AFTER = 7 * 24 * 3600 * 1000 /* beyond its time */
};

struct removal {
    struct retention *retention;
    struct transport_call *call; /* NULL: free */
    int64_t until;               /* boot */
    int64_t late;                /* ms since its time was over */
    char name[PUBLISH_NAME];
};

struct retention {
    const struct media_env *env;
    const struct config *config;
    size_t place; /* index of publish; publishes: the notes; beyond: over */
    DIR *folder;
    struct removal removal[REMOVALS];
    size_t deleted;
    bool complained, offline;
};

enum nt_status retention_new(const struct media_env *env, const struct config *config, struct retention **out)
{
    struct retention *r = mem_zalloc(sizeof *r);
    *out = r;
    if (!r)
        return NT_ENOMEM;
    r->env = env;
    r->config = config;
    for (size_t i = 0; i < REMOVALS; i++)
        r->removal[i].retention = r;
    return NT_OK;
}

void retention_free(struct retention *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < REMOVALS; i++)
        if (r->removal[i].call)
            r->env->transport->ops->cancel(r->env->transport, r->removal[i].call);
    if (r->folder)
        closedir(r->folder);
    mem_free(r);
}

static void complain(struct retention *r, const char *what, const char *why)
{
    if (!r->complained)
        log_warning("an old picture cannot be deleted: %s: %s", what, why);
    r->complained = true;
}

/* ms since it was written, −1 when it is no plain file. */
static int64_t age_of(const struct retention *r, int folder, const char *name)
{
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
        return -1;
    return clock_wall(r->env->clock) - ((int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
}

static void look_at_file(struct retention *r, const struct config_publish *publish, const char *name)
{
    size_t half = strlen(PUBLISH_HALF);
    bool whole = publish_is_name(name);
    if (!whole && (strncmp(name, PUBLISH_HALF, half) != 0 || !publish_is_name(name + half)))
        return;
    int folder = dirfd(r->folder);
    if (age_of(r, folder, name) < (whole ? publish->keep : HALF_AFTER))
        return;
    if (!unlinkat(folder, name, 0))
        r->deleted++;
    else if (errno != ENOENT)
        complain(r, publish->directory, strerror(errno));
}

/* What lies on servers. */

static void removed(void *arg, const struct transport_result *result)
{
    struct removal *removal = arg;
    struct retention *r = removal->retention;
    char words[MEDIA_WHY];
    removal->call = NULL;
    bool gone = result->answered &&
                ((result->status >= 200 && result->status < 300) || result->status == 404 || result->status == 410);
    if (gone)
        r->deleted++;
    else if (!result->answered || result->status >= 500)
        r->offline = true;
    if (!gone) {
        upload_words(result, words, sizeof words);
        complain(r, removal->name, words);
    }
    if (gone || removal->late > GIVE_UP_AFTER)
        published_forget(r->env->state_dir, removal->name);
}

static enum nt_status read_note(const struct retention *r, const char *name, struct buf *out)
{
    char text[PUBLISH_LINK_MAX + 1];
    int fd = openat(dirfd(r->folder), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return nt_status_errno(errno);
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    return n < 0 ? NT_EIO : buf_add(out, text, (size_t)n);
}

/* The publisher that would have put a picture of that name there; NULL = none does any more. */
static const struct config_publish *publisher_of(const struct retention *r, const char *name, const char *address)
{
    for (size_t i = 0; i < r->config->publishes; i++) {
        const struct config_publish *publish = &r->config->publish[i];
        const struct publisher_ops *ops = publisher_ops(publish->kind);
        struct buf there;
        buf_init(&there, PUBLISH_LINK_MAX);
        bool same = ops->place && ops->place(publish, name, &there) == NT_OK && !strcmp(buf_text(&there), address);
        buf_clean(&there);
        if (same)
            return publish;
    }
    return NULL;
}

static void start_removal(struct retention *r, struct removal *removal, const struct config_publish *publish,
                          const char *address)
{
    struct transport *transport = r->env->transport;
    struct strlist headers;
    strlist_init(&headers);
    enum nt_status status =
        publisher_ops(publish->kind)->removal(publish, removal->name, clock_wall(r->env->clock), &headers);
    if (!status) {
        const struct transport_request request = {
            .method = "DELETE", .url = address, .headers = &headers, .outside = true, .done = removed, .arg = removal};
        status = transport->ops->start(transport, &request, &removal->call);
    }
    removal->until = clock_boot(r->env->clock) + PATIENCE;
    if (status) {
        removal->call = NULL;
        complain(r, removal->name, nt_status_text(status));
    }
    for (size_t i = 0; i < headers.n; i++)
        explicit_bzero(headers.item[i], strlen(headers.item[i]));
    strlist_clean(&headers);
}

static struct removal *free_removal(struct retention *r)
{
    for (size_t i = 0; i < REMOVALS; i++)
        if (!r->removal[i].call)
            return &r->removal[i];
    return NULL;
}

static size_t under_way(const struct retention *r)
{
    size_t n = 0;
    for (size_t i = 0; i < REMOVALS; i++)
        n += r->removal[i].call != NULL;
    return n;
}

static void look_at_note(struct retention *r, const char *name)
{
    struct removal *removal = free_removal(r);
    struct buf address;
    if (!removal || !publish_is_name(name))
        return;
    buf_init(&address, PUBLISH_LINK_MAX);
    int64_t age = age_of(r, dirfd(r->folder), name);
    if (age < 0 || read_note(r, name, &address) != NT_OK)
        goto done;
    const struct config_publish *publish = publisher_of(r, name, buf_text(&address));
    if (publish && age >= publish->keep) {
        memcpy(removal->name, name, strlen(name) + 1); /* a name of ours fits */
        removal->late = age - publish->keep;
        start_removal(r, removal, publish, buf_text(&address));
    } else if (!publish && age >= GIVE_UP_AFTER) {
        log_info("%s stays where it is: nothing is published there any more", buf_text(&address));
        published_forget(r->env->state_dir, name);
    }
done:
    buf_clean(&address);
}

/* Requests that hang. */
static void lose_patience(struct retention *r)
{
    int64_t now = clock_boot(r->env->clock);
    for (size_t i = 0; i < REMOVALS; i++) {
        struct removal *removal = &r->removal[i];
        if (!removal->call || now < removal->until)
            continue;
        r->env->transport->ops->cancel(r->env->transport, removal->call);
        removal->call = NULL;
        r->offline = true;
        complain(r, removal->name, "no answer");
    }
}

/* The next folder that there is. False: there is none. */
static bool open_next(struct retention *r)
{
    struct buf path;
    for (; r->place <= r->config->publishes; r->place++) {
        bool notes = r->place == r->config->publishes;
        const struct config_publish *publish = notes ? NULL : &r->config->publish[r->place];
        if (publish && publish->kind != CONFIG_PUBLISH_DIRECTORY)
            continue;
        buf_init(&path, 8192);
        enum nt_status status =
            publish ? buf_adds(&path, publish->directory) : published_folder(r->env->state_dir, &path);
        int fd = status ? -1 : open(buf_text(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        buf_clean(&path);
        if (fd >= 0 && !(r->folder = fdopendir(fd)))
            close(fd);
        if (r->folder)
            return true;
    }
    return false;
}

bool retention_turn(struct retention *r)
{
    lose_patience(r);
    for (int n = 0; n < ENTRIES; n++) {
        if (!r->folder && !open_next(r))
            return under_way(r) > 0;
        bool notes = r->place == r->config->publishes;
        if (notes && !r->offline && !free_removal(r))
            return true;
        const struct dirent *entry = notes && r->offline ? NULL : readdir(r->folder);
        if (!entry) {
            closedir(r->folder);
            r->folder = NULL;
            r->place++;
        } else if (notes) {
            look_at_note(r, entry->d_name);
        } else {
            look_at_file(r, &r->config->publish[r->place], entry->d_name);
        }
    }
    return true;
}

int64_t retention_next(const struct retention *r)
{
    bool notes = r->place == r->config->publishes;
    if (r->place < r->config->publishes || (notes && under_way(r) < REMOVALS))
        return 0;
    int64_t next = PATIENCE, now = clock_boot(r->env->clock);
    for (size_t i = 0; i < REMOVALS; i++)
        if (r->removal[i].call && r->removal[i].until - now < next)
            next = r->removal[i].until - now;
    return next < 0 ? 0 : next;
}

size_t retention_deleted(const struct retention *r)
{
    return r->deleted;
}
