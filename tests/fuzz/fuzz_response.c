/* fuzz_response: any bytes as an answer; what comes out keeps its promises. The first byte chooses what the answer is
 * to. */
#include "fuzz.h"

#include "base/utf8.h"
#include "twilio/response.h"

#include <stdlib.h>
#include <string.h>

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void as_outcome(uint8_t choice, const char *body, size_t size)
{
    static const long status[] = {201, 200, 400, 401, 403, 404, 429, 500};
    struct http_result r = {.end = HTTP_ANSWERED,
                            .status = status[choice & 7],
                            .body = body,
                            .body_len = size,
                            .retry_after = choice & 8 ? INT64_MAX : -1,
                            .request_id = ""};
    struct outcome o;
    response_outcome(&r, choice & 16, choice & 32, &o);
    check((o.kind == OUTCOME_SENT) == (o.sid[0] != '\0'));
    check(o.kind != OUTCOME_SENT || r.status < 300);
    check(o.kind == OUTCOME_SENT || o.message[0]);
    check(utf8_valid(o.message, strlen(o.message)) && utf8_valid(o.status, strlen(o.status)));
    check(!strchr(o.message, '\n') && o.retry_after <= 3600000);
}

static void as_list(enum nt_status status, struct message_list *list)
{
    check(status == NT_OK || !list->n);
    for (size_t i = 0; i < list->n; i++) {
        const struct message *m = &list->item[i];
        check(*m->sid && strlen(m->sid) < OUTCOME_SID && m->status && m->from && m->to && m->body);
        check(m->messaging_service_sid && m->error_message && m->date_created >= 0 && m->segments >= 0);
    }
    check(list->next_page_uri != NULL);
    message_list_clean(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const char *body = (const char *)data + 1;
    struct message_list list;
    as_outcome(data[0], body, size - 1);
    as_list(response_list(body, size - 1, &list), &list);
    as_list(response_message(body, size - 1, &list), &list);
    return 0;
}
