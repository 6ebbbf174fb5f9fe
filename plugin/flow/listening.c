/*
 * listening: the drainer's socket, and that it is still there.
 */
#include "flow/engine.h"

#include "base/log.h"

#include <sys/stat.h>

void listening_start(struct drainer *d)
{
    const struct drain_options *o = d->o;
    if (d->server || (!o->socket && o->listen_fd < 0))
        return;
    enum nt_status st = handover_listen(o->socket, o->listen_fd, &d->server);
    if (st != NT_OK)
        log_warning("cannot listen on %s: %s; alerts reach the store all the same",
                    o->socket ? o->socket : "the socket passed in", nt_status_text(st));
}

void listening_check(struct drainer *d)
{
    struct stat st;
    if (!d->o->socket || d->o->listen_fd >= 0 || d->leaving)
        return;
    if (d->server && stat(d->o->socket, &st) == 0)
        return;
    if (d->server)
        log_warning("the socket %s has gone: listening anew", d->o->socket);
    handover_server_free(d->server);
    d->server = NULL;
    enum nt_status s = handover_listen(d->o->socket, -1, &d->server);
    if (s != NT_OK && d->o->daemon)
        log_error("cannot listen on %s: %s; alerts reach the store all the same, a little later", d->o->socket,
                  nt_status_text(s));
}
