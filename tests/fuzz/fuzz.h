/* fuzz: the entry point that libFuzzer and replay.c call. It returns 0; it fails by abort() or a sanitizer. */
#ifndef NT_TESTS_FUZZ_H
#define NT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
