/* url: takes a URL apart, strictly. */
#ifndef NT_TWILIO_URL_H
#define NT_TWILIO_URL_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { URL_HOST = 256, URL_SECRET = 256, URL_LENGTH = 8192 };

struct url {
    char scheme[8];                              /* lower case */
    char host[URL_HOST];                         /* IPv6 in brackets */
    int port;                                    /* 0 = not given */
    bool credentials;                            /* user or password were given */
    char user[URL_SECRET], password[URL_SECRET]; /* percent-decoded */
};

/* NT_EINVAL for anything but scheme://[user[:password]@]host[:port][/…]. */
enum nt_status url_parse(const char *text, struct url *out) NT_MUST_USE;
/* localhost, 127.x.y.z or [::1]. */
bool url_is_loopback(const struct url *u);

#endif
