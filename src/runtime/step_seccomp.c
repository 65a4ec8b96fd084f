/*
 * The system call filter, and the agent that it may ask: runtime-spec config-linux.md#seccomp. The
 * agent's socket is connected by the engine, which can reach it, and used by the child, which has
 * the listener.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/fd.h"
#include "linux/seccomp_notify.h"
#include "runtime/channel.h"
#include "runtime/steps.h"

enum { LISTENER_PATIENCE_S = 10 };

int step_listener(Runner *runner, const Step *step, Error *error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const struct timeval patience = { .tv_sec = LISTENER_PATIENCE_S };
    if (strlen(step->source) >= sizeof(address.sun_path))
        return error_errno(error, ENAMETOOLONG, "%s", step->source);
    (void)memcpy(address.sun_path, step->source, strlen(step->source));
    int fd CLEANUP(fd_closep) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return error_errno(error, errno, "%s", step->source);
    runner_fill(runner, step, TAKE_FD(fd));
    return 0;
}

/* config-linux.md#containerprocessstate */
static void step_agent_text(const Runner *runner, Arena *arena, StrBuf *text)
{
    const Plan *plan = runner->plan;
    OciProcessState state = {
        .oci_version = plan->state->oci_version,
        .pid = runner->outer_pid,
        .metadata = plan->agent_metadata,
        .state = *plan->state,
    };
    strlist_append(arena, &state.fds, "seccompFd");
    if (state.state.pid == 0) /* the container's first process is this one */
        state.state.pid = runner->outer_pid;
    field_print(&oci_state_process_table, &state, false, text);
}

static void step_listener_failed(void *context, const Error *error)
{
    const Runner *runner = context;
    Message message = { .kind = MESSAGE_FAILED, .error = *error };
    (void)error_wrap(&message.error, "linux.seccomp.listenerPath");
    (void)!channel_send(runner->channel, &message, NULL, 0, NULL);
}

int step_seccomp(Runner *runner, const Step *step, Error *error)
{
    if (!step->in)
        return seccomp_load(step->with.seccomp, (uint32_t)step->flags, error);
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    step_agent_text(runner, runner->arena, &text);
    const SeccompNotify notify = {
        .socket = runner_slot(runner, step, error),
        .text = text.data,
        .size = text.length,
        .failed = step_listener_failed,
        .context = runner,
    };
    if (notify.socket < 0)
        return notify.socket;
    return seccomp_load_notify(step->with.seccomp, (uint32_t)step->flags, &notify, error);
}

void step_describe_seccomp(const Step *step, StrBuf *text)
{
    strbuf_printf(text, "filter of %u instructions", step->with.seccomp->count);
}
