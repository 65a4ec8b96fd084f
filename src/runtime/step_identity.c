/*
 * Who the program is: user, groups, capabilities, and the ownership of its standard streams.
 *
 * The order of the steps is the security argument: bounding set dropped while CAP_SETPCAP is
 * there, groups and ids changed with keep-caps, then the final sets. Inheritable and ambient are
 * empty unless the spec asks for them (CVE-2022-24769).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/identity.h"
#include "linux/terminal.h"
#include "runtime/steps.h"
#include "runtime/user.h"

/* The numbers of the spec, and those that the container's /etc/group adds. */
static void step_add_groups(Runner *runner, const StepUser *wanted, const User *user)
{
    size_t count = wanted->group_count + user->group_count;
    uint32_t *groups = arena_alloc(runner->arena, count * sizeof(*groups));
    for (size_t i = 0; i < wanted->group_count; i++)
        groups[i] = wanted->groups[i];
    for (size_t i = 0; i < user->group_count; i++)
        groups[wanted->group_count + i] = user->groups[i];
    runner->identity.groups = groups;
    runner->identity.group_count = count;
}

int step_user_lookup(Runner *runner, const Step *step, Error *error)
{
    const StepUser *wanted = step->with.user;
    runner->identity = *wanted;
    if (!wanted->name) {
        runner->home =
            wanted->find_home ? user_home(runner->root_fd, wanted->uid, runner->arena) : NULL;
        return 0;
    }
    User user;
    int r = user_lookup(runner->root_fd, wanted->name, wanted->extra_groups, runner->arena, &user,
                        error);
    if (r < 0)
        return r;
    runner->identity.uid = user.uid;
    runner->identity.gid = user.gid;
    step_add_groups(runner, wanted, &user);
    runner->home = user.home;
    return 0;
}

/* The host's /dev/null is replaced by the container's: a file of the host is in nobody's hands that
 * needs none, and a checkpoint knows only mounts of the container. */
static void step_own_null(int fd, const struct stat *st)
{
    const dev_t null = makedev(1, 3);
    struct stat own;
    if (!S_ISCHR(st->st_mode) || st->st_rdev != null)
        return;
    int opened CLEANUP(fd_closep) =
        openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
    if (opened >= 0 && fstat(opened, &own) == 0 && S_ISCHR(own.st_mode) && own.st_rdev == null)
        (void)!dup3(opened, fd, 0);
}

/*
 * The terminal becomes the standard streams. Otherwise pipes and sockets are given to the user, so
 * that /dev/stdout can be reopened by a program that is not the host's root; files and the host's
 * terminals keep their owners.
 */
int step_stdio(Runner *runner, const Step *step UNUSED, Error *error)
{
    if (runner->terminal_fd >= 0) {
        if (fchown(runner->terminal_fd, runner->identity.uid, (gid_t)-1) < 0 && errno != EPERM)
            return error_errno(error, errno, "chown of the terminal");
        return terminal_make_controlling(runner->terminal_fd, error);
    }
    int r = identity_new_session(error);
    if (r < 0)
        return r;
    for (int fd = 0; fd <= 2; fd++) {
        struct stat st;
        if (fstat(fd, &st) < 0)
            continue;
        step_own_null(fd, &st);
        if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
            continue;
        /* Made by a process outside the id map: not ours to give, and no reason to fail. */
        (void)!fchown(fd, runner->identity.uid, (gid_t)-1);
    }
    return 0;
}

int step_bounding(Runner *runner UNUSED, const Step *step, Error *error)
{
    int r = capability_apply_bounding(step->with.capabilities, error);
    return r < 0 ? r : capability_keep(true, error);
}

int step_identity(Runner *runner, const Step *step UNUSED, Error *error)
{
    const StepUser *user = &runner->identity;
    if (user->umask >= 0)
        identity_set_umask((mode_t)user->umask);
    int r = user->keep_groups ? 0 : identity_set_groups(user->groups, user->group_count, error);
    /* Where an ordinary user maps his own id alone, the kernel lets nobody drop groups. */
    if (r == -EPERM && runner->plan->unprivileged && user->group_count == 0)
        r = 0;
    if (r == 0)
        r = identity_set_gid(user->gid, error);
    if (r == 0)
        r = identity_set_uid(user->uid, error);
    return r;
}

/*
 * Somebody other than root loses at exec what is not ambient. The engine's users (a name or number
 * looked up inside) lose it before, as docker's do: else CAP_DAC_OVERRIDE would execute a program
 * that only root may. With an OCI configuration the sets are what it says.
 */
int step_capabilities(Runner *runner, const Step *step, Error *error)
{
    CapabilitySets sets = *step->with.capabilities;
    if (runner->identity.name && runner->identity.uid != 0) {
        sets.effective &= sets.ambient;
        sets.permitted &= sets.ambient;
    }
    return capability_apply(&sets, error);
}

/* Somebody else than root has put them aside, and loading a filter takes CAP_SYS_ADMIN. */
int step_raise(Runner *runner UNUSED, const Step *step UNUSED, Error *error)
{
    return capability_use_permitted(error);
}

void step_describe_user(const Step *step, StrBuf *text)
{
    const StepUser *user = step->with.user;
    if (user->name)
        strbuf_printf(text, "user '%s'", user->name);
    else
        strbuf_printf(text, "uid %u gid %u", user->uid, user->gid);
    for (size_t i = 0; i < user->group_count; i++)
        strbuf_printf(text, "%s%u", i ? "," : " groups ", user->groups[i]);
}

void step_describe_capabilities(const Step *step, StrBuf *text)
{
    const CapabilitySets *sets = step->with.capabilities;
    uint64_t shown = step->kind == STEP_BOUNDING ? sets->bounding : sets->effective;
    if (shown)
        capability_print(shown, text);
    else
        strbuf_add(text, "none");
}
