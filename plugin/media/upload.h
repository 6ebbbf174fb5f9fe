/* upload: a picture sent by PUT, and what the answer means; what put and s3 share. */
#ifndef NT_MEDIA_UPLOAD_H
#define NT_MEDIA_UPLOAD_H

#include "base/strlist.h"
#include "media/publisher.h"

struct upload {
    struct publication base;
    struct transport_call *call;
    char *link; /* where it will be found */
};

/* Sends the picture to the URL. Ends the publication with the link, or with why not. `remember`: it is to be deleted
 * one day (media/published.h). Headers and URL are copied. */
enum nt_status upload_start(struct upload *u, const char *url, const char *link, const struct strlist *headers,
                            bool remember) NT_MUST_USE;
void upload_clean(struct publication *p);

/* "HTTP 403 (SignatureDoesNotMatch)", or why there was no answer. */
void upload_words(const struct transport_result *r, char *out, size_t size);

#endif
