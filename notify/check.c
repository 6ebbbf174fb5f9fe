/*
 * check: how the pager is, as a plugin for Nagios and its kin: one line, performance data, exit 0 to 3.
 *
 * Everything that is wrong is named, the worst first. What would keep the next page from going out in time is critical;
 * what has failed already is a warning.
 *
 * DIAGNOSTICS: usage errors, and a configuration that is not there, are UNKNOWN; one that is there and of no use is
 * CRITICAL.
 */
#include "base/log.h"
#include "config/load.h"
#include "flow/health.h"
#include "flow/repair.h"
#include "notify/command.h"
#include "notify/options.h"
#include "notify/range.h"
#include "notify/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    WORDS_MAX = 4096,
    OVERDUE = 60, /* s */
    OPTION_OLDEST_WARNING = OPTIONS_OWN,
    OPTION_OLDEST_CRITICAL,
    OPTION_FAILED_WARNING,
    OPTION_FAILED_CRITICAL
};

struct thresholds {
    struct range length[2], oldest[2], failed[2]; /* warning, critical */
};

struct findings {
    enum health_level level;
    struct buf words[HEALTH_UNKNOWN + 1]; /* by level */
};

static void findings_init(struct findings *f)
{
    f->level = HEALTH_OK;
    for (int i = 0; i <= HEALTH_UNKNOWN; i++)
        buf_init(&f->words[i], WORDS_MAX);
}

static void findings_clean(struct findings *f)
{
    for (int i = 0; i <= HEALTH_UNKNOWN; i++)
        buf_clean(&f->words[i]);
}

__attribute__((format(printf, 3, 4))) static void find(struct findings *f, enum health_level level, const char *format,
                                                       ...)
{
    char text[WORDS_MAX / 2];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (f->words[level].len)
        buf_adds(&f->words[level], "; ");
    say_line(&f->words[level], text);
    if (level > f->level)
        f->level = level;
}

/* The line, without what would end it or begin the performance data. rest and perfdata may be NULL. Without the memory
 * for all the words nobody may believe that all is well. */
static int conclude(const struct findings *f, const struct buf *rest, const struct buf *perfdata)
{
    static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    struct buf line;
    bool whole = (!rest || buf_status(rest) != NT_ENOMEM) && (!perfdata || buf_status(perfdata) != NT_ENOMEM);
    enum health_level level = f->level;
    buf_init(&line, (size_t)WORDS_MAX * 4);
    for (int i = HEALTH_UNKNOWN; i >= HEALTH_OK; i--) {
        whole = whole && buf_status(&f->words[i]) != NT_ENOMEM;
        if (i > HEALTH_OK && f->words[i].len)
            buf_addf(&line, "%s%s", line.len ? "; " : "", buf_text(&f->words[i]));
    }
    if (rest)
        buf_addf(&line, "%s%s", line.len ? "; " : "", buf_text(rest));
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] == '|' || line.data[i] == '\n')
            line.data[i] = '/';
    if (!whole || buf_status(&line) == NT_ENOMEM) {
        level = level == HEALTH_CRITICAL ? level : HEALTH_UNKNOWN;
        printf("TWILIO %s - %s\n", names[level], nt_status_text(NT_ENOMEM));
    } else {
        printf("TWILIO %s - %s%s%s\n", names[level], buf_text(&line), perfdata ? " | " : "",
               perfdata ? buf_text(perfdata) : "");
    }
    buf_clean(&line);
    return (int)level;
}

__attribute__((format(printf, 1, 2))) static int unknown(const char *format, ...)
{
    struct findings f;
    char text[WORDS_MAX / 2];
    va_list args;
    findings_init(&f);
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    find(&f, HEALTH_UNKNOWN, "%s", text);
    int level = conclude(&f, NULL, NULL);
    findings_clean(&f);
    return level;
}

/* ---- what is wrong ---- */

static void judge(struct findings *f, const struct range pair[2], int64_t value, const char *what)
{
    for (int i = 1; i >= 0; i--)
        if (range_alerts(&pair[i], value)) {
            find(f, i ? HEALTH_CRITICAL : HEALTH_WARNING, "%s (%s %s)", what, i ? "critical" : "warning",
                 range_text(&pair[i]));
            return;
        }
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

static void judge_delivery(struct findings *f, const struct health *h, const struct thresholds *t)
{
    const struct store_totals *n = &h->totals;
    char what[SAY_SIZE * 2], span[SAY_SIZE];
    if (h->config.len)
        find(f, HEALTH_CRITICAL, "%s", buf_text(&h->config));
    if (h->store.len)
        find(f, HEALTH_CRITICAL, "%s", buf_text(&h->store));
    if (h->account.len)
        find(f, HEALTH_CRITICAL, "Twilio does not let us in: %s", buf_text(&h->account));
    if (h->overdue >= OVERDUE) {
        say_span(h->overdue * 1000, span);
        if (h->drainer < 0)
            find(f, HEALTH_CRITICAL, "pages are %s overdue and nobody delivers", span);
        else
            find(f, HEALTH_WARNING, "pages are %s overdue", span);
    }
    int64_t length = n->queued + n->held + n->sending, failed = n->failed + n->undelivered + n->expired;
    snprintf(what, sizeof what, "%lld page%s in the queue", (long long)length, plural(length));
    judge(f, t->length, length, what);
    say_span(h->oldest_age * 1000, span);
    snprintf(what, sizeof what, "the oldest page waits for %s", span);
    judge(f, t->oldest, h->oldest_age, what);
    snprintf(what, sizeof what, "%lld failed, %lld undelivered, %lld expired in 24 h", (long long)n->failed,
             (long long)n->undelivered, (long long)n->expired);
    judge(f, t->failed, failed, what);
}

struct opted_out {
    const struct config *config;
    struct findings *findings;
};

/* Only numbers that somebody counts on; others are told by the figure. */
static bool opted_out(void *arg, const char *number, const struct number_state *state)
{
    const struct opted_out *o = arg;
    (void)state;
    for (size_t i = 0; i < o->config->contacts; i++)
        if (strlist_has(&o->config->contact[i].numbers, number))
            find(o->findings, HEALTH_WARNING, "%s of %s has opted out", number, o->config->contact[i].name);
    return true;
}

/* What the figures do not tell: whose numbers have opted out; what a drainer that died has left under way or held. */
static void judge_details(struct runtime *r, const struct health *h, struct findings *f)
{
    struct opted_out o = {.config = r->config, .findings = f};
    struct id_array due = {NULL, 0, 0};
    struct store *s = NULL;
    enum nt_status st = store_open_readonly(r->config->store, &s, NULL);
    if (st != NT_OK && st != NT_ENOMEM)
        return; /* none yet, or told already */
    if (st == NT_OK)
        st = s->ops->numbers(s, true, opted_out, &o);
    if (st == NT_OK && h->drainer < 0 && h->oldest_age >= OVERDUE && h->overdue < OVERDUE)
        st = repair_due(s, runtime_now(r), &due);
    if (st != NT_OK)
        find(f, st == NT_ENOMEM ? HEALTH_UNKNOWN : HEALTH_CRITICAL, "the store cannot be read: %s", nt_status_text(st));
    if (due.n)
        find(f, HEALTH_CRITICAL, "%zu page%s to be finished and nobody delivers", due.n, due.n == 1 ? " is" : "s are");
    id_array_clean(&due);
    store_close(s);
}

/* ---- the figures ---- */

static void figure(struct buf *out, const char *name, int64_t value, const char *unit, const struct range *pair)
{
    buf_addf(out, "%s%s=%lld%s;%s;%s;0", out->len ? " " : "", name, (long long)value, unit,
             pair ? range_text(&pair[0]) : "", pair ? range_text(&pair[1]) : "");
}

static void figures(struct buf *out, const struct health *h, const struct thresholds *t)
{
    const struct store_totals *n = &h->totals;
    figure(out, "length", n->queued + n->held + n->sending, "", t->length);
    figure(out, "queued", n->queued, "", NULL);
    figure(out, "held", n->held, "", NULL);
    figure(out, "sending", n->sending, "", NULL);
    figure(out, "oldest", h->oldest_age, "s", t->oldest);
    figure(out, "overdue", h->overdue, "s", NULL);
    figure(out, "failed", n->failed, "", NULL);
    figure(out, "undelivered", n->undelivered, "", NULL);
    figure(out, "expired", n->expired, "", NULL);
    figure(out, "opted_out", n->opted_out, "", NULL);
}

static void state_of_affairs(struct buf *out, const struct health *h)
{
    const struct store_totals *n = &h->totals;
    char span[SAY_SIZE];
    buf_addf(out, "%lld queued", (long long)n->queued);
    if (n->held)
        buf_addf(out, ", %lld throttled", (long long)n->held);
    if (n->sending)
        buf_addf(out, ", %lld under way", (long long)n->sending);
    if (n->queued + n->held + n->sending) {
        say_span(h->oldest_age * 1000, span);
        buf_addf(out, ", oldest %s", span);
    }
    if (n->opted_out)
        buf_addf(out, ", %lld number%s opted out", (long long)n->opted_out, plural(n->opted_out));
    if (h->drainer < 0)
        buf_adds(out, ", no drainer");
    else if (h->drainer_is_daemon)
        buf_addf(out, ", daemon %ld", h->drainer);
    else if (h->drainer)
        buf_addf(out, ", drainer %ld", h->drainer);
}

/* ---- the command ---- */

static int without_config(const char *path, const struct problems *problems, enum nt_status st)
{
    struct findings f;
    if (st == NT_ENOMEM)
        return unknown("%s", nt_status_text(st));
    findings_init(&f);
    /* one that is not there, or not for us to read, says nothing about the pager */
    enum health_level level = access(path, R_OK) != 0 ? HEALTH_UNKNOWN : HEALTH_CRITICAL;
    struct buf line;
    buf_init(&line, WORDS_MAX);
    if (problems->n)
        (void)problem_format(&problems->item[0], &line);
    find(&f, level, "the configuration cannot be used: %s", line.len ? buf_text(&line) : nt_status_text(st));
    if (problems->n > 1)
        find(&f, level, "and %zu more (config check)", problems->n - 1);
    int status = conclude(&f, NULL, NULL);
    buf_clean(&line);
    findings_clean(&f);
    return status;
}

static int look(struct runtime *r, const struct thresholds *t)
{
    struct health h;
    struct findings f;
    struct buf rest, perfdata;
    int status;
    health_init(&h);
    findings_init(&f);
    buf_init(&rest, WORDS_MAX);
    buf_init(&perfdata, WORDS_MAX);
    enum nt_status st = health_read(r, &h);
    if (st != NT_OK) {
        status = unknown("%s", nt_status_text(st));
    } else {
        judge_delivery(&f, &h, t);
        judge_details(r, &h, &f);
        state_of_affairs(&rest, &h);
        figures(&perfdata, &h, t);
        status = conclude(&f, &rest, &perfdata);
    }
    buf_clean(&rest);
    buf_clean(&perfdata);
    findings_clean(&f);
    health_clean(&h);
    return status;
}

static const char *take(void *arg, int option, const char *value)
{
    struct thresholds *t = arg;
    struct range *r = option == 'w'                      ? &t->length[0]
                      : option == 'C'                    ? &t->length[1]
                      : option == OPTION_OLDEST_WARNING  ? &t->oldest[0]
                      : option == OPTION_OLDEST_CRITICAL ? &t->oldest[1]
                      : option == OPTION_FAILED_WARNING  ? &t->failed[0]
                                                         : &t->failed[1];
    return range_parse(value, r) ? NULL : "is no range like 10, 5: or 5:10";
}

/*
 * -c is the configuration in every command and the critical threshold in every plugin. A value that is a range and no
 * file is taken for the threshold.
 */
static void tell_apart(int argc, char **argv)
{
    struct range range;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "-c", 2) != 0)
            continue;
        const char *value = argv[i][2] ? argv[i] + 2 : i + 1 < argc ? argv[i + 1] : "";
        if (range_parse(value, &range) && access(value, F_OK) != 0)
            argv[i][1] = 'C';
    }
}

static int run(int argc, char **argv)
{
    static const struct option own[] = {{"warning", required_argument, NULL, 'w'},
                                        {"critical", required_argument, NULL, 'C'},
                                        {"oldest-warning", required_argument, NULL, OPTION_OLDEST_WARNING},
                                        {"oldest-critical", required_argument, NULL, OPTION_OLDEST_CRITICAL},
                                        {"failed-warning", required_argument, NULL, OPTION_FAILED_WARNING},
                                        {"failed-critical", required_argument, NULL, OPTION_FAILED_CRITICAL},
                                        {NULL, 0, NULL, 0}};
    struct thresholds t;
    struct options o;
    struct runtime r;
    struct problems problems;
    char error[256];
    memset(&t, 0, sizeof t);
    (void)range_parse("0", &t.failed[0]);
    tell_apart(argc, argv);
    if (!options_parse(argc, argv, "w:C:", own, take, &t, &o, error, sizeof error))
        return unknown("%s (see notify_twilio check --help)", error);
    if (o.words)
        return unknown("'%s' is too much (see notify_twilio check --help)", o.word[0]);
    const char *path = config_path(o.general.config);
    problems_init(&problems);
    /* one line is all a plugin says: what the log has to add is in its words already */
    (void)log_open("notify_twilio", LOG_LEVEL_ERROR, "/dev/null");
    enum nt_status st = runtime_open(path, "/dev/null", &r, &problems);
    int status = st == NT_OK ? look(&r, &t) : without_config(path, &problems, st);
    if (st == NT_OK)
        runtime_close(&r);
    problems_clean(&problems);
    return status;
}

const struct command command_check = {
    .name = "check",
    .summary = "a Nagios plugin: how the queue, its drainer and the account are",
    .run = run,
    .help =
        "Usage: notify_twilio check [-w RANGE] [-c RANGE] [OPTIONS]\n"
        "\n"
        "Prints one line with performance data. CRITICAL: pages are 60 s overdue and nobody delivers, the last good\n"
        "configuration (or only part of it) is in use, the store cannot be used, Twilio does not let the account in.\n"
        "WARNING: pages are overdue, pages failed within 24 hours, a contact's number has opted out.\n"
        "\n"
        "  -w, --warning RANGE           pages in the queue\n"
        "  -c, --critical RANGE          (also -C; -c with a file's name is the configuration)\n"
        "      --oldest-warning RANGE    age of the oldest page in the queue, in seconds\n"
        "      --oldest-critical RANGE\n"
        "      --failed-warning RANGE    pages failed, undelivered or expired within 24 hours (default 0: any)\n"
        "      --failed-critical RANGE\n"
        "  -c, --config FILE             -v, --verbose    --socket PATH\n"
        "\n"
        "Ranges are those of the monitoring plugins: 10 alerts above 10, 5: below 5, 5:10 outside, @5:10 inside.\n"
        "\n"
        "Exit: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (usage, no configuration).\n"
        "\n"
        "A link of the name check_notify_twilio is this command.\n"
        "\n"
        "Example: notify_twilio check -w 20 -c 100 --oldest-critical 900\n",
};
