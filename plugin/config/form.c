/*
 * form: what a text of the configuration must look like, one function a form.
 *
 * Nothing is owned here. A form looks and appends what is kept; the caller tells what is wrong, and where.
 *
 * DIAGNOSTICS
 * A verdict. No memory shows in the buf's own status.
 */
#include "config/form.h"

#include "base/number.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define DIGITS   "0123456789"
#define LETTERS  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ZONEINFO "/usr/share/zoneinfo"

enum {
    SID_DIGITS = 32,
    ALPHANUMERIC_MAX = 11,
    SHORT_CODE_MIN = 3,
    SHORT_CODE_MAX = 8,
    NAME_LONGEST = 255,
    KEY_LONGEST = 255
};

static enum form_verdict keep(const char *text, bool good, struct buf *kept)
{
    if (!good)
        return FORM_BAD;
    buf_adds(kept, text);
    return FORM_OK;
}

/* "AC" and 32 hexadecimal digits. */
static enum form_verdict look_sid(const char *text, const char *prefix, struct buf *kept)
{
    const char *digits = text + 2;
    bool good = !strncmp(text, prefix, 2) && strlen(digits) == SID_DIGITS &&
                strspn(digits, DIGITS "abcdefABCDEF") == SID_DIGITS;
    return keep(text, good, kept);
}

#define SID_FORM(name, prefix, what, left_out)                                                                         \
    static enum form_verdict look_##name(const char *text, struct buf *kept)                                           \
    {                                                                                                                  \
        return look_sid(text, prefix, kept);                                                                           \
    }                                                                                                                  \
    const struct form form_##name = {                                                                                  \
        .expects = what ": " prefix " and 32 hexadecimal digits", .mild = (left_out), .look = look_##name};

SID_FORM(account_sid, "AC", "an account SID", false)
SID_FORM(service_sid, "MG", "a messaging service SID", true)
SID_FORM(key_sid, "SK", "an API key SID", false)
SID_FORM(application_sid, "AP", "an application SID", true)

static enum form_verdict look_number(const char *text, struct buf *kept)
{
    char number[NUMBER_MAX];
    if (number_parse(text, strlen(text), number))
        return FORM_BAD;
    buf_adds(kept, number);
    return strcmp(text, number) ? FORM_ODD : FORM_OK;
}

const struct form form_number = {
    .expects = "a number with its country code, like +15005550001 (E.164)",
    .odd = "is not written as E.164 has it",
    .mild = true,
    .look = look_number,
};

static enum form_verdict look_prefix(const char *text, struct buf *kept)
{
    size_t digits = *text == '+' ? strspn(text + 1, DIGITS) : 0;
    return keep(text, digits > 0 && digits <= 15 && !text[digits + 1], kept);
}

const struct form form_prefix = {.expects = "the beginning of a number, like +1", .look = look_prefix};

/*
 * Digits alone are a short code; with a plus a number; otherwise a name of at most 11 letters, digits and the few
 * characters that Twilio takes, one of them a letter. "+1 500 555 0006" is a number; "ALERTS 24" a name.
 */
static enum form_verdict look_sender(const char *text, struct buf *kept)
{
    size_t len = strlen(text);
    if (*text == '+' || !strncmp(text, "00", 2))
        return look_number(text, kept);
    if (strspn(text, DIGITS) == len)
        return keep(text, len >= SHORT_CODE_MIN && len <= SHORT_CODE_MAX, kept);
    bool good = len <= ALPHANUMERIC_MAX && strspn(text, LETTERS DIGITS " +-_&") == len && strpbrk(text, LETTERS) &&
                *text != ' ' && text[len - 1] != ' ';
    return keep(text, good, kept);
}

const struct form form_sender = {
    .expects = "a number (+15005550006), a short code of 3 to 8 digits, or a name of at most 11 letters and digits",
    .odd = "is not written as E.164 has it",
    .mild = true,
    .look = look_sender,
};

/* Commas and semicolons part one WHO from the next, so a name with one in it can hardly be called. */
static enum form_verdict look_name(const char *text, struct buf *kept)
{
    size_t len = strlen(text);
    if (!len || len > NAME_LONGEST || isspace((unsigned char)*text) || isspace((unsigned char)text[len - 1]))
        return FORM_BAD;
    buf_adds(kept, text);
    return strpbrk(text, ",;") ? FORM_ODD : FORM_OK;
}

const struct form form_name = {
    .expects = "a name of at most 255 bytes, without blanks around it",
    .odd = "holds a comma or semicolon, which part one name from the next wherever names are given",
    .look = look_name,
};

static enum form_verdict look_timezone(const char *text, struct buf *kept)
{
    char path[sizeof ZONEINFO + 128];
    size_t len = strlen(text);
    if (len > 100 || !isalpha((unsigned char)*text) || strspn(text, LETTERS DIGITS "_+-/") != len ||
        strstr(text, "//") || text[len - 1] == '/')
        return FORM_BAD;
    /* Without the folder (a bare container) nothing can be said against it. */
    memcpy(path, ZONEINFO "/", sizeof ZONEINFO);
    memcpy(path + sizeof ZONEINFO, text, len + 1);
    return keep(text, access(ZONEINFO, X_OK) || !access(path, R_OK), kept);
}

const struct form form_timezone = {
    .expects = "a time zone that this system knows, like Europe/Berlin",
    .mild = true,
    .look = look_timezone,
};

static enum form_verdict look_label(const char *text, struct buf *kept)
{
    size_t len = strlen(text);
    return keep(text, len && len < 64 && strspn(text, LETTERS DIGITS "-.") == len && *text != '-' && *text != '.',
                kept);
}

const struct form form_label = {.expects = "letters, digits and dashes", .look = look_label};

/* Where the host of an URL begins: after "http://" or "https://"; NULL for any other. */
static const char *url_host(const char *url, bool *secure)
{
    *secure = !strncasecmp(url, "https://", 8);
    if (*secure)
        return url + 8;
    return strncasecmp(url, "http://", 7) ? NULL : url + 7;
}

/* 127.0.0.0/8, localhost or [::1], with a port or without. "127.0.0.1.example.org" is none. */
static bool is_loopback(const char *host)
{
    size_t len = strcspn(host, ":/");
    if (*host == '[')
        return !strncmp(host, "[::1]", 5) && (!host[5] || host[5] == ':' || host[5] == '/');
    if (len == 9 && !strncasecmp(host, "localhost", 9))
        return true;
    int parts = 0;
    const char *at = host;
    while (at < host + len) {
        size_t digits = strspn(at, DIGITS);
        int value = 0;
        for (size_t i = 0; i < digits && i < 4; i++)
            value = value * 10 + (at[i] - '0');
        if (!digits || digits > 3 || value > 255 || (!parts && value != 127))
            return false;
        parts++;
        at += digits;
        if (at < host + len && *at++ != '.')
            return false;
        if (at == host + len && at[-1] == '.')
            return false;
    }
    return parts == 4;
}

static bool url_text(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7F || strchr("\"<>\\^`{|}", *text))
            return false;
    return true;
}

/* An URL without a user in it; a query or fragment would be in the way of the path that is added. */
static enum form_verdict look_api_url(const char *text, struct buf *kept)
{
    bool secure;
    const char *host = url_host(text, &secure);
    size_t len = strlen(text);
    if (!host || !*host || strchr("/:?#", *host) || !url_text(text) || strpbrk(host, "@?#") ||
        (!secure && !is_loopback(host)))
        return FORM_BAD;
    while (text[len - 1] == '/')
        len--;
    buf_add(kept, text, len);
    return FORM_OK;
}

const struct form form_api_url = {
    .expects = "an https:// address without user, query or fragment (http:// only to this machine: 127.0.0.1, "
               "localhost, [::1])",
    .look = look_api_url,
};

static enum form_verdict look_url(const char *text, struct buf *kept)
{
    bool secure;
    const char *host = url_host(text, &secure);
    return keep(text, host && *host && !strchr("/:?#", *host) && url_text(text), kept);
}

const struct form form_url = {.expects = "an address that begins with https:// or http://", .look = look_url};

/* Clients of HTTP take the parts "." and ".." out of a path, and then the signature is another path's. */
static enum form_verdict look_key(const char *text, struct buf *kept)
{
    if (strlen(text) > KEY_LONGEST)
        return FORM_BAD;
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7F)
            return FORM_BAD;
    for (const char *part = text; *part;) {
        size_t len = strcspn(part, "/");
        if ((len == 1 || (len == 2 && part[1] == '.')) && *part == '.' && part[len])
            return FORM_BAD;
        part += len + (part[len] == '/');
    }
    return keep(text, true, kept);
}

const struct form form_key = {.expects = "at most 255 bytes, without the folders . and ..", .look = look_key};

static enum form_verdict look_proxy(const char *text, struct buf *kept)
{
    static const char *const scheme[] = {"http://", "https://", "socks4://", "socks4a://", "socks5://", "socks5h://"};
    const char *rest = text;
    for (size_t i = 0; i < sizeof scheme / sizeof *scheme; i++)
        if (!strncasecmp(text, scheme[i], strlen(scheme[i])))
            rest = text + strlen(scheme[i]);
    bool good = *rest && url_text(text) && !strstr(rest, "://") && !strchr("/:?#", *rest);
    return keep(text, good, kept);
}

const struct form form_proxy = {
    .expects = "a proxy: host:port, or an address with http://, https:// or socks5h://",
    .look = look_proxy,
};

/* What stands in {{…}} is the template's own; it may even be the whole beginning. */
static enum form_verdict look_template_url(const char *text, struct buf *kept)
{
    bool secure;
    return keep(text, url_host(text, &secure) || !strncmp(text, "{{", 2), kept);
}

const struct form form_template_url = {
    .expects = "a template of an address that begins with https:// or http://",
    .look = look_template_url,
};

static enum form_verdict look_header(const char *text, struct buf *kept)
{
    size_t name = strspn(text, LETTERS DIGITS "!#$%&'*+-.^_`|~");
    return keep(text, name && text[name] == ':', kept);
}

const struct form form_header = {.expects = "a header line like 'Name: value'", .look = look_header};

/* Made absolute by the loader, which knows the folder. */
static enum form_verdict look_store(const char *text, struct buf *kept)
{
    return keep(text, !strncmp(text, "sqlite:", 7) && text[7] && text[strlen(text) - 1] != '/', kept);
}

const struct form form_store = {.expects = "sqlite: and the path of a file", .look = look_store};

static const struct {
    const char *word;
    int64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

enum { UNITS = sizeof units / sizeof *units };

/* 1h30m: larger units first, each once; "0" alone needs no unit. */
bool form_duration(const char *text, int64_t *ms)
{
    int64_t total = 0;
    size_t next = 0;
    if (!strcmp(text, "0")) {
        *ms = 0;
        return true;
    }
    do {
        size_t digits = strspn(text, DIGITS), letters = strspn(text + digits, LETTERS), u = next;
        int64_t value = 0;
        if (!digits || digits > 9)
            return false;
        for (size_t i = 0; i < digits; i++)
            value = value * 10 + (text[i] - '0');
        text += digits;
        while (u < UNITS && (strlen(units[u].word) != letters || strncmp(text, units[u].word, letters) != 0))
            u++;
        if (u == UNITS)
            return false;
        total += value * units[u].ms; /* at most 10⁹ days: far from overflow */
        next = u + 1;
        text += letters;
    } while (*text);
    *ms = total;
    return true;
}

void form_duration_text(int64_t ms, char out[FORM_DURATION_SIZE])
{
    size_t used = 0;
    if (!ms)
        memcpy(out, "0", sizeof "0");
    for (size_t u = 0; u < UNITS && ms; u++)
        if (ms >= units[u].ms) {
            used += (size_t)snprintf(out + used, FORM_DURATION_SIZE - used, "%lld%s", (long long)(ms / units[u].ms),
                                     units[u].word);
            ms %= units[u].ms;
        }
}

bool form_integer(const char *text, int64_t *value)
{
    const char *digits = text + (*text == '-' || *text == '+');
    size_t n = strspn(digits, DIGITS);
    int64_t v = 0;
    if (!n || n > 18 || digits[n])
        return false;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (digits[i] - '0');
    *value = *text == '-' ? -v : v;
    return true;
}

bool form_rate(const char *text, double *value)
{
    size_t whole = strspn(text, DIGITS), part = 0;
    double v = 0, digit = 0.1;
    const char *fraction = text + whole;
    if (*fraction == '.') {
        fraction++;
        part = strspn(fraction, DIGITS);
        if (!part)
            return false;
    }
    if (!whole || whole > 12 || part > 12 || fraction[part])
        return false;
    for (size_t i = 0; i < whole; i++)
        v = v * 10 + (text[i] - '0');
    for (size_t i = 0; i < part; i++, digit /= 10)
        v += (fraction[i] - '0') * digit;
    *value = v;
    return true;
}

bool form_boolean(const char *text, bool *value)
{
    static const char *const word[] = {"false", "no", "off", "true", "yes", "on"};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        if (!strcasecmp(text, word[i])) {
            *value = i >= 3;
            return true;
        }
    return false;
}
