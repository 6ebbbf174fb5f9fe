/*
 * twilio_simulator: a Twilio of one's own on 127.0.0.1, for the tests, the benchmarks and the quickstart.
 *
 * It judges requests as strictly as the real one, keeps messages whose status moves on, can be told to fail in every
 * way a network service fails, and remembers all it saw (control.c). `--help` lists the options.
 *
 * DIAGNOSTICS: 64 for a wrong option, 69 when the port or a file cannot be had, 70 without memory. Ready is told by a
 * line `port=NNNN` on standard output (and in --port-file). SIGTERM and SIGINT end it, in order, with status 0.
 */
#include "exchange.h"
#include "sim.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static const char help[] =
    "usage: twilio_simulator [OPTIONS]\n"
    "Plays Twilio on 127.0.0.1.\n\n"
    "  --port N             0 (the default) takes any free one, told as port=NNNN on stdout\n"
    "  --port-file FILE     the same line in a file\n"
    "  --account AC…        account SID            --token T        its auth token\n"
    "  --key SK…:SECRET     an API key (repeat)\n"
    "  --from NAME[:sms]    a sender it owns: +1…, short code or name; :sms has no MMS (repeat)\n"
    "  --service MG…[:+1…,+1…]  a messaging service and its pool (repeat)\n"
    "  --tls-cert FILE --tls-key FILE   HTTPS\n"
    "  --latency MS         before every answer    --threads N      (2)\n"
    "  --faults FILE        rules of faults        --settings FILE  see account.h\n"
    "  --record FILE        every request as a JSON line, appended\n"
    "  --keep N             requests kept in memory (200000)\n"
    "  --trial  --redact    behave as a trial account, as one with body redaction\n"
    "  --parent-watch       end when the parent ends\n"
    "  --quiet              nothing on stdout but the port\n\n"
    "Control is under /_sim/: see control.c. Example:\n"
    "  twilio_simulator --from +15005550006 --latency 150 --parent-watch\n";

struct options {
    int port, threads;
    int64_t latency, keep;
    const char *port_file, *cert, *key, *faults, *settings, *record;
    bool trial, redact, parent_watch, quiet;
};

enum {
    OPT_PORT = 256,
    OPT_PORT_FILE,
    OPT_ACCOUNT,
    OPT_TOKEN,
    OPT_KEY,
    OPT_FROM,
    OPT_SERVICE,
    OPT_CERT,
    OPT_TLS_KEY,
    OPT_LATENCY,
    OPT_THREADS,
    OPT_FAULTS,
    OPT_SETTINGS,
    OPT_RECORD,
    OPT_KEEP,
    OPT_TRIAL,
    OPT_REDACT,
    OPT_WATCH,
    OPT_QUIET
};

static const struct option long_option[] = {{"port", 1, NULL, OPT_PORT},
                                            {"port-file", 1, NULL, OPT_PORT_FILE},
                                            {"account", 1, NULL, OPT_ACCOUNT},
                                            {"token", 1, NULL, OPT_TOKEN},
                                            {"key", 1, NULL, OPT_KEY},
                                            {"from", 1, NULL, OPT_FROM},
                                            {"service", 1, NULL, OPT_SERVICE},
                                            {"tls-cert", 1, NULL, OPT_CERT},
                                            {"tls-key", 1, NULL, OPT_TLS_KEY},
                                            {"latency", 1, NULL, OPT_LATENCY},
                                            {"threads", 1, NULL, OPT_THREADS},
                                            {"faults", 1, NULL, OPT_FAULTS},
                                            {"settings", 1, NULL, OPT_SETTINGS},
                                            {"record", 1, NULL, OPT_RECORD},
                                            {"keep", 1, NULL, OPT_KEEP},
                                            {"trial", 0, NULL, OPT_TRIAL},
                                            {"redact", 0, NULL, OPT_REDACT},
                                            {"parent-watch", 0, NULL, OPT_WATCH},
                                            {"quiet", 0, NULL, OPT_QUIET},
                                            {"help", 0, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};

static bool number_option(const char *text, long low, long high, int64_t *out)
{
    char *end;
    long value = strtol(text, &end, 10);
    *out = value;
    return *text && !*end && value >= low && value <= high;
}

/* One option; false: it is wrong. */
static bool take_option(struct sim *s, struct options *o, int c, const char *arg)
{
    struct account *a = &s->account;
    int64_t number = 0;
    bool good = true;
    switch (c) {
    case OPT_PORT:
        good = number_option(arg, 0, 65535, &number);
        o->port = (int)number;
        break;
    case OPT_ACCOUNT:
        good = sid_is(arg, "AC");
        snprintf(a->sid, sizeof a->sid, "%s", arg);
        break;
    case OPT_TOKEN:
        mem_free(a->token);
        a->token = need_text(arg);
        break;
    case OPT_KEY:
        return account_add_key(a, arg);
    case OPT_FROM:
        return account_add_sender(a, arg);
    case OPT_SERVICE:
        return account_add_service(a, arg);
    case OPT_THREADS:
        good = number_option(arg, 1, 64, &number);
        o->threads = (int)number;
        break;
    case OPT_LATENCY:
        return number_option(arg, 0, 3600000, &o->latency);
    case OPT_KEEP:
        return number_option(arg, 0, 100000000, &o->keep);
    case OPT_PORT_FILE:
        o->port_file = arg;
        break;
    case OPT_CERT:
        o->cert = arg;
        break;
    case OPT_TLS_KEY:
        o->key = arg;
        break;
    case OPT_FAULTS:
        o->faults = arg;
        break;
    case OPT_SETTINGS:
        o->settings = arg;
        break;
    case OPT_RECORD:
        o->record = arg;
        break;
    case OPT_TRIAL:
        o->trial = true;
        break;
    case OPT_REDACT:
        o->redact = true;
        break;
    case OPT_WATCH:
        o->parent_watch = true;
        break;
    case OPT_QUIET:
        o->quiet = true;
        break;
    default:
        return false;
    }
    return good;
}

static bool read_text(const char *path, struct buf *out)
{
    enum nt_status status = file_read(path, out, NULL);
    if (status != NT_OK)
        fprintf(stderr, "twilio_simulator: %s: %s\n", path, nt_status_text(status));
    return status == NT_OK;
}

static bool read_json(const char *path, cJSON **out)
{
    struct buf text;
    buf_init(&text, 16 << 20);
    *out = read_text(path, &text) ? cJSON_ParseWithLength(buf_text(&text), text.len) : NULL;
    if (text.len && !*out)
        fprintf(stderr, "twilio_simulator: %s: not JSON\n", path);
    buf_clean(&text);
    return *out != NULL;
}

static bool prepare(struct sim *s, const struct options *o)
{
    struct buf error;
    cJSON *json = NULL;
    bool good = true;
    buf_init(&error, 1000);
    s->settings.latency = o->latency;
    s->settings.trial = o->trial;
    s->settings.redact = o->redact;
    if (o->settings)
        good = read_json(o->settings, &json) && settings_apply(&s->settings, json, &error);
    cJSON_Delete(json);
    json = NULL;
    if (good && o->faults)
        good = read_json(o->faults, &json) && faults_load(&s->faults, json, &error);
    cJSON_Delete(json);
    if (error.len)
        fprintf(stderr, "twilio_simulator: %s\n", buf_text(&error));
    buf_clean(&error);
    return good && record_init(&s->record, o->keep, o->record);
}

static struct MHD_Daemon *listen_on(struct sim *s, const struct options *o, const char *cert, const char *key)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)o->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, NULL}, {MHD_OPTION_HTTPS_MEM_KEY, 0, NULL}, {MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    if (cert) {
        flags |= MHD_USE_TLS;
        tls[0].ptr_value = need_text(cert);
        tls[1].ptr_value = need_text(key);
    } else {
        tls[0].option = MHD_OPTION_END;
    }
    struct MHD_OptionItem pool[] = {{MHD_OPTION_THREAD_POOL_SIZE, o->threads, NULL}, {MHD_OPTION_END, 0, NULL}};
    if (o->threads < 2)
        pool[0].option = MHD_OPTION_END;
    struct MHD_Daemon *d = MHD_start_daemon(
        flags, 0, NULL, NULL, exchange_handle, s, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_URI_LOG_CALLBACK,
        exchange_begin, s, MHD_OPTION_NOTIFY_COMPLETED, exchange_end, s, MHD_OPTION_NOTIFY_CONNECTION, exchange_link, s,
        MHD_OPTION_CONNECTION_LIMIT, 8192u, MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)(64 << 10), MHD_OPTION_ARRAY, tls, MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
    mem_free(tls[0].ptr_value);
    mem_free(tls[1].ptr_value);
    return d;
}

static bool announce(const struct sim *s, struct MHD_Daemon *d, const struct options *o)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);
    char line[32];
    int n = snprintf(line, sizeof line, "port=%u\n", info ? (unsigned)info->port : 0);
    if (o->port_file && file_replace(o->port_file, line, (size_t)n, 0644) != NT_OK) {
        fprintf(stderr, "twilio_simulator: %s: cannot be written\n", o->port_file);
        return false;
    }
    fputs(line, stdout);
    if (!o->quiet)
        printf("url=%s://127.0.0.1:%u\naccount=%s\n", o->cert ? "https" : "http", info ? (unsigned)info->port : 0,
               s->account.sid);
    fflush(stdout);
    return true;
}

static int serve(struct sim *s, const struct options *o, const sigset_t *ends)
{
    struct buf cert, key;
    struct MHD_Daemon *d = NULL;
    int result = 69, signal_number;
    buf_init(&cert, 1 << 20);
    buf_init(&key, 1 << 20);
    if (o->cert && (!o->key || !read_text(o->cert, &cert) || !read_text(o->key, &key)))
        goto done;
    if (!timers_start(&s->timers))
        goto done;
    d = listen_on(s, o, o->cert ? buf_text(&cert) : NULL, buf_text(&key));
    if (!d)
        fprintf(stderr, "twilio_simulator: cannot listen on 127.0.0.1:%d\n", o->port);
    if (!d || !announce(s, d, o))
        goto done;
    sigwait(ends, &signal_number);
    result = 0;

done:
    s->stopping = true;
    timers_stop(&s->timers);
    if (d)
        MHD_stop_daemon(d);
    buf_clean(&cert);
    buf_clean(&key);
    return result;
}

int main(int argc, char **argv)
{
    struct sim s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct options o = {.threads = 2, .keep = 200000};
    struct rlimit files;
    sigset_t ends;
    pid_t parent = getppid();
    int result = 64;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL); /* before any thread: main alone waits for them */
    signal(SIGPIPE, SIG_IGN);
    settings_init(&s.settings);
    ledger_init(&s.ledger, random_u64());
    for (int c; (c = getopt_long(argc, argv, "h", long_option, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            result = 0;
            goto done;
        }
        if (!take_option(&s, &o, c, optarg)) {
            if (c != '?')
                fprintf(stderr, "twilio_simulator: %s: malformed or too many\n", argv[optind - 1]);
            goto done;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "twilio_simulator: %s: unexpected argument\n", argv[optind]);
        goto done;
    }
    if (o.parent_watch && (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent))
        goto done;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    account_defaults(&s.account);
    s.clock_at = clock_boot(clock_system());
    result = prepare(&s, &o) ? serve(&s, &o, &ends) : 69;

done:
    record_clean(&s.record);
    ledger_clean(&s.ledger);
    faults_clean(&s.faults);
    settings_clean(&s.settings);
    account_clean(&s.account);
    return result;
}
