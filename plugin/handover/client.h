/*
 * client: offers a frame to the drainer's socket and waits for its answer. libc only.
 *
 * handover_ask() makes a connection for one request; a link keeps it for the next one.
 */
#ifndef NT_HANDOVER_CLIENT_H
#define NT_HANDOVER_CLIENT_H

#include <stddef.h>
#include <stdint.h>

enum handover_end {
    HANDOVER_ANSWERED, /* answer holds a JSON packet */
    HANDOVER_NOBODY,   /* no socket, nobody listening: errno says which */
    HANDOVER_DENIED,   /* permission denied: to be logged as such */
    HANDOVER_SILENT,   /* sent, but no answer within the time (errno ETIMEDOUT), or the connection broke: the request may have been
                        * taken, or be taken until its deadline */
    HANDOVER_FAILED    /* anything else: errno */
};

struct handover_link {
    int fd; /* −1: no connection */
};

/* timeout ms for everything. answer: NUL-terminated, cut at size - 1 bytes. */
enum handover_end handover_ask(const char *socket_path, const char *frame, size_t len, int64_t timeout, char *answer, size_t size);

void handover_link_init(struct handover_link *link);
void handover_link_close(struct handover_link *link);
/* The same over the link's connection. One that the other end has closed meanwhile, or on which something came that was
 * not asked for, is replaced by a new one. Only after HANDOVER_ANSWERED is the connection kept: an answer that comes too
 * late can never be taken for that of the next request. */
enum handover_end handover_link_ask(struct handover_link *link, const char *socket_path, const char *frame, size_t len, int64_t timeout,
                                    char *answer, size_t size);

#endif
