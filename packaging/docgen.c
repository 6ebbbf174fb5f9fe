/*
 * docgen: writes what the configuration's tables document, at build time.
 *
 *     nt_docgen example FILE    the commented example
 *     nt_docgen man FILE        notify_twilio.yaml(5)
 *
 * DIAGNOSTICS
 * Exit 64 for wrong usage, 1 when the file cannot be written; a message on standard error.
 */
#include "base/file.h"
#include "config/schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DOCUMENT_MAX = 1024 * 1024 };

int main(int argc, char **argv)
{
    struct buf out;
    bool example = argc == 3 && !strcmp(argv[1], "example"), man = argc == 3 && !strcmp(argv[1], "man");
    if (!example && !man) {
        fprintf(stderr, "usage: nt_docgen example|man FILE\n");
        return 64;
    }
    buf_init(&out, DOCUMENT_MAX);
    enum nt_status status = example ? schema_write_example(&out) : schema_write_man(&out);
    if (!status)
        status = file_replace(argv[2], out.data, out.len, 0644);
    if (status)
        fprintf(stderr, "nt_docgen: %s: %s\n", argv[2], errno ? strerror(errno) : nt_status_text(status));
    buf_clean(&out);
    return status ? 1 : 0;
}
