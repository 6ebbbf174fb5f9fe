/* no_curl: a library that says it is libcurl, and cannot begin, or lacks a function. Whoever goes on all the same ends
 * here. */
#include <stdlib.h>

#pragma GCC visibility push(default)

int curl_global_init(long flags);

int curl_global_init(long flags)
{
    (void)flags;
    return 2; /* CURLE_FAILED_INIT */
}

/* All that http_library.c looks for. */
#define NOT_TO_BE_CALLED(name)                                                                                         \
    void name(void);                                                                                                   \
    void name(void)                                                                                                    \
    {                                                                                                                  \
        abort();                                                                                                       \
    }

NOT_TO_BE_CALLED(curl_easy_cleanup)
NOT_TO_BE_CALLED(curl_easy_getinfo)
NOT_TO_BE_CALLED(curl_easy_init)
NOT_TO_BE_CALLED(curl_easy_setopt)
NOT_TO_BE_CALLED(curl_easy_strerror)
NOT_TO_BE_CALLED(curl_global_cleanup)
NOT_TO_BE_CALLED(curl_multi_add_handle)
NOT_TO_BE_CALLED(curl_multi_cleanup)
NOT_TO_BE_CALLED(curl_multi_info_read)
NOT_TO_BE_CALLED(curl_multi_init)
NOT_TO_BE_CALLED(curl_multi_remove_handle)
NOT_TO_BE_CALLED(curl_multi_setopt)
NOT_TO_BE_CALLED(curl_multi_socket_action)
NOT_TO_BE_CALLED(curl_slist_append)
NOT_TO_BE_CALLED(curl_slist_free_all)
#ifndef LACKS_ONE
NOT_TO_BE_CALLED(curl_version_info)
#endif

#pragma GCC visibility pop
