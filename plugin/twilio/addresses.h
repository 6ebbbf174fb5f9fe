/*
 * addresses: the last good IP addresses of the hosts we talk to, for when names cannot be resolved.
 */
#ifndef NT_TWILIO_ADDRESSES_H
#define NT_TWILIO_ADDRESSES_H

#include "base/buf.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { ADDRESSES_HOSTS = 8, ADDRESSES_EACH = 4, ADDRESS_HOST = 256, ADDRESS_IP = 46 };

struct address_host {
    char name[ADDRESS_HOST];
    int port;
    char ip[ADDRESSES_EACH][ADDRESS_IP]; /* the last used first; "" = none */
};

struct addresses {
    struct address_host host[ADDRESSES_HOSTS]; /* the last used first */
    int n;
    char *path; /* "" = in memory alone */
    bool loaded, changed;
};

enum nt_status addresses_init(struct addresses *a, const char *path) NT_MUST_USE;
void addresses_clean(struct addresses *a);
/* A connection to host:port at ip was good. */
void addresses_note(struct addresses *a, const char *host, int port, const char *ip);
/* Appends "ip,ip,…" (IPv6 in brackets); nothing when none is known. */
enum nt_status addresses_find(struct addresses *a, const char *host, int port, struct buf *out) NT_MUST_USE;
/* Writes the file when something changed and the file is at least a minute old. now: ms since the epoch. */
void addresses_save(struct addresses *a, int64_t now);

#endif
