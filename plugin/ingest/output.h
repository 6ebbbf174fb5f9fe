/*
 * output: a check's text → `output` (its first line) and `long_output` (the rest).
 */
#ifndef NT_INGEST_OUTPUT_H
#define NT_INGEST_OUTPUT_H

#include "ingest/alert.h"

#include <stdbool.h>

/* Sets both of a from `first` followed by `rest` (either may be ""). Blank lines before the first text and blanks at
 * the end of both are dropped. escaped: the text comes through Nagios, whose newlines are a literal backslash-n. Each
 * result is cut at MACRO_VALUE_MAX. */
enum nt_status output_set(struct alert *a, const char *first, const char *rest, bool escaped) NT_MUST_USE;

#endif
