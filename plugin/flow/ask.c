/*
 * ask: the control requests of the hand-over socket, from our own side.
 */
#include "flow/ask.h"

#include "base/mem.h"
#include "handover/client.h"
#include "handover/frame.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { ASK_ANSWER = 16 * 1024, ASK_WORDS = 4096 };

void drainer_status_init(struct drainer_status *s)
{
    memset(s, 0, sizeof *s);
    buf_init(&s->trouble, ASK_WORDS);
    buf_init(&s->last_good, ASK_WORDS);
}

void drainer_status_clean(struct drainer_status *s)
{
    buf_clean(&s->trouble);
    buf_clean(&s->last_good);
}

static enum nt_status read_answer(const char *text, struct drainer_status *out)
{
    cJSON *root = cJSON_Parse(text);
    const cJSON *pid = cJSON_GetObjectItemCaseSensitive(root, "pid");
    const cJSON *drainer = cJSON_GetObjectItemCaseSensitive(root, "drainer");
    const cJSON *trouble = cJSON_GetObjectItemCaseSensitive(root, "trouble");
    const cJSON *last_good = cJSON_GetObjectItemCaseSensitive(root, "last_good");
    enum nt_status st = NT_EIO;
    if (cJSON_IsNumber(pid) && cJSON_IsString(drainer)) {
        out->pid = (long)pid->valuedouble;
        out->daemon = !strcmp(drainer->valuestring, "serve");
        out->spare = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "spare"));
        if (cJSON_IsString(trouble))
            buf_adds(&out->trouble, trouble->valuestring);
        if (cJSON_IsString(last_good))
            buf_adds(&out->last_good, last_good->valuestring);
        st = NT_OK;
    }
    cJSON_Delete(root);
    return st;
}

enum nt_status ask_drainer(const char *socket, enum ask_what what, int64_t timeout, struct drainer_status *out)
{
    enum nt_status st = NT_ENOMEM;
    struct frame frame;
    char *memory = mem_alloc(FRAME_MAX), *answer = mem_alloc(ASK_ANSWER);
    if (!memory || !answer)
        goto done;
    frame_init(&frame, memory);
    frame_put(&frame, "notify_twilio", "1");
    frame_put(&frame, "control", what == ASK_LEAVE ? "leave" : "status");
    switch (handover_ask(socket, frame.data, frame.len, timeout, answer, ASK_ANSWER)) {
    case HANDOVER_ANSWERED:
        st = read_answer(answer, out);
        break;
    case HANDOVER_NOBODY:
        st = NT_ENOENT;
        break;
    case HANDOVER_DENIED:
        st = NT_EACCES;
        break;
    case HANDOVER_SILENT:
        st = NT_ETIMEOUT;
        break;
    case HANDOVER_FAILED:
        st = NT_EIO;
        break;
    }
done:
    mem_free(memory);
    mem_free(answer);
    return st;
}
