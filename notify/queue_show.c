/*
 * queue_show: one page from its alert to its end, so that every decision about it can be explained.
 *
 * DIAGNOSTICS: exit 65 when there is no such page; what belongs to it and cannot be read any more is left out.
 */
#include "base/json.h"
#include "flow/report.h"
#include "ingest/alert.h"
#include "notify/queue.h"
#include "notify/say.h"

#include <stdio.h>
#include <string.h>

enum { TEXT = 64 * 1024, OBJECT = 1024 * 1024 };

/* ---- for people ---- */

static void line(const char *label, const char *text)
{
    struct buf clean;
    if (!*text)
        return;
    buf_init(&clean, TEXT);
    say_line(&clean, text);
    (void)say_whole(&clean);
    printf("%-10s %s\n", label, buf_text(&clean));
    buf_clean(&clean);
}

static void moment(const char *label, int64_t ms)
{
    char when[SAY_SIZE];
    if (!ms)
        return;
    say_time(ms, true, when);
    printf("%-10s %s\n", label, when);
}

/* Several lines, each behind a bar. */
static void block(const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        struct buf one, clean;
        buf_init(&one, TEXT);
        buf_init(&clean, TEXT);
        buf_add(&one, text, n);
        say_line(&clean, buf_text(&one));
        (void)(say_whole(&one) && say_whole(&clean));
        printf("  | %s\n", buf_text(&clean));
        buf_clean(&one);
        buf_clean(&clean);
        text += n + (text[n] == '\n');
    }
}

static void print_alert(const struct alert *a, bool everything)
{
    printf("\nalert, from %s\n", alert_source_name(a->source));
    moment("time", a->time * 1000);
    line("host", a->host);
    line("service", a->service);
    line("state", a->state);
    line("severity", a->severity);
    line("output", a->output);
    if (*a->long_output)
        block(a->long_output);
    line("author", a->author);
    line("comment", a->comment);
    line("problem", a->problem_id);
    line("event id", a->event_id);
    line("url", a->url);
    if (a->notification_number >= 0)
        printf("%-10s %ld\n", "notified", a->notification_number);
    for (size_t i = 0; everything && i < a->macros.n; i++) {
        printf("  ");
        line(a->macros.pair[i].key, a->macros.pair[i].value);
    }
}

static bool print_step(void *arg, const struct page_step *step)
{
    char day[SAY_SIZE], clock[SAY_SIZE], *last = arg;
    struct buf reason;
    buf_init(&reason, TEXT);
    say_time(step->at, true, day);
    say_time(step->at, false, clock);
    day[strcspn(day, " ")] = '\0';
    if (strcmp(day, last) != 0)
        printf("  %s\n", day);
    memcpy(last, day, SAY_SIZE);
    say_line(&reason, step->reason);
    (void)say_whole(&reason);
    printf("  %s  %-11s  %s\n", clock, page_state_name(step->state), buf_text(&reason));
    buf_clean(&reason);
    return true;
}

static bool print_member(void *arg, const struct page *p)
{
    struct buf text;
    bool *any = arg;
    buf_init(&text, TEXT);
    if (!*any)
        puts("\nstands for");
    *any = true;
    say_news(&text, p);
    buf_addc(&text, ' ');
    say_object(&text, p);
    (void)say_whole(&text);
    printf("  page %lld  %-11s  %s\n", (long long)p->id, page_state_name(p->state), buf_text(&text));
    buf_clean(&text);
    return true;
}

static void print_link(const struct page *p)
{
    long long id = (long long)p->merged_into;
    if (!id)
        return;
    switch (p->state) {
    case PAGE_DUPLICATE:
        printf("%-10s duplicate of page %lld\n", "see", id);
        break;
    case PAGE_SUPERSEDED:
    case PAGE_CANCELLED:
        printf("%-10s page %lld, newer news\n", "see", id);
        break;
    default:
        printf("%-10s page %lld, the digest that tells it\n", "see", id);
    }
}

static void print_error(const struct page *p)
{
    struct buf words;
    if (!p->error_code && !*p->error_message)
        return;
    buf_init(&words, TEXT);
    say_line(&words, p->error_message);
    if (!words.len)
        buf_addf(&words, "%d", p->error_code);
    (void)say_whole(&words);
    printf("%-10s %s\n", "error", buf_text(&words));
    buf_clean(&words);
}

static void print_page(const struct page *p)
{
    struct buf words;
    buf_init(&words, TEXT);
    printf("page %lld: %s%s\n", (long long)p->id, page_state_name(p->state),
           p->flags & PAGE_AMBIGUOUS ? ", and nobody knows yet whether it arrived" : "");
    say_number(&words, p->number, p->contact);
    (void)say_whole(&words);
    printf("%-10s %s\n", "to", buf_text(&words));
    for (size_t i = 0; i < p->others.n; i++)
        line(i ? "" : "then", p->others.item[i]);
    buf_reset(&words);
    say_news(&words, p);
    buf_addc(&words, ' ');
    say_object(&words, p);
    (void)say_whole(&words);
    printf("%-10s %s, %s\n", "about", buf_text(&words), alert_class_name(p->class));
    line("object", p->object);
    moment("created", p->created);
    if (p->state == PAGE_QUEUED || p->state == PAGE_HELD)
        moment("due", p->due);
    moment("sent", p->sent);
    if (!page_settled(p->state) || p->state == PAGE_EXPIRED)
        moment("expires", p->expire);
    line("sender", p->sender);
    line("sid", p->sid);
    printf("%-10s %d\n", "attempts", p->attempts);
    print_error(p);
    print_link(p);
    printf("\ntext, %s, %d segment%s%s%s\n", p->flags & PAGE_UCS2 ? "UCS-2" : "GSM-7", p->segments,
           p->segments == 1 ? "" : "s", p->flags & PAGE_TRUNCATED ? ", shortened" : "",
           p->flags & PAGE_TEXT_ONLY ? ", without its media, which Twilio refused" : "");
    block(p->body);
    for (size_t i = 0; i < p->media.n; i++)
        line("media", p->media.item[i]);
    buf_clean(&words);
}

static enum nt_status print_all(struct store *s, const struct page *p, const struct alert *alert, bool everything)
{
    char last[SAY_SIZE] = "";
    bool any = false;
    print_page(p);
    if (alert)
        print_alert(alert, everything);
    struct store_query members = {.kind = PAGES_MERGED_INTO, .id = p->id};
    enum nt_status st = p->flags & PAGE_DIGEST ? s->ops->pages(s, &members, print_member, &any) : NT_OK;
    puts("\nhistory");
    return st == NT_OK ? s->ops->steps(s, p->id, print_step, last) : st;
}

/* ---- for programs ---- */

static bool json_step(void *arg, const struct page_step *step)
{
    struct json *j = arg;
    json_object(j);
    json_key(j, "at");
    json_int(j, step->at / 1000);
    json_key(j, "ms");
    json_int(j, step->at);
    json_key(j, "state");
    json_string(j, page_state_name(step->state));
    json_key(j, "reason");
    json_string(j, step->reason);
    json_end(j);
    return true;
}

static bool json_member(void *arg, const struct page *p)
{
    report_page_json(arg, p);
    return true;
}

static void json_text(struct json *j, const char *key, const char *text)
{
    json_key(j, key);
    json_string(j, *text ? text : NULL);
}

static void json_alert(struct json *j, const struct alert *a, bool everything)
{
    json_key(j, "alert");
    if (!a) {
        json_null(j);
        return;
    }
    json_object(j);
    json_text(j, "source", alert_source_name(a->source));
    json_text(j, "event", alert_event_name(a->event));
    json_text(j, "phase", alert_phase_name(a->phase));
    json_text(j, "state", a->state);
    json_text(j, "severity", a->severity);
    json_text(j, "host", a->host);
    json_text(j, "service", a->service);
    json_text(j, "output", a->output);
    json_text(j, "long_output", a->long_output);
    json_text(j, "author", a->author);
    json_text(j, "comment", a->comment);
    json_text(j, "problem_id", a->problem_id);
    json_text(j, "event_id", a->event_id);
    json_text(j, "url", a->url);
    json_key(j, "time");
    json_int(j, a->time);
    if (everything) {
        json_key(j, "macros");
        json_object(j);
        for (size_t i = 0; i < a->macros.n; i++) {
            json_key(j, a->macros.pair[i].key);
            json_string(j, a->macros.pair[i].value);
        }
        json_end(j);
    }
    json_end(j);
}

static enum nt_status print_object(struct store *s, const struct page *p, const struct alert *alert, bool everything)
{
    struct buf out;
    struct json j;
    buf_init(&out, OBJECT);
    json_begin(&j, &out);
    json_object(&j);
    report_page_members(&j, p);
    json_text(&j, "host", p->host);
    json_text(&j, "service", p->service);
    json_text(&j, "object", p->object);
    json_text(&j, "sender", p->sender);
    json_key(&j, "expire");
    json_int(&j, p->expire / 1000);
    json_key(&j, "merged_into");
    if (p->merged_into)
        json_int(&j, p->merged_into);
    else
        json_null(&j);
    json_alert(&j, alert, everything);
    json_key(&j, "members");
    json_array(&j);
    struct store_query members = {.kind = PAGES_MERGED_INTO, .id = p->id};
    enum nt_status st = p->flags & PAGE_DIGEST ? s->ops->pages(s, &members, json_member, &j) : NT_OK;
    json_end(&j);
    json_key(&j, "steps");
    json_array(&j);
    if (st == NT_OK)
        st = s->ops->steps(s, p->id, json_step, &j);
    json_end(&j);
    json_end(&j);
    if (st == NT_OK)
        st = buf_status(&out);
    if (st == NT_OK)
        puts(buf_text(&out));
    buf_clean(&out);
    return st;
}

int queue_show(struct runtime *r, const struct queue_options *q)
{
    struct page *p = NULL;
    struct alert *alert = NULL;
    int64_t id = 0;
    (void)queue_id(q->o.word[1], &id);
    enum nt_status st = queue_open_reading(r);
    if (st == NT_OK)
        st = r->store->ops->page_get(r->store, id, &p);
    if (st == NT_ENOENT) {
        fprintf(stderr, "notify_twilio: there is no page %lld\n", (long long)id);
        return EXIT_NO_RECIPIENT;
    }
    if (st == NT_OK && p->alert_id && r->store->ops->alert_get(r->store, p->alert_id, &alert) == NT_ENOMEM)
        st = NT_ENOMEM; /* one that is purged or damaged is left out: the page tells the rest */
    bool everything = q->o.general.verbose;
    if (st == NT_OK)
        st = q->o.general.json ? print_object(r->store, p, alert, everything)
                               : print_all(r->store, p, alert, everything);
    if (st != NT_OK && r->store)
        fprintf(stderr, "notify_twilio: page %lld cannot be read: %s\n", (long long)id, nt_status_text(st));
    alert_free(alert);
    page_free(p);
    return st == NT_OK ? say_status(EXIT_OK) : EXIT_TRY_AGAIN;
}
