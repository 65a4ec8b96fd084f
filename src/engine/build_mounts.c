/*
 * The tree: kernel filesystems, generated files, volumes, and what the request mounts. Parents come
 * before what lies below them; a mount of the request replaces a default one at the same place.
 *
 * The trap: /proc, sysfs and mqueue show a namespace, and mounting them needs power over it
 * (build_rules). Without that power the host's mount is borrowed, read-only where it can be.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "engine/build_parts.h"

enum {
    BUILD_SHM_BYTES = 64 * 1024 * 1024,
    BUILD_TTY_GID = 5, /* the group "tty" of every distribution: grantpt(3) */
};

static SpecMount *build_mount(Build *build, const char *destination, const char *type,
                              const char *source)
{
    SpecMounts *mounts = &build->spec->mounts;
    SpecMount *mount = arena_append(build->arena, &mounts->items, &mounts->count, sizeof(*mount));
    *mount = (SpecMount){ .destination = destination, .type = type, .source = source };
    return mount;
}

/* Adds comma-separated words. */
static void build_words(Build *build, SpecMount *mount, const char *words)
{
    StrList list = strlist_split(build->arena, words, ',');
    for (size_t i = 0; i < list.count; i++)
        strlist_append(build->arena, &mount->options, list.items[i]);
}

/* --- what the request and the image put where --------------------------------------------------
 */

static const RequestMount *build_mount_at(const Build *build, const char *target)
{
    for (size_t i = 0; i < build->request->mount_count; i++)
        if (str_eq(build->request->mounts[i].target, target))
            return &build->request->mounts[i];
    return NULL;
}

static bool build_is_below(const char *path, const char *parent)
{
    size_t length = strlen(parent);
    return strncmp(path, parent, length) == 0 && path[length] == '/';
}

/* A default mount gives way to the request's at the same place, and to one that replaces the
 * kernel filesystem it lies in: with -v /dev:/dev the host's /dev/pts is the one that is meant. */
static bool build_gives_way(const Build *build, const char *target)
{
    static const char *const trees[] = { "/dev", "/proc", "/sys" };
    if (build_mount_at(build, target))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(trees); i++)
        if (build_is_below(target, trees[i]) && build_mount_at(build, trees[i]))
            return true;
    return false;
}

/* --- the kernel's filesystems ------------------------------------------------------------------
 */

static void build_borrow(Build *build, const char *target, const char *source, const char *words)
{
    build_words(build, build_mount(build, target, "bind", source), words);
}

static void build_proc(Build *build)
{
    static const char words[] = "nosuid,noexec,nodev";
    if (build_gives_way(build, "/proc"))
        return;
    if (build_rules(build, NAMESPACE_PID))
        build_words(build, build_mount(build, "/proc", "proc", "proc"), words);
    else
        build_borrow(build, "/proc", "/proc", "rbind,rprivate,nosuid,noexec,nodev");
}

static bool build_gid_exists(const Build *build, uint32_t gid)
{
    const BuildInput *input = build->input;
    bool exists = build_is_host(build, NAMESPACE_USER);
    for (size_t i = 0; i < input->gid_count; i++)
        exists = exists || (gid >= input->gids[i].container &&
                            gid - input->gids[i].container < input->gids[i].count);
    return exists;
}

static void build_shm(Build *build)
{
    if (build_gives_way(build, "/dev/shm"))
        return;
    if (build_is_host(build, NAMESPACE_IPC)) {
        build_borrow(build, "/dev/shm", "/dev/shm", "rbind,rprivate,nosuid,noexec,nodev");
        return;
    }
    if (!build_is_new(build, NAMESPACE_IPC) && build->input->joined_shm) {
        build_borrow(build, "/dev/shm", build->input->joined_shm,
                     "rbind,rprivate,nosuid,noexec,nodev");
        return;
    }
    uint64_t bytes = build->request->shm_bytes ? build->request->shm_bytes : BUILD_SHM_BYTES;
    SpecMount *mount = build_mount(build, "/dev/shm", "tmpfs", "shm");
    build_words(build, mount, "nosuid,noexec,nodev,mode=1777");
    build_words(build, mount, arena_printf(build->arena, "size=%" PRIu64, bytes));
}

static void build_mqueue(Build *build)
{
    if (build_gives_way(build, "/dev/mqueue"))
        return;
    if (build_rules(build, NAMESPACE_IPC))
        build_words(build, build_mount(build, "/dev/mqueue", "mqueue", "mqueue"),
                    "nosuid,noexec,nodev");
    else if (build_is_host(build, NAMESPACE_IPC) && build->facts->mqueue)
        build_borrow(build, "/dev/mqueue", "/dev/mqueue", "rbind,rprivate,nosuid,noexec,nodev");
}

static void build_dev(Build *build)
{
    if (!build_gives_way(build, "/dev"))
        build_words(build, build_mount(build, "/dev", "tmpfs", "tmpfs"),
                    "nosuid,strictatime,mode=755,size=65536k");
    if (!build_gives_way(build, "/dev/pts")) {
        SpecMount *mount = build_mount(build, "/dev/pts", "devpts", "devpts");
        build_words(build, mount, "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620");
        if (build_gid_exists(build, BUILD_TTY_GID))
            build_words(build, mount, arena_printf(build->arena, "gid=%d", BUILD_TTY_GID));
    }
    build_shm(build);
    build_mqueue(build);
}

static void build_sys(Build *build)
{
    const char *access = build->request->privileged ? "rw" : "ro";
    if (!build_gives_way(build, "/sys")) {
        SpecMount *mount;
        if (build_rules(build, NAMESPACE_NET)) {
            mount = build_mount(build, "/sys", "sysfs", "sysfs");
            build_words(build, mount, "nosuid,noexec,nodev");
        } else {
            mount = build_mount(build, "/sys", "bind", "/sys");
            build_words(build, mount, "rbind,rprivate,nosuid,noexec,nodev");
            access = build->facts->recursive_readonly ? "rro" : "ro";
        }
        build_words(build, mount, access);
    }
    if (build->facts->cgroup_mode == CGROUP_NONE || build_gives_way(build, "/sys/fs/cgroup"))
        return;
    SpecMount *mount = build_mount(build, "/sys/fs/cgroup", "cgroup", "cgroup");
    build_words(build, mount, "nosuid,noexec,nodev,relatime");
    build_words(build, mount, build->request->privileged ? "rw" : "ro");
}

/* --- generated files ---------------------------------------------------------------------------
 */

static void build_file_mounts(Build *build)
{
    static const struct {
        const char *name, *target;
        NamespaceType type; /* whose files are taken when it is another container's */
    } files[] = {
        { "hostname", "/etc/hostname", NAMESPACE_UTS },
        { "hosts", "/etc/hosts", NAMESPACE_NET },
        { "resolv.conf", "/etc/resolv.conf", NAMESPACE_NET },
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        const char *directory = build->input->files;
        if (build->namespaces[files[i].type].mode == REQUEST_NAMESPACE_CONTAINER)
            directory = files[i].type == NAMESPACE_NET ? build->input->joined_files : NULL;
        if (!directory || build_mount_at(build, files[i].target))
            continue;
        build_words(build,
                    build_mount(build, files[i].target, "bind",
                                arena_printf(build->arena, "%s/%s", directory, files[i].name)),
                    "bind,rprivate");
    }
}

/* --- volumes, binds, tmpfs ---------------------------------------------------------------------
 */

static const char *build_volume(Build *build, const char *name, const char *target, bool copy)
{
    BuildResult *result = build->result;
    bool anonymous = name == NULL;
    if (anonymous)
        name = arena_printf(build->arena, "%s-%zu", build->input->id, result->volume_count);
    BuildVolume *volume =
        arena_append(build->arena, &result->volumes, &result->volume_count, sizeof(*volume));
    *volume = (BuildVolume){
        .name = name,
        .path = arena_printf(build->arena, "%s/%s/data", build->input->volumes, name),
        .target = target,
        .anonymous = anonymous,
        .copy = copy,
    };
    return volume->path;
}

/* A propagation other than private must be possible and needs a root that lets events through. */
static int build_propagation(Build *build, const RequestMount *wish, Error *error)
{
    const char *word = wish->propagation ? wish->propagation : "rprivate";
    SpecLinux *lx = build->spec->linux;
    bool shared = str_ends(word, "shared");
    if (shared && !build_is_host(build, NAMESPACE_USER))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "%s: '%s' cannot reach the host out of a user namespace "
                         "(--userns=host allows it)",
                         wish->option, word);
    if (shared)
        lx->rootfs_propagation = "rshared";
    else if (str_ends(word, "slave") && !lx->rootfs_propagation)
        lx->rootfs_propagation = "rslave";
    return 0;
}

static int build_bind(Build *build, const RequestMount *wish, const char *source, Error *error)
{
    int r = build_propagation(build, wish, error);
    if (r < 0)
        return r;
    SpecMount *mount = build_mount(build, wish->target, "bind", source);
    build_words(build, mount, wish->shallow ? "bind" : "rbind");
    build_words(build, mount, wish->propagation ? wish->propagation : "rprivate");
    bool deep = !wish->shallow && !wish->readonly_shallow && build->facts->recursive_readonly;
    if (wish->readonly)
        build_words(build, mount, deep ? "rro" : "ro");
    for (size_t i = 0; i < wish->options.count; i++)
        build_words(build, mount, wish->options.items[i]);
    return 0;
}

static int build_host_bind(Build *build, const RequestMount *wish, Error *error)
{
    const char *source = wish->source;
    if (source[0] != '/') {
        source = arena_printf(build->arena, "%s/%s", build->facts->working_directory, source);
        source = request_clean_path(source, build->arena);
        if (!source)
            return error_set(error, ERROR_USAGE, EINVAL, "%s: '%s' leaves the root", wish->option,
                             wish->source);
    }
    return build_bind(build, wish, source, error);
}

/* Does a word of the request undo this default? "exec" undoes "noexec". */
static bool build_undone(const RequestMount *wish, const char *word)
{
    for (size_t i = 0; i < wish->options.count; i++) {
        const char *said = wish->options.items[i];
        if (str_eq(said, word) || (str_starts(word, "no") && str_eq(said, word + 2)) ||
            (str_starts(said, word) && str_ends(word, "=")))
            return true;
    }
    return false;
}

static void build_tmpfs(Build *build, const RequestMount *wish)
{
    static const char *const defaults[] = { "nosuid", "nodev", "noexec" };
    SpecMount *mount = build_mount(build, wish->target, "tmpfs", "tmpfs");
    for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
        if (!build_undone(wish, defaults[i]))
            build_words(build, mount, defaults[i]);
    if (!build_undone(wish, "mode="))
        build_words(build, mount, "mode=1777");
    if (wish->readonly)
        build_words(build, mount, "ro");
    for (size_t i = 0; i < wish->options.count; i++) {
        const char *word = wish->options.items[i];
        uint64_t bytes;
        /* docker's sizes ("64mb") are more than the kernel reads. */
        if (str_starts(word, "size=") && str_to_bytes(word + 5, &bytes) == 0)
            word = arena_printf(build->arena, "size=%" PRIu64, bytes);
        strlist_append(build->arena, &mount->options, word);
    }
}

static int build_requested_mounts(Build *build, Error *error)
{
    const RunRequest *request = build->request;
    for (size_t i = 0; i < request->mount_count; i++) {
        const RequestMount *wish = &request->mounts[i];
        const RequestMount *first = build_mount_at(build, wish->target);
        if (first != wish)
            return error_set(error, ERROR_USAGE, EINVAL,
                             "%s: there is already a mount at '%s' (%s)", wish->option,
                             wish->target, first->option);
        int r = 0;
        switch (wish->kind) {
        case REQUEST_MOUNT_BIND: r = build_host_bind(build, wish, error); break;
        case REQUEST_MOUNT_VOLUME:
            r = build_bind(build, wish,
                           build_volume(build, wish->source, wish->target, !wish->no_copy), error);
            break;
        case REQUEST_MOUNT_TMPFS: build_tmpfs(build, wish); break;
        }
        if (r < 0)
            return r;
    }
    return 0;
}

/* The image may ask for volumes of its own, but not for places that belong to the kernel:
 * CVE-2019-19921 was a volume over /proc. */
static int build_image_volumes(Build *build, Error *error)
{
    static const char *const reserved[] = { "/dev", "/proc", "/sys" };
    const OciImageConfig *image = build->input->image;
    for (size_t i = 0; image && i < image->volumes.count; i++) {
        const char *said = image->volumes.items[i];
        const char *target = request_clean_path(said, build->arena);
        bool bad = !target || str_eq(target, "/");
        for (size_t j = 0; !bad && j < ARRAY_LEN(reserved); j++)
            bad = str_eq(target, reserved[j]) || build_is_below(target, reserved[j]);
        if (bad)
            return error_set(error, ERROR_CORRUPT, EINVAL,
                             "the image asks for a volume at '%s', where none can be", said);
        RequestMount wish = { .target = target, .option = "the image's volume" };
        bool taken = false; /* by the request, the engine's files, or the image itself */
        for (size_t j = 0; j < build->spec->mounts.count; j++)
            taken = taken || str_eq(build->spec->mounts.items[j].destination, target);
        if (taken)
            continue;
        int r = build_bind(build, &wish, build_volume(build, NULL, target, true), error);
        if (r < 0)
            return r;
    }
    return 0;
}

/* --- order -------------------------------------------------------------------------------------
 */

static size_t build_depth(const char *path)
{
    size_t depth = 0;
    for (; *path; path++)
        depth += *path == '/';
    return depth;
}

/* Insertion sort: stable, and the list is short. */
static void build_sort_mounts(SpecMounts *mounts)
{
    for (size_t i = 1; i < mounts->count; i++) {
        SpecMount mount = mounts->items[i];
        size_t depth = build_depth(mount.destination), j = i;
        for (; j > 0 && build_depth(mounts->items[j - 1].destination) > depth; j--)
            mounts->items[j] = mounts->items[j - 1];
        mounts->items[j] = mount;
    }
}

int build_mounts(Build *build, Error *error)
{
    build_proc(build);
    build_dev(build);
    build_sys(build);
    build_file_mounts(build);
    int r = build_requested_mounts(build, error);
    if (r == 0)
        r = build_image_volumes(build, error);
    build_sort_mounts(&build->spec->mounts);
    return r;
}
