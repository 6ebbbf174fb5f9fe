/*
 * queue: inspecting and repairing the store; this file parses the command line and opens the store.
 *
 * DIAGNOSTICS: a store that cannot be opened is said with its reason, exit 75; that there is none yet is no error to
 * whoever only looks.
 */
#include "notify/queue.h"

#include "flow/report.h"
#include "notify/say.h"
#include "notify/session.h"

#include <stdio.h>
#include <string.h>

enum { QUEUE_WORDS = 4096, QUEUE_LINE = 256 * 1024, OPTION_ALL = OPTIONS_OWN, OPTION_PROBLEM };

static enum nt_status open_store(struct runtime *r, bool reading)
{
    struct buf error;
    buf_init(&error, QUEUE_WORDS);
    enum nt_status st = store_open_readonly(r->config->store, &r->store, &error);
    if (st == NT_OK && !reading) {
        store_close(r->store);
        r->store = NULL;
        st = store_open(r->config->store, &r->store, &error);
    }
    if (st != NT_OK)
        r->store = NULL;
    if (st != NT_OK && st != NT_ENOENT)
        fprintf(stderr, "notify_twilio: store %s: %s\n", r->config->store,
                error.len ? buf_text(&error) : nt_status_text(st));
    buf_clean(&error);
    return st;
}

enum nt_status queue_open_reading(struct runtime *r)
{
    return open_store(r, true);
}

enum nt_status queue_open_writing(struct runtime *r)
{
    return open_store(r, false);
}

bool queue_id(const char *word, int64_t *id)
{
    return options_number(word, 1, INT64_MAX, id);
}

void queue_print_json(const struct page *p)
{
    struct buf line;
    struct json j;
    buf_init(&line, QUEUE_LINE);
    json_begin(&j, &line);
    report_page_json(&j, p);
    say_json(&line);
    buf_clean(&line);
}

static const char *take(void *arg, int option, const char *value)
{
    struct queue_options *q = arg;
    if (option == OPTION_ALL)
        q->all = true;
    else
        q->problem = value;
    return NULL;
}

static const struct subcommand {
    const char *name;
    int (*run)(struct runtime *r, const struct queue_options *q);
    size_t least, most; /* words after it */
    bool lists;         /* --all, --problem */
    bool writes;        /* logs where the configuration says; else to whoever asks */
} subcommands[] = {
    {"list", queue_list, 0, 0, true, false},           {"show", queue_show, 1, 1, false, false},
    {"retry", queue_change, 0, SIZE_MAX, false, true}, {"drop", queue_change, 1, SIZE_MAX, false, true},
    {"flush", queue_flush, 0, 0, false, true},
};

static int run(int argc, char **argv)
{
    static const struct option own[] = {{"all", no_argument, NULL, OPTION_ALL},
                                        {"problem", required_argument, NULL, OPTION_PROBLEM},
                                        {NULL, 0, NULL, 0}};
    struct queue_options q = {.all = false};
    struct runtime r;
    char error[256];
    const struct subcommand *s = NULL;
    if (!options_parse(argc, argv, NULL, own, take, &q, &q.o, error, sizeof error))
        return command_usage(&command_queue, "%s", error);
    if (!q.o.words)
        return command_usage(&command_queue, "list, show, retry, drop or flush?");
    for (size_t i = 0; i < sizeof subcommands / sizeof *subcommands; i++)
        if (!strcmp(q.o.word[0], subcommands[i].name))
            s = &subcommands[i];
    if (!s)
        return command_usage(&command_queue, "there is no '%s'", q.o.word[0]);
    if (q.o.words - 1 < s->least)
        return command_usage(&command_queue, "%s: which page?", s->name);
    if (q.o.words - 1 > s->most)
        return command_usage(&command_queue, "%s: '%s' is too much", s->name, q.o.word[1 + s->most]);
    if (!s->lists && (q.all || q.problem))
        return command_usage(&command_queue, "--all and --problem are for list");
    for (size_t i = 1; i < q.o.words; i++) {
        int64_t id;
        if (!queue_id(q.o.word[i], &id))
            return command_usage(&command_queue, "%s: '%s' is no page's number", s->name, q.o.word[i]);
    }
    int status = session_open(&r, q.o.general.config, !s->writes, q.o.general.verbose);
    if (status != EXIT_OK)
        return status;
    status = s->run(&r, &q);
    runtime_close(&r);
    return status;
}

const struct command command_queue = {
    .name = "queue",
    .summary = "inspect and repair the queue: list, show, retry, drop, flush",
    .run = run,
    .help =
        "Usage: notify_twilio queue list [--all] [--problem OBJECT] [--json]\n"
        "       notify_twilio queue show ID [--json]\n"
        "       notify_twilio queue retry [ID…]\n"
        "       notify_twilio queue drop ID…\n"
        "       notify_twilio queue flush\n"
        "\n"
        "  list    what is unfinished, and everything of the last 24 hours; --all: everything there is;\n"
        "          --problem: only what is about a HOST, a HOST/SERVICE or the object `show` names\n"
        "  show    the whole history of a page: its alert, the text as sent, every step with time and reason\n"
        "  retry   queues pages again, due now, with a fresh time to live. A page refused because its number has "
        "opted\n"
        "          out takes that mark off the number, so that Twilio is asked again. Pages that are being sent, were\n"
        "          sent or tell old news are left alone. Without ID: all that failed, was not delivered or expired in\n"
        "          the last 24 hours and did not get through another way. The limits of `throttle` hold as ever.\n"
        "          With nobody delivering, a drainer is started in the background.\n"
        "  drop    takes pages that wait out of the queue\n"
        "  flush   delivers what is due and exits; when somebody else delivers already, waits for him. Deletes\n"
        "          published pictures that are old enough.\n"
        "\n"
        "      --json             one JSON line a page\n"
        "  -c, --config FILE      -v, --verbose    --socket PATH\n"
        "\n"
        "Exit: 0, 64 usage, 65 no such page or not in a state for it, 69 flush: all refused, 75 try again.\n"
        "\n"
        "Example: notify_twilio queue list --problem web01/HTTP\n",
};
