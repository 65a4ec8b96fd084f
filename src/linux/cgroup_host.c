/*
 * Which hierarchies this host has, and where: /proc/self/mountinfo and /proc/self/cgroup, each read
 * once.
 *
 * The trap: neither file alone says what a path means. mountinfo's root field names the cgroup
 * which a mount shows ("/docker/abc" inside a container without a cgroup namespace), and
 * /proc/self/cgroup counts from the top of the namespace: the caller's own cgroup below the mount
 * is the difference, if there is one.
 */
#include "linux/cgroup_host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"

#define CGROUP_HOST_USUAL "/sys/fs/cgroup"

enum {
    CGROUP_HOST_BUFFER_SIZE = 8192,  /* enough for a usual host's texts */
    CGROUP_HOST_TEXT_MAX = 16 << 20, /* of mountinfo: a few hundred bytes per mount */
};

/* One row per controller: its name on v1, and on v2 where it is another one or none. */
static const struct {
    const char *v1, *v2;
} cgroup_host_names[CGROUP_CONTROLLER_MAX] = {
    [CGROUP_CPU] = { "cpu", "cpu" },
    [CGROUP_CPUACCT] = { "cpuacct", NULL },
    [CGROUP_CPUSET] = { "cpuset", "cpuset" },
    [CGROUP_MEMORY] = { "memory", "memory" },
    [CGROUP_DEVICES] = { "devices", NULL },
    [CGROUP_FREEZER] = { "freezer", NULL },
    [CGROUP_IO] = { "blkio", "io" },
    [CGROUP_PIDS] = { "pids", "pids" },
    [CGROUP_HUGETLB] = { "hugetlb", "hugetlb" },
    [CGROUP_NET_CLS] = { "net_cls", NULL },
    [CGROUP_NET_PRIO] = { "net_prio", NULL },
    [CGROUP_PERF_EVENT] = { "perf_event", NULL },
    [CGROUP_RDMA] = { "rdma", "rdma" },
    [CGROUP_MISC] = { "misc", "misc" },
    [CGROUP_SYSTEMD] = { "name=systemd", NULL },
    [CGROUP_UNIFIED] = { "unified", NULL },
};

/* What v2 has without a controller of that name: in every cgroup, or as an eBPF program. */
enum {
    CGROUP_HOST_V2_BUILTIN = CGROUP_BIT(CGROUP_CPUACCT) | CGROUP_BIT(CGROUP_DEVICES) |
                             CGROUP_BIT(CGROUP_FREEZER) | CGROUP_BIT(CGROUP_PERF_EVENT) |
                             CGROUP_BIT(CGROUP_SYSTEMD) | CGROUP_BIT(CGROUP_UNIFIED),
};

const char *cgroup_controller_name(CgroupController controller, CgroupMode mode)
{
    const char *v2 = cgroup_host_names[controller].v2;
    return mode == CGROUP_V2 && v2 ? v2 : cgroup_host_names[controller].v1;
}

CgroupController cgroup_controller_from_name(const char *name, size_t length)
{
    for (int i = 0; i < CGROUP_CONTROLLER_MAX; i++) {
        const char *v1 = cgroup_host_names[i].v1, *v2 = cgroup_host_names[i].v2;
        if (strlen(v1) == length && memcmp(v1, name, length) == 0)
            return (CgroupController)i;
        if (v2 && strlen(v2) == length && memcmp(v2, name, length) == 0)
            return (CgroupController)i;
    }
    return CGROUP_CONTROLLER_INVALID;
}

uint32_t cgroup_controllers_parse(const char *text, char separator)
{
    uint32_t bits = 0;
    while (*text) {
        const char *end = text;
        while (*end && *end != separator && *end != '\n')
            end++;
        CgroupController c = cgroup_controller_from_name(text, (size_t)(end - text));
        if (c != CGROUP_CONTROLLER_INVALID)
            bits |= CGROUP_BIT(c);
        text = *end ? end + 1 : end;
    }
    return bits;
}

uint32_t cgroup_controllers_v2_builtin(void)
{
    return CGROUP_HOST_V2_BUILTIN;
}

/* Field number `index` of a line of mountinfo that ends at `end`; octal escapes decoded. */
static char *cgroup_host_field(const char *line, const char *end, unsigned index, Arena *arena)
{
    while (index > 0 && line < end)
        if (*line++ == ' ')
            index--;
    const char *stop = memchr(line, ' ', (size_t)(end - line));
    char *field = arena_strndup(arena, line, (size_t)((stop ? stop : end) - line));
    char *to = field;
    for (const char *p = field; *p; p++) {
        if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] && p[3]) {
            *to++ = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
            p += 3;
        } else {
            *to++ = *p;
        }
    }
    *to = '\0';
    return field;
}

/* Of several mounts of a hierarchy the first counts, but one below /sys/fs/cgroup more, and of two
 * at one place the later, which is on top. */
static bool cgroup_host_prefers(const char *old_mount, const char *new_mount)
{
    return !old_mount || str_eq(old_mount, new_mount) ||
           (!str_starts(old_mount, CGROUP_HOST_USUAL) && str_starts(new_mount, CGROUP_HOST_USUAL));
}

/* One line of a cgroup filesystem; `kind` begins at "cgroup". */
static void cgroup_host_add_mount(CgroupHost *host, const char *line, const char *kind,
                                  const char *end, Arena *arena)
{
    const char *root = cgroup_host_field(line, end, 3, arena);
    const char *mount = cgroup_host_field(line, end, 4, arena);
    const char *type = cgroup_host_field(kind, end, 0, arena);
    if (str_eq(type, "cgroup2")) {
        if (cgroup_host_prefers(host->unified_mount, mount)) {
            host->unified_mount = mount;
            host->unified_root = root;
        }
        return;
    }
    if (!str_eq(type, "cgroup"))
        return;
    uint32_t bits = cgroup_controllers_parse(cgroup_host_field(kind, end, 2, arena), ',');
    for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++) {
        if (!(bits & CGROUP_BIT(c)) || !cgroup_host_prefers(host->mount[c], mount))
            continue;
        host->mount[c] = mount;
        host->root[c] = root;
        host->available |= CGROUP_BIT(c);
    }
}

const char *cgroup_path_below(const char *path, const char *root)
{
    if (!root || path[0] != '/' || str_eq(path, "/..") || str_starts(path, "/../"))
        return NULL;
    if (str_eq(root, "/"))
        return path;
    size_t length = strlen(root);
    if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        return NULL;
    return path[length] ? path + length : "/";
}

bool cgroup_proc_line(const char **text, Arena *arena, uint32_t *ret_controllers,
                      const char **ret_path)
{
    for (;;) {
        const char *line = *text;
        if (!*line)
            return false;
        const char *end = strchrnul(line, '\n');
        *text = *end ? end + 1 : end;
        const char *first = memchr(line, ':', (size_t)(end - line));
        const char *second = first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
        if (!second)
            continue;
        const char *names = arena_strndup(arena, first + 1, (size_t)(second - first - 1));
        *ret_controllers = cgroup_controllers_parse(names, ',');
        if (!*ret_controllers && *names)
            continue; /* a hierarchy nobody here knows */
        *ret_path = arena_strndup(arena, second + 1, (size_t)(end - second - 1));
        return true;
    }
}

void cgroup_host_parse(const char *mountinfo, const char *self_cgroup, Arena *arena,
                       CgroupHost *ret_host)
{
    CgroupHost host = { 0 };
    const char *kind;
    for (const char *text = mountinfo; (kind = strstr(text, " - cgroup"));) {
        const char *line = kind, *end = strchrnul(kind, '\n');
        while (line > mountinfo && line[-1] != '\n')
            line--;
        cgroup_host_add_mount(&host, line, kind + strlen(" - "), end, arena);
        text = end;
    }

    uint32_t bits;
    const char *path;
    while (cgroup_proc_line(&self_cgroup, arena, &bits, &path)) {
        if (!bits)
            host.unified_own_path = cgroup_path_below(path, host.unified_root);
        for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++)
            if (bits & CGROUP_BIT(c))
                host.own_path[c] = cgroup_path_below(path, host.root[c]);
    }

    /* The named hierarchy alone limits nothing: such a host's controllers are all in the v2 tree.
     */
    if (host.available & ~CGROUP_BIT(CGROUP_SYSTEMD))
        host.mode = host.unified_mount ? CGROUP_HYBRID : CGROUP_V1;
    else
        host.mode = host.unified_mount ? CGROUP_V2 : CGROUP_NONE;
    if (host.mode == CGROUP_V2)
        host.available = 0;
    if (host.mode == CGROUP_HYBRID) {
        host.mount[CGROUP_UNIFIED] = host.unified_mount;
        host.root[CGROUP_UNIFIED] = host.unified_root;
        host.own_path[CGROUP_UNIFIED] = host.unified_own_path;
        host.available |= CGROUP_BIT(CGROUP_UNIFIED);
    }
    *ret_host = host;
}

/*
 * A file of /proc in the caller's buffer (no page of the heap is touched for it), or if it is
 * larger in the arena. NULL with the errno on failure.
 */
static const char *cgroup_host_text(const char *path, char *buffer, size_t size, Arena *arena)
{
    int fd CLEANUP(fd_closep) = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    for (size_t used = 0; used < size;) {
        ssize_t n = read(fd, buffer + used, size - used);
        if (n < 0 && errno != EINTR)
            return NULL;
        if (n == 0) {
            buffer[used] = '\0';
            return buffer;
        }
        used += n > 0 ? (size_t)n : 0;
    }
    char *text;
    int r = file_read_at(AT_FDCWD, path, CGROUP_HOST_TEXT_MAX, arena, &text, NULL);
    errno = -r;
    return r < 0 ? NULL : text;
}

/*
 * The whole of a v2 tree at its usual place, where there is nothing else: known without mountinfo,
 * whose reading costs 4 us for each mount of the host. The text has one line then, and the root of
 * the tree has inode 1; a part of the tree, as containers see it, has another.
 */
static bool cgroup_host_is_plain_v2(const char *self_cgroup)
{
    struct statfs fs;
    struct stat st;
    const char *end = strchr(self_cgroup, '\n');
    return str_starts(self_cgroup, "0::/") && end && !end[1] &&
           statfs(CGROUP_HOST_USUAL, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC &&
           stat(CGROUP_HOST_USUAL, &st) == 0 && st.st_ino == 1;
}

int cgroup_host_read(Arena *arena, CgroupHost *ret_host, Error *error)
{
    char mounts[CGROUP_HOST_BUFFER_SIZE], paths[CGROUP_HOST_BUFFER_SIZE];
    const char *own = cgroup_host_text("/proc/self/cgroup", paths, sizeof(paths), arena);
    if (!own && errno != ENOENT) /* a kernel without cgroups */
        return error_errno(error, errno, "read /proc/self/cgroup");
    const char *mountinfo =
        own && cgroup_host_is_plain_v2(own)
            ? "0 0 0:0 / " CGROUP_HOST_USUAL " rw - cgroup2 cgroup2 rw\n"
            : cgroup_host_text("/proc/self/mountinfo", mounts, sizeof(mounts), arena);
    if (!mountinfo)
        return error_errno(error, errno, "read /proc/self/mountinfo");

    CgroupHost host;
    cgroup_host_parse(mountinfo, own ? own : "", arena, &host);
    if (host.mode == CGROUP_V2) {
        const char *file = arena_printf(arena, "%s/cgroup.controllers", host.unified_mount);
        const char *words = cgroup_host_text(file, paths, sizeof(paths), arena);
        if (!words)
            return error_errno(error, errno, "read %s", file);
        host.available = cgroup_controllers_parse(words, ' ') | CGROUP_HOST_V2_BUILTIN;
    }
    *ret_host = host;
    return 0;
}
