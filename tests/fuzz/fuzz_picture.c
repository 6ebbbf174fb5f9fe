/* fuzz_picture: whatever comes in, in whatever pieces, is taken or refused with words; what is whole is whole in pieces
 * as well, and what is cut short is not taken for more than it is. */
#include "fuzz.h"

#include "media/picture.h"

#include <stdlib.h>
#include <string.h>

static enum nt_status feed(struct picture *p, const uint8_t *data, size_t size, size_t piece)
{
    enum nt_status st = NT_OK;
    picture_init(p);
    for (size_t at = 0; st == NT_OK && at < size; at += piece)
        st = picture_add(p, data + at, size - at < piece ? size - at : piece);
    return st == NT_OK ? picture_finish(p) : st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct picture whole, pieces;
    enum nt_status a = feed(&whole, data, size, size ? size : 1), b = feed(&pieces, data, size, 3);
    char back[64];
    if (a != b || (a == NT_OK && whole.kind != pieces.kind))
        abort();
    if ((a == NT_OK) != !*whole.why || (a == NT_OK) != !*pieces.why)
        abort();
    if (a == NT_OK && (whole.len != size || whole.kind == PICTURE_NONE || picture_sniff(data, size) != whole.kind))
        abort();
    for (size_t at = 0; a == NT_OK && at < size; at += sizeof back) {
        ssize_t n = picture_read(&whole, at, back, sizeof back);
        if (n <= 0 || memcmp(back, data + at, (size_t)n))
            abort();
    }
    picture_clean(&whole);
    picture_clean(&pieces);
    return 0;
}
