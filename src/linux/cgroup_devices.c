/*
 * Telling the kernel about device rules: v1's two files here, v2's program in
 * cgroup_devices_bpf.c.
 *
 * Invariant on v1: what is allowed before and after is never denied between, as long as the
 * default stays. The trap: devices.list does not show the exceptions of a cgroup that allows by
 * default.
 */
#include "linux/cgroup_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/cgroup_devices_bpf.h"
#include "linux/cgroup_directory.h"

enum { CGROUP_DEVICE_LIST_MAX = 1 << 20 }; /* of devices.list */

/* A number of devices.list, or "*". */
static int64_t cgroup_device_number(const char *text)
{
    uint32_t number;
    return text && str_to_u32(text, &number) == 0 ? (int64_t)number : CGROUP_DEVICE_ANY;
}

/* "c 1:3 rwm": one exception of a cgroup that denies by default. False at the end. */
static bool cgroup_device_parse(char **text, CgroupDeviceRule *ret_rule)
{
    char *line = strsep(text, "\n"), *fields = line;
    const char *type = strsep(&fields, " ");
    const char *major = strsep(&fields, ":"), *minor = strsep(&fields, " ");
    if (!minor || !fields)
        return false;
    *ret_rule = (CgroupDeviceRule){ .allow = true,
                                    .type = type[0],
                                    .major = cgroup_device_number(major),
                                    .minor = cgroup_device_number(minor),
                                    .read = strchr(fields, 'r'),
                                    .write = strchr(fields, 'w'),
                                    .mknod = strchr(fields, 'm') };
    return true;
}

/* What it allows now: true for all, with exceptions nobody can read. */
static int cgroup_devices_read_v1(int directory, Arena *arena, CgroupDeviceSet *ret_set,
                                  Error *error)
{
    char *text;
    int r = file_read_at(directory, "devices.list", CGROUP_DEVICE_LIST_MAX, arena, &text, NULL);
    if (r < 0)
        return error_errno(error, r, "read devices.list");
    CgroupDeviceSet set = { .allow_all = text[0] == 'a' };
    CgroupDeviceRule rule;
    while (!set.allow_all && cgroup_device_parse(&text, &rule))
        *(CgroupDeviceRule *)arena_append(arena, &set.exceptions, &set.count, sizeof(rule)) = rule;
    *ret_set = set;
    return 0;
}

/* devices.allow and devices.deny, each opened when first needed. */
typedef struct CgroupDeviceFiles {
    int directory;
    int fds[2]; /* deny, allow */
} CgroupDeviceFiles;

static void cgroup_device_files_done(CgroupDeviceFiles *files)
{
    fd_close(files->fds[0]);
    fd_close(files->fds[1]);
}

static int cgroup_device_write(CgroupDeviceFiles *files, bool allow, const char *text, Error *error)
{
    const char *file = allow ? "devices.allow" : "devices.deny";
    int *fd = &files->fds[allow];
    if (*fd < 0)
        *fd = openat(files->directory, file, O_WRONLY | O_CLOEXEC);
    if (*fd < 0)
        return error_errno(error, errno, "open %s", file);
    if (write(*fd, text, strlen(text)) >= 0)
        return 0;
    if (errno == EPERM)
        return error_set(error, ERROR_DENIED, EPERM,
                         "write '%s' to %s: the parent cgroup allows less", text, file);
    if (errno == EINVAL && text[0] == 'a')
        return error_set(error, ERROR_CONFLICT, EINVAL,
                         "write '%s' to %s: the cgroup has child cgroups, and then v1 cannot "
                         "change what it allows by default",
                         text, file);
    return error_errno(error, errno, "write '%s' to %s", text, file);
}

static int cgroup_device_write_rule(CgroupDeviceFiles *files, bool allow,
                                    const CgroupDeviceRule *rule, Error *error)
{
    char text[CGROUP_DEVICE_RULE_SIZE];
    return cgroup_device_write(files, allow, cgroup_device_rule_print(rule, text), error);
}

/* Writes those of `set` that `other` lacks (same numbers). */
static int cgroup_device_write_missing(CgroupDeviceFiles *files, bool allow,
                                       const CgroupDeviceSet *set, const CgroupDeviceSet *other,
                                       Error *error)
{
    for (size_t i = 0; i < set->count; i++) {
        CgroupDeviceRule missing = set->exceptions[i];
        for (size_t j = 0; j < other->count; j++)
            if (cgroup_device_rule_same(&missing, &other->exceptions[j]))
                cgroup_device_rule_remove_access(&missing, &other->exceptions[j]);
        int r = cgroup_device_rule_has_access(&missing)
                    ? cgroup_device_write_rule(files, allow, &missing, error)
                    : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static int cgroup_devices_apply_v1(int directory, const CgroupDeviceSet *wanted, Arena *arena,
                                   Error *error)
{
    CgroupDeviceFiles files CLEANUP(cgroup_device_files_done) = { directory, { -1, -1 } };
    CgroupDeviceSet now = { 0 };
    int r = cgroup_devices_read_v1(directory, arena, &now, error);
    if (r < 0)
        return r;
    if (wanted->allow_all || now.allow_all) {
        /* Another default, or exceptions that cannot be seen: from the start. */
        now = (CgroupDeviceSet){ .allow_all = wanted->allow_all };
        r = cgroup_device_write(&files, wanted->allow_all, "a", error);
        if (r < 0)
            return r;
    }
    /* First what is added, so that nothing that stays is missing meanwhile. */
    r = cgroup_device_write_missing(&files, !wanted->allow_all, wanted, &now, error);
    if (r < 0)
        return r;
    return cgroup_device_write_missing(&files, wanted->allow_all, &now, wanted, error);
}

int cgroup_devices_apply(const Cgroup *cgroup, const CgroupDeviceRule *rules, size_t count,
                         Error *error)
{
    if (cgroup->mode == CGROUP_V2)
        return cgroup_devices_bpf_apply(cgroup->unified_fd, rules, count, error);
    int directory = cgroup_directory(cgroup, CGROUP_DEVICES);
    if (directory < 0)
        return error_set(error, ERROR_UNSUPPORTED, ENOENT,
                         "device rules need the cgroup controller devices, which is not in use "
                         "here");
    _Alignas(16) char memory[8192];
    Arena arena CLEANUP(arena_done);
    arena_start(&arena, memory, sizeof(memory));
    CgroupDeviceSet set;
    int r = cgroup_device_rules_reduce(rules, count, &arena, &set, error);
    return r < 0 ? r : cgroup_devices_apply_v1(directory, &set, &arena, error);
}
