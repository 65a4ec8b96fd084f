/*
 * floor ROOTFS PROGRAM: the least that anything called a container costs on this kernel. Six new
 * namespaces, the rootfs bound, /proc, one tmpfs, pivot_root, exec, wait; no cgroup, no filter, no
 * config, no state, no cleaning up. Every other time is given as a multiple of this one.
 */
#include <err.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int answer, const char *what)
{
    if (answer < 0)
        err(125, "%s", what);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        errx(125, "usage: floor ROOTFS PROGRAM");
    struct clone_args args = { .exit_signal = SIGCHLD,
                               .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
                                        CLONE_NEWNET | CLONE_NEWCGROUP };
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    check(pid, "clone3");
    if (pid == 0) {
        check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make / private");
        check(mount(argv[1], argv[1], NULL, MS_BIND | MS_REC, NULL), "bind the rootfs");
        check(chdir(argv[1]), "enter the rootfs");
        check(mount("proc", "proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL), "/proc");
        check(mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755"), "/dev");
        check((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
        check(umount2(".", MNT_DETACH), "let the old root go");
        check(execv(argv[2], (char *[]){ argv[2], NULL }), argv[2]);
    }
    int status;
    check(waitpid(pid, &status, 0), "wait");
    return status != 0;
}
