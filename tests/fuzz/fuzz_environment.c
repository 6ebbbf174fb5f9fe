/*
 * fuzz_environment: an environment as Nagios or Icinga leaves it, among whatever else is set, and the words of Icinga's
 * mail scripts.
 *
 * The first byte says which: n, i or g (guess) with NAME=VALUE pairs, or h and s with the words of the host's and the
 * service's script; pairs and words end at a NUL, as the kernel passes them. What comes out holds nothing that is not a
 * macro's: whatever else is in an environment may be a secret.
 */
#include "fuzz.h"

#include "base/log.h"
#include "base/mem.h"
#include "ingest/ingest.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 64, PAIRS = 200 };

static const char secret[] = "AWS_SECRET_ACCESS_KEY";

static void require(int truth)
{
    if (!truth)
        abort();
}

static void check_alert(const struct alert *a, const char *source)
{
    require(*a->object && strlen(a->identity) == 32 && !strchr(a->output, '\n'));
    require(a->event != EVENT_PROBLEM || a->phase == 0 || a->phase == PHASE_START);
    require(!kv_get(&a->macros, secret));
    for (size_t i = 0; i < a->macros.n; i++) {
        const char *key = a->macros.pair[i].key;
        require(*key && *key != '@' && !strchr(key, '='));
        if (!strcmp(source, "icinga2"))
            require(!strchr(key + 1, '_'));
    }
}

static void run_environment(const char *source, const char *text, size_t size)
{
    struct kv env;
    struct alert *a = NULL;
    struct buf error;
    kv_init(&env);
    buf_init(&error, 4096);
    require(!kv_put(&env, secret, "hunter2"));
    for (size_t at = 0, len; at < size && env.n < PAIRS; at += len + 1) {
        const char *equals;
        len = strlen(text + at);
        equals = strchr(text + at, '=');
        if (equals && equals > text + at)
            require(!kv_putn(&env, text + at, (size_t)(equals - (text + at)), equals + 1, strlen(equals + 1)));
    }
    struct ingest_input in = {.source = *source ? source : NULL, .env = &env, .now = INT64_C(1795425600000)};
    enum nt_status status = ingest(&in, &a, &error);
    require(status == NT_OK || (status == NT_EINVAL && error.len && !a));
    /* In the text there may be one of that name: then it is the fuzzer's, and about nothing. */
    if (a && !strcmp(kv_text(&env, secret), "hunter2"))
        check_alert(a, source);
    alert_free(a);
    kv_clean(&env);
    buf_clean(&error);
}

static void quiet(void *arg, enum log_level level, const char *line)
{
    (void)arg, (void)level, (void)line;
}

static void run_words(bool service, char *text, size_t size)
{
    static char name[] = "script";
    char *argv[WORDS] = {name};
    int argc = 1;
    struct kv macros;
    struct strlist to;
    struct buf error;
    bool verbose;
    kv_init(&macros);
    strlist_init(&to);
    buf_init(&error, 4096);
    for (size_t at = 0; at < size && argc < WORDS; at += strlen(text + at) + 1)
        argv[argc++] = text + at;
    enum nt_status status = icinga2_options(argc, argv, service, &macros, &to, &verbose, &error);
    require(status == NT_OK || (status == NT_EINVAL && error.len));
    for (size_t i = 0; i < to.n; i++)
        require(*to.item[i] && !strpbrk(to.item[i], ",;"));
    kv_clean(&macros);
    strlist_clean(&to);
    buf_clean(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool silent;
    if (!silent) {
        require(!log_open("fuzz_environment", LOG_LEVEL_ERROR, "/dev/null"));
        log_tap(quiet, NULL);
        silent = true;
    }
    if (!size)
        return 0;
    char *text = mem_strndup((const char *)data + 1, size - 1);
    require(text != NULL);
    switch (data[0]) {
    case 'n':
        run_environment("nagios", text, size - 1);
        break;
    case 'i':
        run_environment("icinga2", text, size - 1);
        break;
    case 'h':
    case 's':
        run_words(data[0] == 's', text, size - 1);
        break;
    default:
        run_environment("", text, size - 1);
    }
    mem_free(text);
    return 0;
}
