/* exchange: the simulator's side of HTTP, as callbacks for libmicrohttpd (its only user besides the main program). */
#ifndef SIM_EXCHANGE_H
#define SIM_EXCHANGE_H

#include <microhttpd.h>

/* cls is the struct sim of all of them. */
void *exchange_begin(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                const char *version, const char *data, size_t *size, void **con_cls);
void exchange_end(void *cls, struct MHD_Connection *connection, void **con_cls, enum MHD_RequestTerminationCode why);
void exchange_link(void *cls, struct MHD_Connection *connection, void **socket_context,
                   enum MHD_ConnectionNotificationCode code);

#endif
