/*
 * front: the executable that a monitor starts. It links libc alone, so that it starts in a fraction of the time that
 * libcurl and its twenty libraries take to load.
 *
 * `send` is offered to the drainer's socket, and its answer is all there is to do. Everything else — and a `send` that
 * nobody answers — is done by notify_twilio-full.so, which is loaded into this process with the same arguments, the
 * same request UUID (so that a hand-over that was taken after all and the fallback are one alert) and what was read
 * from standard input.
 *
 * DIAGNOSTICS: permission denied on the socket is said as such; a missing notify_twilio-full.so is exit 75.
 */
#include "base/mem.h"
#include "base/paths.h"
#include "base/random.h"
#include "handover/client.h"
#include "handover/frame.h"
#include "handover/locate.h"
#include "notify/answer.h"
#include "notify/arguments.h"
#include "notify/environment.h"
#include "notify/text.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_WITHIN = 1000, ANSWER_SIZE = 256 * 1024 };

typedef int main_function(int, char **);

/* At once: what forty libraries would clear away at exit goes with the process, and takes a tenth of a page's time.
 * Leak checkers look at exit, so they get theirs. */
static int leave(int status)
{
#if !defined __SANITIZE_ADDRESS__
    if (fflush(NULL) == 0)
        _exit(status);
#endif
    return status;
}

/* The rest of the program: beside this file (build tree), or where it was installed. Its symbols are looked up as they
 * are needed: of twenty libraries a page uses little. */
static int become_full(int argc, char **argv)
{
    static const char name[] = "notify_twilio-full.so";
    char path[PATH_MAX + 64], self[PATH_MAX];
    void *full = NULL;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) {
        self[n] = '\0';
        char *slash = strrchr(self, '/');
        if (slash) {
            slash[1] = '\0';
            static const char *const beside[] = {"", "../libexec/notify_twilio/"};
            for (size_t i = 0; !full && i < sizeof beside / sizeof *beside; i++) {
                snprintf(path, sizeof path, "%s%s%s", self, beside[i], name);
                if (access(path, F_OK) == 0)
                    full = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
            }
        }
    }
    if (!full) {
        snprintf(path, sizeof path, "%s/%s", NT_LIBEXEC_DIR, name);
        full = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    }
    void *entry = full ? dlsym(full, "nt_main") : NULL;
    if (!entry) {
        fprintf(stderr, "notify_twilio: %s\n", dlerror());
        return EXIT_TRY_AGAIN;
    }
    main_function *run;
    memcpy(&run, &entry, sizeof run); /* ISO C has no cast from an object to a function */
    return leave(run(argc, argv));
}

static void put_text(struct frame *f, const char *key, const char *value)
{
    if (value)
        frame_put(f, key, value);
}

/* The macros that decide come first, so that nothing a frame has no room for can be one of them. */
static int weight(const char *pair)
{
    static const char *const decisive[] = {"NOTIFICATIONTYPE", "HOSTNAME", "SERVICEDESC", "HOSTSTATE", "SERVICESTATE",
                                           "CONTACT",          "host",     "service",     "state",     "event",
                                           "NOTIFICATION"};
    if (!strncmp(pair, "NAGIOS_", strlen("NAGIOS_")))
        pair += strlen("NAGIOS_");
    for (size_t i = 0; i < sizeof decisive / sizeof *decisive; i++)
        if (!strncmp(pair, decisive[i], strlen(decisive[i])))
            return 0;
    return 1;
}

static void put_pair(struct frame *f, const char *pair)
{
    const char *equals = strchr(pair, '=');
    frame_putn(f, pair, (size_t)(equals - pair), equals + 1, strlen(equals + 1));
}

static void write_frame(struct frame *f, const struct arguments *a, const char *uuid, const char *text, char **env)
{
    char number[32];
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    frame_put(f, "notify_twilio", "1");
    frame_put(f, "request", uuid);
    snprintf(number, sizeof number, "%lld", (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000 + ANSWER_WITHIN);
    frame_put(f, "deadline", number);
    put_text(f, "source", a->source);
    for (size_t i = 0; i < a->to.n; i++)
        frame_put(f, "to", a->to.item[i]);
    put_text(f, "template", a->template_name);
    for (size_t i = 0; i < a->media.n; i++)
        frame_put(f, "media", a->media.item[i]);
    for (size_t i = 0; i < a->graphs.n; i++)
        frame_put(f, "graph", a->graphs.item[i]);
    put_text(f, "from", a->from);
    if (a->max_segments) {
        snprintf(number, sizeof number, "%d", a->max_segments);
        frame_put(f, "max_segments", number);
    }
    put_text(f, "subject", a->subject);
    put_text(f, "message", a->message);
    put_text(f, "text", text);
    if (a->test)
        frame_put(f, "test", "1");
    frame_put(f, "notify_twilio_macros", "1"); /* from here on no key is an option, whatever its name */
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < a->pairs.n; i++)
            if (weight(a->pairs.item[i]) == pass)
                put_pair(f, a->pairs.item[i]);
    if (!environment_has_alert(env))
        return;
    frame_put(f, "notify_twilio_environment", "1");
    for (int pass = 0; pass < 2; pass++)
        for (char **e = env; *e; e++)
            if (environment_is_alert(*e) && weight(*e) == pass)
                put_pair(f, *e);
}

/* What was read from standard input is there again for notify_twilio-full.so. */
static void give_back(const char *text)
{
    int fd = memfd_create("text", 0);
    size_t len = strlen(text);
    if (fd < 0 || write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0 || dup2(fd, STDIN_FILENO) < 0)
        fprintf(stderr, "notify_twilio: the text cannot be handed on: %s\n", strerror(errno));
    if (fd > STDIN_FILENO)
        close(fd);
}

static int offer(int argc, char **argv, char **env)
{
    static char memory[FRAME_MAX], answer[ANSWER_SIZE], path[PATH_MAX];
    char error[256], uuid[UUID_SIZE];
    struct arguments a;
    struct frame frame;
    char *text = NULL;
    int status = -1;

    if (!arguments_parse(argc - 1, argv + 1, &a, error, sizeof error) || a.help || a.version || a.dry_run ||
        !locate_socket(a.socket, a.config, path, sizeof path) || access(path, F_OK) != 0) {
        arguments_clean(&a);
        return become_full(argc, argv); /* says what is wrong, or does what is asked */
    }
    if (text_wanted(&a, env) && text_read(STDIN_FILENO, &text) != NT_OK) {
        arguments_clean(&a);
        return become_full(argc, argv); /* perhaps there is memory by then */
    }
    random_uuid(uuid);
    frame_init(&frame, memory);
    write_frame(&frame, &a, uuid, text, env);
    setenv("NOTIFY_TWILIO_REQUEST", uuid, 1);
    switch (handover_ask(path, frame.data, frame.len, ANSWER_WITHIN, answer, sizeof answer)) {
    case HANDOVER_ANSWERED:
        status = answer_tell(answer, a.json);
        break;
    case HANDOVER_DENIED:
        fprintf(stderr, "notify_twilio: permission denied on %s: is this user in the group notify_twilio?\n", path);
        setenv("NOTIFY_TWILIO_OFFER", "denied", 1); /* the log is the full program's */
        break;
    case HANDOVER_SILENT:
        setenv("NOTIFY_TWILIO_OFFER", "silent", 1);
        break;
    case HANDOVER_NOBODY:
    case HANDOVER_FAILED:
        break;
    }
    if (status < 0) {
        setenv("NOTIFY_TWILIO_OFFERED", path, 1);
        if (text)
            give_back(text);
    }
    mem_free(text);
    arguments_clean(&a);
    return status < 0 ? become_full(argc, argv) : status;
}

int main(int argc, char **argv)
{
    extern char **environ;
    unsetenv("NOTIFY_TWILIO_OFFERED");
    unsetenv("NOTIFY_TWILIO_REQUEST");
    unsetenv("NOTIFY_TWILIO_OFFER");
    /* a name like check_notify_twilio is a command by itself */
    if (argc > 1 && !strcmp(argv[1], "send") && !strstr(argv[0], "check_notify_twilio"))
        return offer(argc, argv, environ);
    return become_full(argc, argv);
}
