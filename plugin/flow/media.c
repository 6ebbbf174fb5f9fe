/*
 * media: pictures travel only to numbers in media_prefixes (carriers elsewhere refuse MMS); the others get the text,
 * with the link when it fits.
 */
#include "flow/media.h"

#include "base/buf.h"
#include "sms/segment.h"

#include <string.h>

enum { WITH_LINK_MAX = 8192, BODY_CHARACTERS = 1600 };

static bool may_have_media(const struct config *c, const char *number)
{
    for (size_t i = 0; i < c->media_prefixes.n; i++)
        if (!strncmp(number, c->media_prefixes.item[i], strlen(c->media_prefixes.item[i])))
            return true;
    return false;
}

enum nt_status media_limit(const struct config *c, struct page *p)
{
    struct buf text;
    if (!p->media.n || !*p->number || may_have_media(c, p->number))
        return NT_OK;
    enum nt_status st = NT_OK;
    int limit = p->max_segments > 0 ? p->max_segments : c->message.max_segments;
    buf_init(&text, WITH_LINK_MAX);
    if (buf_addf(&text, "%s\n%s", p->body, p->media.item[0]) == NT_OK) {
        struct sms_count count = sms_count(buf_text(&text), text.len);
        if (count.segments <= limit && text.len <= BODY_CHARACTERS &&
            count.encoding == (p->flags & PAGE_UCS2 ? SMS_UCS2 : SMS_GSM7)) {
            st = page_set(&p->body, buf_text(&text));
            p->segments = count.segments;
        }
    }
    buf_clean(&text);
    strlist_clean(&p->media);
    strlist_init(&p->media);
    return st;
}
