/*
 * What the kernel answers to calls that a default filter is there for, in 64 and in 32 bits: every
 * address family through socket, socketpair, socketcall and with high bits set, and the calls for
 * new namespaces, mounts and kernel interfaces. One line for what was not refused:
 *
 *     socket 64 FAMILY    socket 32 FAMILY    socketcall 32 FAMILY    call NAME
 *
 * Errors other than EPERM, ENOSYS and EAFNOSUPPORT from the filter or the kernel's missing module
 * count as "not refused": the kernel's code was reached.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAMILIES = 50, CLONE_ARGS_SIZE = 64 };

static int refused(long answer)
{
    return answer == -EPERM || answer == -ENOSYS || answer == -EAFNOSUPPORT;
}

static long call64(long number, long a, long b, long c)
{
    long answer = syscall(number, a, b, c, 0L, 0L, 0L);
    return answer < 0 ? -errno : answer;
}

/* The gate of 32-bit programs, from a 64-bit one: pointers must lie below 4 GiB. */
static long call32(long number, long a, long b, long c)
{
    int answer;
    __asm__ volatile("int $0x80"
                     : "=a"(answer)
                     : "a"((int)number), "b"(a), "c"(b), "d"(c)
                     : "memory", "r8", "r9", "r10", "r11");
    return answer;
}

static void sockets(unsigned *low)
{
    for (int family = 0; family < FAMILIES; family++) {
        for (int type = 1; type <= 5; type++) {
            long answers[] = {
                call64(SYS_socket, family, type, 0),
                call64(SYS_socketpair, family, type, 0),
                call32(359, family, type, 0),
                0,
            };
            low[0] = (unsigned)family;
            low[1] = (unsigned)type;
            low[2] = 0;
            answers[3] = call32(102, 1, (long)low, 0); /* socketcall(SYS_SOCKET) */
            static const char *const names[] = { "socket 64", "socketpair 64", "socket 32",
                                                 "socketcall 32" };
            for (int i = 0; i < 4; i++)
                if (!refused(answers[i])) {
                    printf("%s %d\n", names[i], family);
                    if (answers[i] > 2)
                        close((int)answers[i]);
                }
        }
        /* The kernel looks at 32 bits, a careless filter at 64. */
        long high = call64(SYS_socket, family | (1L << 40), 2, 0);
        if (!refused(high))
            printf("socket 64 %d\n", family);
        if (high > 2)
            close((int)high);
    }
}

static void in_child(const char *name, long (*attempt)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        long answer = attempt();
        _exit(refused(answer) ? 0 : 1);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
        printf("call %s\n", name);
}

static long clone3_call(void)
{
    unsigned long long args[CLONE_ARGS_SIZE / 8] = { 0 };
    args[4] = SIGCHLD;
    long answer = call64(435, (long)args, sizeof(args), 0);
    if (answer == 0)
        _exit(0);
    return answer;
}

static long clone_userns(void)
{
    long answer = call64(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0);
    if (answer == 0)
        _exit(0);
    return answer;
}

static long clone_userns32(void)
{
    long answer = call32(120, CLONE_NEWUSER | SIGCHLD, 0, 0);
    if (answer == 0)
        _exit(0);
    return answer;
}

#define CALL(name, expression) \
    static long name(void)     \
    {                          \
        return expression;     \
    }

CALL(unshare_user, call64(SYS_unshare, CLONE_NEWUSER, 0, 0))
CALL(unshare_mount, call64(SYS_unshare, CLONE_NEWNS, 0, 0))
CALL(unshare_user32, call32(310, CLONE_NEWUSER, 0, 0))
CALL(setns_call, call64(SYS_setns, 0, 0, 0))
CALL(mount_call, call64(SYS_mount, 0, 0, 0))
CALL(umount_call, call64(SYS_umount2, 0, 0, 0))
CALL(fsopen_call, call64(430, 0, 0, 0))
CALL(fsconfig_call, call64(431, 0, 0, 0))
CALL(fsmount_call, call64(432, 0, 0, 0))
CALL(fspick_call, call64(433, 0, 0, 0))
CALL(open_tree_call, call64(428, -100, 0, 0))
CALL(move_mount_call, call64(429, 0, 0, 0))
CALL(mount_setattr_call, call64(442, 0, 0, 0))
CALL(fsopen32, call32(430, 0, 0, 0))
CALL(io_uring_setup, call64(425, 1, 0, 0))
CALL(io_uring_enter, call64(426, 0, 0, 0))
CALL(io_uring_register, call64(427, 0, 0, 0))
CALL(io_uring32, call32(425, 1, 0, 0))
CALL(keyctl_call, call64(SYS_keyctl, 0, -3, 1))
CALL(add_key_call, call64(SYS_add_key, 0, 0, 0))
CALL(request_key_call, call64(SYS_request_key, 0, 0, 0))
CALL(keyctl32, call32(288, 0, -3, 1))
CALL(bpf_call, call64(SYS_bpf, 0, 0, 0))
CALL(bpf32, call32(357, 0, 0, 0))
CALL(userfaultfd_call, call64(SYS_userfaultfd, 0, 0, 0))
CALL(perf_call, call64(SYS_perf_event_open, 0, 0, 0))
CALL(kexec_call, call64(SYS_kexec_load, 0, 0, 0))
CALL(module_call, call64(SYS_init_module, 0, 0, 0))
CALL(handle_call, call64(SYS_open_by_handle_at, 0, 0, 0))
CALL(vm86_call, call32(166, 0, 0, 0))
CALL(modify_ldt_x32, call64(0x40000000 | 39, 0, 0, 0))

int main(void)
{
    unsigned *low =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    static const struct {
        const char *name;
        long (*attempt)(void);
    } calls[] = {
        { "clone3", clone3_call },
        { "clone-user", clone_userns },
        { "clone-user-32", clone_userns32 },
        { "unshare-user", unshare_user },
        { "unshare-mount", unshare_mount },
        { "unshare-user-32", unshare_user32 },
        { "setns", setns_call },
        { "mount", mount_call },
        { "umount", umount_call },
        { "fsopen", fsopen_call },
        { "fsconfig", fsconfig_call },
        { "fsmount", fsmount_call },
        { "fspick", fspick_call },
        { "open_tree", open_tree_call },
        { "move_mount", move_mount_call },
        { "mount_setattr", mount_setattr_call },
        { "fsopen-32", fsopen32 },
        { "io_uring_setup", io_uring_setup },
        { "io_uring_enter", io_uring_enter },
        { "io_uring_register", io_uring_register },
        { "io_uring-32", io_uring32 },
        { "keyctl", keyctl_call },
        { "add_key", add_key_call },
        { "request_key", request_key_call },
        { "keyctl-32", keyctl32 },
        { "bpf", bpf_call },
        { "bpf-32", bpf32 },
        { "userfaultfd", userfaultfd_call },
        { "perf_event_open", perf_call },
        { "kexec_load", kexec_call },
        { "init_module", module_call },
        { "open_by_handle_at", handle_call },
        { "vm86-32", vm86_call },
        { "x32", modify_ldt_x32 },
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (low == MAP_FAILED)
        return 1;
    sockets(low);
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        in_child(calls[i].name, calls[i].attempt);
    puts("end");
    return 0;
}
