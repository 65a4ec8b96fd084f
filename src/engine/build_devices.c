/*
 * Device files and the rules of the devices controller. The files every container has (null, zero,
 * full, random, urandom, tty, ptmx) are the runtime's duty: runtime-spec
 * config-linux.md#default-devices. The rules for them are written out here, so that a spec says all
 * that is allowed.
 */
#include <errno.h>

#include "engine/build_parts.h"
#include "linux/idmap.h"

static void build_add_rule(Build *build, SpecDeviceRule rule)
{
    SpecDeviceRules *rules = &build->spec->linux->resources->devices;
    SpecDeviceRule *row = arena_append(build->arena, &rules->items, &rules->count, sizeof(*row));
    *row = rule;
}

static OptI64 build_number(int64_t number)
{
    return (OptI64){ .set = number >= 0, .value = number >= 0 ? number : 0 };
}

static void build_default_rules(Build *build)
{
    static const struct {
        int64_t major, minor;
    } character[] = {
        { 1, 3 }, /* null */ { 1, 5 },    /* zero */ { 1, 7 },    /* full */
        { 1, 8 }, /* random */ { 1, 9 },  /* urandom */ { 5, 0 }, /* tty */
        { 5, 2 }, /* ptmx */ { 136, -1 },                         /* pts */
    };
    build_add_rule(build, (SpecDeviceRule){ .allow = build->request->privileged, .access = "rwm" });
    for (size_t i = 0; !build->request->privileged && i < ARRAY_LEN(character); i++)
        build_add_rule(build, (SpecDeviceRule){ .allow = true,
                                                .type = "c",
                                                .major = build_number(character[i].major),
                                                .minor = build_number(character[i].minor),
                                                .access = "rwm" });
}

static const char *build_type(char type)
{
    return type == 'b' ? "b" : type == 'c' ? "c" : "a";
}

/* A number of the host's that no id of the container has belongs to nobody there, as the kernel has
 * it: whoever owns it on the host, such a node is no reason not to start. */
static uint32_t build_device_owner(const IdRange *ranges, size_t count, uint32_t id)
{
    enum { NOBODY = 65534 }; /* user_namespaces(7): overflowuid */
    uint32_t outside;
    return count == 0 || idmap_to_host(ranges, count, id, &outside) == 0 ? id : NOBODY;
}

static void build_add_device(Build *build, const FactsDevice *device, const char *target)
{
    const BuildInput *input = build->input;
    SpecDevices *devices = &build->spec->linux->devices;
    SpecDevice *row = arena_append(build->arena, &devices->items, &devices->count, sizeof(*row));
    *row = (SpecDevice){
        .path = target,
        .type = build_type(device->type),
        .major = device->major,
        .minor = device->minor,
        .file_mode = { .set = true, .value = device->mode & 07777 },
        .uid = { .set = true,
                 .value = build_device_owner(input->uids, input->uid_count, device->uid) },
        .gid = { .set = true,
                 .value = build_device_owner(input->gids, input->gid_count, device->gid) },
    };
}

static bool build_has_device(const Build *build, const char *target)
{
    const SpecDevices *devices = &build->spec->linux->devices;
    for (size_t i = 0; i < devices->count; i++)
        if (str_eq(devices->items[i].path, target))
            return true;
    return false;
}

static int build_named_devices(Build *build, Error *error)
{
    const RunRequest *request = build->request;
    for (size_t i = 0; i < request->device_count; i++) {
        const RequestDevice *wish = &request->devices[i];
        const FactsDevice *device = build_find_device(build, wish->source);
        if (!device)
            return error_set(error, ERROR_NOT_FOUND, ENODEV,
                             "--device: '%s' is not a device of this host", wish->source);
        if (build_has_device(build, wish->target))
            return error_set(error, ERROR_USAGE, EINVAL, "--device: '%s' is given twice",
                             wish->target);
        build_add_device(build, device, wish->target);
        build_add_rule(build, (SpecDeviceRule){ .allow = true,
                                                .type = build_type(device->type),
                                                .major = build_number(device->major),
                                                .minor = build_number(device->minor),
                                                .access = wish->access });
    }
    return 0;
}

/*
 * In a user namespace of its own a container cannot make nodes, and all its mounts but /dev are
 * nodev, so the rules (0.1 ms of each start) add nothing, unless it may change mounts, or they say
 * more than the nodes do.
 */
static bool build_needs_rules(const Build *build)
{
    const RunRequest *request = build->request;
    return !build_is_new(build, NAMESPACE_USER) || request->device_count ||
           request->device_rule_count ||
           strlist_contains(&build->spec->process->capabilities->bounding, "CAP_SYS_ADMIN");
}

int build_devices(Build *build, Error *error)
{
    const RunRequest *request = build->request;
    if (build_needs_rules(build))
        build_default_rules(build);
    int r = build_named_devices(build, error);
    if (r < 0)
        return r;
    for (size_t i = 0; request->privileged && i < build->facts->device_count; i++)
        if (!build_has_device(build, build->facts->devices[i].path))
            build_add_device(build, &build->facts->devices[i], build->facts->devices[i].path);
    for (size_t i = 0; i < request->device_rule_count; i++) {
        const RequestDeviceRule *wish = &request->device_rules[i];
        build_add_rule(build, (SpecDeviceRule){ .allow = true,
                                                .type = build_type(wish->type),
                                                .major = build_number(wish->major),
                                                .minor = build_number(wish->minor),
                                                .access = wish->access });
    }
    return 0;
}
