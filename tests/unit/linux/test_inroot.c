/*
 * Hostile trees. Every case runs twice: with the kernel's openat2 and with the walk that serves
 * where that is missing; both must say the same.
 */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "denial.h"
#include "linux/inroot.h"

static const char *const rungs[] = { NULL, "openat2=ENOSYS", "openat2=EPERM" };

static char place[] = "/tmp/ambit-inroot-XXXXXX";
static int root_fd = -1;
static int outside_fd = -1; /* the directory around the root */

static void write_file(const char *path)
{
    int fd = openat(outside_fd, path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    (void)close(fd);
}

static void make_dir(const char *path)
{
    assert_int_equal(mkdirat(outside_fd, path, 0755), 0);
}

static void make_link(const char *target, const char *path)
{
    assert_int_equal(symlinkat(target, outside_fd, path), 0);
}

static void make_tree(void)
{
    char path[PATH_MAX], target[PATH_MAX];
    make_dir("root");
    make_dir("root/etc");
    make_dir("root/a");
    make_dir("root/a/b");
    make_dir("secret");
    make_dir("elsewhere");
    write_file("secret/key");
    write_file("root/etc/passwd");
    make_link("/etc/passwd", "root/absolute");
    make_link("etc/passwd", "root/relative");
    make_link("../../../../../../../etc/passwd", "root/up");
    make_link("../../etc", "root/a/b/etc");
    make_link("/a/b/etc/passwd", "root/a/far");
    make_link("loop2", "root/loop1");
    make_link("loop1", "root/loop2");
    make_link("self", "root/self");
    make_link("/nowhere/x", "root/dangling");
    make_link("/", "root/slash");
    make_link("etc/", "root/etcslash");
    make_link("etc/passwd/", "root/fileslash");
    make_link("../secret/key", "root/secretlink");
    (void)snprintf(path, sizeof(path), "%s/secret/key", place);
    make_link(path, "root/secretabsolute");
    for (int i = 0; i <= 40; i++) { /* c40 is followed through 40 links and ends at etc, c41 41 */
        (void)snprintf(path, sizeof(path), "root/c%d", i + 1);
        (void)snprintf(target, sizeof(target), i == 0 ? "etc" : "c%d", i);
        make_link(target, path);
    }
}

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(place));
    outside_fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(outside_fd >= 0);
    make_tree();
    root_fd = openat(outside_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(root_fd >= 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)close(root_fd);
    (void)close(outside_fd);
    return file_remove_tree_at(AT_FDCWD, place);
}

static void run_on_all_rungs(DenialCheck *check)
{
    for (size_t i = 0; i < ARRAY_LEN(rungs); i++) {
        char text[DENIAL_TEXT_SIZE];
        if (denial_run(rungs[i], check, NULL, text) < 0)
            fail_msg("%s: %s", rungs[i] ? rungs[i] : "openat2", text);
    }
}

/* ---- opening ---- */

typedef struct OpenCase {
    const char *path;
    uint64_t flags;
    int code;           /* the expected answer if negative */
    const char *expect; /* else what it must be, seen from around the root */
} OpenCase;

static const OpenCase open_cases[] = {
    { "etc/passwd", O_RDONLY, 0, "root/etc/passwd" },
    { "/etc/passwd", O_PATH, 0, "root/etc/passwd" },
    { "//etc///passwd", O_PATH, 0, "root/etc/passwd" },
    { "./etc/./passwd", O_PATH, 0, "root/etc/passwd" },
    { "absolute", O_RDONLY, 0, "root/etc/passwd" },
    { "relative", O_PATH, 0, "root/etc/passwd" },
    { "up", O_RDONLY, 0, "root/etc/passwd" },
    { "a/b/etc/passwd", O_RDONLY, 0, "root/etc/passwd" },
    { "a/far", O_RDONLY, 0, "root/etc/passwd" },
    { "slash/slash/slash/absolute", O_RDONLY, 0, "root/etc/passwd" },
    { "slash", O_PATH, 0, "root" },
    { "/", O_PATH, 0, "root" },
    { ".", O_PATH, 0, "root" },
    { "..", O_PATH, 0, "root" },
    { "../../../..", O_PATH, 0, "root" },
    { "a/..", O_PATH, 0, "root" },
    { "a/b/../../..", O_PATH, 0, "root" },
    { "../etc", O_PATH | O_DIRECTORY, 0, "root/etc" },
    { "../secret/key", O_RDONLY, -ENOENT, NULL },
    { "secretlink", O_RDONLY, -ENOENT, NULL },
    { "secretabsolute", O_RDONLY, -ENOENT, NULL },
    { "a/b/../../../secret", O_PATH, -ENOENT, NULL },
    { "etcslash", O_PATH, 0, "root/etc" },
    { "etcslash/passwd", O_PATH, 0, "root/etc/passwd" },
    { "fileslash", O_PATH, -ENOTDIR, NULL },
    { "etc/", O_PATH, 0, "root/etc" },
    { "etc/passwd/", O_PATH, -ENOTDIR, NULL },
    { "relative/", O_PATH, -ENOTDIR, NULL },
    { "etc/passwd/..", O_PATH, -ENOTDIR, NULL },
    { "etc/passwd/x", O_PATH, -ENOTDIR, NULL },
    { "loop1", O_PATH, -ELOOP, NULL },
    { "self", O_RDONLY, -ELOOP, NULL },
    { "self/x", O_PATH, -ELOOP, NULL },
    { "c40", O_PATH, 0, "root/etc" },
    { "c41", O_PATH, -ELOOP, NULL },
    { "dangling", O_RDONLY, -ENOENT, NULL },
    { "missing", O_RDONLY, -ENOENT, NULL },
    { "", O_PATH, -ENOENT, NULL },
    { "absolute", O_RDONLY | O_NOFOLLOW, -ELOOP, NULL },
    { "absolute", O_PATH | O_NOFOLLOW, 0, "root/absolute" },
    { "slash/absolute", O_PATH | O_NOFOLLOW, 0, "root/absolute" },
    { "slash/", O_PATH | O_NOFOLLOW, 0, "root" },
    { "etc/passwd", O_PATH | O_DIRECTORY, -ENOTDIR, NULL },
    { "etc", O_WRONLY, -EISDIR, NULL },
    { "etc", O_RDONLY | O_DIRECTORY, 0, "root/etc" },
    { "..", O_RDONLY | O_DIRECTORY, 0, "root" },
};

static bool same_file(int fd, const char *path)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 && fstatat(outside_fd, path, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
           a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int check_open(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    for (size_t i = 0; i < ARRAY_LEN(open_cases); i++) {
        const OpenCase *c = &open_cases[i];
        Error error = { 0 };
        int fd = inroot_open(root_fd, c->path, c->flags, &error);
        bool good = c->expect ? fd >= 0 && same_file(fd, c->expect) : fd == c->code;
        if (fd >= 0 && !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
            good = false;
        if (!good) {
            (void)snprintf(text, DENIAL_TEXT_SIZE, "\"%s\" flags %llx: %d (%s), expected %d %s",
                           c->path, (unsigned long long)c->flags, fd, error.message, c->code,
                           c->expect ? c->expect : "");
            return -1;
        }
        fd_close(fd);
    }
    return 0;
}

static void test_open(void **state)
{
    (void)state;
    run_on_all_rungs(check_open);
}

static int check_long_names(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    char path[PATH_MAX + 64];
    memset(path, 'n', sizeof(path));
    path[300] = '\0';
    DENIAL_CHECK(inroot_open(root_fd, path, O_PATH, &error) == -ENAMETOOLONG);
    memset(path, '/', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    DENIAL_CHECK(inroot_open(root_fd, path, O_PATH, &error) == -ENAMETOOLONG);
    DENIAL_CHECK(inroot_open(root_fd, "x", O_CREAT | O_WRONLY, &error) == -EINVAL);
    DENIAL_CHECK(inroot_open(root_fd, ".", O_TMPFILE | O_RDWR, &error) == -EINVAL);
    return 0;
}

static void test_long_names(void **state)
{
    (void)state;
    run_on_all_rungs(check_long_names);
}

/* Jumps of procfs are refused; its true symlinks are not. */
static int check_magic_links(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    static const char *const jumps[] = { "proc/self/root/etc", "proc/self/cwd", "proc/self/exe",
                                         "proc/self/fd/0", "proc/self/ns/mnt" };
    for (size_t i = 0; i < ARRAY_LEN(jumps); i++)
        DENIAL_CHECK(inroot_open(slash, jumps[i], O_PATH, &error) == -ELOOP);
    int fd = inroot_open(slash, "proc/self/status", O_RDONLY, &error);
    DENIAL_CHECK(fd >= 0);
    (void)close(fd);
    fd = inroot_open(slash, "proc/mounts", O_RDONLY, &error);
    DENIAL_CHECK(fd >= 0);
    (void)close(fd);
    (void)close(slash);
    return 0;
}

static void test_magic_links(void **state)
{
    (void)state;
    run_on_all_rungs(check_magic_links);
}

/* ---- making ---- */

static int check_make(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    static const struct {
        const char *link, *target, *path, *expect;
        bool file;
    } cases[] = {
        { NULL, NULL, "new/one/two", "root/new/one/two", false },
        { NULL, NULL, "new/one/two", "root/new/one/two", false }, /* again */
        { NULL, NULL, "/../../top", "root/top", false },
        { "dl", "/made/here", "dl/x", "root/made/here/x", false },
        { "dl2", "../../../../out", "dl2", "root/out", true },
        { "dl3", "deep/er/", "dl3", "root/deep/er", false },
        { "a/dl4", "../../../viadots/y", "a/dl4/z", "root/viadots/y/z", true },
        { NULL, NULL, "etc/hosts", "root/etc/hosts", true },
        { NULL, NULL, "etc/hosts", "root/etc/hosts", true },
        { NULL, NULL, "a/b/etc/group", "root/etc/group", true },
        { NULL, NULL, "relative", "root/etc/passwd", true },
        { NULL, NULL, "miss/../after", "root/after", true },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].link)
            DENIAL_CHECK(symlinkat(cases[i].target, root_fd, cases[i].link) == 0);
        int fd = cases[i].file ? inroot_make_file(root_fd, cases[i].path, 0640, &error)
                               : inroot_make_dir(root_fd, cases[i].path, 0750, &error);
        if (fd < 0 || !same_file(fd, cases[i].expect)) {
            (void)snprintf(text, DENIAL_TEXT_SIZE, "make %s: %d %s", cases[i].path, fd,
                           error.message);
            return -1;
        }
        (void)close(fd);
    }
    struct stat st;
    DENIAL_CHECK(fstatat(root_fd, "new/one/two", &st, 0) == 0 && (st.st_mode & 0777) == 0750);
    DENIAL_CHECK(fstatat(root_fd, "new/one", &st, 0) == 0 && (st.st_mode & 0777) == 0755);
    DENIAL_CHECK(fstatat(root_fd, "etc/hosts", &st, 0) == 0 && (st.st_mode & 0777) == 0640);

    DENIAL_CHECK(inroot_make_dir(root_fd, "etc/passwd", 0755, &error) == -ENOTDIR);
    DENIAL_CHECK(inroot_make_dir(root_fd, "etc/passwd/x", 0755, &error) == -ENOTDIR);
    DENIAL_CHECK(inroot_make_dir(root_fd, "loop1/x", 0755, &error) == -ELOOP);
    DENIAL_CHECK(inroot_make_file(root_fd, "nofile/", 0644, &error) == -EISDIR);
    DENIAL_CHECK(inroot_make_file(root_fd, "self", 0644, &error) == -ELOOP);
    /* Nothing came to be around the root. */
    static const char *const outside[] = { "top", "out", "viadots", "made" };
    for (size_t i = 0; i < ARRAY_LEN(outside); i++)
        DENIAL_CHECK(faccessat(outside_fd, outside[i], F_OK, AT_SYMLINK_NOFOLLOW) < 0);
    /* Ready for the next rung. */
    static const char *const made[] = { "new",       "top",       "made", "out",  "deep",
                                        "viadots",   "dl",        "dl2",  "dl3",  "a/dl4",
                                        "etc/hosts", "etc/group", "miss", "after" };
    for (size_t i = 0; i < ARRAY_LEN(made); i++)
        DENIAL_CHECK(file_remove_tree_at(root_fd, made[i]) == 0);
    return 0;
}

static void test_make(void **state)
{
    (void)state;
    (void)umask(0);
    run_on_all_rungs(check_make);
}

static int check_parent(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    static const struct {
        const char *path, *parent, *name;
    } cases[] = {
        { "etc/passwd", "root/etc", "passwd" }, { "/x", "root", "x" },  { "x//", "root", "x" },
        { "a/b/etc/link", "root/etc", "link" }, { "up", "root", "up" }, { "/../y", "root", "y" },
    };
    char name[256];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int fd = inroot_open_parent(root_fd, cases[i].path, name, &error);
        DENIAL_CHECK(fd >= 0 && same_file(fd, cases[i].parent));
        DENIAL_CHECK(strcmp(name, cases[i].name) == 0);
        (void)close(fd);
    }
    static const char *const refused[] = { "", "/", ".", "..", "a/..", "a/.", "///" };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        DENIAL_CHECK(inroot_open_parent(root_fd, refused[i], name, &error) == -EINVAL);
    return 0;
}

static void test_parent(void **state)
{
    (void)state;
    run_on_all_rungs(check_parent);
}

/* ---- races ---- */

enum { RACE_MS = 150 };

static double now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Exchanges two names as fast as it can, until it is killed. */
static pid_t start_racer(const char *one, const char *other)
{
    enum { EXCHANGE = 2 };
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
        (void)syscall(SYS_renameat2, outside_fd, one, outside_fd, other, EXCHANGE);
}

static void stop_racer(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

/* A directory of the root changes places with a symlink that leads out. */
static int check_symlink_race(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    int reached = 0, refused = 0;
    for (double end = now_ms() + RACE_MS; now_ms() < end;) {
        int fd = inroot_open(root_fd, "swap/key", O_RDONLY, &error);
        DENIAL_CHECK(fd < 0 || !same_file(fd, "secret/key"));
        fd >= 0 ? reached++ : refused++;
        fd_close(fd);
        fd = inroot_make_file(root_fd, "swap/planted", 0644, &error);
        fd_close(fd);
        (void)unlinkat(root_fd, "swap/planted", 0);
        DENIAL_CHECK(faccessat(outside_fd, "secret/planted", F_OK, 0) < 0);
    }
    DENIAL_CHECK(reached > 0); /* else the race was none */
    (void)refused;
    return 0;
}

static void test_symlink_race(void **state)
{
    (void)state;
    make_dir("root/swap");
    write_file("root/swap/key");
    make_link("../secret", "root/swaplink");
    pid_t racer = start_racer("root/swap", "root/swaplink");
    assert_true(racer > 0);
    char text[DENIAL_TEXT_SIZE] = "";
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(rungs) && r == 0; i++)
        r = denial_run(rungs[i], check_symlink_race, NULL, text);
    stop_racer(racer);
    if (r < 0)
        fail_msg("%s", text);
}

/* A directory we may be in is moved out of the root: ".." from there must not lead around it. */
static int check_move_race(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    int reached = 0;
    for (double end = now_ms() + RACE_MS; now_ms() < end;) {
        int fd = inroot_open(root_fd, "walk/in/../../../secret/key", O_RDONLY, &error);
        DENIAL_CHECK(fd < 0);
        fd = inroot_open(root_fd, "walk/in/../../etc/passwd", O_RDONLY, &error);
        reached += fd >= 0;
        DENIAL_CHECK(fd < 0 || same_file(fd, "root/etc/passwd"));
        fd_close(fd);
    }
    DENIAL_CHECK(reached > 0);
    return 0;
}

static void test_move_race(void **state)
{
    (void)state;
    make_dir("root/walk");
    make_dir("root/walk/in");
    make_dir("elsewhere/in");
    pid_t racer = start_racer("root/walk/in", "elsewhere/in");
    assert_true(racer > 0);
    char text[DENIAL_TEXT_SIZE] = "";
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(rungs) && r == 0; i++)
        r = denial_run(rungs[i], check_move_race, NULL, text);
    stop_racer(racer);
    if (r < 0)
        fail_msg("%s", text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_magic_links), cmocka_unit_test(test_make),
        cmocka_unit_test(test_parent),      cmocka_unit_test(test_symlink_race),
        cmocka_unit_test(test_move_race),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
