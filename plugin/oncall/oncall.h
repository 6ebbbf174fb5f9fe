/*
 * oncall: WHO words → recipients. Numbers, contacts, aliases, groups in groups, fallback; the same number twice is one.
 */
#ifndef NT_ONCALL_ONCALL_H
#define NT_ONCALL_ONCALL_H

#include "base/buf.h"
#include "base/strlist.h"
#include "oncall/recipient.h"

/* who: words as given (already split at commas; also split here at commas, semicolons and — when that leaves something that means nothing — blanks, for
 * pager fields). Unknown words, contacts without numbers and the use of the fallback are told in notes, a line each. The
 * fallback is used only when nothing of who resolves, not for a known contact without numbers.
 * routine_problem: leave contacts with `routine: false` out. A bare number that belongs to a contact is that contact's
 * (his timezone, throttle; paged at that number). NT_ENOBODY when nobody is left; *only_muted (may be NULL) then tells whether
 * it was only `routine: false` that left nobody (which is no error). */
enum nt_status oncall_resolve(const struct config *config, const struct strlist *who, bool routine_problem,
                              struct recipients *out, bool *only_muted, struct buf *notes) NT_MUST_USE;

/* Does the word lead to anybody who can be paged, fallback aside? */
bool oncall_means(const struct config *config, const char *word);

#endif
