#include "support.h"

#include "queue/place.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void test_place__says_what_an_error_means(void **state)
{
    (void)state;
    static const struct {
        int error;
        enum nt_status status;
    } table[] = {
        {ENOMEM, NT_ENOMEM},  {EACCES, NT_EACCES}, {EPERM, NT_EACCES}, {EROFS, NT_EACCES}, {ENOENT, NT_ENOENT},
        {ENOTDIR, NT_ENOENT}, {ENOSPC, NT_EFULL},  {EDQUOT, NT_EFULL}, {EIO, NT_EIO},      {ELOOP, NT_EIO},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(place_errno(table[i].error), table[i].status);
}

static void test_place__a_name_that_is_taken(void **state)
{
    struct scratch *f = *state;
    struct place p;
    struct buf error;
    int fd;
    buf_init(&error, 400);
    assert_int_equal(place_init(&p, f->url, NULL), NT_OK);
    /* a link to nothing, which realpath() leaves alone: not made through, and not taken for a file */
    assert_int_equal(symlink("/nonexistent/queue", scratch_file(f, "link")), 0);
    assert_int_equal(place_make_file(&p, scratch_file(f, "link")), NT_ENOENT);
    assert_int_equal(place_open(&p, scratch_file(f, "link"), &fd), NT_EIO);
    assert_int_equal(fd, -1);
    /* a folder */
    assert_int_equal(place_make_file(&p, f->folder), NT_EINVAL);
    /* what is no regular file is not written to */
    assert_int_equal(mkfifo(scratch_file(f, "fifo"), 0600), 0);
    assert_int_equal(place_open(&p, scratch_file(f, "fifo"), &fd), NT_EINVAL);
    assert_int_equal(fd, -1);
    place_clean(&p);
    /* the folder itself: a link to nothing is somebody's, and what is to lie in it says so */
    char url[200];
    snprintf(url, sizeof url, "sqlite:%s/queue.db", scratch_file(f, "link"));
    assert_int_equal(place_init(&p, url, NULL), NT_OK);
    assert_int_equal(place_make_folder(&p, &error), NT_OK);
    assert_int_equal(place_make_file(&p, p.database), NT_ENOENT);
    assert_int_equal(place_sync(&p), NT_ENOENT);
    place_clean(&p);
    snprintf(url, sizeof url, "sqlite:%s/queue.db", scratch_file(f, "fifo"));
    assert_int_equal(place_init(&p, url, NULL), NT_OK);
    assert_int_equal(place_make_folder(&p, &error), NT_EINVAL);
    assert_non_null(strstr(buf_text(&error), "not a folder"));
    place_clean(&p);
    buf_clean(&error);
}

static void test_place__puts_the_mode_of_a_file_right(void **state)
{
    struct scratch *f = *state;
    struct place p;
    struct stat st;
    assert_int_equal(place_init(&p, f->url, NULL), NT_OK);
    assert_int_equal(place_make_file(&p, f->path), NT_OK);
    assert_int_equal(chmod(f->path, 0600), 0);
    assert_int_equal(place_make_file(&p, f->path), NT_OK);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    place_clean(&p);
}

/* Root as he is in many a container: he may neither give files away nor change those of others. Until they are taken up
 * again, and nothing is asserted meanwhile: whoever fails would leave the others without. */
static void drop_powers(struct __user_cap_data_struct kept[2])
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2];
    assert_int_equal(syscall(SYS_capget, &head, kept), 0);
    memcpy(none, kept, sizeof none);
    none[0].effective = none[1].effective = 0;
    assert_int_equal(syscall(SYS_capset, &head, none), 0);
}

static void take_up_powers(const struct __user_cap_data_struct kept[2])
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    assert_int_equal(syscall(SYS_capset, &head, kept), 0);
}

static void foreign_file(const char *path, mode_t mode)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(chmod(path, mode), 0);
    assert_int_equal(chown(path, 12345, 12346), 0);
}

static void test_place__root_without_powers(void **state)
{
    struct scratch *f = *state;
    struct __user_cap_data_struct kept[2];
    struct place p;
    enum nt_status st[4];
    int fd[2];
    if (geteuid() != 0)
        return; /* who is not root gives nothing away in the first place */
    assert_int_equal(chown(f->folder, 12345, 12346), 0);
    assert_int_equal(chmod(f->folder, 0777), 0);
    foreign_file(scratch_file(f, "foreign"), 0600);
    foreign_file(scratch_file(f, "open"), 0666); /* for everybody, as it must not stay */
    assert_int_equal(place_init(&p, f->url, NULL), NT_OK);
    drop_powers(kept);
    st[0] = place_make_file(&p, scratch_file(f, "foreign"));
    st[1] = place_make_file(&p, scratch_file(f, "own"));
    st[2] = place_open(&p, scratch_file(f, "other"), &fd[0]);
    st[3] = place_open(&p, scratch_file(f, "open"), &fd[1]);
    take_up_powers(kept);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(st[i], NT_EACCES);
    assert_int_equal(fd[0], -1);
    assert_int_equal(fd[1], -1);
    place_clean(&p);
}

/* This machine may have the group or not: getgrnam() comes by here (--wrap). */
static struct group *its_group;

struct group *__wrap_getgrnam(const char *name);
struct group *__wrap_getgrnam(const char *name)
{
    return strcmp(name, "notify_twilio") == 0 ? its_group : NULL;
}

/* Root gives a folder that he makes to the group that shares the store. Where he may not, it is his own, and he says so
 * and goes on. */
static void test_place__gives_a_new_folder_to_the_group(void **state)
{
    static char name[] = "notify_twilio";
    struct scratch *f = *state;
    struct __user_cap_data_struct kept[2];
    struct group group = {.gr_name = name, .gr_gid = 12346};
    struct place p;
    struct buf error;
    struct stat st;
    char url[200];
    if (geteuid() != 0)
        return;
    buf_init(&error, 400);
    for (int exists = 0; exists < 2; exists++) {
        its_group = exists ? &group : NULL;
        snprintf(url, sizeof url, "sqlite:%s/queue.db", scratch_file(f, exists ? "shared" : "own"));
        assert_int_equal(place_init(&p, url, NULL), NT_OK);
        assert_int_equal(place_make_folder(&p, &error), NT_OK);
        assert_int_equal(stat(p.folder, &st), 0);
        assert_int_equal(st.st_mode & 07777, 02770);
        assert_int_equal(st.st_gid, exists ? 12346 : getegid());
        assert_string_equal(buf_text(&error), "");
        assert_int_equal(rmdir(p.folder), 0);
        place_clean(&p);
    }
    assert_int_equal(place_init(&p, url, NULL), NT_OK);
    drop_powers(kept);
    enum nt_status made = place_make_folder(&p, &error);
    take_up_powers(kept);
    assert_int_equal(made, NT_OK);
    assert_non_null(strstr(buf_text(&error), "cannot be given to group notify_twilio"));
    assert_int_equal(stat(p.folder, &st), 0);
    assert_int_equal(st.st_mode & 07777, 02770);
    assert_int_equal(st.st_gid, getegid());
    assert_int_equal(rmdir(p.folder), 0);
    place_clean(&p);
    its_group = NULL;
    buf_clean(&error);
}

int main(void)
{
#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place__says_what_an_error_means), IN_FOLDER(test_place__a_name_that_is_taken),
        IN_FOLDER(test_place__puts_the_mode_of_a_file_right),   IN_FOLDER(test_place__root_without_powers),
        IN_FOLDER(test_place__gives_a_new_folder_to_the_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
