/* channel_answer: what a notification channel says, in the dialect that it was asked in; a line each. */
#ifndef NT_NOTIFY_CHANNEL_ANSWER_H
#define NT_NOTIFY_CHANNEL_ANSWER_H

#include "base/buf.h"
#include "ingest/channel_request.h"

/* All append one line to out; on failure nothing. id: as JSON. */
enum nt_status channel_answer_done(struct buf *out, enum channel_dialect dialect, const char *id) NT_MUST_USE;
enum nt_status channel_answer_info(struct buf *out, enum channel_dialect dialect, const char *id) NT_MUST_USE;
enum nt_status channel_answer_error(struct buf *out, enum channel_dialect dialect, const char *id,
                                    enum channel_fault fault, const char *words) NT_MUST_USE;

#endif
