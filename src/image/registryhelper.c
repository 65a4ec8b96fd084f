/*
 * The helper gets our environment (proxies, where credentials are) and standard error, for what
 * the libraries in it might say; everything else goes over the socket, whose closing ends it.
 */
#include "image/registryhelper.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/companion.h"
#include "base/fd.h"

#define REGISTRYHELPER_PROGRAM "ambit-registry"

void registryhelper_done(RegistryHelper *helper)
{
    fd_closep(&helper->socket);
    if (helper->pid > 0) {
        (void)kill(helper->pid, SIGTERM);
        while (waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    helper->pid = 0;
}

static int registryhelper_start(RegistryHelper *helper, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_errno(error, errno, "socketpair");
    helper->socket = ends[0];
    char name[] = REGISTRYHELPER_PROGRAM;
    char *arguments[] = { name, NULL };
    int fds[] = { -1, -1, STDERR_FILENO, ends[1] };
    CompanionStart start = {
        .path = companion_program(REGISTRYHELPER_PROGRAM, &arena),
        .arguments = arguments,
        .environment = environ,
        .fds = fds,
        .fd_count = ARRAY_LEN(fds),
    };
    int r = companion_start(&start, &helper->pid);
    fd_close(ends[1]);
    return r < 0 ? error_errno(error, r, "start %s", start.path) : 0;
}

int registryhelper_open(const RegistryOpen *open, RegistryHelper *ret_helper, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    RegistryReply reply;
    RegistryHelper helper CLEANUP(registryhelper_done) = REGISTRYHELPER_NONE;
    int r = registryhelper_start(&helper, error);
    if (r == 0)
        r = registrycall_send_open(helper.socket, open, error);
    if (r == 0)
        r = registrycall_receive_reply(helper.socket, &arena, &reply, error);
    if (r == 0)
        return error_set(error, ERROR_SYSTEM, EPIPE, REGISTRYHELPER_PROGRAM " did not start");
    if (r > 0)
        r = registrycall_failure(&reply, error);
    if (r < 0)
        return r;
    *ret_helper = helper;
    helper = REGISTRYHELPER_NONE;
    return 0;
}

int registryhelper_ask(RegistryHelper *helper, RegistryRequest request, RegistryBody *ret_body,
                       Arena *arena, RegistryReply *ret_reply, Error *error)
{
    request.id = ++helper->serial;
    return registrycall_ask(helper->socket, &request, ret_body, arena, ret_reply, error);
}
