/*
 * log: one line a message, to syslog, stderr or a file; never fails its caller.
 *
 * Control characters are made visible, lines are cut at 2 KB, and every text that
 * was registered by log_secret() is replaced by "***" wherever it would appear.
 */
#ifndef NT_BASE_LOG_H
#define NT_BASE_LOG_H

#include "base/status.h"

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* to: "syslog", "stderr" or a file's path (appended, 0640). Until called: stderr, warnings and worse.
 * On failure the log stays in the file that is open, else goes to stderr. May be called again (reload). */
enum nt_status log_open(const char *program, enum log_level level, const char *to);
/* Is there an open file that the log goes to? */
bool log_has_file(void) NT_MUST_USE;
/* The last call: back to stderr, the secrets are forgotten. */
void log_close(void);
/* error|warning|info|debug; NT_EINVAL else. */
enum nt_status log_level_parse(const char *word, enum log_level *level) NT_MUST_USE;
/* Never show this text (at least 4 bytes; shorter ones are ignored). Copied; at most 32 are kept, the
 * latest. */
void log_secret(const char *text);
/* Receives every message that passes the level, as it is written but without program, level and time (tests, --verbose). NULL takes it away. */
void log_tap(void (*tap)(void *arg, enum log_level level, const char *line), void *arg);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
