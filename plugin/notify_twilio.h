/*
 * notify_twilio: the shared notification plugin's interface.
 *
 * The library takes an alert as a monitor hands it over, stores it, and delivers it through Twilio: the same code and
 * the same store as the notify_twilio executable, for programs that want to page without starting a process.
 *
 *     struct nt_pager *pager;
 *     char error[512];
 *     if (nt_open(NULL, &pager, error, sizeof error) != NT_OK)
 *         …
 *     const char *pairs[] = {"to=oncall", "source=nagios", "NOTIFICATIONTYPE=PROBLEM", "HOSTNAME=web01",
 *                            "SERVICEDESC=HTTP", "SERVICESTATE=CRITICAL", "SERVICEOUTPUT=no answer"};
 *     if (nt_accept(pager, pairs, 7, NULL, NULL) == NT_OK) // stored: it cannot be lost any more
 *         nt_drain(pager, 10000, NULL);                    // or leave that to `notify_twilio serve`
 *     nt_close(pager);
 *
 * PAIRS. The options come first: source= (nagios, icinga2, zabbix, generic), to= (repeats; commas split), template=,
 * media= and graph= (repeat, ten at most), from=, max_segments=, subject= and message= (Zabbix), text= (generic),
 * request= (a UUID: the same alert given twice is taken once), test=1. From the first other key on they are the
 * monitor's macros, whatever their names.
 *
 * THREADS. One thread of a process is in here at a time: pagers share the log and what has been alarmed about. The
 * library starts no thread but libcurl's, which looks names up. It installs no signal handler, and nothing here blocks
 * longer than said. An `alarm` command of the configuration is started as a child process.
 *
 * ERRORS. Every function that can fail returns enum nt_status, NT_OK = 0. nt_status_text() says it in words.
 */
#ifndef NOTIFY_TWILIO_H
#define NOTIFY_TWILIO_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nt_pager;

/* One page, or one text that would be a page. Strings are borrowed for the call. */
struct nt_page {
    int64_t id;             /* in the queue; 0 when it is only rendered */
    const char *to;         /* E.164; "" when rendered for nobody */
    const char *contact;    /* "" for a bare number */
    const char *class_name; /* urgent, routine */
    const char *event;      /* problem, recovery, … */
    const char *state;      /* the page's: queued, duplicate, … */
    const char *body;       /* UTF-8 */
    const char *encoding;   /* GSM-7, UCS-2 */
    int segments;
    bool truncated;
};

/* Return false to see no more pages. */
typedef bool nt_page_visit(void *arg, const struct nt_page *page);

/* What a drain did. */
struct nt_drained {
    int64_t sent;    /* pages Twilio has taken */
    int64_t refused; /* pages it refused for good */
    int64_t left;    /* unsettled ones: not due yet, or the time was over */
};

/* Reads the configuration (NULL: $NOTIFY_TWILIO_CONFIG, else the default path; its last good copy when it does not
 * load) and opens the store. error (may be NULL) gets what is wrong, with its place. NT_ECONFIG. For nt_close(). */
NT_EXPORT enum nt_status nt_open(const char *config, struct nt_pager **out, char *error, size_t size);

/* Stores the alert's pages: when it returns NT_OK they are on disk. visit (may be NULL) sees each, also duplicates and
 * those that were withheld. NT_EINVAL: no usable alert; NT_ENOBODY: nobody to page; both say why through nt_error().
 * Blocks at most 5 s (a store that stays busy is gone without). */
NT_EXPORT enum nt_status nt_accept(struct nt_pager *p, const char *const *pairs, size_t n, nt_page_visit *visit,
                                   void *arg);

/* The texts that nt_accept() would store, with nothing stored. One for nobody when no recipient is meant. */
NT_EXPORT enum nt_status nt_render(struct nt_pager *p, const char *const *pairs, size_t n, nt_page_visit *visit,
                                   void *arg);

/* Delivers what is due, for about timeout ms at most (requests under way are finished first). out may be NULL.
 * NT_EBUSY: another process drains this store, and will do it. */
NT_EXPORT enum nt_status nt_drain(struct nt_pager *p, int64_t timeout, struct nt_drained *out);

/* What was wrong with the last call, in words; "" when nothing was. Borrowed until the next call. */
NT_EXPORT const char *nt_error(const struct nt_pager *p);

/* NULL is fine. */
NT_EXPORT void nt_close(struct nt_pager *p);

#ifdef __cplusplus
}
#endif

#endif
