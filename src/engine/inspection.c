/*
 * Three sources: what was asked for (container.json), what runs (state.json and the kernel), and
 * words that docker has and that are always the same here, so that scripts find them.
 */
#include "engine/inspection.h"

#include "base/timestamp.h"

typedef struct InspectionState {
    const char *status;
    bool running, paused, restarting, oom_killed, dead;
    int32_t pid, exit_code;
    const char *error, *started, *finished;
} InspectionState;

static const Field inspection_state_fields[] = {
    FIELD_STR(InspectionState, "Status", status, FIELD_ALWAYS),
    FIELD_BOOL(InspectionState, "Running", running, FIELD_ALWAYS),
    FIELD_BOOL(InspectionState, "Paused", paused, FIELD_ALWAYS),
    FIELD_BOOL(InspectionState, "Restarting", restarting, FIELD_ALWAYS),
    FIELD_BOOL(InspectionState, "OOMKilled", oom_killed, FIELD_ALWAYS),
    FIELD_BOOL(InspectionState, "Dead", dead, FIELD_ALWAYS),
    FIELD_I32(InspectionState, "Pid", pid, FIELD_ALWAYS),
    FIELD_I32(InspectionState, "ExitCode", exit_code, FIELD_ALWAYS),
    FIELD_STR(InspectionState, "Error", error, FIELD_ALWAYS),
    FIELD_STR(InspectionState, "StartedAt", started, FIELD_ALWAYS),
    FIELD_STR(InspectionState, "FinishedAt", finished, FIELD_ALWAYS),
};
static const FieldTable inspection_state_table =
    FIELD_TABLE(InspectionState, inspection_state_fields);

typedef struct InspectionNetwork {
    const char *name;
    const char *address, *gateway, *mac;
} InspectionNetwork;

static const Field inspection_network_fields[] = {
    FIELD_STR(InspectionNetwork, "IPAddress", address, FIELD_ALWAYS),
    FIELD_STR(InspectionNetwork, "Gateway", gateway, FIELD_ALWAYS),
    FIELD_STR(InspectionNetwork, "MacAddress", mac, FIELD_ALWAYS),
};
static const FieldTable inspection_network_table =
    FIELD_TABLE(InspectionNetwork, inspection_network_fields);

/* Until there are bridges no container has an address or a port of its own. */
typedef struct InspectionNetworks {
    const char *sandbox; /* its network namespace's file */
    StrMap ports;
    const char *address, *gateway, *mac;
    LIST_OF(InspectionNetwork) networks;
} InspectionNetworks;

static const Field inspection_networks_fields[] = {
    FIELD_STR(InspectionNetworks, "SandboxKey", sandbox, FIELD_ALWAYS),
    FIELD_STRMAP(InspectionNetworks, "Ports", ports, FIELD_ALWAYS),
    FIELD_STR(InspectionNetworks, "IPAddress", address, FIELD_ALWAYS),
    FIELD_STR(InspectionNetworks, "Gateway", gateway, FIELD_ALWAYS),
    FIELD_STR(InspectionNetworks, "MacAddress", mac, FIELD_ALWAYS),
    FIELD_MAP(InspectionNetworks, "Networks", networks, FIELD_ALWAYS, &inspection_network_table,
              InspectionNetwork, name),
};
static const FieldTable inspection_networks_table =
    FIELD_TABLE(InspectionNetworks, inspection_networks_fields);

typedef struct Inspection {
    const char *id, *created, *path;
    StrList arguments;
    InspectionState state;
    const char *image, *name;
    int32_t restarts;
    const char *driver, *platform;
    SettingsHost host;
    SettingsMounts mounts;
    SettingsConfig config;
    InspectionNetworks network;
    /* ambit's own */
    const char *rootfs, *rung;
    StrMap annotations;
    const char *cgroup_path;
    OptU32 first_id;
    Spec *spec;
} Inspection;

static const Field inspection_fields[] = {
    FIELD_STR(Inspection, "Id", id, FIELD_ALWAYS),
    FIELD_STR(Inspection, "Created", created, FIELD_ALWAYS),
    FIELD_STR(Inspection, "Path", path, FIELD_ALWAYS),
    FIELD_STRLIST(Inspection, "Args", arguments, FIELD_ALWAYS),
    FIELD_STRUCT(Inspection, "State", state, 0, &inspection_state_table),
    FIELD_STR(Inspection, "Image", image, FIELD_ALWAYS),
    FIELD_STR(Inspection, "Name", name, FIELD_ALWAYS),
    FIELD_I32(Inspection, "RestartCount", restarts, FIELD_ALWAYS),
    FIELD_STR(Inspection, "Driver", driver, FIELD_ALWAYS),
    FIELD_STR(Inspection, "Platform", platform, FIELD_ALWAYS),
    FIELD_STRUCT(Inspection, "HostConfig", host, 0, &settings_host_table),
    FIELD_LIST(Inspection, "Mounts", mounts, FIELD_ALWAYS, &settings_mount_table),
    FIELD_STRUCT(Inspection, "Config", config, 0, &settings_config_table),
    FIELD_STRUCT(Inspection, "NetworkSettings", network, 0, &inspection_networks_table),
    FIELD_STR(Inspection, "Rootfs", rootfs, FIELD_ALWAYS),
    FIELD_STR(Inspection, "Rung", rung, FIELD_ALWAYS),
    FIELD_STRMAP(Inspection, "Annotations", annotations, FIELD_ALWAYS),
    FIELD_STR(Inspection, "CgroupPath", cgroup_path, 0),
    FIELD_OPT_U32(Inspection, "FirstHostId", first_id, 0),
    FIELD_OBJECT(Inspection, "Spec", spec, 0, &spec_table),
};
static const FieldTable inspection_table = FIELD_TABLE(Inspection, inspection_fields);

static const char *inspection_time(int64_t seconds, Arena *arena)
{
    char text[TIMESTAMP_SIZE];
    return seconds ? arena_strdup(arena, timestamp_text(seconds, text)) : "0001-01-01T00:00:00Z";
}

static void inspection_state(const ListingItem *item, Arena *arena, InspectionState *state)
{
    const Container *container = item->container;
    bool runs = item->status == CONTAINER_RUNNING || item->status == CONTAINER_PAUSED;
    int64_t started = container ? container->started : 0;
    *state = (InspectionState){
        .status = container_status_name(item->status),
        .running = runs,
        .paused = item->status == CONTAINER_PAUSED,
        .dead = item->status == CONTAINER_DEAD,
        .oom_killed = container && container->oom_killed,
        .pid = item->state && runs ? item->state->pid : 0,
        .exit_code = container ? container->exit_status : 0,
        .error = container ? container->error : NULL,
        .started = inspection_time(item->state ? item->state->started : started, arena),
        .finished = inspection_time(container ? container->finished : 0, arena),
    };
}

static void inspection_network(const Container *container, const InspectionState *state,
                               Arena *arena, InspectionNetworks *network)
{
    const char *mode = container->settings.host.network;
    if (state->pid)
        network->sandbox = arena_printf(arena, "/proc/%d/ns/net", state->pid);
    if (!str_eq(mode, "none") && !str_eq(mode, "host"))
        return; /* another container's, which says it */
    InspectionNetwork *row =
        arena_append(arena, &network->networks.items, &network->networks.count, sizeof(*row));
    row->name = mode;
}

static void inspection_container(const Container *container, Arena *arena, Inspection *inspection)
{
    inspection->name = container->name;
    inspection->created = inspection_time(container->created, arena);
    inspection->path = container->command.count ? container->command.items[0] : NULL;
    for (size_t i = 1; i < container->command.count; i++)
        strlist_append(arena, &inspection->arguments, container->command.items[i]);
    inspection->image = container->image_id;
    inspection->driver = container->rootfs ? "directory" : "overlay";
    inspection->host = container->settings.host;
    inspection->mounts = container->settings.mounts;
    inspection->config = container->settings.config;
    inspection->rootfs = container->rootfs;
    inspection->rung = container->rung;
    inspection->annotations = container->annotations;
    inspection_network(container, &inspection->state, arena, &inspection->network);
}

void inspection_write(const ListingItem *item, const Spec *spec, StrBuf *ret_text)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Inspection inspection = {
        .id = item->id,
        .created = inspection_time(0, &arena),
        .platform = "linux",
        .spec = (Spec *)spec,
    };
    inspection_state(item, &arena, &inspection.state);
    if (item->container)
        inspection_container(item->container, &arena, &inspection);
    if (item->state) {
        inspection.cgroup_path = item->state->cgroup_path;
        inspection.first_id = (OptU32){ true, item->state->first_id };
    }
    field_print(&inspection_table, &inspection, true, ret_text);
}
