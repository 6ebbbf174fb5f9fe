/*
 * load: a YAML file → struct config, everything wrong reported at once.
 */
#ifndef NT_CONFIG_LOAD_H
#define NT_CONFIG_LOAD_H

#include "base/status.h"
#include "config/config.h"
#include "config/problem.h"

/* Reads and checks path. Problems are added (also on NT_OK: those that are not fatal). NT_ECONFIG: does not load, *out is NULL.
 * Credentials are read (files, $CREDENTIALS_DIRECTORY) and registered with log_secret(). */
enum nt_status config_load(const char *path, struct config **out, struct problems *problems) NT_MUST_USE;

/* What every command but `config check` uses: the file, else its last good copy with a loud log line (and
 * config->last_good set), else, when account, credentials and senders are right, what is right in the file (and
 * config->salvaged set). NT_ECONFIG when there is none of these; problems says why.
 * A file whose credentials cannot be read gives way to a copy whose can; when there is none it is used, its token "". */
enum nt_status config_open(const char *path, struct config **out, struct problems *problems) NT_MUST_USE;

/* Writes the last good copy of a configuration that has just loaded from c->path. now: ms since the epoch.
 * *saved_to (may be NULL) is the path, for mem_free(). */
enum nt_status config_save_last_good(const struct config *c, int64_t now, char **saved_to) NT_MUST_USE;

/* Where the last good copy of the config at this (absolute) path lives. For mem_free(); NULL = no memory. */
char *config_last_good_path(const char *path);

/* The path to use: option, else $NOTIFY_TWILIO_CONFIG, else the default. Borrowed. */
const char *config_path(const char *option);

#endif
