/*
 * whole ROOTFS PROGRAM BUNDLE STATE: a whole OCI start on cgroup v1, and nothing but its system
 * calls. It does what `ambit-oci run` does for the configuration that `ambit-oci spec` writes:
 * seals itself, reads the configuration and looks at the host, keeps state, makes six cgroups with
 * device rules, seven namespaces, /dev with its nodes, eight mounts and those of the cgroups,
 * hides, pivots, drops capabilities, executes, waits, removes all. Parent and child share the work
 * as there.
 *
 * It parses, checks and decides nothing, so the time between this and the floor is what the kernel
 * takes for the contract, and the time between ambit-oci and this is ambit-oci's own. The trap: it
 * is no runtime. No error is cleaned up after, no path is anybody else's.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(array)   (sizeof(array) / sizeof((array)[0]))
/* <sys/mount.h> and <linux/mount.h> do not go together with every libc. */
#define PROPAGATE_SLAVE (1 << 19)
#define DETACH          2

enum {
    SAFE = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
    HIERARCHIES = 6,
    DEVICES = 2, /* of them */
    ROOT = HIERARCHIES,
    DEV,
    HANDED_OVER, /* the files `tasks`, the root and /dev */
    SEALED_FD = 63,
};

static const char *const hierarchies[HIERARCHIES] = { "cpuacct", "memory", "devices",
                                                      "freezer", "blkio",  "pids" };
extern char **environ;

static int check(long answer, const char *what)
{
    if (answer < 0)
        err(125, "%s", what);
    return (int)answer;
}

/* ---- mounts ---- */

static int in_root(int root, const char *path)
{
    struct open_how how = { .flags = O_PATH | O_CLOEXEC,
                            .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* Options in pairs, a flag's second is "". */
static int new_mount(const char *type, const char *const *options, unsigned attributes)
{
    int fd = check(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), type);
    check(syscall(SYS_fsconfig, fd, FSCONFIG_SET_STRING, "source", type, 0), type);
    for (; options && options[0]; options += 2)
        check(syscall(SYS_fsconfig, fd, *options[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
                      options[0], *options[1] ? options[1] : NULL, 0),
              options[0]);
    check(syscall(SYS_fsconfig, fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0), type);
    int mount = check(syscall(SYS_fsmount, fd, FSMOUNT_CLOEXEC, attributes), type);
    close(fd);
    return mount;
}

#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void attach(int mount, int target, const char *name)
{
    check(syscall(SYS_move_mount, mount, "", target, name,
                  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
          "move_mount");
}

static int clone_mount(int fd, const char *path, unsigned flags)
{
    return check(syscall(SYS_open_tree, fd, path,
                         OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags),
                 "open_tree");
}

static void change_mount(int fd, uint64_t set, unsigned flags)
{
    struct mount_attr change = { .attr_set = set };
    check(syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, &change, sizeof(change)),
          "mount_setattr");
}

static void mount_at(int root, const char *path, int mount)
{
    int target = check(in_root(root, path), path);
    attach(mount, target, "");
    close(mount);
    close(target);
}

/* ---- what crosses between parent and child ---- */

static void tell(int to, const int *fds, size_t count)
{
    char control[CMSG_SPACE(sizeof(int) * HANDED_OVER)];
    struct iovec byte = { (char[]){ "x" }, 1 };
    struct msghdr message = { .msg_iov = &byte, .msg_iovlen = 1 };
    if (count) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
    }
    check(sendmsg(to, &message, MSG_NOSIGNAL), "tell");
}

/* 0: the other side is gone. */
static int hear(int from, int *fds, size_t count)
{
    char control[CMSG_SPACE(sizeof(int) * HANDED_OVER)], x;
    struct iovec byte = { &x, 1 };
    struct msghdr message = {
        .msg_iov = &byte, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
    };
    int r = check(recvmsg(from, &message, MSG_CMSG_CLOEXEC), "hear");
    if (count)
        memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int) * count);
    return r;
}

/* ---- the child ---- */

static void loopback_up(void)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
    } request = {
        .header = { sizeof(request), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0 },
        .link = { .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP },
    };
    char answer[256];
    int fd = check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "netlink");
    check(send(fd, &request, sizeof(request), 0), "loopback up");
    check(recv(fd, answer, sizeof(answer), 0), "loopback up");
    close(fd);
}

static void child_cgroup_mounts(int root)
{
    int target = check(in_root(root, "sys/fs/cgroup"), "/sys/fs/cgroup");
    int tmpfs = new_mount("tmpfs", OPTIONS("mode", "755"), SAFE);
    attach(tmpfs, target, "");
    close(target);
    for (size_t i = 0; i < HIERARCHIES; i++) {
        int one = new_mount("cgroup", OPTIONS(hierarchies[i], ""), SAFE | MOUNT_ATTR_RDONLY);
        check(mkdirat(tmpfs, hierarchies[i], 0755), "mkdir");
        attach(one, tmpfs, hierarchies[i]);
        close(one);
    }
    change_mount(tmpfs, SAFE | MOUNT_ATTR_RDONLY, 0);
    close(tmpfs);
}

static void child_mounts(int root, int dev)
{
    mount_at(root, "proc", new_mount("proc", NULL, 0));
    mount_at(root, "dev", dev);
    mount_at(root, "dev/pts",
             new_mount("devpts",
                       OPTIONS("newinstance", "", "ptmxmode", "0666", "mode", "0620", "gid", "5"),
                       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
    mount_at(root, "dev/shm", new_mount("tmpfs", OPTIONS("mode", "1777", "size", "65536k"), SAFE));
    mount_at(root, "dev/mqueue", new_mount("mqueue", NULL, SAFE));
    mount_at(root, "sys", new_mount("sysfs", NULL, SAFE | MOUNT_ATTR_RDONLY));
    child_cgroup_mounts(root);
}

static void child_hide(int root)
{
    static const char *const masked[] = {
        "/proc/acpi", "/proc/asound",        "/proc/interrupts", "/proc/kcore",
        "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/scsi", "/proc/sched_debug",   "/sys/firmware",    "/sys/devices/virtual/powercap",
    };
    static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                            "/proc/sysrq-trigger" };
    int null = check(in_root(root, "dev/null"), "/dev/null");
    int empty =
        new_mount("tmpfs", OPTIONS("nr_inodes", "1", "mode", "555"), SAFE | MOUNT_ATTR_RDONLY);
    struct stat st;
    for (size_t i = 0; i < LENGTH(masked) + LENGTH(readonly); i++) {
        bool mask = i < LENGTH(masked);
        int target = in_root(root, mask ? masked[i] : readonly[i - LENGTH(masked)]);
        if (target < 0)
            continue;
        check(mask ? fstat(target, &st) : 0, "stat");
        int cover = mask ? clone_mount(S_ISDIR(st.st_mode) ? empty : null, "", 0)
                         : clone_mount(target, "", AT_RECURSIVE);
        if (!mask)
            change_mount(cover, MOUNT_ATTR_RDONLY, AT_RECURSIVE);
        attach(cover, target, "");
        close(cover);
        close(target);
    }
    change_mount(root, MOUNT_ATTR_RDONLY, 0);
}

static void child_pivot(int root)
{
    check(fchdir(root), "enter the root");
    check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(syscall(SYS_umount2, ".", DETACH), "let the old root go");
    check(chdir("/"), "enter /");
}

static void child_rights(void)
{
    const uint32_t kept = 1 << CAP_AUDIT_WRITE | 1 << CAP_KILL | 1 << CAP_NET_BIND_SERVICE;
    for (int capability = 0; capability <= CAP_LAST_CAP; capability++)
        if (capability > CAP_AUDIT_WRITE || !(kept & 1u << capability))
            check(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "bounding set");
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct sets[2] = { { .effective = kept, .permitted = kept } };
    check(syscall(SYS_capset, &header, sets), "capabilities");
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

static void child(int channel, const char *program)
{
    int fds[HANDED_OVER];
    close(SEALED_FD);
    check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "dumpable");
    check(unshare(CLONE_NEWNS), "mount namespace");
    check(unshare(CLONE_NEWUTS), "uts namespace");
    check(unshare(CLONE_NEWIPC), "ipc namespace");
    check(unshare(CLONE_NEWNET), "network namespace");
    loopback_up();
    check(sethostname("ambit", 5), "host name");
    check(hear(channel, fds, HANDED_OVER) - 1, "the parent");
    for (size_t i = 0; i < HIERARCHIES; i++)
        check(write(fds[i], "0", 1), "tasks");
    check(unshare(CLONE_NEWCGROUP), "cgroup namespace");
    struct mount_attr slave = { .propagation = PROPAGATE_SLAVE };
    check(syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &slave, sizeof(slave)), "slave");
    int top = check(openat(AT_FDCWD, "/", O_PATH | O_CLOEXEC), "/");
    attach(fds[ROOT], top, "");
    close(top);
    child_mounts(fds[ROOT], fds[DEV]);
    child_hide(fds[ROOT]);
    child_pivot(fds[ROOT]);
    check(syscall(SYS_close_range, 3, channel - 1, 0), "close_range");
    check(syscall(SYS_close_range, channel + 1, ~0U, 0), "close_range");
    check(hear(channel, NULL, 0) - 1, "the parent");
    check(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "_ses.bench"), "keyring");
    check(setsid(), "session");
    child_rights();
    check(execv(program, (char *[]){ (char *)program, NULL }), program);
}

/* ---- the parent ---- */

static void seal(char **argv)
{
    if (getenv("SEALED"))
        return;
    int fd = clone_mount(AT_FDCWD, "/proc/self/exe", 0);
    change_mount(fd, MOUNT_ATTR_RDONLY, 0);
    check(dup2(fd, SEALED_FD), "keep the mount");
    check(setenv("SEALED", "1", 1), "SEALED");
    check(syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH), argv[0]);
}

static void read_file(int at, const char *path)
{
    char buffer[8192];
    int fd = check(openat(at, path, O_RDONLY | O_CLOEXEC), path);
    while (check(read(fd, buffer, sizeof(buffer)), path) > 0)
        ;
    close(fd);
}

static void write_file(int at, const char *name, size_t size)
{
    static const char text[4096];
    int fd = check(openat(at, ".tmp", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), name);
    check(write(fd, text, size), name);
    close(fd);
    check(renameat(at, ".tmp", at, name), name);
}

static void parent_cgroups(int *directories, int *tasks)
{
    static const char *const rules[] = { "c *:* m",   "b *:* m",    "c 1:3 rwm", "c 1:5 rwm",
                                         "c 1:7 rwm", "c 1:8 rwm",  "c 1:9 rwm", "c 5:0 rwm",
                                         "c 5:2 rwm", "c 136:* rwm" };
    char path[64];
    for (size_t i = 0; i < HIERARCHIES; i++) {
        snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/bench-whole", hierarchies[i]);
        check(mkdir(path, 0755), path);
        directories[i] = check(openat(AT_FDCWD, path, O_PATH | O_CLOEXEC), path);
        tasks[i] = check(openat(directories[i], "tasks", O_WRONLY | O_CLOEXEC), "tasks");
    }
    int fd = check(openat(directories[DEVICES], "devices.deny", O_WRONLY | O_CLOEXEC), "deny");
    check(write(fd, "a", 1), "deny");
    close(fd);
    fd = check(openat(directories[DEVICES], "devices.allow", O_WRONLY | O_CLOEXEC), "allow");
    for (size_t i = 0; i < LENGTH(rules); i++)
        check(write(fd, rules[i], strlen(rules[i])), rules[i]);
    close(fd);
}

/* The child is not to wait for this CPU: src/linux/cpu.h. */
static void parent_spread(pid_t pid)
{
    cpu_set_t all, others;
    check(sched_getaffinity(0, sizeof(all), &all), "CPUs");
    read_file(AT_FDCWD, "/proc/loadavg");
    read_file(AT_FDCWD, "/sys/devices/system/cpu/online");
    others = all;
    CPU_CLR(sched_getcpu(), &others);
    if (CPU_COUNT(&others) == 0)
        return;
    check(sched_setaffinity(pid, sizeof(others), &others), "CPU of the child");
    check(sched_setaffinity(pid, sizeof(all), &all), "CPUs of the child");
}

static int parent_dev(void)
{
    static const struct {
        const char *name;
        unsigned major, minor;
    } nodes[] = { { "null", 1, 3 },   { "zero", 1, 5 },    { "full", 1, 7 },
                  { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 } };
    static const char *const links[] = { "fd", "stdin", "stdout", "stderr", "ptmx" };
    static const char *const places[] = { "pts", "shm", "mqueue" };
    int dev = new_mount("tmpfs", OPTIONS("mode", "755", "size", "65536k"),
                        MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME);
    for (size_t i = 0; i < LENGTH(nodes); i++)
        check(mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)),
              nodes[i].name);
    for (size_t i = 0; i < LENGTH(links); i++)
        check(symlinkat("/proc/self/fd", dev, links[i]), links[i]);
    for (size_t i = 0; i < LENGTH(places); i++)
        check(mkdirat(dev, places[i], 0755), places[i]);
    return dev;
}

static void parent_wait(int channel, int pidfd)
{
    close(SEALED_FD);
    if (hear(channel, NULL, 0) != 0) /* exec closes the child's end */
        errx(125, "the child spoke");
    struct pollfd wait = { .fd = pidfd, .events = POLLIN };
    check(poll(&wait, 1, -1), "wait");
}

static void parent_remove(const int *directories, int place, int state)
{
    static const char *const files[] = { "state.json", "config.json", "lock" };
    for (size_t i = 0; i < HIERARCHIES; i++)
        check(unlinkat(directories[i], "../bench-whole", AT_REMOVEDIR), hierarchies[i]);
    for (size_t i = 0; i < LENGTH(files); i++)
        check(unlinkat(state, files[i], 0), files[i]);
    check(unlinkat(place, "bench", AT_REMOVEDIR), "remove the state");
}

int main(int argc, char **argv)
{
    if (argc != 5)
        errx(125, "usage: whole ROOTFS PROGRAM BUNDLE STATE");
    seal(argv);
    int bundle = check(openat(AT_FDCWD, argv[3], O_PATH | O_CLOEXEC), argv[3]);
    read_file(bundle, "config.json");
    close(bundle);
    read_file(AT_FDCWD, "/proc/self/mountinfo");
    read_file(AT_FDCWD, "/proc/self/cgroup");
    int place = check(openat(AT_FDCWD, argv[4], O_PATH | O_CLOEXEC), argv[4]);
    check(mkdirat(place, "bench", 0700), "state");
    int state = check(openat(place, "bench", O_PATH | O_CLOEXEC), "state");
    int lock = check(openat(state, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600), "lock");
    check(flock(lock, LOCK_EX), "lock");

    int ends[2], pidfd;
    check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socketpair");
    struct clone_args args = { .exit_signal = SIGCHLD,
                               .pidfd = (uintptr_t)&pidfd,
                               .flags = CLONE_PIDFD | CLONE_NEWPID };
    pid_t pid = check(syscall(SYS_clone3, &args, sizeof(args)), "clone3");
    if (pid == 0) {
        close(ends[0]);
        child(ends[1], argv[2]);
    }
    parent_spread(pid);
    close(ends[1]);
    int directories[HIERARCHIES], fds[HANDED_OVER], status;
    write_file(state, "state.json", 220);
    parent_cgroups(directories, fds);
    fds[ROOT] = clone_mount(AT_FDCWD, argv[1], AT_RECURSIVE);
    fds[DEV] = parent_dev();
    tell(ends[0], fds, HANDED_OVER);
    write_file(state, "config.json", 2390);
    write_file(state, "state.json", 245);
    tell(ends[0], NULL, 0);
    parent_wait(ends[0], pidfd);
    check(waitpid(pid, &status, 0), "wait");
    parent_remove(directories, place, state);
    return status != 0;
}
