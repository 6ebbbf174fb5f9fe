/*
 * fuzz_fit: a page as a template makes it, fitted, against a judge that shares nothing with the fitter: the simulator's
 * counter for the budget, and the graphemes of what went in for what may come out.
 *
 * Input: mode, segments, then for the service, the host and the output two bytes of length each, then their text. The
 * state stands before all of them, fixed, and has to survive everything.
 */
#include "fuzz.h"

#include "../support/segments.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "sms/fit.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS = 3, TEXT_MAX = 4096 };

static const char state[] = "CRITICAL PROBLEM:", ellipsis[] = "\xE2\x80\xA6";

/* The pieces of the rendering, each cut into graphemes: what the fitter may show, and nothing in between. */
struct pool {
    struct {
        const char *text;
        size_t len;
    } item[4 * TEXT_MAX + 1];
    size_t n;
};

static void require(int truth)
{
    if (!truth)
        abort();
}

static void pool_fill(struct pool *p, const char *text, size_t len)
{
    for (size_t at = 0, n; at < len; at += n) {
        n = utf8_grapheme(text + at, len - at);
        p->item[p->n].text = text + at;
        p->item[p->n++].len = n;
    }
}

/* Is text made of whole members of the pool and ellipses? Two that were apart may have come together (half a flag and
 * another half), so that one grapheme of what came out can be several of what went in. */
static bool is_made_of(const struct pool *p, const char *text, size_t len)
{
    if (!len)
        return true;
    if (len >= sizeof ellipsis - 1 && !memcmp(text, ellipsis, sizeof ellipsis - 1) &&
        is_made_of(p, text + sizeof ellipsis - 1, len - (sizeof ellipsis - 1)))
        return true;
    for (size_t i = 0, last = 0; i < p->n; i++) {
        size_t n = p->item[i].len;
        /* The same length twice in a row is the usual case, and has the same end. */
        if (n > len || n == last || memcmp(text, p->item[i].text, n) != 0)
            continue;
        last = n;
        if (is_made_of(p, text + n, len - n))
            return true;
    }
    return false;
}

static void check(const struct sms_text *t, enum sms_mode mode, int max, const struct pool *pool)
{
    const char *body = buf_text(&t->body);
    struct segments s = segments_count(body);
    require(strlen(body) == t->body.len && t->body.len && utf8_valid(body, t->body.len));
    /* The simulator knows no GSM-7 text that is sent as UCS-2; and where a part of UCS-2 may end is a question of which
     * Unicode: there it says how many parts there are at least. */
    require(mode == SMS_FORCE_UCS2 || s.ucs2 == (t->encoding == SMS_UCS2));
    require(s.ucs2 || mode == SMS_FORCE_UCS2 || s.parts == (size_t)t->segments);
    require(!s.ucs2 || (s.units <= UNITS_ALONE) == (t->segments == 1));
    require(!s.ucs2 || s.units <= UNITS_ALONE || s.units <= UNITS_PART * (size_t)t->segments);
    require(t->segments <= max && segments_characters(body) <= 1600);
    require(!strncmp(body, state, sizeof state - 1));
    /* As GSM-7 the accents may be gone: then the counter alone is the judge. */
    for (size_t at = 0, n; t->encoding == SMS_UCS2 && at < t->body.len; at += n) {
        n = utf8_grapheme(body + at, t->body.len - at);
        require(is_made_of(pool, body + at, n));
    }
}

static void fit_twice(const struct rendering *r, enum sms_mode mode, int max, const struct pool *pool)
{
    struct rendering again = {.n = 0};
    struct sms_text once, twice;
    sms_text_init(&once);
    sms_text_init(&twice);
    buf_init(&again.text, 1 << 20);
    require(!sms_fit(r, mode, max, &once));
    check(&once, mode, max, pool);
    require(!buf_add(&again.text, once.body.data, once.body.len));
    require(!sms_fit(&again, mode, max, &twice));
    require(!twice.truncated && !strcmp(buf_text(&once.body), buf_text(&twice.body)));
    buf_clean(&again.text);
    sms_text_clean(&once);
    sms_text_clean(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const between[PARTS] = {" ", " on ", "\n"};
    static const enum span_kind kinds[PARTS] = {SPAN_SERVICE, SPAN_HOST, SPAN_FIT};
    static struct pool pool;
    struct span span[PARTS];
    struct rendering r = {.span = span};
    struct buf clean;
    if (size < 2 + 2 * PARTS || size > TEXT_MAX)
        return 0;
    enum sms_mode mode = (enum sms_mode)(data[0] % 3);
    int max = 1 + data[1] % 10;
    const uint8_t *lengths = data + 2, *text = lengths + 2 * PARTS;
    size_t left = size - (size_t)(text - data), fixed = 0;
    buf_init(&r.text, 1 << 20);
    buf_init(&clean, 1 << 20);
    pool.n = 0;
    buf_adds(&r.text, state);
    for (size_t i = 0; i < PARTS; i++) {
        size_t len = (size_t)lengths[2 * i] << 8 | lengths[2 * i + 1];
        len = len < left ? len : left;
        buf_reset(&clean);
        require(!utf8_clean(&clean, (const char *)text, len));
        buf_adds(&r.text, between[i]);
        span[r.n++] = (struct span){kinds[i], r.text.len, clean.len, i == PARTS - 1 ? data[0] / 3U : 0};
        buf_add(&r.text, clean.data, clean.len);
        text += len;
        left -= len;
    }
    require(!buf_status(&r.text));
    for (size_t i = 0; i < r.n; i++) {
        pool_fill(&pool, buf_text(&r.text) + fixed, span[i].start - fixed);
        pool_fill(&pool, buf_text(&r.text) + span[i].start, span[i].len);
        fixed = span[i].start + span[i].len;
    }
    fit_twice(&r, mode, max, &pool);
    buf_clean(&r.text);
    buf_clean(&clean);
    return 0;
}
