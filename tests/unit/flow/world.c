/* world: see the header. */
#include "world.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "handover/frame.h"
#include "world_rules.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct world *here;

struct world *world_here(void)
{
    return here;
}

/* ---- randomness: base/random.h, so that a seed makes a run ---- */

uint64_t world_random(struct world *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random;
}

uint64_t random_u64(void)
{
    return here && here->options.seed ? world_random(here) : 0;
}

void random_bytes(void *out, size_t len)
{
    static unsigned char next;
    for (size_t i = 0; i < len; i++)
        ((unsigned char *)out)[i] = (unsigned char)(here ? world_random(here) : next++);
}

enum nt_status random_secret(void *out, size_t len)
{
    random_bytes(out, len);
    return NT_OK;
}

void random_uuid(char out[UUID_SIZE])
{
    static unsigned n;
    n++;
    snprintf(out, UUID_SIZE, "%08x-0000-4000-8000-%012x", n, n);
}

/* ---- beginning and end ---- */

static void note(void *arg, enum log_level level, const char *line)
{
    struct world *w = arg;
    static const char mark[] = "ALARM: ";
    (void)level;
    if (strncmp(line, mark, sizeof mark - 1) != 0 || w->alarms == WORLD_ALARMS)
        return;
    struct world_alarm *a = &w->alarm[w->alarms++];
    a->at = w->clock.boot_ms;
    snprintf(a->text, sizeof a->text, "%s", line + sizeof mark - 1);
}

void world_break(struct world *w, const char *format, ...)
{
    if (*w->broken)
        return;
    int n = snprintf(w->broken, sizeof w->broken, "seed %llu, at %lld ms: ", (unsigned long long)w->options.seed,
                     (long long)world_now(w));
    va_list args;
    va_start(args, format);
    vsnprintf(w->broken + n, sizeof w->broken - (size_t)n, format, args);
    va_end(args);
}

static void write_config(const struct world *w)
{
    static const char senders[] = "    - {from: \"+15005550006\", segments_per_second: 100}\n";
    const struct world_options *o = &w->options;
    FILE *f = fopen(w->config, "w");
    assert_non_null(f);
    fprintf(f,
            "twilio:\n"
            "  account_sid: AC00000000000000000000000000000000\n"
            "  auth_token: %s\n"
            "  base_url: http://127.0.0.1:1\n"
            "%s"
            "  senders:\n%s"
            "message: {timezone: UTC%s%s}\n"
            "store: sqlite:%s/queue.db\n"
            "daemon: {socket: %s}\n"
            "log: {level: error, to: /dev/null}\n"
            "%s",
            w->token ? w->token : "0123456789abcdef0123456789abcdef", o->twilio ? o->twilio : "",
            o->senders ? o->senders : senders, o->message ? ", " : "", o->message ? o->message : "", w->folder,
            w->socket, o->config ? o->config : "");
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(w->config, 0600), 0);
}

static void open_runtime(struct world *w, struct runtime *r)
{
    struct problems problems;
    problems_init(&problems);
    enum nt_status st = runtime_open(w->config, NULL, r, &problems);
    if (st != NT_OK)
        fail_msg("the world's configuration: %s", problems.n ? problems.item[0].message : nt_status_text(st));
    problems_clean(&problems);
    r->clock = &w->clock.clock;
}

struct world *world_new(const struct world_options *o)
{
    /* Each world begins later than the last one: alarms are remembered by the process. */
    static int64_t beginning = INT64_C(1700000000000);
    struct world *w = mem_zalloc(sizeof *w);
    assert_non_null(w);
    if (here)
        world_drop(here); /* a failed test's */
    here = w;
    w->options = *o;
    w->random = o->seed ? o->seed * UINT64_C(0x9e3779b97f4a7c15) | 1 : 1;
    fake_clock_init(&w->clock, beginning);
    w->clock.boot_ms = 100000000;
    beginning += 100 * DAY;
    fake_twilio_init(&w->twilio, w);
    snprintf(w->folder, sizeof w->folder, "%s/nt-flow-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->config, sizeof w->config, "%s/config.yaml", w->folder);
    snprintf(w->socket, sizeof w->socket, "%s/socket", w->folder);
    assert_int_equal(setenv("NOTIFY_TWILIO_TEMPLATES", NT_SOURCE_DIR "/templates", 1), 0);
    write_config(w);
    open_runtime(w, &w->inside);
    open_runtime(w, &w->outside);
    assert_int_equal(runtime_open_store(&w->outside), NT_OK);
    assert_false(w->outside.spare);
    log_tap(note, w);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->cond, NULL);
    return w;
}

static void remove_folder(const char *folder)
{
    DIR *d = opendir(folder);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            (void)unlink(path);
    }
    closedir(d);
    (void)rmdir(folder);
}

void world_drop(struct world *w)
{
    if (w->alive)
        world_kill(w);
    log_tap(NULL, NULL);
    runtime_close(&w->inside);
    runtime_close(&w->outside);
    fake_twilio_clean(&w->twilio);
    remove_folder(w->folder);
    pthread_mutex_destroy(&w->mutex);
    pthread_cond_destroy(&w->cond);
    here = NULL;
    mem_free(w);
}

void world_free(struct world *w)
{
    char broken[sizeof w->broken];
    memcpy(broken, w->broken, sizeof broken);
    if (*broken)
        world_print(w);
    world_drop(w);
    if (*broken)
        fail_msg("%s", broken);
}

/* ---- the engine's thread ---- */

static void wait_for(struct world *w, bool engine_turn)
{
    while (w->engine_turn != engine_turn)
        pthread_cond_wait(&w->cond, &w->mutex);
}

static void *engine(void *arg)
{
    struct world *w = arg;
    pthread_mutex_lock(&w->mutex);
    wait_for(w, true);
    w->end = drain_run(&w->inside, &w->drain);
    w->over = true;
    w->engine_turn = false;
    pthread_cond_broadcast(&w->cond);
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

void world_yield(struct world *w)
{
    w->engine_turn = false;
    pthread_cond_broadcast(&w->cond);
    wait_for(w, true);
}

static void resume(struct world *w)
{
    pthread_mutex_lock(&w->mutex);
    w->engine_turn = true;
    pthread_cond_broadcast(&w->cond);
    wait_for(w, false);
    pthread_mutex_unlock(&w->mutex);
    if (w->over && w->alive) {
        pthread_join(w->thread, NULL);
        w->alive = false;
        store_close(w->inside.store);
        w->inside.store = NULL;
        w->inside.spare = false;
        w->frail.dead = false;
        w->kill = false;
    }
}

void world_start(struct world *w)
{
    assert_false(w->alive);
    w->frail.dead = w->over = w->kill = false;
    w->stop = 0;
    assert_int_equal(runtime_open_store(&w->inside), NT_OK);
    assert_false(w->inside.spare);
    struct store *frail = frail_store_new(w->inside.store, &w->frail);
    assert_non_null(frail);
    w->inside.store = frail;
    w->drain = (struct drain_options){.daemon = !w->options.send,
                                      .follow = !w->options.no_follow,
                                      .unlocked = w->options.unlocked,
                                      .listen_fd = -1,
                                      .socket = w->options.socket ? w->socket : NULL,
                                      .wake_fd = -1,
                                      .stop = &w->stop,
                                      .reload = &w->reload};
    w->starts++;
    w->alive = true;
    assert_int_equal(pthread_create(&w->thread, NULL, engine, w), 0);
}

void world_reload(struct world *w, const char *token)
{
    w->token = token;
    write_config(w);
    assert_int_equal(setenv("STATE_DIRECTORY", w->folder, 1), 0); /* for the last good copy */
    w->reload++;
}

void world_run(struct world *w, int64_t ms)
{
    w->run_until = w->clock.boot_ms + ms;
    while (w->clock.boot_ms < w->run_until && !*w->broken) {
        if (w->alive) {
            resume(w);
        } else if (w->respawn) {
            world_start(w);
        } else {
            fake_clock_advance(&w->clock, w->run_until - w->clock.boot_ms);
            fake_twilio_accept(&w->twilio);
        }
    }
    if (*w->broken) {
        char broken[sizeof w->broken];
        memcpy(broken, w->broken, sizeof broken);
        world_print(w);
        world_drop(w);
        fail_msg("%s", broken);
    }
}

void world_kill(struct world *w)
{
    if (!w->alive)
        return;
    w->kill = true;
    w->run_until = w->clock.boot_ms;
    resume(w);
    assert_false(w->alive);
}

enum nt_status world_stop(struct world *w)
{
    w->stop = 1;
    for (int i = 0; w->alive && i < 1000; i++)
        world_run(w, SECOND);
    assert_false(w->alive);
    return w->end;
}

void world_jump(struct world *w, int64_t ms)
{
    w->clock.wall_ms += ms;
    w->twilio.skew -= ms;
    if (w->jumps < WORLD_JUMPS)
        w->jump[w->jumps++] = w->clock.boot_ms;
}

int64_t world_now(const struct world *w)
{
    return w->clock.boot_ms - 100000000;
}

size_t world_alarmed(const struct world *w, const char *words)
{
    size_t n = 0;
    for (size_t i = 0; i < w->alarms; i++)
        n += strstr(w->alarm[i].text, words) != NULL;
    return n;
}

/* ---- monitors ---- */

enum nt_status world_order(struct world *w, const struct order *order, struct accepted *out)
{
    struct buf error;
    buf_init(&error, 4096);
    enum nt_status st = accept_order(&w->outside, order, out, &error);
    buf_clean(&error);
    return st;
}

static void fill_order(struct order *o, const char *source, const char *to, va_list pairs)
{
    order_init(o);
    assert_int_equal(order_set(&o->source, source ? source : "generic"), NT_OK);
    if (to)
        assert_int_equal(strlist_split(&o->to, to, ","), NT_OK);
    for (const char *pair; (pair = va_arg(pairs, const char *)) != NULL;) {
        const char *is = strchr(pair, '=');
        assert_non_null(is);
        assert_int_equal(kv_putn(&o->pairs, pair, (size_t)(is - pair), is + 1, strlen(is + 1)), NT_OK);
    }
}

int64_t world_alert(struct world *w, const char *source, const char *to, ...)
{
    struct order order;
    struct accepted accepted;
    va_list pairs;
    va_start(pairs, to);
    fill_order(&order, source, to, pairs);
    va_end(pairs);
    accepted_init(&accepted);
    enum nt_status st = world_order(w, &order, &accepted);
    assert_int_equal(st, NT_OK);
    int64_t id = accepted.n ? accepted.page[0]->id : 0;
    accepted_clean(&accepted);
    order_clean(&order);
    return id;
}

int64_t world_problem(struct world *w, const char *to, const char *host, const char *state)
{
    char at_host[80], in_state[80];
    snprintf(at_host, sizeof at_host, "host=%s", host);
    snprintf(in_state, sizeof in_state, "state=%s", state);
    return world_alert(w, NULL, to, at_host, "service=HTTP", in_state, "output=something is up", NULL);
}

static int call_socket(const struct world *w)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", w->socket);
    if (connect(fd, (const struct sockaddr *)(const void *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

static void put(struct frame *f, const char *key, const char *value)
{
    if (value && *value)
        assert_true(frame_put(f, key, value));
}

static bool send_order(int fd, const struct order *order)
{
    struct frame frame;
    char *memory = mem_alloc(FRAME_MAX);
    assert_non_null(memory);
    frame_init(&frame, memory);
    put(&frame, "notify_twilio", "1");
    put(&frame, "request", order->uuid);
    put(&frame, "source", order->source);
    for (size_t i = 0; i < order->to.n; i++)
        put(&frame, "to", order->to.item[i]);
    for (size_t i = 0; i < order->pairs.n; i++)
        put(&frame, order->pairs.pair[i].key, order->pairs.pair[i].value);
    bool sent = send(fd, frame.data, frame.len, MSG_NOSIGNAL) == (ssize_t)frame.len;
    mem_free(memory);
    return sent;
}

int world_connect(const struct world *w)
{
    int fd = call_socket(w);
    assert_true(fd >= 0);
    return fd;
}

void world_tell(int connection, const char *to, ...)
{
    char answer[8192];
    struct order order;
    va_list pairs;
    while (recv(connection, answer, sizeof answer, 0) > 0) {
    }
    va_start(pairs, to);
    fill_order(&order, NULL, to, pairs);
    va_end(pairs);
    assert_true(send_order(connection, &order));
    order_clean(&order);
}

char *world_offer(struct world *w, const struct order *order, int64_t wait)
{
    int fd = call_socket(w);
    if (fd < 0)
        return NULL;
    char *answer = mem_zalloc(FRAME_MAX);
    assert_non_null(answer);
    bool sent = send_order(fd, order), answered = false;
    for (int64_t end = world_now(w) + wait; sent && !answered;) {
        ssize_t n = recv(fd, answer, FRAME_MAX - 1, 0);
        answered = n > 0;
        if (n == 0 || world_now(w) >= end)
            break;
        if (!answered)
            world_run(w, 10);
    }
    close(fd);
    if (!answered) {
        mem_free(answer);
        answer = NULL;
    }
    return answer;
}

char *world_hand_over(struct world *w, const char *to, ...)
{
    struct order order;
    va_list pairs;
    va_start(pairs, to);
    fill_order(&order, NULL, to, pairs);
    va_end(pairs);
    char *answer = world_offer(w, &order, 10 * SECOND);
    assert_non_null(answer);
    order_clean(&order);
    return answer;
}

/* ---- looking ---- */

struct store *world_store(struct world *w)
{
    int64_t change;
    struct store *s = w->outside.store;
    enum nt_status st = s->ops->change(s, &change); /* opens anew where another file has taken its place */
    if (st != NT_OK)
        world_break(w, "the store cannot be read: %s", nt_status_text(st));
    return s;
}

struct page *world_page(struct world *w, int64_t id)
{
    struct page *p = NULL;
    struct store *s = world_store(w);
    enum nt_status st = s->ops->page_get(s, id, &p);
    assert_int_equal(st, NT_OK);
    return p;
}

enum page_state world_state(struct world *w, int64_t id)
{
    struct page *p = world_page(w, id);
    enum page_state state = p->state;
    page_free(p);
    return state;
}

static bool count_page(void *arg, const struct page *p)
{
    (void)p;
    ++*(size_t *)arg;
    return true;
}

size_t world_count(struct world *w, unsigned states)
{
    size_t n = 0;
    struct store *s = world_store(w);
    enum nt_status st =
        s->ops->pages(s, &(struct store_query){.kind = PAGES_IN_STATES, .states = states}, count_page, &n);
    assert_int_equal(st, NT_OK);
    return n;
}

struct newest {
    const char *number;
    unsigned flags;
    int64_t id;
};

static bool find_newest(void *arg, const struct page *p)
{
    struct newest *n = arg;
    if (!strcmp(p->number, n->number) && (p->flags & n->flags) == n->flags && p->id > n->id)
        n->id = p->id;
    return true;
}

int64_t world_newest(struct world *w, const char *number, unsigned flags)
{
    struct newest n = {number, flags, 0};
    struct store *s = world_store(w);
    enum nt_status st = s->ops->pages(s, &(struct store_query){.kind = PAGES_ALL}, find_newest, &n);
    assert_int_equal(st, NT_OK);
    return n.id;
}

struct words {
    const char *words;
    bool found;
};

static bool find_words(void *arg, const struct page_step *step)
{
    struct words *x = arg;
    x->found |= strstr(step->reason, x->words) != NULL;
    return true;
}

bool world_told(struct world *w, int64_t id, const char *words)
{
    struct words x = {words, false};
    struct store *s = world_store(w);
    enum nt_status st = s->ops->steps(s, id, find_words, &x);
    assert_int_equal(st, NT_OK);
    return x.found;
}

static bool print_step(void *arg, const struct page_step *step)
{
    const struct world *w = arg;
    print_message("    %10lld %s: %s\n", (long long)(step->at - (w->clock.wall_ms - world_now(w))),
                  page_state_name(step->state), step->reason);
    return true;
}

static bool print_page(void *arg, const struct page *p)
{
    struct world *w = arg;
    struct store *s = world_store(w);
    print_message("page %lld alert %lld %s %s%s %s%s %s/%s %s: %s flags %u merged %lld\n", (long long)p->id,
                  (long long)p->alert_id, p->number, alert_class_name(p->class),
                  p->flags & PAGE_DIGEST ? " digest" : "", alert_event_name(p->event),
                  p->flags & PAGE_AGAIN ? " again" : "", p->host, p->service, p->alert_state, page_state_name(p->state),
                  p->flags, (long long)p->merged_into);
    return s->ops->steps(s, p->id, print_step, w) == NT_OK;
}

void world_print(struct world *w)
{
    struct store *s = world_store(w);
    enum nt_status st = s->ops->pages(s, &(struct store_query){.kind = PAGES_ALL}, print_page, w);
    for (size_t i = 0; i < w->twilio.posts.n; i++) {
        const struct tw_post *p = &w->twilio.posts.item[i];
        print_message("request at %lld for page %lld to %s from %s: fault %d, message %ld: %.60s\n",
                      (long long)(p->boot - 100000000), (long long)p->page, p->to, p->sender, (int)p->kind, p->message,
                      p->body);
    }
    for (size_t i = 0; i < w->alarms; i++)
        print_message("alarm at %lld: %s\n", (long long)(w->alarm[i].at - 100000000), w->alarm[i].text);
    if (st != NT_OK)
        print_message("the store cannot be read: %s\n", nt_status_text(st));
}

void world_assert_state(struct world *w, int64_t id, enum page_state state, const char *file, int line)
{
    enum page_state is = world_state(w, id);
    if (is == state)
        return;
    world_print(w);
    print_error("page %lld is %s, not %s\n", (long long)id, page_state_name(is), page_state_name(state));
    world_drop(w);
    _fail(file, line);
}
