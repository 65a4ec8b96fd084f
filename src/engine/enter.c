/*
 * All descriptors are opened first and by the caller: after the first join the paths are someone
 * else's. The order of joining is namespace_table's.
 *
 * The trap: whoever joins a user namespace can be traced by its root, so that the descriptors and
 * the memory of this process would be theirs. From before the first join on it is not dumpable
 * (CVE-2016-9962, CVE-2022-29162), and what waits outside for the program never joins anything.
 */
#include "engine/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "engine/program.h"
#include "linux/cgroup.h"
#include "linux/clone.h"
#include "linux/identity.h"
#include "linux/namespace_of.h"
#include "linux/process.h"

static const EnterPlan enter_plan_empty = { .fds = { -1, -1, -1, -1, -1, -1, -1, -1 },
                                            .root_fd = -1,
                                            .cwd_fd = -1 };
_Static_assert(NAMESPACE_MAX == 8, "enter_plan_empty lists one -1 per kind");

void enter_plan_done(EnterPlan *plan)
{
    for (int type = 0; type < NAMESPACE_MAX; type++)
        fd_closep(&plan->fds[type]);
    for (size_t i = 0; i < plan->cgroup_count; i++)
        fd_closep(&plan->cgroup_fds[i]);
    plan->cgroup_count = 0;
    fd_closep(&plan->root_fd);
    fd_closep(&plan->cwd_fd);
}

bool enter_needs_seal(const EnterPlan *plan)
{
    return plan->fds[NAMESPACE_MOUNT] >= 0 && plan->fds[NAMESPACE_USER] < 0;
}

static int enter_open_namespaces(const Target *target, const EnterRequest *request, EnterPlan *plan,
                                 Error *error)
{
    uint64_t theirs[NAMESPACE_MAX], own[NAMESPACE_MAX];
    bool all = true;
    for (int type = 0; type < NAMESPACE_MAX; type++)
        all = all && !request->namespaces[type];
    int self_fd CLEANUP(fd_closep) = process_open(-1, getpid(), error);
    int r = self_fd < 0 ? self_fd : namespace_of_ids(self_fd, own, error);
    if (r == 0)
        r = namespace_of_ids(target->proc_fd, theirs, error);
    if (r < 0)
        return error_wrap(error, "process %d", (int)target->pid);
    for (int type = 0; type < NAMESPACE_MAX; type++) {
        if ((!all && !request->namespaces[type]) || theirs[type] == own[type])
            continue;
        plan->fds[type] = namespace_of_open(target->proc_fd, (NamespaceType)type, error);
        if (plan->fds[type] < 0)
            return plan->fds[type];
    }
    return 0;
}

static int enter_open_directories(const Target *target, EnterPlan *plan, Error *error)
{
    if (plan->fds[NAMESPACE_MOUNT] < 0)
        return 0;
    plan->root_fd = openat(target->proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (plan->root_fd < 0)
        return error_errno(error, errno, "the root directory of process %d", (int)target->pid);
    plan->cwd_fd = openat(target->proc_fd, "cwd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (plan->cwd_fd < 0)
        return error_errno(error, errno, "the working directory of process %d", (int)target->pid);
    return 0;
}

/* Files to which the program's process writes "0" to move itself. They are opened here because the
 * kernel asks the opener's rights (CVE-2021-4197). */
static int enter_open_cgroup(const Target *target, Arena *arena, EnterPlan *plan, Error *error)
{
    CgroupHost host;
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    int r = cgroup_host_read(arena, &host, error);
    if (r == 0 && host.mode == CGROUP_NONE)
        return error_set(error, ERROR_UNSUPPORTED, ENOENT, "no cgroup hierarchy is mounted");
    if (r == 0)
        r = cgroup_open_of_pid(&host, target->pid, arena, &cgroup, error);
    if (r < 0 || cgroup.mode != CGROUP_V2)
        return r < 0 ? r : cgroup_open_tasks(&cgroup, plan->cgroup_fds, &plan->cgroup_count, error);
    plan->cgroup_fds[0] = openat(cgroup.unified_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (plan->cgroup_fds[0] < 0)
        return error_errno(error, errno, "%s/cgroup.procs", cgroup.path);
    plan->cgroup_count = 1;
    return 0;
}

/* "UID[:GID]"; the group is the user's number when it is left out. */
static int enter_parse_user(const EnterRequest *request, Arena *arena, EnterPlan *plan,
                            Error *error)
{
    plan->set_ids = plan->fds[NAMESPACE_USER] >= 0 || request->user;
    plan->ids_given = request->user != NULL;
    if (!request->user)
        return 0;
    const char *colon = strchr(request->user, ':');
    const char *uid = colon ? arena_strndup(arena, request->user, (size_t)(colon - request->user))
                            : request->user;
    if (str_to_u32(uid, &plan->uid) < 0 || str_to_u32(colon ? colon + 1 : uid, &plan->gid) < 0 ||
        plan->uid == UINT32_MAX || plan->gid == UINT32_MAX)
        return error_set(error, ERROR_USAGE, EINVAL, "--user: '%s' is not UID[:GID] in numbers",
                         request->user);
    return 0;
}

/* With the files of the process goes its environment: PATH and HOME mean its files. */
static void enter_environment(const Target *target, const EnterRequest *request, Arena *arena,
                              EnterPlan *plan)
{
    StrList theirs = { 0 };
    plan->environment = request->environment;
    if (!target || plan->fds[NAMESPACE_MOUNT] < 0)
        return;
    if (process_environ(target->proc_fd, arena, &theirs, NULL) < 0)
        theirs = (StrList){ 0 };
    const char *term = program_variable(request->environment, "TERM");
    static char *const nothing[] = { NULL };
    if (term && !program_variable(theirs.items ? theirs.items : nothing, "TERM"))
        strlist_append(arena, &theirs, arena_printf(arena, "TERM=%s", term));
    plan->environment = theirs.items ? theirs.items : nothing;
}

static void enter_command(const EnterRequest *request, Arena *arena, EnterPlan *plan)
{
    plan->working_directory = request->working_directory;
    plan->command = request->command;
    if (plan->command.count)
        return;
    const char *shell =
        plan->fds[NAMESPACE_MOUNT] < 0 ? program_variable(plan->environment, "SHELL") : NULL;
    strlist_append(arena, &plan->command, str_empty(shell) ? "/bin/sh" : shell);
}

int enter_plan(const Target *target, const EnterRequest *request, Arena *arena, EnterPlan *ret_plan,
               Error *error)
{
    EnterPlan plan CLEANUP(enter_plan_done) = enter_plan_empty;
    int r = enter_open_namespaces(target, request, &plan, error);
    if (r == 0)
        r = enter_open_directories(target, &plan, error);
    if (r == 0 && request->cgroup)
        r = enter_open_cgroup(target, arena, &plan, error);
    if (r == 0)
        r = enter_parse_user(request, arena, &plan, error);
    if (r == 0)
        r = target_verify(target, error); /* the cgroup was found by pid */
    if (r < 0)
        return r;
    enter_environment(target, request, arena, &plan);
    enter_command(request, arena, &plan);
    *ret_plan = plan;
    plan = enter_plan_empty;
    return 0;
}

int enter_plan_path(const char *path, const EnterRequest *request, Arena *arena,
                    EnterPlan *ret_plan, Error *error)
{
    EnterPlan plan CLEANUP(enter_plan_done) = enter_plan_empty;
    if (request->cgroup)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--cgroup: a namespace in a file has no cgroup");
    int fd CLEANUP(fd_closep) = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "%s", path);
    int type = namespace_type(fd, error);
    if (type < 0)
        return error_wrap(error, "%s", path);
    plan.fds[type] = TAKE_FD(fd);
    int r = enter_parse_user(request, arena, &plan, error);
    if (r < 0)
        return r;
    enter_environment(NULL, request, arena, &plan);
    enter_command(request, arena, &plan);
    *ret_plan = plan;
    plan = enter_plan_empty;
    return 0;
}

/* Root of the joined user namespace, where it has a root; setgroups may be denied there. */
static int enter_become(uint32_t uid, uint32_t gid, Error *error)
{
    int r = identity_set_groups(NULL, 0, error);
    if (r == -EPERM || r == -EINVAL)
        r = 0;
    if (r == 0)
        r = identity_set_gid(gid, error);
    return r == 0 ? identity_set_uid(uid, error) : r;
}

static int enter_join(void *context, Error *error)
{
    EnterPlan *plan = context;
    int r = identity_set_dumpable(false, error);
    for (int type = 0; r == 0 && type < NAMESPACE_MAX; type++) {
        if (plan->fds[type] < 0)
            continue;
        r = namespace_join(plan->fds[type], (NamespaceType)type, error);
        if (r < 0)
            return error_wrap(error, "cannot join the %s namespace", namespace_table[type].name);
        if (type != NAMESPACE_USER)
            continue;
        (void)!enter_become(0, 0, NULL); /* not every user namespace has a root */
        r = identity_set_dumpable(false, error);
    }
    return r;
}

/* setns gives the root of the mount tree; the process may have another one (chroot). */
static int enter_directories(const EnterPlan *plan, Error *error)
{
    if (plan->root_fd >= 0 && (fchdir(plan->root_fd) < 0 || chroot(".") < 0))
        return error_errno(error, errno, "the root directory of the process");
    if (plan->cwd_fd >= 0 && fchdir(plan->cwd_fd) < 0)
        return error_errno(error, errno, "the working directory of the process");
    if (plan->working_directory && chdir(plan->working_directory) < 0)
        return error_errno(error, errno, "--workdir %s", plan->working_directory);
    return 0;
}

static int enter_prepare(void *context, Error *error)
{
    EnterPlan *plan = context;
    int r = 0;
    if (plan->cgroup_count)
        r = cgroup_enter_tasks(plan->cgroup_fds, plan->cgroup_count, error);
    if (r == 0)
        r = enter_directories(plan, error);
    if (r < 0 || !plan->set_ids)
        return r;
    r = enter_become(plan->uid, plan->gid, error);
    return r == -EINVAL && !plan->ids_given ? 0 : r;
}

/* One that the program could type into: among its descriptors, or as /dev/tty. */
static bool enter_has_terminal(void)
{
    int tty CLEANUP(fd_closep) = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    return tty >= 0 || isatty(STDIN_FILENO) || isatty(STDOUT_FILENO) || isatty(STDERR_FILENO);
}

int enter_run(EnterPlan *plan, int *ret_status, Error *error)
{
    Program program = {
        .command = &plan->command,
        .environment = plan->environment,
        .stage = enter_join,
        .prepare = enter_prepare,
        .context = plan,
        .terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
        .session = true,
    };
    if (enter_has_terminal() || plan->fds[NAMESPACE_PID] >= 0)
        return program_run(&program, ret_status, error);
    int r = enter_join(plan, error);
    if (r == 0)
        r = enter_prepare(plan, error);
    return r < 0 ? r : program_exec(&plan->command, plan->environment, -1, error);
}
