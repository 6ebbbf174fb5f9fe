/*
 * digest: SHA-256 and HMAC-SHA-256 by OpenSSL, which is loaded when the first request is about to be signed.
 *
 * Only a page with a picture for an S3 bucket needs it; every other start of a program of ours should not pay for
 * relocating a library of 4 MB. By the time it is needed libcurl has usually brought it in already. It stays for the
 * process's life.
 *
 * DIAGNOSTICS: NT_EIO, with a line in the log, when there is no libcrypto, or one that lacks a function; NT_ENOMEM,
 * which is the only other way that most of these functions fail.
 */
#include "media/digest.h"

#include "base/library.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/opensslv.h>
#include <stdbool.h>
#include <string.h>

enum { BLOCK = 32 * 1024 };

#define TEXT_OF(macro) TEXT(macro)
#define TEXT(word)     #word

/* The ABI that the headers belong to. */
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static const char soname[] = "libcrypto.so." TEXT_OF(OPENSSL_SHLIB_VERSION);
#else
static const char soname[] = "libcrypto.so." SHLIB_VERSION_NUMBER;
#endif

#define FUNCTIONS(X)                                                                                                   \
    X(EVP_Digest)                                                                                                      \
    X(EVP_DigestFinal_ex)                                                                                              \
    X(EVP_DigestInit_ex)                                                                                               \
    X(EVP_DigestUpdate)                                                                                                \
    X(EVP_MD_CTX_free)                                                                                                 \
    X(EVP_MD_CTX_new)                                                                                                  \
    X(EVP_sha256)                                                                                                      \
    X(HMAC)

static struct library {
    FUNCTIONS(LIBRARY_MEMBER)
} library;

#define PLACE(name) LIBRARY_PLACE(struct library, name),
static const struct library_place places[] = {FUNCTIONS(PLACE)};

enum nt_status digest_load(void)
{
    return library_load(soname, places, sizeof places / sizeof *places, &library, "nothing can be signed");
}

enum nt_status digest_sha256(const void *data, size_t len, unsigned char out[DIGEST_SIZE])
{
    unsigned n = 0;
    return library.EVP_Digest(data, len, out, &n, library.EVP_sha256(), NULL) == 1 && n == DIGEST_SIZE ? NT_OK
                                                                                                       : NT_ENOMEM;
}

enum nt_status digest_picture(const struct picture *picture, unsigned char out[DIGEST_SIZE])
{
    unsigned char block[BLOCK];
    unsigned n = 0;
    ssize_t got = 0;
    EVP_MD_CTX *context = library.EVP_MD_CTX_new();
    if (!context)
        return NT_ENOMEM;
    bool fine = library.EVP_DigestInit_ex(context, library.EVP_sha256(), NULL) == 1;
    for (size_t offset = 0; fine; offset += (size_t)got) {
        if ((got = picture_read(picture, offset, block, sizeof block)) <= 0)
            break;
        fine = library.EVP_DigestUpdate(context, block, (size_t)got) == 1;
    }
    fine = fine && library.EVP_DigestFinal_ex(context, out, &n) == 1 && n == DIGEST_SIZE;
    library.EVP_MD_CTX_free(context);
    return got < 0 ? NT_EIO : fine ? NT_OK : NT_ENOMEM;
}

enum nt_status digest_hmac(const void *key, size_t key_len, const void *data, size_t len,
                           unsigned char out[DIGEST_SIZE])
{
    unsigned char made[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (key_len > INT_MAX)
        return NT_ETOOBIG;
    if (!library.HMAC(library.EVP_sha256(), key, (int)key_len, data, len, made, &n) || n != DIGEST_SIZE)
        return NT_ENOMEM;
    memcpy(out, made, DIGEST_SIZE);
    explicit_bzero(made, sizeof made);
    return NT_OK;
}

void digest_hex(const unsigned char digest[DIGEST_SIZE], char out[DIGEST_HEX])
{
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        out[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    out[DIGEST_HEX - 1] = '\0';
}
