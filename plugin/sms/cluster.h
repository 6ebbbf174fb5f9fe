/*
 * cluster: the pieces of a text that Twilio's calculator does not split across the parts of an SMS.
 *
 * Much like graphemes, but by the rules of an older Unicode, and with their own oddities. For counting
 * alone: what a reader takes for one character is utf8_grapheme()'s to say.
 */
#ifndef NT_SMS_CLUSTER_H
#define NT_SMS_CLUSTER_H

#include <stddef.h>

/* Bytes of the cluster at the start of s (len > 0, valid UTF-8; an invalid byte is a cluster of its own), its UTF-16
 * units in *units. CR and LF are two clusters. */
size_t cluster_next(const char *s, size_t len, size_t *units);

#endif
