/*
 * Applying limits: one loop over settings.
 *
 * Invariant: a setting is either written, or the error names its field, file, value and reason. The
 * trap: the kernel refuses a value that contradicts another one's present value (EINVAL), although
 * the new values agree; the loop therefore goes round again as long as a round achieved something.
 */
#include "linux/cgroup_limit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "linux/cgroup_directory.h"
#include "linux/cgroup_v1.h"
#include "linux/cgroup_v2.h"

enum { CGROUP_SETTINGS_MAX = 64 };

uint32_t cgroup_limit_controllers(const CgroupLimit *limit)
{
    static const struct {
        uint32_t limits, controller;
    } rows[] = {
        { CGROUP_LIMIT_MEMORY | CGROUP_LIMIT_MEMORY_SWAP | CGROUP_LIMIT_MEMORY_RESERVATION |
              CGROUP_LIMIT_MEMORY_KERNEL_TCP | CGROUP_LIMIT_SWAPPINESS | CGROUP_LIMIT_DISABLE_OOM,
          CGROUP_BIT(CGROUP_MEMORY) },
        { CGROUP_LIMIT_CPU_SHARES | CGROUP_LIMIT_CPU_QUOTA | CGROUP_LIMIT_CPU_PERIOD |
              CGROUP_LIMIT_CPU_BURST | CGROUP_LIMIT_CPU_IDLE | CGROUP_LIMIT_CPU_RT_RUNTIME |
              CGROUP_LIMIT_CPU_RT_PERIOD,
          CGROUP_BIT(CGROUP_CPU) },
        { CGROUP_LIMIT_CPUSET_CPUS | CGROUP_LIMIT_CPUSET_MEMS, CGROUP_BIT(CGROUP_CPUSET) },
        { CGROUP_LIMIT_PIDS, CGROUP_BIT(CGROUP_PIDS) },
        { CGROUP_LIMIT_IO_WEIGHT | CGROUP_LIMIT_IO_LEAF_WEIGHT, CGROUP_BIT(CGROUP_IO) },
    };
    uint32_t controllers = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (limit->set & rows[i].limits)
            controllers |= rows[i].controller;
    return controllers;
}

void cgroup_limit_complete(CgroupLimit *limit, const CgroupLimit *before)
{
    const uint32_t quota = CGROUP_LIMIT_CPU_QUOTA, period = CGROUP_LIMIT_CPU_PERIOD;
    const uint32_t memory = CGROUP_LIMIT_MEMORY, swap = CGROUP_LIMIT_MEMORY_SWAP;
    if ((limit->set & (quota | period)) == period && (before->set & quota)) {
        limit->cpu_quota_us = before->cpu_quota_us;
        limit->set |= quota;
    }
    if ((limit->set & (memory | swap)) == swap && (before->set & memory)) {
        limit->memory = before->memory;
        limit->set |= memory;
    }
    if ((limit->set & (memory | swap)) == memory && (before->set & swap) && limit->memory > 0) {
        limit->memory_swap = before->memory_swap;
        limit->set |= swap;
    }
}

int cgroup_limit_translate(const CgroupLimit *limit, CgroupMode mode, Arena *arena,
                           CgroupSetting **ret_settings, size_t *ret_count, Error *error)
{
    if (mode == CGROUP_V2)
        return cgroup_v2_translate(limit, arena, ret_settings, ret_count, error);
    return cgroup_v1_translate(limit, arena, ret_settings, ret_count, error);
}

void cgroup_limit_notes(const CgroupLimit *limit, CgroupMode mode, Arena *arena, StrList *ret_notes)
{
    static const struct {
        uint32_t limit;
        bool v1, v2; /* where it is left out */
        const char *note;
    } rows[] = {
        { CGROUP_LIMIT_MEMORY_KERNEL, true, true,
          "memory.kernel: ignored: Linux has none since 5.16, kernel memory counts as memory" },
        { CGROUP_LIMIT_MEMORY_KERNEL_TCP, false, true,
          "memory.kernelTCP: ignored: cgroup v2 counts it as memory" },
        { CGROUP_LIMIT_SWAPPINESS, false, true,
          "memory.swappiness: ignored: cgroup v2 has none per cgroup" },
        { CGROUP_LIMIT_IO_LEAF_WEIGHT, false, true,
          "blockIO.leafWeight: ignored: cgroup v2 has no processes beside child cgroups" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if ((limit->set & rows[i].limit) && (mode == CGROUP_V2 ? rows[i].v2 : rows[i].v1))
            strlist_append(arena, ret_notes, rows[i].note);
}

/* 0, or 1 when the file is missing and that is all right, or a negative errno. */
static int cgroup_setting_write(const Cgroup *cgroup, const CgroupSetting *setting, Error *error)
{
    int r = cgroup_write(cgroup, setting->controller, setting->file, setting->value, error);
    if (r < 0 && setting->field)
        (void)error_wrap(error, "%s", setting->field);
    if (r != -ENOENT || cgroup_directory(cgroup, setting->controller) < 0)
        return r;
    if (setting->optional || setting->or_next)
        return 1;
    if (setting->absent && error->kind == ERROR_UNSUPPORTED) {
        size_t used = strlen(error->message);
        (void)snprintf(error->message + used, sizeof(error->message) - used, "; %s",
                       setting->absent);
    }
    return r;
}

static int cgroup_settings_apply(const Cgroup *cgroup, const CgroupSetting *settings, size_t count,
                                 Error *error)
{
    bool done[CGROUP_SETTINGS_MAX] = { false };
    if (count > CGROUP_SETTINGS_MAX)
        return error_set(error, ERROR_LIMIT, E2BIG, "too many limits");
    for (;;) {
        Error refused = { .kind = ERROR_NONE }, attempt; /* of the first one in this round */
        int result = 0;
        bool progress = false;
        for (size_t i = 0; i < count; i++) {
            if (done[i])
                continue;
            int r = cgroup_setting_write(cgroup, &settings[i], &attempt);
            if (r == -EINVAL) {
                refused = result < 0 ? refused : attempt;
                result = r;
                continue;
            }
            if (r < 0) {
                if (error)
                    *error = attempt;
                return r;
            }
            done[i] = progress = true;
            if (r == 0 && settings[i].or_next)
                done[i + 1] = true;
        }
        if (result == 0)
            return 0;
        if (!progress) {
            if (error)
                *error = refused;
            return result;
        }
    }
}

/* memory.checkBeforeUpdate: the kernel itself would rather kill than refuse. */
static int cgroup_limit_check_memory(const Cgroup *cgroup, const CgroupLimit *limit, Error *error)
{
    const char *file = cgroup->mode == CGROUP_V2 ? "memory.current" : "memory.usage_in_bytes";
    char text[32];
    uint64_t used;
    int r = cgroup_read(cgroup, CGROUP_MEMORY, file, text, sizeof(text), error);
    if (r < 0)
        return r;
    r = str_to_u64(text, &used);
    if (r < 0)
        return error_errno(error, r, "%s: '%s'", file, text);
    if (used > (uint64_t)limit->memory)
        return error_set(error, ERROR_LIMIT, EBUSY,
                         "the limit of memory (%lld) is below what is used now (%llu): processes "
                         "would be killed",
                         (long long)limit->memory, (unsigned long long)used);
    return 0;
}

int cgroup_limit_apply(const Cgroup *cgroup, const CgroupLimit *limit, Error *error)
{
    _Alignas(16) char memory[2048];
    Arena arena CLEANUP(arena_done);
    arena_start(&arena, memory, sizeof(memory));
    CgroupSetting *settings;
    size_t count;
    int r = cgroup_limit_translate(limit, cgroup->mode, &arena, &settings, &count, error);
    if (r >= 0 && limit->memory_check && (limit->set & CGROUP_LIMIT_MEMORY) && limit->memory > 0)
        r = cgroup_limit_check_memory(cgroup, limit, error);
    return r < 0 ? r : cgroup_settings_apply(cgroup, settings, count, error);
}

int cgroup_device_limit_translate(const CgroupDeviceLimit *limit, CgroupMode mode, Arena *arena,
                                  CgroupSetting **ret_settings, size_t *ret_count, Error *error)
{
    if (mode == CGROUP_V2)
        return cgroup_v2_translate_device(limit, arena, ret_settings, ret_count, error);
    return cgroup_v1_translate_device(limit, arena, ret_settings, ret_count, error);
}

int cgroup_device_limit_apply(const Cgroup *cgroup, const CgroupDeviceLimit *limit, Error *error)
{
    _Alignas(16) char memory[2048];
    Arena arena CLEANUP(arena_done);
    arena_start(&arena, memory, sizeof(memory));
    CgroupSetting *settings;
    size_t count;
    int r = cgroup_device_limit_translate(limit, cgroup->mode, &arena, &settings, &count, error);
    return r < 0 ? r : cgroup_settings_apply(cgroup, settings, count, error);
}

/* "2MB": what /sys/kernel/mm/hugepages calls it; it becomes a part of a file's name. */
static bool cgroup_page_size_valid(const char *page_size)
{
    size_t digits = strspn(page_size, "0123456789");
    const char *unit = page_size + digits;
    return digits > 0 && digits < 8 &&
           (str_eq(unit, "KB") || str_eq(unit, "MB") || str_eq(unit, "GB"));
}

int cgroup_limit_hugetlb(const Cgroup *cgroup, const char *page_size, uint64_t bytes, Error *error)
{
    if (!cgroup_page_size_valid(page_size))
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not the size of a huge page",
                         page_size);
    const char *word = cgroup->mode == CGROUP_V2 ? "max" : "limit_in_bytes";
    char value[24], file[64], reserved[64];
    (void)snprintf(value, sizeof(value), "%llu", (unsigned long long)bytes);
    (void)snprintf(file, sizeof(file), "hugetlb.%s.%s", page_size, word);
    (void)snprintf(reserved, sizeof(reserved), "hugetlb.%s.rsvd.%s", page_size, word);
    const CgroupSetting settings[] = {
        { .controller = CGROUP_HUGETLB,
          .file = file,
          .value = value,
          .absent = "this machine has no huge pages of that size" },
        /* Reserved counts what is mapped: a program then fails in mmap instead of by SIGBUS. */
        { .controller = CGROUP_HUGETLB, .file = reserved, .value = value, .optional = true },
    };
    return cgroup_settings_apply(cgroup, settings, ARRAY_LEN(settings), error);
}

int cgroup_limit_rdma(const Cgroup *cgroup, const char *device, int64_t handles, int64_t objects,
                      Error *error)
{
    char text[2][24] = { "max", "max" }, value[160];
    if (handles >= 0)
        (void)snprintf(text[0], sizeof(text[0]), "%lld", (long long)handles);
    if (objects >= 0)
        (void)snprintf(text[1], sizeof(text[1]), "%lld", (long long)objects);
    if (str_empty(device) || strpbrk(device, " \n") || strlen(device) > 64)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not an RDMA device", device);
    (void)snprintf(value, sizeof(value), "%s hca_handle=%s hca_object=%s", device, text[0],
                   text[1]);
    return cgroup_write(cgroup, CGROUP_RDMA, "rdma.max", value, error);
}

static int cgroup_limit_v1_only(const Cgroup *cgroup, const char *what, Error *error)
{
    if (cgroup->mode == CGROUP_V2)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP, "cgroup v2 has no %s", what);
    return 0;
}

int cgroup_limit_net_class(const Cgroup *cgroup, uint32_t class_id, Error *error)
{
    char value[16];
    (void)snprintf(value, sizeof(value), "%u", class_id);
    int r = cgroup_limit_v1_only(cgroup, "class id of packets", error);
    return r < 0 ? r : cgroup_write(cgroup, CGROUP_NET_CLS, "net_cls.classid", value, error);
}

int cgroup_limit_net_priority(const Cgroup *cgroup, const char *interface, uint32_t priority,
                              Error *error)
{
    char value[48];
    if (str_empty(interface) || strpbrk(interface, " \n") || strlen(interface) > 16)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a network interface", interface);
    (void)snprintf(value, sizeof(value), "%s %u", interface, priority);
    int r = cgroup_limit_v1_only(cgroup, "priority of packets", error);
    return r < 0 ? r : cgroup_write(cgroup, CGROUP_NET_PRIO, "net_prio.ifpriomap", value, error);
}

uint32_t cgroup_limit_unified_controller(const char *file)
{
    CgroupController c = cgroup_controller_from_name(file, strcspn(file, "."));
    if (c == CGROUP_CONTROLLER_INVALID || file[strcspn(file, ".")] != '.')
        return 0;
    /* v1's names of what v2 calls otherwise, or has not. */
    const char *name = cgroup_controller_name(c, CGROUP_V2);
    if (strncmp(file, name, strlen(name)) != 0 || file[strlen(name)] != '.')
        return 0;
    return CGROUP_BIT(c) & ~cgroup_controllers_v2_builtin();
}

int cgroup_limit_unified(const Cgroup *cgroup, const char *file, const char *value, Error *error)
{
    if (cgroup->mode != CGROUP_V2)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "'%s' is a file of cgroup v2, which this host does not use", file);
    if (!cgroup_limit_unified_controller(file) || strchr(file, '/'))
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a limit of cgroup v2", file);
    return cgroup_directory_write(cgroup->unified_fd, file, value, error);
}
