/*
 * status: how every fallible function of notify_twilio reports its end.
 *
 * Zero is success, everything else is negative. A function that returns an
 * enum nt_status has no partial effect on failure unless its own comment says so.
 */
#ifndef NT_BASE_STATUS_H
#define NT_BASE_STATUS_H

#define NT_MUST_USE __attribute__((warn_unused_result))
/* Part of the shared library's interface; everything else stays inside. */
#define NT_EXPORT __attribute__((visibility("default")))

enum nt_status {
    NT_OK = 0,
    NT_ENOMEM = -1,    /* out of memory */
    NT_EINVAL = -2,    /* an argument or an input is malformed */
    NT_EIO = -3,       /* a system call failed; errno-like detail is logged where it happened */
    NT_EACCES = -4,    /* permission denied */
    NT_ENOENT = -5,    /* no such thing */
    NT_EEXIST = -6,    /* already there */
    NT_EBUSY = -7,     /* somebody else holds it, try later */
    NT_EFULL = -8,     /* no space: disk, quota */
    NT_ECORRUPT = -9,  /* stored data does not make sense */
    NT_ETOOBIG = -10,  /* over a documented bound */
    NT_ECONFIG = -11,  /* the configuration cannot be used */
    NT_ENEWER = -12,   /* written by a newer version: left untouched */
    NT_ETIMEOUT = -13, /* a deadline passed */
    NT_ENOBODY = -14,  /* an alert that resolves to no usable recipient */
    NT_EREFUSED = -15, /* refused for good */
};

/* What a status means, in words. Never NULL, static. */
NT_EXPORT const char *nt_status_text(enum nt_status status);
/* The status that an errno stands for; NT_EIO for those without one of their own. */
enum nt_status nt_status_errno(int error) NT_MUST_USE;

#endif
