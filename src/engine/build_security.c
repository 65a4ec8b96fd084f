/*
 * What the container's root may do: capabilities, no_new_privs, seccomp, hidden kernel files.
 * The reasons for the defaults are in docs/design/0006-default-capabilities.md.
 *
 * The trap: with no_new_privs the bounding set grants nothing, but execve(2) still refuses a
 * program whose file capabilities exceed it (ping with cap_net_raw+ep). So it is wider than the
 * permitted set, and only as long as no_new_privs holds.
 */
#include <errno.h>

#include "engine/build_parts.h"
#include "linux/capability.h"

/* What programs in containers need to install software, change users and serve. */
static const char *const build_default_capabilities[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FOWNER",           "CAP_FSETID",
    "CAP_KILL",    "CAP_SETGID",       "CAP_SETUID",           "CAP_SETPCAP",
    "CAP_SETFCAP", "CAP_SYS_CHROOT",   "CAP_NET_BIND_SERVICE",
};
/* What docker adds to them: files that carry these can be executed, without getting them. */
static const char *const build_bounding_capabilities[] = {
    "CAP_NET_RAW",
    "CAP_MKNOD",
    "CAP_AUDIT_WRITE",
};

static const char *const build_masked_paths[] = {
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
    "/sys/devices/virtual/thermal",
};
static const char *const build_readonly_paths[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static uint64_t build_bit(const char *name)
{
    return 1ULL << capability_from_name(name);
}

static uint64_t build_bits(const char *const *names, size_t count)
{
    uint64_t set = 0;
    for (size_t i = 0; i < count; i++)
        set |= build_bit(names[i]);
    return set;
}

/* A list of --cap-add or --cap-drop as bits; ALL apart. */
static uint64_t build_named(const StrList *names, bool *ret_all)
{
    uint64_t set = 0;
    *ret_all = false;
    for (size_t i = 0; i < names->count; i++) {
        if (str_eq(names->items[i], "ALL"))
            *ret_all = true;
        else
            set |= build_bit(names->items[i]);
    }
    return set;
}

static StrList build_capability_list(Build *build, uint64_t set)
{
    StrList list = { 0 };
    for (int i = 0; i < 64; i++)
        if (set >> i & 1 && capability_name(i))
            strlist_append(build->arena, &list, capability_name(i));
    return list;
}

/* Somebody who is not root from the start has only the capabilities in the ambient set. */
static bool build_starts_as_root(const Build *build)
{
    const char *user = build->request->user;
    if (!user && build->input->image)
        user = build->input->image->user;
    return str_empty(user) || str_eq(user, "0") || str_eq(user, "root") || str_starts(user, "0:") ||
           str_starts(user, "root:");
}

static int build_check_capabilities(const Build *build, uint64_t add, uint64_t drop, Error *error)
{
    uint64_t both = add & drop, unknown = add & ~build->facts->capabilities;
    if (both)
        return error_set(error, ERROR_USAGE, EINVAL, "--cap-add: %s is also in --cap-drop",
                         capability_name(__builtin_ctzll(both)));
    if (unknown)
        return error_set(error, ERROR_UNSUPPORTED, ENOSYS, "--cap-add: this kernel has no %s",
                         capability_name(__builtin_ctzll(unknown)));
    return 0;
}

static int build_capabilities(Build *build, Error *error)
{
    const RequestSecurity *security = &build->request->security;
    bool add_all, drop_all;
    uint64_t add = build_named(&security->cap_add, &add_all);
    uint64_t drop = build_named(&security->cap_drop, &drop_all);
    int r = build_check_capabilities(build, add, drop, error);
    if (r < 0)
        return r;

    uint64_t known = build->facts->capabilities;
    uint64_t set = build_bits(build_default_capabilities, ARRAY_LEN(build_default_capabilities));
    if (build->request->privileged || add_all)
        set = known;
    if (drop_all && !add_all)
        set = 0;
    set = ((set & ~drop) | add) & known;
    uint64_t bounding = set;
    if (build->spec->process->no_new_privileges && !drop_all)
        bounding |=
            build_bits(build_bounding_capabilities, ARRAY_LEN(build_bounding_capabilities)) &
            ~drop & known;
    uint64_t ambient = 0;
    if (!build_starts_as_root(build))
        ambient = add_all ? set : add;

    SpecCapabilities *capabilities = arena_alloc(build->arena, sizeof(*capabilities));
    capabilities->bounding = build_capability_list(build, bounding);
    capabilities->effective = build_capability_list(build, set);
    capabilities->permitted = build_capability_list(build, set);
    capabilities->inheritable = build_capability_list(build, ambient);
    capabilities->ambient = build_capability_list(build, ambient);
    build->spec->process->capabilities = capabilities;
    return 0;
}

static int build_seccomp(Build *build, Error *error)
{
    const RequestSecurity *security = &build->request->security;
    const BuildInput *input = build->input;
    const SeccompProfile *profile = NULL;
    if (security->seccomp == REQUEST_SECCOMP_FILE) {
        profile = input->seccomp_file;
        if (!profile)
            return error_set(error, ERROR_USAGE, EINVAL,
                             "--security-opt: the seccomp profile '%s' was not read",
                             security->seccomp_file);
    } else if (security->seccomp == REQUEST_SECCOMP_DEFAULT && !build->request->privileged) {
        profile = input->seccomp_default;
    }
    if (!profile)
        return 0;
    SeccompProfileTarget target = {
        .architecture = SECCOMP_PROFILE_NATIVE,
        .kernel_major = build->facts->kernel_major,
        .kernel_minor = build->facts->kernel_minor,
        .capabilities = &build->spec->process->capabilities->effective,
    };
    const SpecSeccomp *resolved = profile == seccomp_default_profile()
                                      ? seccomp_default_resolve(&target, build->arena)
                                      : seccomp_profile_resolve(profile, &target, build->arena);
    build->spec->linux->seccomp =
        arena_copy(build->arena, resolved, sizeof(*resolved)); /* its lists are shared */
    return 0;
}

static int build_apparmor(Build *build, Error *error)
{
    const char *profile = build->request->security.apparmor;
    if (!profile || (str_eq(profile, "unconfined") && !build->facts->apparmor))
        return 0;
    if (!build->facts->apparmor)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "--security-opt: apparmor=%s: AppArmor is not active on this host",
                         profile);
    build->spec->process->apparmor_profile = profile;
    return 0;
}

static void build_path_list(Build *build, StrList *list, const char *path)
{
    if (!strlist_contains(&build->request->security.unmask, path) && !strlist_contains(list, path))
        strlist_append(build->arena, list, path);
}

static void build_paths(Build *build)
{
    const RequestSecurity *security = &build->request->security;
    SpecLinux *lx = build->spec->linux;
    bool open = build->request->privileged || security->paths_unconfined;
    for (size_t i = 0; !open && i < ARRAY_LEN(build_masked_paths); i++)
        build_path_list(build, &lx->masked_paths, build_masked_paths[i]);
    for (unsigned i = 0; !open && i < build->facts->thermal_cpus; i++)
        build_path_list(
            build, &lx->masked_paths,
            arena_printf(build->arena, "/sys/devices/system/cpu/cpu%u/thermal_throttle", i));
    for (size_t i = 0; !open && i < ARRAY_LEN(build_readonly_paths); i++)
        build_path_list(build, &lx->readonly_paths, build_readonly_paths[i]);
    for (size_t i = 0; i < security->mask.count; i++)
        build_path_list(build, &lx->masked_paths, security->mask.items[i]);
}

int build_security(Build *build, Error *error)
{
    OptionTristate wish = build->request->security.no_new_privileges;
    build->spec->process->no_new_privileges =
        wish == OPTION_UNSET ? !build->request->privileged : wish == OPTION_TRUE;
    build_paths(build);
    int r = build_capabilities(build, error);
    if (r == 0)
        r = build_seccomp(build, error);
    return r < 0 ? r : build_apparmor(build, error);
}
