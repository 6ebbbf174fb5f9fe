/* Sweeps of those who do not drain, and beginnings that fail. */
#include "desk.h"

#include "../handover/socket_fixture.h"

#include "base/log.h"
#include "base/mem.h"
#include "flow/sweep.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OLD = 600, PART_OF_A_DAY = 24 * 3600 * 1000 / 8, SELDOM = 10 * 60 * 1000 };

static struct desk d;
static char folder[64];

static void picture_path(char *out, size_t size, int i)
{
    snprintf(out, size, "%s/%032x.png", folder, (unsigned)i);
}

/* Written so many days ago. */
static void put_picture(int i, int days)
{
    char path[128];
    struct timespec t[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = (time_t)(d.clock.wall_ms / 1000) - days * 86400}};
    picture_path(path, sizeof path, i);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(futimens(fd, t), 0);
    close(fd);
}

static int left_of(int from, int to)
{
    int n = 0;
    char path[128];
    for (int i = from; i < to; i++) {
        picture_path(path, sizeof path, i);
        n += access(path, F_OK) == 0;
    }
    return n;
}

static int setup(void **state)
{
    (void)state;
    char config[256];
    strcpy(folder, "/tmp/nt-sweep-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(config, sizeof config, "publish: [{directory: %s, public_url: \"https://p.example.org/m/\", keep: 1d}]\n",
             folder);
    if (desk_open(&d, config))
        return -1;
    for (int i = 0; i < OLD; i++) /* more than one piece of work */
        put_picture(i, 10);
    put_picture(OLD, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    desk_close(&d);
    return desk_empty(folder) || rmdir(folder);
}

static void test_sweep__all_of_it(void **state)
{
    (void)state;
    int stop = 0, before = open_descriptors();
    sweep_run(&d.r, &stop);
    assert_int_equal(left_of(0, OLD), 0);
    assert_int_equal(left_of(OLD, OLD + 1), 1);
    assert_int_equal(open_descriptors(), before);
}

static void test_sweep__somebody_cannot_wait(void **state)
{
    (void)state;
    int stop = 1, before = open_descriptors();
    sweep_run(&d.r, &stop);
    assert_in_range(left_of(0, OLD), 1, OLD - 1);
    assert_int_equal(open_descriptors(), before);
}

/* One that cannot begin leaves nothing open, and is tried again when it is time again. */
static void test_sweep__each_allocation_fails_once(void **state)
{
    (void)state;
    struct sweep s;
    int stop = 0, before = open_descriptors(), without = 0;
    int64_t boot = d.clock.boot_ms;
    sweep_init(&s, boot);
    for (unsigned long n = 1;; n++) {
        mem_fail_at(n);
        sweep_turn(&s, &d.r);
        mem_fail_at(0);
        assert_int_equal(s.next, boot + (SELDOM < PART_OF_A_DAY ? SELDOM : PART_OF_A_DAY));
        if (s.retention)
            break;
        without++;
        assert_true(mem_failed());
        assert_int_equal(open_descriptors(), before);
        assert_int_equal(left_of(0, OLD), OLD);
        assert_int_equal(sweep_next(&s, boot), s.next);
        fake_clock_advance(&d.clock, s.next - boot - 1);
        sweep_turn(&s, &d.r); /* not yet */
        assert_null(s.retention);
        fake_clock_advance(&d.clock, 1);
        boot = s.next;
    }
    assert_true(without >= 3); /* the room's, and the sweep's own at least */
    assert_in_range(left_of(0, OLD), 1, OLD - 1);
    sweep_stop(&s);
    assert_int_equal(open_descriptors(), before);
    sweep_run(&d.r, &stop);
    assert_int_equal(left_of(0, OLD), 0);
}

int main(void)
{
#define AT_DESK(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        AT_DESK(test_sweep__all_of_it),
        AT_DESK(test_sweep__somebody_cannot_wait),
        AT_DESK(test_sweep__each_allocation_fails_once),
    };
    assert_int_equal(setenv("NOTIFY_TWILIO_TEMPLATES", NT_SOURCE_DIR "/templates", 1), 0);
    (void)log_open("test", LOG_LEVEL_ERROR, "/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
