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

#endif
