/* tls: a certificate authority and HTTPS servers made with the openssl command, for tests of trust. */
#ifndef NT_TESTS_TWILIO_TLS_H
#define NT_TESTS_TWILIO_TLS_H

#include <stdio.h>
#include <sys/types.h>

struct tls {
    char folder[64];
    char ca_file[96];
    pid_t pid;
    FILE *said; /* its output */
    int input;  /* it ends with this */
    int port;
};

/* A server on 127.0.0.1 that answers every GET with 200, and whose certificate names localhost and pager.invalid. */
void tls_start(struct tls *t);
/* One that answers with what the file "answer" in its folder holds, which is the whole of it, to "GET /answer". */
void tls_start_files(struct tls *t);
void tls_stop(struct tls *t);

#endif
