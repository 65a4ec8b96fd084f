/*
 * `ambit info`: this host as ambit sees it, and what it can give a container.
 */
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/program/output.h"
#include "engine/listing.h"
#include "image/image.h"
#include "linux/cgroup.h"
#include "linux/namespace.h"
#include "session.h"

static void info_cgroups(const CgroupHost *host, StrBuf *text)
{
    static const char *const modes[] = {
        [CGROUP_NONE] = "none: limits cannot be set",
        [CGROUP_V1] = "v1",
        [CGROUP_V2] = "v2",
        [CGROUP_HYBRID] = "hybrid (v1 controllers beside an empty v2 tree)",
    };
    strbuf_printf(text, "cgroups        %s\n", modes[host->mode]);
    strbuf_add(text, "controllers   ");
    for (CgroupController c = 0; c < CGROUP_CONTROLLER_MAX; c++)
        if (host->available & CGROUP_BIT(c))
            strbuf_printf(text, " %s", cgroup_controller_name(c, host->mode));
    strbuf_add_char(text, '\n');
}

static void info_namespaces(StrBuf *text)
{
    strbuf_add(text, "namespaces    ");
    for (NamespaceType type = 0; type < NAMESPACE_MAX; type++) {
        char path[40];
        (void)snprintf(path, sizeof(path), "/proc/self/ns/%s", namespace_table[type].proc_name);
        if (access(path, F_OK) == 0)
            strbuf_printf(text, " %s", namespace_table[type].name);
    }
    strbuf_add_char(text, '\n');
}

static int info_containers(const Engine *engine, Arena *arena, StrBuf *text, Error *error)
{
    Listing listing;
    size_t running = 0;
    int r = listing_read(engine, true, arena, &listing, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < listing.count; i++)
        running += listing.items[i].status == CONTAINER_RUNNING;
    strbuf_printf(text, "containers     %zu, %zu running\n", listing.count, running);
    return 0;
}

static int info_images(const Engine *engine, Arena *arena, StrBuf *text, Error *error)
{
    ImageStore store CLEANUP(imagestore_done) = IMAGESTORE_EMPTY;
    ImageList images;
    int r = imagestore_open(engine->root_fd, ".", &store, error);
    if (r == 0)
        r = image_list(&store, arena, &images, NULL, error);
    if (r == 0)
        strbuf_printf(text, "images         %zu\n", images.count);
    return r;
}

static int info_run(CommandCall *call, Error *error)
{
    Engine engine CLEANUP(engine_done) = ENGINE_NONE;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    CgroupHost host;
    struct utsname names;
    int r = session_open(call, ENGINE_LOOK, &engine, error);
    if (r == 0)
        r = cgroup_host_read(call->arena, &host, error);
    if (r < 0)
        return r;
    (void)uname(&names);
    strbuf_printf(&text, "version        %s\n", AMBIT_VERSION);
    strbuf_printf(&text, "kernel         %s %s %s\n", names.sysname, names.release, names.machine);
    strbuf_printf(&text, "processors     %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
    info_cgroups(&host, &text);
    info_namespaces(&text);
    strbuf_printf(&text, "root           %s\nstate          %s\n", engine.root, engine.state);
    r = info_containers(&engine, call->arena, &text, error);
    if (r == 0)
        r = info_images(&engine, call->arena, &text, error);
    return r < 0 ? r : output_write(strbuf_text(&text), error);
}

const Command info_command = {
    .name = "info",
    .summary = "Show the host as ambit sees it",
    .run = info_run,
};
