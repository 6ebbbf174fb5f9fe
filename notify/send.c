/*
 * send: takes an alert and does not come back before it is safe.
 *
 * The front has offered it to the drainer's socket already when it knew which; here it is offered where only the
 * configuration tells. With nobody there the command sees to it itself: departure.c.
 *
 * DIAGNOSTICS: refusals and notes go to stderr; exit statuses as in `--help`.
 */
#include "notify/send.h"

#include "base/log.h"
#include "base/mem.h"
#include "flow/accept.h"
#include "flow/ask.h"
#include "flow/offer.h"
#include "flow/preview.h"
#include "flow/report.h"
#include "notify/answer.h"
#include "notify/command.h"
#include "notify/departure.h"
#include "notify/environment.h"
#include "notify/say.h"
#include "notify/session.h"
#include "notify/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 256 * 1024, ERROR_MAX = 16 * 1024 };

/* A drainer left behind must hold nothing of the monitor's open; so it never gets into this process at all. */
void send_close_inherited(void)
{
    if (close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
        log_debug("close_range: %s", strerror(errno));
}

static enum nt_status put_entry(struct kv *kv, const char *entry)
{
    const char *equals = strchr(entry, '=');
    return kv_putn(kv, entry, (size_t)(equals - entry), equals + 1, strlen(equals + 1));
}

enum nt_status send_order(const struct arguments *a, struct order *out)
{
    extern char **environ;
    enum nt_status st = NT_OK;
    const char *uuid = getenv("NOTIFY_TWILIO_REQUEST");
    if (uuid && strlen(uuid) == UUID_SIZE - 1)
        memcpy(out->uuid, uuid, UUID_SIZE);
    else
        random_uuid(out->uuid);
    if ((st = order_set(&out->source, a->source)) != NT_OK ||
        (st = order_set(&out->template_name, a->template_name)) != NT_OK ||
        (st = order_set(&out->from, a->from)) != NT_OK || (st = order_set(&out->subject, a->subject)) != NT_OK ||
        (st = order_set(&out->message, a->message)) != NT_OK)
        return st;
    for (size_t i = 0; st == NT_OK && i < a->to.n; i++)
        st = strlist_split(&out->to, a->to.item[i], ",");
    for (size_t i = 0; st == NT_OK && i < a->media.n; i++)
        st = strlist_add(&out->media, a->media.item[i]);
    for (size_t i = 0; st == NT_OK && i < a->graphs.n; i++)
        st = strlist_add(&out->graphs, a->graphs.item[i]);
    for (size_t i = 0; st == NT_OK && i < a->pairs.n; i++)
        st = put_entry(&out->pairs, a->pairs.item[i]);
    if (environment_has_alert(environ))
        for (char **e = environ; st == NT_OK && *e; e++)
            if (environment_is_alert(*e))
                st = put_entry(&out->env, *e);
    out->max_segments = a->max_segments;
    out->test = a->test;
    if (st == NT_OK && text_wanted(a, environ)) {
        char *text = NULL;
        st = text_read(STDIN_FILENO, &text);
        if (st == NT_OK)
            st = order_set(&out->text, text);
        mem_free(text);
    }
    return st;
}

static void print_page(const struct page *p, bool json)
{
    struct buf line;
    buf_init(&line, LINE_MAX_BYTES);
    if (json) {
        struct json j;
        json_begin(&j, &line);
        report_page_json(&j, p);
        say_json(&line);
    }
    if (p->state == PAGE_FAILED)
        fprintf(stderr, "notify_twilio: %s: %s\n", p->number, p->error_message);
    buf_clean(&line);
}

static void print_accepted(const struct accepted *a, bool json)
{
    if (a->notes.len)
        fprintf(stderr, "%s", buf_text(&a->notes));
    for (size_t i = 0; i < a->n; i++)
        print_page(a->page[i], json);
}

/* Without a store only what Twilio has taken is safe. */
static bool any_sent(const struct accepted *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->page[i]->state == PAGE_SENT || a->page[i]->state == PAGE_DELIVERED)
            return true;
    return false;
}

/*
 * The store is out of order, and somebody drains all the same: if he has the alert (its UUID tells him), he has it in
 * memory, and answers once it is sent. −1: he has not, or has gone, or hangs; nobody but us sends it.
 */
static int ask_again(const struct runtime *r, const struct arguments *a, const struct order *order, const char *socket,
                     const char *why)
{
    struct drainer_status drainer;
    char *answer = NULL;
    int64_t wait = (int64_t)a->wait * 1000;
    int status = -1;
    enum nt_status st = offer_order(order, socket, runtime_now(r), wait > OFFER_WITHIN ? wait : OFFER_WITHIN, &answer);
    drainer_status_init(&drainer);
    if (st == NT_OK) {
        status = answer_tell(answer, a->json);
    } else if (st == NT_ETIMEOUT && ask_drainer(socket, ASK_STATUS, OFFER_WITHIN, &drainer) == NT_OK &&
               (drainer.spare || r->spare)) {
        fprintf(stderr, "notify_twilio: not stored (%s); process %ld has it in memory, and has not sent it yet\n", why,
                drainer.pid);
        status = EXIT_TRY_AGAIN;
    }
    drainer_status_clean(&drainer);
    mem_free(answer);
    return status;
}

/* Does whoever listens there work without the store? */
static bool is_without_store(const char *socket)
{
    struct drainer_status drainer;
    drainer_status_init(&drainer);
    bool without = ask_drainer(socket, ASK_STATUS, OFFER_WITHIN, &drainer) == NT_OK && drainer.spare;
    drainer_status_clean(&drainer);
    return without;
}

int send_run(struct runtime *r, const struct arguments *a, struct order *order)
{
    struct accepted pages;
    struct buf error;
    int status = EXIT_TRY_AGAIN, lock = -1;
    long holder = 0;
    const char *socket = session_socket(r, a), *offered = getenv("NOTIFY_TWILIO_OFFERED");
    accepted_init(&pages);
    buf_init(&error, ERROR_MAX);

    const char *end = offered ? getenv("NOTIFY_TWILIO_OFFER") : NULL;
    bool silent = end && !strcmp(end, "silent");
    if (offered)
        offer_log(socket, end);
    if (!offered || strcmp(offered, socket) != 0) {
        char *answer = NULL;
        enum nt_status offer = offer_order(order, socket, runtime_now(r), OFFER_WITHIN, &answer);
        silent = offer == NT_ETIMEOUT;
        status = offer == NT_OK ? answer_tell(answer, a->json) : -1;
        mem_free(answer);
        if (status >= 0)
            goto done;
    }
    session_drop_root(r);
    /* Who works without the store does not answer before it is sent, and has the alert: whether the store would do for
     * us or not, it is his. The lock stays free while he is asked, for he goes back to the store when he can. */
    if (silent && is_without_store(socket)) {
        status = ask_again(r, a, order, socket, "the drainer has no store");
        if (status >= 0)
            goto done;
    }
    enum nt_status st = drain_lock_take(r->config->store, false, &lock, &holder);
    /* Without a lock there is no store either: the drainer finds out, and goes without both. So has perhaps the one
     * before us, who has this very alert in his memory when a monitor runs again what ended with 75. */
    if (st != NT_EBUSY && st != NT_OK) {
        status = ask_again(r, a, order, socket, nt_status_text(st));
        if (status >= 0)
            goto done;
    }
    if (st == NT_EBUSY) {
        st = departure_store(r, a, order, &pages, &error);
        if (st == NT_OK && r->spare) {
            status = ask_again(r, a, order, socket, buf_text(&r->store_trouble));
            if (status >= 0)
                goto done;
            accepted_clean(&pages);
            st = departure_drain(r, a, order, -1, &pages, &error);
        }
    } else {
        st = departure_drain(r, a, order, lock, &pages, &error);
    }
    if (st == NT_OK) {
        print_accepted(&pages, a->json);
        status = accepted_exit(&pages);
        if (status == EXIT_OK && r->spare && !any_sent(&pages)) {
            fprintf(stderr, "notify_twilio: not stored (%s), and not sent yet\n", buf_text(&r->store_trouble));
            status = EXIT_TRY_AGAIN;
        }
    } else if (st == NT_ENOBODY && pages.muted) {
        fprintf(stderr, "notify_twilio: %s\n", buf_text(&error));
        status = EXIT_OK;
    } else if (st == NT_ENOBODY || st == NT_EINVAL) {
        fprintf(stderr, "notify_twilio: %s\n", error.len ? buf_text(&error) : nt_status_text(st));
        log_error("an alert could not be taken: %s", error.len ? buf_text(&error) : nt_status_text(st));
        status = EXIT_NO_RECIPIENT;
    } else {
        fprintf(stderr, "notify_twilio: neither stored nor sent: %s\n", nt_status_text(st));
        status = EXIT_TRY_AGAIN;
    }
done:
    accepted_clean(&pages);
    buf_clean(&error);
    return status;
}

static int dry_run(struct runtime *r, const struct arguments *a, const struct order *order)
{
    struct preview preview;
    struct buf error, line;
    int status = EXIT_OK;
    preview_init(&preview);
    buf_init(&error, ERROR_MAX);
    enum nt_status st = preview_order(r, order, false, &preview, &error);
    if (preview.notes.len && st == NT_OK)
        fprintf(stderr, "%s", buf_text(&preview.notes));
    size_t unserved = 0;
    for (size_t i = 0; st == NT_OK && i < preview.n; i++) {
        const struct preview_item *item = &preview.item[i];
        if (!item->form.n) {
            fprintf(stderr, "notify_twilio: %s: no sender serves this number\n", item->page->number);
            unserved++;
        }
        buf_init(&line, LINE_MAX_BYTES);
        if (a->json) {
            struct json j;
            json_begin(&j, &line);
            json_object(&j);
            report_page_members(&j, item->page);
            json_key(&j, "request");
            json_object(&j);
            json_key(&j, "url");
            json_string(&j, buf_text(&item->url));
            json_key(&j, "form");
            json_array(&j);
            for (size_t k = 0; k < item->form.n; k++) {
                json_array(&j);
                json_string(&j, item->form.item[k].name);
                json_string(&j, item->form.item[k].value);
                json_end(&j);
            }
            json_end(&j);
            json_end(&j);
            json_end(&j);
            say_json(&line);
        } else if (item->form.n) {
            printf("%sPOST %s\n", i ? "\n" : "", buf_text(&item->url));
            for (size_t k = 0; k < item->form.n; k++)
                printf("%s=%s\n", item->form.item[k].name, item->form.item[k].value);
        }
        buf_clean(&line);
    }
    if (st == NT_EINVAL || st == NT_ENOBODY) {
        fprintf(stderr, "notify_twilio: %s\n", error.len ? buf_text(&error) : nt_status_text(st));
        status = st == NT_ENOBODY && preview.muted ? EXIT_OK : EXIT_NO_RECIPIENT;
    } else if (st != NT_OK) {
        fprintf(stderr, "notify_twilio: %s\n", nt_status_text(st));
        status = EXIT_TRY_AGAIN;
    } else if (unserved && unserved == preview.n) {
        status = EXIT_ALL_REFUSED;
    }
    preview_clean(&preview);
    buf_clean(&error);
    return status;
}

static int run(int argc, char **argv)
{
    struct arguments a;
    struct runtime r;
    struct order order;
    int status = command_arguments(&command_send, argc, argv, &a);
    if (status != EXIT_OK)
        return status;
    if (a.data || a.save) {
        const char *wrong = a.data ? "--data" : "--save";
        arguments_clean(&a);
        return command_usage(&command_send, "%s is for render", wrong);
    }
    order_init(&order);
    status = EXIT_TRY_AGAIN;
    send_close_inherited();
    enum nt_status st = send_order(&a, &order);
    if (st != NT_OK) {
        fprintf(stderr, "notify_twilio: %s\n", nt_status_text(st));
    } else if ((status = session_open(&r, a.config, false, a.verbose)) == EXIT_OK) {
        status = a.dry_run ? say_status(dry_run(&r, &a, &order)) : send_run(&r, &a, &order);
        runtime_close(&r);
    }
    order_clean(&order);
    arguments_clean(&a);
    return status;
}

const struct command command_send = {
    .name = "send",
    .summary = "page the people on call about an alert",
    .run = run,
    .help = "Usage: notify_twilio send [OPTIONS] [MACRO=VALUE …]\n"
            "\n"
            "  -t, --to WHO           number, contact, alias or group; repeats, commas split\n"
            "                         (without it: CONTACTPAGER, else the contact's name)\n"
            "  -s, --source SOURCE    nagios, icinga2, zabbix or generic (guessed when left out)\n"
            "  -T, --template NAME    another template than the event's\n"
            "  -m, --media URL        a picture, at most ten\n"
            "  -g, --graph NAME       a configured graph, where its `when` has it; repeats (without it: those\n"
            "                         that have a `when`)\n"
            "      --from SENDER      a number, short code, name or messaging service\n"
            "      --max-segments N   at most N segments\n"
            "      --subject TEXT, --message TEXT   what Zabbix passes\n"
            "      --test             a test page\n"
            "      --wait S           wait at most S seconds for the pages (default 10; 0 = do not wait)\n"
            "      --dry-run          print the form of every request and do nothing\n"
            "      --json             one JSON line a page\n"
            "  -c, --config FILE      -v, --verbose    --socket PATH\n"
            "\n"
            "MACRO=VALUE are the monitor's macros (HOSTNAME=web01), or for generic host= service= state= output= …;\n"
            "they win over the environment. With none of either, the text comes from standard input.\n"
            "\n"
            "Exit: 0 stored or sent, 64 usage, 65 no usable recipient or alert, 69 every page refused, 75 try again.\n"
            "\n"
            "Example: notify_twilio send -t oncall host=web01 service=HTTP state=CRITICAL output='no answer'\n",
};
