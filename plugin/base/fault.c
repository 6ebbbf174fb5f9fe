/*
 * fault: the named places of a crash test.
 *
 * One place can be armed at a time, by the environment; the count starts again
 * when the environment names another. Compiled only into the test builds.
 *
 * DIAGNOSTICS
 * The process is killed, or the armed status is returned. A specification that
 * makes no sense arms nothing.
 */
#include "base/fault.h"

#ifdef NT_FAULT_POINTS

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *word;
    enum nt_status status;
} failures[] = {
    {"enospc", NT_EFULL},
    {"eio", NT_EIO},
    {"ebusy", NT_EBUSY},
    {"corrupt", NT_ECORRUPT},
};

/* "name:n:word" after the name: when, and what happens then. NT_OK in *status means death. */
static int parse(const char *rest, unsigned long *when, enum nt_status *status)
{
    *when = 1;
    *status = NT_OK;
    if (!*rest)
        return 1;
    char *end = NULL;
    *when = strtoul(rest + 1, &end, 10);
    if (!*when)
        return 0;
    if (!*end)
        return 1;
    for (size_t i = 0; *end == ':' && i < sizeof failures / sizeof *failures; i++)
        if (!strcmp(end + 1, failures[i].word)) {
            *status = failures[i].status;
            return 1;
        }
    return 0;
}

enum nt_status fault_point(const char *name)
{
    static char armed[128];
    static unsigned long passed;
    const char *spec = getenv("NOTIFY_TWILIO_FAULT");
    size_t len = strlen(name);
    if (!spec || strncmp(spec, name, len) != 0 || (spec[len] && spec[len] != ':') || strlen(spec) >= sizeof armed)
        return NT_OK;
    if (strcmp(armed, spec) != 0) {
        memcpy(armed, spec, strlen(spec) + 1); /* it was measured above */
        passed = 0;
    }
    unsigned long when;
    enum nt_status status;
    if (!parse(spec + len, &when, &status))
        return NT_OK;
    passed++;
    if (status)
        return passed >= when ? status : NT_OK;
    if (passed == when)
        kill(getpid(), SIGKILL);
    return NT_OK;
}

#endif
