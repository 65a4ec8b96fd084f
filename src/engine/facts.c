/*
 * Each fact costs a system call in the path of every start, so those that few requests need are
 * read only for these. A fact that cannot be read is left at "there is none".
 */
#include "engine/facts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/capability.h"
#include "linux/device.h"
#include "spec/seccomp_profile.h"

enum { FACTS_TEXT_MAX = 256 * 1024, FACTS_DEPTH_MAX = 4, FACTS_DEVICES_MAX = 4096 };

static bool facts_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static const char *facts_text(const char *path, Arena *arena)
{
    char *text;
    return file_read_at(AT_FDCWD, path, FACTS_TEXT_MAX, arena, &text, NULL) == 0 ? text : NULL;
}

static uint32_t facts_namespaces(void)
{
    uint32_t bits = 0;
    struct stat st;
    int dir CLEANUP(fd_closep) = open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (NamespaceType type = 0; dir >= 0 && type < NAMESPACE_MAX; type++)
        if (fstatat(dir, namespace_table[type].proc_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            bits |= FACTS_BIT(type);
    return bits;
}

static void facts_add_device(Facts *facts, const char *path, Arena *arena)
{
    Device device;
    if (facts->device_count >= FACTS_DEVICES_MAX || device_from_path(path, &device, NULL) < 0)
        return;
    FactsDevice *added = arena_append(arena, &facts->devices, &facts->device_count, sizeof(*added));
    *added = (FactsDevice){
        .path = arena_strdup(arena, path),
        .type = device.type,
        .major = device.major,
        .minor = device.minor,
        .mode = device.mode,
        .uid = device.uid,
        .gid = device.gid,
    };
}

/* All of /dev for --privileged, but for what each container has of its own. */
static void facts_add_directory(Facts *facts, const char *directory, int depth, Arena *arena)
{
    static const char *const own[] = { "/dev/pts",     "/dev/shm",  "/dev/mqueue",
                                       "/dev/console", "/dev/ptmx", "/dev/fd" };
    DIR *dir = depth < FACTS_DEPTH_MAX ? opendir(directory) : NULL;
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *path = arena_printf(arena, "%s/%s", directory, entry->d_name);
        bool skipped = entry->d_name[0] == '.';
        for (size_t i = 0; i < ARRAY_LEN(own); i++)
            skipped |= str_eq(path, own[i]);
        if (skipped)
            continue;
        if (entry->d_type == DT_DIR)
            facts_add_directory(facts, path, depth + 1, arena);
        else if (entry->d_type == DT_CHR || entry->d_type == DT_BLK)
            facts_add_device(facts, path, arena);
    }
    (void)closedir(dir);
}

static void facts_devices(const RunRequest *request, Arena *arena, Facts *facts)
{
    if (request->privileged)
        facts_add_directory(facts, "/dev", 0, arena);
    for (size_t i = 0; i < request->device_count; i++)
        facts_add_device(facts, request->devices[i].source, arena);
    for (size_t i = 0; i < request->limits.throttle_count; i++)
        facts_add_device(facts, request->limits.throttles[i].device, arena);
}

/* The last number of "0-3,8". */
static int64_t facts_highest(const char *path, Arena *arena)
{
    const char *text = facts_text(path, arena);
    if (!text)
        return 0;
    size_t end = strcspn(text, "\n");
    size_t begin = end;
    while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9')
        begin--;
    uint64_t value;
    return str_to_u64(arena_strndup(arena, text + begin, end - begin), &value) == 0 ? (int64_t)value
                                                                                    : 0;
}

static unsigned facts_thermal_cpus(unsigned cpu_count)
{
    unsigned count = 0;
    for (; count < cpu_count; count++) {
        char path[80];
        (void)snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/thermal_throttle", count);
        if (!facts_exists(path))
            break;
    }
    return count;
}

/* What there is to give: in a user namespace of its own all the kernel knows, in the host's only
 * what this process has itself. */
static uint64_t facts_capabilities(const RunRequest *request)
{
    CapabilitySets sets;
    bool host = request->namespaces[NAMESPACE_USER].mode == REQUEST_NAMESPACE_HOST;
    return host && capability_get(&sets, NULL) == 0 ? sets.permitted & sets.bounding
                                                    : capability_all();
}

static bool facts_swap_limit(const CgroupHost *host)
{
    char path[512];
    if (!(host->available & CGROUP_BIT(CGROUP_MEMORY)))
        return false;
    if (host->mode == CGROUP_V2)
        return true; /* memory.swap.max is not in the root; without swap accounting it says so */
    (void)snprintf(path, sizeof(path), "%s/memory.memsw.limit_in_bytes",
                   host->mount[CGROUP_MEMORY]);
    return facts_exists(path);
}

int facts_read(const RunRequest *request, const CgroupHost *cgroup_host, Arena *arena,
               Facts *ret_facts, Error *error)
{
    struct utsname names;
    struct rlimit nofile = { 0 };
    char directory[4096];
    if (uname(&names) < 0)
        return error_errno(error, errno, "uname");
    (void)getrlimit(RLIMIT_NOFILE, &nofile);
    Facts facts = {
        .namespaces = facts_namespaces(),
        .capabilities = facts_capabilities(request),
        .cgroup_mode = cgroup_host->mode,
        .controllers = cgroup_host->available,
        .swap_limit = facts_swap_limit(cgroup_host),
        .cpu_count = (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
        .nofile_hard = nofile.rlim_max,
        .may_raise_limits = capability_have(capability_from_name("CAP_SYS_RESOURCE")),
        .apparmor = facts_exists("/sys/kernel/security/apparmor/profiles"),
        .recursive_readonly = true,
        .mqueue = facts_exists("/dev/mqueue"),
        .hostname = arena_strdup(arena, names.nodename),
        .working_directory =
            getcwd(directory, sizeof(directory)) ? arena_strdup(arena, directory) : NULL,
        .resolv_conf = facts_text("/etc/resolv.conf", arena),
    };
    if (request->namespaces[NAMESPACE_NET].mode == REQUEST_NAMESPACE_HOST)
        facts.hosts = facts_text("/etc/hosts", arena);
    if (request->limits.cpuset_cpus)
        facts.cpu_highest = facts_highest("/sys/devices/system/cpu/possible", arena);
    if (request->limits.cpuset_mems)
        facts.memory_node_highest = facts_highest("/sys/devices/system/node/possible", arena);
    if (seccomp_profile_kernel(names.release, &facts.kernel_major, &facts.kernel_minor) < 0)
        return error_set(error, ERROR_SYSTEM, EINVAL, "uname: '%s' is not a kernel version",
                         names.release);
    facts.thermal_cpus = facts_thermal_cpus(facts.cpu_count);
    facts_devices(request, arena, &facts);
    *ret_facts = facts;
    return 0;
}
