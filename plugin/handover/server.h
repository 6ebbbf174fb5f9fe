/*
 * server: the drainer's end of the hand-over: a SOCK_SEQPACKET socket, many clients, one epoll descriptor. libc only.
 */
#ifndef NT_HANDOVER_SERVER_H
#define NT_HANDOVER_SERVER_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct handover_server;
struct handover_client; /* one connection; stays valid until its request is answered */

/* Binds path (0660; a dead socket file is replaced, a living one is NT_EBUSY), or takes the descriptor passed by systemd (fd ≥ 0). */
enum nt_status handover_listen(const char *path, int fd, struct handover_server **out) NT_MUST_USE;
/* Closes all; removes the socket file if it is still ours. */
void handover_server_free(struct handover_server *s);
/* For the caller's event loop: readable when handover_receive has something. */
int handover_fd(const struct handover_server *s);
/* Each request that has come, at most max: accept connections, read packets. frame is borrowed for the call. */
typedef void handover_request(void *arg, struct handover_client *client, const char *frame, size_t len);
enum nt_status handover_receive(struct handover_server *s, int max, handover_request *request, void *arg) NT_MUST_USE;
/* One JSON packet back, once for each request; a client that has gone is no error. An answer that the client does not take,
 * or that is bigger than the kernel lets a packet be, ends its connection. */
void handover_answer(struct handover_server *s, struct handover_client *client, const char *json, size_t len);

#endif
