/*
 * http_library: libcurl, loaded when the first request is about to be made.
 *
 * With it come some thirty other libraries, and loading them takes four times as long as everything else that `render`,
 * `oncall` or `check` do (measured: 3.6 ms of 4.9 ms). Nor should a monitor that has our plugin in its process carry
 * them before it pages anybody. So nothing is linked against it: the functions here have the names that curl.h
 * declares, and hand on to those of the library once http_library_load() has found it. It stays for the process's life.
 *
 * DIAGNOSTICS: NT_EIO, with a line in the log, when there is no libcurl, or one that lacks a function. Calling anything
 * before http_library_load() has said NT_OK is a bug.
 */
#include "twilio/http_private.h"

#include "base/library.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#define FUNCTIONS(X)                                                                                                   \
    X(curl_easy_cleanup)                                                                                               \
    X(curl_easy_getinfo)                                                                                               \
    X(curl_easy_init)                                                                                                  \
    X(curl_easy_setopt)                                                                                                \
    X(curl_easy_strerror)                                                                                              \
    X(curl_global_cleanup)                                                                                             \
    X(curl_global_init)                                                                                                \
    X(curl_multi_add_handle)                                                                                           \
    X(curl_multi_cleanup)                                                                                              \
    X(curl_multi_info_read)                                                                                            \
    X(curl_multi_init)                                                                                                 \
    X(curl_multi_remove_handle)                                                                                        \
    X(curl_multi_setopt)                                                                                               \
    X(curl_multi_socket_action)                                                                                        \
    X(curl_slist_append)                                                                                               \
    X(curl_slist_free_all)                                                                                             \
    X(curl_version_info)

static struct library {
    FUNCTIONS(LIBRARY_MEMBER)
} library;

#define PLACE(name) LIBRARY_PLACE(struct library, name),
static const struct library_place places[] = {FUNCTIONS(PLACE)};

/* The name that its ABI has had since 2006. */
static const char soname[] = "libcurl.so.4";

enum nt_status http_library_load(void)
{
    return library_load(soname, places, sizeof places / sizeof *places, &library, "nothing can be sent");
}

/* ---- what curl.h declares; in parentheses where it has macros of the same names ---- */

CURLcode curl_global_init(long flags)
{
    return library.curl_global_init(flags);
}

void curl_global_cleanup(void)
{
    library.curl_global_cleanup();
}

curl_version_info_data *curl_version_info(CURLversion age)
{
    return library.curl_version_info(age);
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
    return library.curl_slist_append(list, text);
}

void curl_slist_free_all(struct curl_slist *list)
{
    if (list) /* may be asked for without the library, when there is nothing to free */
        library.curl_slist_free_all(list);
}

CURL *curl_easy_init(void)
{
    return library.curl_easy_init();
}

void curl_easy_cleanup(CURL *easy)
{
    if (easy)
        library.curl_easy_cleanup(easy);
}

const char *curl_easy_strerror(CURLcode code)
{
    return library.curl_easy_strerror(code);
}

/* An option's number tells the type of its value. */
enum value { VALUE_LONG, VALUE_POINTER, VALUE_OFFSET };

static enum value value_of(int option)
{
    if (option < CURLOPTTYPE_OBJECTPOINT)
        return VALUE_LONG;
    return option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB ? VALUE_OFFSET : VALUE_POINTER;
}

CURLcode(curl_easy_setopt)(CURL *easy, CURLoption option, ...)
{
    CURLcode code = CURLE_UNKNOWN_OPTION;
    va_list args;
    va_start(args, option);
    switch (value_of((int)option)) {
    case VALUE_LONG: /* NOLINT(bugprone-branch-clone): no two take the same type */
        code = (library.curl_easy_setopt)(easy, option, va_arg(args, long));
        break;
    case VALUE_POINTER:
        code = (library.curl_easy_setopt)(easy, option, va_arg(args, void *));
        break;
    case VALUE_OFFSET:
        code = (library.curl_easy_setopt)(easy, option, va_arg(args, curl_off_t));
    }
    va_end(args);
    return code;
}

/* Always a pointer to where it is to be put. */
CURLcode(curl_easy_getinfo)(CURL *easy, CURLINFO info, ...)
{
    va_list args;
    va_start(args, info);
    CURLcode code = (library.curl_easy_getinfo)(easy, info, va_arg(args, void *));
    va_end(args);
    return code;
}

CURLM *curl_multi_init(void)
{
    return library.curl_multi_init();
}

CURLMcode curl_multi_cleanup(CURLM *multi)
{
    return multi ? library.curl_multi_cleanup(multi) : CURLM_OK;
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    return library.curl_multi_add_handle(multi, easy);
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
    return library.curl_multi_remove_handle(multi, easy);
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left)
{
    return library.curl_multi_info_read(multi, left);
}

CURLMcode curl_multi_socket_action(CURLM *multi, curl_socket_t fd, int events, int *running)
{
    return library.curl_multi_socket_action(multi, fd, events, running);
}

CURLMcode(curl_multi_setopt)(CURLM *multi, CURLMoption option, ...)
{
    CURLMcode code = CURLM_UNKNOWN_OPTION;
    va_list args;
    va_start(args, option);
    switch (value_of((int)option)) {
    case VALUE_LONG: /* NOLINT(bugprone-branch-clone): no two take the same type */
        code = (library.curl_multi_setopt)(multi, option, va_arg(args, long));
        break;
    case VALUE_POINTER:
        code = (library.curl_multi_setopt)(multi, option, va_arg(args, void *));
        break;
    case VALUE_OFFSET:
        code = (library.curl_multi_setopt)(multi, option, va_arg(args, curl_off_t));
    }
    va_end(args);
    return code;
}
