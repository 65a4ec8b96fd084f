/*
 * `restore`: processes from files into a container that the caller's configuration draws. First the
 * container is made as `create` does it, with its cgroup, its limits and its mount points; what it
 * looks like is noted, and criu puts the archived processes into the same cgroup, root and
 * namespaces' settings, stopped. Then the process that `create` made is given up. Theirs run only
 * if their boundary is the one that was noted: an archive is data from strangers, and brings
 * processes, not rights (rights.h).
 *
 * The trap: systemd removes a scope when no process is in it, and criu would make a cgroup of that
 * name again, without limits and device rules. So there is a process in it throughout.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "criu.h"
#include "engine/foreground.h"
#include "handout.h"
#include "linux/clone.h"
#include "linux/process.h"
#include "log.h"
#include "rights.h"

static const CriuOptions restore_defaults = { .status_fd = -1 };

static const Option restore_options[] = {
    CRIU_OPTIONS,
    { 'b', "bundle", OPTION_STRING(CriuOptions, common.bundle), "DIR",
      "The bundle: config.json and what it names (default: here)", .completes = "directory" },
    { 'd', "detach", OPTION_FLAG(CriuOptions, common.detach), NULL, "Do not wait for the process" },
    { 0, "pid-file", OPTION_STRING(CriuOptions, common.pid_file), "FILE",
      "Write the process id to FILE", .completes = "file" },
    { 0, "console-socket", OPTION_STRING(CriuOptions, common.console_socket), "SOCKET",
      "Taken for compatibility: terminals are not restored", .completes = "file" },
    { 0, "no-pivot", OPTION_FLAG(CriuOptions, common.no_pivot), NULL, "As with `create`" },
    { 0, "no-subreaper", OPTION_FLAG(CriuOptions, common.no_subreaper), NULL,
      "Taken for compatibility" },
    { 0, "tcp-close", OPTION_FLAG(CriuOptions, tcp_close), NULL,
      "Close the TCP connections that were taken along" },
    { 0, "lsm-profile", OPTION_STRING(CriuOptions, lsm_profile), "TYPE:NAME",
      "The security module's profile" },
    { 0, "lsm-mount-context", OPTION_STRING(CriuOptions, lsm_context), "CONTEXT",
      "SELinux's context of mounts" },
    OPTION_END,
};

/* criu wants the root to be a mount of its own; in a mount namespace of ours it leaves no trace. */
static int restore_mount_root(const Instance *instance, const char **ret_path, Error *error)
{
    const char *path =
        arena_printf(instance->arena, "%s/%s/root",
                     commands_root(instance->globals, instance->arena), instance->record.id);
    char source[FD_PATH_SIZE];
    if (mkdirat(instance->place.dir, "root", 0700) < 0)
        return error_errno(error, errno, "%s", path);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return error_errno(error, errno, "mount namespace for criu");
    int root CLEANUP(fd_closep) =
        open(instance->record.rootfs, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (root < 0 || mount(fd_path(root, source), path, NULL, MS_BIND | MS_REC, NULL) < 0)
        return error_errno(error, errno, "root.path: %s", instance->record.rootfs);
    if (instance->spec->root->readonly &&
        mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
        return error_errno(error, errno, "root.readonly");
    *ret_path = path;
    return 0;
}

/* "pipe:[123]" and nothing else: criu would read other words of an archive as paths. */
static bool restore_is_pipe(const char *name)
{
    size_t length = strlen(name);
    return str_starts(name, "pipe:[") && length > 7 && name[length - 1] == ']' &&
           strspn(name + 6, "0123456789") == length - 7;
}

static void restore_add_streams(const char *images, StrList *words, Arena *arena)
{
    char *text;
    size_t size;
    const JsonValue *list;
    if (file_read_at(AT_FDCWD, arena_printf(arena, "%s/descriptors.json", images), 65536, arena,
                     &text, &size) < 0 ||
        json_parse(text, size, NULL, arena, &list, NULL) < 0 || list->type != JSON_ARRAY)
        return;
    int fd = 0;
    for (const JsonValue *item = list->first; item && fd <= 2; item = item->next, fd++) {
        if (item->type != JSON_STRING || !restore_is_pipe(item->string))
            continue;
        strlist_append(arena, words, "--inherit-fd");
        strlist_append(arena, words, arena_printf(arena, "fd[%d]:%s", fd, item->string));
    }
}

static void restore_add_network(const Instance *instance, const CriuOptions *options, int network,
                                StrList *words)
{
    const SpecNamespace *wanted = spec_namespace(instance->spec, "network");
    Arena *arena = instance->arena;
    if (!wanted)
        return;
    bool given = !str_empty(wanted->path) && options->empty_ns.count == 0;
    strlist_append(arena, words, given ? "--inherit-fd" : "--empty-ns");
    strlist_append(arena, words, given ? arena_printf(arena, "fd[%d]:network", network) : "net");
}

static int restore_words(const Instance *instance, const CriuOptions *options, const char *images,
                         StrList *words, Error *error)
{
    Arena *arena = instance->arena;
    const SpecMounts *mounts = &instance->spec->mounts;
    int r = criu_begin(instance, options, "restore", images, words, error);
    if (r < 0)
        return r;
    const char *const fixed[] = {
        "--restore-detached",
        "--restore-sibling",
        "--leave-stopped",
        "--cgroup-root",
        instance->record.cgroup_path ? instance->record.cgroup_path : "/",
        "--evasive-devices",
        "--mntns-compat-mode", /* the other way takes propagation from sources, which are no mounts
                                */
    };
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        strlist_append(arena, words, fixed[i]);
    for (size_t i = 0; i < mounts->count; i++) {
        const SpecMount *mount = &mounts->items[i];
        if (!criu_is_bind(mount) || str_empty(mount->source))
            continue;
        strlist_append(arena, words, "--external");
        strlist_append(arena, words,
                       arena_printf(arena, "mnt[%s]:%s%s%s",
                                    criu_mount_key(mount->destination, arena),
                                    mount->source[0] == '/' ? "" : instance->record.bundle,
                                    mount->source[0] == '/' ? "" : "/", mount->source));
    }
    if (!str_empty(options->lsm_profile)) {
        strlist_append(arena, words, "--lsm-profile");
        strlist_append(arena, words, options->lsm_profile);
    }
    if (!str_empty(options->lsm_context)) {
        strlist_append(arena, words, "--mount-context");
        strlist_append(arena, words, options->lsm_context);
    }
    restore_add_streams(images, words, arena);
    return 0;
}

/* The pid that criu wrote; the process is our child (--restore-sibling). */
static int restore_take(Instance *instance, Error *error)
{
    char *text;
    uint32_t pid;
    int r = file_read_at(instance->place.dir, "criu.pid", 64, instance->arena, &text, NULL);
    if (r == 0)
        r = str_to_u32(text, &pid);
    if (r < 0)
        return error_errno(error, r, "criu restore: pid file");
    instance->record.pid = (int32_t)pid;
    instance->launched.pid = (pid_t)pid;
    instance->launched.pidfd = clone_pidfd_open((pid_t)pid, error);
    if (instance->launched.pidfd < 0)
        return instance->launched.pidfd;
    r = clone_start_time((pid_t)pid, &instance->record.start_ticks);
    if (r < 0)
        return error_errno(error, r, "start time of process %u", (unsigned)pid);
    return record_write(&instance->place, &instance->record, error);
}

/* The process that `create` made has shown what the container is like, and kept its cgroup. */
static int restore_give_up(Instance *instance, Error *error)
{
    int r = clone_pidfd_signal(instance->launched.pidfd, SIGKILL, error);
    if (r == 0)
        r = clone_wait(instance->launched.pid, NULL, error);
    launch_done(&instance->launched);
    instance->launched = LAUNCHED_NONE;
    fd_closep(&instance->start_socket);
    if (r == 0 && unlinkat(instance->place.dir, RECORD_START, 0) < 0)
        r = error_errno(error, errno, "remove %s", RECORD_START);
    return r;
}

/* criu, while the process of `create` is in the cgroup; in the end only what criu made is. */
static int restore_call(Instance *instance, const CriuOptions *options, const StrList *words,
                        const char *images, Error *error)
{
    enum { LIMIT_SIZE = 32 };
    char limit[LIMIT_SIZE];
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    /* That process counts: a container that has as many as it may have needs one more. */
    bool lifted = instance_cgroup(instance, &cgroup, NULL) == 0 &&
                  cgroup_read(&cgroup, CGROUP_PIDS, "pids.max", limit, sizeof(limit), NULL) >= 0;
    int r = lifted ? cgroup_write(&cgroup, CGROUP_PIDS, "pids.max", "max", error) : 0;
    if (r == 0)
        r = criu_run(options, words, images, instance->arena, error);
    int end = restore_give_up(instance, r < 0 ? NULL : error);
    if (r == 0)
        r = end;
    return r == 0 && lifted ? cgroup_write(&cgroup, CGROUP_PIDS, "pids.max", limit, error) : r;
}

static int restore_processes(Instance *instance, const CriuOptions *options, Error *error)
{
    const char *images, *root = NULL;
    StrList words;
    Rights rights;
    Arena *arena = instance->arena;
    int network CLEANUP(fd_closep) = open(
        arena_printf(arena, "/proc/%d/ns/net", (int)instance->record.pid), O_RDONLY); /* for criu */
    int r = network < 0 ? error_errno(error, errno, "network namespace") : 0;
    if (r == 0)
        r = criu_images(options, false, arena, &images, error);
    if (r == 0)
        r = rights_note(instance, &rights, error);
    if (r == 0)
        r = restore_mount_root(instance, &root, error);
    if (r == 0)
        r = restore_words(instance, options, images, &words, error);
    if (r < 0)
        return r;
    restore_add_network(instance, options, network, &words);
    strlist_append(arena, &words, "--root");
    strlist_append(arena, &words, root);
    strlist_append(arena, &words, "--pidfile");
    strlist_append(arena, &words,
                   arena_printf(arena, "%s/%s/criu.pid", commands_root(instance->globals, arena),
                                instance->record.id));
    r = restore_call(instance, options, &words, images, error);
    (void)umount2(root, MNT_DETACH); /* the directory is removed with the container */
    if (r == 0)
        r = restore_take(instance, error);
    if (r == 0)
        r = rights_check(instance, &rights, error);
    return r == 0 ? rights_let_go(instance, error) : r;
}

static int restore_make(Instance *instance, const CriuOptions *options, const char *id,
                        Error *error)
{
    InstanceOptions *quiet = arena_copy(instance->arena, &options->common, sizeof(*quiet));
    quiet->pid_file = quiet->console_socket =
        NULL; /* what it tells is told of the restored process */
    instance->options = quiet;
    int r = instance_make(instance, id, true, error);
    if (r < 0)
        return r;
    if (instance->spec->process->terminal)
        r = error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                      "process.terminal: criu's command line cannot restore terminals");
    if (r == 0)
        r = restore_processes(instance, options, error);
    if (r == 0 && options->common.pid_file)
        r = handout_write_pid(options->common.pid_file, instance->record.pid, error);
    if (r < 0)
        (void)!instance_destroy(instance, NULL);
    instance->options = &options->common;
    return r;
}

static int restore_run(CommandCall *call, Error *error)
{
    const CriuOptions *options = call->values;
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    instance.globals = call->globals;
    instance.arena = call->arena;
    sigset_t signals;
    int r = instance_seal(&instance, &options->common, error);
    if (r < 0)
        return r;
    if (!options->common.detach)
        foreground_block_signals(&signals);
    r = restore_make(&instance, options, call->arguments[0], error);
    if (r < 0 || options->common.detach)
        return r;
    record_unlock(&instance.place);
    Foreground foreground = {
        .interactive = true,
        .transparent = true,
        .terminal_fd = -1,
        .pid = instance.launched.pid,
        .pidfd = instance.launched.pidfd,
    };
    r = foreground_wait(&foreground, &signals, &call->exit_status, error);
    if (!record_relock(&instance.place))
        return r;
    int end = instance_destroy(&instance, r < 0 ? NULL : error);
    return r < 0 ? r : end;
}

const Command restore_command = {
    .name = "restore",
    .summary = "Make a container of a checkpoint's processes, through criu",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .options = restore_options,
    .values_size = sizeof(CriuOptions),
    .defaults = &restore_defaults,
    .description = "What the processes may do and see comes from the bundle's configuration. "
                   "Processes of an archive that have more than it allows, or other mounts, do not "
                   "run.",
    .run = restore_run,
};
