/*
 * trouble: what lies below SQLite — its memory and its files — failing as it is told.
 *
 * SQLite is the real one; only its allocator, and each call that touches a file, can be made to fail once. The process
 * is the unit: call trouble_install() before anything of SQLite's.
 */
#ifndef NT_TEST_QUEUE_TROUBLE_H
#define NT_TEST_QUEUE_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

void trouble_install(void);
/* The nth allocation of SQLite's from now fails, once; 0: none. */
void trouble_memory_at(unsigned long n);
/* The same of those that are of 8000 bytes and more. */
void trouble_large_memory_at(unsigned long n);
/* The nth call from now that opens, reads, writes, cuts, syncs or measures a file, or maps a log's index, fails with
 * this code of SQLite's, once; 0: none. */
void trouble_file_at(unsigned long n, int code);
/* Files on which no log can be shared, as on many a network; files that may only be read. */
void trouble_network(bool on);
void trouble_read_only(bool on);
/* Called once, when the next database is about to be opened. */
void trouble_before_open(void (*call)(void *arg), void *arg);
/* Whether what was asked for last has happened. */
bool trouble_met(void);
/* Bytes that SQLite holds. */
int64_t trouble_memory_held(void);

#endif
