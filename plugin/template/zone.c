/*
 * zone: reads the system's time zone files (TZif, RFC 8536) and turns seconds into local time.
 *
 * A page's times are told in its reader's zone, and several zones are in use in one process. The C library knows only
 * one at a time, in an environment variable that this code, living inside other people's processes, must not touch.
 * Hence this reader: the changes listed in the file, then the standing rule at its end. Leap seconds are left out, as
 * POSIX time leaves them out.
 *
 * The zone owns its tables; a struct tm borrows the abbreviation.
 *
 * DIAGNOSTICS
 * NT_EINVAL: a name that would leave the folder. NT_ECORRUPT: a file that is no TZif or contradicts itself; nothing in
 * it is believed. A standing rule that cannot be read is no error: the last change then holds for ever.
 */
#include "template/zone.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "template/days.h"
#include "template/zone_rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    ZONE_FILE_MAX = 256 * 1024,
    ZONE_NAME_MAX = 255,
    ZONE_RULE_MAX = 255,
    HEADER = 44,
    KIND = 6 /* bytes of a local time type in the file */
};

struct zone_kind {
    int32_t offset;
    bool summer;
    uint8_t abbreviation; /* where it starts in zone.abbreviation */
};

struct zone {
    int64_t *at; /* ascending */
    uint8_t *kind_at;
    size_t n;
    struct zone_kind kind[256];
    char abbreviation[257];
    bool has_rule;
    struct zone_rule rule;
};

/* What the header counts. */
struct counts {
    size_t utc, standard, leap, time, type, character;
};

const char *zone_folder(void)
{
    const char *folder = secure_getenv("TZDIR");
    return folder && *folder ? folder : "/usr/share/zoneinfo";
}

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t get64(const unsigned char *p)
{
    uint64_t u = (uint64_t)get32(p) << 32 | get32(p + 4);
    int64_t v;
    memcpy(&v, &u, sizeof v);
    return v;
}

static int64_t get_time(const unsigned char *p, size_t width)
{
    if (width == 8)
        return get64(p);
    uint32_t u = get32(p);
    int32_t v;
    memcpy(&v, &u, sizeof v);
    return v;
}

static bool read_header(const unsigned char *p, size_t len, struct counts *c)
{
    if (len < HEADER || memcmp(p, "TZif", 4) != 0)
        return false;
    *c = (struct counts){.utc = get32(p + 20),
                         .standard = get32(p + 24),
                         .leap = get32(p + 28),
                         .time = get32(p + 32),
                         .type = get32(p + 36),
                         .character = get32(p + 40)};
    /* Against overflow in what follows; the real bounds come with the file's length. */
    return c->utc < 65536 && c->standard < 65536 && c->leap < 65536 && c->time < 65536 && c->type <= 256 &&
           c->character <= 256;
}

static size_t body_size(const struct counts *c, size_t width)
{
    return c->time * width + c->time + c->type * KIND + c->character + c->leap * (width + 4) + c->standard + c->utc;
}

/* p holds body_size() bytes. */
static enum nt_status read_body(struct zone *z, const unsigned char *p, const struct counts *c, size_t width)
{
    if (!c->type || !c->character)
        return NT_ECORRUPT;
    z->at = mem_array(c->time + 1, sizeof *z->at);
    z->kind_at = mem_array(c->time + 1, sizeof *z->kind_at);
    if (!z->at || !z->kind_at)
        return NT_ENOMEM;
    const unsigned char *kinds_at = p + c->time * width, *kinds = kinds_at + c->time, *names = kinds + c->type * KIND;
    for (size_t i = 0; i < c->time; i++) {
        z->at[i] = get_time(p + i * width, width);
        z->kind_at[i] = kinds_at[i];
        if (z->kind_at[i] >= c->type || (i && z->at[i] <= z->at[i - 1]))
            return NT_ECORRUPT;
    }
    z->n = c->time;
    for (size_t i = 0; i < c->type; i++) {
        const unsigned char *k = kinds + i * KIND;
        z->kind[i] = (struct zone_kind){.offset = (int32_t)get_time(k, 4), .summer = k[4] != 0, .abbreviation = k[5]};
        if (z->kind[i].offset < -172800 || z->kind[i].offset > 172800 || k[5] >= c->character)
            return NT_ECORRUPT;
    }
    memcpy(z->abbreviation, names, c->character);
    return NT_OK;
}

/* Between two newlines at the end of the file. */
static void read_rule(struct zone *z, const unsigned char *p, size_t len)
{
    char text[ZONE_RULE_MAX + 1];
    const unsigned char *end = len > 1 && p[0] == '\n' ? memchr(p + 1, '\n', len - 1) : NULL;
    if (!end || (size_t)(end - p) > sizeof text)
        return;
    size_t n = (size_t)(end - p) - 1;
    memcpy(text, p + 1, n);
    text[n] = '\0';
    z->has_rule = zone_rule_parse(text, &z->rule) == NT_OK;
}

enum nt_status zone_parse(const void *data, size_t len, struct zone **out)
{
    const unsigned char *p = data;
    struct counts c;
    size_t width = 4;
    struct zone *z = NULL;
    enum nt_status status = NT_ECORRUPT;
    *out = NULL;
    if (!read_header(p, len, &c))
        return status;
    unsigned char version = p[4];
    p += HEADER;
    len -= HEADER;
    if (version >= '2') {
        /* The same once more with wide times follows the narrow block. */
        size_t skip = body_size(&c, width);
        width = 8;
        if (skip > len || !read_header(p + skip, len - skip, &c))
            return status;
        p += skip + HEADER;
        len -= skip + HEADER;
    }
    if (body_size(&c, width) > len)
        return status;
    z = mem_zalloc(sizeof *z);
    if (!z)
        return NT_ENOMEM;
    status = read_body(z, p, &c, width);
    if (status)
        goto done;
    if (version >= '2')
        read_rule(z, p + body_size(&c, width), len - body_size(&c, width));
    *out = z;
    z = NULL;
done:
    zone_free(z);
    return status;
}

void zone_free(struct zone *z)
{
    if (!z)
        return;
    mem_free(z->at);
    mem_free(z->kind_at);
    mem_free(z);
}

/* "Europe/Berlin", "Etc/GMT+5": the letters that zone names are made of, and no way out of the folder. */
static bool name_valid(const char *name)
{
    size_t n = strlen(name);
    if (!n || n > ZONE_NAME_MAX || strstr(name, "//") || name[0] == '/' || name[n - 1] == '/')
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("_+-/", c)))
            return false;
    }
    return true;
}

/* Small systems come without a zone database, and this one zone needs none. */
static enum nt_status make_utc(struct zone **out)
{
    struct zone *z = mem_zalloc(sizeof *z);
    if (!z)
        return NT_ENOMEM;
    z->has_rule = zone_rule_parse("UTC0", &z->rule) == NT_OK;
    strcpy(z->abbreviation, "UTC");
    *out = z;
    return NT_OK;
}

enum nt_status zone_load(const char *folder, const char *name, struct zone **out)
{
    enum nt_status status;
    struct buf path, data;
    *out = NULL;
    if (!name_valid(name))
        return NT_EINVAL;
    if (strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0)
        return make_utc(out);
    buf_init(&path, 4096);
    buf_init(&data, ZONE_FILE_MAX);
    buf_addf(&path, "%s/%s", folder, name);
    status = buf_status(&path);
    if (!status)
        status = file_read(buf_text(&path), &data, NULL);
    if (!status)
        status = zone_parse(buf_text(&data), data.len, out);
    buf_clean(&data);
    buf_clean(&path);
    return status;
}

/* The last change at or before that second; -1 when it lies before all. */
static long change_before(const struct zone *z, int64_t seconds)
{
    size_t low = 0, high = z->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (z->at[middle] <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    return (long)low - 1;
}

void zone_local(const struct zone *z, int64_t seconds, struct tm *out)
{
    int32_t offset;
    bool summer;
    const char *abbreviation;
    /* Years that a struct tm can hold, with room for any offset. */
    const int64_t limit = INT64_C(60000000000000000);
    seconds = seconds > limit ? limit : seconds < -limit ? -limit : seconds;
    if (!z) {
        time_t t = (time_t)seconds;
        if (!localtime_r(&t, out) && !gmtime_r(&t, out))
            memset(out, 0, sizeof *out);
        return;
    }
    long i = change_before(z, seconds);
    if (z->has_rule && i + 1 == (long)z->n) {
        summer = zone_rule_summer(&z->rule, seconds);
        offset = summer ? z->rule.summer_offset : z->rule.standard_offset;
        abbreviation = summer ? z->rule.summer : z->rule.standard;
    } else {
        const struct zone_kind *k = &z->kind[i < 0 ? 0 : z->kind_at[i]];
        offset = k->offset;
        summer = k->summer;
        abbreviation = z->abbreviation + k->abbreviation;
    }
    time_t t = (time_t)(seconds + offset);
    if (!gmtime_r(&t, out))
        memset(out, 0, sizeof *out);
    out->tm_gmtoff = offset;
    out->tm_isdst = summer;
    out->tm_zone = abbreviation;
}
