/*
 * Nothing of this is in the specification but the last: it is what runc and crun do, and what
 * systemd's units and podman rely on.
 */
#include "bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "linux/capability.h"
#include "log.h"

enum { BUNDLE_LISTEN_MAX = 1024 };

void bundle_set_env(StrList *env, Arena *arena, const char *assignment)
{
    size_t length = strcspn(assignment, "=");
    for (size_t i = 0; i < env->count; i++) {
        if (strncmp(env->items[i], assignment, length) != 0 || env->items[i][length] != '=')
            continue;
        env->items[i] = arena_strdup(arena, assignment);
        return;
    }
    strlist_append(arena, env, assignment);
}

int bundle_check_fds(uint64_t first, uint64_t count, Error *error)
{
    uint64_t missing = 0;
    for (uint64_t i = 0; i < count; i++)
        missing += fcntl((int)(3 + first + i), F_GETFD) < 0;
    if (count && missing == count)
        return error_set(error, ERROR_USAGE, EBADF,
                         "--preserve-fds: unable to stat preserved-fd: none of %llu is open",
                         (unsigned long long)count);
    if (missing)
        log_line(LOG_LEVEL_WARNING, "--preserve-fds: %llu of %llu are not open",
                 (unsigned long long)missing, (unsigned long long)count);
    return 0;
}

int bundle_listen(Spec *spec, uint64_t preserve_fds, Arena *arena, uint64_t *ret_listen_fds,
                  Error *error)
{
    const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
    uint32_t number = 0, owner = 0;
    bool ours = count && (!pid || (str_to_u32(pid, &owner) == 0 && owner == (uint32_t)getpid()));
    if (!ours || str_to_u32(count, &number) < 0 || number > BUNDLE_LISTEN_MAX)
        number = 0;
    *ret_listen_fds = number;
    if (number && spec->process) {
        bundle_set_env(&spec->process->env, arena,
                       arena_printf(arena, "LISTEN_FDS=%u", (unsigned)number));
        bundle_set_env(&spec->process->env, arena, "LISTEN_PID=1"); /* inside */
    }
    return bundle_check_fds(number, preserve_fds, error);
}

static void bundle_filter(StrList *names, const char *set, bool own_userns)
{
    size_t kept = 0;
    for (size_t i = 0; i < names->count; i++) {
        int capability = capability_from_name(names->items[i]);
        /* Only as capabilities(7) spells it: "kill" gives nothing with runc, and nobody more here.
         */
        bool known = capability != CAPABILITY_INVALID &&
                     str_eq(capability_name(capability), names->items[i]);
        /* A new user namespace has them all. */
        if (known && (own_userns || prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1))
            names->items[kept++] = names->items[i];
        else
            log_line(LOG_LEVEL_WARNING,
                     "process.capabilities.%s[%zu]: ignoring %s capability '%.64s'", set, i,
                     known ? "unavailable" : "unknown", names->items[i]);
    }
    names->count = kept;
}

void bundle_drop_capabilities(SpecProcess *process, bool own_userns, Arena *arena)
{
    if (!process || !process->capabilities)
        return;
    SpecCapabilities *sets = arena_copy(arena, process->capabilities, sizeof(*sets));
    process->capabilities = sets;
    bundle_filter(&sets->bounding, "bounding", own_userns);
    bundle_filter(&sets->effective, "effective", own_userns);
    bundle_filter(&sets->permitted, "permitted", own_userns);
    bundle_filter(&sets->inheritable, "inheritable", own_userns);
    bundle_filter(&sets->ambient, "ambient", own_userns);
}
