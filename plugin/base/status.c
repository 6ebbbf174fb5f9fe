/*
 * status: the one string table of enum nt_status, and errno put into its terms.
 *
 * DIAGNOSTICS
 * None: both functions are total. A value outside the enum is "unknown status".
 */
#include "base/status.h"

#include <errno.h>
#include <stddef.h>

static const char *const text[] = {
    [-NT_OK] = "success",
    [-NT_ENOMEM] = "out of memory",
    [-NT_EINVAL] = "malformed input",
    [-NT_EIO] = "input/output error",
    [-NT_EACCES] = "permission denied",
    [-NT_ENOENT] = "not found",
    [-NT_EEXIST] = "already exists",
    [-NT_EBUSY] = "busy",
    [-NT_EFULL] = "no space left",
    [-NT_ECORRUPT] = "stored data is damaged",
    [-NT_ETOOBIG] = "too big",
    [-NT_ECONFIG] = "unusable configuration",
    [-NT_ENEWER] = "written by a newer version",
    [-NT_ETIMEOUT] = "timed out",
    [-NT_ENOBODY] = "no usable recipient",
    [-NT_EREFUSED] = "refused",
};

const char *nt_status_text(enum nt_status status)
{
    int i = -(int)status;
    if (i < 0 || (size_t)i >= sizeof text / sizeof *text)
        return "unknown status";
    return text[i];
}

enum nt_status nt_status_errno(int error)
{
    switch (error) {
    case 0:
        return NT_OK;
    case ENOMEM:
        return NT_ENOMEM;
    case EINVAL:
        return NT_EINVAL;
    case EACCES:
    case EPERM:
    case EROFS:
        return NT_EACCES;
    case ENOENT:
    case ENOTDIR:
        return NT_ENOENT;
    case EEXIST:
        return NT_EEXIST;
    case EBUSY:
    case EAGAIN:
    case EADDRINUSE:
        return NT_EBUSY;
    case ENOSPC:
    case EDQUOT:
        return NT_EFULL;
    case E2BIG:
    case EFBIG:
    case EMSGSIZE:
    case ENAMETOOLONG:
        return NT_ETOOBIG;
    case ETIMEDOUT:
        return NT_ETIMEOUT;
    default:
        return NT_EIO;
    }
}
