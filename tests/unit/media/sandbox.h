/* sandbox: a temporary folder, a small picture, and an environment for publishers made of fakes. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "base/clock.h"
#include "config/config.h"
#include "fake_transport.h"
#include "media/env.h"
#include "media/publisher.h"

struct sandbox {
    char folder[64], state[80];
    struct fake_transport transport;
    struct fake_clock clock;
    struct media_env env;
    struct picture picture;
    struct config_publish publish; /* all texts "" */
    struct publication *publication;
    int ended; /* how often done was called */
    char url[4096], why[MEDIA_WHY];
};

/* The bytes of the smallest PNG there is. */
extern const unsigned char sandbox_png[];
extern const size_t sandbox_png_len;

/* For cmocka: *state becomes a struct sandbox. The runner is real. */
int sandbox_setup(void **state);
int sandbox_teardown(void **state);
/* Starts a publication of the picture; what becomes of it is in ended, url and why. */
void sandbox_publish(struct sandbox *s);
/* Turns the runner until the publication has ended. */
void sandbox_wait(struct sandbox *s);
/* A file's text, for free(); NULL when there is none. */
char *sandbox_read(const char *folder, const char *name, size_t *len);
/* Names in a folder, and removing all of them. */
size_t sandbox_count(const char *folder);
void sandbox_empty(const char *folder);
void sandbox_write(const char *folder, const char *name, const char *text);

#endif
