/*
 * The whole way of a container's root, as ambit goes it, with the contracts of src/linux alone:
 *
 *   parent (root of the host)                 child (root of a new user namespace)
 *   clone3 with all namespaces                waits
 *   uid_map, gid_map
 *   one idmapped clone of the store
 *   overlay of its layers, detached
 *   tmpfs for /dev with nodes, detached
 *   sends both descriptors               ->   attaches them, mounts proc and sysfs, pivots, looks
 *
 * Run with AMBIT_TIMINGS=1 to see what each step costs in microseconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "linux/clone.h"
#include "linux/idmap.h"
#include "linux/inroot.h"
#include "linux/mount.h"
#include "linux/overlay.h"
#include "linux/process.h"
#include "linux/syscalls.h"
#include "root.h"

enum { HOST_BASE = 700000, ID_COUNT = 65536, LAYERS = 5 };

static const IdRange id_map[] = { { 0, HOST_BASE, ID_COUNT } };

/* ---- timing ---- */

static double step_begin;

static double now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void step_done(const char *what)
{
    double end = now_us();
    if (getenv("AMBIT_TIMINGS"))
        (void)fprintf(stderr, "  %-52s %8.1f us\n", what, end - step_begin);
    step_begin = now_us();
}

/* ---- the store ---- */

static char store_path[] = "/var/tmp/ambit-boundary-XXXXXX";
static int store_fd = -1;

static void make_dir(const char *path)
{
    int fd = file_make_dirs_at(store_fd, path, 0755);
    assert_true(fd >= 0);
    (void)close(fd);
}

static void make_file(const char *path, mode_t mode, uid_t uid)
{
    int fd = openat(store_fd, path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, path, strlen(path)), (ssize_t)strlen(path));
    assert_int_equal(fchown(fd, uid, uid), 0);
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

static int setup(void **state)
{
    (void)state;
    if (geteuid() != 0)
        return 0;
    own_mounts();
    assert_non_null(mkdtemp(store_path));
    store_fd = open(store_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(store_fd >= 0);
    (void)umask(0);
    for (int i = 0; i < LAYERS; i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "layers/%d/only", i);
        make_dir(path);
        (void)snprintf(path, sizeof(path), "layers/%d/which", i);
        make_file(path, 0644, 0);
    }
    make_dir("layers/4/dev");
    make_dir("layers/4/proc");
    make_dir("layers/4/sys");
    make_dir("layers/4/etc");
    make_file("layers/3/user1000", 0640, 1000);
    make_file("layers/2/setuid", 04755, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (store_fd < 0)
        return 0;
    (void)close(store_fd);
    return file_remove_tree_at(AT_FDCWD, store_path);
}

static void make_container(const char *id)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "containers/%s/upper", id);
    make_dir(path);
    (void)snprintf(path, sizeof(path), "containers/%s/work", id);
    make_dir(path);
}

/* ---- the child ---- */

typedef struct Report {
    char text[1200];
} Report;

/* The first thing that is not as it should be ends the child with a text for the parent. */
#define CHILD_CHECK(condition)                                                                   \
    do {                                                                                         \
        if (!(condition)) {                                                                      \
            (void)snprintf(report->text, sizeof(report->text), "line %d: %s: %s (%s)", __LINE__, \
                           #condition, strerror(errno), error.message);                          \
            return -1;                                                                           \
        }                                                                                        \
    } while (0)

static bool owned_by(const char *path, uid_t uid)
{
    struct stat st;
    return lstat(path, &st) == 0 && st.st_uid == uid && st.st_gid == uid;
}

static int child_build(int root_fd, int dev_fd, Report *report)
{
    Error error = { 0 };
    int here = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    CHILD_CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    step_done("child: make / private");
    /* The mount point is any directory of the old tree: it goes away with it. */
    int target = inroot_open(here, "proc", O_PATH | O_DIRECTORY, &error);
    CHILD_CHECK(target >= 0);
    (void)close(target);
    target = inroot_open(here, "tmp", O_PATH | O_DIRECTORY, &error);
    CHILD_CHECK(target >= 0);
    CHILD_CHECK(mount_attach(root_fd, target, &error) == 0);
    step_done("child: attach the overlay");

    int fd = inroot_open(root_fd, "dev", O_PATH | O_DIRECTORY, &error);
    CHILD_CHECK(fd >= 0 && mount_attach(dev_fd, fd, &error) == 0);
    (void)close(fd);
    step_done("child: attach /dev");
    fd = inroot_open(root_fd, "proc", O_PATH | O_DIRECTORY, &error);
    int proc = mount_new("proc", "proc", NULL,
                         MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, &error);
    CHILD_CHECK(fd >= 0 && proc >= 0 && mount_attach(proc, fd, &error) == 0);
    (void)close(fd);
    (void)close(proc);
    step_done("child: proc");
    fd = inroot_open(root_fd, "sys", O_PATH | O_DIRECTORY, &error);
    int sys = mount_new("sysfs", "sysfs", NULL, MOUNT_ATTR_RDONLY, &error);
    CHILD_CHECK(fd >= 0 && sys >= 0 && mount_attach(sys, fd, &error) == 0);
    (void)close(fd);
    (void)close(sys);
    step_done("child: sysfs");
    CHILD_CHECK(mount_pivot(root_fd, &error) == 0);
    step_done("child: pivot and detach of the old root");
    return 0;
}

static int child_look(Report *report)
{
    Error error = { 0 };
    char text[64];
    int fd = open("/which", O_RDONLY | O_CLOEXEC);
    CHILD_CHECK(fd >= 0 && fd_read_text(fd, text, sizeof(text)) > 0);
    CHILD_CHECK(strcmp(text, "layers/0/which") == 0); /* the topmost one wins */
    (void)close(fd);

    CHILD_CHECK(owned_by("/which", 0));
    CHILD_CHECK(owned_by("/user1000", 1000));
    CHILD_CHECK(owned_by("/setuid", 0));
    CHILD_CHECK(owned_by("/dev/null", 0));
    fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    CHILD_CHECK(fd >= 0 && write(fd, "x", 1) == 1);
    (void)close(fd);

    fd = open("/new", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    CHILD_CHECK(fd >= 0 && write(fd, "x", 1) == 1);
    CHILD_CHECK(fchown(fd, 33, 44) == 0); /* any id of the container may be given */
    (void)close(fd);
    CHILD_CHECK(chown("/user1000", 1001, 1001) == 0); /* copy-up of a foreign file */
    CHILD_CHECK(unlink("/setuid") == 0);
    CHILD_CHECK(symlink("x", "/etc/link") == 0);
    /* The xattr by which overlay marks an opaque directory is not the container's to write. */
    CHILD_CHECK(mkdir("/etc/opaque", 0755) == 0 && rmdir("/etc/opaque") == 0);

    int proc_fd = process_open(-1, 1, &error);
    Arena arena = { 0 };
    ProcessStatus status;
    CHILD_CHECK(proc_fd >= 0 && process_status(proc_fd, &arena, &status, &error) == 0);
    CHILD_CHECK(status.pid == 1 && status.uid[0] == 0);
    CHILD_CHECK(mknod("/etc/zero", S_IFCHR | 0666, makedev(1, 5)) < 0 && errno == EPERM);
    CHILD_CHECK(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0);
    CHILD_CHECK(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL) == 0);
    return 0;
}

static int child_main(int socket, Report *report)
{
    int fds[2] = { -1, -1 };
    size_t count = 2;
    char byte;
    ssize_t n = fd_receive(socket, &byte, 1, fds, &count);
    Error error = { 0 };
    CHILD_CHECK(n == 1 && count == 2);
    step_begin = now_us();
    CHILD_CHECK(syscall(SYS_setresuid, 0, 0, 0) == 0 && syscall(SYS_setresgid, 0, 0, 0) == 0);
    int r = child_build(fds[0], fds[1], report);
    return r < 0 ? r : child_look(report);
}

/* ---- the parent ---- */

static int idmapped_store(int userns_fd)
{
    Error error = { 0 };
    int clone = mount_clone(store_fd, "", false, &error);
    if (clone < 0)
        fail_msg("%s", error.message);
    step_done("parent: clone of the store");
    const MountAttributes attributes = { .userns_fd = userns_fd, .propagation = MS_PRIVATE };
    if (mount_change(clone, &attributes, &error) < 0)
        fail_msg("%s", error.message);
    step_done("parent: idmap it");
    return clone;
}

static int mount_layers(int base_fd, const char *id, OverlayRung rung)
{
    Error error = { 0 };
    static const char *const lowers[] = { "layers/0", "layers/1", "layers/2", "layers/3",
                                          "layers/4" };
    char upper[64], work[64];
    (void)snprintf(upper, sizeof(upper), "containers/%s/upper", id);
    (void)snprintf(work, sizeof(work), "containers/%s/work", id);
    const OverlayOptions options = { .base_fd = base_fd,
                                     .lowers = lowers,
                                     .lower_count = ARRAY_LEN(lowers),
                                     .upper = upper,
                                     .work = work };
    int fd = overlay_mount_rung(&options, rung, &error);
    if (fd < 0)
        fail_msg("%s", error.message);
    step_done("parent: overlay");
    return fd;
}

static int make_dev(void)
{
    Error error = { 0 };
    Arena arena CLEANUP(arena_done) = { 0 };
    StrList options = { 0 };
    strlist_append(&arena, &options, "mode=755");
    strlist_append(&arena, &options, "size=64k");
    char uid[32];
    (void)snprintf(uid, sizeof(uid), "uid=%d", HOST_BASE);
    strlist_append(&arena, &options, uid);
    int fd = mount_new("tmpfs", "tmpfs", &options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, &error);
    if (fd < 0)
        fail_msg("%s", error.message);
    static const struct {
        const char *name;
        unsigned minor;
    } nodes[] = { { "null", 3 }, { "zero", 5 }, { "full", 7 }, { "random", 8 }, { "urandom", 9 } };
    for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
        assert_int_equal(mknodat(fd, nodes[i].name, S_IFCHR | 0666, makedev(1, nodes[i].minor)), 0);
        assert_int_equal(fchownat(fd, nodes[i].name, HOST_BASE, HOST_BASE, AT_SYMLINK_NOFOLLOW), 0);
    }
    step_done("parent: tmpfs with 5 device nodes");
    return fd;
}

static int write_maps(pid_t pid)
{
    Error error = { 0 };
    int proc = process_open(-1, pid, &error);
    assert_true(proc >= 0);
    if (idmap_write(proc, "uid_map", id_map, 1, &error) < 0 ||
        idmap_write(proc, "gid_map", id_map, 1, &error) < 0)
        fail_msg("%s", error.message);
    int userns = openat(proc, "ns/user", O_RDONLY | O_CLOEXEC);
    assert_true(userns >= 0);
    (void)close(proc);
    step_done("parent: both maps, ns/user");
    return userns;
}

static void assert_stored_owner(const char *path, uid_t uid, gid_t gid)
{
    struct stat st;
    assert_int_equal(fstatat(store_fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(st.st_uid, uid);
    assert_int_equal(st.st_gid, gid);
}

static void run_container(const char *id, OverlayRung rung)
{
    int sockets[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    make_container(id);
    Error error = { 0 };
    const CloneOptions options = { .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
                                            CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
                                            CLONE_NEWCGROUP,
                                   .cgroup_fd = -1 };
    step_begin = now_us();
    pid_t pid = clone_process(&options, &error);
    if (pid < 0)
        fail_msg("%s", error.message);
    if (pid == 0) {
        Report report = { "" };
        (void)close(sockets[0]);
        int r = child_main(sockets[1], &report);
        (void)!fd_write_all(sockets[1], &report, sizeof(report));
        _exit(r < 0 ? 1 : 0);
    }
    (void)close(sockets[1]);
    step_done("parent: clone3 with seven namespaces");
    int userns = write_maps(pid);
    int base = idmapped_store(userns);
    int fds[2] = { mount_layers(base, id, rung), make_dev() };
    assert_int_equal(fd_send(sockets[0], "x", 1, fds, 2), 0);
    step_done("parent: send two descriptors");
    (void)close(base);
    step_done("parent: close the clone of the store");
    (void)close(fds[0]);
    (void)close(fds[1]);
    (void)close(userns);

    Report report;
    int status;
    assert_int_equal(read(sockets[0], &report, sizeof(report)), (ssize_t)sizeof(report));
    assert_int_equal(clone_wait(pid, &status, &error), 0);
    (void)close(sockets[0]);
    if (report.text[0])
        fail_msg("in the container: %s", report.text);
    assert_int_equal(status, 0);

    char path[96];
    (void)snprintf(path, sizeof(path), "containers/%s/upper/new", id);
    assert_stored_owner(path, 33, 44);
    (void)snprintf(path, sizeof(path), "containers/%s/upper/user1000", id);
    assert_stored_owner(path, 1001, 1001);
    (void)snprintf(path, sizeof(path), "containers/%s/upper/etc/link", id);
    assert_stored_owner(path, 0, 0);
    assert_stored_owner("layers/3/user1000", 1000, 1000); /* the layer is as it was */
}

static void test_overlay_by_descriptor(void **state)
{
    (void)state;
    skip_unless_root();
    skip_before_linux(6, 15); /* OVERLAY_RUNG_FD of a detached tree */
    run_container("fd", OVERLAY_RUNG_FD);
}

static void test_overlay_by_string(void **state)
{
    (void)state;
    skip_unless_root();
    skip_before_linux(6, 15);
    run_container("string", OVERLAY_RUNG_STRING);
}

static void test_overlay_by_mount(void **state)
{
    (void)state;
    skip_unless_root();
    run_container("classic", OVERLAY_RUNG_CLASSIC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overlay_by_descriptor),
        cmocka_unit_test(test_overlay_by_string),
        cmocka_unit_test(test_overlay_by_mount),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
