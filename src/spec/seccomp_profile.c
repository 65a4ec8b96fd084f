/*
 * Reading and resolving are apart, so that one resolver serves profiles from files and the built-in
 * one. The meaning of includes and excludes is docker's: trap, `includes.caps` wants all of them,
 * `excludes.caps` any of them.
 */
#include "spec/seccomp_profile.h"

#include <errno.h>
#include <string.h>

#include "spec/spec_table.h"

enum { PROFILE_BYTES = 1024 * 1024 };

static const char *profile_check_kernel(const char *value)
{
    uint32_t major, minor;
    return seccomp_profile_kernel(value, &major, &minor) < 0 ? "a kernel version like \"4.8\""
                                                             : NULL;
}

static const struct {
    const char *word;
    uint32_t number;
} profile_errnos[] = {
    { "EPERM", EPERM },
    { "ENOENT", ENOENT },
    { "EINTR", EINTR },
    { "EIO", EIO },
    { "EBADF", EBADF },
    { "EAGAIN", EAGAIN },
    { "ENOMEM", ENOMEM },
    { "EACCES", EACCES },
    { "EFAULT", EFAULT },
    { "EBUSY", EBUSY },
    { "EEXIST", EEXIST },
    { "ENODEV", ENODEV },
    { "EINVAL", EINVAL },
    { "ENOTTY", ENOTTY },
    { "ENOSPC", ENOSPC },
    { "EROFS", EROFS },
    { "ENOSYS", ENOSYS },
    { "EPROTONOSUPPORT", EPROTONOSUPPORT },
    { "ENOTSUP", ENOTSUP },
    { "EOPNOTSUPP", EOPNOTSUPP },
    { "EAFNOSUPPORT", EAFNOSUPPORT },
    { "ECONNREFUSED", ECONNREFUSED },
};

static bool profile_find_errno(const char *word, uint32_t *ret_number)
{
    for (size_t i = 0; i < ARRAY_LEN(profile_errnos); i++) {
        if (str_eq(word, profile_errnos[i].word)) {
            *ret_number = profile_errnos[i].number;
            return true;
        }
    }
    return false;
}

/* The data of a filter's verdict has 16 bits: SECCOMP_RET_DATA. */
#define VERDICT_DATA FIELD_RANGE(0, UINT16_MAX)

static const Field when_fields[] = {
    FIELD_STRLIST(SeccompProfileWhen, "caps", caps, 0),
    FIELD_STRLIST(SeccompProfileWhen, "arches", arches, 0),
    FIELD_STR(SeccompProfileWhen, "minKernel", min_kernel, 0, .check = profile_check_kernel),
};
static const FieldTable when_table = FIELD_TABLE(SeccompProfileWhen, when_fields);

static const Field rule_fields[] = {
    FIELD_STR(SeccompProfileRule, "name", name, 0),
    FIELD_STRLIST(SeccompProfileRule, "names", names, 0),
    FIELD_STR(SeccompProfileRule, "action", action, FIELD_REQUIRED, .words = spec_seccomp_actions),
    FIELD_OPT_U32(SeccompProfileRule, "errnoRet", errno_ret, 0, VERDICT_DATA),
    FIELD_STR(SeccompProfileRule, "errno", errno_word, 0),
    FIELD_LIST(SeccompProfileRule, "args", args, 0, &spec_seccomp_arg_table),
    FIELD_STR(SeccompProfileRule, "comment", comment, 0),
    FIELD_STRUCT(SeccompProfileRule, "includes", includes, 0, &when_table),
    FIELD_STRUCT(SeccompProfileRule, "excludes", excludes, 0, &when_table),
};
static const FieldTable rule_table = FIELD_TABLE(SeccompProfileRule, rule_fields);

static const Field arch_fields[] = {
    FIELD_STR(SeccompProfileArch, "architecture", architecture, FIELD_REQUIRED,
              .words = spec_seccomp_architectures),
    FIELD_STRLIST(SeccompProfileArch, "subArchitectures", sub_architectures, 0,
                  .words = spec_seccomp_architectures),
};
static const FieldTable arch_table = FIELD_TABLE(SeccompProfileArch, arch_fields);

static const Field profile_fields[] = {
    FIELD_STR(SeccompProfile, "defaultAction", default_action, FIELD_REQUIRED,
              .words = spec_seccomp_actions),
    FIELD_OPT_U32(SeccompProfile, "defaultErrnoRet", default_errno_ret, 0, VERDICT_DATA),
    FIELD_STR(SeccompProfile, "defaultErrno", default_errno_word, 0),
    FIELD_STRLIST(SeccompProfile, "architectures", architectures, 0,
                  .words = spec_seccomp_architectures),
    FIELD_LIST(SeccompProfile, "archMap", arch_map, 0, &arch_table),
    FIELD_STRLIST(SeccompProfile, "flags", flags, 0, .words = spec_seccomp_flags),
    FIELD_STR(SeccompProfile, "listenerPath", listener_path, 0),
    FIELD_STR(SeccompProfile, "listenerMetadata", listener_metadata, 0),
    FIELD_LIST(SeccompProfile, "syscalls", syscalls, 0, &rule_table),
};
static const JsonLimits profile_limits = { .bytes = PROFILE_BYTES };
const FieldTable seccomp_profile_table =
    FIELD_DOCUMENT(SeccompProfile, profile_fields, &profile_limits);

int seccomp_profile_kernel(const char *release, uint32_t *ret_major, uint32_t *ret_minor)
{
    uint32_t numbers[2];
    for (int i = 0; i < 2; i++) {
        size_t digits = strspn(release, "0123456789");
        if (digits == 0 || digits > 9 || (i == 0 && release[digits] != '.'))
            return -EINVAL;
        numbers[i] = 0;
        for (size_t d = 0; d < digits; d++)
            numbers[i] = numbers[i] * 10 + (uint32_t)(release[d] - '0');
        release += digits + 1;
    }
    *ret_major = numbers[0];
    *ret_minor = numbers[1];
    return 0;
}

#define PROFILE_INVALID(error, ...) error_set(error, ERROR_CORRUPT, EINVAL, __VA_ARGS__)

static int profile_check_rule(const SeccompProfileRule *rule, size_t i, Error *error)
{
    uint32_t number;
    if (rule->name && rule->names.count)
        return PROFILE_INVALID(error, "syscalls[%zu]: has both name and names", i);
    if (!rule->name && rule->names.count == 0)
        return PROFILE_INVALID(error, "syscalls[%zu].names: required", i);
    if (rule->errno_word && !rule->errno_ret.set && !profile_find_errno(rule->errno_word, &number))
        return PROFILE_INVALID(error, "syscalls[%zu].errno: unknown word, use errnoRet", i);
    return 0;
}

int seccomp_profile_parse(Arena *arena, const char *text, size_t size, SeccompProfile **ret_profile,
                          Error *error)
{
    uint32_t number;
    SeccompProfile *profile = arena_alloc(arena, sizeof(*profile));
    int r = field_parse(&seccomp_profile_table, text, size, arena, profile, error);
    if (r < 0)
        return r;
    if (profile->arch_map.count && profile->architectures.count)
        return PROFILE_INVALID(error, "archMap: architectures is there too");
    if (profile->default_errno_word && !profile->default_errno_ret.set &&
        !profile_find_errno(profile->default_errno_word, &number))
        return PROFILE_INVALID(error, "defaultErrno: unknown word, use defaultErrnoRet");
    for (size_t i = 0; i < profile->syscalls.count; i++) {
        r = profile_check_rule(&profile->syscalls.items[i], i, error);
        if (r < 0)
            return r;
    }
    *ret_profile = profile;
    return 0;
}

/* Go's word for the machine -> the specification's. */
static const char *profile_architecture(const char *machine)
{
    static const struct {
        const char *machine, *architecture;
    } words[] = {
        { "amd64", "SCMP_ARCH_X86_64" },      { "arm64", "SCMP_ARCH_AARCH64" },
        { "386", "SCMP_ARCH_X86" },           { "arm", "SCMP_ARCH_ARM" },
        { "riscv64", "SCMP_ARCH_RISCV64" },   { "loong64", "SCMP_ARCH_LOONGARCH64" },
        { "ppc64le", "SCMP_ARCH_PPC64LE" },   { "s390x", "SCMP_ARCH_S390X" },
        { "mips64le", "SCMP_ARCH_MIPSEL64" },
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eq(machine, words[i].machine))
            return words[i].architecture;
    }
    return NULL;
}

static bool profile_kernel_is(const SeccompProfileTarget *target, const char *min_kernel)
{
    uint32_t major, minor;
    if (seccomp_profile_kernel(min_kernel, &major, &minor) < 0)
        return false;
    return target->kernel_major > major ||
           (target->kernel_major == major && target->kernel_minor >= minor);
}

static bool profile_has_cap(const SeccompProfileTarget *target, const char *name)
{
    return target->capabilities && strlist_contains(target->capabilities, name);
}

static bool profile_applies(const SeccompProfileRule *rule, const SeccompProfileTarget *target)
{
    const SeccompProfileWhen *in = &rule->includes, *out = &rule->excludes;
    if (in->arches.count && !strlist_contains(&in->arches, target->architecture))
        return false;
    if (in->min_kernel && !profile_kernel_is(target, in->min_kernel))
        return false;
    for (size_t i = 0; i < in->caps.count; i++) {
        if (!profile_has_cap(target, in->caps.items[i]))
            return false;
    }
    if (strlist_contains(&out->arches, target->architecture))
        return false;
    if (out->min_kernel && profile_kernel_is(target, out->min_kernel))
        return false;
    for (size_t i = 0; i < out->caps.count; i++) {
        if (profile_has_cap(target, out->caps.items[i]))
            return false;
    }
    return true;
}

/* The list itself is copied: the built-in profile's cannot be changed. */
static StrList profile_copy_list(const StrList *from, Arena *arena)
{
    StrList list = { .count = from->count };
    if (!from->items)
        return list;
    list.items = arena_array(arena, from->count + 1, sizeof(*list.items));
    memcpy(list.items, from->items, from->count * sizeof(*list.items));
    return list;
}

static OptU32 profile_errno(OptU32 number, const char *word)
{
    uint32_t value;
    if (!number.set && word && profile_find_errno(word, &value))
        return (OptU32){ true, value };
    return number;
}

/* Some profiles say an errno also for SCMP_ACT_ALLOW, where the specification wants an error. */
static bool profile_takes_errno(const char *action)
{
    return str_eq(action, "SCMP_ACT_ERRNO") || str_eq(action, "SCMP_ACT_TRACE");
}

static void profile_add_rule(const SeccompProfileRule *rule, SpecSyscalls *calls, Arena *arena)
{
    SpecSyscall *call = &calls->items[calls->count++];
    if (rule->name)
        strlist_append(arena, &call->names, rule->name);
    else
        call->names = profile_copy_list(&rule->names, arena);
    call->action = rule->action;
    if (profile_takes_errno(rule->action))
        call->errno_ret = profile_errno(rule->errno_ret, rule->errno_word);
    if (rule->args.count) {
        call->args.count = rule->args.count;
        call->args.items = arena_array(arena, rule->args.count, sizeof(*rule->args.items));
        memcpy(call->args.items, rule->args.items, rule->args.count * sizeof(*rule->args.items));
    }
}

static StrList profile_architectures(const SeccompProfile *profile,
                                     const SeccompProfileTarget *target, Arena *arena)
{
    const char *native = profile_architecture(target->architecture);
    StrList list = profile_copy_list(&profile->architectures, arena);
    for (size_t i = 0; i < profile->arch_map.count; i++) {
        const SeccompProfileArch *arch = &profile->arch_map.items[i];
        if (!str_eq(arch->architecture, native))
            continue;
        strlist_append(arena, &list, arch->architecture);
        for (size_t s = 0; s < arch->sub_architectures.count; s++)
            strlist_append(arena, &list, arch->sub_architectures.items[s]);
        break;
    }
    return list;
}

SpecSeccomp *seccomp_profile_resolve(const SeccompProfile *profile,
                                     const SeccompProfileTarget *target, Arena *arena)
{
    SpecSeccomp *seccomp = arena_alloc(arena, sizeof(*seccomp));
    seccomp->default_action = profile->default_action;
    if (profile_takes_errno(profile->default_action))
        seccomp->default_errno_ret =
            profile_errno(profile->default_errno_ret, profile->default_errno_word);
    seccomp->architectures = profile_architectures(profile, target, arena);
    seccomp->flags = profile_copy_list(&profile->flags, arena);
    seccomp->listener_path = profile->listener_path;
    seccomp->listener_metadata = profile->listener_metadata;
    seccomp->syscalls.items =
        arena_array(arena, profile->syscalls.count, sizeof(*seccomp->syscalls.items));
    for (size_t i = 0; i < profile->syscalls.count; i++) {
        if (profile_applies(&profile->syscalls.items[i], target))
            profile_add_rule(&profile->syscalls.items[i], &seccomp->syscalls, arena);
    }
    return seccomp;
}
