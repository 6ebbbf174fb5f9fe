/*
 * fuzz_answer: whatever stands at the other end of the socket. What is not an answer is none, and an exit status is one
 * of those that the manual names.
 */
#include "fuzz.h"

#include "notify/answer.h"
#include "notify/arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool quiet;
    if (!quiet && (!freopen("/dev/null", "w", stdout)))
        abort();
    quiet = true;
    char *text = malloc(size + 1);
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    /* What is refused or noted goes to stderr, which a fuzzer needs itself. */
    FILE *saved = stderr;
    stderr = stdout;
    int status = answer_tell(text, size % 2);
    stderr = saved;
    if (status != -1 && status != EXIT_OK && status != EXIT_NO_RECIPIENT && status != EXIT_ALL_REFUSED)
        abort();
    free(text);
    return 0;
}
