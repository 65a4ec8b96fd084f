/*
 * `ambit info`: this host as ambit sees it, and what it can give a container. For scripts, with
 * docker's names.
 */
#include <stdio.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/listformat.h"
#include "cmd/program/output.h"
#include "engine/listing.h"
#include "image/image.h"
#include "linux/cgroup.h"
#include "linux/namespace.h"
#include "session.h"

typedef struct InfoOptions {
    const char *format;
} InfoOptions;

static const Option info_options[] = {
    { 'f', "format", OPTION_STRING(InfoOptions, format), "TEXT",
      "\"json\", or TEXT with {{.ServerVersion}}, {{.KernelVersion}}, {{.Architecture}}, "
      "{{.NCPU}}, "
      "{{.MemTotal}}, {{.CgroupVersion}}, {{.Controllers}}, {{.Namespaces}}, {{.Root}}, "
      "{{.State}}, "
      "{{.Containers}}, {{.ContainersRunning}}, {{.Images}}, {{.Name}}" },
    OPTION_END,
};

/* All that is told, whichever way. */
typedef struct Info {
    CgroupHost host;
    struct utsname names;
    int64_t processors, memory_bytes;
    StrList controllers, namespaces;
    size_t containers, running, paused, images;
} Info;

static void info_add_lists(Info *info, Arena *arena)
{
    for (CgroupController c = 0; c < CGROUP_CONTROLLER_MAX; c++)
        if (info->host.available & CGROUP_BIT(c))
            strlist_append(arena, &info->controllers, cgroup_controller_name(c, info->host.mode));
    for (NamespaceType type = 0; type < NAMESPACE_MAX; type++) {
        char path[40];
        (void)snprintf(path, sizeof(path), "/proc/self/ns/%s", namespace_table[type].proc_name);
        if (access(path, F_OK) == 0)
            strlist_append(arena, &info->namespaces, namespace_table[type].name);
    }
}

static int info_count(const Engine *engine, Arena *arena, Info *info, Error *error)
{
    Listing listing;
    ImageStore store CLEANUP(imagestore_done) = IMAGESTORE_EMPTY;
    ImageList images = { 0 };
    int r = listing_read(engine, true, arena, &listing, error);
    for (size_t i = 0; r == 0 && i < listing.count; i++) {
        info->running += listing.items[i].status == CONTAINER_RUNNING;
        info->paused += listing.items[i].status == CONTAINER_PAUSED;
    }
    if (r == 0)
        r = imagestore_open(engine->root_fd, ".", &store, error);
    if (r == 0)
        r = image_list(&store, arena, &images, NULL, error);
    if (r < 0)
        return r;
    info->containers = listing.count;
    info->images = images.count;
    return 0;
}

static int info_read(const Engine *engine, Arena *arena, Info *ret_info, Error *error)
{
    struct sysinfo system;
    *ret_info = (Info){ .processors = sysconf(_SC_NPROCESSORS_ONLN) };
    (void)uname(&ret_info->names);
    if (sysinfo(&system) == 0)
        ret_info->memory_bytes = (int64_t)system.totalram * system.mem_unit;
    int r = cgroup_host_read(arena, &ret_info->host, error);
    if (r < 0)
        return r;
    info_add_lists(ret_info, arena);
    return info_count(engine, arena, ret_info, error);
}

static void info_text(const Info *info, const Engine *engine, StrBuf *text)
{
    static const char *const modes[] = {
        [CGROUP_NONE] = "none: limits cannot be set",
        [CGROUP_V1] = "v1",
        [CGROUP_V2] = "v2",
        [CGROUP_HYBRID] = "hybrid (v1 controllers beside an empty v2 tree)",
    };
    strbuf_printf(text, "version        %s\n", AMBIT_VERSION);
    strbuf_printf(text, "kernel         %s %s %s\n", info->names.sysname, info->names.release,
                  info->names.machine);
    strbuf_printf(text, "processors     %lld\n", (long long)info->processors);
    strbuf_printf(text, "cgroups        %s\ncontrollers    ", modes[info->host.mode]);
    strbuf_add_list(text, &info->controllers, " ");
    strbuf_add(text, "\nnamespaces     ");
    strbuf_add_list(text, &info->namespaces, " ");
    strbuf_printf(text, "\nroot           %s\nstate          %s\n", engine->root, engine->state);
    strbuf_printf(text, "containers     %zu, %zu running\n", info->containers, info->running);
    strbuf_printf(text, "images         %zu\n", info->images);
}

static void info_json(const Info *info, const Engine *engine, JsonWriter *writer)
{
    const struct {
        const char *key, *value;
    } texts[] = {
        { "Name", info->names.nodename },
        { "ServerVersion", AMBIT_VERSION },
        { "OSType", "linux" },
        { "KernelVersion", info->names.release },
        { "Architecture", info->names.machine },
        { "Driver", "overlay" },
        { "CgroupDriver", info->host.mode == CGROUP_NONE ? "none" : "cgroupfs" },
        { "CgroupVersion", info->host.mode == CGROUP_V2 ? "2" : "1" },
        { "Root", engine->root },
        { "State", engine->state },
    };
    const struct {
        const char *key;
        int64_t value;
    } numbers[] = {
        { "NCPU", info->processors },
        { "MemTotal", info->memory_bytes },
        { "Containers", (int64_t)info->containers },
        { "ContainersRunning", (int64_t)info->running },
        { "ContainersPaused", (int64_t)info->paused },
        { "ContainersStopped", (int64_t)(info->containers - info->running - info->paused) },
        { "Images", (int64_t)info->images },
    };
    json_write_object(writer);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        json_write_key(writer, texts[i].key);
        json_write_string(writer, texts[i].value);
    }
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        json_write_key(writer, numbers[i].key);
        json_write_int(writer, numbers[i].value);
    }
    json_write_key(writer, "Controllers");
    json_write_strings(writer, &info->controllers);
    json_write_key(writer, "Namespaces");
    json_write_strings(writer, &info->namespaces);
    json_write_end_object(writer);
}

static int info_run(CommandCall *call, Error *error)
{
    const InfoOptions *options = call->values;
    Engine engine CLEANUP(engine_done) = ENGINE_NONE;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    StrBuf json CLEANUP(strbuf_done) = { 0 };
    ListFormat format CLEANUP(listformat_done) = { 0 };
    JsonWriter writer = { .text = &json };
    Info info;
    int r = session_open(call, ENGINE_LOOK, &engine, error);
    if (r == 0)
        r = info_read(&engine, call->arena, &info, error);
    if (r < 0)
        return r;
    if (listformat_is_default(options->format)) {
        info_text(&info, &engine, &text);
    } else {
        info_json(&info, &engine, &writer);
        listformat_init(&format, options->format, NULL);
        r = listformat_add(&format, &json, &text, error);
        listformat_end(&format, &text);
    }
    return r < 0 ? r : output_write(strbuf_text(&text), error);
}

const Command info_command = {
    .name = "info",
    .summary = "Show the host as ambit sees it",
    .options = info_options,
    .values_size = sizeof(InfoOptions),
    .run = info_run,
};
