/*
 * Between the loading of the filter and the moment when somebody listens, a call that the filter
 * asks about waits for ever, and that may be any call: sendmsg, futex, even write. So a second
 * thread, to which the filter does not apply, does the sending; the caller only looks at a word of
 * memory meanwhile. The descriptor is close-on-exec by birth.
 *
 * The trap: the thread has no thread-local storage of its own, so no two calls that may set errno
 * run at the same time: each of the two waits for the other, by sleeping or looking.
 */
#include "linux/seccomp_notify.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

enum { NOTIFY_STACK = 64 * 1024, NOTIFY_PAUSE_US = 20, NOTIFY_NONE = -1, NOTIFY_GIVEN_UP = -2 };

typedef struct NotifySender {
    const SeccompNotify *notify;
    atomic_int fd; /* NOTIFY_NONE until the filter is loaded */
    atomic_bool done;
} NotifySender;

static int notify_send(void *context)
{
    NotifySender *sender = context;
    int fd;
    while ((fd = atomic_load(&sender->fd)) == NOTIFY_NONE)
        clock_pause_us(NOTIFY_PAUSE_US);
    if (fd >= 0) {
        const SeccompNotify *notify = sender->notify;
        int r = fd_send(notify->socket, notify->text, notify->size, &fd, 1);
        (void)close(notify->socket);
        (void)close(fd);
        if (r < 0) {
            Error error = { 0 };
            (void)error_errno(&error, r, "send the seccomp listener");
            notify->failed(notify->context, &error);
            (void)syscall(SYS_exit_group, 125);
        }
    }
    atomic_store(&sender->done, true);
    (void)syscall(SYS_exit, 0); /* this thread */
    return 0;
}

int seccomp_load_notify(const SeccompProgram *program, uint32_t flags, const SeccompNotify *notify,
                        Error *error)
{
    NotifySender sender = { .notify = notify, .fd = NOTIFY_NONE };
    char *stack = mem_alloc(NOTIFY_STACK); /* for ever: an exec follows, or the end */
    int thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    if (clone(notify_send, stack + NOTIFY_STACK, thread, &sender) < 0)
        return error_errno(error, errno, "make the thread that sends the seccomp listener");
    int fd = seccomp_load(program, flags, error);
    atomic_store(&sender.fd, fd < 0 ? NOTIFY_GIVEN_UP : fd);
    while (!atomic_load(&sender.done))
        ;
    return fd < 0 ? fd : 0;
}
