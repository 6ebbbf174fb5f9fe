/* queue: the sub-commands of `queue`, one file each way of using the store. */
#ifndef NT_NOTIFY_QUEUE_H
#define NT_NOTIFY_QUEUE_H

#include "flow/runtime.h"
#include "notify/command.h"
#include "notify/options.h"

#include <stdbool.h>

struct queue_options {
    struct options o; /* o.word[0] is the sub-command */
    bool all;
    const char *problem;
};

/* Each returns the exit status. */
int queue_list(struct runtime *r, const struct queue_options *q);   /* queue_list.c */
int queue_show(struct runtime *r, const struct queue_options *q);   /* queue_show.c */
int queue_change(struct runtime *r, const struct queue_options *q); /* queue_change.c: retry and drop */
int queue_flush(struct runtime *r, const struct queue_options *q);  /* queue_flush.c */

/* Opens r->store for reading. NT_ENOENT: nothing was ever stored; other failures are said on stderr. */
enum nt_status queue_open_reading(struct runtime *r) NT_MUST_USE;
/* The same for writing; never the spare one. */
enum nt_status queue_open_writing(struct runtime *r) NT_MUST_USE;
/* A page's number from 1. */
bool queue_id(const char *word, int64_t *id);
/* One JSON line. */
void queue_print_json(const struct page *p);

#endif
