/*
 * oncall: who would be paged now, with what is known about each number.
 *
 * DIAGNOSTICS: unknown words and contacts without a number are said on stderr; exit 65 when nobody is left. Without a
 * store (or the right to read it) opt-outs are not known, which is said.
 */
#include "base/json.h"
#include "flow/roster.h"
#include "notify/command.h"
#include "notify/options.h"
#include "notify/say.h"
#include "notify/session.h"
#include "notify/table.h"

#include <stdio.h>
#include <string.h>

enum { ONCALL_CELL = 8192, ONCALL_LINE = 64 * 1024 };

static void json_list(struct json *j, const char *key, const struct strlist *l)
{
    json_key(j, key);
    json_array(j);
    for (size_t i = 0; i < l->n; i++)
        json_string(j, l->item[i]);
    json_end(j);
}

static void json_moment(struct json *j, const char *key, int64_t ms)
{
    json_key(j, key);
    if (ms)
        json_int(j, ms / 1000);
    else
        json_null(j);
}

static void print_json(const struct roster_row *row)
{
    struct buf line;
    struct json j;
    buf_init(&line, ONCALL_LINE);
    json_begin(&j, &line);
    json_object(&j);
    json_key(&j, "to");
    json_string(&j, row->number);
    json_key(&j, "contact");
    json_string(&j, row->contact ? row->contact->name : NULL);
    json_list(&j, "via", &row->via);
    json_list(&j, "failover", &row->others);
    json_key(&j, "routine");
    json_bool(&j, !row->contact || row->contact->routine);
    json_moment(&j, "opted_out", row->state.opted_out);
    json_moment(&j, "last_paged", row->state.last_paged);
    json_end(&j);
    say_json(&line);
    buf_clean(&line);
}

static void join(struct buf *out, const struct strlist *l)
{
    for (size_t i = 0; i < l->n; i++) {
        buf_adds(out, i ? ", " : "");
        say_line(out, l->item[i]);
    }
}

static void remarks(struct buf *out, const struct roster_row *row, int64_t now)
{
    char span[SAY_SIZE];
    const char *between = "";
    if (row->state.opted_out) {
        buf_adds(out, "OPTED OUT (STOP): gets nothing");
        between = "; ";
    }
    if (row->contact && !row->contact->routine) {
        buf_addf(out, "%surgent only", between);
        between = "; ";
    }
    if (row->state.last_paged) {
        say_span(now - row->state.last_paged, span);
        buf_addf(out, "%spaged %s ago", between, span);
    }
}

static enum nt_status print_row(struct table *t, const struct roster_row *row, int64_t now)
{
    struct buf cell;
    buf_init(&cell, ONCALL_CELL);
    enum nt_status st = table_cell(t, row->number);
    if (st == NT_OK) {
        say_line(&cell, row->contact ? row->contact->name : "-");
        (void)say_whole(&cell);
        st = table_cell(t, buf_text(&cell));
    }
    for (int column = 0; st == NT_OK && column < 3; column++) {
        buf_reset(&cell);
        if (column == 0)
            join(&cell, &row->via);
        else if (column == 1)
            join(&cell, &row->others);
        else
            remarks(&cell, row, now);
        (void)say_whole(&cell);
        st = table_cell(t, buf_text(&cell));
    }
    buf_clean(&cell);
    return st;
}

static int show(struct runtime *r, const struct strlist *who, bool json)
{
    static const char *const heads[] = {"NUMBER", "CONTACT", "VIA", "FAILOVER", "REMARKS"};
    struct roster roster;
    struct table table;
    int64_t now = runtime_now(r);
    roster_init(&roster);
    table_init(&table, heads, sizeof heads / sizeof *heads, 0);
    enum nt_status st = roster_read(r, who, &roster);
    const char *note = buf_text(&roster.notes);
    while (*note) {
        int n = (int)strcspn(note, "\n");
        fprintf(stderr, "notify_twilio: %.*s\n", n, note);
        note += n + (note[n] == '\n');
    }
    for (size_t i = 0; st == NT_OK && i < roster.n; i++) {
        if (json)
            print_json(&roster.item[i]);
        else
            st = print_row(&table, &roster.item[i], now);
    }
    table_end(&table);
    if (st == NT_ENOBODY)
        fprintf(stderr, "notify_twilio: nobody would be paged\n");
    else if (st != NT_OK)
        fprintf(stderr, "notify_twilio: %s\n", nt_status_text(st));
    roster_clean(&roster);
    return st == NT_OK ? say_status(EXIT_OK) : st == NT_ENOBODY ? EXIT_NO_RECIPIENT : EXIT_TRY_AGAIN;
}

static int run(int argc, char **argv)
{
    struct options o;
    struct runtime r;
    struct strlist who;
    struct buf words;
    char error[256];
    if (!options_parse(argc, argv, NULL, NULL, NULL, NULL, &o, error, sizeof error))
        return command_usage(&command_oncall, "%s", error);
    int status = session_open(&r, o.general.config, true, o.general.verbose);
    if (status != EXIT_OK)
        return status;
    strlist_init(&who);
    buf_init(&words, ONCALL_CELL);
    enum nt_status st = NT_OK;
    for (size_t i = 0; st == NT_OK && i < o.words; i++)
        st = strlist_split(&who, o.word[i], ",");
    if (st == NT_OK) {
        enum nt_status opened = store_open_readonly(r.config->store, &r.store, &words);
        if (opened != NT_OK)
            r.store = NULL;
        if (opened != NT_OK && opened != NT_ENOENT)
            fprintf(stderr, "notify_twilio: opt-outs are not known: %s\n",
                    words.len ? buf_text(&words) : nt_status_text(opened));
        status = show(&r, &who, o.general.json);
    } else {
        fprintf(stderr, "notify_twilio: %s\n", nt_status_text(st));
        status = EXIT_TRY_AGAIN;
    }
    buf_clean(&words);
    strlist_clean(&who);
    runtime_close(&r);
    return status;
}

const struct command command_oncall = {
    .name = "oncall",
    .summary = "show who would be paged now",
    .run = run,
    .help =
        "Usage: notify_twilio oncall [WHO…] [--json]\n"
        "\n"
        "Prints a line for each number that would be paged: whose it is, by which group or alias, where a refused\n"
        "page goes on, and whether the number has opted out. WHO is a number, contact, alias or group; without it\n"
        "everybody is shown. A word that means nobody leads to the fallback only when all of them do, as for a page.\n"
        "\n"
        "      --json             one JSON line a number\n"
        "  -c, --config FILE      -v, --verbose\n"
        "\n"
        "Exit: 0, 64 usage, 65 nobody would be paged, 75 no configuration.\n"
        "\n"
        "Example: notify_twilio oncall oncall\n",
};
