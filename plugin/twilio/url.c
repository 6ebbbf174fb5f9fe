/*
 * url: the part of a URL that decides where a request goes.
 *
 * Readers of URLs differ in what they make of odd ones, and a difference between this one and libcurl would let a
 * request go elsewhere than was checked. So only what all of them read alike is accepted: a host of letters, digits,
 * dots, dashes and underscores, or an IPv6 address in brackets; no blanks, no control characters, no backslashes.
 *
 * DIAGNOSTICS: NT_EINVAL, and *out says nothing.
 */
#include "twilio/url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

static bool is_clean(const char *s)
{
    size_t n = 0;
    for (; s[n]; n++) {
        if ((unsigned char)s[n] <= ' ' || s[n] == 0x7f || s[n] == '\\')
            return false;
    }
    return n < URL_LENGTH;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Percent-decodes len bytes; false when malformed, too long, or with a control character in the result. */
static bool decode(const char *s, size_t len, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        if (c == '%') {
            if (i + 2 >= len)
                return false;
            int high = hex_value(s[i + 1]), low = hex_value(s[i + 2]);
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if ((unsigned char)c < ' ' || n + 1 >= size)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return true;
}

static bool take_credentials(const char *s, size_t len, struct url *out)
{
    const char *colon = memchr(s, ':', len);
    size_t user_len = colon ? (size_t)(colon - s) : len;
    out->credentials = true;
    return decode(s, user_len, out->user, sizeof out->user) &&
           (!colon || decode(colon + 1, len - user_len - 1, out->password, sizeof out->password));
}

static bool take_host(const char *s, size_t len, char out[URL_HOST])
{
    if (!len || len >= URL_HOST)
        return false;
    memcpy(out, s, len);
    out[len] = '\0';
    if (out[0] != '[')
        return strspn(out, LETTERS DIGITS ".-_") == len && out[0] != '.' && out[0] != '-';
    char ip[URL_HOST];
    unsigned char binary[16];
    if (len < 3 || out[len - 1] != ']')
        return false;
    memcpy(ip, out + 1, len - 2);
    ip[len - 2] = '\0';
    return inet_pton(AF_INET6, ip, binary) == 1;
}

/* A port after its colon; an empty one is none. */
static bool take_port(const char *s, size_t len, int *out)
{
    int port = 0;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9' || (port = port * 10 + (s[i] - '0')) > 65535)
            return false;
    }
    *out = port;
    return !len || port > 0;
}

enum nt_status url_parse(const char *text, struct url *out)
{
    *out = (struct url){0};
    size_t scheme = strspn(text, LETTERS DIGITS);
    if (!is_clean(text) || !scheme || scheme >= sizeof out->scheme || strncmp(text + scheme, "://", 3) != 0)
        return NT_EINVAL;
    for (size_t i = 0; i < scheme; i++)
        out->scheme[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + ('a' - 'A') : text[i]);

    const char *s = text + scheme + 3, *end = s + strcspn(s, "/?#");
    const char *at = memchr(s, '@', (size_t)(end - s));
    if (at) {
        if (memchr(at + 1, '@', (size_t)(end - at - 1)) || !take_credentials(s, (size_t)(at - s), out))
            return NT_EINVAL;
        s = at + 1;
    }
    const char *bracket = *s == '[' ? memchr(s, ']', (size_t)(end - s)) : NULL;
    const char *after = bracket ? bracket + 1 : s;
    const char *colon = memchr(after, ':', (size_t)(end - after));
    if (!take_host(s, (size_t)((colon ? colon : end) - s), out->host))
        return NT_EINVAL;
    if (colon && !take_port(colon + 1, (size_t)(end - colon - 1), &out->port))
        return NT_EINVAL;
    return NT_OK;
}

bool url_is_loopback(const struct url *u)
{
    unsigned char binary[4];
    if (strcasecmp(u->host, "localhost") == 0 || strcmp(u->host, "[::1]") == 0)
        return true;
    return strncmp(u->host, "127.", 4) == 0 && inet_pton(AF_INET, u->host, binary) == 1;
}
