/*
 * `checkpoint`: the processes of a container into files. The container is gone then, unless it was
 * to go on.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "criu.h"
#include "linux/cgroup_directory.h"

static const CriuOptions checkpoint_defaults = { .status_fd = -1 };

static const Option checkpoint_options[] = {
    CRIU_OPTIONS,
    { 0, "parent-path", OPTION_STRING(CriuOptions, parent_path), "DIR",
      "Earlier images, relative to --image-path: only what has changed is written" },
    { 0, "leave-running", OPTION_FLAG(CriuOptions, leave_running), NULL,
      "Let the container go on afterwards" },
    { 0, "tcp-skip-in-flight", OPTION_FLAG(CriuOptions, tcp_skip_in_flight), NULL,
      "Leave out TCP connections that are being made" },
    { 0, "link-remap", OPTION_FLAG(CriuOptions, link_remap), NULL,
      "Give open files without a name one" },
    { 0, "status-fd", OPTION_I64(CriuOptions, status_fd), "N",
      "criu writes a zero byte there when --lazy-pages can serve", .min = -1, .max = 1048576 },
    { 0, "page-server", OPTION_STRING(CriuOptions, page_server), "ADDRESS:PORT",
      "Send memory to criu's page server" },
    { 0, "pre-dump", OPTION_FLAG(CriuOptions, pre_dump), NULL,
      "Only memory, and let the container go on" },
    OPTION_END,
};

/* A namespace of others is theirs at restore too. */
static void checkpoint_add_network(const Instance *instance, const CriuOptions *options,
                                   StrList *words)
{
    const SpecNamespace *network = spec_namespace(instance->spec, "network");
    struct stat st;
    Arena *arena = instance->arena;
    if (!network)
        return;
    const char *path = arena_printf(arena, "/proc/%d/ns/net", (int)instance->record.pid);
    if (str_empty(network->path) || options->empty_ns.count || stat(path, &st) < 0) {
        strlist_append(arena, words, "--empty-ns");
        strlist_append(arena, words, "net");
        return;
    }
    strlist_append(arena, words, "--external");
    strlist_append(arena, words,
                   arena_printf(arena, "net[%llu]:network", (unsigned long long)st.st_ino));
}

static int checkpoint_words(Instance *instance, const CriuOptions *options, const char *images,
                            StrList *words, Error *error)
{
    Arena *arena = instance->arena;
    const SpecMounts *mounts = &instance->spec->mounts;
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    char place[PATH_MAX];
    int r = criu_begin(instance, options, options->pre_dump ? "pre-dump" : "dump", images, words,
                       error);
    if (r < 0)
        return r;
    strlist_append(arena, words, "--tree");
    strlist_append(arena, words, arena_printf(arena, "%d", (int)instance->record.pid));
    strlist_append(arena, words, "--root");
    strlist_append(arena, words, instance->record.rootfs);
    if (instance_cgroup(instance, &cgroup, NULL) == 0 &&
        cgroup_directory(&cgroup, CGROUP_FREEZER) >= 0) {
        strlist_append(arena, words, "--freeze-cgroup");
        strlist_append(
            arena, words,
            arena_strdup(arena, cgroup_directory_name(cgroup_directory(&cgroup, CGROUP_FREEZER),
                                                      place, sizeof(place))));
    }
    checkpoint_add_network(instance, options, words);
    for (size_t i = 0; !options->pre_dump && i < mounts->count; i++) {
        if (!criu_is_bind(&mounts->items[i]))
            continue;
        strlist_append(arena, words, "--external");
        strlist_append(arena, words,
                       arena_printf(arena, "mnt[%s]:%s", mounts->items[i].destination,
                                    criu_mount_key(mounts->items[i].destination, arena)));
    }
    return 0;
}

/* Which pipe was which stream, for `restore` to put others in their place. */
static int checkpoint_streams(const Instance *instance, const char *images, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    JsonWriter writer = { .text = &text };
    json_write_array(&writer);
    for (int fd = 0; fd <= 2; fd++) {
        char link[PATH_MAX];
        ssize_t n =
            readlink(arena_printf(instance->arena, "/proc/%d/fd/%d", (int)instance->record.pid, fd),
                     link, sizeof(link) - 1);
        link[n > 0 ? n : 0] = '\0';
        json_write_string(&writer, link);
    }
    json_write_end_array(&writer);
    const char *path = arena_printf(instance->arena, "%s/descriptors.json", images);
    int fd CLEANUP(fd_closep) =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 ? -errno : fd_write_all(fd, text.data, text.length);
    return r < 0 ? error_errno(error, r, "%s", path) : 0;
}

static int checkpoint_run(CommandCall *call, Error *error)
{
    const CriuOptions *options = call->values;
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    const char *images;
    StrList words;
    int r = instance_open(&instance, call, true, error);
    if (r < 0)
        return r;
    OciStatus status = instance_status(&instance);
    if (status != OCI_STATUS_RUNNING && status != OCI_STATUS_PAUSED)
        return error_set(error, ERROR_CONFLICT, EINVAL,
                         "Container cannot be checkpointed in %s state",
                         oci_state_status_name(status));
    r = record_read_spec(&instance.place, call->arena, &instance.spec, error);
    if (r == 0)
        r = criu_images(options, true, call->arena, &images, error);
    if (r == 0)
        r = checkpoint_words(&instance, options, images, &words, error);
    if (r == 0 && !options->pre_dump)
        r = checkpoint_streams(&instance, images, error);
    if (r == 0)
        r = criu_run(options, &words, images, call->arena, error);
    if (r < 0 || options->leave_running || options->pre_dump)
        return r;
    return instance_destroy(&instance, error);
}

const Command checkpoint_command = {
    .name = "checkpoint",
    .summary = "Write a container's processes to files, through criu",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .completes = "container",
    .options = checkpoint_options,
    .values_size = sizeof(CriuOptions),
    .defaults = &checkpoint_defaults,
    .run = checkpoint_run,
};
