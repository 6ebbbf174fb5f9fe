/*
 * trust: which root certificates TLS may rely on: the system's and the configured ca_file, never fewer checks.
 */
#ifndef NT_TWILIO_TRUST_H
#define NT_TWILIO_TRUST_H

#include "base/buf.h"
#include "base/status.h"

#include <stdbool.h>

struct trust {
    char *folder;    /* of hashed certificates, looked into as needed; "" = none: use the bundle from the start */
    char *bundle;    /* the system's whole list in one file; "" = the TLS library's own default */
    char *ca_file;   /* added to either; "" = none */
    bool whole;      /* the bundle is in use */
    struct buf both; /* bundle and ca_file as one text, once whole and when there is a ca_file */
};

/* The defaults are libcurl's, NULL for none. An unreadable ca_file is logged and left out. */
enum nt_status trust_init(struct trust *t, const char *default_folder, const char *default_bundle,
                          const char *ca_file) NT_MUST_USE;
void trust_clean(struct trust *t);
/* From the folder to the bundle, after a failed verification. False when it is in use already. */
bool trust_widen(struct trust *t);

#endif
