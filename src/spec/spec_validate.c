/*
 * The rules across properties that need no kernel: what the specification says MUST be an error,
 * and combinations that could only fail later with a worse message or would act on the host (a
 * sysctl without its namespace). One function per part of the document; the first error wins.
 */
#include <errno.h>

#include "spec/spec.h"

#define SPEC_INVALID(error, ...) error_set(error, ERROR_CORRUPT, EINVAL, __VA_ARGS__)

static int spec_validate_rlimits(const SpecRlimits *rlimits, Error *error)
{
    for (size_t i = 0; i < rlimits->count; i++) {
        const SpecRlimit *rlimit = &rlimits->items[i];
        for (size_t j = 0; j < i; j++)
            if (str_eq(rlimit->type, rlimits->items[j].type))
                return SPEC_INVALID(error, "process.rlimits[%zu].type: %s is there twice", i,
                                    rlimit->type);
        if (rlimit->soft > rlimit->hard)
            return SPEC_INVALID(error,
                                "process.rlimits[%zu].soft: %llu is above the hard limit %llu", i,
                                (unsigned long long)rlimit->soft, (unsigned long long)rlimit->hard);
    }
    return 0;
}

static int spec_validate_scheduler(const SpecScheduler *scheduler, Error *error)
{
    if (!scheduler || str_eq(scheduler->policy, "SCHED_DEADLINE"))
        return 0;
    if (scheduler->runtime || scheduler->deadline || scheduler->period)
        return SPEC_INVALID(error, "process.scheduler: runtime, deadline and period are for "
                                   "SCHED_DEADLINE only");
    bool realtime =
        str_eq(scheduler->policy, "SCHED_FIFO") || str_eq(scheduler->policy, "SCHED_RR");
    if (scheduler->priority && !realtime)
        return SPEC_INVALID(error, "process.scheduler.priority: must be 0 with %s",
                            scheduler->policy);
    return 0;
}

/* What the rows cannot say about a process; the rows were judged before. */
static int spec_validate_process_rest(const SpecProcess *process, Error *error)
{
    if (process->args.count == 0)
        return SPEC_INVALID(error, "process.args: expected at least one item, found none");
    int r = spec_validate_rlimits(&process->rlimits, error);
    return r < 0 ? r : spec_validate_scheduler(process->scheduler, error);
}

/* A document around a process, so that paths begin with "process" for `exec` too. */
typedef struct SpecProcessDocument {
    SpecProcess *process;
} SpecProcessDocument;

int spec_process_validate(const SpecProcess *process, Error *error)
{
    static const Field fields[] = {
        FIELD_OBJECT(SpecProcessDocument, "process", process, FIELD_REQUIRED, &spec_process_table),
    };
    static const FieldTable table = FIELD_TABLE(SpecProcessDocument, fields);
    SpecProcessDocument document = { .process = (SpecProcess *)process };
    int r = field_check(&table, &document, error);
    return r < 0 ? r : spec_validate_process_rest(process, error);
}

static int spec_validate_mounts(const Spec *spec, Error *error)
{
    for (size_t i = 0; i < spec->mounts.count; i++) {
        const SpecMount *mount = &spec->mounts.items[i];
        bool uid = mount->uid_mappings.count > 0, gid = mount->gid_mappings.count > 0;
        if (uid != gid)
            return SPEC_INVALID(error, "mounts[%zu].%s: needed along with %s", i,
                                uid ? "gidMappings" : "uidMappings",
                                uid ? "uidMappings" : "gidMappings");
        bool idmap = strlist_contains(&mount->options, "idmap") ||
                     strlist_contains(&mount->options, "ridmap");
        if (idmap && !uid && !spec_namespace(spec, "user"))
            return SPEC_INVALID(error,
                                "mounts[%zu].options: idmap needs uidMappings and gidMappings, or "
                                "a user namespace",
                                i);
    }
    return 0;
}

static int spec_validate_namespaces(const Spec *spec, Error *error)
{
    const SpecNamespaces *namespaces = &spec->linux->namespaces;
    for (size_t i = 0; i < namespaces->count; i++)
        for (size_t j = 0; j < i; j++)
            if (str_eq(namespaces->items[i].type, namespaces->items[j].type))
                return SPEC_INVALID(error, "linux.namespaces[%zu].type: %s is there twice", i,
                                    namespaces->items[i].type);
    return 0;
}

static int spec_validate_mappings(const Spec *spec, Error *error)
{
    bool uid = spec->linux->uid_mappings.count > 0, gid = spec->linux->gid_mappings.count > 0;
    bool user = spec_namespace(spec, "user") != NULL;
    if ((uid || gid) && !user)
        return SPEC_INVALID(error, "linux.%s: needs a namespace of type user",
                            uid ? "uidMappings" : "gidMappings");
    if (spec_namespace_is_new(spec, "user") && (!uid || !gid))
        return SPEC_INVALID(error, "linux.%s: needed for a new user namespace",
                            uid ? "gidMappings" : "uidMappings");
    return 0;
}

/* What only makes sense, or only is harmless, in a namespace of the container's own. */
static int spec_validate_needs(const Spec *spec, Error *error)
{
    const SpecLinux *linux = spec->linux;
    const struct {
        bool wanted;
        const char *path;
        const char *type;
    } needs[] = {
        { !str_empty(spec->hostname), "hostname", "uts" },
        { !str_empty(spec->domainname), "domainname", "uts" },
        { linux && linux->net_devices.count > 0, "linux.netDevices", "network" },
        { linux && linux->masked_paths.count > 0, "linux.maskedPaths", "mount" },
        { linux && linux->readonly_paths.count > 0, "linux.readonlyPaths", "mount" },
        { linux && linux->time_offsets, "linux.timeOffsets", "time" },
    };
    for (size_t i = 0; i < ARRAY_LEN(needs); i++)
        if (needs[i].wanted && !spec_namespace(spec, needs[i].type))
            return SPEC_INVALID(error, "%s: needs a namespace of type %s", needs[i].path,
                                needs[i].type);
    if (linux && linux->time_offsets && !spec_namespace_is_new(spec, "time"))
        return SPEC_INVALID(error, "linux.timeOffsets: cannot be set in a namespace that exists");
    return 0;
}

/*
 * The sysctls that exist once per namespace; the others are the whole host's. A name that ends
 * with a dot stands for all below it. kernel.hostname and kernel.domainname have fields of their
 * own; the second one is allowed for what others write.
 */
static const struct {
    const char *name;
    const char *type;
} spec_namespaced_sysctls[] = {
    { "net.", "network" },
    { "fs.mqueue.", "ipc" },
    { "kernel.msgmax", "ipc" },
    { "kernel.msgmnb", "ipc" },
    { "kernel.msgmni", "ipc" },
    { "kernel.msg_next_id", "ipc" },
    { "kernel.sem", "ipc" },
    { "kernel.sem_next_id", "ipc" },
    { "kernel.shmall", "ipc" },
    { "kernel.shmmax", "ipc" },
    { "kernel.shmmni", "ipc" },
    { "kernel.shm_next_id", "ipc" },
    { "kernel.shm_rmid_forced", "ipc" },
    { "kernel.domainname", "uts" },
};

/* sysctl(8) takes "net/ipv4/ip_forward" too: then the separators are slashes. */
static bool spec_sysctl_matches(const char *name, const char *pattern)
{
    for (; *pattern && *name; name++, pattern++)
        if (*name != *pattern && !(*name == '/' && *pattern == '.'))
            return false;
    return !*pattern && (!*name || pattern[-1] == '.');
}

const char *spec_sysctl_namespace(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(spec_namespaced_sysctls); i++)
        if (spec_sysctl_matches(key, spec_namespaced_sysctls[i].name))
            return spec_namespaced_sysctls[i].type;
    return NULL;
}

static int spec_validate_sysctl(const Spec *spec, Error *error)
{
    const StrMap *sysctl = &spec->linux->sysctl;
    for (size_t i = 0; i < sysctl->count; i++) {
        char name[JSON_QUOTE_SIZE];
        (void)json_quote(sysctl->items[i].key, name, sizeof(name));
        const char *type = spec_sysctl_namespace(sysctl->items[i].key);
        if (!type)
            return SPEC_INVALID(error,
                                "linux.sysctl[%s]: not a namespaced sysctl, it would change "
                                "the host",
                                name);
        if (!spec_namespace(spec, type))
            return SPEC_INVALID(error, "linux.sysctl[%s]: needs a namespace of type %s", name,
                                type);
    }
    return 0;
}

/* runtime-spec: an errno for an action that has none "MUST" be an error. */
static bool spec_action_has_data(const char *action)
{
    return str_eq(action, "SCMP_ACT_ERRNO") || str_eq(action, "SCMP_ACT_TRACE");
}

static int spec_validate_seccomp(const SpecSeccomp *seccomp, Error *error)
{
    bool notifies = false;
    if (seccomp->default_errno_ret.set && !spec_action_has_data(seccomp->default_action))
        return SPEC_INVALID(error, "linux.seccomp.defaultErrnoRet: %s has no errno",
                            seccomp->default_action);
    /* The listener itself could not make a system call before somebody answers. */
    if (str_eq(seccomp->default_action, "SCMP_ACT_NOTIFY"))
        return SPEC_INVALID(error, "linux.seccomp.defaultAction: cannot be SCMP_ACT_NOTIFY");
    for (size_t i = 0; i < seccomp->syscalls.count; i++) {
        const SpecSyscall *call = &seccomp->syscalls.items[i];
        if (call->errno_ret.set && !spec_action_has_data(call->action))
            return SPEC_INVALID(error, "linux.seccomp.syscalls[%zu].errnoRet: %s has no errno", i,
                                call->action);
        notifies = notifies || str_eq(call->action, "SCMP_ACT_NOTIFY");
    }
    if (notifies && str_empty(seccomp->listener_path))
        return SPEC_INVALID(error, "linux.seccomp.listenerPath: needed for SCMP_ACT_NOTIFY");
    if (!str_empty(seccomp->listener_metadata) && str_empty(seccomp->listener_path))
        return SPEC_INVALID(error, "linux.seccomp.listenerMetadata: needs listenerPath");
    return 0;
}

static int spec_validate_resources(const SpecResources *resources, Error *error)
{
    if (resources->block_io) {
        const SpecWeightDevices *devices = &resources->block_io->weight_device;
        for (size_t i = 0; i < devices->count; i++)
            if (!devices->items[i].weight.set && !devices->items[i].leaf_weight.set)
                return SPEC_INVALID(error,
                                    "linux.resources.blockIO.weightDevice[%zu]: needs weight or "
                                    "leafWeight",
                                    i);
    }
    for (size_t i = 0; i < resources->rdma.count; i++) {
        const SpecRdma *rdma = &resources->rdma.items[i];
        char name[JSON_QUOTE_SIZE];
        if (!rdma->hca_handles.set && !rdma->hca_objects.set)
            return SPEC_INVALID(error, "linux.resources.rdma[%s]: needs hcaHandles or hcaObjects",
                                json_quote(rdma->device, name, sizeof(name)));
    }
    return 0;
}

static int spec_validate_memory_policy(const SpecMemoryPolicy *policy, Error *error)
{
    bool without = str_eq(policy->mode, "MPOL_DEFAULT") || str_eq(policy->mode, "MPOL_LOCAL");
    bool either = str_eq(policy->mode, "MPOL_PREFERRED"); /* without nodes it means local */
    bool nodes = !str_empty(policy->nodes);
    if (without && nodes)
        return SPEC_INVALID(error, "linux.memoryPolicy.nodes: must be empty with %s", policy->mode);
    if (!without && !either && !nodes)
        return SPEC_INVALID(error, "linux.memoryPolicy.nodes: needed with %s", policy->mode);
    return 0;
}

static int spec_validate_linux(const Spec *spec, Error *error)
{
    int r = spec_validate_namespaces(spec, error);
    if (r == 0)
        r = spec_validate_mappings(spec, error);
    if (r == 0)
        r = spec_validate_sysctl(spec, error);
    if (r == 0 && spec->linux->resources)
        r = spec_validate_resources(spec->linux->resources, error);
    if (r == 0 && spec->linux->seccomp)
        r = spec_validate_seccomp(spec->linux->seccomp, error);
    if (r == 0 && spec->linux->memory_policy)
        r = spec_validate_memory_policy(spec->linux->memory_policy, error);
    if (r == 0 && spec->linux->personality && spec->linux->personality->flags.count)
        r = SPEC_INVALID(error, "linux.personality.flags[0]: the specification has none yet");
    return r;
}

int spec_validate(const Spec *spec, Error *error)
{
    int r = field_check(&spec_table, spec, error);
    if (r == 0 && !str_starts(spec->oci_version, "1.")) {
        char version[JSON_QUOTE_SIZE];
        r = error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                      "ociVersion: only 1.x is supported, found %s",
                      json_quote(spec->oci_version, version, sizeof(version)));
    }
    if (r == 0 && !spec->root)
        r = SPEC_INVALID(error, "root: required, but missing");
    if (r == 0 && spec->process)
        r = spec_validate_process_rest(spec->process, error);
    if (r == 0)
        r = spec_validate_mounts(spec, error);
    if (r == 0 && spec->linux)
        r = spec_validate_linux(spec, error);
    return r < 0 ? r : spec_validate_needs(spec, error);
}
