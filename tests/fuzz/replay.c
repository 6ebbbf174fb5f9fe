/*
 * replay: the main of a fuzz target in builds without libFuzzer.
 *
 * Feeds the target nothing at all, and then every file of the folders named on the
 * command line, whole and cut to each shorter length up to 4 KB: the corpus stays
 * small, the edges are all there.
 *
 * DIAGNOSTICS
 * Exit 1 with a line on stderr when a folder is missing, a file cannot be read or
 * a folder holds none; a failing input kills the process with its name printed last.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 20, CUTS_MAX = 4096 };

/* An exact copy on the heap for each run, so that the sanitizer sees a read past the end. */
static int run(const unsigned char *data, size_t size)
{
    unsigned char *copy = calloc(1, size ? size : 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return 1;
}

static int run_file(const char *path)
{
    static unsigned char data[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 0;
    }
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    printf("%s: %zu bytes\n", path, size);
    fflush(stdout);
    for (size_t cut = 0; cut < size && cut < CUTS_MAX; cut++)
        if (!run(data, cut))
            return 0;
    return run(data, size);
}

static int run_folder(const char *folder)
{
    int files = 0, good = 1;
    DIR *dir = opendir(folder);
    if (!dir) {
        perror(folder);
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        good &= run_file(path);
        files++;
    }
    closedir(dir);
    if (!files)
        fprintf(stderr, "%s: no inputs\n", folder);
    return good && files;
}

int main(int argc, char **argv)
{
    int good = argc > 1;
    run((const unsigned char *)"", 0);
    for (int i = 1; i < argc; i++)
        good &= run_folder(argv[i]);
    return good ? 0 : 1;
}
