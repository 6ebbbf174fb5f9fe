/* process: another process, as refuse.c meets it: standing still in a system call. */
#ifndef NT_SUPPORT_PROCESS_H
#define NT_SUPPORT_PROCESS_H

#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The process that a task is a thread of. */
pid_t process_group(pid_t pid);

/* Where an instruction stands: the file that is mapped there, and the offset in it. */
void process_place(pid_t pid, uint64_t ip, char *out, size_t size);

/* What brk returns when the heap cannot be moved: where it ends. */
int64_t process_heap_end(pid_t pid);

/* Does the struct flock there ask to unlock? */
int process_unlocks(pid_t pid, uint64_t where);

/* Makes half of the call for the process. 1: its result is in *value; 0: it cannot be cut, or nothing is ready. */
int process_cut(pid_t pid, const struct seccomp_data *d, int64_t *value);

#endif
