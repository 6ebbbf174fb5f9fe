/*
 * library: loading a shared library by its soname, and looking up what is used of it.
 *
 * Nobody owns the handle: the functions are called for as long as the process lives.
 *
 * DIAGNOSTICS: NT_EIO, with the dynamic linker's words in the log.
 */
#include "base/library.h"

#include "base/log.h"

#include <dlfcn.h>
#include <string.h>

enum nt_status library_load(const char *soname, const struct library_place *places, size_t n, void *table,
                            const char *lost)
{
    static void *const none;
    char *first = (char *)table + places[0].offset;
    if (memcmp(first, &none, sizeof none) != 0)
        return NT_OK;
    void *handle = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
    if (!handle) {
        log_error("%s: %s", lost, dlerror());
        return NT_EIO;
    }
    for (size_t i = 0; i < n; i++) {
        void *symbol = dlsym(handle, places[i].name);
        if (!symbol) {
            log_error("%s: %s", lost, dlerror());
            dlclose(handle);
            memset(first, 0, sizeof none);
            return NT_EIO;
        }
        memcpy((char *)table + places[i].offset, &symbol, sizeof symbol);
    }
    return NT_OK;
}
