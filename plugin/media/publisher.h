/*
 * publisher: how a picture gets to where Twilio can fetch it (`publish:`), behind one small vtable.
 *
 * publish_directory, publish_put, publish_s3 and publish_command each embed struct publication and fill a
 * publisher_ops. A publication never blocks for long, and says once under which address the picture is to be had, or
 * why it is not. Time is limited from outside: who started it cancels it.
 */
#ifndef NT_MEDIA_PUBLISHER_H
#define NT_MEDIA_PUBLISHER_H

#include "base/buf.h"
#include "base/strlist.h"
#include "config/config.h"
#include "media/env.h"
#include "media/picture.h"

struct publication;

enum {
    PUBLISH_NAME = 48, /* 128 random bits as 32 hex digits, a dot, the extension */
    PUBLISH_RANDOM = 32,
    PUBLISH_LINK_MAX = 2048, /* no address is longer */
    PUBLISH_LINK_GUESS = 80  /* of a command, of which nobody knows */
};

/* Before the name of what is not whole yet. */
#define PUBLISH_HALF ".half-"

/* url: the address, or NULL and why (without secrets). Both borrowed for the call. */
typedef void publish_done(void *arg, const char *url, const char *why);

struct publisher_ops {
    const char *name;
    size_t size; /* of the struct that embeds struct publication */
    /* Begins; may end at once by publication_end(). A status: it could not begin, and publication_fail() may have the
     * words. */
    enum nt_status (*start)(struct publication *p);
    /* Drops what is under way and what it owns; after the end as well. What has half been published goes, where that
     * can be done without waiting. */
    void (*clean)(struct publication *p);
    /* About how long its addresses are, for texts that carry them. */
    size_t (*link_len)(const struct config_publish *config);
    /* For those whose pictures are deleted by a request (see retention.h), else NULL. Where the picture of that name
     * is: appended; NT_ENOENT: it is not kept. And the header lines of a DELETE, made at `now`. */
    enum nt_status (*place)(const struct config_publish *config, const char *name, struct buf *out);
    enum nt_status (*removal)(const struct config_publish *config, const char *name, int64_t now, struct strlist *out);
};

struct publication {
    const struct publisher_ops *ops;
    const struct media_env *env;
    const struct config_publish *config; /* borrowed */
    const struct picture *picture;       /* borrowed until the end: whole, its kind known */
    char name[PUBLISH_NAME];             /* unguessable, with the extension of the picture's kind */
    int64_t valid;                       /* ms that the address has to work at least */
    char why[MEDIA_WHY];
    struct publication **owner; /* where the owner keeps it: NULL there once it has ended */
    publish_done *done;
    void *arg;
};

struct publish_request {
    const struct media_env *env;
    const struct config_publish *config;
    const struct picture *picture;
    int64_t valid;
    publish_done *done; /* once, maybe from within publish_start(); not after publish_cancel() */
    void *arg;
};

/* *out is the publication while it is under way, NULL from its end on (set before `done` is called). */
void publish_start(const struct publish_request *r, struct publication **out);
/* NULL is fine. */
void publish_cancel(struct publication *p);
/* About how long an address by this publisher is. */
size_t publish_link_len(const struct config_publish *config);

const struct publisher_ops *publisher_ops(enum config_publish_kind kind);

/* A new name. NT_EIO: there is no randomness to be had. */
enum nt_status publish_name(enum picture_kind kind, char out[PUBLISH_NAME]) NT_MUST_USE;
/* Could it be one of ours? */
bool publish_is_name(const char *name);
/* Appends folder and name with one slash between. */
enum nt_status publish_address(const char *folder, const char *name, struct buf *out) NT_MUST_USE;

/* For publishers. The end: frees p. url NULL: it failed, why has words. An address that is none (not one http or https
 * URL of at most PUBLISH_LINK_MAX printable ASCII characters) is a failure. */
void publication_end(struct publication *p, const char *url, const char *why);
/* Notes why, for publication_end(p, NULL, p->why) or a status of start. */
void publication_fail(struct publication *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

extern const struct publisher_ops publish_directory, publish_put, publish_s3, publish_command;

#endif
