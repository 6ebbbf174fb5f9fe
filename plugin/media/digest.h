/*
 * digest: SHA-256 and HMAC-SHA-256; the only user of OpenSSL.
 */
#ifndef NT_MEDIA_DIGEST_H
#define NT_MEDIA_DIGEST_H

#include "base/status.h"
#include "media/picture.h"

#include <stddef.h>

enum { DIGEST_SIZE = 32, DIGEST_HEX = 2 * DIGEST_SIZE + 1 };

/* Before anything else here; as often as you like. NT_EIO: there is no OpenSSL, as the log says. */
enum nt_status digest_load(void) NT_MUST_USE;

enum nt_status digest_sha256(const void *data, size_t len, unsigned char out[DIGEST_SIZE]) NT_MUST_USE;
/* out may be the key. */
enum nt_status digest_hmac(const void *key, size_t key_len, const void *data, size_t len,
                           unsigned char out[DIGEST_SIZE]) NT_MUST_USE;

/* Of a picture's bytes. NT_EIO: they cannot be read. */
enum nt_status digest_picture(const struct picture *picture, unsigned char out[DIGEST_SIZE]) NT_MUST_USE;

/* In lower case hexadecimal digits. */
void digest_hex(const unsigned char digest[DIGEST_SIZE], char out[DIGEST_HEX]);

#endif
