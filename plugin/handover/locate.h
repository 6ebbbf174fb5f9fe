/*
 * locate: the path of the drainer's socket without a YAML parser. libc only.
 */
#ifndef NT_HANDOVER_LOCATE_H
#define NT_HANDOVER_LOCATE_H

#include <stdbool.h>
#include <stddef.h>

/* option: --socket or NULL; config: --config or NULL. --socket, else (without --config) $NOTIFY_TWILIO_SOCKET, else the config's `daemon: {socket:}` when it
 * is written plainly (one top-level `daemon:` with a plain or simply quoted value), else the default when the config does not name one. False: cannot tell (the caller's full
 * parser must). The config asked is --config, $NOTIFY_TWILIO_CONFIG or the default. */
bool locate_socket(const char *option, const char *config, char *out, size_t size);

enum locate_end {
    LOCATE_FOUND,   /* the path is in out */
    LOCATE_DEFAULT, /* the configuration names none */
    LOCATE_UNSURE   /* not written plainly */
};

/* The same for a configuration's text. A damaged text is no more than LOCATE_UNSURE; out changes freely. */
enum locate_end locate_in_text(const char *text, size_t len, char *out, size_t size);

#endif
