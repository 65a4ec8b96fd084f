/*
 * `spec`: a config.json to begin with. Everything private, docker's usual capabilities left out but
 * three, the filesystems that Linux programs expect.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/program/output.h"
#include "commands.h"
#include "spec/spec.h"

typedef struct SpecOptions {
    const char *bundle;
    bool rootless;
} SpecOptions;

static const Option spec_options[] = {
    { 'b', "bundle", OPTION_STRING(SpecOptions, bundle), "DIR", "Write it there (default: here)",
      .completes = "directory" },
    { 0, "rootless", OPTION_FLAG(SpecOptions, rootless), NULL,
      "With a user namespace in which the caller is root" },
    OPTION_END,
};

#define SPEC_CAPABILITIES "[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]"

static const char spec_template[] =
    "{\"ociVersion\":\"1.3.0\","
    "\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
    "\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\","
    "\"TERM=xterm\"],\"cwd\":\"/\","
    "\"capabilities\":{\"bounding\":" SPEC_CAPABILITIES ",\"effective\":" SPEC_CAPABILITIES
    ",\"permitted\":" SPEC_CAPABILITIES "},"
    "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}],"
    "\"noNewPrivileges\":true},"
    "\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"ambit\","
    "\"mounts\":["
    "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
    "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
    "\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
    "\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]}"
    ","
    "{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
    "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
    "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
    "\"linux\":{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
    "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},"
    "{\"type\":\"uts\"},{\"type\":\"mount\"},{\"type\":\"cgroup\"}],"
    "\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/interrupts\",\"/proc/kcore\","
    "\"/proc/keys\",\"/proc/latency_stats\",\"/proc/timer_list\",\"/proc/timer_stats\","
    "\"/proc/sched_debug\",\"/sys/firmware\",\"/sys/devices/virtual/powercap\",\"/proc/scsi\"],"
    "\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\","
    "\"/proc/sysrq-trigger\"]}}";

/* The host's /sys, which belongs to another network namespace; no ids that are not mapped. */
static void spec_make_rootless_mounts(Spec *spec, Arena *arena)
{
    static const char *const bind[] = { "rbind", "nosuid", "noexec", "nodev", "ro" };
    for (size_t i = 0; i < spec->mounts.count; i++) {
        SpecMount *mount = &spec->mounts.items[i];
        StrList options = { 0 };
        bool sys = str_eq(mount->destination, "/sys");
        for (size_t o = 0; sys && o < ARRAY_LEN(bind); o++)
            strlist_append(arena, &options, bind[o]);
        for (size_t o = 0; !sys && o < mount->options.count; o++)
            if (!str_starts(mount->options.items[o], "gid="))
                strlist_append(arena, &options, mount->options.items[o]);
        mount->options = options;
        if (sys) {
            mount->type = "none";
            mount->source = "/sys";
        }
    }
}

/* The caller's own ids as root, the host's network, and no cgroup to write to. */
static void spec_make_rootless(Spec *spec, Arena *arena)
{
    SpecLinux *lx = spec->linux;
    size_t kept = 0;
    for (size_t i = 0; i < lx->namespaces.count; i++)
        if (!str_eq(lx->namespaces.items[i].type, "network"))
            lx->namespaces.items[kept++] = lx->namespaces.items[i];
    lx->namespaces.count = kept;
    spec_make_rootless_mounts(spec, arena);
    SpecNamespace *user =
        arena_append(arena, &lx->namespaces.items, &lx->namespaces.count, sizeof(*user));
    user->type = "user";
    SpecIdMapping *uids =
        arena_append(arena, &lx->uid_mappings.items, &lx->uid_mappings.count, sizeof(*uids));
    SpecIdMapping *gids =
        arena_append(arena, &lx->gid_mappings.items, &lx->gid_mappings.count, sizeof(*gids));
    *uids = (SpecIdMapping){ 0, geteuid(), 1 };
    *gids = (SpecIdMapping){ 0, getegid(), 1 };
    lx->resources = NULL;
}

static int spec_run(CommandCall *call, Error *error)
{
    const SpecOptions *options = call->values;
    Spec *spec;
    int r = spec_parse(call->arena, spec_template, strlen(spec_template), &spec, error);
    if (r < 0)
        return r;
    if (options->rootless)
        spec_make_rootless(spec, call->arena);
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    spec_encode(spec, true, &text);
    const char *path =
        arena_printf(call->arena, "%s/config.json", options->bundle ? options->bundle : ".");
    int fd CLEANUP(fd_closep) = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST)
        return error_set(error, ERROR_CONFLICT, EEXIST, "file %s exists: remove it first", path);
    if (fd < 0)
        return error_errno(error, errno, "%s", path);
    r = fd_write_all(fd, text.data, text.length);
    if (r < 0)
        (void)unlink(path);
    return r < 0 ? error_errno(error, r, "%s", path) : 0;
}

const Command spec_command = {
    .name = "spec",
    .summary = "Write a config.json to begin with",
    .options = spec_options,
    .values_size = sizeof(SpecOptions),
    .run = spec_run,
};
