/*
 * send: takes an alert and does not come back before it is safe.
 *
 * The front has offered it to the drainer's socket already when it knew which; here it is offered where only the
 * configuration tells. With nobody there it is stored, a drainer is left behind, and its pages are waited for.
 *
 * DIAGNOSTICS: refusals and notes go to stderr; exit statuses as in `--help`.
 */
#include "notify/send.h"

#include "base/log.h"
#include "base/mem.h"
#include "flow/accept.h"
#include "flow/offer.h"
#include "flow/preview.h"
#include "flow/report.h"
#include "notify/answer.h"
#include "notify/background.h"
#include "notify/command.h"
#include "notify/environment.h"
#include "notify/session.h"
#include "notify/text.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 256 * 1024, ERROR_MAX = 16 * 1024, LOOK_EVERY = 50 };

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
        (st = order_set(&out->graph, a->graph)) != NT_OK || (st = order_set(&out->from, a->from)) != NT_OK ||
        (st = order_set(&out->subject, a->subject)) != NT_OK || (st = order_set(&out->message, a->message)) != NT_OK)
        return st;
    for (size_t i = 0; st == NT_OK && i < a->to.n; i++)
        st = strlist_split(&out->to, a->to.item[i], ",");
    for (size_t i = 0; st == NT_OK && i < a->media.n; i++)
        st = strlist_add(&out->media, a->media.item[i]);
    for (size_t i = 0; st == NT_OK && i < a->pairs.n; i++)
        st = put_entry(&out->pairs, a->pairs.item[i]);
    if (environment_has_alert(environ))
        for (char **e = environ; st == NT_OK && *e; e++)
            if (environment_is_alert(*e))
                st = put_entry(&out->env, *e);
    out->max_segments = a->max_segments;
    out->test = a->test;
    if (st == NT_OK && text_wanted(a, environ)) {
        char *text = text_read(STDIN_FILENO);
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
        puts(buf_text(&line));
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

static int64_t now_ms(const struct runtime *r)
{
    return clock_boot(r->clock);
}

/* Is anything of ours still worth waiting for? Reads the pages anew; duplicates stand as their originals do. */
static bool waiting(struct runtime *r, struct accepted *a, int64_t until_wall)
{
    bool more = false;
    for (size_t i = 0; i < a->n; i++) {
        struct page *p = NULL;
        if (page_settled(a->page[i]->state) || a->page[i]->state == PAGE_HELD)
            continue;
        if (r->store->ops->page_get(r->store, a->page[i]->id, &p) != NT_OK)
            continue;
        page_free(a->page[i]);
        a->page[i] = p;
        if (p->state == PAGE_SENDING || (p->state == PAGE_QUEUED && p->due <= until_wall))
            more = true;
    }
    return more;
}

/* A refused page whose contact has a further number goes on there: that page counts. Its exit is the best of both. */
static bool follow_on(void *arg, const struct page *p)
{
    struct accepted *a = arg;
    for (size_t i = 0; i < a->n; i++)
        if (a->page[i]->id == p->id)
            return true;
    struct page *copy = page_copy(p);
    if (accepted_add(a, copy) == NT_OK)
        return true;
    page_free(copy);
    return false;
}

/* True: there is one more. */
static bool add_follow_ons(struct runtime *r, struct accepted *a)
{
    size_t n = a->n;
    for (size_t i = 0; i < n; i++)
        if (a->page[i]->state == PAGE_FAILED && a->page[i]->alert_id) {
            struct store_query q = {.kind = PAGES_OF_ALERT, .id = a->page[i]->alert_id};
            (void)r->store->ops->pages(r->store, &q, follow_on, a);
            break;
        }
    return a->n > n;
}

/* Waits for the drainer's word; true while the drainer lives. */
static bool wait_for_news(struct background *b, int64_t timeout, size_t *sent, size_t *refused)
{
    struct pollfd p = {.fd = b->progress, .events = POLLIN};
    char bytes[64];
    if (b->progress < 0) {
        poll(NULL, 0, (int)timeout);
        return false;
    }
    if (poll(&p, 1, (int)timeout) <= 0)
        return true;
    ssize_t n = read(b->progress, bytes, sizeof bytes);
    if (n <= 0) {
        close(b->progress);
        b->progress = -1;
        return false;
    }
    for (ssize_t i = 0; i < n; i++) {
        *sent += bytes[i] == 's';
        *refused += bytes[i] == 'f';
    }
    return true;
}

/* Without a store only the drainer's bytes tell what became of the pages. */
static int wait_spare(struct runtime *r, const struct arguments *a, struct accepted *pages, struct background *b)
{
    int64_t until = now_ms(r) + (int64_t)a->wait * 1000, left;
    size_t sent = 0, refused = 0;
    while (sent + refused < pages->n && (left = until - now_ms(r)) > 0)
        if (!wait_for_news(b, left, &sent, &refused) && b->progress < 0)
            break;
    for (size_t i = 0; i < pages->n; i++)
        if (sent == pages->n)
            pages->page[i]->state = PAGE_SENT;
        else if (refused == pages->n)
            pages->page[i]->state = PAGE_FAILED;
    print_accepted(pages, a->json);
    if (sent)
        return EXIT_OK;
    return refused == pages->n ? EXIT_ALL_REFUSED : EXIT_TRY_AGAIN;
}

static int wait_store(struct runtime *r, const struct arguments *a, struct accepted *pages, struct background *b)
{
    int64_t until = now_ms(r) + (int64_t)a->wait * 1000, until_wall = runtime_now(r) + (int64_t)a->wait * 1000, left;
    size_t ignored = 0;
    while (a->wait && (waiting(r, pages, until_wall) || add_follow_ons(r, pages)) && (left = until - now_ms(r)) > 0)
        (void)wait_for_news(b, left < LOOK_EVERY ? left : LOOK_EVERY, &ignored, &ignored);
    if (a->wait)
        (void)add_follow_ons(r, pages);
    print_accepted(pages, a->json);
    return accepted_exit(pages);
}

static int deliver(struct runtime *r, const struct arguments *a, struct accepted *pages, struct background *b)
{
    if (r->spare) { /* the drainer that waits knows nothing of what is in our memory: another one, with a copy */
        background_cancel(b);
        if (background_start(r, session_socket(r, a), b) != NT_OK) {
            print_accepted(pages, a->json);
            return EXIT_TRY_AGAIN;
        }
    }
    background_go(b);
    return r->spare ? wait_spare(r, a, pages, b) : wait_store(r, a, pages, b);
}

int send_run(struct runtime *r, const struct arguments *a, struct order *order)
{
    struct accepted pages;
    struct background drainer = {.progress = -1, .go = -1};
    struct buf error;
    int status = EXIT_TRY_AGAIN;
    const char *socket = session_socket(r, a), *offered = getenv("NOTIFY_TWILIO_OFFERED");
    accepted_init(&pages);
    buf_init(&error, ERROR_MAX);

    if (!offered || strcmp(offered, socket) != 0) {
        char *answer = NULL;
        if (offer_order(order, socket, runtime_now(r), &answer) == NT_OK)
            status = answer_tell(answer, a->json);
        else
            status = -1;
        mem_free(answer);
        if (status >= 0)
            goto done;
    }
    session_drop_root(r);
    if (background_start(r, socket, &drainer) != NT_OK)
        log_error("no drainer could be started: what is stored waits for the next one");
    enum nt_status st = runtime_open_store(r);
    if (st == NT_OK && drainer.go >= 0)
        r->store->brief = true;
    if (st == NT_OK)
        st = accept_order(r, order, &pages, &error);
    if (st == NT_ENOBODY && pages.muted) {
        fprintf(stderr, "notify_twilio: %s\n", buf_text(&error));
        status = EXIT_OK;
    } else if (st == NT_ENOBODY || st == NT_EINVAL) {
        fprintf(stderr, "notify_twilio: %s\n", error.len ? buf_text(&error) : nt_status_text(st));
        log_error("an alert could not be taken: %s", error.len ? buf_text(&error) : nt_status_text(st));
        status = EXIT_NO_RECIPIENT;
    } else if (st != NT_OK) {
        fprintf(stderr, "notify_twilio: neither stored nor sent: %s\n", nt_status_text(st));
        status = EXIT_TRY_AGAIN;
    } else {
        status = deliver(r, a, &pages, &drainer);
    }
done:
    background_cancel(&drainer);
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
    if (preview.notes.len)
        fprintf(stderr, "%s", buf_text(&preview.notes));
    for (size_t i = 0; st == NT_OK && i < preview.n; i++) {
        const struct preview_item *item = &preview.item[i];
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
            puts(buf_text(&line));
        } else {
            printf("%sPOST %s\n", i ? "\n" : "", buf_text(&item->url));
            for (size_t k = 0; k < item->form.n; k++)
                printf("%s=%s\n", item->form.item[k].name, item->form.item[k].value);
        }
        buf_clean(&line);
    }
    if (st == NT_EINVAL || st == NT_ENOBODY) {
        fprintf(stderr, "notify_twilio: %s\n", error.len ? buf_text(&error) : nt_status_text(st));
        status = EXIT_NO_RECIPIENT;
    } else if (st != NT_OK) {
        fprintf(stderr, "notify_twilio: %s\n", nt_status_text(st));
        status = EXIT_TRY_AGAIN;
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
    char error[256];
    int status = EXIT_TRY_AGAIN;
    if (!arguments_parse(argc, argv, &a, error, sizeof error)) {
        arguments_clean(&a);
        return command_usage(&command_send, "%s", error);
    }
    if (a.data) {
        arguments_clean(&a);
        return command_usage(&command_send, "--data is for render");
    }
    order_init(&order);
    enum nt_status st = send_order(&a, &order);
    if (st != NT_OK) {
        fprintf(stderr, "notify_twilio: %s\n", nt_status_text(st));
    } else if ((status = session_open(&r, a.config, false, a.verbose)) == EXIT_OK) {
        status = a.dry_run ? dry_run(&r, &a, &order) : send_run(&r, &a, &order);
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
            "  -g, --graph NAME       a configured graph\n"
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
