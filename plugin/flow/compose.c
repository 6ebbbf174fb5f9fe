/*
 * compose: from an alert to the words on a phone.
 *
 * DIAGNOSTICS: only NT_ENOMEM can fail; a faulty template is logged by the template stage and rendered as far as it
 * goes.
 */
#include "flow/compose.h"

#include "template/rendering.h"

#include <string.h>

enum { TEXT_MAX = 256 * 1024 };

enum sms_mode compose_mode(const struct config *c)
{
    switch (c->message.encoding) {
    case CONFIG_ENCODING_GSM7:
        return SMS_FORCE_GSM7;
    case CONFIG_ENCODING_UCS2:
        return SMS_FORCE_UCS2;
    case CONFIG_ENCODING_AUTO:
        break;
    }
    return SMS_AUTO;
}

static const struct config_contact *contact_of(const struct config *c, const char *name)
{
    if (*name)
        for (size_t i = 0; i < c->contacts; i++)
            if (!strcmp(c->contact[i].name, name))
                return &c->contact[i];
    return NULL;
}

static struct render_options options_of(const struct runtime *r, const struct page *page, int64_t late)
{
    const struct config_contact *who = contact_of(r->config, page->contact);
    return (struct render_options){
        .contact = page->contact,
        .number = page->number,
        .timezone = who && *who->timezone ? who->timezone : r->config->message.timezone,
        .now = runtime_now(r),
        .late = late,
    };
}

static int segments_of(const struct runtime *r, const struct page *page)
{
    return page->max_segments > 0 ? page->max_segments : r->config->message.max_segments;
}

enum nt_status compose_alert(struct runtime *r, const struct alert *alert, const struct page *page, int64_t late,
                             struct sms_text *out)
{
    struct render_options o = options_of(r, page, late);
    struct rendering text;
    rendering_init(&text, TEXT_MAX);
    enum nt_status st =
        template_render_alert(r->templates, *page->template_name ? page->template_name : NULL, alert, &o, &text);
    if (st == NT_OK)
        st = sms_fit(&text, compose_mode(r->config), segments_of(r, page), out);
    rendering_clean(&text);
    return st;
}

/* Renders with the first `listed` named and fits; *whole tells whether nothing had to be cut. */
static enum nt_status digest_try(struct runtime *r, const struct alert *const *alerts, size_t listed, size_t count,
                                 const struct page *page, struct sms_text *out, bool *whole)
{
    struct render_options o = options_of(r, page, 0);
    struct rendering text;
    rendering_init(&text, TEXT_MAX);
    enum nt_status st = template_render_digest(r->templates, alerts, listed, count, &o, &text);
    if (st == NT_OK)
        st = sms_fit(&text, compose_mode(r->config), segments_of(r, page), out);
    *whole = st == NT_OK && !out->truncated;
    rendering_clean(&text);
    return st;
}

/*
 * The largest number of alerts that can be named without cutting anything is found by halving: with 12 alerts and room
 * for 3, 12 is tried (no), 6 (no), 3 (yes), 4 (no), and 3 is taken. More than LISTED never fit a text anyone reads.
 */
enum nt_status compose_digest(struct runtime *r, const struct alert *const *alerts, size_t n, size_t count,
                              const struct page *page, struct sms_text *out)
{
    enum { LISTED = 64 };
    size_t fits = 0, over = (n < LISTED ? n : LISTED) + 1;
    size_t guess = over - 1;
    bool whole;
    while (over - fits > 1) {
        sms_text_clean(out);
        enum nt_status st = digest_try(r, alerts, guess, count, page, out, &whole);
        if (st != NT_OK)
            return st;
        if (whole)
            fits = guess;
        else
            over = guess;
        guess = fits + (over - fits) / 2;
    }
    /* Not even one fits whole: name the worst one all the same, cut as any text is. */
    sms_text_clean(out);
    return digest_try(r, alerts, fits ? fits : (n ? 1 : 0), count, page, out, &whole);
}

enum nt_status compose_into(struct page *page, const struct sms_text *text)
{
    enum nt_status st = page_set(&page->body, buf_text(&text->body));
    if (st != NT_OK)
        return st;
    page->segments = text->segments;
    page->flags &= ~(unsigned)(PAGE_TRUNCATED | PAGE_UCS2);
    if (text->truncated)
        page->flags |= PAGE_TRUNCATED;
    if (text->encoding == SMS_UCS2)
        page->flags |= PAGE_UCS2;
    return NT_OK;
}
