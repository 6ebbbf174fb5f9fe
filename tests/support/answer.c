/*
 * answer: what goes out: the answer as it should be, or the wreck a fault makes of it.
 *
 * A reset is a true RST: the socket is disconnected by connect(AF_UNSPEC), after which the kernel sends one at once;
 * the HTTP library then finds a dead socket. A close is a FIN: shutdown() before the library is told to give up.
 */
#include "answer.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int answer_socket(const struct exchange *x)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

void answer_error(struct exchange *x, const char *message)
{
    struct json j;
    char link[64];
    buf_reset(&x->answer);
    json_begin(&j, &x->answer);
    json_object(&j);
    json_key(&j, "code");
    if (x->code)
        json_int(&j, x->code);
    else
        json_null(&j);
    json_key(&j, "message");
    json_string(&j, message);
    json_key(&j, "more_info");
    snprintf(link, sizeof link, "https://www.twilio.com/docs/errors/%d", x->code);
    json_string(&j, link);
    json_key(&j, "status");
    json_int(&j, x->status);
    json_end(&j);
}

enum MHD_Result answer_reset(struct exchange *x)
{
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    connect(answer_socket(x), &nobody, sizeof nobody);
    return MHD_NO;
}

enum MHD_Result answer_close(struct exchange *x)
{
    shutdown(answer_socket(x), SHUT_RDWR);
    return MHD_NO;
}

struct half {
    size_t len;
    char text[];
};

static ssize_t half_read(void *cls, uint64_t at, char *out, size_t max)
{
    const struct half *h = cls;
    if (at >= h->len)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t n = h->len - (size_t)at < max ? h->len - (size_t)at : max;
    memcpy(out, h->text + at, n);
    return (ssize_t)n;
}

static void half_free(void *cls)
{
    mem_free(cls);
}

static struct MHD_Response *response_of(struct exchange *x)
{
    size_t len = x->answer.len;
    if (x->action == FAULT_SHORT) {
        struct half *h = need(mem_alloc(sizeof *h + len));
        h->len = len / 2;
        memcpy(h->text, buf_text(&x->answer), h->len);
        return need(MHD_create_response_from_callback(len, 4096, half_read, h, half_free));
    }
    /* Freed by the library with free(), so it gets a copy of its own. */
    return need(MHD_create_response_from_buffer(len, x->answer.len ? x->answer.data : x->path, MHD_RESPMEM_MUST_COPY));
}

enum MHD_Result answer_send(struct exchange *x)
{
    struct MHD_Response *r = response_of(x);
    MHD_add_response_header(r, "Content-Type", x->action == FAULT_GARBAGE ? "text/html" : "application/json");
    if (!x->control)
        MHD_add_response_header(r, "Twilio-Request-Id", x->request_id);
    if (x->status == 401)
        MHD_add_response_header(r, "WWW-Authenticate", "Basic realm=\"Twilio API\"");
    if (x->retry_after >= 0) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)x->retry_after);
        MHD_add_response_header(r, "Retry-After", text);
    }
    if (x->header) {
        char *colon = strchr(x->header, ':');
        if (colon) {
            *colon = '\0';
            MHD_add_response_header(r, x->header, colon + 1 + strspn(colon + 1, " "));
        }
    }
    enum MHD_Result result = MHD_queue_response(x->connection, (unsigned)x->status, r);
    MHD_destroy_response(r);
    return result;
}

/* The words of a fault take the place of the answer's. Needs the lock. */
void answer_distort(struct exchange *x)
{
    static const char html[] = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n";
    switch (x->action) {
    case FAULT_STATUS:
        x->status = x->fault_status;
        x->code = x->fault_code;
        if (x->fault_body) {
            buf_reset(&x->answer);
            buf_adds(&x->answer, x->fault_body);
        } else {
            answer_error(x, x->fault_message ? x->fault_message : "The simulator was asked to refuse this");
        }
        break;
    case FAULT_GARBAGE:
        x->status = x->fault_status ? x->fault_status : x->status;
        buf_reset(&x->answer);
        buf_adds(&x->answer, x->fault_body ? x->fault_body : html);
        break;
    case FAULT_TRUNCATE:
        buf_truncate(&x->answer, x->answer.len / 2);
        break;
    case FAULT_NO_SID: {
        char *at = x->answer.data ? strstr(x->answer.data, "\"sid\":\"") : NULL;
        char *end = at ? strchr(at + 7, ',') : NULL;
        if (end) {
            size_t tail = x->answer.len - (size_t)(end + 1 - x->answer.data);
            memmove(at, end + 1, tail);
            buf_truncate(&x->answer, (size_t)(at - x->answer.data) + tail);
        }
        break;
    }
    default:
        break;
    }
}
