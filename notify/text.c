/* text: reading standard input; see the header. */
#include "notify/text.h"

#include "base/mem.h"
#include "notify/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_LIMIT = 64 * 1024 };

bool text_wanted(const struct arguments *a, char *const *env)
{
    if (a->pairs.n || a->subject || a->message || a->test || isatty(STDIN_FILENO))
        return false;
    return !environment_has_alert(env);
}

enum nt_status text_read(int fd, char **out)
{
    char *text = mem_alloc(TEXT_LIMIT + 1);
    size_t len = 0;
    *out = NULL;
    if (!text)
        return NT_ENOMEM;
    while (len < TEXT_LIMIT) {
        ssize_t n = read(fd, text + len, TEXT_LIMIT - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    for (size_t i = 0; i < len; i++)
        if (!text[i])
            text[i] = ' ';
    text[len] = '\0';
    if (len)
        *out = text;
    else
        mem_free(text);
    return NT_OK;
}
