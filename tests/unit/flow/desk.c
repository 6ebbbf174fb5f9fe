/* desk: see the header. */
#include "desk.h"

#include "flow/accept.h"
#include "flow/order.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char config_text[] =
    "twilio:\n"
    "  account_sid: AC00000000000000000000000000000000\n"
    "  auth_token: 0123456789abcdef0123456789abcdef\n"
    "  senders: [{from: \"+15005550006\"}]\n"
    "contacts:\n"
    "  - {name: alice, aliases: [al], numbers: [\"" DESK_ALICE "\", \"" DESK_CAROL "\"]}\n"
    "  - {name: bob, numbers: [\"" DESK_BOB "\"], routine: false}\n"
    "groups:\n"
    "  - {name: oncall, members: [alice, bob]}\n"
    "log: {to: /dev/null}\n";

int desk_open(struct desk *d, const char *more)
{
    char path[128];
    struct problems problems;
    memset(d, 0, sizeof *d);
    strcpy(d->folder, "/tmp/nt-desk-XXXXXX");
    if (!mkdtemp(d->folder))
        return -1;
    snprintf(path, sizeof path, "%s/config.yaml", d->folder);
    FILE *f = fopen(path, "w");
    if (!f)
        return -1;
    fputs(config_text, f);
    fputs(more, f);
    fclose(f);
    problems_init(&problems);
    enum nt_status st = runtime_open(path, "/dev/null", &d->r, &problems);
    for (size_t i = 0; st != NT_OK && i < problems.n; i++)
        fprintf(stderr, "%s\n", problems.item[i].message);
    problems_clean(&problems);
    unlink(path);
    if (st != NT_OK || store_open("sqlite::memory:", &d->r.store, NULL) != NT_OK)
        return -1;
    fake_clock_init(&d->clock, INT64_C(1800000000000));
    d->r.clock = &d->clock.clock;
    return 0;
}

void desk_close(struct desk *d)
{
    runtime_close(&d->r);
    rmdir(d->folder);
}

void desk_begin(struct desk *d)
{
    assert_int_equal(d->r.store->ops->begin(d->r.store), NT_OK);
}

void desk_commit(struct desk *d)
{
    assert_int_equal(d->r.store->ops->commit(d->r.store), NT_OK);
}

int64_t desk_alert(struct desk *d, const char *to, const char *host, const char *state)
{
    struct order order;
    struct accepted accepted;
    struct buf error;
    order_init(&order);
    accepted_init(&accepted);
    buf_init(&error, 4096);
    assert_int_equal(order_set(&order.source, "generic"), NT_OK);
    assert_int_equal(strlist_add(&order.to, to), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "host", host), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "state", state), NT_OK);
    assert_int_equal(accept_order(&d->r, &order, &accepted, &error), NT_OK);
    assert_int_equal(accepted.n, 1);
    int64_t id = accepted.page[0]->id;
    order_clean(&order);
    accepted_clean(&accepted);
    buf_clean(&error);
    return id;
}

int64_t desk_forward(struct desk *d, int64_t ms)
{
    fake_clock_advance(&d->clock, ms);
    return runtime_now(&d->r);
}

int desk_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return -1;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        (void)unlinkat(dirfd(dir), e->d_name, 0);
    return closedir(dir);
}
