/*
 * The explanation's JSON: `ambit explain --json`.
 */
#include "engine/explanation.h"

static const Field container_fields[] = {
    FIELD_STR(ExplainContainer, "id", id, FIELD_REQUIRED),
    FIELD_STR(ExplainContainer, "name", name, 0),
    FIELD_STR(ExplainContainer, "image", image, 0),
    FIELD_BOOL(ExplainContainer, "first", first, FIELD_ALWAYS),
};
static const FieldTable container_table = FIELD_TABLE(ExplainContainer, container_fields);

static const Field namespace_fields[] = {
    FIELD_STR(ExplainNamespace, "type", type, FIELD_REQUIRED),
    FIELD_U64(ExplainNamespace, "id", id, FIELD_ALWAYS),
    FIELD_U64(ExplainNamespace, "hostId", host_id, FIELD_ALWAYS),
    FIELD_BOOL(ExplainNamespace, "own", own, FIELD_ALWAYS),
};
static const FieldTable namespace_fields_table = FIELD_TABLE(ExplainNamespace, namespace_fields);

static const Field range_fields[] = {
    FIELD_U32(ExplainRange, "inside", inside, FIELD_ALWAYS),
    FIELD_U32(ExplainRange, "outside", outside, FIELD_ALWAYS),
    FIELD_U32(ExplainRange, "count", count, FIELD_ALWAYS),
};
static const FieldTable range_table = FIELD_TABLE(ExplainRange, range_fields);

static const Field clock_fields[] = {
    FIELD_STR(ExplainClock, "clock", name, FIELD_REQUIRED),
    FIELD_I64(ExplainClock, "seconds", seconds, FIELD_ALWAYS),
    FIELD_I64(ExplainClock, "nanoseconds", nanoseconds, FIELD_ALWAYS),
};
static const FieldTable clock_table = FIELD_TABLE(ExplainClock, clock_fields);

static const Field interface_fields[] = {
    FIELD_STR(ExplainInterface, "name", name, FIELD_REQUIRED),
    FIELD_STR(ExplainInterface, "kind", kind, 0),
    FIELD_STR(ExplainInterface, "mac", mac, 0),
    FIELD_BOOL(ExplainInterface, "up", up, FIELD_ALWAYS),
    FIELD_STRLIST(ExplainInterface, "addresses", addresses, 0),
};
static const FieldTable interface_table = FIELD_TABLE(ExplainInterface, interface_fields);

static const Field mount_fields[] = {
    FIELD_STR(ExplainMount, "target", target, FIELD_REQUIRED),
    FIELD_STR(ExplainMount, "type", type, 0),
    FIELD_STR(ExplainMount, "source", source, 0),
    FIELD_STR(ExplainMount, "root", root, 0),
    FIELD_STR(ExplainMount, "options", options, 0),
    FIELD_STR(ExplainMount, "superOptions", super_options, 0),
    FIELD_STR(ExplainMount, "propagation", propagation, 0),
};
static const FieldTable mount_table = FIELD_TABLE(ExplainMount, mount_fields);

static const Field root_fields[] = {
    FIELD_STR(ExplainRoot, "type", type, FIELD_REQUIRED),
    FIELD_STR(ExplainRoot, "source", source, 0),
    FIELD_STR(ExplainRoot, "path", path, 0),
    FIELD_OPT_U32(ExplainRoot, "layers", layers, 0),
    FIELD_BOOL(ExplainRoot, "writable", writable, FIELD_ALWAYS),
};
static const FieldTable root_table = FIELD_TABLE(ExplainRoot, root_fields);

static const Field capability_fields[] = {
    FIELD_STRLIST(ExplainCapabilities, "effective", effective, 0),
    FIELD_STRLIST(ExplainCapabilities, "permitted", permitted, 0),
    FIELD_STRLIST(ExplainCapabilities, "inheritable", inheritable, 0),
    FIELD_STRLIST(ExplainCapabilities, "bounding", bounding, 0),
    FIELD_STRLIST(ExplainCapabilities, "ambient", ambient, 0),
    FIELD_STRLIST(ExplainCapabilities, "missing", missing, 0),
};
static const FieldTable capability_table = FIELD_TABLE(ExplainCapabilities, capability_fields);

static const Field cgroup_fields[] = {
    FIELD_STR(ExplainCgroup, "version", version, FIELD_REQUIRED),
    FIELD_STR(ExplainCgroup, "path", path, 0),
    FIELD_OPT_U64(ExplainCgroup, "memoryBytes", memory, 0),
    FIELD_OPT_U64(ExplainCgroup, "memoryLimitBytes", memory_limit, 0),
    FIELD_OPT_U64(ExplainCgroup, "memoryPeakBytes", memory_peak, 0),
    FIELD_OPT_U64(ExplainCgroup, "memoryCacheBytes", memory_cache, 0),
    FIELD_OPT_U64(ExplainCgroup, "swapBytes", swap, 0),
    FIELD_OPT_U64(ExplainCgroup, "swapLimitBytes", swap_limit, 0),
    FIELD_OPT_U64(ExplainCgroup, "oomKills", oom_kills, 0),
    FIELD_OPT_U64(ExplainCgroup, "cpuUs", cpu_us, 0),
    FIELD_OPT_U64(ExplainCgroup, "cpuQuotaUs", cpu_quota_us, 0),
    FIELD_OPT_U64(ExplainCgroup, "cpuPeriodUs", cpu_period_us, 0),
    FIELD_OPT_U64(ExplainCgroup, "cpuWeight", cpu_weight, 0),
    FIELD_OPT_U64(ExplainCgroup, "cpuShares", cpu_shares, 0),
    FIELD_OPT_U64(ExplainCgroup, "throttledPeriods", throttled, 0),
    FIELD_OPT_U64(ExplainCgroup, "throttledUs", throttled_us, 0),
    FIELD_OPT_U64(ExplainCgroup, "pids", pids, 0),
    FIELD_OPT_U64(ExplainCgroup, "pidsLimit", pids_limit, 0),
    FIELD_OPT_U64(ExplainCgroup, "ioReadBytes", io_read, 0),
    FIELD_OPT_U64(ExplainCgroup, "ioWrittenBytes", io_written, 0),
    FIELD_STR(ExplainCgroup, "cpus", cpus, 0),
    FIELD_STR(ExplainCgroup, "memoryNodes", memory_nodes, 0),
};
static const FieldTable cgroup_table = FIELD_TABLE(ExplainCgroup, cgroup_fields);

static const Field rlimit_fields[] = {
    FIELD_STR(ExplainRlimit, "name", name, FIELD_REQUIRED),
    FIELD_OPT_U64(ExplainRlimit, "soft", soft, 0),
    FIELD_OPT_U64(ExplainRlimit, "hard", hard, 0),
    FIELD_OPT_U64(ExplainRlimit, "hostSoft", host_soft, 0),
    FIELD_OPT_U64(ExplainRlimit, "hostHard", host_hard, 0),
};
static const FieldTable rlimit_table = FIELD_TABLE(ExplainRlimit, rlimit_fields);

static const Field explanation_fields[] = {
    FIELD_OBJECT(Explanation, "container", container, 0, &container_table),
    FIELD_I32(Explanation, "pid", pid, FIELD_ALWAYS),
    FIELD_I32(Explanation, "parentPid", parent, FIELD_ALWAYS),
    FIELD_I32(Explanation, "insidePid", inside_pid, FIELD_ALWAYS),
    FIELD_STR(Explanation, "name", name, 0),
    FIELD_STRLIST(Explanation, "command", command, 0),
    FIELD_STR(Explanation, "state", state, 0),
    FIELD_U32(Explanation, "hostCpus", host_cpus, 0),
    FIELD_LIST(Explanation, "namespaces", namespaces, 0, &namespace_fields_table),
    FIELD_U32(Explanation, "uid", uid, FIELD_ALWAYS),
    FIELD_U32(Explanation, "gid", gid, FIELD_ALWAYS),
    FIELD_OPT_U32(Explanation, "insideUid", uid_inside, 0),
    FIELD_OPT_U32(Explanation, "insideGid", gid_inside, 0),
    FIELD_LIST(Explanation, "uidMap", uid_map, 0, &range_table),
    FIELD_LIST(Explanation, "gidMap", gid_map, 0, &range_table),
    FIELD_STR(Explanation, "hostname", hostname, 0),
    FIELD_LIST(Explanation, "interfaces", interfaces, 0, &interface_table),
    FIELD_LIST(Explanation, "clockOffsets", clocks, 0, &clock_table),
    FIELD_OBJECT(Explanation, "root", root, 0, &root_table),
    FIELD_LIST(Explanation, "mounts", mounts, 0, &mount_table),
    FIELD_OBJECT(Explanation, "capabilities", capabilities, 0, &capability_table),
    FIELD_BOOL(Explanation, "noNewPrivs", no_new_privs, FIELD_ALWAYS),
    FIELD_STR(Explanation, "seccomp", seccomp, 0),
    FIELD_U32(Explanation, "seccompFilters", seccomp_filters, 0),
    FIELD_STR(Explanation, "label", label, 0),
    FIELD_OBJECT(Explanation, "cgroup", cgroup, 0, &cgroup_table),
    FIELD_LIST(Explanation, "rlimits", rlimits, 0, &rlimit_table),
    FIELD_STRLIST(Explanation, "hidden", hidden, 0),
};
const FieldTable explanation_table = FIELD_TABLE(Explanation, explanation_fields);

size_t explanation_own_count(const Explanation *explanation)
{
    size_t count = 0;
    for (size_t i = 0; i < explanation->namespaces.count; i++)
        count += explanation->namespaces.items[i].own;
    return count;
}

bool explanation_has_own(const Explanation *explanation, NamespaceType type)
{
    for (size_t i = 0; i < explanation->namespaces.count; i++)
        if (str_eq(explanation->namespaces.items[i].type, namespace_table[type].name))
            return explanation->namespaces.items[i].own;
    return false;
}
