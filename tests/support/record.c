/*
 * record: the log the tests read, in memory (a ring) and, when asked for, as one JSON line a request in a file that is
 * flushed by line.
 *
 * Everything is under the simulator's lock. A tally follows one sender: how many requests were under way at once at
 * most. A request stops counting just before its answer is handed to the network, so a client that starts the next one
 * as soon as it has the answer is never counted twice.
 *
 * DIAGNOSTICS: a file that cannot be written is told once on stderr; the memory goes on.
 */
#include "record.h"

#include "fields.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

bool record_init(struct record *r, int64_t keep, const char *path)
{
    *r = (struct record){.keep = keep > 0 ? keep : 0};
    strlist_init(&r->violations);
    r->all.name = need_text("");
    if (path && !(r->file = fopen(path, "ae"))) {
        fprintf(stderr, "twilio_simulator: %s: %s\n", path, strerror(errno));
        return false;
    }
    if (r->file)
        setvbuf(r->file, NULL, _IOLBF, 1 << 16);
    return true;
}

static void forget(struct record *r)
{
    for (size_t i = 0; i < r->size; i++) {
        mem_free(r->item[i].path);
        mem_free(r->item[i].json);
    }
    mem_free(r->item);
    r->item = NULL;
    r->size = 0;
    r->n = 0;
    strlist_clean(&r->violations);
    strlist_init(&r->violations);
}

void record_clean(struct record *r)
{
    forget(r);
    strlist_clean(&r->violations);
    mem_free(r->all.name);
    for (int i = 0; i < r->tallies; i++)
        mem_free(r->tally[i].name);
    if (r->file)
        fclose(r->file);
}

static void tally_reset(struct tally *t)
{
    *t = (struct tally){.name = t->name, .in_flight = t->in_flight, .peak = t->in_flight};
}

void record_reset(struct record *r)
{
    forget(r);
    tally_reset(&r->all);
    for (int i = 0; i < r->tallies; i++)
        tally_reset(&r->tally[i]);
    r->connections = r->open;
    r->open_peak = r->open;
    r->second = r->in_second = r->best_second = 0;
    memset(r->by_status, 0, sizeof r->by_status);
}

int64_t record_next(const struct record *r)
{
    return r->n + 1;
}

static struct entry *place(struct record *r)
{
    size_t at = (size_t)(r->n % r->keep);
    if (at == r->size) {
        size_t want = r->size + 1;
        if ((want & (want - 1)) == 0 || !r->item) /* doubles at the powers of two */
            r->item = need(mem_resize(r->item, 2 * want * sizeof *r->item));
        r->item[r->size++] = (struct entry){0};
    }
    return &r->item[at];
}

void record_add(struct record *r, const char *path, const char *json, int status, int64_t now)
{
    if (r->keep) {
        struct entry *e = place(r);
        mem_free(e->path);
        mem_free(e->json);
        e->path = need_text(path);
        e->json = need_text(json);
    }
    r->n++;
    if (r->file && fprintf(r->file, "%s\n", json) < 0) {
        fprintf(stderr, "twilio_simulator: the record: %s\n", strerror(errno));
        fclose(r->file);
        r->file = NULL;
    }
    int hundreds = status / 100;
    r->by_status[hundreds >= 1 && hundreds <= 5 ? hundreds : 0]++;
    if (now / 1000 != r->second) {
        r->second = now / 1000;
        r->in_second = 0;
    }
    if (++r->in_second > r->best_second)
        r->best_second = r->in_second;
}

void record_violation(struct record *r, int64_t request, const char *text)
{
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 16);
    json_begin(&j, &b);
    json_object(&j);
    json_key(&j, "request");
    json_int(&j, request);
    json_key(&j, "text");
    json_string(&j, text);
    json_end(&j);
    need(strlist_add(&r->violations, buf_text(&b)) == NT_OK ? r : NULL);
    buf_clean(&b);
}

struct tally *record_tally(struct record *r, const char *sender)
{
    for (int i = 0; i < r->tallies; i++)
        if (strcmp(r->tally[i].name, sender) == 0)
            return &r->tally[i];
    if (r->tallies == RECORD_TALLIES)
        return &r->tally[RECORD_TALLIES - 1];
    struct tally *t = &r->tally[r->tallies++];
    *t = (struct tally){.name = need_text(sender)};
    return t;
}

void tally_begin(struct tally *t, int64_t now)
{
    t->requests++;
    t->last = now;
    if (!t->first)
        t->first = now;
    if (++t->in_flight > t->peak)
        t->peak = t->in_flight;
}

void tally_end(struct tally *t)
{
    t->in_flight--;
}

void record_json(const struct record *r, int64_t since, const char *part, struct json *j)
{
    int64_t oldest = r->n - (int64_t)r->size + 1, from = since > oldest ? since : oldest;
    json_object(j);
    json_key(j, "requests");
    json_array(j);
    for (int64_t k = from; k <= r->n && r->size; k++) {
        const struct entry *e = &r->item[(size_t)((k - 1) % r->keep)];
        if (!part || strstr(e->path, part))
            json_raw(j, e->json);
    }
    json_end(j);
    json_key(j, "next");
    json_int(j, r->n + 1);
    json_end(j);
}

void record_violations_json(const struct record *r, struct json *j)
{
    json_array(j);
    for (size_t i = 0; i < r->violations.n; i++)
        json_raw(j, r->violations.item[i]);
    json_end(j);
}

static void tally_json(const struct tally *t, struct json *j)
{
    const struct {
        const char *key;
        int64_t value;
    } number[] = {
        {"in_flight", t->in_flight}, {"peak", t->peak},   {"requests", t->requests}, {"accepted", t->accepted},
        {"segments", t->segments},   {"first", t->first}, {"last", t->last}};
    json_object(j);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        json_key(j, number[i].key);
        json_int(j, number[i].value);
    }
    json_end(j);
}

void record_stats_json(const struct record *r, struct json *j)
{
    static const char *const hundreds[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    json_object(j);
    json_key(j, "requests");
    json_int(j, r->n);
    json_key(j, "violations");
    json_int(j, (int64_t)r->violations.n);
    json_key(j, "answers");
    json_object(j);
    for (int i = 0; i < 6; i++) {
        json_key(j, hundreds[i]);
        json_int(j, r->by_status[i]);
    }
    json_end(j);
    json_key(j, "busiest_second");
    json_int(j, r->best_second);
    json_key(j, "connections");
    json_int(j, r->connections);
    json_key(j, "connections_open");
    json_int(j, r->open);
    json_key(j, "connections_peak");
    json_int(j, r->open_peak);
    json_key(j, "all");
    tally_json(&r->all, j);
    json_key(j, "senders");
    json_object(j);
    for (int i = 0; i < r->tallies; i++) {
        json_key(j, r->tally[i].name);
        tally_json(&r->tally[i], j);
    }
    json_end(j);
    json_end(j);
}
