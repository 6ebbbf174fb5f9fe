/*
 * given: what a monitor hands over, as a table row can say it.
 *
 * Pairs and environment are lists of "NAME=VALUE", ended by NULL. Everything is owned by the struct given.
 */
#ifndef NT_TESTS_GIVEN_H
#define NT_TESTS_GIVEN_H

#include "base/mem.h"
#include "ingest/ingest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* 2026-11-23 09:20:00 UTC, in milliseconds. */
#define GIVEN_NOW INT64_C(1795425600000)

struct given {
    struct ingest_input in;
    struct kv pairs, env;
    struct strlist urgent;
    struct buf error;
    struct alert *alert;
};

static inline void given_list(struct kv *kv, const char *const *list)
{
    for (; list && *list; list++) {
        const char *equals = strchr(*list, '=');
        assert_non_null(equals);
        assert_int_equal(kv_putn(kv, *list, (size_t)(equals - *list), equals + 1, strlen(equals + 1)), NT_OK);
    }
}

static inline void given_init(struct given *g, const char *source, const char *const *pairs, const char *const *env)
{
    static const char *const urgent[] = {"CRITICAL", "DOWN", "UNREACHABLE", "UNKNOWN"};
    *g = (struct given){.in = {.source = source, .now = GIVEN_NOW}};
    kv_init(&g->pairs);
    kv_init(&g->env);
    strlist_init(&g->urgent);
    buf_init(&g->error, 1000);
    given_list(&g->pairs, pairs);
    given_list(&g->env, env);
    for (size_t i = 0; i < sizeof urgent / sizeof *urgent; i++)
        assert_int_equal(strlist_add(&g->urgent, urgent[i]), NT_OK);
    g->in.pairs = &g->pairs;
    g->in.env = &g->env;
    g->in.urgent_states = &g->urgent;
}

static inline const struct alert *given_read(struct given *g)
{
    alert_free(g->alert);
    g->alert = NULL;
    enum nt_status status = ingest(&g->in, &g->alert, &g->error);
    if (status)
        print_message("%s: %s\n", nt_status_text(status), buf_text(&g->error));
    assert_int_equal(status, NT_OK);
    assert_non_null(g->alert);
    return g->alert;
}

static inline void given_clean(struct given *g)
{
    alert_free(g->alert);
    kv_clean(&g->pairs);
    kv_clean(&g->env);
    strlist_clean(&g->urgent);
    buf_clean(&g->error);
}

/* Fails each allocation of ingest() once: it must say so and leak nothing (the leak checker looks). */
static inline void given_fails_each_allocation(struct given *g)
{
    unsigned long n = 1;
    for (;; n++) {
        struct alert *a = NULL;
        mem_fail_at(n);
        enum nt_status status = ingest(&g->in, &a, &g->error);
        int failed = mem_failed();
        mem_fail_at(0);
        if (!failed) {
            assert_int_equal(status, NT_OK);
            alert_free(a);
            break;
        }
        assert_int_equal(status, NT_ENOMEM);
        assert_null(a);
    }
    assert_true(n > 20);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
