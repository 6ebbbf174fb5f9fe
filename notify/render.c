/*
 * render: what would be sent, in full — for people who write templates, and for whoever wonders at a text.
 *
 * Nothing is stored and nothing is sent; neither store nor network is touched. Recipients whose texts are the same are
 * shown together.
 *
 * DIAGNOSTICS: exit 65 for an alert, recipient, template or data that cannot be used, each said on stderr.
 */
#include "base/file.h"
#include "flow/preview.h"
#include "flow/report.h"
#include "flow/snapshot.h"
#include "notify/command.h"
#include "notify/say.h"
#include "notify/send.h"
#include "notify/session.h"
#include "sms/segment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { RENDER_LINE = 256 * 1024, RENDER_ERROR = 16 * 1024, DATA_MAX = 1024 * 1024 };

static void print_json(const struct page *p)
{
    struct buf line;
    struct json j;
    buf_init(&line, RENDER_LINE);
    json_begin(&j, &line);
    report_page_json(&j, p);
    say_json(&line);
    buf_clean(&line);
}

/* "-- GSM-7, 1 segment, 134 of 160 septets" */
static void print_text(const struct page *p)
{
    bool ucs2 = p->flags & PAGE_UCS2;
    struct sms_count count = sms_count_as(p->body, strlen(p->body), ucs2 ? SMS_UCS2 : SMS_GSM7);
    size_t one = ucs2 ? 70 : 160, part = ucs2 ? 67 : 153, segments = p->segments > 0 ? (size_t)p->segments : 1;
    size_t len = strlen(p->body);
    printf("%s%s-- %s, %zu segment%s, %zu of %zu %s%s", p->body, len && p->body[len - 1] == '\n' ? "" : "\n",
           ucs2 ? "UCS-2" : "GSM-7", segments, segments == 1 ? "" : "s", count.units,
           segments == 1 ? one : part * segments, ucs2 ? "UTF-16 units" : "septets",
           p->flags & PAGE_TRUNCATED ? ", shortened" : "");
    if (p->class == CLASS_ROUTINE)
        printf(", routine");
}

static bool same_text(const struct page *a, const struct page *b)
{
    if (strcmp(a->body, b->body) != 0 || a->media.n != b->media.n)
        return false;
    for (size_t i = 0; i < a->media.n; i++)
        if (strcmp(a->media.item[i], b->media.item[i]) != 0)
            return false;
    return true;
}

static bool shown_before(const struct preview *p, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (same_text(p->item[k].page, p->item[i].page))
            return true;
    return false;
}

static void print_shared(const struct preview *p, size_t i)
{
    const struct page *first = p->item[i].page;
    struct buf to;
    bool any = false;
    buf_init(&to, RENDER_LINE);
    print_text(first);
    for (size_t k = i; k < p->n; k++) {
        const struct page *page = p->item[k].page;
        if (!*page->number || !same_text(first, page))
            continue;
        buf_adds(&to, any ? ", " : ", to ");
        say_number(&to, page->number, page->contact);
        any = true;
    }
    (void)say_whole(&to);
    puts(buf_text(&to));
    for (size_t k = 0; k < first->media.n; k++)
        printf("-- media %s\n", first->media.item[k]);
    buf_clean(&to);
}

static int failed(enum nt_status st, struct buf *error)
{
    while (error->len && error->data[error->len - 1] == '\n')
        buf_truncate(error, error->len - 1);
    fprintf(stderr, "notify_twilio: %s\n", error->len ? buf_text(error) : nt_status_text(st));
    return st == NT_EINVAL || st == NT_ENOBODY || st == NT_ENOENT ? EXIT_NO_RECIPIENT : EXIT_TRY_AGAIN;
}

static int render_order(struct runtime *r, const struct arguments *a, const struct order *order)
{
    struct preview preview;
    struct buf error;
    int status = EXIT_OK;
    preview_init(&preview);
    buf_init(&error, RENDER_ERROR);
    /* without a recipient the text is shown all the same; one who was named must exist */
    enum nt_status st = preview_order(r, order, order->to.n == 0, &preview, &error);
    if (preview.notes.len && !error.len)
        fprintf(stderr, "%s", buf_text(&preview.notes));
    if (st != NT_OK) {
        status = failed(st, &error);
        if (st == NT_ENOBODY && preview.muted)
            status = EXIT_OK;
    }
    for (size_t i = 0; st == NT_OK && i < preview.n; i++) {
        if (a->json) {
            print_json(preview.item[i].page);
        } else if (!shown_before(&preview, i)) {
            if (i)
                putchar('\n');
            print_shared(&preview, i);
        }
    }
    preview_clean(&preview);
    buf_clean(&error);
    return status;
}

/* Whole, or not at all. "-" is standard output. */
static bool save_picture(const struct picture *p, const char *path)
{
    char chunk[16 * 1024];
    bool standard = !strcmp(path, "-");
    FILE *out = standard ? stdout : fopen(path, "wb");
    ssize_t n;
    if (!out)
        return false;
    for (size_t at = 0; (n = picture_read(p, at, chunk, sizeof chunk)) > 0; at += (size_t)n)
        if (fwrite(chunk, 1, (size_t)n, out) != (size_t)n)
            break;
    bool good = n == 0 && fflush(out) == 0;
    return (standard || fclose(out) == 0) && good;
}

/* One graph, for whoever sets it up: no text, no `when`, nothing published. */
static int render_graph(struct runtime *r, const struct arguments *a, const struct order *order)
{
    struct picture picture;
    struct buf words;
    const char *graph = a->graphs.item[0];
    int status = EXIT_OK;
    picture_init(&picture);
    buf_init(&words, RENDER_ERROR);
    enum nt_status st = snapshot_take(r, order, graph, &picture, &words);
    if (st != NT_OK) {
        fprintf(stderr, "notify_twilio: %s%s%s\n", st == NT_EREFUSED ? graph : "", st == NT_EREFUSED ? ": " : "",
                words.len ? buf_text(&words) : nt_status_text(st));
        status = st == NT_ENOENT || st == NT_EINVAL ? EXIT_NO_RECIPIENT : EXIT_TRY_AGAIN;
    } else if (!save_picture(&picture, a->save)) {
        fprintf(stderr, "notify_twilio: %s: %s\n", a->save, strerror(errno));
        status = EXIT_TRY_AGAIN;
    } else {
        fprintf(stderr, "%s: %s\n", graph, buf_text(&words));
    }
    picture_clean(&picture);
    buf_clean(&words);
    return status;
}

static void report(void *arg, const char *file, unsigned long line, unsigned long column, const char *message)
{
    (void)arg;
    fprintf(stderr, "%s:%lu:%lu: %s\n", file, line, column, message);
}

static int render_data(struct runtime *r, const struct arguments *a)
{
    struct buf data, error;
    struct page *p = NULL;
    int status = EXIT_OK;
    bool standard = !strcmp(a->data, "-");
    const char *path = standard ? "/dev/stdin" : a->data;
    buf_init(&data, DATA_MAX);
    buf_init(&error, RENDER_ERROR);
    enum nt_status st = file_read(path, &data, NULL);
    if (st != NT_OK) {
        fprintf(stderr, "notify_twilio: %s: %s\n", a->data,
                st == NT_ETOOBIG ? "larger than 1 MB"
                : errno          ? strerror(errno)
                                 : nt_status_text(st));
        status = st == NT_ENOMEM ? EXIT_TRY_AGAIN : EXIT_NO_RECIPIENT;
        goto done;
    }
    st = preview_data(r, a->template_name, buf_text(&data), data.len, a->max_segments, report, NULL, &p, &error);
    if (st == NT_EINVAL && error.len) {
        fprintf(stderr, "%s:%s\n", standard ? "standard input" : a->data, buf_text(&error));
        status = EXIT_NO_RECIPIENT;
    } else if (st != NT_OK) {
        if (st != NT_EINVAL) /* a faulty template has been reported */
            status = failed(st, &error);
        else
            status = EXIT_NO_RECIPIENT;
    } else if (a->json) {
        print_json(p);
    } else {
        print_text(p);
        putchar('\n');
    }
done:
    page_free(p);
    buf_clean(&data);
    buf_clean(&error);
    return status;
}

static int run(int argc, char **argv)
{
    struct arguments a;
    struct runtime r;
    struct order order;
    int status = command_arguments(&command_render, argc, argv, &a);
    if (status != EXIT_OK)
        return status;
    if (a.data && (a.pairs.n || a.to.n || a.subject || a.message || a.source || a.test)) {
        arguments_clean(&a);
        return command_usage(&command_render, "--data stands instead of an alert and its recipients");
    }
    if (a.save && (a.graphs.n != 1 || a.data)) {
        arguments_clean(&a);
        return command_usage(&command_render, "--save takes the picture of one --graph");
    }
    order_init(&order);
    status = EXIT_TRY_AGAIN;
    enum nt_status st = a.data ? NT_OK : send_order(&a, &order);
    if (st != NT_OK) {
        fprintf(stderr, "notify_twilio: %s\n", nt_status_text(st));
    } else if ((status = session_open(&r, a.config, true, a.verbose)) == EXIT_OK) {
        status = a.data ? render_data(&r, &a) : a.save ? render_graph(&r, &a, &order) : render_order(&r, &a, &order);
        runtime_close(&r);
    }
    order_clean(&order);
    arguments_clean(&a);
    return say_status(status);
}

const struct command command_render = {
    .name = "render",
    .summary = "show what would be sent, and send nothing",
    .run = run,
    .help =
        "Usage: notify_twilio render [OPTIONS] [MACRO=VALUE …]\n"
        "       notify_twilio render --data FILE [-T NAME|PATH] [--max-segments N]\n"
        "       notify_twilio render --graph NAME --save FILE [MACRO=VALUE …]\n"
        "\n"
        "Prints the text, then its encoding, segments and length. Takes the options of `send`; without a recipient\n"
        "the text is made for nobody in particular. Needs neither the store nor the network.\n"
        "\n"
        "  -t, --to WHO           number, contact, alias or group; repeats, commas split\n"
        "  -s, --source SOURCE    nagios, icinga2, zabbix or generic (guessed when left out)\n"
        "  -T, --template NAME    another template than the event's; with --data also a file, when it holds a '/'\n"
        "      --data FILE        a JSON object instead of an alert ('-': standard input), to try digests and\n"
        "                         partials; without -T: digest when it has `alerts`, else its `event`, else default\n"
        "  -g, --graph NAME, --save FILE   get the picture of a configured graph for this alert, and keep it in FILE\n"
        "                         ('-': standard output); it is not published\n"
        "      --max-segments N   fit the text into N segments (--data: it is not fitted otherwise)\n"
        "      --subject TEXT, --message TEXT   what Zabbix passes\n"
        "      --test             a test page\n"
        "      --json             one JSON line a page\n"
        "  -c, --config FILE      -v, --verbose\n"
        "\n"
        "Exit: 0, 64 usage, 65 no usable alert, recipient, template or data, 75 no configuration or no picture.\n"
        "\n"
        "Example: notify_twilio render -t alice host=web01 service=HTTP state=CRITICAL output='no answer'\n",
};
