/*
 * addresses: survives a dead name server with what was good the last time.
 *
 * In memory there are a few hosts with a few addresses each, the latest first. The file has one line an address,
 * "host port ip", and is read when it is first needed. It is replaced by rename, without fsync: it is a convenience
 * that may be lost, and a page must not wait for the disk on its account. Several processes may share it; the last
 * writer wins.
 *
 * Nothing depends on the file being honest: TLS verifies the host by its name whatever the address.
 *
 * DIAGNOSTICS: none. What cannot be read is not there, what cannot be written stays in memory; debug lines tell.
 */
#include "twilio/addresses.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 * 1024, SAVE_EVERY = 60 * 1000 };

enum nt_status addresses_init(struct addresses *a, const char *path)
{
    *a = (struct addresses){0};
    a->path = mem_strdup(path ? path : "");
    return a->path ? NT_OK : NT_ENOMEM;
}

void addresses_clean(struct addresses *a)
{
    mem_free(a->path);
    *a = (struct addresses){0};
}

static bool is_ip(const char *s)
{
    unsigned char out[16];
    return inet_pton(AF_INET, s, out) == 1 || inet_pton(AF_INET6, s, out) == 1;
}

static bool is_host(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    return n > 0 && n < ADDRESS_HOST && !s[n];
}

static struct address_host *find(struct addresses *a, const char *host, int port)
{
    for (int i = 0; i < a->n; i++) {
        if (a->host[i].port == port && strcasecmp(a->host[i].name, host) == 0)
            return &a->host[i];
    }
    return NULL;
}

/* Puts ip in front. True when it was not known. */
static bool put(struct addresses *a, const char *host, int port, const char *ip)
{
    struct address_host *h = find(a, host, port);
    if (!h) {
        /* The oldest gives way. */
        int at = a->n < ADDRESSES_HOSTS ? a->n++ : ADDRESSES_HOSTS - 1;
        h = &a->host[at];
        *h = (struct address_host){.port = port};
        snprintf(h->name, sizeof h->name, "%s", host);
    }
    int i = 0;
    while (i < ADDRESSES_EACH - 1 && h->ip[i][0] && strcmp(h->ip[i], ip) != 0)
        i++;
    bool known = strcmp(h->ip[i], ip) == 0;
    memmove(h->ip[1], h->ip[0], (size_t)i * sizeof h->ip[0]);
    snprintf(h->ip[0], sizeof h->ip[0], "%s", ip);

    struct address_host first = *h;
    memmove(&a->host[1], &a->host[0], (size_t)(h - a->host) * sizeof *h);
    a->host[0] = first;
    return !known;
}

static void load_line(struct addresses *a, const char *line)
{
    char host[ADDRESS_HOST], digits[8], ip[ADDRESS_IP], rest;
    if (sscanf(line, "%255s %7[0-9] %45s %c", host, digits, ip, &rest) != 3)
        return;
    int port = (int)strtol(digits, NULL, 10); /* so few cannot be too many for it */
    if (is_host(host) && port > 0 && port < 65536 && is_ip(ip))
        (void)put(a, host, port, ip);
}

/* The file has the latest first, and put() wants it last. */
static void load(struct addresses *a)
{
    if (a->loaded)
        return;
    a->loaded = true;
    if (!*a->path)
        return;
    struct buf text;
    buf_init(&text, FILE_MAX);
    if (file_read(a->path, &text, NULL) == NT_OK) {
        char *data = text.data;
        size_t end = text.len;
        while (data && end) {
            size_t start = end;
            while (start && data[start - 1] != '\n')
                start--;
            data[end] = '\0';
            load_line(a, data + start);
            end = start ? start - 1 : 0;
        }
    }
    buf_clean(&text);
}

void addresses_note(struct addresses *a, const char *host, int port, const char *ip)
{
    if (!is_host(host) || is_ip(host) || !is_ip(ip))
        return;
    /* The usual case: nothing new, and nothing to read. */
    if (a->n && a->host[0].port == port && strcmp(a->host[0].ip[0], ip) == 0 && strcasecmp(a->host[0].name, host) == 0)
        return;
    load(a);
    if (put(a, host, port, ip))
        a->changed = true;
}

enum nt_status addresses_find(struct addresses *a, const char *host, int port, struct buf *out)
{
    load(a);
    const struct address_host *h = find(a, host, port);
    for (int i = 0; h && i < ADDRESSES_EACH && h->ip[i][0]; i++) {
        bool brackets = strchr(h->ip[i], ':') != NULL;
        buf_addf(out, "%s%s%s%s", i ? "," : "", brackets ? "[" : "", h->ip[i], brackets ? "]" : "");
    }
    return buf_status(out);
}

/* Writes text beside path and renames it. */
static bool replace(const char *path, const struct buf *text)
{
    struct buf name;
    buf_init(&name, 4096);
    bool ok = false;
    if (buf_addf(&name, "%s.XXXXXX", path) == NT_OK) {
        int fd = mkstemp(name.data);
        if (fd >= 0) {
            ok = write(fd, buf_text(text), text->len) == (ssize_t)text->len && fchmod(fd, 0640) == 0;
            ok = close(fd) == 0 && ok;
            ok = ok && rename(name.data, path) == 0;
            if (!ok)
                unlink(name.data);
        }
    }
    buf_clean(&name);
    return ok;
}

void addresses_save(struct addresses *a, int64_t now)
{
    if (!a->changed || !*a->path)
        return;
    struct stat st;
    if (stat(a->path, &st) == 0) {
        int64_t age = now - ((int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
        /* A time in the future is a clock that was wrong. */
        if (age >= 0 && age < SAVE_EVERY)
            return;
    }
    a->changed = false;
    struct buf text;
    buf_init(&text, FILE_MAX);
    for (int i = 0; i < a->n; i++) {
        const struct address_host *h = &a->host[i];
        for (int k = 0; k < ADDRESSES_EACH && h->ip[k][0]; k++)
            buf_addf(&text, "%s %d %s\n", h->name, h->port, h->ip[k]);
    }
    if (buf_status(&text) != NT_OK || !replace(a->path, &text))
        log_debug("cannot keep the addresses in %s: %s", a->path, strerror(errno));
    buf_clean(&text);
}
