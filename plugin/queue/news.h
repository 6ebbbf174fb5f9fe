/*
 * news: what an alert or a page says about its object, and what the number has been told of it before. Private to the
 * stage.
 */
#ifndef NT_QUEUE_NEWS_H
#define NT_QUEUE_NEWS_H

#include "queue/store.h"
#include "queue/supersede.h"

#include <stdbool.h>
#include <stdint.h>

/* As far as the rules look. Borrowed from the alert or page. */
struct news {
    enum alert_event event;
    enum alert_phase phase;
    const char *identity, *state, *host, *service;
};

struct news news_of_alert(const struct alert *a);
struct news news_of_page(const struct page *p);
/* Is this the end of something, and nothing else? */
bool news_closes(const struct news *n);
/* Does it end p, were p unsent? */
bool news_supersedes(const struct news *newer, const struct page *p);

/* What became of a page. */
struct news_fate {
    bool unsent; /* may be ended */
    bool may;    /* went, or may have gone */
    bool surely; /* Twilio took it */
};
enum nt_status news_fate(struct store *s, const struct page *p, struct news_fate *out) NT_MUST_USE;

/* Fills withhold, repeat and what is said of the problem from the pages of alerts before `before`; the rest of out is
 * 0. */
enum nt_status news_look_back(struct store *s, const struct news *news, const char *object, const char *number,
                              int64_t before, struct supersede_result *out) NT_MUST_USE;

#endif
