/*
 * random: getrandom(2) and UUIDs made of it.
 *
 * DIAGNOSTICS
 * getrandom() fails only where a sandbox forbids it. Then bytes are mixed from
 * the clocks, the process id and a counter: unique enough for request ids and
 * jitter. What nobody may guess is asked of random_secret(), which fails instead.
 */
#include "base/random.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

/* One step of splitmix64: every input bit reaches every output bit. */
static uint64_t scramble(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static void makeshift(unsigned char *out, size_t len)
{
    static uint64_t counter;
    const struct clock *clock = clock_system();
    uint64_t state = scramble((uint64_t)clock_wall(clock)) ^ scramble((uint64_t)clock_boot(clock) << 20) ^
                     scramble((uint64_t)getpid() << 40 ^ (uintptr_t)&state) ^ scramble(++counter);
    for (size_t i = 0; i < len; i++) {
        state = scramble(state + i);
        out[i] = (unsigned char)state;
    }
}

/* How many bytes the kernel gave. */
static size_t from_kernel(unsigned char *out, size_t len)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = getrandom(out + got, len - got, 0);
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            got += (size_t)n;
    }
    return got;
}

void random_bytes(void *out, size_t len)
{
    size_t got = from_kernel(out, len);
    if (got < len)
        makeshift((unsigned char *)out + got, len - got);
}

enum nt_status random_secret(void *out, size_t len)
{
    return from_kernel(out, len) == len ? NT_OK : NT_EIO;
}

uint64_t random_u64(void)
{
    uint64_t value;
    random_bytes(&value, sizeof value);
    return value;
}

void random_uuid(char out[UUID_SIZE])
{
    unsigned char byte[16];
    random_bytes(byte, sizeof byte);
    byte[6] = (unsigned char)((byte[6] & 0x0F) | 0x40); /* version 4 */
    byte[8] = (unsigned char)((byte[8] & 0x3F) | 0x80); /* the RFC's variant */
    char *at = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = "0123456789abcdef"[byte[i] >> 4];
        *at++ = "0123456789abcdef"[byte[i] & 15];
    }
    *at = '\0';
}
