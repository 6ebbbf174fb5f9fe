/*
 * response: reads Twilio's answers, and says what they mean.
 *
 * Every value of the JSON may be missing, null, or of another type than the documentation has it (numbers come as
 * strings and the other way round); readers below give an empty value then. Strings of a message_list belong to the
 * parsed JSON, which the list owns.
 *
 * How an answer to a new message is judged, the first that holds:
 *     no complete answer           never sent → retry; else ambiguous
 *     2xx                          sent, when there is a SID; else ambiguous
 *     5xx, 408                     ambiguous, whatever the body says: creating a message is not idempotent
 *     401, 1xx, 3xx                account: wrong credentials or a wrong base_url concern every page alike
 *     a code of the table          as it says there
 *     425, 429                     retry
 *     402, 404, 407, 403 that is not Twilio's   account: something in between, or the wrong place
 *     any other 4xx                refused, with an alarm, since nobody knows why
 *
 * DIAGNOSTICS: response_outcome() cannot fail; without memory for the parsing a 2xx is ambiguous and the rest is judged
 * by status. The others return NT_EINVAL for a body that is not what was asked for, NT_ENOMEM, NT_ETOOBIG.
 */
#include "twilio/response.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "twilio/date.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_AFTER_MAX = 60 * 60 * 1000 };

/* "" unless it is a string. */
static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(v) && v->valuestring ? v->valuestring : "";
}

/* A whole number from 0 to a million, as a number or a string of digits; else 0. */
static int int_of(const cJSON *object, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, name);
    double d = 0;
    if (cJSON_IsNumber(v)) {
        d = v->valuedouble;
    } else if (cJSON_IsString(v) && v->valuestring) {
        const char *s = v->valuestring;
        size_t len = strspn(s, "0123456789");
        if (len && len <= 7 && !s[len])
            d = (double)strtol(s, NULL, 10);
    }
    return d >= 0 && d <= 1000000 && d == (int)d ? (int)d : 0;
}

/* Letters and digits alone, and short enough to be kept: it will be part of URLs. */
static bool is_sid(const char *s)
{
    size_t len = 0;
    for (; s[len]; len++) {
        char c = s[len];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
            return false;
    }
    return len > 0 && len < OUTCOME_SID;
}

/* Appends text to out: valid UTF-8, on one line, cut between characters. */
static void put_text(char *out, size_t size, const char *text)
{
    size_t at = strlen(out), len = strlen(text);
    while (len) {
        uint32_t cp = 0;
        size_t n = utf8_next(text, len, &cp), take = n ? n : 1;
        const char *piece = text;
        if (!n)
            piece = "?";
        else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
            piece = " ";
        size_t piece_len = piece == text ? n : 1;
        if (at + piece_len >= size)
            break;
        memcpy(out + at, piece, piece_len);
        at += piece_len;
        text += take;
        len -= take;
    }
    out[at] = '\0';
}

static const char *status_meaning(long status)
{
    switch (status) {
    case 401:
        return "Twilio does not accept the credentials";
    case 402:
        return "payment required";
    case 403:
        return "access denied";
    case 404:
        return "not found: account_sid or base_url is wrong";
    case 407:
        return "the proxy wants credentials";
    case 408:
        return "the server waited too long for the request";
    case 425:
    case 429:
        return "too many requests";
    default:
        break;
    }
    if (status >= 500)
        return "an error inside Twilio or a server in between";
    if (status >= 300 && status < 400)
        return "a redirection, which is not followed: base_url is wrong";
    return "the request was refused";
}

/* The code's meaning, then Twilio's own words, then what identifies the answer. */
static void explain(const struct error_entry *e, const char *words, struct outcome *out)
{
    char tail[48];
    size_t room = sizeof out->message - sizeof tail;
    put_text(out->message, room, e ? e->meaning : *words ? words : status_meaning(out->http_status));
    if (e && *words && strcmp(words, e->meaning) != 0) {
        put_text(out->message, room, ": ");
        put_text(out->message, room, words);
    }
    if (out->code)
        snprintf(tail, sizeof tail, " (Twilio %d, HTTP %ld)", out->code, out->http_status);
    else
        snprintf(tail, sizeof tail, " (HTTP %ld)", out->http_status);
    put_text(out->message, sizeof out->message, tail);
}

static void follow_advice(const struct error_entry *e, bool has_media, bool has_callback, struct outcome *out)
{
    out->alarm = e->alarm;
    out->opted_out = e->opted_out;
    switch (e->advice) {
    case ADVICE_RETRY:
    case ADVICE_RETRY_ONCE: /* an error answer: nothing was processed */
        out->kind = OUTCOME_RETRY;
        break;
    case ADVICE_NEXT_SENDER:
        out->kind = OUTCOME_NEXT_SENDER;
        break;
    case ADVICE_TEXT_ONLY:
        out->kind = has_media ? OUTCOME_TEXT_ONLY : OUTCOME_REFUSED;
        break;
    case ADVICE_NO_CALLBACK:
        out->kind = has_callback ? OUTCOME_NO_CALLBACK : OUTCOME_REFUSED;
        break;
    case ADVICE_AMBIGUOUS:
        out->kind = OUTCOME_AMBIGUOUS;
        break;
    case ADVICE_ACCOUNT:
        out->kind = OUTCOME_ACCOUNT;
        break;
    case ADVICE_REFUSED:
    case ADVICE_UNKNOWN:
        out->kind = OUTCOME_REFUSED;
        break;
    }
}

static void judge_error(const cJSON *json, bool has_media, bool has_callback, struct outcome *out)
{
    long status = out->http_status;
    out->code = int_of(json, "code");
    const struct error_entry *e = out->code ? error_lookup(out->code) : NULL;

    if (status >= 500 || status == 408) {
        out->kind = OUTCOME_AMBIGUOUS;
    } else if (status == 401 || status < 400) { /* NOLINT(bugprone-branch-clone): whatever the error's code says */
        out->kind = OUTCOME_ACCOUNT;
        out->alarm = true;
    } else if (e) {
        follow_advice(e, has_media, has_callback, out);
    } else if (status == 425 || status == 429) {
        out->kind = OUTCOME_RETRY;
    } else if (status == 402 || status == 404 || status == 407 || (status == 403 && !out->code)) {
        out->kind = OUTCOME_ACCOUNT;
        out->alarm = true;
    } else {
        out->kind = OUTCOME_REFUSED;
        out->alarm = true;
    }
    explain(e, text_of(json, "message"), out);
}

static void judge_created(const cJSON *json, struct outcome *out)
{
    const char *sid = text_of(json, "sid");
    if (!is_sid(sid)) {
        out->kind = OUTCOME_AMBIGUOUS;
        char text[64];
        snprintf(text, sizeof text, "an answer without a message's SID (HTTP %ld)", out->http_status);
        put_text(out->message, sizeof out->message, text);
        return;
    }
    out->kind = OUTCOME_SENT;
    out->code = int_of(json, "error_code");
    out->segments = int_of(json, "num_segments");
    put_text(out->sid, sizeof out->sid, sid);
    put_text(out->status, sizeof out->status, text_of(json, "status"));
}

void response_outcome(const struct http_result *r, bool has_media, bool has_callback, struct outcome *out)
{
    *out = (struct outcome){.retry_after = -1};
    put_text(out->request_id, sizeof out->request_id, r->request_id ? r->request_id : "");
    if (r->end != HTTP_ANSWERED) {
        bool safe = r->end == HTTP_NEVER_SENT;
        out->kind = safe ? OUTCOME_RETRY : OUTCOME_AMBIGUOUS;
        out->alarm = r->trust;
        const char *words = r->error && *r->error ? r->error : safe ? "no connection" : "no answer";
        put_text(out->message, sizeof out->message, words);
        return;
    }
    out->http_status = r->status;
    if (r->retry_after >= 0)
        out->retry_after = r->retry_after < RETRY_AFTER_MAX ? r->retry_after : RETRY_AFTER_MAX;
    cJSON *json = r->body ? cJSON_ParseWithLength(r->body, r->body_len) : NULL;
    if (r->status >= 200 && r->status < 300)
        judge_created(json, out);
    else
        judge_error(json, has_media, has_callback, out);
    cJSON_Delete(json);
}

/* Adds the message of an object; one without a SID is nobody's and left out. */
static void add_message(struct message_list *list, const cJSON *object)
{
    struct message m = {
        .sid = text_of(object, "sid"),
        .status = text_of(object, "status"),
        .from = text_of(object, "from"),
        .to = text_of(object, "to"),
        .body = text_of(object, "body"),
        .messaging_service_sid = text_of(object, "messaging_service_sid"),
        .error_message = text_of(object, "error_message"),
        .error_code = int_of(object, "error_code"),
        .segments = int_of(object, "num_segments"),
    };
    if (!is_sid(m.sid))
        return;
    if (!date_parse(text_of(object, "date_created"), &m.date_created))
        m.date_created = 0;
    list->item[list->n++] = m;
}

/* Takes json over, on failure as well. array: its messages; NULL = json is the one. */
static enum nt_status fill(cJSON *json, const cJSON *array, struct message_list *out)
{
    size_t n = array ? (size_t)cJSON_GetArraySize(array) : 1;
    *out = (struct message_list){.next_page_uri = "", .private = json};
    out->item = mem_array(n ? n : 1, sizeof *out->item);
    if (!out->item) {
        message_list_clean(out);
        return NT_ENOMEM;
    }
    if (!array) {
        add_message(out, json);
        return NT_OK;
    }
    const cJSON *each;
    cJSON_ArrayForEach(each, array) add_message(out, each);
    out->next_page_uri = text_of(json, "next_page_uri");
    return NT_OK;
}

enum nt_status response_list(const char *body, size_t len, struct message_list *out)
{
    *out = (struct message_list){.next_page_uri = ""};
    cJSON *json = cJSON_ParseWithLength(body, len);
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(json, "messages");
    if (!cJSON_IsObject(json) || !cJSON_IsArray(array)) {
        cJSON_Delete(json);
        return NT_EINVAL;
    }
    return fill(json, array, out);
}

enum nt_status response_message(const char *body, size_t len, struct message_list *out)
{
    *out = (struct message_list){.next_page_uri = ""};
    cJSON *json = cJSON_ParseWithLength(body, len);
    if (!cJSON_IsObject(json) || !is_sid(text_of(json, "sid"))) {
        cJSON_Delete(json);
        return NT_EINVAL;
    }
    return fill(json, NULL, out);
}

void message_list_clean(struct message_list *l)
{
    mem_free(l->item);
    cJSON_Delete(l->private);
    *l = (struct message_list){.next_page_uri = ""};
}
