#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

const unsigned char sandbox_png[] = {
    0x89, 'P',  'N',  'G',  0x0D, 0x0A, 0x1A, 0x0A, 0,    0,    0,    13,  'I',  'H',  'D',  'R',  0,
    0,    0,    1,    0,    0,    0,    1,    8,    0,    0,    0,    0,   0x3A, 0x7E, 0x9B, 0x55, 0,
    0,    0,    10,   'I',  'D',  'A',  'T',  0x78, 0x9C, 0x63, 0x60, 0,   0,    0,    2,    0,    1,
    0x48, 0xAF, 0xA4, 0x71, 0,    0,    0,    0,    'I',  'E',  'N',  'D', 0xAE, 0x42, 0x60, 0x82,
};
const size_t sandbox_png_len = sizeof sandbox_png;

int sandbox_setup(void **state)
{
    struct sandbox *s = calloc(1, sizeof *s);
    static char empty[] = "";
    assert_non_null(s);
    strcpy(s->folder, "/tmp/nt-media-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->state, sizeof s->state, "%s/state", s->folder);
    assert_int_equal(mkdir(s->state, 0700), 0);
    fake_transport_init(&s->transport);
    fake_clock_init(&s->clock, INT64_C(1369353600000));
    s->env = (struct media_env){.transport = &s->transport.transport, .clock = &s->clock.clock, .state_dir = s->state};
    assert_int_equal(runner_new(&s->env.runner), NT_OK);
    picture_init(&s->picture);
    assert_int_equal(picture_add(&s->picture, sandbox_png, sandbox_png_len), NT_OK);
    assert_int_equal(picture_finish(&s->picture), NT_OK);
    s->publish.directory = s->publish.put = s->publish.public_url = s->publish.header_file = empty;
    struct config_s3 *c = &s->publish.s3;
    c->endpoint = c->region = c->bucket = c->access_key_id = c->secret_access_key = c->secret_access_key_file =
        c->prefix = c->public_url = empty;
    s->publish.keep = 24 * 3600 * 1000;
    *state = s;
    return 0;
}

void sandbox_empty(const char *folder)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    while (d && (e = readdir(d)))
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && unlinkat(dirfd(d), e->d_name, 0)) {
            char path[512];
            snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
            sandbox_empty(path);
            rmdir(path);
        }
    if (d)
        closedir(d);
}

int sandbox_teardown(void **state)
{
    struct sandbox *s = *state;
    publish_cancel(s->publication);
    runner_free(s->env.runner);
    picture_clean(&s->picture);
    strlist_clean(&s->publish.command);
    sandbox_empty(s->folder);
    rmdir(s->folder);
    free(s);
    return 0;
}

static void ended(void *arg, const char *url, const char *why)
{
    struct sandbox *s = arg;
    assert_null(s->publication); /* said before */
    s->ended++;
    snprintf(s->url, sizeof s->url, "%s", url ? url : "");
    snprintf(s->why, sizeof s->why, "%s", why ? why : "");
    assert_true(url ? !why : why && *why);
}

void sandbox_publish(struct sandbox *s)
{
    const struct publish_request r = {.env = &s->env,
                                      .config = &s->publish,
                                      .picture = &s->picture,
                                      .valid = 4 * 3600 * 1000,
                                      .done = ended,
                                      .arg = s};
    s->ended = 0;
    s->url[0] = s->why[0] = '\0';
    publish_start(&r, &s->publication);
}

void sandbox_wait(struct sandbox *s)
{
    /* 60 s: only a broken test waits for long */
    for (int i = 0; s->publication && i < 600; i++) {
        struct pollfd fd = {.fd = runner_fd(s->env.runner), .events = POLLIN};
        (void)poll(&fd, 1, 100);
        runner_turn(s->env.runner);
    }
    assert_null(s->publication);
}

char *sandbox_read(const char *folder, const char *name, size_t *len)
{
    char path[512], *text = calloc(1, 1 << 20);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "re");
    assert_non_null(text);
    if (!f) {
        free(text);
        return NULL;
    }
    *len = fread(text, 1, (1 << 20) - 1, f);
    fclose(f);
    return text;
}

void sandbox_write(const char *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

size_t sandbox_count(const char *folder)
{
    size_t n = 0;
    DIR *d = opendir(folder);
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n >= 2 ? n - 2 : 0;
}
