/*
 * filters: what may follow a bar in a tag (private to the stage).
 */
#ifndef NT_TEMPLATE_FILTERS_H
#define NT_TEMPLATE_FILTERS_H

#include "base/buf.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone;
struct value;
struct filter_kind;

/* One use of a filter in a template. */
struct filter {
    const struct filter_kind *kind;
    char *arg; /* NULL when none was given */
    size_t n;  /* arg as a number, of those that take one */
};

struct filter_context {
    const struct zone *zone; /* NULL: the system's */
    int64_t now;             /* seconds since the epoch */
};

/* Looks the filter up and checks its argument (arg NULL: none was written). NT_EINVAL: complaint says in words what is
 * wrong. out is for filter_clean() in any case. */
enum nt_status filter_set(struct filter *out, const char *name, const char *arg, struct buf *complaint) NT_MUST_USE;
void filter_clean(struct filter *f);

/* Only NT_ENOMEM. */
enum nt_status filter_apply(const struct filter *f, const struct filter_context *c, struct value *v) NT_MUST_USE;

/* Is it `fit`? Then *minimum is its argument or 0. */
bool filter_is_fit(const struct filter *f, size_t *minimum);
/* Does it say by itself how old a time is, or make it no text for people (`url`)? Then no age is added. */
bool filter_hides_age(const struct filter *f);

/* "2h 5m": the two largest units; "0s" for nothing. Negative counts as 0. */
enum nt_status duration_text(struct buf *out, int64_t seconds);
/* Seconds from then to now, 0 when it lies ahead. */
int64_t age_between(int64_t now, int64_t then);
/* "7m ago", "now" for less than a second and for the future. */
enum nt_status age_text(struct buf *out, int64_t seconds);
/* strftime in the zone, by a format that time_format_valid() likes. What is longer than 255 bytes is empty. */
enum nt_status time_text(struct buf *out, const struct zone *zone, int64_t seconds, const char *format);
/* Is it a format whose conversions are all known? */
bool time_format_valid(const char *format);

#endif
