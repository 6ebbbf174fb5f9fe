/*
 * trust: the cheap way to the system's root certificates, and the sure one.
 *
 * Reading the whole bundle takes longer than the rest of a request (17 to 50 ms here, against 5 ms in all). The same
 * certificates lie hashed by name in a folder on most systems, where OpenSSL opens just the one it needs. So the folder
 * is used first. The two can differ where somebody appended to the bundle by hand; then verification fails, nothing has
 * been sent, and the same request is made again with the bundle, which stays in use from then on.
 *
 * libcurl takes one file of certificates. With the folder that is ca_file; with the bundle, both are handed
 * over as one text in memory.
 *
 * DIAGNOSTICS: NT_ENOMEM. An unreadable ca_file is a warning, and the system's trust alone is used: if the server needs
 * it, verification fails and says so.
 */
#include "twilio/trust.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BUNDLE_MAX = 8 << 20 };

/* "5ed36f99.0": eight hexadecimal digits, a dot, a number. */
static bool is_hashed_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] &&
           !name[9 + strspn(name + 9, "0123456789")];
}

static bool is_hashed_folder(const char *path)
{
    DIR *dir = path ? opendir(path) : NULL;
    if (!dir)
        return false;
    bool found = false;
    const struct dirent *entry;
    while (!found && (entry = readdir(dir)))
        found = is_hashed_name(entry->d_name);
    closedir(dir);
    return found;
}

enum nt_status trust_init(struct trust *t, const char *default_folder, const char *default_bundle, const char *ca_file)
{
    *t = (struct trust){0};
    buf_init(&t->both, BUNDLE_MAX);
    if (ca_file && *ca_file && access(ca_file, R_OK) != 0) {
        log_warning("cannot read ca_file %s: %s; going on with the system's certificates alone", ca_file,
                    strerror(errno));
        ca_file = "";
    }
    t->folder = mem_strdup(is_hashed_folder(default_folder) ? default_folder : "");
    t->bundle = mem_strdup(default_bundle ? default_bundle : "");
    t->ca_file = mem_strdup(ca_file ? ca_file : "");
    if (!t->folder || !t->bundle || !t->ca_file) {
        trust_clean(t);
        return NT_ENOMEM;
    }
    if (!*t->folder)
        (void)trust_widen(t);
    return NT_OK;
}

void trust_clean(struct trust *t)
{
    mem_free(t->folder);
    mem_free(t->bundle);
    mem_free(t->ca_file);
    buf_clean(&t->both);
    *t = (struct trust){0};
}

bool trust_widen(struct trust *t)
{
    if (t->whole)
        return false;
    t->whole = true;
    if (!*t->ca_file)
        return true;
    /* One that fails leaves the other. */
    struct buf part;
    buf_init(&part, BUNDLE_MAX);
    const char *const files[] = {t->bundle, t->ca_file};
    for (size_t i = 0; i < 2; i++) {
        buf_reset(&part);
        if (*files[i] && file_read(files[i], &part, NULL) == NT_OK) {
            buf_add(&t->both, part.data, part.len);
            buf_addc(&t->both, '\n');
        }
    }
    buf_clean(&part);
    return true;
}
