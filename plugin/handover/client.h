/*
 * client: offers a frame to the drainer's socket and waits for its answer. libc only.
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

/* timeout ms for everything. answer: NUL-terminated, cut at size - 1 bytes. */
enum handover_end handover_ask(const char *socket_path, const char *frame, size_t len, int64_t timeout, char *answer, size_t size);

#endif
