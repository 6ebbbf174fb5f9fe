/*
 * dropin: `twilio-host-notification` and `twilio-service-notification` take the options that Icinga's mail scripts
 * take, so that an admin swaps one path in a NotificationCommand and nothing else. Older configurations pass the same
 * in the environment; options win over it.
 *
 * DIAGNOSTICS: an option that those scripts do not have is a usage error (64).
 */
#include "notify/dropin.h"

#include "ingest/ingest.h"
#include "notify/environment.h"
#include "notify/send.h"
#include "notify/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum nt_status take_environment(struct kv *env)
{
    extern char **environ;
    enum nt_status status = NT_OK;
    if (!environment_has_alert(environ))
        return NT_OK;
    for (char **e = environ; *e && status == NT_OK; e++) {
        const char *equals = strchr(*e, '=');
        if (environment_is_alert(*e) && equals)
            status = kv_putn(env, *e, (size_t)(equals - *e), equals + 1, strlen(equals + 1));
    }
    return status;
}

int dropin_run(int argc, char **argv, bool service)
{
    struct arguments a = {.wait = ARGUMENTS_WAIT};
    struct runtime r;
    struct order order;
    struct buf error;
    bool verbose = false;
    int status = EXIT_USAGE_ERROR;
    send_close_inherited();
    order_init(&order);
    buf_init(&error, 4096);
    enum nt_status st = icinga2_options(argc, argv, service, &order.pairs, &order.to, &verbose, &error);
    if (st == NT_OK)
        st = take_environment(&order.env);
    if (st == NT_OK)
        st = order_set(&order.source, "icinga2");
    random_uuid(order.uuid);
    if (st != NT_OK) {
        fprintf(stderr, "%s: %s\n", service ? "twilio-service-notification" : "twilio-host-notification",
                error.len ? buf_text(&error) : nt_status_text(st));
        status = st == NT_EINVAL ? EXIT_USAGE_ERROR : EXIT_TRY_AGAIN;
    } else if ((status = session_open(&r, NULL, false, verbose)) == EXIT_OK) {
        status = send_run(&r, &a, &order);
        runtime_close(&r);
    }
    order_clean(&order);
    buf_clean(&error);
    return status;
}
