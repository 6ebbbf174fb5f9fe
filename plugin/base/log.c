/*
 * log: one line a message, and no secret in it.
 *
 * A message is formatted, stripped of secrets, made visible and cut, in this
 * order: an escape or a cut must not tear a secret apart before it is looked
 * for. All in static memory: the log works when nothing else does. Not for more
 * than one thread at a time. errno is the same afterwards.
 *
 * DIAGNOSTICS
 * Nothing fails a caller. What cannot be written where it belongs (disk full,
 * file gone) goes to stderr; what cannot be written there is lost.
 */
#include "base/log.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { RAW_MAX = 16 * 1024, LINE_MAX_BYTES = 2048, SECRETS_MAX = 32, SECRET_LEAST = 4 };

static const char *const level_word[] = {"error", "warning", "info", "debug"};
static const int level_priority[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

static struct {
    char program[64]; /* openlog() keeps the pointer */
    enum log_level level;
    enum { TO_STDERR, TO_SYSLOG, TO_FILE } to;
    int fd;
    char *secret[SECRETS_MAX];
    size_t secret_len[SECRETS_MAX];
    int secrets;
    void (*tap)(void *arg, enum log_level level, const char *line);
    void *tap_arg;
} state = {.program = "notify_twilio", .level = LOG_LEVEL_WARNING, .fd = -1};

static void forget(int i)
{
    explicit_bzero(state.secret[i], state.secret_len[i]);
    mem_free(state.secret[i]);
}

void log_close(void)
{
    if (state.to == TO_SYSLOG)
        closelog();
    if (state.fd >= 0)
        close(state.fd);
    state.fd = -1;
    state.to = TO_STDERR;
    while (state.secrets)
        forget(--state.secrets);
}

/* The log of several users lies in a folder that all of them may write to. A link that another of them has put there is
 * not followed: it would lead root's pen to any file. /dev/stderr and the like are root's own. */
static int open_there(const char *path, int flags)
{
    struct stat st;
    int fd = open(path, flags | O_NOFOLLOW, 0640);
    if (fd >= 0 || errno != ELOOP)
        return fd;
    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && (st.st_uid == 0 || st.st_uid == geteuid()))
        return open(path, flags, 0640);
    errno = ELOOP;
    return -1;
}

/* Non-blocking: a pipe that nobody reads must not hold a page up. A file that is begun in a folder with the setgid bit
 * is the group's, whatever the umask: the daemon and the users of monitors write to one log. */
static int open_file(const char *path)
{
    enum { FLAGS = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };
    int fd = open(path, FLAGS | O_EXCL, 0640);
    if (fd < 0)
        return errno == EEXIST ? open_there(path, FLAGS) : -1;
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    struct stat st;
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    if (stat(folder, &st) == 0 && st.st_mode & S_ISGID)
        (void)fchmod(fd, 0660); /* else the log is the writer's alone, and the others say so */
    return fd;
}

enum nt_status log_open(const char *program, enum log_level level, const char *to)
{
    int fd = -1;
    state.level = level;
    if (state.to == TO_SYSLOG)
        closelog();
    snprintf(state.program, sizeof state.program, "%s", program);
    if (!strcmp(to, "syslog")) {
        openlog(state.program, LOG_PID, LOG_DAEMON);
        state.to = TO_SYSLOG;
    } else if (!strcmp(to, "stderr")) {
        state.to = TO_STDERR;
    } else {
        fd = open_file(to);
        if (fd < 0 && state.fd >= 0) { /* better the old one than none */
            enum nt_status status = nt_status_errno(errno);
            log_error("cannot open the log file %s: %s; going on with the one that is open", to, strerror(errno));
            return status;
        }
        state.to = fd < 0 ? TO_STDERR : TO_FILE;
    }
    int error = errno;
    if (state.fd >= 0)
        close(state.fd);
    state.fd = fd;
    errno = error;
    if (fd < 0 && strcmp(to, "syslog") != 0 && strcmp(to, "stderr") != 0) {
        enum nt_status status = nt_status_errno(error);
        log_error("cannot open the log file %s: %s; logging to standard error", to, strerror(error));
        return status;
    }
    return NT_OK;
}

bool log_has_file(void)
{
    return state.fd >= 0;
}

enum nt_status log_level_parse(const char *word, enum log_level *level)
{
    for (size_t i = 0; i < sizeof level_word / sizeof *level_word; i++)
        if (!strcmp(word, level_word[i])) {
            *level = (enum log_level)i;
            return NT_OK;
        }
    return NT_EINVAL;
}

void log_secret(const char *text)
{
    size_t len = strlen(text);
    if (len < SECRET_LEAST)
        return;
    for (int i = 0; i < state.secrets; i++)
        if (!strcmp(state.secret[i], text))
            return;
    char *copy = mem_strdup(text);
    if (!copy)
        return;
    if (state.secrets == SECRETS_MAX) {
        forget(0);
        state.secrets--;
        memmove(state.secret, state.secret + 1, sizeof *state.secret * (size_t)state.secrets);
        memmove(state.secret_len, state.secret_len + 1, sizeof *state.secret_len * (size_t)state.secrets);
    }
    state.secret[state.secrets] = copy;
    state.secret_len[state.secrets++] = len;
}

void log_tap(void (*tap)(void *arg, enum log_level level, const char *line), void *arg)
{
    state.tap = tap;
    state.tap_arg = arg;
}

/*
 * Marks every byte that belongs to a secret, then puts "***" for each marked stretch. With the secrets "abcd" and
 * "cdef", "xabcdefx" becomes "x***x": replacing one after the other would leave the "ef". Where a text was cut, its end
 * may be the first part of a secret, so as much of it as that could be is hidden as well.
 */
static size_t redact(char *text, size_t len, bool cut)
{
    static bool hidden[RAW_MAX];
    bool any = false;
    memset(hidden, 0, len);
    for (int i = 0; i < state.secrets; i++) {
        size_t n = state.secret_len[i];
        for (const char *at = text; (at = memmem(at, len - (size_t)(at - text), state.secret[i], n)); at++) {
            memset(hidden + (at - text), 1, n);
            any = true;
        }
        if (cut) {
            size_t end = n < len ? n : len;
            memset(hidden + len - end, 1, end);
            any = true;
        }
    }
    if (!any)
        return len;
    size_t to = 0;
    for (size_t i = 0; i < len; i++) {
        if (!hidden[i])
            text[to++] = text[i];
        else if (!i || !hidden[i - 1])
            for (int star = 0; star < 3; star++) /* no secret is shorter than this */
                text[to++] = '*';
    }
    return to;
}

/* Printable text is copied; "\n" and "\t" are spelled so, other control characters and invalid bytes as \xNN. */
static size_t make_visible(const char *text, size_t len, char line[LINE_MAX_BYTES + 1])
{
    size_t to = 0;
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        char escape[9];
        size_t n = utf8_next(text + i, len - i, &cp), put = n;
        const char *from = text + i;
        if (!n || cp < 0x20 || (cp >= 0x7F && cp <= 0x9F)) {
            from = escape;
            if (cp == '\n' || cp == '\t')
                put = (size_t)snprintf(escape, sizeof escape, "\\%c", cp == '\n' ? 'n' : 't');
            else
                put = (size_t)snprintf(escape, sizeof escape, "\\x%02X", n ? (unsigned)cp : (unsigned char)text[i]);
        }
        if (to + put > LINE_MAX_BYTES - 3) {
            memcpy(line + to, "...", 3);
            to += 3;
            break;
        }
        memcpy(line + to, from, put);
        to += put;
        i += n ? n : 1;
    }
    line[to] = '\0';
    return to;
}

static bool write_line(int fd, const char *prefix, enum log_level level, const char *line)
{
    char whole[LINE_MAX_BYTES + 256];
    int n = snprintf(whole, sizeof whole, "%s: %s: %s\n", prefix, level_word[level], line);
    /* One write, so that lines of several processes do not mix. */
    return write(fd, whole, (size_t)n) == n;
}

static void emit(enum log_level level, const char *line)
{
    if (state.to == TO_SYSLOG) {
        syslog(level_priority[level], "%s", line);
        return;
    }
    if (state.to == TO_FILE) {
        char stamp[32], prefix[160];
        struct tm tm;
        time_t now = (time_t)(clock_wall(clock_system()) / 1000);
        gmtime_r(&now, &tm);
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &tm);
        snprintf(prefix, sizeof prefix, "%s %s[%ld]", stamp, state.program, (long)getpid());
        if (write_line(state.fd, prefix, level, line))
            return;
    }
    /* Nowhere is left to report a failure to. */
    (void)!write_line(STDERR_FILENO, state.program, level, line);
}

__attribute__((format(printf, 2, 0))) static void log_message(enum log_level level, const char *format, va_list args)
{
    if (level > state.level)
        return;
    int error = errno;
    static char raw[RAW_MAX];
    char line[LINE_MAX_BYTES + 1];
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start is in the macro below */
    int wanted = vsnprintf(raw, sizeof raw, format, args);
    size_t len = wanted < 0 ? 0 : (size_t)wanted;
    bool cut = len >= sizeof raw;
    len = redact(raw, cut ? sizeof raw - 1 : len, cut);
    make_visible(raw, len, line);
    emit(level, line);
    if (state.tap)
        state.tap(state.tap_arg, level, line);
    errno = error;
}

#define LOG_FUNCTION(name, level)                                                                                      \
    void name(const char *format, ...)                                                                                 \
    {                                                                                                                  \
        va_list args;                                                                                                  \
        va_start(args, format);                                                                                        \
        log_message(level, format, args);                                                                              \
        va_end(args);                                                                                                  \
    }

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
