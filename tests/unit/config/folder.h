/* A folder of its own for a test, with files that the test writes. */
#ifndef NT_TESTS_CONFIG_FOLDER_H
#define NT_TESTS_CONFIG_FOLDER_H

#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ACCOUNT "AC00000000000000000000000000000000"
#define SERVICE "MG00000000000000000000000000000000"
#define KEY     "SK00000000000000000000000000000000"
#define SENDERS "  senders: [{from: \"+15005550006\"}]\n"
#define TWILIO  "twilio:\n  account_sid: " ACCOUNT "\n  auth_token: 0123456789abcdef\n" SENDERS

struct folder {
    char path[64];
    char name[8][128]; /* what was written; removed at the end */
    int names;
    char full[256]; /* of the last folder_path() */
};

static inline void folder_make(struct folder *f)
{
    memset(f, 0, sizeof *f);
    strcpy(f->path, "/tmp/nt-config-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    unsetenv("CREDENTIALS_DIRECTORY");
    setenv("STATE_DIRECTORY", f->path, 1);
    assert_int_equal(log_open("test", LOG_LEVEL_DEBUG, "/dev/null"), 0); /* what is logged is seen by log_tap() */
}

static inline const char *folder_path(struct folder *f, const char *name)
{
    snprintf(f->full, sizeof f->full, "%s/%s", f->path, name);
    return f->full;
}

static inline void folder_note(struct folder *f, const char *name)
{
    for (int i = 0; i < f->names; i++)
        if (!strcmp(f->name[i], name))
            return;
    assert_true(f->names < 8);
    snprintf(f->name[f->names++], sizeof f->name[0], "%s", name);
}

static inline const char *folder_write(struct folder *f, const char *name, const char *text, mode_t mode)
{
    const char *path = folder_path(f, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
    folder_note(f, name);
    return path;
}

static inline void folder_remove(struct folder *f)
{
    for (int i = 0; i < f->names; i++)
        unlink(folder_path(f, f->name[i]));
    if (rmdir(f->path)) {
        char command[128]; /* last good copies, whose names are long */
        snprintf(command, sizeof command, "rm -rf '%s'", f->path);
        assert_int_equal(system(command), 0);
    }
    unsetenv("STATE_DIRECTORY");
    unsetenv("CREDENTIALS_DIRECTORY");
}

#endif
