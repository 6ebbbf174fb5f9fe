/*
 * channel_request: what Icinga Notifications says to a channel, one JSON object a line.
 *
 * Two dialects are spoken: JSON-RPC 2.0, and the plain one of its early versions, which has no `jsonrpc` member.
 */
#ifndef NT_INGEST_CHANNEL_REQUEST_H
#define NT_INGEST_CHANNEL_REQUEST_H

#include "base/buf.h"
#include "base/kv.h"
#include "base/strlist.h"

#include <stdbool.h>

enum channel_dialect { CHANNEL_JSONRPC, CHANNEL_PLAIN };
enum channel_method { CHANNEL_GET_INFO, CHANNEL_SET_CONFIG, CHANNEL_SEND_NOTIFICATION };

/* JSON-RPC's codes of what is wrong. */
enum channel_fault {
    CHANNEL_SOUND = 0,
    CHANNEL_NO_JSON = -32700,
    CHANNEL_NO_REQUEST = -32600,
    CHANNEL_NO_METHOD = -32601,
    CHANNEL_BAD_PARAMS = -32602,
    CHANNEL_FAILED = -32603
};

enum { CHANNEL_SEGMENTS_MAX = 10, CHANNEL_WAIT = 10, CHANNEL_WAIT_MAX = 60, CHANNEL_ID_MAX = 128 };

/* What SetConfig sets. A text is NULL, and a number −1, where nothing is set. */
struct channel_settings {
    char *config;     /* an absolute path */
    char *from;       /* a sender */
    int max_segments; /* 1 to CHANNEL_SEGMENTS_MAX */
    int wait;         /* seconds, 0 to CHANNEL_WAIT_MAX */
};

struct channel_request {
    enum channel_dialect dialect;
    enum channel_method method;
    enum channel_fault fault;
    bool silent;                      /* a notification of JSON-RPC: carried out, never answered */
    char id[CHANNEL_ID_MAX];          /* as JSON: 7, "a7", null */
    struct channel_settings settings; /* SetConfig */
    struct kv macros;                 /* SendNotification: Icinga 2's names */
    struct strlist to;                /* SendNotification: whom; empty: the macros say it */
};

void channel_settings_init(struct channel_settings *s);
void channel_settings_clean(struct channel_settings *s);

/* dialect: what to answer in when the line does not tell (the last one that was spoken). */
void channel_request_init(struct channel_request *r, enum channel_dialect dialect);
void channel_request_clean(struct channel_request *r);

/* type: the channel's own type; contacts' addresses of that type are for it. out: as after channel_request_init(), and
 * for channel_request_clean() in any case. NT_EINVAL: fault and words say what is wrong; id and dialect are those of
 * the request as far as they can be known. NT_ENOENT: an answer to something, not a request. NT_ENOMEM. */
enum nt_status channel_request_read(const char *line, size_t len, const char *type, struct channel_request *out,
                                    struct buf *error) NT_MUST_USE;

#endif
